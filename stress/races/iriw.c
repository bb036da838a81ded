/* SPDX-License-Identifier: MIT */
/*
 * races/iriw.c - independent reads of independent writes: two readers agree
 * on the order in which two words were written by two others.
 *
 * x86 keeps that order for any loads, so loads made relaxed by mistake could
 * not be caught here: the mutant swaps the two loads of one reader instead.  A
 * processor that is not multi-copy atomic, POWER, could show the real thing.
 */
#include "race.h"

struct state {
    _Alignas(64) uint32_t word[2][16];
};

RACE_ACTOR(writer)
{
    wr_store_seq_cst(&s->word[race_me()][0], 1u);
}

/* The first one reads word 0, then 1; the second one the other way round. */
RACE_ACTOR(reader)
{
    unsigned i = race_me() - 2;
    unsigned k = wr_plant(iriw_swapped) && i == 0 ? 1 : 0;

    r[2 * i + k] = wr_load_seq_cst(&s->word[i ^ k][0]);
    if (wr_plant(iriw_swapped)) {
        wr_plant_pause();
    }
    r[2 * i + 1 - k] = wr_load_seq_cst(&s->word[1 - (i ^ k)][0]);
}

const struct race_test race_iriw = {
    RACE_IS("iriw", "two write a word each, two read both, in opposite order"),
    .flags = RACE_DETACHED | RACE_PARALLEL,
    .actor = {writer, writer, reader, reader},
    .outcomes = {{"1,0,1,0", FORBIDDEN, "the readers disagree on the order"},
                 {"*,*,*,*", ACCEPTABLE, "one order explains what both saw"}},
    .mutants = {{"iriw-swapped", RACE_ATOMIC}},
};
