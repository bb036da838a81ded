/* SPDX-License-Identifier: MIT */
/*
 * races/store-buffering.c - each actor writes its word, then reads the
 * other's.  With sequential consistency one of them sees the other; stopping
 * the world rests on that (base/pending.h).  The mutant's relaxed store stays
 * in the processor's store buffer for a while, which x86 does show.
 */
#include "race.h"

struct state {
    _Alignas(64) uint32_t mine[2][16];
};

RACE_ACTOR(store_then_load)
{
    unsigned me = race_me();

    if (wr_plant(store_buffer)) {
        wr_store_relaxed(&s->mine[me][0], 1u);
    } else {
        wr_store_seq_cst(&s->mine[me][0], 1u);
    }
    /* Not wr_: a disturbance here would drain the store buffer. */
    r[me] = weir_load_seq_cst(&s->mine[1 - me][0]);
}

const struct race_test race_store_buffering = {
    RACE_IS("store-buffering", "each writes its word, then reads the other's"),
    .flags = RACE_DETACHED | RACE_PARALLEL,
    .actor = {store_then_load, store_then_load},
    .outcomes = {{"0,1", ACCEPTABLE, "actor 0 came first"},
                 {"1,0", ACCEPTABLE, "actor 1 came first"},
                 {"1,1", ACCEPTABLE, "both wrote before either read"},
                 {"0,0", FORBIDDEN, "both read before either write was seen"}},
    .mutants = {{"store-buffer", RACE_ATOMIC}},
};
