#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A child that crashes, hangs or writes rubbish harms nothing but its own
# series: the rest is measured, every invocation has a record, one line says
# what happened.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

compare() {
    local expected=$1
    shift
    run "$expected" compare "$@" --runs 5 --threads 2 --json "$tmp/json"
    # Two series of gil, always complete.
    count json '"flavour":"gil"' 10
    has json '"record":"aa"'
    has out 'gil again'
}

# Killed each time: tried twice.
compare 3 crash
lines err 2
has err 'weir: crash, cell atomic, 2 threads: crashed (SIGSEGV)'
has err 'not tried again'
count json '"status":"crashed"' 2
has json '"signal":"SIGSEGV"'
has out 'failed'

# Killed once, by a signal that no handler sees: the others are kept.
compare 3 crash-once
lines err 1
has err 'weir: crash-once, cell atomic, 2 threads: crashed (SIGKILL)'
count json '"status":"crashed"' 1
count json '"status":"ok"' 14
has json '"verdict":"slower"'

# Every field of a run that never reported is there, and null.
grep '"status":"crashed"' "$tmp/json" >"$tmp/crashed"
for field in wall_s cpu_s ops ops_per_s peak_rss_kb checksum lost_updates \
    lock_stats account collections collected p50 p99 max; do
    has crashed "\"$field\":null"
done

compare 3 hang --timeout 300ms
lines err 1
has err 'hang, cell atomic, 2 threads: took too long'
count json '"status":"timeout"' 1

compare 3 garbage
lines err 2
has err 'no valid record'
count json '"status":"crashed"' 2

compare 3 silent
has err 'crashed (exit 70): assertion failed: made up'

compare 3 hungry
has err 'memory cap'
count json '"status":"memory-cap"' 2

# A failed check is no crash.
compare 1 wrong
has err 'failed its own check: wrong: 3 things where 4 were expected'
count json '"status":"check-failed"' 2

compare 1 differs
has err 'differs, cell atomic, 2 threads: checksum 00000000000000bb, but gil'
count json '"status":"check-failed"' 2

# Crash beats check.
run 3 compare wrong crash --runs 1 --quiet
lines out 0

# Only this cell's results are lost.
run 3 compare crash steady --cells gil,atomic,nocount --runs 5 --threads 1 \
    --json "$tmp/json"
has json '"program":"steady","threads":1,"a":"gil","b":"atomic"'
has json '"program":"crash","threads":1,"a":"gil","b":"nocount"'

# A full disk is said once and not forgotten.
if [ -c /dev/full ]; then
    run 3 compare steady --runs 1 --quiet --json /dev/full
    count err 'cannot write the --json file' 1
fi

# Interrupted: what was measured is printed.
"$WEIR" compare steady hang --runs 1 --threads 1 --cells gil,atomic \
    --json "$tmp/json" >"$tmp/out" 2>"$tmp/err" </dev/null &
pid=$!
what='weir compare, interrupted'
# All but the hanging invocation have reported, or the test harness gives up.
while [ "$(grep -c '"record":"run"' "$tmp/json" 2>/dev/null)" != 5 ] &&
    kill -0 $pid 2>/dev/null; do
    sleep 0.05
    # Its turn may come first: then it never ends, and that is fine as well.
    [ $((i += 1)) -lt 40 ] || break
done
kill -TERM $pid
wait $pid
code=$?
[ $code = 130 ] || complain "$what: exit $code, not 130"
has err 'interrupted'
has out 'steady'

finish
