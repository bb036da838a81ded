/* SPDX-License-Identifier: MIT */
/*
 * heap/heap_internal.h - what the files of heap/ use of each other, and nobody
 * else does.
 */
#ifndef WEIR_HEAP_HEAP_INTERNAL_H
#define WEIR_HEAP_HEAP_INTERNAL_H

#include "base/mutex.h"
#include "heap/heap.h"

/* [const] between start and stop: wr_heap_config.grace */
extern bool wr_heap_grace;

/* Protects the lists of heaps. */
extern struct wr_mutex wr_heaps_mutex;

/* [lock: heaps] all heaps, abandoned ones included, linked by next */
extern struct wr_heap *wr_heaps_all;

/*
 * Add blocks handed out (or taken back: negative) to the trigger; set COLLECT
 * in *pending if that makes a collection due.  pending may be NULL.
 */
void wr_trigger_add(uint32_t *pending, int64_t blocks);

/*
 * The same for bytes of pools, spans and large buffers that came into use (or
 * went out of it: negative).  pending may be NULL.
 */
void wr_trigger_add_bytes(uint32_t *pending, int64_t bytes);

/*
 * Take a chain of `count` blocks back into a pool of this heap.
 * Caller: owner, or stw.
 */
void wr_pool_take_back(struct wr_heap *heap, struct wr_pool *p, void *first,
                       void *last, uint32_t count);

/*
 * All blocks of a pool of this heap come back at once: start it over.
 * Caller: owner, or stw; nothing of the pool is in use or in a list.
 */
void wr_pool_reset(struct wr_heap *heap, struct wr_pool *p);

/* Give the empty pools of a heap back.  Caller: owner, or stw. */
void wr_heap_trim(struct wr_heap *heap);

/*
 * Give pools nobody uses to limbo or back to their arena, as the space and
 * wr_heap_grace demand.  Any thread, no lock held.
 */
void wr_pools_retire(size_t first, size_t count);

/* Forget what is in limbo, at stop. */
void wr_limbo_stop(void);

/* Point wr_side at its part of the reservation; NULL to forget it. */
void wr_side_start(void *tables, uint8_t *arena_bytes);

/* Parts of wr_heap_fork_lock() and wr_heap_fork_unlock(). */
void wr_arena_fork_lock(void);
void wr_arena_fork_unlock(void);
void wr_side_fork_lock(void);
void wr_side_fork_unlock(void);
void wr_raw_fork_lock(void);
void wr_raw_fork_unlock(void);

#endif
