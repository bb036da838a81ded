/* SPDX-License-Identifier: MIT */
/*
 * heap/limbo.c - a list of pools, and who wakes whoever empties it.
 */
#include "heap/limbo.h"

#include "heap/arena.h"
#include "heap/heap_internal.h"

void (*wr_limbo_wake)(void);

/* [lock: arena] first pool of the list, index + 1 */
static uint32_t limbo_first;

/* [lock: arena] writes; anyone reads relaxed: how many pools */
static size_t limbo_count;

/* Wake-ups that come to nothing are repeated whenever so many more wait. */
enum { WAKE_POOLS = 64 };

bool
wr_limbo_pending(void)
{
    return wr_load_relaxed(&limbo_count) != 0;
}

void
wr_limbo_stop(void)
{
    limbo_first = 0;
    wr_store_relaxed(&limbo_count, (size_t)0);
}

static void
limbo_add_locked(size_t first, size_t count)
{
    struct wr_pool *p = &wr_pools[first];

    for (size_t i = first; i < first + count; i++) {
        wr_pool_set_state(&wr_pools[i], WR_POOL_LIMBO);
        wr_store_relaxed(&wr_pools[i].carved, 0U);
    }
    p->span_pools = (uint32_t)count;
    p->next = limbo_first;
    limbo_first = (uint32_t)first + 1;
    wr_store_relaxed(&limbo_count, limbo_count + count);
}

void
wr_pools_retire(size_t first, size_t count)
{
    bool wait = wr_heap_grace && wr_pools[first].space != WR_SPACE_RAW;
    bool wake = false;

    wr_trigger_add_bytes(NULL, -(int64_t)(count << WR_POOL_SHIFT));
    wr_mutex_lock(&wr_arena_mutex);
    if (wait) {
        wake = limbo_first == 0 ||
               (limbo_count + count) / WAKE_POOLS > limbo_count / WAKE_POOLS;
        limbo_add_locked(first, count);
    } else {
        wr_arena_give_locked(first, count);
    }
    wr_mutex_unlock(&wr_arena_mutex);
    if (wake && wr_limbo_wake != NULL) {
        wr_limbo_wake();
    }
}

struct wr_limbo_batch
wr_limbo_take(void)
{
    struct wr_limbo_batch batch;

    wr_mutex_lock(&wr_arena_mutex);
    batch.first = limbo_first;
    batch.count = limbo_count;
    limbo_first = 0;
    wr_store_relaxed(&limbo_count, (size_t)0);
    wr_mutex_unlock(&wr_arena_mutex);
    return batch;
}

void
wr_limbo_release(struct wr_limbo_batch batch)
{
    size_t released = 0;

    wr_mutex_lock(&wr_arena_mutex);
    for (uint32_t i = batch.first; i != 0;) {
        struct wr_pool *p = &wr_pools[i - 1];
        size_t first = i - 1;

        /* Nobody took it before its time [inv:heap.grace]. */
        WEIR_CHECK(wr_pool_state(p) == WR_POOL_LIMBO);
        i = p->next;
        released += p->span_pools;
        wr_arena_give_locked(first, p->span_pools);
    }
    wr_mutex_unlock(&wr_arena_mutex);
    WEIR_CHECK(released == batch.count);
}
