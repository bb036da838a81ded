/* SPDX-License-Identifier: MIT */
/*
 * heap/check.c - walk the whole heap and compare it with itself.
 *
 * Every fact here is kept twice (a count and a list, a bitmap and a state), so
 * a damaged heap disagrees with itself.  Walks are bounded by the counts, so
 * damaged lists can't keep them going.
 */
#include <string.h>

#include "base/bitmap.h"
#include "heap/arena.h"
#include "heap/heap_internal.h"
#include "heap/stats.h"

struct findings {
    size_t errors;
    const char *what;
};

static void
expect(struct findings *findings, bool fact, const char *what)
{
    if (!fact) {
        findings->errors++;
        findings->what = findings->what != NULL ? findings->what : what;
    }
}

/*
 * Walk a chain of blocks of a pool, marking each in `seen`.  Returns how many
 * there are; stops at the first that can't be right.
 */
static uint32_t
walk_chain(struct findings *findings, size_t pool, const void *block,
           uint64_t *seen, bool dead)
{
    const struct wr_pool *p = &wr_pools[pool];
    uint32_t count = 0;

    /* Ends: a block seen twice stops it. */
    while (block != NULL) {
        size_t offset = (uintptr_t)block - (uintptr_t)wr_pool_start(pool);
        size_t n = offset / p->block_size;

        if (n >= p->carved || offset % p->block_size != 0) {
            expect(findings, false, "a free list leaves its pool's blocks");
            break;
        }
        if (wr_bitmap_test_and_set(seen, n)) {
            expect(findings, false, "a block is free twice");
            break;
        }
        if (dead && p->space != WR_SPACE_RAW) {
            /* [inv:heap.dead-count] */
            const uint64_t *header = block;

            expect(findings, header[1] == 0, "a free block has a count");
        }
        count++;
        block = wr_block_next(block);
    }
    return count;
}

static void
check_small(struct findings *findings, size_t pool)
{
    uint64_t seen[WR_POOL_BYTES / WR_BLOCK_MIN / 64];
    struct wr_pool *p = &wr_pools[pool];
    const struct wr_heap *heap = wr_pool_heap(p);
    unsigned bin = wr_bin_of(p->space, p->cls);
    bool listed = (p->flags & WR_POOL_LISTED) != 0;

    if (p->space >= WR_SPACES || p->cls >= WR_CLASSES || heap == NULL) {
        expect(findings, false, "a pool has no such class, or no heap");
        return;
    }
    expect(findings,
           p->block_size == wr_class_bytes(p->cls) &&
               p->nblocks == WR_POOL_BYTES / p->block_size,
           "a pool's class and sizes disagree");
    expect(findings, (p->space == WR_SPACE_GC) == (pool < wr_region.pools_gc),
           "a pool is in the wrong region");
    expect(findings, p->carved <= p->nblocks && p->used <= p->carved,
           "a pool has more blocks out than cut");
    memset(seen, 0, sizeof(seen));
    uint32_t back = walk_chain(findings, pool, p->free, seen, true);
    uint32_t remote =
        walk_chain(findings, pool, wr_load_acquire(&p->remote), seen, true);
    expect(findings, p->used + back == p->carved,
           "a pool's count and free list disagree");
    expect(findings, remote <= p->used, "a pool's remote list is too long");
    if (heap->real[bin] == p) {
        expect(findings, !listed && p->notice == WR_NOTICE_NEVER,
               "a current pool is listed");
    } else if (listed) {
        expect(findings, p->notice == 0 && p->used < p->nblocks,
               "a listed pool is full");
    } else {
        expect(findings, p->used > p->notice && p->notice > 0,
               "a pool with free blocks is not listed");
    }
}

static void
check_span(struct findings *findings, size_t pool)
{
    const struct wr_pool *p = &wr_pools[pool];

    expect(findings, p->used == 1 && p->carved == 1 && p->heap == NULL,
           "a span's pool is odd");
    for (size_t i = 1; i < p->span_pools; i++) {
        const struct wr_pool *rest = &wr_pools[pool + i];

        expect(findings,
               wr_pool_state(rest) == WR_POOL_REST && rest->span_head == pool,
               "a span is torn");
    }
}

/* The lists of a heap name its own listed pools, all of them in order. */
static size_t
check_lists(struct findings *findings, const struct wr_heap *heap)
{
    size_t count = 0;

    for (unsigned bin = 0; bin < WR_BINS; bin++) {
        uint32_t prev = 0;

        for (uint32_t i = heap->list_head[bin]; i != 0;) {
            const struct wr_pool *p = &wr_pools[i - 1];

            if (i > wr_region.pools_all || p->prev != prev ||
                wr_pool_state(p) != WR_POOL_SMALL ||
                (p->flags & WR_POOL_LISTED) == 0 || wr_pool_heap(p) != heap ||
                wr_bin_of(p->space, p->cls) != bin) {
                expect(findings, false, "a heap's list is broken");
                break;
            }
            count++;
            prev = i;
            i = p->next;
        }
        expect(findings, heap->list_tail[bin] == prev,
               "a heap's list has no end");
        const struct wr_pool *real = heap->real[bin];
        expect(findings,
               real == NULL || (wr_pool_state(real) == WR_POOL_SMALL &&
                                wr_pool_heap(real) == heap &&
                                wr_bin_of(real->space, real->cls) == bin),
               "a heap's current pool is not its own");
        expect(findings,
               heap->cur[bin] == &wr_pool_none ||
                   (heap->cur[bin] == heap->real[bin] && !heap->slow),
               "a heap hands out from a pool that is not current");
    }
    return count;
}

/* Small pools and spans; returns how many are listed. */
static size_t
check_pools(struct findings *findings)
{
    size_t listed = 0;

    for (size_t a = 0; a < wr_arena_count(); a++) {
        if (!wr_arena_committed_locked(a)) {
            continue;
        }
        for (size_t i = 0; i < WR_ARENA_POOLS; i++) {
            size_t pool = a * WR_ARENA_POOLS + i;
            const struct wr_pool *p = &wr_pools[pool];

            if (wr_pool_state(p) == WR_POOL_SMALL) {
                check_small(findings, pool);
                listed += (p->flags & WR_POOL_LISTED) != 0;
            } else if (wr_pool_state(p) == WR_POOL_SPAN) {
                check_span(findings, pool);
            }
        }
    }
    return listed;
}

size_t
wr_heap_check(const char **what)
{
    struct findings findings = {0, NULL};
    size_t in_lists = 0;

    wr_mutex_lock(&wr_heaps_mutex);
    wr_mutex_lock(&wr_arena_mutex);
    findings.errors += wr_arena_check_locked(&findings.what);
    size_t listed = check_pools(&findings);
    for (struct wr_heap *h = wr_heaps_all; h != NULL; h = h->next) {
        in_lists += check_lists(&findings, h);
    }
    expect(&findings, listed == in_lists, "a listed pool is in no list");
    wr_mutex_unlock(&wr_arena_mutex);
    wr_mutex_unlock(&wr_heaps_mutex);
    if (what != NULL) {
        *what = findings.what;
    }
    return findings.errors;
}
