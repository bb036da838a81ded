/* SPDX-License-Identifier: MIT */
/*
 * heap/limbo.h - pools between two lives.
 *
 * The one idea: a reader without a lock may hold the address of a block that
 * was just freed; it looks at the count and backs off because that is dead.
 * This works only while the memory stays a block of its kind.  So with `grace`
 * a pool that leaves its heap, and a span that is freed, wait here until every
 * reader of that time is gone [inv:heap.grace].  heap/ does not know who those
 * readers are: thread/ takes the batch, waits, and releases it.
 *
 * Pools of the raw space have no counts and never wait.
 */
#ifndef WEIR_HEAP_LIMBO_H
#define WEIR_HEAP_LIMBO_H

#include "heap/pool.h"

/* Pools taken out of limbo together.  An empty batch has count 0. */
struct wr_limbo_batch {
    uint32_t first;
    size_t count;
};

/*
 * Called, if not NULL, when limbo stops being empty, and again now and then
 * while it grows, for whoever empties it may have failed: by any thread,
 * inside a free, a refill or a stop, holding no lock of the heap.  It must not
 * allocate from or free to the heap, nor wait.  Set before the first thread
 * uses the heap.
 */
extern void (*wr_limbo_wake)(void);

/* True if pools wait.  A hint while others run. */
bool wr_limbo_pending(void);

/* Take all that wait.  Any thread. */
struct wr_limbo_batch wr_limbo_take(void);

/*
 * Give the pools of a batch back to their arenas, once a grace period began
 * after wr_limbo_take() and ended.  Any thread.
 */
void wr_limbo_release(struct wr_limbo_batch batch);

#endif
