/* SPDX-License-Identifier: MIT */
/*
 * heap/side.h - the collector's tables about granules of the gc region.
 *
 * The one idea: a byte and four bits per 16 bytes of collectable heap, at an
 * index that is a shift of the address, reserved with the region and committed
 * arena by arena when a collection needs them.  All zero when committed.
 *
 * Pages are asked for before they are written, many at a time: that costs a
 * fraction of taking a fault for each.
 */
#ifndef WEIR_HEAP_SIDE_H
#define WEIR_HEAP_SIDE_H

#include "heap/region.h"

/* Words of each bitmap, and bytes of count, per pool. */
enum {
    WR_SIDE_POOL_WORDS = 1 << (WR_POOL_SHIFT - WR_GRANULE_SHIFT - 6),
    WR_SIDE_POOL_COUNTS = 1 << (WR_POOL_SHIFT - WR_GRANULE_SHIFT)
};

struct wr_side {
    int8_t *count;  /* per granule: trial count; zero at rest */
    uint64_t *cand; /* bit per granule: candidate; zero at rest */
    uint64_t *mark; /* marked; zero at rest */
    uint64_t *old1; /* generation 1 or older */
    uint64_t *old2; /* generation 2 */
};

/* [const] the tables; what is in them belongs to the collector */
extern struct wr_side wr_side WR_HEAP_HOT;

/*
 * Make the tables usable for pools first .. last, both included, of the gc
 * region.  Idempotent; cheap if it was done before.
 *
 * Caller: any thread.  Returns 0, or WR_ENOMEM: then some of it may be usable.
 */
int wr_side_commit(size_t first_pool, size_t last_pool);

/* Tables that are written together. */
enum wr_side_part {
    WR_SIDE_COUNT,   /* count */
    WR_SIDE_MARK,    /* mark */
    WR_SIDE_BITMAPS, /* cand, old1, old2 */
    WR_SIDE_PARTS
};

/*
 * Have the pages of a part of the tables ready for pools first .. last, both
 * included.  For speed alone: without it, or when there is no memory, they
 * come when they are written.  Cheap if it was done before.
 *
 * Caller: has committed the pools; the world is stopped.
 */
void wr_side_populate(size_t first_pool, size_t last_pool,
                      enum wr_side_part part);

/*
 * Give back what is zero at rest: count and mark everywhere, and all tables
 * of arenas that are gone.  They stay usable.
 *
 * Caller: world stopped, and count and mark are not needed any more; what is
 * in them is lost.
 */
void wr_side_release(void);

/* Bytes of tables that are usable, and so may be resident. */
size_t wr_side_committed_bytes(void);

#endif
