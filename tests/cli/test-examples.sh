#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples for embedders build against this build tree, and print in both
# flavours what stands beside them.
#
# top_srcdir, top_builddir: the sources and the build tree.

source=$(cd "${top_srcdir:-.}" && pwd) || exit 99
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
if [ ! -e "$build/.libs/libweir-gil.so" ]; then
    echo "skipped: built without shared libraries"
    exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    printf 'FAIL: %s\n' "$*"
    failures=$((failures + 1))
}

cp "$source/examples/embed/Makefile" "$source"/examples/embed/*.c "$work" ||
    exit 99
# A make that runs the tests must not pass its own flags on.
if ! (
    unset MAKEFLAGS MFLAGS MAKELEVEL
    make -C "$work" WEIR_SOURCE="$source" WEIR_BUILD="$build" \
        CFLAGS='-O2 -g -Wall -Wextra -Werror' ${CC:+CC="$CC"} \
        >"$work/log" 2>&1
); then
    cat "$work/log"
    exit 1
fi

for program in "$source"/examples/embed/*.c; do
    name=$(basename "$program" .c)
    for flavour in gil atomic; do
        "$work/$name-$flavour" >"$work/out" 2>&1 ||
            fail "$name-$flavour: exit $?"
        diff -u "$source/examples/embed/$name.out" "$work/out" ||
            fail "$name-$flavour prints something else"
    done
done
[ $failures -eq 0 ]
