/* SPDX-License-Identifier: MIT */
/*
 * heap/batch.c - free many blocks of one pool at once.
 *
 * The one idea: a pool all of whose blocks go is started over without touching
 * a block; else the chain that the caller has made of them goes back with one
 * update of the pool, or one push if it is another heap's.
 */
#include "base/bitmap.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/remote.h"
#include "heap/side.h"
#include "heap/span.h"

/* The chain of the blocks whose bits are set. */
struct chain {
    void *first;
    void *last;
    uint32_t count;
};

/* WEIR_DEBUG 2, else unused: is the chain what the bits say? */
__attribute__((unused)) static bool
is_linked(size_t pool, const uint64_t *bits)
{
    char *start = wr_pool_start(pool);
    const void *last = NULL;

    for (size_t w = 0; w < WR_SIDE_POOL_WORDS; w++) {
        /* Ends: each round clears a bit of the word. */
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
            size_t granule = w * 64 + wr_bitmap_lowest(word);
            const void *block = start + (granule << WR_GRANULE_SHIFT);

            if (wr_pool_find_block(block) != block ||
                (last != NULL && wr_block_next(last) != block)) {
                return false;
            }
            last = block;
        }
    }
    return true;
}

/* The ends of the chain of the blocks whose bits are set. */
static struct chain
chain_of(size_t pool, const uint64_t *bits)
{
    struct chain chain = {NULL, NULL, 0};
    char *start = wr_pool_start(pool);
    size_t low = 0;
    size_t high = WR_SIDE_POOL_WORDS;

    WEIR_ASSERT_SLOW(is_linked(pool, bits));
    chain.count = (uint32_t)wr_bitmap_popcount(bits, WR_SIDE_POOL_WORDS);
    if (chain.count == 0) {
        return chain;
    }
    /* Both end: a bit is set. */
    while (bits[low] == 0) {
        low++;
    }
    while (bits[high - 1] == 0) {
        high--;
    }
    chain.first =
        start + ((low * 64 + wr_bitmap_lowest(bits[low])) << WR_GRANULE_SHIFT);
    chain.last = start + (((high - 1) * 64 + wr_bitmap_highest(bits[high - 1]))
                          << WR_GRANULE_SHIFT);
    return chain;
}

/* In checker mode each block is looked at. */
static void
free_each(struct wr_heap *heap, size_t pool, const uint64_t *bits)
{
    char *start = wr_pool_start(pool);

    for (size_t w = 0; w < WR_SIDE_POOL_WORDS; w++) {
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
            size_t granule = w * 64 + wr_bitmap_lowest(word);

            wr_checker_free(heap, start + (granule << WR_GRANULE_SHIFT));
        }
    }
}

void
wr_heap_free_batch(struct wr_heap *heap, size_t pool, const uint64_t *bits)
{
    struct wr_pool *p = &wr_pools[pool];

    if (wr_checker_on) {
        free_each(heap, pool, bits);
        return;
    }
    if (wr_pool_state(p) == WR_POOL_SPAN) {
        if ((bits[0] & 1) != 0) {
            wr_span_free(heap, p);
        }
        return;
    }
    WEIR_CHECK(wr_pool_state(p) == WR_POOL_SMALL);
    if (p->heap == heap &&
        wr_bitmap_popcount(bits, WR_SIDE_POOL_WORDS) == p->used) {
        if (p->used != 0) {
            wr_pool_reset(heap, p);
        }
        return;
    }
    struct chain chain = chain_of(pool, bits);
    if (chain.count == 0) {
        return;
    }
    if (p->heap == heap) {
        wr_pool_take_back(heap, p, chain.first, chain.last, chain.count);
    } else {
        wr_remote_push(p, chain.first, chain.last);
    }
}
