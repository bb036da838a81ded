#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Misuse: one line on stderr that begins with "weir: ", exit 64, nothing run.

# shellcheck source=tests/cli/common.sh
. "${top_srcdir:-.}/tests/cli/common.sh"

# misuse TEXT ARGUMENT...: refused with one line that contains TEXT.
misuse() {
    local text=$1
    shift
    run 64 "$@"
    lines err 1
    lines out 0
    has err "$text"
    case $(cat "$tmp/err") in
    "weir: "*) ;;
    *) complain "$what: the line does not begin with 'weir: '" ;;
    esac
}

misuse 'no verb'
misuse "unknown verb 'nonsense'" nonsense
misuse "unknown option '--nonsense'" --nonsense

misuse "--cells: unknown flavour 'nonsense'" compare --cells nonsense
misuse '--cells' compare --cells gil,,atomic
misuse '--cells' compare --cells ''
misuse "unknown lock policy 'best'" compare --cells gil/best
misuse "unknown setting 'fast'" compare --cells gil+fast
misuse 'no lock' compare --cells atomic/fifo
misuse '--threads' compare --threads 0
misuse '--threads' compare --threads 99999999999
misuse '--threads' compare --threads 1,
misuse '--threads' compare --threads two
misuse '--threads' compare --threads -1
misuse '--runs' compare --runs -1
misuse '--runs' compare --runs 0
misuse '--runs' compare --runs 1e3
misuse '--budget' compare --budget 5
misuse '--budget' compare --budget -5s
misuse '--timeout' compare --timeout never
misuse '--seed' compare --seed x
misuse '--delta' compare --delta 200
misuse '--mem-cap' compare --mem-cap lots
misuse '--param' compare --param x
misuse '--param' compare --param =3
misuse "parameter 'nonsense'" compare steady --param nonsense=1
misuse "parameter 'other.size'" compare steady --param other.size=1
misuse "parameter 'steady.nonsense'" compare steady --param steady.nonsense=1
misuse "unknown program 'nonsense'" compare steady nonsense
misuse 'convoy works for a fixed time' compare steady convoy
misuse '--json' compare steady --json /nonexistent/folder/out.jsonl
misuse '--json' compare steady --json "$tmp"
misuse '--json' compare steady --json ''
misuse 'unsafe' compare --load x.so --cells gil,unsafe
misuse 'nocount' compare --load x.so --cells nocount
misuse '--nonsense' compare --nonsense
misuse "'--cells' requires an argument" compare --cells
misuse '--quiet' compare --quiet=3
misuse 'cannot run it on 2 threads' compare single --threads 2
misuse 'weir: --param size: must be more than 3' compare fussy

misuse 'unexpected argument' collect nonsense
misuse "--cells: unknown flavour 'nonsense'" collect --cells nonsense
misuse '--cells: nocount never collects' collect --cells gil,nocount
misuse '--cells: with +nogc only' collect --cells gil+nogc --graphs tree
misuse "--graphs: unknown graph 'nonsense'" collect --graphs tree,nonsense
misuse '--graphs' collect --graphs tree,,ring
misuse '--objects' collect --objects 5
misuse '--objects' collect --objects 1T
misuse '--objects' collect --objects 100M
misuse '--objects' collect --objects -7
misuse '--order' collect --order sorted
misuse '--state' collect --state dead
misuse '--generation' collect --generation 1
misuse '--roots' collect --roots some
misuse '--live-heap' collect --live-heap lots
misuse '--young' collect --young 1
misuse '--runs' collect --runs 0
misuse '--budget' collect --budget 5
misuse '--timeout' collect --timeout never
misuse '--seed' collect --seed x
misuse '--delta' collect --delta 200
misuse '--json' collect --json /nonexistent/folder/out.jsonl
misuse '--nonsense' collect --nonsense

misuse 'unexpected argument' list nonsense
misuse '--nonsense' list --nonsense
misuse '--json' list --json /nonexistent/folder/out.jsonl
misuse 'unexpected argument' doctor nonsense
misuse '--aa' doctor --aa 0
misuse '--aa' doctor --aa many
misuse '--json' doctor --json /nonexistent/folder/out.jsonl

# Nothing was measured and nothing overwritten before the mistake was seen.
echo precious >"$tmp/old.jsonl"
misuse 'unknown program' compare nonsense --json "$tmp/old.jsonl"
grep -q precious "$tmp/old.jsonl" || complain 'an old file was overwritten'

# A flavour that was not built.
rm "$tmp/cells/weir-cell-unsafe"
if ! [ -x "$(dirname "$WEIR")/weir-cell-unsafe" ]; then
    misuse 'weir-cell-unsafe is not there' compare steady --cells gil,unsafe
fi

# Help is no misuse.
for verb in '' compare contend stress collect list doctor; do
    run 0 $verb --help
    lines err 0
    has out 'Usage: weir'
done
run 0 --version
has out 'weir '

finish
