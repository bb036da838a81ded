/* SPDX-License-Identifier: MIT */
/*
 * base/pending.h - the word a thread looks at to learn that it is wanted.
 *
 * The one idea: whoever needs a thread to do something sets a bit in that
 * thread's pending word; the thread finds it at its next checkpoint.  A lower
 * floor can so wake a higher one without calling it: the bits are named here,
 * the dispatch stands in runtime/.
 *
 * Setting is seq_cst because each user pairs the word with a second variable
 * in the store-then-load pattern: the stopper sets STOP and then reads the
 * thread's state, while the thread writes its state and then reads the word.
 */
#ifndef WEIR_BASE_PENDING_H
#define WEIR_BASE_PENDING_H

#include <stdint.h>

#include "base/sync.h"

enum {
    WR_PENDING_STOP = 1,      /* a thread stops the world */
    WR_PENDING_DROP = 2,      /* somebody waits for the global lock */
    WR_PENDING_COLLECT = 4,   /* a collection is due */
    WR_PENDING_RECLAIM = 8,   /* a grace period waits for this thread */
    WR_PENDING_MERGE = 16,    /* kept for biased counts */
    WR_PENDING_DETACHED = 32, /* this thread is not attached */
};

/* Set bits; returns those that were set before. */
static inline uint32_t
wr_pending_set(uint32_t *word, uint32_t bits)
{
    return wr_fetch_or_seq_cst(word, bits);
}

/* Clear bits; returns those that were set before. */
static inline uint32_t
wr_pending_clear(uint32_t *word, uint32_t bits)
{
    return wr_fetch_and_acq_rel(word, ~bits);
}

#endif
