/* SPDX-License-Identifier: MIT */
/*
 * races/message-passing.c - what was written before a release is seen after
 * the acquire that saw it: the order every publication in the runtime rests
 * on.  The mutant swaps the two stores; a release turned into a relaxed store
 * would be no visible mutant on x86, which never reorders stores.
 */
#include "race.h"

struct state {
    uint32_t message;
    uint32_t flag;
};

RACE_ACTOR(sender)
{
    if (wr_plant(publish_early)) {
        wr_store_release(&s->flag, 1u);
        wr_plant_pause();
    }
    wr_store_relaxed(&s->message, 7u);
    wr_store_release(&s->flag, 1u);
}

RACE_ACTOR(receiver)
{
    r[0] = wr_load_acquire(&s->flag);
    r[1] = wr_load_relaxed(&s->message);
}

const struct race_test race_message_passing = {
    RACE_IS("message-passing", "a message, then a flag: release and acquire"),
    .flags = RACE_DETACHED | RACE_PARALLEL,
    .actor = {sender, receiver},
    .outcomes = {{"0,0", ACCEPTABLE, "the receiver came first"},
                 {"1,7", ACCEPTABLE, "the sender came first"},
                 {"0,7", ACCEPTABLE, "the receiver came in between"},
                 {"1,0", FORBIDDEN, "the flag is there, the message is not"}},
    .mutants = {{"publish-early", RACE_ATOMIC}},
};
