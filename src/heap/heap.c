/* SPDX-License-Identifier: MIT */
/*
 * heap/heap.c - heaps come and go; what is done to all of them at a stop.
 *
 * A heap outlives its thread: the pools of a thread that exits stay together
 * with their heap, which waits to be adopted by the next thread that needs
 * one.  So the owner written in a pool never changes while a block of it is
 * out [inv:heap.owner-const], and a foreign free needs no lock to read it.
 */
#include "heap/heap.h"

#include "base/mem.h"
#include "heap/arena.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/raw.h"
#include "heap/side.h"

bool wr_heap_grace;

struct wr_mutex wr_heaps_mutex = WR_MUTEX_INIT(WR_RANK_HEAPS);

struct wr_heap *wr_heaps_all;

/* [lock: heaps] heaps without a thread, linked by next_abandoned */
static struct wr_heap *abandoned;

/* [lock: heaps] what `slow` of a new heap is */
static bool slow_mode;

int
wr_heap_start(const struct wr_heap_config *config)
{
    static const struct wr_heap_config defaults;
    struct wr_region_tables tables;

    config = config != NULL ? config : &defaults;
    int rc = wr_region_reserve(config->gc_bytes, config->other_bytes,
                               WR_ARENA_TABLE_BYTES, &tables);
    if (rc != 0) {
        return rc;
    }
    wr_heap_grace = config->grace;
    wr_checker_on = config->checker;
    slow_mode = config->checker;
    wr_store_relaxed(&wr_trigger.net, 0);
    wr_store_relaxed(&wr_trigger.limit, 0);
    wr_store_relaxed(&wr_trigger.held, 0);
    wr_store_relaxed(&wr_trigger.held_limit, 0);
    wr_store_relaxed(&wr_trigger.held_most, 0);
    wr_arenas_start(tables.arenas);
    wr_side_start(tables.side, wr_arena_side_bytes());
    return 0;
}

void
wr_heap_stop(void)
{
    if (wr_region.base == NULL) {
        return;
    }
    /* All at once: a block kept back by one heap may belong to another. */
    for (struct wr_heap *h = wr_heaps_all; wr_checker_on && h != NULL;
         h = h->next) {
        wr_checker_flush(h);
    }
    struct wr_heap *heap = wr_heaps_all;
    while (heap != NULL) {
        struct wr_heap *next = heap->next;

        wr_mem_free(heap);
        heap = next;
    }
    wr_heaps_all = abandoned = NULL;
    wr_raw_stop();
    wr_arenas_stop();
    wr_limbo_stop();
    wr_side_start(NULL, NULL);
    wr_region_unmap();
    wr_heap_grace = false;
    wr_checker_on = false;
}

static void
hide_current(struct wr_heap *heap, bool slow)
{
    heap->slow = slow;
    for (unsigned bin = 0; bin < WR_BINS; bin++) {
        heap->cur[bin] =
            slow || heap->real[bin] == NULL ? &wr_pool_none : heap->real[bin];
    }
}

static struct wr_heap *
adopt(uint32_t *pending)
{
    wr_mutex_lock(&wr_heaps_mutex);
    struct wr_heap *heap = abandoned;
    if (heap != NULL) {
        WEIR_ASSERT(heap->abandoned);
        abandoned = heap->next_abandoned;
        heap->abandoned = false;
        heap->pending = pending;
    }
    wr_mutex_unlock(&wr_heaps_mutex);
    return heap;
}

struct wr_heap *
wr_heap_new(uint32_t *pending)
{
    struct wr_heap *heap = adopt(pending);

    if (heap != NULL) {
        wr_heap_drain_remote(heap);
        return heap;
    }
    heap = wr_mem_calloc(1, sizeof(*heap));
    if (heap == NULL) {
        return NULL;
    }
    heap->pending = pending;
    wr_mutex_lock(&wr_heaps_mutex);
    hide_current(heap, slow_mode);
    heap->next = wr_heaps_all;
    wr_heaps_all = heap;
    wr_mutex_unlock(&wr_heaps_mutex);
    return heap;
}

void
wr_heap_abandon(struct wr_heap *heap)
{
    if (heap == NULL) {
        return;
    }
    WEIR_ASSERT(!heap->abandoned);
    if (wr_checker_on) {
        wr_checker_flush(heap);
    }
    wr_heap_drain_remote(heap);
    wr_heap_trim(heap);
    wr_heap_account(heap);
    wr_mutex_lock(&wr_heaps_mutex);
    heap->pending = NULL;
    heap->abandoned = true;
    heap->next_abandoned = abandoned;
    abandoned = heap;
    wr_mutex_unlock(&wr_heaps_mutex);
}

/*
 * The list only grows, at its head, and nobody registers at a stop; heaps are
 * visited without the lock so that what is done to them may take locks.
 */
static struct wr_heap *
first_heap_stw(void)
{
    wr_mutex_lock(&wr_heaps_mutex);
    struct wr_heap *heap = wr_heaps_all;
    wr_mutex_unlock(&wr_heaps_mutex);
    return heap;
}

void
wr_heap_drain_all_stw(void)
{
    for (struct wr_heap *h = first_heap_stw(); h != NULL; h = h->next) {
        wr_heap_drain_remote(h);
    }
}

void
wr_heap_account_all_stw(void)
{
    for (struct wr_heap *h = first_heap_stw(); h != NULL; h = h->next) {
        wr_heap_account(h);
    }
}

void
wr_heap_trim_stw(void)
{
    for (struct wr_heap *h = first_heap_stw(); h != NULL; h = h->next) {
        wr_heap_trim(h);
    }
}

void
wr_heap_retouch_stw(void)
{
    for (struct wr_heap *h = first_heap_stw(); h != NULL; h = h->next) {
        for (unsigned cls = 0; cls < WR_CLASSES; cls++) {
            struct wr_pool *p = h->real[wr_bin_of(WR_SPACE_GC, cls)];

            if (p != NULL) {
                wr_touched[wr_pool_index_of(p)] = 3;
            }
        }
    }
}

void
wr_heap_set_slow_stw(bool slow)
{
    wr_mutex_lock(&wr_heaps_mutex);
    slow_mode = slow || wr_checker_on;
    for (struct wr_heap *h = wr_heaps_all; h != NULL; h = h->next) {
        hide_current(h, slow_mode);
    }
    wr_mutex_unlock(&wr_heaps_mutex);
}

void
wr_heap_fork_lock(void)
{
    wr_mutex_fork_lock(&wr_heaps_mutex);
    wr_arena_fork_lock();
    wr_side_fork_lock();
    wr_raw_fork_lock();
}

void
wr_heap_fork_unlock(void)
{
    wr_raw_fork_unlock();
    wr_side_fork_unlock();
    wr_arena_fork_unlock();
    wr_mutex_fork_unlock(&wr_heaps_mutex);
}
