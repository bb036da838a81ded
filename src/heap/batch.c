/* SPDX-License-Identifier: MIT */
/*
 * heap/batch.c - free many blocks of one pool at once.
 *
 * The one idea: a pool all of whose blocks go is started over without touching
 * a block; else the blocks are chained in address order and go back with one
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

static struct chain
chain_blocks(size_t pool, const uint64_t *bits)
{
    struct chain chain = {NULL, NULL, 0};
    char *start = wr_pool_start(pool);

    for (size_t w = 0; w < WR_SIDE_POOL_WORDS; w++) {
        /* Ends: each round clears a bit of the word. */
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
            size_t granule = w * 64 + wr_bitmap_lowest(word);
            void *block = start + (granule << WR_GRANULE_SHIFT);

            WEIR_ASSERT_SLOW(wr_pool_find_block(block) == block);
            if (chain.last != NULL) {
                wr_block_set_next(chain.last, block);
            } else {
                chain.first = block;
            }
            chain.last = block;
            chain.count++;
        }
    }
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
    struct chain chain = chain_blocks(pool, bits);
    if (chain.count == 0) {
        return;
    }
    if (p->heap == heap) {
        wr_pool_take_back(heap, p, chain.first, chain.last, chain.count);
    } else {
        wr_remote_push(p, chain.first, chain.last);
    }
}
