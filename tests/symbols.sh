#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The shared libraries export what the public headers declare WEIR_API: every
# such name and no other.  And they have the static probes, if they were built
# with any.
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

# probes LIBRARY: their names, one a line.
probes() {
    readelf -n "$1" | sed -n 's/^ *Name: \([a-z_]*\)$/\1/p' | sort -u
}

failed=0
checked=0
printf '%s\n' gc_begin gc_end lock_acquire lock_handoff lock_release \
    lock_yield stop_begin stop_end >"$scratch/probes"
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
    if grep -q '^#define HAVE_SYS_SDT_H 1' "$top_builddir/config.h" &&
        ! diff -u "$scratch/probes" <(probes "$library"); then
        printf 'symbols: libweir-%s.so lacks probes\n' "$flavour"
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
