/* SPDX-License-Identifier: MIT */
/*
 * collect/walk.h - every living object, wherever it lies.
 *
 * A block is an object if its count is not zero: that is all that is needed,
 * since what a free block says there stays dead [inv:heap.dead-count].  The
 * collectable region is walked first, then the atoms; the pools of arrays,
 * which have no counts, are left out.  Objects outside the heap (small ints,
 * interned strings, types) are not found this way.
 */
#ifndef WR_COLLECT_WALK_H
#define WR_COLLECT_WALK_H

#include "collect/round.h"

/* Where a walk stands.  Start from zeroes. */
struct wr_walk {
    size_t pool;
    /* of the present pool, in bytes from the region's base; size 0: none */
    struct wr_blocks blocks;
    size_t at;
};

/* Go to the next pool that can hold objects; false at the end. */
static inline bool
wr_walk_pool(struct wr_walk *walk)
{
    size_t end = wr_pool_count_gc();

    for (; walk->pool < wr_pool_count_all(); walk->pool++) {
        const struct wr_pool *p = wr_pool_at(walk->pool);

        if (walk->pool >= end && walk->pool < wr_region.pools_gc) {
            walk->pool = wr_region.pools_gc - 1;
        } else if (wr_pool_has_blocks(p) && p->space != WR_SPACE_RAW) {
            walk->blocks = wr_round_blocks((uint32_t)walk->pool++);
            walk->at = walk->blocks.first;
            return true;
        }
    }
    return false;
}

/*
 * The next living object, NULL at the end.  Between two calls objects may come
 * and go, but for the one that was returned last: its pool is where the walk
 * stands.
 *
 * Caller: attached, the world stopped or no other thread inside.
 */
static inline weir_object *
wr_walk_next(struct wr_walk *walk)
{
    for (;;) {
        while (walk->at < walk->blocks.end) {
            weir_object *o = (weir_object *)(void *)(wr_region.base + walk->at);

            walk->at += walk->blocks.size;
            if (!wr_ref_is_dead(o)) {
                return o;
            }
        }
        if (!wr_walk_pool(walk)) {
            return NULL;
        }
    }
}

#endif
