#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone, as C11 and as C++17, without a warning,
# in each flavour an embedder can choose; and each one is installed.
set -euo pipefail
top_srcdir=${top_srcdir-$(cd "$(dirname "$0")/.." && pwd)}
read -ra c_compiler <<<"${CC-cc}"
read -ra cxx_compiler <<<"${CXX-c++}"
warn=(-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only)
define=(-DWEIR_DEBUG="${WEIR_DEBUG-0}" -I"$top_srcdir/include")
failed=0
checked=0

# check WHAT COMMAND...
check() {
    local what=$1
    shift
    checked=$((checked + 1))
    if ! "$@"; then
        printf 'headers: %s does not compile\n' "$what"
        failed=$((failed + 1))
    fi
}

for header in "$top_srcdir"/include/weir/*.h; do
    name=weir/$(basename "$header")
    case $name in
    weir/flavour.h | weir/refcount_*)
        # Parts of weir/object.h, which includes them half way.
        include="#include <weir/object.h>"
        ;;
    *) include="#include <$name>" ;;
    esac
    include+=$'\ntypedef int weir_not_empty;'
    for flavour in GIL ATOMIC; do
        check "$name as C11, $flavour" "${c_compiler[@]}" -std=c11 \
            -Wstrict-prototypes "${warn[@]}" "${define[@]}" \
            -DWEIR_FLAVOUR_$flavour -x c - <<<"$include"
        if [ "${HAVE_CXX-yes}" = yes ]; then
            check "$name as C++17, $flavour" "${cxx_compiler[@]}" -std=c++17 \
                "${warn[@]}" "${define[@]}" \
                -DWEIR_FLAVOUR_$flavour -x c++ - <<<"$include"
        fi
    done
    if ! grep -qF "include/$name" "$top_srcdir/Makefile.am"; then
        printf 'headers: Makefile.am does not name %s\n' "$name"
        failed=$((failed + 1))
    fi
done

printf 'headers: %d compilations, %d failures\n' "$checked" "$failed"
[ "$checked" -gt 0 ] && [ "$failed" -eq 0 ]
