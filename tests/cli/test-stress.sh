#!/bin/bash
# SPDX-License-Identifier: MIT
#
# weir stress: what it makes of the ends of race tests (stand-ins, fake-race),
# and what the real ones say when nothing is wrong with them.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh" || exit 99

# misuse TEXT ARGUMENT...: refused with one line that contains TEXT.
misuse() {
    local text=$1
    shift
    run 64 stress "$@"
    lines err 1
    lines out 0
    has err "$text"
}

misuse "unknown race test 'nonsense' (fine, wide, bad" nonsense
misuse "unknown fault 'ant' (bee, gnat, wasp)" --plant ant
misuse "unknown fault 'ant' (bee, gnat, wasp)" fine --plant bee,ant
misuse '--plant' --plant bee,
misuse '--budget' --budget 5
misuse '--timeout' --timeout soon
misuse '--seed' --seed x
misuse '--shard' --shard 0/2
misuse '--shard' --shard 3/2
misuse '--shard' --shard 2
misuse '--json' --json ''
misuse '--junit' --junit ''
misuse '--cells: unknown flavour' --cells nonsense
misuse 'no race tests for unsafe' --cells gil,unsafe
misuse 'no lock' --cells atomic/fifo
misuse "unknown setting 'bytes=' in 'gil+bytes='" --cells gil+bytes=
misuse '--nonsense' --nonsense

# --- ends of tests ------------------------------------------------------------

# All is well: nothing on stderr, a full table because it was asked for by name.
run 0 stress fine --seed 5 --json "$tmp/json"
lines err 0
has out 'fine, cell gil: 5,000 samples, actors on processors 0,1'
has out 'Never seen: fine, cell gil, 1,1'
has out 'cannot be replayed'
has out 'weir stress fine --cells gil,atomic --seed 5'
has out 'Nothing forbidden was seen: less frequent than 0.06% (95 %)'
count json '"record":"env"' 1
count json '"record":"race"' 2
count json '"upper_bound":0.000598967' 2
has json '"values":"1,0","count":1000,"grade":"acceptable","why":"a <&> \"why\"","low":0.18'
has json '"name":"atomic"'
has json '"planted":null,"found":false,"token":null'
has json '"status":"ok","signal":null'

# A test that needs threads in parallel is left out under the lock.
run 0 stress wide --cells gil,atomic,atomic+gil,atomic/fifo+gil
has out 'wide, cell gil: left out: needs threads that run in parallel'
has out 'wide, cell atomic+gil: left out'
has out 'wide, cell atomic: 5,000 samples'

run 1 stress bad --cells gil --junit "$tmp/xml" --json "$tmp/json"
lines err 1
has err 'weir: bad, cell gil: forbidden outcome 1,1: a <&> "why" (1000 of 5000'
has json '"status":"check-failed"'
has json '"upper_bound":null'
has json '"found":true'
has xml '<failure type="forbidden" message="1,1: a &lt;&amp;&gt; &quot;why&quot;'

run 2 stress few --cells gil
lines err 1
has err 'weir: few, cell gil: only 999 samples, 1000 are needed'

# A crash is an outcome: forbidden, with what had been seen before it.
run 1 stress crash --cells atomic --json "$tmp/json"
lines err 1
has err 'crash, cell atomic: forbidden outcome crashed (SIGSEGV): assertion'
has out 'The end of what it wrote on stderr'
has json '"executions":3000'
has json '"status":"crashed","signal":"SIGSEGV"'
has json '"values":"0,1","count":4000'

run 1 stress killed silent torn --cells gil --json "$tmp/json"
lines err 3
has err 'forbidden outcome crashed (SIGKILL)'
count err 'no final record' 2

run 1 stress hang --cells gil --json "$tmp/json"
has err 'forbidden outcome hung: hung: made up (after 3000 samples)'
has json '"status":"timeout"'

run 1 stress failed --cells gil
has err 'forbidden outcome failed: weir_list_append(): made up'

# What a sanitizer says.
run 1 stress spoilt --cells gil
has err 'forbidden outcome crashed (exit 1): SUMMARY: made up'

# Not a race's doing: the lab could not run it.  3 before 1.
run 3 stress hungry bad --cells gil
has err 'hungry, cell gil: could not be run (weir_list_new(): out of memory)'
has err 'forbidden outcome 1,1'
run 64 stress odd --cells gil
lines err 1
has err 'no such test, after all'

# Faults choose the tests that name them, where they can be found.
run 0 stress --plant wasp --json "$tmp/json"
count json '"record":"race"' 1
has json '"test":"wide"'
has json '"planted":"wasp"'
run 0 stress --plant gnat,wasp --json "$tmp/json"
count json '"record":"race"' 3
run 0 stress fine --plant wasp --plant bee --cells gil --json "$tmp/json"
has json '"planted":"wasp,bee"'

# Parts add up to the whole.
run 0 stress --shard 1/14 --json "$tmp/one"
run 0 stress --shard 2/14 --json "$tmp/two"
has one '"test":"fine"'
has two '"test":"wide"'
run 0 stress fine --shard 2/2
has out 'No tests in this part'

run 1 stress bad fine --quiet
lines out 0
lines err 2

run 0 stress --list --json "$tmp/json"
has out 'Race tests'
has out 'gnat'
count json '"record":"race-test"' 14
count json '"record":"plant"' 3
run 0 list
has out 'Faults that can be planted'

# All ends in one file that others can read.
run 3 stress wide bad few crash hungry --junit "$tmp/xml" --quiet
has xml 'tests="5" failures="2" errors="2" skipped="1"'
python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' \
    "$tmp/xml" || complain 'the JUnit file is no XML, or there is no python3'

# --- the real tests -----------------------------------------------------------

unset WEIR_CELL_DIR
# ThreadSanitizer sleeps for a second at every exit.
TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}atexit_sleep_ms=0
export TSAN_OPTIONS

# The default budget, as CI runs it.  Sanitizers are slow, and look for other
# things: there the tests run, and how many samples they get is no matter.
if [ -z "${SANITIZER_FLAGS:-}" ]; then
    run 0 stress --budget 20s --timeout 60s --json "$tmp/json" \
        --junit "$tmp/xml"
    has out '0 with forbidden outcomes, 0 with too few samples'
else
    "$WEIR" stress --budget 10s --timeout 60s \
        --junit "$tmp/xml" >"$tmp/out" 2>"$tmp/err"
    what='weir stress under a sanitizer'
    has out ' samples, seed '
    has out ': 0 with forbidden outcomes'
fi
has xml '<testsuite name="weir stress atomic"'

# A cell is what `weir list` says it is: every setting reaches the runtime.
"$WEIR" stress append-append --cells gil/fifo+nogc+t0=700+bytes=4096 \
    --budget 1s --timeout 60s --json "$tmp/json" >"$tmp/out" 2>"$tmp/err"
what='weir stress in a cell with every setting'
lines err 0
has json '"flavour":"gil","lock":"fifo"'
has json '"gc":false,"t0":700,"bytes":4096'

# What is timed and what is installed holds no fault: neither the code nor the
# texts.
run 0 stress --list --json "$tmp/json"
sed -n 's/.*"record":"plant".*"origin":"\(.\{20\}\).*/\1/p' "$tmp/json" \
    >"$tmp/origins"
[ -s "$tmp/origins" ] || complain 'no origins of faults were listed'
for file in "${top_builddir:-.}"/weir-cell-* \
    "${top_builddir:-.}"/.libs/weir-cell-* "${top_builddir:-.}"/.libs/libweir*; do
    [ -f "$file" ] || continue
    what=$file
    if grep -qaF -f "$tmp/origins" "$file"; then
        complain "$file names planted faults"
    fi
    if nm "$file" 2>/dev/null | grep -qE 'wr_(plant|perturb)'; then
        complain "$file has symbols of planted faults"
    fi
done
grep -qaF -f "$tmp/origins" "${top_builddir:-.}/weir-race-gil" \
    "${top_builddir:-.}/.libs/weir-race-gil" 2>/dev/null ||
    complain 'the race binary names no fault: the check above proves nothing'

finish
