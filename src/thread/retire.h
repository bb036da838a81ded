/* SPDX-License-Identifier: MIT */
/*
 * thread/retire.h - replaced arrays and tables, until nobody can see them.
 *
 * The one idea: a block that readers without a lock may be looking into waits
 * for a grace period, linked through its second word, the only one of it that
 * such readers do not trust.  So retiring needs no memory and cannot fail.
 *
 * Read first: thread/gate.h, which says who may be looking.
 */
#ifndef WR_THREAD_RETIRE_H
#define WR_THREAD_RETIRE_H

#include "thread/reclaim.h"

/* Where in the block the link goes; see wr_moves_begin(). */
enum { WR_MOVES_OFFSET = 8 };

/* How many bytes may wait before new blocks are closed to all readers. */
extern size_t wr_retire_limit;

/* Bytes that wait for a grace period.  Any thread. */
size_t wr_retire_bytes(void);

/* Blocks that ever had to wait, since the process began.  Any thread. */
uint64_t wr_retire_count(void);

/*
 * Give back a RAW block of `bytes` bytes that has been replaced: at once where
 * nobody can be looking, else after a grace period.  Needs no memory, and
 * until then changes no more of the block than its second word.
 *
 * gate: the one that led to it; wr_moves_begin() was called before it was
 * replaced.  Caller: attached; may hold the owner's lock.
 */
void wr_raw_retire(struct wr_thread *self, void *block, size_t bytes,
                   uint64_t gate);

/* For the reclaimer: take all that wait; give them back, after the grace. */
void *wr_retired_take(void);
void wr_retired_release(void *first);

#endif
