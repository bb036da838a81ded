#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The shared libraries export what the public headers declare WEIR_API: every
# such name and no other.
set -euo pipefail
top_srcdir=${top_srcdir-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir-.}
read -ra compiler <<<"${CC-cc}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weir-symbols.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# declared FLAVOUR: the names, one a line.  A declaration is a statement that
# has WEIR_API in it; its name is the first that a parenthesis follows, or for
# a variable the last one.
declared() {
    local statement name
    printf '#include <%s>\n' weir/weir.h weir/program.h |
        "${compiler[@]}" -E -P -I"$top_srcdir/include" \
            -DWEIR_FLAVOUR_"$1" -DWEIR_DEBUG="${WEIR_DEBUG-0}" -x c - |
        tr '\n' ' ' | sed 's/[;{}]/&\n/g' |
        grep -F 'visibility("default")' |
        while IFS= read -r statement; do
            name=$(grep -oE '\bweir_[a-z0-9_]+ *\(' <<<"$statement" || true)
            if [ -z "$name" ]; then
                name=$(grep -oE '\bweir_[a-z0-9_]+' <<<"$statement" | tail -n 1)
            fi
            sed -E 's/ *\($//; q' <<<"$name"
        done | sort -u
}

failed=0
checked=0
for flavour in gil atomic; do
    library=$top_builddir/.libs/libweir-$flavour.so
    if [ ! -e "$library" ]; then
        continue
    fi
    declared "${flavour^^}" >"$scratch/declared"
    nm -D --defined-only "$library" |
        awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u \
        >"$scratch/exported"
    if ! diff -u "$scratch/declared" "$scratch/exported"; then
        printf 'symbols: libweir-%s.so differs from the headers\n' "$flavour"
        failed=$((failed + 1))
    fi
    printf 'symbols: libweir-%s.so exports %d names\n' "$flavour" \
        "$(wc -l <"$scratch/exported")"
    checked=$((checked + 1))
done
if [ "$checked" -eq 0 ]; then
    echo 'symbols: no shared libraries in this build'
    exit 77
fi
[ "$failed" -eq 0 ]
