#!/bin/sh
# SPDX-License-Identifier: MIT
# Make configure and Makefile.in from their sources.  Needed in a clone, not in
# a release.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all "$@"
