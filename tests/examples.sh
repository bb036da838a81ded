#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The embedder's examples build against an installed Weir, through pkg-config,
# in each flavour, and print what their .expected files say.
#
# top_srcdir, top_builddir: the sources and the build tree.
set -euo pipefail

source=$(cd "${top_srcdir-.}" && pwd)
build=$(cd "${top_builddir-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A make that runs the tests must not pass its own flags on.
unset MAKEFLAGS MFLAGS MAKELEVEL

if ! make -C "$build" DESTDIR="$work/root" install-libLTLIBRARIES \
    install-pkgincludeHEADERS install-pkgconfigDATA >"$work/log" 2>&1; then
    cat "$work/log"
    exit 99
fi
pc=$(find "$work/root" -name weir.pc)
export PKG_CONFIG_PATH=${pc%/weir.pc} PKG_CONFIG_SYSROOT_DIR=$work/root
libs=${PKG_CONFIG_PATH%/pkgconfig}
export LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

arguments=(CFLAGS="-O1 -g -Wall -Wextra -Werror ${SANITIZER_FLAGS-}"
    CXXFLAGS="-O1 -g -Wall -Wextra -Werror ${SANITIZER_FLAGS-}")
# Without a shared library: the static one, with what it needs itself.
if ! compgen -G "$libs/libweir.so*" >/dev/null; then
    arguments+=(STATIC=--static)
fi
[ -z "${CC-}" ] || arguments+=(CC="$CC")
if [ "${HAVE_CXX-yes}" = yes ]; then
    arguments+=(CXX="${CXX-c++}")
else
    arguments+=(CXX=no)
fi

failed=0
compared=0
for flavour in weir weir-gil weir-atomic; do
    folder=$work/$flavour
    cp -r "$source/examples/embed" "$folder"
    chmod -R u+w "$folder"
    if ! make -C "$folder" WEIR=$flavour "${arguments[@]}" \
        >"$work/log" 2>&1; then
        cat "$work/log"
        exit 1
    fi
    for expected in "$folder"/*.expected; do
        program=${expected%.expected}
        if [ ! -x "$program" ] && [ "${HAVE_CXX-yes}" != yes ]; then
            continue
        fi
        compared=$((compared + 1))
        if ! "$program" >"$work/out" 2>"$work/err" ||
            ! diff -u "$expected" "$work/out"; then
            printf 'examples: %s, %s\n' "${program##*/}" "$flavour"
            head -n 20 "$work/err"
            failed=$((failed + 1))
        fi
    done
done

printf 'examples: %d outputs compared, %d differ\n' "$compared" "$failed"
[ "$compared" -ge 27 ] && [ "$failed" -eq 0 ]
