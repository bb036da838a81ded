/* SPDX-License-Identifier: MIT */
/*
 * runtime/stop.h - the steps of an end, for stop.c; start.c has the state.
 */
#ifndef WR_RUNTIME_STOP_H
#define WR_RUNTIME_STOP_H

#include <weir/runtime.h>

/*
 * Decide to stop: no other thread is inside, and none can come in any more.
 * The runtime works on for the caller until wr_runtime_down().
 * Returns 0, or WEIR_EBUSY or WEIR_ESTATE as weir_stop(): nothing has changed.
 */
int wr_runtime_close(void);

/* Take the floors down.  Caller: after wr_runtime_close(), attached. */
void wr_runtime_down(void);

/*
 * Leave everything as it is, for good.  Returns 0, or WEIR_EBUSY or
 * WEIR_ESTATE as weir_stop_fast().  Any thread; takes no lock.
 */
int wr_runtime_leave(void);

#endif
