/* SPDX-License-Identifier: MIT */
/*
 * stress/races/actor.h - the calling thread as an actor.
 *
 * What race.h offers to actors needs to know who calls: that is kept in the
 * thread.  An arm sets it up.
 */
#ifndef WR_RACES_ACTOR_H
#define WR_RACES_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct wr_race_actor {
    unsigned index;

    /* the sample it is in */
    uint64_t sample;

    struct wr_random random;
};

/*
 * From now on the calling thread is this actor, or with NULL none.  Planted
 * faults pause only on an actor.
 */
void wr_race_actor_be(struct wr_race_actor *actor);

/* Which actor the calling thread is; -1: none. */
int wr_race_actor_index(void);

/* The processor that actor `index` runs on: as many as there are, in turn;
 * -1: that cannot be found out. */
int wr_race_processor(unsigned index);

/* Set the sample of the calling thread, actor or not. */
void wr_race_sample_set(uint64_t sample);

/*
 * Let others run.  Attached under the global lock, the thread gives it to a
 * waiter, if there is one.  Otherwise it yields the processor.
 */
void wr_race_give_way(void);

#endif
