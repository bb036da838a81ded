/* SPDX-License-Identifier: MIT */
/*
 * collect/ending.h - what is alive when the runtime ends has its last say.
 *
 * Caller of all: runtime stop.  The runtime is closed: no other thread is
 * inside, so nobody needs to be stopped.
 */
#ifndef WR_COLLECT_ENDING_H
#define WR_COLLECT_ENDING_H

#include <stdint.h>

#include <weir/runtime.h>

struct wr_thread;
struct wr_ending;

/*
 * Memory for the figures, if they are wanted; else *out is NULL.  May be
 * called before the runtime is closed.  Returns 0 or WEIR_ENOMEM.
 */
int wr_ending_new(struct wr_ending **out, bool figures);

/* Give it back.  NULL is fine; also when the runtime has gone. */
void wr_ending_free(struct wr_ending *ending);

/* Collect until nothing more is found. */
void wr_ending_collect(void);

/*
 * Count the living by type; `handles` and `finalized` are the caller's.
 * ending may be NULL: then *out is all zero.
 */
void wr_ending_count(struct wr_ending *ending, weir_leaks *out);

/*
 * Run the finalizers of the living that have not run, referrers first.  What
 * has one is kept from now on, so none finds a corpse.  Returns how many ran.
 */
uint64_t wr_ending_finalize(struct wr_thread *self);

/* Call the release functions of the living.  No object may be used after. */
void wr_ending_release(void);

#endif
