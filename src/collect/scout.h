/* SPDX-License-Identifier: MIT */
/*
 * collect/scout.h - marking along chains, in many places at once.
 */
#ifndef WR_COLLECT_SCOUT_H
#define WR_COLLECT_SCOUT_H

#include "collect/round.h"

/* What a turn with scouts has done. */
struct wr_scouted {
    uint64_t alive; /* objects found alive */
    uint64_t vain;  /* objects walked along that nothing alive led to */
};

/*
 * Go on from the objects on the stack, where marking offers only one at a
 * time; with what is found alive taken from the candidates, and what is to be
 * looked at in the ordinary way left on the stack.  Caller: world stopped, a
 * full collection, all side bytes zero; they are afterwards.
 */
struct wr_scouted wr_scout(struct wr_round *round);

/* What all turns together have done, for tests: has there been one?  Caller:
 * no collection running. */
struct wr_scouted wr_scout_total(void);

#endif
