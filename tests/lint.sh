#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The house rules hold, and the script that checks them can find each fault.
set -euo pipefail
top_srcdir=${top_srcdir-$(cd "$(dirname "$0")/.." && pwd)}

bash "$top_srcdir/tools/lint.sh" --prove
bash "$top_srcdir/tools/lint.sh" "$top_srcdir"
