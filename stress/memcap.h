/* SPDX-License-Identifier: MIT */
/*
 * stress/memcap.h - end a run whose memory grows past a cap.
 */
#ifndef WR_STRESS_MEMCAP_H
#define WR_STRESS_MEMCAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Start a thread that looks at the resident memory every few milliseconds.
 * When it is above `bytes`, it calls exceeded(context) and ends the process
 * with what that returns.  Other threads are then still running, so the
 * callback touches nothing that they write.
 *
 * Caller: the main thread, once.  False when the thread cannot be started.
 */
bool wr_memcap_start(uint64_t bytes, int (*exceeded)(void *context),
                     void *context);

/*
 * The run is over: from now on the cap is not enforced.  Does not return when
 * the cap was passed before: the process is about to end.
 *
 * Caller: the main thread; also without wr_memcap_start().
 */
void wr_memcap_stop(void);

#endif
