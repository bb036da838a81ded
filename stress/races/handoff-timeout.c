/* SPDX-License-Identifier: MIT */
/*
 * races/handoff-timeout.c - the global lock is let go of while those who wait
 * for it run out of patience: one thread has it, and nobody is forgotten.
 * Where threads run in parallel there is no such lock.
 */
#include "race.h"
#include "thread/lock.h"

struct state {
    _Alignas(64) uint32_t inside;
};

enum { ROUNDS = 3 };

RACE_ACTOR(hand_over)
{
    uint32_t most = 0;

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t others;

        RACE_OK(weir_blocking_begin());
        RACE_OK(weir_blocking_end());
        if (wr_lock_on()) {
            others = wr_fetch_add_relaxed(&s->inside, 1u);
            most = others > most ? others : most;
            (void)wr_fetch_sub_relaxed(&s->inside, 1u);
        }
    }
    r[race_me()] = most;
    race_point();
}

const struct race_test race_handoff_timeout = {
    RACE_IS("handoff-timeout", "three hand the global lock to each other"),
    .actor = {hand_over, hand_over, hand_over},
    .outcomes = {{"0,0,0", ACCEPTABLE, "each was alone"},
                 {"*,*,*", FORBIDDEN, "two had the lock at once"}},
    .mutants = {{"offer-torn", RACE_GIL}},
};
