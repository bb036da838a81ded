/* SPDX-License-Identifier: MIT */
/*
 * heap/stats.c - figures and the map.
 *
 * Everything is read from the table of pools under the arena lock, so nothing
 * has to be counted while the program runs.
 */
#include "heap/stats.h"

#include "base/bitmap.h"
#include "heap/arena.h"
#include "heap/heap_internal.h"
#include "heap/raw.h"
#include "heap/side.h"

static void
add_pool(struct wr_heap_stats *stats, const struct wr_pool *p)
{
    size_t blocks = wr_load_relaxed(&p->used);

    switch (wr_pool_state(p)) {
    case WR_POOL_FREE:
        stats->pools_free++;
        break;
    case WR_POOL_LIMBO:
        stats->pools_limbo++;
        break;
    case WR_POOL_SMALL:
        stats->pools++;
        stats->pool_bytes[p->space] += WR_POOL_BYTES;
        stats->blocks_used[p->space] += blocks;
        stats->bytes_used[p->space] += blocks * p->block_size;
        break;
    case WR_POOL_SPAN: {
        size_t bytes = wr_pool_block_bytes(p);

        stats->spans++;
        stats->span_bytes += bytes;
        stats->pool_bytes[p->space] += bytes;
        stats->blocks_used[p->space]++;
        stats->bytes_used[p->space] += bytes;
        break;
    }
    case WR_POOL_REST:
        break;
    }
}

static void
add_heaps(struct wr_heap_stats *stats)
{
    wr_mutex_lock(&wr_heaps_mutex);
    for (struct wr_heap *h = wr_heaps_all; h != NULL; h = h->next) {
        *(h->abandoned ? &stats->heaps_abandoned : &stats->heaps) += 1;
        stats->refills += wr_load_relaxed(&h->refills);
        stats->remote_frees += wr_load_relaxed(&h->drained);
        for (unsigned space = 0; space < WR_SPACES; space++) {
            stats->blocks_kept[space] +=
                wr_load_relaxed(&h->quarantined_blocks[space]);
            stats->bytes_kept[space] +=
                wr_load_relaxed(&h->quarantined_bytes[space]);
        }
    }
    wr_mutex_unlock(&wr_heaps_mutex);
}

void
wr_heap_get_stats(struct wr_heap_stats *stats)
{
    static const struct wr_heap_stats none;

    *stats = none;
    if (wr_region.base == NULL) {
        return;
    }
    stats->reserved_bytes = wr_region.map_bytes;
    stats->gc_region_bytes = wr_region.size;
    stats->other_region_bytes = wr_region.size_all - wr_region.size;
    stats->side_bytes = wr_side_committed_bytes();
    stats->bytes_used[WR_SPACE_RAW] = wr_raw_large_bytes();
    add_heaps(stats);
    wr_mutex_lock(&wr_arena_mutex);
    for (size_t a = 0; a < wr_arena_count(); a++) {
        if (!wr_arena_committed_locked(a)) {
            continue;
        }
        stats->arenas++;
        stats->arenas_empty += wr_arena_free_locked(a) == UINT64_MAX;
        for (size_t i = 0; i < WR_ARENA_POOLS; i++) {
            add_pool(stats, &wr_pools[a * WR_ARENA_POOLS + i]);
        }
    }
    struct wr_arena_stats arena_stats = wr_arena_stats_locked();
    wr_mutex_unlock(&wr_arena_mutex);
    stats->arenas_committed_bytes = stats->arenas * WR_ARENA_BYTES;
    stats->arenas_committed = arena_stats.committed;
    stats->arenas_returned = arena_stats.returned;
}

/* How full a pool is; a span and its rest are full. */
static uint8_t
percent_of(const struct wr_pool *p)
{
    switch (wr_pool_state(p)) {
    case WR_POOL_SMALL:
        return (uint8_t)(wr_load_relaxed(&p->used) * 100U / p->nblocks);
    case WR_POOL_SPAN:
    case WR_POOL_REST:
        return 100;
    case WR_POOL_FREE:
    case WR_POOL_LIMBO:
        break;
    }
    return 0;
}

static void
view_arena_locked(struct wr_arena_view *view, size_t arena)
{
    size_t first = arena * WR_ARENA_POOLS;

    view->start = wr_pool_start(first);
    view->gc = first < wr_region.pools_gc;
    view->pools_free = wr_bitmap_popcount_word(wr_arena_free_locked(arena));
    view->bytes_used = 0;
    for (size_t i = 0; i < WR_ARENA_POOLS; i++) {
        const struct wr_pool *p = &wr_pools[first + i];
        bool small = wr_pool_state(p) == WR_POOL_SMALL;

        view->state[i] = (uint8_t)wr_pool_state(p);
        view->space[i] = p->space;
        view->block[i] = small ? p->block_size : 0;
        view->percent[i] = percent_of(p);
        if (small) {
            view->bytes_used +=
                (size_t)wr_load_relaxed(&p->used) * p->block_size;
        } else if (wr_pool_state(p) == WR_POOL_SPAN ||
                   wr_pool_state(p) == WR_POOL_REST) {
            view->bytes_used += WR_POOL_BYTES;
        }
    }
}

void
wr_heap_visit_arenas(void (*visit)(const struct wr_arena_view *view,
                                   void *context),
                     void *context)
{
    struct wr_arena_view view;

    for (size_t a = 0; a < wr_arena_count(); a++) {
        wr_mutex_lock(&wr_arena_mutex);
        bool show = wr_arena_committed_locked(a);
        if (show) {
            view_arena_locked(&view, a);
        }
        wr_mutex_unlock(&wr_arena_mutex);
        if (show) {
            visit(&view, context);
        }
    }
}
