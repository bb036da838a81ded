#!/bin/bash
# SPDX-License-Identifier: MIT
#
# weir contend with made-up accounts: threads wait 1.1 us under boost, and an
# interval and 51 us under any other policy; CPU threads do 900 units of work
# beside I/O threads and 1,000 alone; the cheater gets three quarters.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

# misuse TEXT ARGUMENT...: refused with one line that contains TEXT.
misuse() {
    local text=$1
    shift
    run 64 contend "$@"
    lines err 1
    lines out 0
    has err "$text"
    has err 'weir: '
}

# Every side runs, and the CPU threads alone beside it.
run 0 contend --runs 4 --json "$tmp/json"
lines err 0
count json '{"schema":1,"record":' "$(wc -l <"$tmp/json")"
count json '"record":"env"' 1
count json '"record":"run"' 16
count json '"alone":true' 8
count json '"record":"contend",' 6
count json '"record":"contend-verdict"' 2
count json '"record":"stop"' 0
count json '"thread":0,"role":"io"' 2
count json '"thread":1,"role":"cpu"' 2
grep '"record":"contend",' "$tmp/json" >"$tmp/contend"
for field in program params cell policy threads io cpu interval_us n low high \
    cpu_share; do
    count contend "\"$field\":" 6
done
for field in wait_us hold_us latency_us ops_per_s requests_per_s jain share \
    handoffs handoffs_per_s context_switches context_switches_per_s; do
    [ "$(grep -oF "\"$field\":" "$tmp/contend" | wc -l)" -ge 18 ] ||
        complain "$what: '$field' is not in every record"
done
grep '"record":"run"' "$tmp/json" >"$tmp/runs"
for field in account interval_us alone trace_pid signal; do
    count runs "\"$field\":" 16
done
grep -v '"thread":' "$tmp/contend" >"$tmp/whole"
count whole '"wait_us":{"p50":1.1,"p99":2.2,"p999":3.3,"max":4.4},"hold' 1
count whole '"wait_us":{"p50":5051.0,"p99":10102.0,' 1
count whole '"hold_us":{"p50":20.0,"p99":40.0,"p999":60.0,"max":80.0}' 2
count whole '"latency_us":{"p50":30.0,"p99":50.0,"p999":60.0,"max":70.0}' 2
has json '"split_us":{"running":0.2,"waiting":0.0055,"stopped":0.0,"blocked":0.3,"off_cpu":0.005}'
has json '"a":"gil/boost","b":"gil/cpython","metric":"wait_us.p50","ratio":4591.8'
has json '"metric":"wait_us.p99","ratio":4591.8'
has out 'gil/boost: I/O thread waits 1.1 us (p50), gil/cpython 5,051 us:'
has out '4,590 ['
lacks out 'Threads;'
lacks out $'\033'

# cpu_share: 900 units of 1,000; the time they were made in varies a little.
share=$(sed 's/.*"cpu_share":\([0-9.]*\),.*/\1/; q' "$tmp/whole")
awk -v s="$share" 'BEGIN { exit !(s > 0.89 && s < 0.91) }' ||
    complain "a CPU share of $share, not 0.9"

# No line is wider than the terminal; a wide one has a line per thread.
for columns in 80 140; do
    COLUMNS=$columns "$WEIR" contend --runs 4 convoy cheater steady \
        >"$tmp/out" 2>"$tmp/err"
    what="weir contend on $columns columns"
    wide=$(awk -v n=$columns 'length($0) > n' "$tmp/out")
    [ -z "$wide" ] || complain "$what: too wide: $wide"
done
has out 'Threads; running to off cpu'
has out 'honest'
run 0 contend --runs 1 --threads-table
has out 'Threads; running to off cpu'

# Lists are crossed; fairness is of the CPU threads, the share the cheater's.
run 0 contend convoy cheater --param io=1,2 --param cpu=1,2 --runs 1 \
    --interval 500,5000 --json "$tmp/json"
count json '"record":"contend-verdict"' 20
count json '"record":"run"' 28
has json '"wait_us":{"p50":551.0,'
has json '"share":0.75,'
has json '"jain":0.8,'
has out 'convoy: 2 I/O threads, 2 CPU threads'
run 0 contend --param convoy.io=0 --param io=3 --param cpu=2 --runs 1 --json -
count out '"alone":false' 2
count out '"io":0,"cpu":2' 8
has err 'convoy: 0 I/O threads, 2 CPU threads'

# A parallel flavour has the lock with a policy, and stops without.
run 0 contend steady --cells atomic --policies none,fifo --runs 1 \
    --json "$tmp/json"
has json '"cell":"atomic/fifo+gil","policy":"fifo"'
has json '"cell":"atomic","policy":null,"threads":2,"io":null,"cpu":null,"interval_us":null'
count json '"record":"stop"' 1
has json '"stops":2.0,"to_safepoint_us":{"p50":4.0,"p99":4.98,"max":5.0}'
has json '"laggards":[{"place":"place+16","times":2,"longest_us":5.0}]'
has out 'waited for at place+16: 2 times, at most 5.00us'

# Without a fourth invocation there is a ratio and no interval.
run 0 contend --runs 3 --json "$tmp/json"
count json '"record":"run"' 12
has json '"ratio":4591.81818182,"low":null,"high":null'

# The order follows the seed; a budget ends it after a round.
order() {
    grep '"record":"run"' "$1" | sed 's/.*"name":"\([^"]*\)".*/\1/'
}
run 0 contend --runs 7 --seed 3 --json "$tmp/one"
run 0 contend --runs 7 --seed 3 --json "$tmp/two"
run 0 contend --runs 7 --seed 4 --json "$tmp/three"
[ "$(order "$tmp/one")" = "$(order "$tmp/two")" ] ||
    complain 'the same seed ran in another order'
[ "$(order "$tmp/one")" != "$(order "$tmp/three")" ] ||
    complain 'another seed ran in the same order'
run 0 contend --budget 1ms --runs 50 --json "$tmp/json"
count json '"record":"run"' 4

# The timeline: one more invocation per policy and program, with the first of
# its parameters and intervals; what it says adds up to what the records say.
run 0 contend convoy cheater --param io=1,2 --interval 500,5000 --runs 1 \
    --json "$tmp/json" --trace "$tmp/trace"
has out 'Timeline: '
has out '4 processes'
has out 'https://ui.perfetto.dev'
count json '"trace_pid":null' 16
for pid in 1 2 3 4; do
    count json "\"trace_pid\":$pid" 1
done
count trace '"name":"process_name"' 4
count trace '"ph":"s"' 8
count trace '"name":"collection"' 4
has trace '"args":{"name":"io 0"}'
has trace 'gil/boost, convoy: 1 I/O thread, 1 CPU thread, 500 us'
check=${top_srcdir:-.}/tests/trace_check.py
python3 "$check" "$tmp/trace" "$tmp/json" >"$tmp/out" ||
    complain 'the timeline is not sound'
python3 "$check" --prove >"$tmp/out" || complain 'faults are not found'
sed 's/"waiting":11000,/"waiting":11500,/' "$tmp/json" >"$tmp/changed"
! python3 "$check" "$tmp/trace" "$tmp/changed" >"$tmp/out" ||
    complain 'another wait in the records is not found'

# The page: tables and handoffs; pictures where gnuplot is, and else a word.
run 0 contend convoy cheater --runs 1 --html "$tmp/page"
has page '<h2>convoy: 1 I/O thread, 1 CPU thread</h2>'
has page 'I/O thread waits 1.1 us (p50)'
has page '<td>5051</td>'
count page '<table class=m>' 4
for remote in '<script' 'src=' 'href="http'; do
    lacks page "$remote"
done
mkdir "$tmp/bin"
for tool in sh mkdir sleep; do
    ln -s "$(command -v $tool)" "$tmp/bin/$tool"
done
(PATH=$tmp/bin exec "$WEIR" contend --runs 1 --quiet --html "$tmp/plain")
has plain 'gnuplot is not installed'
lacks plain '<svg'
printf '#!/bin/sh\necho "<svg>made up</svg>"\n' >"$tmp/bin/gnuplot"
chmod +x "$tmp/bin/gnuplot"
(PATH=$tmp/bin exec "$WEIR" contend --runs 1 --quiet --html "$tmp/drawn")
count drawn '<svg>made up</svg>' 2
lacks drawn 'not installed'

# What goes wrong is kept and said.
atomic=(--cells atomic --policies fifo --runs 3)
run 3 contend crash steady "${atomic[@]}" --json "$tmp/json"
lines err 2
has err 'crash, cell atomic/fifo+gil, 2 threads: crashed (SIGSEGV)'
count json '"status":"crashed"' 2
count json '"status":"ok"' 3
has json '"account":null'
has out 'failed'
run 1 contend wrong "${atomic[@]}" --quiet
lines out 0
has err 'failed its own check'
run 1 contend differs --cells gil,atomic --policies fifo --runs 1
has err 'checksum'
run 3 contend no-account --runs 1
has err 'wrote no valid record'
run 3 contend hang --timeout 500ms "${atomic[@]}"
has err 'took too long'

misuse "--policies: unknown lock policy 'best'" --policies boost,best
misuse "'boost' is there twice" --policies boost,fifo,boost
misuse '--policies' --policies boost,,fifo
misuse "'gil' always has a lock" --policies none
misuse "--cells: unknown flavour 'nonsense'" --cells nonsense
misuse "'gil/fifo' has a policy" --cells gil/fifo
misuse '--threads' steady --threads 0
misuse '--threads' steady --threads 1,
misuse '--threads: single cannot run on 2 threads' single
misuse '--interval' --interval 0
misuse '--interval' --interval 5ms
misuse '--interval' --interval 100,
misuse '--param' --param x
misuse '--param' --param =1
misuse "parameter 'nonsense'" --param nonsense=1
misuse "parameter 'cheater.ms'" --param cheater.ms=1
misuse "--param io: '9'" --param io=9
misuse "--param cpu: '1,'" --param cpu=1,
misuse 'io=0 and cpu=0 have none' --param io=0 --param cpu=0
misuse "'steady' is there twice" steady steady
misuse "unknown program 'nonsense'" steady nonsense
misuse 'combinations' --interval "$(seq -s, 1000)"
misuse '--runs' --runs 0
misuse '--budget' --budget 5
misuse '--timeout' --timeout never
misuse '--seed' --seed x
misuse '--json' --json /nonexistent/folder/out.jsonl
misuse '--json' --json ''
misuse '--trace' --trace /nonexistent/folder/out.json
misuse '--trace' --trace ''
misuse '--html' --html /nonexistent/folder/out.html
misuse '--html' --html ''
misuse '--nonsense' --nonsense
misuse "'--policies' requires an argument" --policies
misuse '--quiet' --quiet=3
misuse '--param size: must be more than 3' fussy

# --- the real thing -----------------------------------------------------------

unset WEIR_CELL_DIR
run 0 contend convoy cheater --runs 1 --param ms=50 --json "$tmp/json" \
    --trace "$tmp/trace" --html "$tmp/page"
lines err 0
count json '"status":"ok"' 10
count json '"trace_pid":null' 6
count json '"thread":1,"role":"honest"' 2
lacks json '"requests_per_s":0.0'
python3 "$check" "$tmp/trace" "$tmp/json" >"$tmp/out" ||
    complain 'the timeline of real cells is not sound'
has page '<h2>cheater: 2 threads, ms=50</h2>'

run 0 contend webcache --cells atomic --policies boost,none --threads 4 \
    --runs 1 --param requests=4000 --json "$tmp/json" --trace "$tmp/trace"
lines err 0
count json '"status":"ok"' 4
has trace '"name":"waiting"'
python3 "$check" "$tmp/trace" "$tmp/json" >"$tmp/out" ||
    complain 'the timeline of webcache is not sound'

finish
