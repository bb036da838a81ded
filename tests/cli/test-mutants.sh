#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every race test finds every fault that is its mutant, in each flavour in
# which it says it does; and every fault that native runs must find is the
# mutant of a test.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh" || exit 99

if [ -n "${SANITIZER_FLAGS:-}" ]; then
    echo 'mutants are looked for in the builds without sanitizers'
    exit 77
fi
unset WEIR_CELL_DIR

run 0 stress --list --json "$tmp/list"

# "TEST PLANT FLAVOUR", one line each.
sed -n 's/^.*"record":"race-test","name":"\([^"]*\)".*"mutants":\(.*\)$/\1 \2/p' \
    "$tmp/list" | while read -r test mutants; do
    grep -oE '"plant":"[^"]*","flavours":\[[^]]*\]' <<<"$mutants" |
        sed -E 's/"plant":"([^"]*)","flavours":\[(.*)\]/\1 \2/; s/[",]/ /g' |
        while read -r plant flavours; do
            for flavour in $flavours; do
                echo "$test $plant $flavour"
            done
        done
done >"$tmp/mutants"
[ -s "$tmp/mutants" ] || complain 'no mutants'

while read -r test plant flavour; do
    started=$SECONDS
    run 1 stress "$test" --plant "$plant" --cells "$flavour" --budget 20s \
        --timeout 3s --quiet
    has err 'forbidden outcome'
    echo "$test finds $plant in $flavour: $((SECONDS - started)) s:" \
        "$(head -n 1 "$tmp/err")"
done <"$tmp/mutants"

sed -n 's/.*"record":"plant","name":"\([^"]*\)".*"arms":"\([^"]*\)".*/\1 \2/p' \
    "$tmp/list" | while read -r plant arms; do
    case " $arms " in
    *' native '*)
        grep -qF " $plant " "$tmp/mutants" || echo "$plant"
        ;;
    esac
done >"$tmp/lonely"
what=plants
lines lonely 0

finish
