/* SPDX-License-Identifier: MIT */
/*
 * tests/heap_fixture.h - what the suites of heap/ share.
 *
 * The heap is started without the rest of the runtime.  Each test ends with
 * heap_end(), which walks the heap and sees that nothing of it is left.
 */
#ifndef WR_TESTS_HEAP_FIXTURE_H
#define WR_TESTS_HEAP_FIXTURE_H

#include "tests/suites.h"

#include "base/bitmap.h"
#include "base/mem.h"
#include "base/random.h"
#include "heap/checker.h"
#include "heap/limbo.h"
#include "heap/raw.h"
#include "heap/side.h"
#include "heap/stats.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_SANITIZED true
#endif
#endif
#ifndef HEAP_SANITIZED
#define HEAP_SANITIZED false
#endif

/* What objects look like to the heap: a count at 8, free from 16 on. */
struct thing {
    uint64_t meta;
    int64_t count;
    uint64_t value[2];
};

/* Start with small regions; the caller is the only thread. */
static inline struct wr_heap *
heap_begin_with(bool grace, bool checker)
{
    struct wr_heap_config config = {.gc_bytes = (size_t)512 * MIB,
                                    .other_bytes = (size_t)512 * MIB,
                                    .grace = grace,
                                    .checker = checker};

    ck_assert_int_eq(wr_heap_start(&config), 0);
    struct wr_heap *heap = wr_heap_new(NULL);
    ck_assert_ptr_nonnull(heap);
    return heap;
}

static inline struct wr_heap *
heap_begin(void)
{
    return heap_begin_with(false, false);
}

static inline void
heap_sound(void)
{
    const char *what = NULL;
    size_t errors = wr_heap_check(&what);

    ck_assert_msg(errors == 0, "%zu errors: %s", errors, what);
}

static inline void
heap_end(void)
{
    heap_sound();
    wr_heap_stop();
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
}

static inline struct wr_heap_stats
heap_stats(void)
{
    struct wr_heap_stats stats;

    wr_heap_get_stats(&stats);
    return stats;
}

static inline size_t
heap_blocks(void)
{
    struct wr_heap_stats stats = heap_stats();

    return stats.blocks_used[WR_SPACE_GC] + stats.blocks_used[WR_SPACE_ATOM] +
           stats.blocks_used[WR_SPACE_RAW];
}

/* A block that counts as live, in the gc space. */
static inline struct thing *
thing_new(struct wr_heap *heap, size_t size)
{
    struct thing *thing = wr_heap_alloc(heap, WR_SPACE_GC, size);

    if (thing != NULL) {
        thing->meta = 0x101;
        thing->value[0] = thing->value[1] = 0;
        thing->count = 1;
    }
    return thing;
}

static inline void
thing_free(struct wr_heap *heap, struct thing *thing)
{
    thing->count = 0;
    wr_heap_free(heap, thing);
}

/* Link the blocks of a pool whose bits are set, and free them. */
static inline void
batch_free(struct wr_heap *heap, size_t pool, const uint64_t *bits)
{
    char *last = NULL;

    for (size_t i = 0; i < WR_SIDE_POOL_WORDS * 64; i++) {
        if (wr_bitmap_test(bits, i)) {
            char *block = wr_pool_start(pool) + (i << WR_GRANULE_SHIFT);

            if (last != NULL) {
                wr_block_set_next(last, block);
            }
            last = block;
        }
    }
    wr_heap_free_batch(heap, pool, bits);
}

/* Put n pointers into random order. */
static inline void
shuffle(struct wr_random *random, void *items[], size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = wr_random_below(random, i);
        void *item = items[j];

        items[j] = items[i - 1];
        items[i - 1] = item;
    }
}

#endif
