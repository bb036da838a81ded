#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Records, tables and verdicts of a comparison whose times are made up: gil
# takes 0.1 s, atomic 0.2 s, unsafe 0.05 s, whatever the program.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

# Every line is a JSON object of schema 1, env first.
run 0 compare steady --cells gil,atomic --threads 1,2 --runs 5 \
    --json "$tmp/json"
lines err 0
count json '{"schema":1,"record":' "$(wc -l <"$tmp/json")"
head -n 1 "$tmp/json" >"$tmp/env"
for field in cpu cores kernel hypervisor compiler flags version commit \
    clock_source clock_cost_ns; do
    has env "\"$field\":"
done
count json '"record":"env"' 1
count json '"record":"run"' 30
count json '"record":"verdict"' 2
count json '"record":"aa"' 2
count json '"control":true' 10
grep '"record":"run"' "$tmp/json" >"$tmp/runs"
for field in program cell params seed wall_s cpu_s ops ops_per_s peak_rss_kb \
    checksum lost_updates gc lock_stats account status \
    control signal; do
    count runs "\"$field\":" 30
done
for field in flavour lock threads gil gc t0 bytes peer name; do
    count runs "\"$field\":" 30
done
has json '"program":"steady","threads":2,"a":"gil","b":"atomic"'
has json '"metric":"wall_s","ratio":'
has json '"verdict":"slower"'
has json '"verdict":"same"'
has out 'slower'
has out 'What the lock costs'
has out 'What atomic counts'
has out 'Control: gil against itself: 0 false differences of 2'
lacks out $'\033'

# No line is wider than the terminal.
for columns in 80 100; do
    COLUMNS=$columns "$WEIR" compare steady --runs 5 --cells \
        gil,atomic,atomic/fifo+gil --peers >"$tmp/out" 2>"$tmp/err"
    what="weir compare on $columns columns"
    wide=$(awk -v n=$columns 'length($0) > n' "$tmp/out")
    [ -z "$wide" ] || complain "$what: too wide: $wide"
done

# --json -: records alone on stdout, tables on stderr.
run 0 compare steady --runs 1 --json -
count out '"schema":1' "$(wc -l <"$tmp/out")"
has err 'steady: takes'

# --quiet: nothing to read.
run 0 compare steady --runs 1 --quiet
lines out 0
lines err 0

# Parameters: the special before the general, whatever the order.
run 0 compare steady shared --runs 1 --threads 1 --param shared.size=9 \
    --param size=5 --json "$tmp/json"
grep '"program":"steady"' "$tmp/json" | grep -c '"size":5,' >"$tmp/n"
grep '"program":"shared"' "$tmp/json" | grep -c '"size":9,' >>"$tmp/n"
[ "$(tr '\n' ' ' <"$tmp/n")" = '3 3 ' ] || complain "$what: wrong parameters"
has out 'size=9'

# Cells reach the child as they are written.
run 0 compare steady --runs 1 --threads 1 --json "$tmp/json" \
    --cells gil/fifo,atomic+gil+nogc
has json '"lock":"fifo","threads":1,"gil":false'
has json '"gil":true,"gc":false'
has json '"name":"atomic+gil+nogc"'
has json '"a":"gil/fifo","b":"atomic+gil+nogc"'

# The environment cannot change what a cell is.
WEIR_GIL=1 WEIR_LOCK_POLICY=fifo run 0 compare steady --runs 1 --quiet

# Losses are reported, and only where they happened.
run 0 compare shared --cells gil,atomic,unsafe --threads 2 --runs 5
has out 'unsafe lost 6,170 of 100,000 updates (6.2 %)'
has out 'gil, atomic lost none'
lacks out 'gil lost'

# Peers are measured in the same run and compared with their counterpart.
run 0 compare steady --peers --runs 5 --threads 1 --json "$tmp/json"
count json '"peer":"c11-atomic"' 5
has json '"a":"gil","b":"c11-atomic"'
has json '"a":"c11-atomic","b":"atomic"'
has out '~c11-atomic'
has out 'Beside the same work without Weir'
lacks json '"absent"'

# --load: the loaded program is what is run; %f is the flavour.
run 0 compare --load "$tmp/%f.so" --runs 1 --threads 1 --json "$tmp/json"
count json '"program":"loaded"' 5
has out 'loaded: came through --load'

# A program that cannot use so many threads is left out there, with a note.
run 0 compare single --runs 1
has out 'cannot run it on 2 threads'

# A budget decides how often: at most 15, at least 5.
run 0 compare steady --threads 1 --budget 60s --json "$tmp/json"
count json '"record":"run"' 45
run 0 compare steady --threads 1 --budget 1ms --json "$tmp/json"
count json '"record":"run"' 15

# The same seed draws the same order.
order() {
    grep '"record":"run"' "$1" | sed 's/.*"name":"\([^"]*\)".*/\1/'
}
run 0 compare steady --runs 7 --seed 3 --json "$tmp/one"
run 0 compare steady --runs 7 --seed 3 --json "$tmp/two"
run 0 compare steady --runs 7 --seed 4 --json "$tmp/three"
[ "$(order "$tmp/one")" = "$(order "$tmp/two")" ] ||
    complain 'the same seed ran in another order'
[ "$(order "$tmp/one")" != "$(order "$tmp/three")" ] ||
    complain 'another seed ran in the same order'
has one '"seed":3,'

# weir list shows all of it.
run 0 list --json "$tmp/json"
has out 'steady'
has out 'works for a fixed time'
has out 'size=10'
has out 'atomic'
has out 'fifo'
has out 'c11-atomic'
has out 'absent'
has out '(not installed)'
has json '"record":"program","name":"steady"'
has json '"record":"peer","impl":"c11-atomic"'
has out 'Peers (weir collect --peers)'
has out '  python3        tree'
has json '"record":"collect-peer","name":"python3","available":true,"graphs":["tree"]'
has json '"name":"boehm","available":true,"graphs":["tree"]'

# What is not there is named all the same.
rm "$tmp/cells/weir-collect-boehm"
ln -s /bin/false "$tmp/cells/weir-collect-boehm"
run 0 list --json "$tmp/json"
lines err 0
has out '  boehm          (not installed)'
has json '"name":"boehm","available":false,"graphs":null'

finish
