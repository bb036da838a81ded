/* SPDX-License-Identifier: MIT */
/*
 * heap/pool.c - the life of a small pool inside its heap.
 *
 * A pool is current, then full, then (when a sixteenth of it is free again)
 * listed, then current again; or it becomes empty and starts over in address
 * order, or goes back.  Waiting for a sixteenth makes a refill worth its price;
 * waiting for an eighth was measured to be too long: what was freed first is
 * out of the cache by then.  Starting over matters: after a shuffled free the
 * list of a pool is a random walk, and the next million allocations would
 * follow it.
 *
 * At most one empty pool per bin stays listed, and only if it is the only one.
 */
#include "heap/pool.h"

#include "base/mem.h"
#include "heap/arena.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/limbo.h"
#include "heap/poison.h"

struct wr_trigger wr_trigger;

struct wr_pool wr_pool_none = {.notice = WR_NOTICE_NEVER};

/* A collection is due, so far as the heap can tell. */
static void
ask_to_collect(uint32_t *pending)
{
    if (pending != NULL &&
        (wr_load_relaxed(pending) & WR_PENDING_COLLECT) == 0) {
        (void)wr_pending_set(pending, WR_PENDING_COLLECT);
    }
}

void
wr_trigger_add(uint32_t *pending, int64_t blocks)
{
    int64_t net = wr_fetch_add_relaxed(&wr_trigger.net, blocks) + blocks;
    int64_t limit = wr_load_relaxed(&wr_trigger.limit);

    if (limit > 0 && net > limit) {
        ask_to_collect(pending);
    }
}

void
wr_trigger_add_bytes(uint32_t *pending, int64_t bytes)
{
    int64_t held = wr_fetch_add_relaxed(&wr_trigger.held, bytes) + bytes;
    int64_t limit = wr_load_relaxed(&wr_trigger.held_limit);

    if (limit > 0 && held > limit && bytes > 0) {
        ask_to_collect(pending);
    }
}

/* Tell the trigger what became of a pool since it was last told. */
static void
account(struct wr_heap *heap, struct wr_pool *p)
{
    uint32_t used = p->used;
    int64_t blocks = (int64_t)used - (int64_t)p->acct_used;

    p->acct_used = used;
    if (p->space == WR_SPACE_GC && blocks != 0) {
        wr_trigger_add(heap->pending, blocks);
    }
}

void
wr_heap_account(struct wr_heap *heap)
{
    for (unsigned bin = 0; bin < WR_CLASSES; bin++) {
        struct wr_pool *p = heap->real[wr_bin_of(WR_SPACE_GC, bin)];

        if (p != NULL) {
            account(heap, p);
        }
    }
}

static inline unsigned
bin_of_pool(const struct wr_pool *p)
{
    return wr_bin_of(p->space, p->cls);
}

/* A free that leaves this many blocks out puts a full pool on the list. */
static inline uint32_t
notice_when_full(const struct wr_pool *p)
{
    uint32_t part = p->nblocks / 16U;

    return p->nblocks - (part > 0 ? part : 1U);
}

static void
list_append(struct wr_heap *heap, struct wr_pool *p)
{
    unsigned bin = bin_of_pool(p);
    uint32_t tail = heap->list_tail[bin];
    uint32_t self = (uint32_t)wr_pool_index_of(p) + 1;

    WEIR_ASSERT((p->flags & WR_POOL_LISTED) == 0);
    p->flags |= WR_POOL_LISTED;
    p->notice = 0;
    p->next = 0;
    p->prev = tail;
    if (tail != 0) {
        wr_pools[tail - 1].next = self;
    } else {
        heap->list_head[bin] = self;
    }
    heap->list_tail[bin] = self;
}

static void
list_remove(struct wr_heap *heap, struct wr_pool *p)
{
    unsigned bin = bin_of_pool(p);

    WEIR_ASSERT((p->flags & WR_POOL_LISTED) != 0);
    p->flags &= (uint8_t)~WR_POOL_LISTED;
    if (p->prev != 0) {
        wr_pools[p->prev - 1].next = p->next;
    } else {
        heap->list_head[bin] = p->next;
    }
    if (p->next != 0) {
        wr_pools[p->next - 1].prev = p->prev;
    } else {
        heap->list_tail[bin] = p->prev;
    }
}

/* An empty pool leaves its heap.  It is in no list and not current. */
static void
give_up(struct wr_heap *heap, struct wr_pool *p)
{
    WEIR_ASSERT(p->used == 0);
    WEIR_ASSERT((p->flags & WR_POOL_LISTED) == 0);
    /* [inv:heap.remote-owner-takes] */
    WEIR_ASSERT(wr_load_relaxed(&p->remote) == NULL);
    account(heap, p);
    wr_pools_retire(wr_pool_index_of(p), 1);
}

/* A pool that is not current has no block out: start it over, or give it up. */
static void
emptied(struct wr_heap *heap, struct wr_pool *p)
{
    unsigned bin = bin_of_pool(p);
    bool listed = (p->flags & WR_POOL_LISTED) != 0;
    uint32_t self = (uint32_t)wr_pool_index_of(p) + 1;

    p->free = NULL;
    wr_store_relaxed(&p->carved, 0U);
    if (heap->list_head[bin] == 0) {
        account(heap, p);
        list_append(heap, p);
    } else if (!listed) {
        give_up(heap, p);
    } else if (heap->list_head[bin] != self || heap->list_tail[bin] != self) {
        list_remove(heap, p);
        give_up(heap, p);
    } else {
        account(heap, p);
    }
}

/* A pool that was full has blocks again; it takes the place of an empty one. */
static void
list_refilled(struct wr_heap *heap, struct wr_pool *p)
{
    uint32_t head = heap->list_head[bin_of_pool(p)];

    if (head != 0 && wr_pools[head - 1].used == 0) {
        list_remove(heap, &wr_pools[head - 1]);
        give_up(heap, &wr_pools[head - 1]);
    }
    list_append(heap, p);
}

void
wr_pool_notice(struct wr_heap *heap, struct wr_pool *p)
{
    /* More came back than was ever handed out [inv:heap.used]. */
    WEIR_CHECK(p->used < p->nblocks);
    if (p->used == 0) {
        emptied(heap, p);
    } else {
        list_refilled(heap, p);
    }
}

void
wr_pool_take_back(struct wr_heap *heap, struct wr_pool *p, void *first,
                  void *last, uint32_t count)
{
    uint32_t before = p->used;

    WEIR_CHECK(count <= before);
    wr_block_set_next(last, p->free);
    p->free = first;
    wr_store_relaxed(&p->used, before - count);
    if (before > p->notice && before - count <= p->notice) {
        wr_pool_notice(heap, p);
    }
}

void
wr_pool_reset(struct wr_heap *heap, struct wr_pool *p)
{
    wr_store_relaxed(&p->used, 0U);
    if (p->notice != WR_NOTICE_NEVER) {
        emptied(heap, p);
        return;
    }
    /* The current pool stays; the next refill cuts it anew. */
    p->free = NULL;
    wr_store_relaxed(&p->carved, 0U);
    account(heap, p);
}

/* How many blocks to cut at once: 8 KiB, less if collections are frequent. */
static uint32_t
carve_count(const struct wr_pool *p)
{
    uint32_t count = WR_CARVE_BYTES / p->block_size;
    int64_t limit = wr_load_relaxed(&wr_trigger.limit);

    if (p->space == WR_SPACE_GC && limit > 0 && limit / 8 < count) {
        count = (uint32_t)(limit / 8);
    }
    return count > 0 ? count : 1;
}

/* Cut the next blocks of a pool whose list is empty, in address order. */
static void
carve(struct wr_pool *p)
{
    char *start = wr_pool_start(wr_pool_index_of(p));
    uint32_t from = p->carved;
    uint32_t to = from + carve_count(p);
    void *next = NULL;

    WEIR_ASSERT(p->free == NULL);
    WEIR_ASSERT(from < p->nblocks);
    to = to < p->nblocks ? to : p->nblocks;
    for (uint32_t i = to; i-- > from;) {
        char *block = start + (size_t)i * p->block_size;

        if (wr_checker_on) {
            wr_checker_carved(block, p->block_size);
        }
        if (i >= p->prepared) {
            uint64_t *header = (uint64_t *)(void *)block;

            header[0] = 0;
            header[1] = 0;
        }
        wr_block_set_next(block, next);
        next = block;
    }
    p->free = next;
    wr_store_relaxed(&p->carved, to);
    if (p->prepared < to) {
        p->prepared = (uint16_t)to;
    }
}

/* A new pool for a bin, without a block cut.  NULL if out of memory. */
static struct wr_pool *
pool_new(struct wr_heap *heap, unsigned space, unsigned cls)
{
    uint32_t bytes = wr_class_bytes(cls);
    struct wr_pool *p = NULL;

    wr_mutex_lock(&wr_arena_mutex);
    size_t index = wr_arena_take_locked(space == WR_SPACE_GC, 1);
    if (index != WR_NO_POOL) {
        p = &wr_pools[index];
        bool settled = space == WR_SPACE_RAW || (p->flags & WR_POOL_DIRTY) == 0;

        WEIR_ASSERT(wr_pool_state(p) == WR_POOL_FREE);
        p->free = NULL;
        wr_store_relaxed(&p->remote, NULL);
        p->heap = (struct wr_heap *)((uintptr_t)heap | wr_checker_on);
        wr_store_relaxed(&p->used, 0U);
        p->notice = WR_NOTICE_NEVER;
        wr_store_relaxed(&p->carved, 0U);
        p->acct_used = 0;
        p->block_size = bytes;
        p->nblocks = (uint16_t)(WR_POOL_BYTES / bytes);
        p->prepared = settled ? p->nblocks : 0;
        p->cls = (uint8_t)cls;
        p->space = (uint8_t)space;
        p->flags = 0;
        wr_pool_set_state(p, WR_POOL_SMALL);
    }
    wr_mutex_unlock(&wr_arena_mutex);
    if (p != NULL) {
        wr_trigger_add_bytes(heap->pending, (int64_t)WR_POOL_BYTES);
    }
    return p;
}

/*
 * Find a bin blocks: its current pool, else the oldest listed one, else a new
 * one.  Returns the current pool, its list not empty; NULL if out of memory.
 */
static struct wr_pool *
refill(struct wr_heap *heap, unsigned space, unsigned cls)
{
    unsigned bin = wr_bin_of(space, cls);
    struct wr_pool *p = heap->real[bin];

    wr_store_relaxed(&heap->refills, heap->refills + 1);
    wr_heap_drain_remote(heap);
    if (p != NULL) {
        account(heap, p);
        if (p->free == NULL && p->carved == p->nblocks) {
            /* Full: all blocks are out, so no list needs to know it. */
            WEIR_ASSERT(p->used == p->nblocks);
            p->notice = notice_when_full(p);
            heap->cur[bin] = &wr_pool_none;
            heap->real[bin] = p = NULL;
        }
    }
    if (p == NULL) {
        uint32_t head = heap->list_head[bin];

        if (head != 0) {
            p = &wr_pools[head - 1];
            list_remove(heap, p);
            account(heap, p);
        } else {
            p = pool_new(heap, space, cls);
            if (p == NULL) {
                return NULL;
            }
        }
        p->notice = WR_NOTICE_NEVER;
        heap->real[bin] = p;
    }
    if (p->free == NULL) {
        carve(p);
    }
    if (space == WR_SPACE_GC) {
        /* Before a block is handed out [inv:heap.touched]. */
        wr_store_relaxed(&wr_touched[wr_pool_index_of(p)], (uint8_t)3);
    }
    return p;
}

void *
wr_heap_alloc_slow(struct wr_heap *heap, unsigned space, size_t size)
{
    size_t request = size;

    if (wr_unlikely(heap->slow)) {
        if (wr_fault_hit()) {
            return NULL;
        }
        if (wr_checker_on) {
            size = wr_checker_size(size);
        }
        if (size > WR_BLOCK_MAX) {
            return wr_checker_span(heap, space, request);
        }
    }
    unsigned cls = wr_class_of(size);
    unsigned bin = wr_bin_of(space, cls);
    struct wr_pool *p = heap->real[bin];

    if (p == NULL || p->free == NULL) {
        p = refill(heap, space, cls);
        if (p == NULL) {
            return NULL;
        }
    }
    if (wr_likely(!heap->slow)) {
        heap->cur[bin] = p;
    }
    void *block = p->free;
    p->free = wr_block_next(block);
    wr_store_relaxed(&p->used, p->used + 1);
    return wr_checker_on ? wr_checker_hand_out(block, p->block_size, request)
                         : block;
}

void
wr_heap_trim(struct wr_heap *heap)
{
    for (unsigned bin = 0; bin < WR_BINS; bin++) {
        struct wr_pool *p = heap->real[bin];
        uint32_t head = heap->list_head[bin];

        if (p != NULL && p->used == 0) {
            heap->cur[bin] = &wr_pool_none;
            heap->real[bin] = NULL;
            give_up(heap, p);
        }
        /* Only the first can be empty: see emptied(). */
        if (head != 0 && wr_pools[head - 1].used == 0) {
            list_remove(heap, &wr_pools[head - 1]);
            give_up(heap, &wr_pools[head - 1]);
        }
    }
}

void *
wr_pool_find_block(const void *address)
{
    if (!wr_in_region(address)) {
        return NULL;
    }
    size_t pool = wr_pool_index(address);
    struct wr_pool *p = wr_pool_at(pool);

    if (wr_pool_state(p) == WR_POOL_REST) {
        pool = p->span_head;
        p = wr_pool_at(pool);
    }
    if (wr_pool_state(p) == WR_POOL_SPAN) {
        return wr_pool_start(pool);
    }
    if (wr_pool_state(p) != WR_POOL_SMALL) {
        return NULL;
    }
    size_t offset = (size_t)((const char *)address - wr_pool_start(pool));
    size_t n = offset / p->block_size;

    if (n >= wr_load_relaxed(&p->carved)) {
        return NULL;
    }
    return wr_pool_start(pool) + n * p->block_size;
}
