#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The worked example of an out-of-tree program builds against this build tree,
# runs in both cells with equal checksums, and is refused where it does not
# belong.
#
# top_srcdir, top_builddir: the sources and the build tree.  WEIR_CELL_DIR:
# where the executables are, if not there.  WEIR: the command.

source=$(cd "${top_srcdir:-.}" && pwd) || exit 99
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
cells=${WEIR_CELL_DIR:-$build}
if [ -z "${WEIR_CELL_DIR-}" ] && [ ! -e "$build/.libs/libweir-gil.so" ]; then
    echo "skipped: built without shared libraries, so nothing can be loaded"
    exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    printf 'FAIL: %s\n' "$*"
    failures=$((failures + 1))
}

# refuses TEXT FLAVOUR OPTION...: exit 64 and one line that holds TEXT.
refuses() {
    text=$1 flavour=$2
    shift 2
    "$cells/weir-cell-$flavour" "$@" >"$work/out" 2>"$work/errors"
    code=$?
    if [ $code -ne 64 ] || [ -s "$work/out" ] ||
        [ "$(wc -l <"$work/errors")" -ne 1 ] ||
        ! grep -qF -e "$text" "$work/errors"; then
        fail "$flavour $*: exit $code, $(cat "$work/errors")"
    fi
}

cp "$source/examples/program/Makefile" "$source/examples/program/wordcount.c" \
    "$work" || exit 99
# A make that runs the tests must not pass its own flags on.
if ! (
    unset MAKEFLAGS MFLAGS MAKELEVEL
    make -C "$work" WEIR_SOURCE="$source" WEIR_BUILD="$build" \
        ${CC:+CC="$CC"} >"$work/log" 2>&1
); then
    cat "$work/log"
    exit 1
fi

"$cells/weir-cell-gil" --list --load "$work/wordcount-gil.so" >"$work/out" ||
    fail "--list --load"
grep -q '"name":"wordcount"' "$work/out" || fail "--list: no wordcount"

sums=
for flavour in gil atomic; do
    "$cells/weir-cell-$flavour" --load "$work/wordcount-$flavour.so" \
        --program wordcount --threads 2 --param words=20000 \
        >"$work/out" 2>"$work/errors" ||
        fail "$flavour: exit $?, $(cat "$work/errors")"
    grep -q '"status":"ok"' "$work/out" ||
        fail "$flavour: $(cat "$work/out" "$work/errors")"
    sums="$sums $(sed 's/.*"checksum":"\([^"]*\)".*/\1/' "$work/out")"
done
# shellcheck disable=SC2086 # the sums are words
[ "$(printf '%s\n' $sums | sort -u | wc -l)" -eq 1 ] ||
    fail "checksums differ:$sums"

# Without a '/' the name is a file in the current folder.
(cd "$work" && "$cells/weir-cell-gil" --load wordcount-gil.so \
    --param words=100 >/dev/null) || fail "a path without a slash"

refuses "built for gil" atomic --load "$work/wordcount-gil.so"
refuses "built for atomic" gil --load "$work/wordcount-atomic.so"
refuses "no such program" gil --load "$work/wordcount-gil.so" --program x
refuses "--load" gil --load "$work/nothing.so"
refuses "words=x" gil --load "$work/wordcount-gil.so" --param words=x
for flavour in unsafe nocount; do
    if [ -x "$cells/weir-cell-$flavour" ]; then
        refuses "cannot load" $flavour --load "$work/wordcount-gil.so"
    fi
done

# Through the command, when it is there.
weir=${WEIR:-$build/weir}
if [ -x "$weir" ]; then
    "$weir" compare --load "$work/wordcount-%f.so" --cells gil,atomic \
        --threads 1 --runs 3 --param words=20000 --json "$work/json" \
        >"$work/out" 2>&1 || fail "weir compare: exit $?, $(cat "$work/out")"
    grep -q '"program":"wordcount"' "$work/json" ||
        fail "weir compare: $(cat "$work/out")"
fi

[ $failures -eq 0 ] && echo "load: all good"
[ $failures -eq 0 ]
