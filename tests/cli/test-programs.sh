#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every program, in every cell that was built, on one and on two threads, with
# small sizes: its own checks pass and a record comes out; gil and atomic end
# in the same heap; unsafe reports the updates it loses.  Then the command
# lines that a cell and weir-peer must refuse.
#
# top_builddir, or WEIR_CELL_DIR: where the executables are.

cells=${WEIR_CELL_DIR:-${top_builddir:-.}}
[ -x "$cells/weir-cell-gil" ] || exit 99
# ThreadSanitizer sleeps for a second at every exit; there are many here.
TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}atexit_sleep_ms=0
export TSAN_OPTIONS
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    printf 'FAIL: %s\n' "$*"
    failures=$((failures + 1))
}

# The text of a field of the record in $work/record; one level, any nesting.
field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$work/record"
}

# Small enough for a second in all, large enough for collections to happen.
small() {
    case $1 in
    refs-private) echo --param pairs=200000 ;;
    refs-shared) echo --param pairs=200000 ;;
    trees) echo --param depth=9 ;;
    gcbench) echo --param depth=8 --param array=5000 ;;
    graph-churn) echo --param steps=3000 --param live=200 ;;
    dict-mixed) echo --param ops=50000 --param records=500 --param mix=A ;;
    alloc-churn) echo --param pairs=50000 ;;
    refs-mixed) echo --param pairs=100000 --param foreign=30 --param think=2 ;;
    list-append) echo --param ops=20000 ;;
    list-read) echo --param ops=50000 --param length=500 --param writes=10 ;;
    dict-read) echo --param ops=50000 --param records=500 --param writes=20 ;;
    larson) echo --param rounds=5 --param steps=3000 --param live=1000 ;;
    pipeline) echo --param objects=30000 --param batch=16 ;;
    blocking) echo --param steps=20000 ;;
    stops) echo --param steps=2000000 --param every=20000 ;;
    webcache)
        echo --param requests=4000 --param users=2000 --param sessions=200
        ;;
    esac
}

# run FLAVOUR PROGRAM THREADS [OPTION...]: 0 when a good record came out.
run() {
    flavour=$1 program=$2 threads=$3
    shift 3
    "$cells/weir-cell-$flavour" --program "$program" --threads "$threads" \
        --seed 7 --mem-cap 4000000000 "$@" \
        >"$work/record" 2>"$work/errors"
    code=$?
    if [ $code -ne 0 ]; then
        fail "$flavour $program $threads $*: exit $code," \
            "$(cat "$work/errors")"
        return 1
    fi
    if [ "$(field status)" != ok ]; then
        fail "$flavour $program $threads $*: $(cat "$work/record" \
            "$work/errors")"
        return 1
    fi
}

# refuses TEXT COMMAND...: exit 64, one line that holds TEXT, no record.
refuses() {
    text=$1
    shift
    "$@" >"$work/record" 2>"$work/errors"
    code=$?
    if [ $code -ne 64 ] || [ -s "$work/record" ] ||
        [ "$(wc -l <"$work/errors")" -ne 1 ] ||
        ! grep -qF -e "$text" "$work/errors"; then
        fail "$*: exit $code, $(cat "$work/errors")"
    fi
}

flavours=
for flavour in gil atomic unsafe nocount; do
    if [ -x "$cells/weir-cell-$flavour" ]; then
        flavours="$flavours $flavour"
    fi
done
programs=$("$cells/weir-cell-gil" --list | grep '"timed":false' |
    sed -n 's/.*"record":"program","name":"\([^"]*\)".*/\1/p')
[ "$(echo "$programs" | wc -l)" -ge 15 ] || fail "--list: $programs"

timed=$("$cells/weir-cell-gil" --list | grep '"timed":true' |
    sed -n 's/.*"record":"program","name":"\([^"]*\)".*/\1/p' | tr '\n' ' ')
[ "$timed" = "convoy cheater " ] || fail "--list: work for a time: $timed"

# One thread at most in `unsafe`: threads would change the same containers.
alone=
case $flavours in
*unsafe*)
    alone=$("$cells/weir-cell-unsafe" --list | grep '"threads_max":1[,}]' |
        sed 's/.*"record":"program","name":"\([^"]*\)".*/\1/' | tr '\n' ' ')
    [ "$alone" = "list-append list-read dict-read dict-mixed pipeline \
webcache " ] || fail "unsafe runs on one thread only: $alone"
    ;;
esac

# runs_alone FLAVOUR PROGRAM
runs_alone() {
    [ "$1" = unsafe ] && case " $alone" in
    *" $2 "*) ;;
    *) false ;;
    esac
}

for program in $programs; do
    for threads in 1 2; do
        sums=
        for flavour in $flavours; do
            if [ "$threads" -gt 1 ] && runs_alone "$flavour" "$program"; then
                continue
            fi
            # shellcheck disable=SC2046 # the options are words
            run "$flavour" "$program" "$threads" $(small "$program") ||
                continue
            sum=$(field checksum)
            if [ "$flavour" = unsafe ]; then
                [ "$sum" = null ] || fail "unsafe $program: checksum $sum"
                continue
            fi
            sums="$sums $sum"
        done
        # shellcheck disable=SC2086 # the sums are words
        if [ "$(printf '%s\n' $sums | sort -u | wc -l)" -ne 1 ]; then
            fail "$program, $threads threads: checksums differ:$sums"
        fi
    done
done

# Every mode, and the settings of a cell.
for mode in tight batch random int; do
    run gil alloc-churn 1 --param mode=$mode --param pairs=20000
done
for flavour in gil atomic; do
    run $flavour refs-private 2 --param mode=immortal --param pairs=200000
    run $flavour refs-shared 2 --param mode=immortal --param pairs=200000
done
for flavour in gil atomic; do
    run $flavour list-append 2 --param lists=own --param ops=10000
    run $flavour dict-read 2 --param keys=even --param ops=20000
    run $flavour refs-mixed 3 --param foreign=100 --param pairs=50000
    run $flavour pipeline 4 --param queue=list --param objects=10000
    run $flavour pipeline 3 --param changes=0 --param batch=1 \
        --param batches=1 --param objects=2000
    run $flavour larson 3 --param blocks=strings --param rounds=4 \
        --param steps=1000 --param live=500
    run $flavour larson 3 --param blocks=instances --param rounds=4 \
        --param steps=1000 --param live=500 --param largest=5000
    run $flavour webcache 4 --param pause_us=0 --param sessions=1 \
        --param users=50 --param requests=2000
    run $flavour webcache 2 --param pause_us=200 --param burst=100 \
        --param requests=2000 --param page=0
done
run gil graph-churn 1 --nogc --param steps=500 --param live=50
grep -q '"gc":false' "$work/record" || fail "--nogc: $(cat "$work/record")"
run gil graph-churn 1 --t0 100 --param steps=500 --param live=50
[ "$(field t0)" = 100 ] || fail "--t0: $(cat "$work/record")"
run gil dict-mixed 2 --policy fifo --interval 100 --param ops=20000
[ "$(field lock)" = fifo ] || fail "--policy: $(cat "$work/record")"
run atomic trees 1 --param depth=8
[ "$(field lock)" = null ] || fail "atomic: $(cat "$work/record")"
run atomic trees 2 --gil --param depth=8
[ "$(field lock)" = boost ] || fail "--gil: $(cat "$work/record")"

# Those that work for a time do so, everywhere; a unit of work is a unit in
# every cell, so what they leave has the same sum.
sums=
for flavour in $flavours; do
    run "$flavour" convoy 3 --param io=1 --param cpu=2 --param ms=100 &&
        [ "$flavour" != unsafe ] && sums="$sums $(field checksum)"
    run "$flavour" convoy 2 --param io=2 --param cpu=0 --param think=0 \
        --param ms=50 --param work=0
    run "$flavour" convoy 1 --param io=0 --param ms=50
    run "$flavour" cheater 2 --param ms=100 --param period=300
done
# shellcheck disable=SC2086 # the sums are words
[ "$(printf '%s\n' $sums | sort -u | wc -l)" -eq 1 ] ||
    fail "convoy: checksums differ:$sums"
run gil convoy 2 --param ms=300
awk -F'"wall_s":' '{ exit !($2 + 0 >= 0.3) }' "$work/record" ||
    fail "convoy ends early: $(cat "$work/record")"

# The account of a run: all fields, one row and one column of the matrix per
# thread, times that are not all zero, and the workers' own figures.
count() {
    grep -o -e "$1" "$2" | wc -l
}

# accounted FLAVOUR PROGRAM THREADS [OPTION...]: the fields of everybody.
accounted() {
    run "$@" || return
    sed 's/.*"account"://' "$work/record" >"$work/account"
    for name in threads handoffs stops stops_total events_lost \
        context_switches; do
        [ "$(count "\"$name\":[^,]" "$work/account")" -ge 1 ] ||
            fail "$*: no $name"
    done
    # The main thread has one, too.
    for name in thread worker role ops latency_ns acquisitions uncontended \
        reacquired yields releases drop_requests wait_ns hold_ns queue \
        arrival_ns state_ns cpu_ns ready_ns; do
        sed 's/"stops":.*//' "$work/account" >"$work/threads"
        [ "$(count "\"$name\":" "$work/threads")" -eq $(($3 + 1)) ] ||
            fail "$*: not $(($3 + 1)) times $name"
    done
    sed 's/.*"handoffs":\[\[\(.*\)\]\],"stops".*/\1/; s/\],\[/\n/g' \
        "$work/account" >"$work/matrix"
    echo >>"$work/matrix"
    awk -F, -v n=$(($3 + 1)) '$0 != "" && NF == n { rows++ }
        END { exit rows != n }' "$work/matrix" ||
        fail "$*: no square: $(cat "$work/matrix")"
    grep -o '"state_ns":{[^}]*}' "$work/account" | tr -cd '0-9,\n' |
        awk -F, -v n=$(($3 + 1)) 'NF == 4 && $1 > 0 && $4 > 0 { good++ }
            END { exit good != n }' || fail "$*: states without time"
}

for flavour in gil atomic; do
    accounted "$flavour" webcache 2 --account figures --param requests=4000 \
        --t0 200
    grep -q '"events_lost":null' "$work/account" || fail "events: not kept"
    [ "$(count '"latency_ns":null' "$work/account")" = 3 ] ||
        fail "webcache: latencies of $(cat "$work/account")"
    accounted "$flavour" convoy 2 --account events --events "$work/events" \
        --param ms=100
    grep -q '"events_lost":[0-9]' "$work/account" || fail "events: not kept"
    grep -q '"role":"io","ops":[1-9]' "$work/account" || fail "no io"
    grep -q '"role":"cpu","ops":[1-9]' "$work/account" || fail "no cpu"
    [ "$(count '"latency_ns":{"count":[1-9]' "$work/account")" = 1 ] ||
        fail "convoy: latencies of $(cat "$work/account")"
    [ "$(wc -l <"$work/events")" -gt 10 ] || fail "few events"
    line='^\{"thread":[1-9][0-9]*,"ns":[1-9][0-9]*,"kind":"[a-z-]*","value":'
    ! grep -qvE "$line(\"(running|waiting|stopped|blocked)\"|[0-9]+)}\$" \
        "$work/events" || fail "$flavour: an event is not one"
    run $flavour webcache 1 --param requests=100
    grep -q '"account":null' "$work/record" || fail "$flavour: an account"
done
# The lock changes hands between two that compute, and only where there is one.
accounted gil cheater 2 --account figures --param ms=100
grep -q '[1-9]' "$work/matrix" || fail "gil: nobody handed over"
accounted atomic cheater 2 --account figures --param ms=100
! grep -q '[1-9]' "$work/matrix" || fail "atomic: hands over without a lock"
# Who kept a stop waiting was somewhere in the program.
accounted atomic webcache 3 --account figures --t0 50 --param pause_us=0 \
    --param requests=20000
grep -qE '"place":"[^"]+\+0x[0-9a-f]+"' "$work/account" ||
    fail "stops: nobody came from anywhere"

# A run that grows past the cap says so.
"$cells/weir-cell-gil" --program gcbench --param depth=20 --mem-cap 30000000 \
    >"$work/record" 2>/dev/null
[ "$(field status)" = memory-cap ] || fail "--mem-cap: $(cat "$work/record")"

# Two threads that count without protection lose updates.  That needs both to
# run at once, which a busy machine may take a few tries to grant.
case $flavours in
*unsafe*)
    tries=0
    lost=0
    while [ "$lost" = 0 ] && [ $tries -lt 20 ]; do
        run unsafe refs-shared 2 --param pairs=8000000 --param objects=2
        lost=$(field lost_updates)
        tries=$((tries + 1))
    done
    if [ "$(nproc)" -lt 2 ]; then
        echo "one processor only: lost updates cannot be expected"
    elif [ "$lost" = 0 ]; then
        fail "unsafe lost no update in $tries runs"
    fi
    # Nothing dies of it where all pairs go to the same few objects.
    run unsafe refs-mixed 2 --param pairs=2000000 --param objects=1 \
        --param foreign=50
    [ "$(field lost_updates)" -ge 0 ] || fail "refs-mixed: no lost_updates"
    refuses "at most 1" "$cells/weir-cell-unsafe" --program dict-mixed \
        --threads 2
    refuses --load "$cells/weir-cell-unsafe" --load ./x.so
    ;;
esac

# The triggers of a cell are what its record says, and bytes do collect.
none='"collections":[0,0,0]'
run gil list-append 1 --param ops=20000 --t0 1000000 --bytes 4096
[ "$(field bytes)" = 4096 ] || fail "bytes=4096: $(field bytes)"
[ "$(field t0)" = 1000000 ] || fail "t0=1000000: $(field t0)"
! grep -qF "$none" "$work/record" || fail "bytes=4096: no collection"
run gil list-append 1 --param ops=20000 --t0 1000000 --bytes 0
[ "$(field bytes)" = 0 ] || fail "bytes=0: $(field bytes)"
grep -qF "$none" "$work/record" || fail "bytes=0: collected"

cell=$cells/weir-cell-gil
refuses "no such program" "$cell" --program nonsense
refuses --program "$cell" --threads 1
refuses "--threads 0" "$cell" --program trees --threads 0
refuses --threads "$cell" --program trees --threads 99999999999
refuses --seed "$cell" --program trees --seed -1
refuses --param "$cell" --program trees --param depth
refuses "no such parameter" "$cell" --program trees --param x=1
refuses depth=99 "$cell" --program trees --param depth=99
refuses mode=x "$cell" --program alloc-churn --param mode=x
refuses --policy "$cell" --program trees --policy nonsense
refuses --policy "$cells/weir-cell-atomic" --program trees --policy fifo
refuses --bytes "$cell" --program trees --bytes -1
refuses --out-fd "$cell" --program trees --out-fd 77
refuses "takes 2 with" "$cell" --program convoy
refuses "takes 3 with" "$cell" --program convoy --param cpu=2 --threads 2
refuses "takes 0 with" "$cell" --program convoy --param io=0 --param cpu=0
refuses "takes 2 with" "$cell" --program cheater --threads 1
refuses io=9 "$cell" --program convoy --param io=9
refuses "--account all" "$cell" --program trees --account all
refuses "needs --account events" "$cell" --program trees --events "$work/x"
refuses "needs --account events" "$cell" --program trees --account figures \
    --events "$work/x"
refuses "--events /nonexistent/x" "$cell" --program trees --account events \
    --events /nonexistent/x
refuses "not with --collect" "$cell" --collect tree --account figures
refuses --nonsense "$cell" --nonsense
refuses "needs a value" "$cell" --program

# The peers: every one that is there does the same work as the program.
peer=$cells/weir-peer
"$peer" --list >"$work/peers"
while read -r line; do
    impl=$(echo "$line" | sed 's/.*"impl":"\([^"]*\)".*/\1/')
    program=$(echo "$line" | sed 's/.*"program":"\([^"]*\)".*/\1/')
    case $line in
    *'"available":false'*) continue ;;
    esac
    # shellcheck disable=SC2046 # the options are words
    "$peer" --impl "$impl" --program "$program" --threads 2 --seed 7 \
        $(small "$program") >"$work/record" 2>"$work/errors" ||
        fail "peer $impl $program: $(cat "$work/errors")"
    sum=$(field checksum)
    [ "$(field status)" = ok ] || fail "peer $impl $program: $(field status)"
    # shellcheck disable=SC2046 # the options are words
    run gil "$program" 2 $(small "$program")
    [ "$(field checksum)" = "$sum" ] ||
        fail "peer $impl $program: checksum $sum, Weir's $(field checksum)"
done <"$work/peers"
refuses --impl "$peer" --impl nonsense --program trees
refuses --impl "$peer" --program trees

[ $failures -eq 0 ] && echo "programs: all good"
[ $failures -eq 0 ]
