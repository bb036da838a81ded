#!/bin/bash
# SPDX-License-Identifier: MIT
#
# weir doctor: says what it found, whatever that is on this machine.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

run 0 doctor --json "$tmp/json"
lines err 0
for text in processor kernel hypervisor governor clock noise 'Timings here'; do
    has out "$text"
done
lines json 2
has json '"record":"env"'
has json '"record":"doctor"'
has json '"aa":null'
for field in load_average loops median_s spread worst stolen trust reasons; do
    has json "\"$field\":"
done

run 0 doctor --aa 3 --json -
has out '"aa":{"pairs":3,"false_differences":0}'
count out '"record":"aa"' 3
count out '"record":"run"' 30
has err '3 pairs, 0 false differences'

finish
