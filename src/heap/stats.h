/* SPDX-License-Identifier: MIT */
/*
 * heap/stats.h - what the heap looks like: figures, a map, a check.
 */
#ifndef WEIR_HEAP_STATS_H
#define WEIR_HEAP_STATS_H

#include "heap/pool.h"

struct wr_heap_stats {
    size_t reserved_bytes;         /* address space, tables included */
    size_t gc_region_bytes;        /* address space of the gc region */
    size_t other_region_bytes;     /* of the second one */
    size_t arenas;                 /* committed */
    size_t arenas_committed_bytes; /* arenas * 4 MiB */
    size_t arenas_empty;           /* committed without a pool in use */
    size_t pools;                  /* cut into blocks */
    size_t pools_free;             /* unused, in committed arenas */
    size_t pools_limbo;            /* waiting for a grace period */
    size_t spans;                  /* large blocks */
    size_t span_bytes;             /* their pools */
    size_t pool_bytes[WR_SPACES];  /* pools and spans in use */
    size_t blocks_used[WR_SPACES]; /* handed out, large blocks included */
    size_t bytes_used[WR_SPACES];  /* the same, rounded up to block sizes */
    size_t blocks_kept[WR_SPACES]; /* of those: freed, in quarantine */
    size_t bytes_kept[WR_SPACES];  /* checker mode only */
    size_t side_bytes;             /* usable side tables */
    size_t heaps;                  /* of running threads */
    size_t heaps_abandoned;
    uint64_t refills;          /* since start, all heaps */
    uint64_t remote_frees;     /* blocks drained since start */
    uint64_t arenas_committed; /* how often, since start */
    uint64_t arenas_returned;  /* how often, since start */
};

/*
 * Fill *stats.  Walks all pools.  Any thread; counts of blocks of threads that
 * run meanwhile are stale.
 */
void wr_heap_get_stats(struct wr_heap_stats *stats);

/* One committed arena, for a map. */
struct wr_arena_view {
    const void *start;
    bool gc;                         /* in the gc region */
    size_t pools_free;               /* of WR_ARENA_POOLS */
    size_t bytes_used;               /* by blocks handed out */
    uint8_t state[WR_ARENA_POOLS];   /* enum wr_pool_state */
    uint8_t space[WR_ARENA_POOLS];   /* enum wr_space; of pools in use */
    uint32_t block[WR_ARENA_POOLS];  /* block size; 0: span */
    uint8_t percent[WR_ARENA_POOLS]; /* of the blocks that are handed out */
};

/*
 * Show every committed arena in address order.  visit must not use the heap.
 * Any thread, as above.
 */
void wr_heap_visit_arenas(void (*visit)(const struct wr_arena_view *view,
                                        void *context),
                          void *context);

/*
 * Walk the whole heap and compare counts, lists and bitmaps with each other.
 * Returns how many things are wrong; describes the first on *what if not NULL.
 *
 * Caller: world stopped, or no other thread uses the heap.
 */
size_t wr_heap_check(const char **what);

#endif
