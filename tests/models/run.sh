#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/models/run.sh - check the models with Spin, and that their mutants fail.
#
# Each line says what was checked and how many states that took.  A mutant that
# is not found is a failure: the model would not notice that bug either.
#
#   tests/models/run.sh           about a minute of two processors
#   tests/models/run.sh --long    the larger searches too
#
# Exit: 0 fine, 1 a model failed or a mutant survived, 77 no spin here.
# shellcheck disable=SC2317  # the models are called by name
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cc=${CC:-cc}
long=${1:-}

if ! command -v spin >/dev/null; then
    printf 'models: spin is not installed\n'
    exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
optimise=-O0
# Places of the table of states, as a power of two.  Its pages take longer than
# a search that ends soon.
places=22

# search MODEL CLAIM DEFINES...: run the checker; its report is in out.
# CLAIM "-" asks for assertions and states that nobody can leave.
search() {
    local model=$1 claim=$2
    shift 2
    local build=(-w "$optimise" -DCOLLAPSE -DMEMLIM=4000)
    local run=(-m500000 "-w$places")
    if [ "$claim" = - ]; then
        build+=(-DSAFETY -DNOCLAIM)
    else
        build+=(-DNFAIR=4)
        run+=(-a -f -N "$claim")
    fi
    rm -f pan ./*.trail
    spin "$@" -a "$here/$model.pml" >spin.out
    $cc "${build[@]}" -o pan pan.c
    ./pan "${run[@]}" >out 2>&1 || true
    if ! grep -q 'errors: [0-9]' out || grep -q 'max search depth' out; then
        cat out >&2
        printf 'models: the search of %s did not finish\n' "$model" >&2
        exit 1
    fi
}

errors() {
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' out
}

# holds MODEL CLAIM DEFINES...
holds() {
    local states
    search "$@"
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
    if [ "$(errors)" = 0 ]; then
        printf 'ok    %-40s %s states\n' "$*" "$states"
    else
        printf 'FAIL  %s: %s\n' "$*" "$(grep '^pan:1' out)"
        failed=1
    fi
}

# found MODEL CLAIM DEFINES...: a mutant.
found() {
    local places=18

    search "$@"
    if [ "$(errors)" != 0 ]; then
        printf 'found %s\n' "$*"
    else
        printf 'FAIL  %s: not found\n' "$*"
        failed=1
    fi
}

model_stop() {
    holds stop - -DN=2 -DSTOPPERS=1 -DMOVES=3
    holds stop - -DN=2 -DSTOPPERS=2 -DMOVES=2
    optimise=-O2
    holds stop - -DN=3 -DSTOPPERS=1
    holds stop - -DN=3 -DSTOPPERS=2
    if [ "$long" = --long ]; then
        holds stop - -DN=3 -DSTOPPERS=3
        holds stop - -DN=3 -DSTOPPERS=1 -DMOVES=2
    fi
    optimise=-O0
    for mutant in NO_RECHECK LOOK_FIRST BLIND_ATTACH SLEEP_ON_STATE ONE_BY_ONE \
        NO_CHAIN COUNT_TWICE; do
        found stop - -DN=3 -DSTOPPERS=1 -D"$mutant"
    done
    found stop - -DN=2 -DSTOPPERS=1 -DMOVES=2 -DNO_OWED
}

model_threads() {
    holds threads - -DLIVES=1
    if [ "$long" = --long ]; then
        optimise=-O2
        holds threads - -DLIVES=2
        optimise=-O0
    fi
    for mutant in NEW_DETACHED PUT_DETACHED EXIT_UNSEEN PUT_FIRST FORK_NO_MUTEX \
        FORK_NO_CLAIM FORK_RUNNING KEEP_RECORDS; do
        found threads - -DLIVES=1 -D"$mutant"
    done
}

model_lock_fifo() {
    holds lock_fifo -
    holds lock_fifo served
    holds lock_fifo order
    for mutant in FAST_RELEASE NO_REARM NO_TOKEN LIFO; do
        found lock_fifo served -D"$mutant"
    done
}

model_lock_cpython() {
    holds lock_cpython -
    holds lock_cpython - -DN=3
    holds lock_cpython served
    holds lock_cpython returns
    found lock_cpython served -DNO_FORCE
    found lock_cpython returns -DNO_FORCED_WAKE
    found lock_cpython served -DFAST_RELEASE
    found lock_cpython - -DSTEAL
}

model_lock_boost() {
    holds lock_boost -
    holds lock_boost served
    holds lock_boost returns
    found lock_boost - -DACCEPT_STORE
    found lock_boost - -DFAST_RELEASE
    found lock_boost - -DNO_REARM
    found lock_boost - -DNO_TOKEN
    for mutant in REFILL_AT_OFFER NO_SHUT; do
        found lock_boost - -DBOOSTED=2 -D"$mutant"
    done
    for mutant in NO_LIMIT SHUT_FRONT; do
        found lock_boost returns -DBOOSTED=2 -D"$mutant"
    done
    optimise=-O2
    holds lock_boost - -DBOOSTED=2
    if [ "$long" = --long ]; then
        holds lock_boost served -DBOOSTED=2
        holds lock_boost returns -DBOOSTED=2
    fi
    optimise=-O0
}

model_slot() {
    holds slot -
    if [ "$long" = --long ]; then
        holds slot - -DREADERS=2
    fi
    for mutant in NO_RECHECK BLIND_ADD DROP_FIRST COUNT_FIRST LOOSE_ADD; do
        found slot - -D"$mutant"
    done
}

model_list() {
    holds list -
    if [ "$long" = --long ]; then
        holds list - -DOPS=4
    fi
    for mutant in NO_FIRST_SIZE NO_LAST_SIZE NO_LAST_MOVES NO_LAST_SLOT \
        MOVES_EARLY GATE_FIRST SIZE_FIRST KEEP_SLOT FREE_AT_ONCE; do
        found list - -D"$mutant"
    done
}

model_weak() {
    holds weak -
    for mutant in CORPSE NO_RECHECK LATE_DETACH PLAIN_DROP UNLOCKED_LEAVE \
        BLIND_LEAVE CLEAR_FIRST QUEUE_DYING QUEUE_WITHOUT_REFERENCE REUSE_DYING; do
        found weak - -D"$mutant"
    done
}

model_dict() {
    optimise=-O2
    holds dict -
    if [ "$long" = --long ]; then
        holds dict - -DREADS=2
    fi
    for mutant in NO_MOVES NO_AGAIN NO_RECHECK EARLY_INDEX EARLY_ERASE \
        REUSE_ENTRY NO_GRACE NO_LOCK; do
        found dict - -D"$mutant"
    done
}

# Each model in a folder and a process of its own, as many at once as there are
# processors.
models=(lock_boost stop dict weak threads list lock_cpython lock_fifo slot)
running=0
for model in "${models[@]}"; do
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    mkdir "$model.d"
    (
        cd "$model.d"
        "model_$model"
        exit "$failed"
    ) &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"
