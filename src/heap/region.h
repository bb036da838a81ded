/* SPDX-License-Identifier: MIT */
/*
 * heap/region.h - the one reserved range of addresses.
 *
 * The one idea: [gc region | second region] is reserved once, and the gc
 * region holds collectable objects and nothing else.  One subtraction and one
 * compare so rejects NULL, tagged values, static immortals and atoms without
 * reading them, and every table about pools or granules is a dense array.
 *
 * The same reservation holds those tables: pools, touched bytes, arena
 * bookkeeping, side data of the collector.
 */
#ifndef WEIR_HEAP_REGION_H
#define WEIR_HEAP_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "heap/classes.h"

/*
 * Not reached through the table of global offsets in a shared library: the
 * hot paths read these.
 */
#define WR_HEAP_HOT __attribute__((visibility("hidden")))

struct wr_pool;

struct wr_region { /* SHARED */
    /* [const] start of the gc region; NULL while the heap is stopped */
    char *base;

    /* [const] bytes of the gc region */
    size_t size;

    /* [const] end of the second region, which starts at base + size */
    char *end_all;

    /* [const] bytes of both */
    size_t size_all;

    /* [const] address of the pool entry that address 0 would have */
    uintptr_t pool_bias;

    /* [const] pools in the gc region, and in both */
    size_t pools_gc;
    size_t pools_all;

    /* [const] the whole reservation, tables included */
    void *map;
    size_t map_bytes;
};

/* [const] between wr_heap_start() and wr_heap_stop() */
extern struct wr_region wr_region WR_HEAP_HOT;

/* [const] one entry per 64 KiB of both regions; see heap/pool.h */
extern struct wr_pool *wr_pools WR_HEAP_HOT;

/* In wr_touched: nothing in the pool takes part in collections, and since the
 * collector said so no block has been handed out and nothing tracked there. */
enum { WR_TOUCHED_FROZEN = 4 };

/*
 * One byte per pool.  Bit 0: blocks were handed out since bit 0 was last
 * cleared; bit 1 the same for bit 1.  The collector clears both, stw, and may
 * then say WR_TOUCHED_FROZEN.
 *
 * [atomic: set relaxed by the thread that owns the pool, or that tracks an
 * object there that was not; read and cleared plainly stw]
 */
extern uint8_t *wr_touched WR_HEAP_HOT;

/* True for an address in the gc region, whatever lies there. */
static inline bool
wr_in_gc(const void *p)
{
    return (uintptr_t)p - (uintptr_t)wr_region.base < wr_region.size;
}

/* True for an address in either region. */
static inline bool
wr_in_region(const void *p)
{
    return (uintptr_t)p - (uintptr_t)wr_region.base < wr_region.size_all;
}

/* Index of the 16 bytes at p, for side data.  p: in the gc region. */
static inline size_t
wr_granule(const void *p)
{
    return ((uintptr_t)p - (uintptr_t)wr_region.base) >> WR_GRANULE_SHIFT;
}

/* Index of the pool p lies in.  p: in either region. */
static inline size_t
wr_pool_index(const void *p)
{
    return ((uintptr_t)p - (uintptr_t)wr_region.base) >> WR_POOL_SHIFT;
}

/* First byte of a pool. */
static inline char *
wr_pool_start(size_t pool)
{
    return wr_region.base + (pool << WR_POOL_SHIFT);
}

/* Where the tables behind the regions start; for the heap's own start-up. */
struct wr_region_tables {
    void *pools;
    void *touched;
    void *arenas;
    size_t arenas_bytes;
    void *side;
};

/*
 * Reserve the range: gc_bytes + other_bytes, 0 for the default of 64 GiB each,
 * both halved until the system agrees.  Nothing is committed but the tables of
 * pools, touched bytes and arenas, which are zero pages until used.
 *
 * arenas_per: bytes of bookkeeping the caller wants per arena.
 * Returns 0, or WR_ENOMEM with nothing done.
 */
int wr_region_reserve(size_t gc_bytes, size_t other_bytes, size_t arenas_per,
                      struct wr_region_tables *tables);

/* Give the whole range back. */
void wr_region_unmap(void);

#endif
