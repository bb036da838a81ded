#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/behaviours.md names only tests and examples that exist.
#
# top_srcdir: the sources.
# shellcheck disable=SC2016  # the backquotes are Markdown's
set -euo pipefail

source=${top_srcdir-.}

# missing FILE: the names in its tables that no test and no example has.
missing() {
    local name
    grep '^| [0-9]' "$1" | grep -o '`[^`]*`' | tr -d '`' | sort -u |
        while IFS= read -r name; do
            case $name in
            *.c) [ -f "$source/examples/embed/$name" ] || echo "$name" ;;
            *) grep -qxF "$name" "$work/tests" || echo "$name" ;;
            esac
        done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^START_TEST(\([a-z0-9_]*\))$/\1/p' "$source"/tests/test_*.c |
    sort -u >"$work/tests"

# A planted fault must be found.
echo '| 0.0 | nothing | `no_such_test`, `no-such-example.c` |' >"$work/planted"
if [ "$(missing "$work/planted" | wc -l)" -ne 2 ]; then
    echo 'behaviours: a name that does not exist is not found'
    exit 1
fi

found=$(missing "$source/docs/behaviours.md")
if [ -n "$found" ]; then
    printf 'behaviours: no such test or example:\n%s\n' "$found"
    exit 1
fi
printf 'behaviours: %d rows, %d tests known\n' \
    "$(grep -c '^| [0-9]' "$source/docs/behaviours.md")" \
    "$(wc -l <"$work/tests")"
