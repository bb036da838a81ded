/* SPDX-License-Identifier: MIT */
/*
 * races/stop-stop.c - two threads stop the world: one after the other.
 */
#include "race.h"
#include "thread/safepoint.h"

struct state {
    _Alignas(64) uint32_t inside;
};

RACE_ACTOR(stop)
{
    struct wr_thread *self = wr_self();

    wr_stop_world(self);
    r[race_me()] = wr_fetch_add_relaxed(&s->inside, 1u);
    (void)wr_fetch_sub_relaxed(&s->inside, 1u);
    wr_start_world(self);
}

const struct race_test race_stop_stop = {
    RACE_IS("stop-stop", "two threads stop the world"),
    .actor = {stop, stop},
    .outcomes = {{"0,0", ACCEPTABLE, "each was alone in its stop"},
                 {"*,*", FORBIDDEN, "the world was stopped twice at once"}},
    .mutants = {{"stop-unturned", RACE_ATOMIC}},
};
