/* SPDX-License-Identifier: MIT */
/*
 * heap/span.c - large blocks.
 *
 * A span belongs to no heap: taking and giving it goes to the arenas, so any
 * thread may free it the same way.
 */
#include "heap/span.h"

#include "base/mem.h"
#include "heap/arena.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/poison.h"

static void
init_span(size_t first, size_t count, unsigned space)
{
    struct wr_pool *p = &wr_pools[first];

    p->free = NULL;
    wr_store_relaxed(&p->remote, NULL);
    p->heap = NULL;
    wr_store_relaxed(&p->used, 1U);
    p->notice = WR_NOTICE_NEVER;
    wr_store_relaxed(&p->carved, 1U);
    p->acct_used = 1;
    p->block_size = 0;
    p->next = p->prev = 0;
    p->span_pools = (uint32_t)count;
    p->nblocks = 1;
    p->prepared = 1;
    p->cls = 0;
    p->space = (uint8_t)space;
    p->flags = 0;
    wr_pool_set_state(p, WR_POOL_SPAN);
    for (size_t i = first + 1; i < first + count; i++) {
        wr_pools[i].span_head = (uint32_t)first;
        wr_pools[i].space = (uint8_t)space;
        wr_pools[i].heap = NULL;
        wr_store_relaxed(&wr_pools[i].carved, 0U);
        wr_pools[i].flags = 0;
        wr_pool_set_state(&wr_pools[i], WR_POOL_REST);
    }
}

void *
wr_span_alloc(struct wr_heap *heap, unsigned space, size_t bytes)
{
    if (bytes > wr_region.size_all) {
        return NULL;
    }
    size_t count = (bytes + WR_POOL_BYTES - 1) >> WR_POOL_SHIFT;

    wr_mutex_lock(&wr_arena_mutex);
    size_t first = wr_arena_take_locked(space == WR_SPACE_GC, count);
    if (first != WR_NO_POOL) {
        init_span(first, count, space);
    }
    wr_mutex_unlock(&wr_arena_mutex);
    if (first == WR_NO_POOL) {
        return NULL;
    }
    wr_trigger_add_bytes(heap->pending, (int64_t)(count << WR_POOL_SHIFT));
    uint64_t *header = (uint64_t *)(void *)wr_pool_start(first);
    if (wr_checker_on) {
        wr_unpoison(header, 16);
    }
    header[0] = 0;
    header[1] = 0;
    if (space == WR_SPACE_GC) {
        wr_store_relaxed(&wr_touched[first], (uint8_t)3);
        wr_trigger_add(heap->pending, 1);
    }
    return header;
}

void
wr_span_free(struct wr_heap *heap, struct wr_pool *p)
{
    WEIR_CHECK(wr_pool_state(p) == WR_POOL_SPAN && p->used == 1);
    wr_store_relaxed(&p->used, 0U);
    if (p->space == WR_SPACE_GC) {
        wr_trigger_add(heap->pending, -1);
    }
    wr_pools_retire(wr_pool_index_of(p), p->span_pools);
}

void *
wr_heap_alloc_large(struct wr_heap *heap, unsigned space, size_t size)
{
    if (wr_unlikely(heap->slow) && wr_fault_hit()) {
        return NULL;
    }
    return wr_checker_on ? wr_checker_span(heap, space, size)
                         : wr_span_alloc(heap, space, size);
}
