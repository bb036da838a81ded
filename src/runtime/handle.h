/* SPDX-License-Identifier: MIT */
/*
 * runtime/handle.h - the table of handles, for start, stop and fork.
 */
#ifndef WR_RUNTIME_HANDLE_H
#define WR_RUNTIME_HANDLE_H

#include <weir/handle.h>

/* Visit every object that a handle names, once for each: for the collector,
 * which then knows it to be alive.  Caller: world stopped. */
void wr_handle_each_stw(void (*visit)(weir_object *o, void *context),
                        void *context);

/* Begin a run: no handle of an earlier one is valid.  Cannot fail. */
void wr_handle_start(void);

/*
 * Forget all handles without dropping their references, and give the table
 * back.  Caller: runtime stop, no other thread attached.  Harmless if not
 * started.
 */
void wr_handle_stop(void);

/* Around a fork, on both sides: take and give back the table. */
void wr_handle_fork_lock(void);
void wr_handle_fork_unlock(void);

#endif
