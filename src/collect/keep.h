/* SPDX-License-Identifier: MIT */
/*
 * collect/keep.h - garbage that is kept: what cannot be freed, and what is not
 * to be.
 *
 * Garbage that waits for a legacy finalizer is alive, with all that it
 * reaches, from the moment it is found; the objects that wait go to a list,
 * which owns a reference to each.  With WEIR_GC_DEBUG_SAVEALL all garbage goes
 * there, after its finalizers have run.
 *
 * [inv:collect.kept] The list changes only while the world is stopped.
 */
#ifndef WR_COLLECT_KEEP_H
#define WR_COLLECT_KEEP_H

#include "collect/round.h"

/*
 * Take what waits for a legacy finalizer, and what that reaches, out of the
 * garbage; round->uncollectable says how many that were.  Without memory they
 * live without being listed, and the next collection of their generation finds
 * them again.  Caller: world stopped, after wr_detect().
 */
void wr_keep_legacy_stw(struct wr_round *round);

/* Tell the hook of what was uncollectable, of what is going to be freed.
 * Caller: attached, world running, garbage marked. */
void wr_keep_report(struct wr_round *round, struct wr_thread *self);
void wr_keep_report_garbage(const struct wr_round *round);

/*
 * All that is garbage for good goes to the list instead.  Caller: world
 * stopped, after wr_detect_again().  0, or WEIR_ENOMEM: then it lives, as if it
 * had been resurrected.
 */
int wr_keep_all_stw(struct wr_round *round);

/* A new reference to each object of the list.  0 or WEIR_ENOMEM.  Caller:
 * attached. */
int wr_keep_copy(struct wr_thread *self, struct wr_vector *out);

/* Forget the list without dropping anything.  Caller: runtime stop. */
void wr_keep_stop(void);

#endif
