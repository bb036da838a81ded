/* SPDX-License-Identifier: MIT */
/*
 * heap/pool.h - a pool: 64 KiB of blocks of one size, of one heap.
 *
 * The one idea: what is known about a pool stands in a dense table and not at
 * the pool's start, so a free finds it with a shift and an add, and headers
 * 64 KiB apart don't fight over one set of the cache.
 *
 * A block is free or handed out.  A free block's link is at offset 16; bytes
 * 0..15 are never changed by handing out or taking back, only zeroed once
 * when a pool is cut into blocks for the first time.  So a free block that
 * had a header keeps the dead count it was freed with [inv:heap.dead-count].
 *
 *   FREE --take--> SMALL --all blocks back--> (LIMBO -->) FREE
 *   FREE --take--> SPAN, REST, REST ... --free--> (LIMBO -->) FREE
 *
 * A SMALL pool is, in its heap: *current* of its bin (blocks are handed out
 * from it), *listed* (has free blocks, waits to become current), or neither
 * (full, or nearly).
 */
#ifndef WEIR_HEAP_POOL_H
#define WEIR_HEAP_POOL_H

#include "base/assert.h"
#include "base/sync.h"
#include "heap/classes.h"
#include "heap/region.h"

struct wr_heap;

enum wr_pool_state {
    WR_POOL_FREE,  /* in an arena, committed or not */
    WR_POOL_SMALL, /* cut into blocks */
    WR_POOL_SPAN,  /* first pool of one large block */
    WR_POOL_REST,  /* another pool of a large block */
    WR_POOL_LIMBO, /* given up by its heap, waits for a grace period */
};

enum {
    WR_POOL_LISTED = 1, /* in the list of its bin */
    WR_POOL_DIRTY = 2,  /* the memory has been used since it was zero */
};

/* `notice` of a current pool: no count is ever that. */
#define WR_NOTICE_NEVER UINT32_MAX

struct wr_pool { /* SHARED */
    /* [owner] [stw] free blocks */
    void *free;

    /* [atomic: push by any thread acq_rel; owner takes all acq_rel] */
    void *remote;

    /*
     * [const] while a block is out: the heap that owns the pool, plus 1 in
     * checker mode, so that every free takes the slow path.  NULL in spans.
     */
    struct wr_heap *heap;

    /* [atomic: owner writes relaxed, anyone reads relaxed] blocks out,
     * those freed by other threads and not yet drained included */
    uint32_t used;

    /* [owner] [stw] a free that brings `used` to this has more to do */
    uint32_t notice;

    /* [atomic: owner writes relaxed, anyone reads relaxed] blocks cut so far,
     * from the start of the pool */
    uint32_t carved;

    /* [owner] [stw] `used` when it was last added to the trigger */
    uint32_t acct_used;

    /* [const] bytes; 0 in spans, see wr_pool_block_bytes() */
    uint32_t block_size;

    /* [owner] [lock: arena] list of a bin, or limbo: index + 1, 0 ends it */
    uint32_t next;
    uint32_t prev;

    union {
        /* [owner of the first push] SMALL: stack of pools with remote frees */
        uint32_t remote_next;
        /* [const] SPAN: how many pools */
        uint32_t span_pools;
        /* [const] REST: index of the first pool */
        uint32_t span_head;
    };

    /* [const] SMALL: how many blocks fit */
    uint16_t nblocks;

    /* [owner] SMALL: blocks from the start whose bytes 0..15 are settled */
    uint16_t prepared;

    /* [const] */
    uint8_t cls;
    uint8_t space;

    /* [atomic: written by the owner or under the arena lock, relaxed; read by
     * anybody, relaxed] a stopped world does not stop the reclaimer, which
     * turns LIMBO into FREE: neither has blocks */
    uint8_t state;

    /* [owner] LISTED [lock: arena] DIRTY, while FREE or LIMBO */
    uint8_t flags;
};

_Static_assert(sizeof(struct wr_pool) == 64, "one cache line per pool");

static inline enum wr_pool_state
wr_pool_state(const struct wr_pool *p)
{
    return (enum wr_pool_state)wr_load_relaxed(&p->state);
}

static inline void
wr_pool_set_state(struct wr_pool *p, enum wr_pool_state state)
{
    wr_store_relaxed(&p->state, (uint8_t)state);
}

/* The pool that a block lies in.  block: in either region. */
static inline struct wr_pool *
wr_pool_of(const void *block)
{
    uintptr_t offset = ((uintptr_t)block >> (WR_POOL_SHIFT - 6)) &
                       ~(uintptr_t)(sizeof(struct wr_pool) - 1);

    return (struct wr_pool *)(wr_region.pool_bias + offset);
}

static inline struct wr_pool *
wr_pool_at(size_t pool)
{
    return &wr_pools[pool];
}

static inline size_t
wr_pool_index_of(const struct wr_pool *p)
{
    return (size_t)(p - wr_pools);
}

/* True if the pool holds blocks: SMALL, or the first pool of a SPAN. */
static inline bool
wr_pool_has_blocks(const struct wr_pool *p)
{
    return wr_pool_state(p) == WR_POOL_SMALL ||
           wr_pool_state(p) == WR_POOL_SPAN;
}

/* Bytes from one block to the next; the whole span for a span. */
static inline size_t
wr_pool_block_bytes(const struct wr_pool *p)
{
    return wr_pool_state(p) == WR_POOL_SPAN
               ? (size_t)p->span_pools << WR_POOL_SHIFT
               : p->block_size;
}

/*
 * Block number n of a pool, free or not.  Blocks 0 .. carved - 1 may be looked
 * at: their bytes 0..15 are readable and their count is 0 while free.
 *
 * Caller: owner of the pool, or the world is stopped.
 */
static inline void *
wr_pool_block_at(size_t pool, size_t n)
{
    WEIR_ASSERT(n < wr_pools[pool].carved);
    return wr_pool_start(pool) + n * wr_pools[pool].block_size;
}

/*
 * The block an address points into, NULL if none was ever cut there.  Slow
 * (divides); for checks and conservative look-up.
 *
 * Caller: as above.
 */
void *wr_pool_find_block(const void *address);

/*
 * One past the highest pool of the gc region that may hold blocks.
 *
 * Caller: world stopped, else only a hint.
 */
size_t wr_pool_count_gc(void);

/* The same for the second region, and so for both.  Caller: as above. */
size_t wr_pool_count_all(void);

/* The heap a SMALL pool belongs to. */
static inline struct wr_heap *
wr_pool_heap(const struct wr_pool *p)
{
    return (struct wr_heap *)((uintptr_t)p->heap & ~(uintptr_t)1);
}

/* The link of a free block. */
static inline void *
wr_block_next(const void *block)
{
    return *(void *const *)(const void *)((const char *)block + 16);
}

static inline void
wr_block_set_next(void *block, void *next)
{
    *(void **)(void *)((char *)block + 16) = next;
}

#endif
