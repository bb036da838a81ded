# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of the command share; sourced, not run.  $WEIR is the command
# and $top_srcdir the source tree.  The children are stand-ins (fake-cell), so
# nothing here depends on the runtime or on time.

WEIR=${WEIR:-weir}
here=${top_srcdir:-.}/tests/cli
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

mkdir "$tmp/cells"
for name in weir-cell-gil weir-cell-atomic weir-cell-unsafe weir-cell-nocount \
    weir-peer weir-collect-python3 weir-collect-boehm; do
    ln -s "$(realpath "$here/fake-cell")" "$tmp/cells/$name" || exit 99
done
for name in weir-race-gil weir-race-atomic; do
    ln -s "$(realpath "$here/fake-race")" "$tmp/cells/$name" || exit 99
done
export WEIR_CELL_DIR=$tmp/cells
unset COLUMNS

failures=0

# complain TEXT: count a failure and show what the command said.
complain() {
    echo "FAIL: $1"
    sed 's/^/  out: /' "$tmp/out"
    sed 's/^/  err: /' "$tmp/err"
    failures=$((failures + 1))
}

# run EXPECTED ARGUMENT...: run the command; its exit status must be EXPECTED.
run() {
    local expected=$1 code
    shift
    what="weir $*"
    "$WEIR" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    code=$?
    [ $code = "$expected" ] || complain "$what: exit $code, not $expected"
}

# has FILE TEXT: FILE (out, err or another) must contain TEXT.
has() {
    grep -qF -- "$2" "$tmp/$1" || complain "$what: '$2' is not in $1"
}

# lacks FILE TEXT
lacks() {
    ! grep -qF -- "$2" "$tmp/$1" || complain "$what: '$2' is in $1"
}

# lines FILE NUMBER
lines() {
    local n
    n=$(wc -l <"$tmp/$1")
    [ "$n" -eq "$2" ] || complain "$what: $n lines in $1, not $2"
}

# count FILE TEXT NUMBER: lines of FILE that contain TEXT
count() {
    local n
    n=$(grep -cF -- "$2" "$tmp/$1")
    [ "$n" -eq "$3" ] || complain "$what: $n lines with '$2' in $1, not $3"
}

finish() {
    [ $failures = 0 ] || echo "$failures failures"
    [ $failures = 0 ]
    exit
}
