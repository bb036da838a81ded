/* SPDX-License-Identifier: MIT */
/*
 * heap/remote.c - the cross-thread half of freeing.
 *
 * Two stacks, both only pushed to and taken whole, so neither has an ABA
 * problem: a pool's stack of blocks, and its heap's stack of pools that have
 * some.  Who finds the first stack empty pushes the pool on the second, so a
 * pool is there at most once [inv:heap.remote-once].
 *
 *                 first push (any thread)
 *      QUIET ---------------------------> PUSHED   blocks in p->remote, the
 *        ^                                  |      pusher owes the stack a pool
 *        |                                  | the same thread
 *        |   owner takes the blocks         v
 *        +------------------------------ QUEUED    p is on its heap's stack
 *                                        ^    |
 *                                        +----+ more pushes (any thread)
 *
 * The owner takes blocks only from pools it found on the stack, never from a
 * pool it happens to look at [inv:heap.remote-owner-takes].  That closes the
 * gap in PUSHED: until the pusher is done the blocks count as used, the pool
 * can't become empty and can't leave its heap, and p->remote_next has one
 * writer.
 *
 * Read first: docs/protocols-heap.md.
 */
#include "heap/remote.h"

#include "base/plant.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/span.h"

/* The chain that begins with first goes on top of old, if that is the top. */
static bool
put_on_top(struct wr_pool *p, void **old, void *first)
{
    if (wr_plant(remote_lost)) {
        wr_plant_pause();
        wr_store_release(&p->remote, first);
        return true;
    }
    return wr_cas_weak_acq_rel(&p->remote, old, first);
}

void
wr_remote_push(struct wr_pool *p, void *first, void *last)
{
    void *old = wr_load_relaxed(&p->remote);

    /* Ends when no other thread pushes to this pool meanwhile. */
    do {
        wr_block_set_next(last, old);
        /*
         * Release: the links, and all this thread did to the blocks.
         * [pair:heap.remote/rel]  Acquire: if it was NULL, the owner has read
         * remote_next.  [pair:heap.remote-next/acq]
         */
    } while (!put_on_top(p, &old, first));
    if (old != NULL) {
        /* Somebody else is in PUSHED or the pool is QUEUED.  It may be gone
         * already: not touched any more. */
        return;
    }

    struct wr_heap *heap = wr_pool_heap(p);
    uint32_t self = (uint32_t)wr_pool_index_of(p) + 1;
    uint32_t top = wr_load_relaxed(&heap->remote_pools);

    WEIR_ASSERT(wr_pool_state(p) == WR_POOL_SMALL);
    /* Ends when no other pool is pushed meanwhile. */
    do {
        p->remote_next = top;
        /* [pair:heap.remote-pools/rel] */
    } while (!wr_cas_weak_acq_rel(&heap->remote_pools, &top, self));
}

/* Take what was freed into one pool of the stack just taken. */
static void
drain_pool(struct wr_heap *heap, struct wr_pool *p)
{
    /*
     * Acquire: the links and what the freeing threads did to the blocks.
     * Release: whoever finds NULL here next may write remote_next, which the
     * caller has read.  [pair:heap.remote/acq] [pair:heap.remote-next/rel]
     */
    void *first = wr_exchange_acq_rel(&p->remote, NULL);
    void *last = first;
    uint32_t count = 1;

    /* A pool that is here twice is empty the second time
     * [inv:heap.remote-once]; its owner is who it always was
     * [inv:heap.owner-const]. */
    WEIR_ASSERT(first != NULL);
    WEIR_ASSERT(wr_pool_heap(p) == heap);
    /* Ends: the chain holds each block of the pool at most once. */
    for (;;) {
        void *next = wr_block_next(last);

        if (next == NULL) {
            break;
        }
        last = next;
        count++;
    }
    wr_store_relaxed(&heap->drained, heap->drained + count);
    wr_pool_take_back(heap, p, first, last, count);
}

void
wr_heap_drain_remote(struct wr_heap *heap)
{
    if (wr_likely(wr_load_relaxed(&heap->remote_pools) == 0)) {
        return;
    }
    /* [pair:heap.remote-pools/acq] */
    uint32_t pool = wr_exchange_acq_rel(&heap->remote_pools, 0U);

    /* Ends: each pool is on the stack at most once. */
    while (pool != 0) {
        struct wr_pool *p = &wr_pools[pool - 1];

        /* Read before the blocks are taken: the pool may be pushed again, or
         * given back, right after. */
        pool = p->remote_next;
        drain_pool(heap, p);
    }
}

void
wr_heap_free_checked(struct wr_heap *heap, void *block)
{
    struct wr_pool *p = wr_pool_of(block);

    if (wr_pool_state(p) == WR_POOL_SPAN) {
        wr_span_free(heap, p);
    } else if (wr_pool_state(p) != WR_POOL_SMALL) {
        wr_fatal("%p is not a block of the heap", block);
    } else if (wr_pool_heap(p) == heap) {
        wr_pool_take_back(heap, p, block, block, 1);
    } else {
        wr_remote_push(p, block, block);
    }
}

void
wr_heap_free_slow(struct wr_heap *heap, struct wr_pool *p, void *block)
{
    (void)p;
    if (wr_checker_on) {
        wr_checker_free(heap, block);
    } else {
        wr_heap_free_checked(heap, block);
    }
}
