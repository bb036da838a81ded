/* SPDX-License-Identifier: MIT */
/*
 * races/attach-stop.c - a thread detaches and attaches while another one stops
 * the world: nobody runs attached then [inv:stop.alone].
 *
 * Between its two steps `go` comes to no checkpoint, so a stop never sees it
 * there.
 */
#include "race.h"
#include "thread/safepoint.h"

struct state {
    _Alignas(64) uint32_t inside;
};

enum { LOOKS = 16 };

RACE_ACTOR(go)
{
    RACE_OK(weir_blocking_begin());
    RACE_OK(weir_blocking_end());
    wr_store_relaxed(&s->inside, 1u);
    wr_store_relaxed(&s->inside, 0u);
}

RACE_ACTOR(stop)
{
    struct wr_thread *self = wr_self();
    uint32_t seen = 0;

    wr_stop_world(self);
    for (int i = 0; i < LOOKS; i++) {
        seen |= wr_load_relaxed(&s->inside);
    }
    wr_start_world(self);
    r[0] = seen;
}

const struct race_test race_attach_stop = {
    RACE_IS("attach-stop", "one detaches and attaches, one stops the world"),
    .actor = {go, stop},
    .outcomes = {{"0", ACCEPTABLE, "nobody ran during the stop"},
                 {"1", FORBIDDEN, "a thread ran attached during the stop"}},
    .mutants = {{"attach-through", RACE_ATOMIC}},
};
