#!/bin/bash
# SPDX-License-Identifier: MIT
#
# weir collect.  First with made-up figures (gil 50 ns per object, atomic 100,
# a peer 500): records, tables, checks, a crash.  Then with the cells that were
# built, at small sizes: every graph in every state checks itself.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

# Two orders, two states, full; young in build order: 6 cases, 2 cells.
run 0 collect --graphs tree --objects 1000 --runs 6 --json "$tmp/json"
lines err 0
count json '{"schema":1,"record":' "$(wc -l <"$tmp/json")"
count json '"record":"env"' 1
count json '"record":"collect"' 72
count json '"record":"collect-summary"' 12
count json '"record":"collect-verdict"' 6
grep '"record":"collect"' "$tmp/json" >"$tmp/runs"
for field in graph order live live_heap objects generation flavour \
    roots_known cell peer seed ns_per_object cpu_ns_per_object pause_ns \
    phase_ns stop_ns gc_ns collections visited collected expected wall_s memory \
    backlog growth checksum status signal; do
    count runs "\"$field\":" 72
done
has json '"order":"shuffled","live":false,"live_heap":0,"objects":1000,'
has json '"order":"build","live":true,"live_heap":1000,"objects":2000,'
has json '"a":"gil","b":"atomic","metric":"cpu_ns_per_object","ratio":'
has json '"verdict":"slower"'
has out 'tree: 1.00k objects, garbage, full, shuffled order'
has out 'tree: 2.00k objects, live, young, build order, beside 1.00k live'
lacks out $'\033'
for columns in 80 120; do
    COLUMNS=$columns "$WEIR" collect --graphs tree,grow --runs 1 --peers \
        >"$tmp/out" 2>"$tmp/err"
    wide=$(awk -v n=$columns 'length($0) > n' "$tmp/out")
    [ -z "$wide" ] || complain "$columns columns, too wide: $wide"
done

# Lists are crossed, and roots that are known are another case.
one=(--order build --generation full --state live)
run 0 collect "${one[@]}" --graphs tree --objects 1k,2k --roots unknown,known \
    --runs 1 --json -
count out '"record":"collect",' 8
count out '"objects":2000,' 10
count out '"flavour":"gil","roots_known":true' 2
has err 'roots known'

# Exponents come from the points: visits as n, time as its square.
run 0 collect --graphs grow --objects 100 --runs 1 --json "$tmp/json"
has json '"visited_exponent":1.0'
has json '"time_exponent":2.0'
has json '"objects":400,"generation":null'

# Peers: what they can do, beside the cells.
run 0 collect "${one[@]}" --graphs tree,leaky --cells gil --runs 6 --peers \
    --json "$tmp/json"
count json '"peer":"python3","seed":' 6
has json '"a":"gil","b":"python3","metric":"cpu_ns_per_object","ratio":'
has out '~python3'
count json '"peer":"boehm","seed":' 6
rm "$tmp/cells/weir-collect-boehm"
if ! [ -x "$(dirname "$WEIR")/weir-collect-boehm" ]; then
    run 0 collect "${one[@]}" --graphs tree --runs 1 --peers
    has err 'peer boehm is left out: weir-collect-boehm is not there'
fi

# A wrong number collected, and a graph that changed, are noticed.
run 1 collect "${one[@]}" --graphs leaky --runs 3 --json "$tmp/json"
lines err 2
has err 'leaky, build, live, cell atomic: collected 1 objects, where 0 were'
count json '"status":"check-failed"' 2
count json '"status":"ok"' 3
run 1 collect "${one[@]}" --graphs changed --cells gil,atomic --runs 3 --quiet
has err 'checksum'

# A crash is kept, with every field null, and the rest goes on.
run 3 collect "${one[@]}" --graphs dies,tree --runs 3 --json "$tmp/json"
lines err 2
has err 'dies, build, live, cell atomic: crashed (SIGSEGV)'
count json '"status":"crashed"' 2
has json '"signal":"SIGSEGV"'
count json '"status":"ok"' 9
grep '"status":"crashed"' "$tmp/json" >"$tmp/crashed"
for field in ns_per_object gc_ns visited collected expected p50 max detect \
    live_kb backlog growth checksum; do
    count crashed "\"$field\":null" 2
done
has out 'failed'

# The same seed draws the same order, a budget at least six rounds.
order() {
    grep '"record":"collect"' "$1" | sed 's/.*"name":"\([^"]*\)".*/\1/'
}
run 0 collect "${one[@]}" --graphs tree --runs 6 --seed 3 --json "$tmp/one"
run 0 collect "${one[@]}" --graphs tree --runs 6 --seed 3 --json "$tmp/two"
run 0 collect "${one[@]}" --graphs tree --runs 6 --seed 4 --json "$tmp/three"
[ "$(order "$tmp/one")" = "$(order "$tmp/two")" ] ||
    complain 'the same seed ran in another order'
[ "$(order "$tmp/one")" != "$(order "$tmp/three")" ] ||
    complain 'another seed ran in the same order'
run 0 collect "${one[@]}" --graphs tree --budget 1ms --json "$tmp/json"
count json '"record":"collect",' 12

# weir list shows the graphs.
run 0 list --json "$tmp/json"
has out 'Graphs (weir collect)'
has json '"record":"graph","name":"tree"'

# --- the real thing -----------------------------------------------------------

unset WEIR_CELL_DIR
small=(--objects 500 --young 100 --live-heap 300 --runs 1)
run 0 collect "${small[@]}" --order shuffled --roots known --json "$tmp/json"
lines err 0
for graph in tree 2-cycles ring lists dicts hub chain; do
    # Full and young, live and garbage; 2 cells.
    count json "\"record\":\"collect\",\"graph\":\"$graph\"" 8
done
for graph in churn grow scale; do
    count json "\"record\":\"collect\",\"graph\":\"$graph\"" 2
done
grep '"record":"collect",' "$tmp/json" >"$tmp/runs"
count runs '"status":"ok"' "$(wc -l <"$tmp/runs")"
has runs '"collected":501,"expected":501'
has runs '"collected":2000,"expected":2000'
has runs '"growth":{"points":[{"objects":500,'
lacks runs '"detect":null,"finalize":0'
count runs '"halt":null,"look":null,"resume":null' \
    "$(grep -c '"detect":null' "$tmp/runs")"
run 0 collect "${small[@]}" --order build --generation full --live-heap 0 \
    --graphs tree,2-cycles,dicts --json "$tmp/json"
count json '"status":"ok"' 12

# Without collecting by itself, all of the garbage waits.
run 0 collect --cells gil+nogc --graphs churn --objects 1000 --runs 1 --json -
has out '"gc_ns":0'
has out '"backlog":{"max":4000,'

finish
