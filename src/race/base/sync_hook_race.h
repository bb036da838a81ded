/* SPDX-License-Identifier: MIT */
/*
 * race/base/sync_hook_race.h - the schedule is disturbed at shared words.
 *
 * A thread that takes part counts its accesses down and, at zero, spins for a
 * moment or yields the processor, and draws a new number.  So the moment
 * between two accesses, a few nanoseconds wide otherwise, is now and then as
 * wide as a time slice.  It costs a decrement and a branch per access.
 */
#ifndef WEIR_RACE_SYNC_HOOK_RACE_H
#define WEIR_RACE_SYNC_HOOK_RACE_H

#include <stdint.h>

/* [owner] accesses until the next disturbance; 0: not before 2^32 of them. */
extern __thread uint32_t wr_perturb_left;

/* Take the time out. */
void wr_perturb(void);

static inline void
wr_sync_point(void)
{
    if (__builtin_expect(--wr_perturb_left == 0, 0)) {
        wr_perturb();
    }
}

/*
 * From now on disturb the calling thread once in `mean` accesses on average;
 * 0: no more.  The seed decides when and how.
 */
void wr_perturb_start(uint64_t seed, uint32_t mean);

#endif
