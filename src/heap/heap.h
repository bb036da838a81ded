/* SPDX-License-Identifier: MIT */
/*
 * heap/heap.h - a thread's heap: hand out a block, take one back.
 *
 * The one idea: each thread has a heap, a heap has one current pool per bin
 * (space and size class), and both directions are a handful of instructions
 * on that pool's own list.  Everything rare hangs on two tests that are needed
 * anyway: "the list is empty" when handing out, "the count reached `notice`"
 * and "the pool is mine" when taking back.  Fault injection and the checker
 * use the same tests (the current pools are hidden, the owner is tagged), so
 * they cost nothing when off.
 *
 * Read first: heap/pool.h; then docs/protocols-heap.md.
 */
#ifndef WEIR_HEAP_HEAP_H
#define WEIR_HEAP_HEAP_H

#include "base/pending.h"
#include "heap/pool.h"

struct wr_heap { /* SHARED */
    /* [owner] [stw] where blocks come from; &wr_pool_none: ask the slow path */
    struct wr_pool *cur[WR_BINS];

    /* [owner] [stw] the current pools; NULL: none.  cur[] hides them while
     * `slow` is set */
    struct wr_pool *real[WR_BINS];

    /* [owner] [stw] pools with free blocks, first in first out: index + 1 */
    uint32_t list_head[WR_BINS];
    uint32_t list_tail[WR_BINS];

    /* [stw] every allocation takes the slow path */
    bool slow;

    /* [lock: heaps] no thread owns it */
    bool abandoned;

    /* [owner] [stw] the owner's pending word; NULL while abandoned */
    uint32_t *pending;

    /* [owner] [stw] checker mode: blocks kept back, oldest first */
    void *quarantine_head;
    void *quarantine_tail;
    size_t quarantine_bytes;

    /* [stat] written by the owner: what is kept back, by space */
    size_t quarantined_blocks[WR_SPACES];
    size_t quarantined_bytes[WR_SPACES];

    /* [lock: heaps] list of all heaps, list of abandoned ones */
    struct wr_heap *next;
    struct wr_heap *next_abandoned;

    /* [stat] */
    uint64_t refills;
    uint64_t drained;

    char pad_before_[64];

    /* [atomic: push by any thread acq_rel; owner takes all acq_rel] pools
     * with remote frees: index + 1 */
    uint32_t remote_pools;

    char pad_after_[64];
};

/*
 * Blocks of the gc space handed out and not returned, as a difference since
 * somebody last set it, counted when a heap takes a new stretch of blocks or
 * gives a pool up: late by at most one stretch per bin.
 */
struct wr_trigger { /* SHARED */
    /* [atomic: heaps add relaxed; collector stores relaxed stw] */
    int64_t net;

    /* [atomic: anyone reads and writes relaxed] 0 or less: never due */
    int64_t limit;

    /* [atomic: anyone adds relaxed] bytes of pools and spans in use and of
     * large buffers; pools in limbo are not in use */
    int64_t held;

    /* [atomic: collector writes relaxed, anyone reads] 0: never due */
    int64_t held_limit;

    /* [atomic: as held_limit] the heap does not look at it: far beyond */
    int64_t held_most;
};

/* When net or held passes its limit, the heap that saw it sets
 * WR_PENDING_COLLECT. */
extern struct wr_trigger wr_trigger WR_HEAP_HOT;

/* A pool without blocks: what cur[] holds where there is no current pool. */
extern struct wr_pool wr_pool_none WR_HEAP_HOT;

struct wr_heap_config {
    size_t gc_bytes;    /* address space; 0: 64 GiB; halved until it fits */
    size_t other_bytes; /* the same for atoms, arrays and tables */
    bool checker;       /* redzones, quarantine, poison: heap/checker.h */
    bool grace;         /* pools of the gc and atom spaces wait in limbo */
};

/*
 * Reserve the region.  config may be NULL for the defaults.
 *
 * Caller: nobody else uses the heap.  Returns 0, or WR_ENOMEM (nothing done).
 */
int wr_heap_start(const struct wr_heap_config *config);

/*
 * Unmap everything and free every heap; all blocks are gone.  The heap may be
 * started again.  Batches taken from limbo must have been released.
 *
 * Caller: nobody else uses the heap.
 */
void wr_heap_stop(void);

/*
 * A heap for the calling thread: an abandoned one with all its pools if there
 * is one, else a new one.  pending: the thread's pending word (may be NULL),
 * which lives until wr_heap_abandon().  Returns NULL if out of memory.
 */
struct wr_heap *wr_heap_new(uint32_t *pending);

/*
 * Give a heap up with all its pools; some later wr_heap_new() takes it over.
 * Empty pools go back at once.
 *
 * Caller: the owner, or world stopped.  NULL is fine.
 */
void wr_heap_abandon(struct wr_heap *heap);

/* Slow paths of the two inlines below; not to be called directly. */
void *wr_heap_alloc_slow(struct wr_heap *heap, unsigned space, size_t size);
void *wr_heap_alloc_large(struct wr_heap *heap, unsigned space, size_t size);
void wr_heap_free_slow(struct wr_heap *heap, struct wr_pool *p, void *block);
void wr_pool_notice(struct wr_heap *heap, struct wr_pool *p);

/*
 * wr_heap_alloc() as long as it is a handful of instructions: the next block
 * of the current pool, or NULL.  For callers that leave the rest to a function
 * of their own, so that their common path needs no stack frame.  size: at
 * most WR_BLOCK_MAX.  Caller: the thread that owns the heap.
 */
static inline void *
wr_heap_alloc_quick(struct wr_heap *heap, unsigned space, size_t size)
{
    struct wr_pool *p = heap->cur[wr_bin_of(space, wr_class_of(size))];
    void *block = p->free;

    if (wr_likely(block != NULL)) {
        p->free = wr_block_next(block);
        wr_store_relaxed(&p->used, p->used + 1);
    }
    return block;
}

/*
 * A block of at least `size` bytes, aligned to 16, its first 16 bytes zero or
 * what the last owner of the block left there (with a dead count), the rest
 * undefined.  Above WR_BLOCK_MAX: a span, spaces GC and ATOM only.
 *
 * Caller: the thread that owns the heap.  Returns NULL if out of memory.
 */
static inline void *
wr_heap_alloc(struct wr_heap *heap, unsigned space, size_t size)
{
    void *block;

    if (wr_unlikely(size > WR_BLOCK_MAX)) {
        return wr_heap_alloc_large(heap, space, size);
    }
    block = wr_heap_alloc_quick(heap, space, size);
    if (wr_unlikely(block == NULL)) {
        return wr_heap_alloc_slow(heap, space, size);
    }
    return block;
}

/*
 * Take a block back.  Its count (bytes 8..15) must be dead, that is 0, if it
 * has a header; bytes 0..15 stay as they are.
 *
 * Caller: owns `heap`; the block may come from any heap and any space.
 */
static inline void
wr_heap_free(struct wr_heap *heap, void *block)
{
    WEIR_ASSERT(wr_in_region(block));
    struct wr_pool *p = wr_pool_of(block);
    if (wr_unlikely(p->heap != heap)) {
        wr_heap_free_slow(heap, p, block);
        return;
    }
    uint32_t used = p->used - 1;
    wr_block_set_next(block, p->free);
    p->free = block;
    wr_store_relaxed(&p->used, used);
    if (wr_unlikely(used == p->notice)) {
        wr_pool_notice(heap, p);
    }
}

/*
 * Free every block of a pool whose start has its bit set.  bits: one per
 * granule of this pool, WR_POOL_BYTES / 1024 words; of a span bit 0 counts.
 * The pool may be given back, and its arena with it, before this returns.
 *
 * Caller: owns `heap`; the pool may be another's, then the blocks reach it as
 * one remote push.  Bits must be starts of blocks that are handed out.  The
 * caller has had each in hand to leave it dead, and has linked it to the next
 * in address order (wr_block_set_next()): here none is touched.
 */
void wr_heap_free_batch(struct wr_heap *heap, size_t pool,
                        const uint64_t *bits);

/*
 * Take what other threads freed into this heap's pools.  Cheap when there is
 * nothing.  Caller: the owner, or world stopped.
 */
void wr_heap_drain_remote(struct wr_heap *heap);

/* The same for all heaps, abandoned ones included.  Caller: world stopped. */
void wr_heap_drain_all_stw(void);

/*
 * Bring wr_trigger.net up to date with this heap's current pools.  What was
 * freed into pools that are not current is not counted until they are.
 *
 * Caller: the owner, or world stopped.
 */
void wr_heap_account(struct wr_heap *heap);

/* The same for all heaps, to be called before net is reset. */
void wr_heap_account_all_stw(void);

/*
 * Mark the current pools of all heaps touched again: they hand out blocks
 * without coming by.  Caller: world stopped, after a collection cleared
 * touched bytes.
 */
void wr_heap_retouch_stw(void);

/*
 * Give back the pools that are empty, current or listed, of all heaps.
 * Caller: world stopped.
 */
void wr_heap_trim_stw(void);

/*
 * Switch slow mode, in which every allocation of every heap, present and
 * future, asks wr_fault_hit() first.  Checker mode is always slow.
 *
 * Caller: world stopped, or no other thread uses the heap.
 */
void wr_heap_set_slow_stw(bool slow);

/* Around a fork, on both sides: take and give back the mutexes of heap/. */
void wr_heap_fork_lock(void);
void wr_heap_fork_unlock(void);

#endif
