/* SPDX-License-Identifier: MIT */
/*
 * base/park.h - put this thread to sleep, wake that one.
 *
 * The one idea: a parker holds at most one token.  wr_park() waits for the
 * token and takes it; wr_unpark() leaves it.  A wake-up that comes before the
 * sleep is therefore not lost, and two of them count as one.
 *
 * Exclusion: one thread parks on a parker at a time; any thread may unpark.
 * What the waker wrote before wr_unpark() is visible after wr_park() returns.
 */
#ifndef WEIR_BASE_PARK_H
#define WEIR_BASE_PARK_H

#include <stdbool.h>
#include <stdint.h>

struct wr_parker { /* SHARED */
    /* [atomic: park and unpark exchange acq_rel] empty, token or parked */
    uint32_t state;
};

/*
 * Make the parker empty.  Caller: nobody else knows the parker yet.
 */
void wr_parker_init(struct wr_parker *parker);

/*
 * Wait for the token and take it.  Never returns without it.
 */
void wr_park(struct wr_parker *parker);

/*
 * Wait for the token until wr_clock_ns() reaches deadline_ns.
 *
 * Returns true when the token was taken, false when the time was up; then the
 * parker is empty, and a later token is for a later wr_park().
 */
bool wr_park_until(struct wr_parker *parker, uint64_t deadline_ns);

/*
 * Leave the token; wake the thread that waits for it.  The parker may be gone
 * as soon as its thread can have seen the token, which may be before this
 * returns: nothing of it is read after that.
 */
void wr_unpark(struct wr_parker *parker);

#endif
