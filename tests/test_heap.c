/* SPDX-License-Identifier: MIT */
/*
 * tests/test_heap.c - blocks and pools of one thread.
 */
#include "tests/heap_fixture.h"

#include "heap/heap_internal.h"

START_TEST(classes_round_up_and_waste_little)
{
    unsigned last = 0;

    for (size_t size = 1; size <= WR_BLOCK_MAX; size++) {
        unsigned cls = wr_class_of(size);
        size_t bytes = wr_class_bytes(cls);

        ck_assert_uint_lt(cls, WR_CLASSES);
        ck_assert(cls == last || cls == last + 1);
        ck_assert_uint_ge(bytes, size);
        ck_assert_uint_eq(bytes % 16, 0);
        ck_assert(cls == 0 || wr_class_bytes(cls - 1) < size);
        ck_assert(size < 32 || bytes - size < 16 ||
                  (bytes - size) * 5 <= bytes);
        last = cls;
    }
    ck_assert_uint_eq(last, WR_CLASSES - 1);
    ck_assert_uint_eq(wr_class_bytes(last), WR_BLOCK_MAX);
}
END_TEST

/* Every byte asked for belongs to the block alone. */
START_TEST(every_class_in_every_space_gives_its_size)
{
    struct wr_heap *heap = heap_begin();
    char *blocks[WR_SPACES][WR_CLASSES][3];

    for (unsigned space = 0; space < WR_SPACES; space++) {
        for (unsigned cls = 0; cls < WR_CLASSES; cls++) {
            size_t bytes = wr_class_bytes(cls);

            for (unsigned i = 0; i < 3; i++) {
                char *block = wr_heap_alloc(heap, space, bytes);

                ck_assert_ptr_nonnull(block);
                ck_assert_uint_eq((uintptr_t)block % 16, 0);
                ck_assert(wr_in_region(block));
                ck_assert_int_eq(wr_in_gc(block), space == WR_SPACE_GC);
                ck_assert_ptr_eq(wr_pool_find_block(block + bytes - 1), block);
                memset(block, (int)(space * 80 + cls + i), bytes);
                blocks[space][cls][i] = block;
            }
        }
    }
    for (unsigned space = 0; space < WR_SPACES; space++) {
        for (unsigned cls = 0; cls < WR_CLASSES; cls++) {
            size_t bytes = wr_class_bytes(cls);

            for (unsigned i = 0; i < 3; i++) {
                char *block = blocks[space][cls][i];
                char expected = (char)(space * 80 + cls + i);

                ck_assert_int_eq(block[0], expected);
                ck_assert_int_eq(block[bytes - 1], expected);
                ck_assert(memcmp(block, block + 1, bytes - 1) == 0);
                memset(block + 8, 0, 8);
                wr_heap_free(heap, block);
            }
        }
    }
    ck_assert_uint_eq(heap_blocks(), 0);
    heap_end();
}
END_TEST

/* Behaviour 5.1. */
START_TEST(a_pool_holds_blocks_of_one_size)
{
    struct wr_heap *heap = heap_begin();
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned i = 0; i < wr_test_size(20000); i++) {
        size_t size = 1 + wr_random_below(&random, 2000);
        unsigned space = (unsigned)wr_random_below(&random, WR_SPACES);
        void *block = wr_heap_alloc(heap, space, size);
        const struct wr_pool *p = wr_pool_of(block);

        ck_assert_int_eq(p->state, WR_POOL_SMALL);
        ck_assert_uint_eq(p->space, space);
        ck_assert_uint_eq(p->block_size, wr_class_bytes(wr_class_of(size)));
        ck_assert_ptr_eq(wr_pool_find_block(block), block);
        ck_assert_uint_eq(wr_pool_block_bytes(p), p->block_size);
    }
    heap_end();
}
END_TEST

START_TEST(large_blocks_are_spans_of_pools)
{
    static const size_t sizes[] = {32769,   65536,       65537,   1 * MIB,
                                   4 * MIB, 4 * MIB + 1, 21 * MIB};
    struct wr_heap *heap = heap_begin();
    char *blocks[2][7];

    for (unsigned space = 0; space < 2; space++) {
        for (unsigned i = 0; i < 7; i++) {
            char *block = wr_heap_alloc(heap, space, sizes[i]);

            ck_assert_ptr_nonnull(block);
            ck_assert_int_eq(wr_in_gc(block), space == WR_SPACE_GC);
            ck_assert_ptr_eq(wr_pool_find_block(block + sizes[i] - 1), block);
            ck_assert_uint_ge(wr_pool_block_bytes(wr_pool_of(block)), sizes[i]);
            memset(block, (int)(space * 7 + i), sizes[i]);
            blocks[space][i] = block;
        }
    }
    heap_sound();
    ck_assert_uint_eq(heap_stats().spans, 14);
    for (unsigned space = 0; space < 2; space++) {
        for (unsigned i = 0; i < 7; i++) {
            char *block = blocks[space][i];

            ck_assert_int_eq(block[sizes[i] - 1], (char)(space * 7 + i));
            ck_assert(memcmp(block, block + 1, sizes[i] - 1) == 0);
            memset(block, 0, 16);
            wr_heap_free(heap, block);
        }
    }
    ck_assert_uint_eq(heap_stats().spans, 0);
    ck_assert_uint_eq(heap_stats().pools, 0);
    ck_assert_ptr_null(wr_heap_alloc(heap, WR_SPACE_GC, (size_t)600 * MIB));
    ck_assert_ptr_null(wr_heap_alloc(heap, WR_SPACE_GC, SIZE_MAX));
    heap_end();
}
END_TEST

/*
 * Without starting pools over, the free list of each would be the random walk
 * that the frees made.
 */
START_TEST(emptied_pools_hand_out_in_address_order)
{
    enum { N = 40000 };
    struct wr_heap *heap = heap_begin();
    static void *blocks[N];
    struct wr_random random;
    size_t backwards = 0;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned i = 0; i < N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    shuffle(&random, blocks, N);
    for (unsigned i = 0; i < N; i++) {
        thing_free(heap, blocks[i]);
    }
    heap_sound();
    for (unsigned i = 0; i < N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    for (unsigned i = 1; i < N; i++) {
        backwards += blocks[i] < blocks[i - 1];
    }
    /* Only inside the pool that was current and between pools. */
    ck_assert_uint_le(backwards, 2048 + N / 2048);
    heap_end();
}
END_TEST

START_TEST(a_pool_that_stays_starts_over)
{
    enum { N = 2048 };
    struct wr_heap *heap = heap_begin();
    static void *blocks[2 * N];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned i = 0; i < 2 * N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    char *start = blocks[0];
    size_t pools = heap_stats().pools;
    shuffle(&random, blocks, N);
    for (unsigned i = 0; i < N; i++) {
        thing_free(heap, blocks[i]);
    }
    ck_assert_uint_eq(heap_stats().pools, pools);
    for (size_t i = 0; i < N; i++) {
        ck_assert_ptr_eq(thing_new(heap, 32), start + i * 32);
    }
    heap_end();
}
END_TEST

/* [inv:heap.dead-count] */
START_TEST(freed_headers_stay_and_new_ones_are_dead)
{
    enum { N = 4000 };
    struct wr_heap *heap = heap_begin();
    static struct thing *things[N];

    struct thing *one = thing_new(heap, 48);
    one->meta = UINT64_C(0x1122334455667788);
    thing_free(heap, one);
    ck_assert_uint_eq(one->meta, UINT64_C(0x1122334455667788));
    ck_assert_int_eq(one->count, 0);
    struct thing *again = wr_heap_alloc(heap, WR_SPACE_GC, 48);
    ck_assert_ptr_eq(again, one);
    ck_assert_uint_eq(again->meta, UINT64_C(0x1122334455667788));
    thing_free(heap, again);

    /* Memory of another class: what was there must not look like a count. */
    for (unsigned i = 0; i < N; i++) {
        things[i] = thing_new(heap, 64);
        memset(things[i], 0xff, 64);
    }
    for (unsigned i = 0; i < N; i++) {
        thing_free(heap, things[i]);
    }
    wr_heap_trim(heap);
    ck_assert_uint_eq(heap_stats().pools, 0);
    for (unsigned i = 0; i < N; i++) {
        things[i] = wr_heap_alloc(heap, WR_SPACE_GC, 80);
        ck_assert_uint_eq(things[i]->meta, 0);
        ck_assert_int_eq(things[i]->count, 0);
    }
    char *large = wr_heap_alloc(heap, WR_SPACE_GC, 100000);
    memset(large, 0xff, 100000);
    memset(large + 8, 0, 8);
    wr_heap_free(heap, large);
    ck_assert_ptr_eq(wr_heap_alloc(heap, WR_SPACE_GC, 100000), large);
    ck_assert(memcmp(large, (char[16]){0}, 16) == 0);
    heap_end();
}
END_TEST

/* [inv:heap.used] */
START_TEST(trigger_counts_what_is_out_and_asks_for_a_collection)
{
    enum { N = 10000 };
    uint32_t pending = 0;
    static void *things[N];

    ck_assert_int_eq(wr_heap_start(NULL), 0);
    struct wr_heap *heap = wr_heap_new(&pending);
    for (unsigned i = 0; i < N; i++) {
        ck_assert_ptr_nonnull(wr_heap_alloc(heap, WR_SPACE_ATOM, 32));
        things[i] = thing_new(heap, 32);
    }
    ck_assert_uint_eq(pending, 0);
    ck_assert_int_ge(wr_trigger.net, N - 256);
    wr_heap_account(heap);
    ck_assert_int_eq(wr_trigger.net, N);
    for (unsigned i = 0; i < N; i++) {
        thing_free(heap, things[i]);
    }
    wr_heap_account_all_stw();
    ck_assert_int_lt(wr_trigger.net, 2048);
    wr_heap_trim_stw();
    ck_assert_int_eq(wr_trigger.net, 0);

    wr_store_relaxed(&wr_trigger.limit, 2000);
    unsigned made = 0;
    while (pending == 0 && made < N) {
        things[made++] = thing_new(heap, 32);
    }
    ck_assert_uint_eq(pending, WR_PENDING_COLLECT);
    ck_assert_uint_gt(made, 2000);
    ck_assert_uint_le(made, 2000 + 256);
    wr_store_relaxed(&wr_trigger.limit, 0);
    char *large = wr_heap_alloc(heap, WR_SPACE_GC, 100000);
    int64_t net = wr_trigger.net;
    wr_heap_free(heap, large);
    ck_assert_int_eq(wr_trigger.net, net - 1);
    heap_end();
}
END_TEST

/* With a small limit the heap looks more often. */
START_TEST(small_limits_are_seen_in_time)
{
    uint32_t pending = 0;

    ck_assert_int_eq(wr_heap_start(NULL), 0);
    struct wr_heap *heap = wr_heap_new(&pending);
    wr_store_relaxed(&wr_trigger.limit, 40);
    unsigned made = 0;
    while (pending == 0 && made < 1000) {
        (void)thing_new(heap, 32);
        made++;
    }
    ck_assert_uint_gt(made, 40);
    ck_assert_uint_le(made, 46);
    heap_end();
}
END_TEST

/* [inv:heap.touched] */
START_TEST(blocks_come_from_touched_pools_only)
{
    enum { N = 30000 };
    struct wr_heap *heap = heap_begin();
    static void *things[N];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned i = 0; i < N; i++) {
        things[i] = thing_new(heap, 32 + 16 * (i % 3));
        ck_assert_uint_eq(wr_touched[wr_pool_index(things[i])], 3);
    }
    shuffle(&random, things, N);
    for (unsigned i = 0; i < N / 2; i++) {
        thing_free(heap, things[i]);
    }
    memset(wr_touched, 0, wr_region.pools_gc);
    wr_heap_retouch_stw();
    size_t touched = 0;
    for (size_t i = 0; i < wr_pool_count_gc(); i++) {
        touched += wr_touched[i] != 0;
    }
    ck_assert_uint_eq(touched, 3);
    for (unsigned i = 0; i < N / 2; i++) {
        things[i] = thing_new(heap, 32 + 16 * (i % 3));
        ck_assert_uint_eq(wr_touched[wr_pool_index(things[i])], 3);
    }
    void *large = wr_heap_alloc(heap, WR_SPACE_GC, 100000);
    ck_assert_uint_eq(wr_touched[wr_pool_index(large)], 3);
    heap_end();
}
END_TEST

/* Every live block is found by walking pools, and nothing else is. */
START_TEST(walking_pools_finds_the_live_blocks)
{
    enum { N = 20000 };
    struct wr_heap *heap = heap_begin();
    static void *things[N];
    struct wr_random random;
    size_t found = 0;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned i = 0; i < N; i++) {
        size_t size = 32 + wr_random_below(&random, 400);

        things[i] = thing_new(heap, i % 2000 == 7 ? 70000 : size);
    }
    shuffle(&random, things, N);
    for (unsigned i = N / 3; i < N; i++) {
        thing_free(heap, things[i]);
    }
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        const struct wr_pool *p = wr_pool_at(pool);

        for (size_t i = 0; wr_pool_has_blocks(p) && i < p->carved; i++) {
            struct thing *thing = wr_pool_block_at(pool, i);

            if (thing->count != 0) {
                thing->count = 77;
                found++;
            }
        }
    }
    ck_assert_uint_eq(found, N / 3);
    for (unsigned i = 0; i < N / 3; i++) {
        struct thing *thing = things[i];

        ck_assert_int_eq(thing->count, 77);
        thing_free(heap, thing);
    }
    heap_end();
}
END_TEST

static void
batch_add(uint64_t *bits, struct thing *thing)
{
    size_t granule = wr_granule(thing) % (WR_SIDE_POOL_WORDS * 64);

    thing->count = 0;
    bits[granule / 64] |= UINT64_C(1) << (granule % 64);
}

START_TEST(batches_free_parts_and_whole_pools)
{
    enum { N = 2048 * 5 };
    struct wr_heap *heap = heap_begin();
    static struct thing *things[N];
    uint64_t bits[WR_SIDE_POOL_WORDS];

    for (unsigned i = 0; i < N; i++) {
        things[i] = thing_new(heap, 32);
    }
    size_t first = wr_pool_index(things[0]);
    /* every third block of pool 0, all of pools 1, 2 and 3, half of 4 */
    for (unsigned pool = 0; pool < 5; pool++) {
        unsigned step = pool == 0 ? 3 : pool == 4 ? 2 : 1;

        memset(bits, 0, sizeof(bits));
        for (unsigned i = 0; i < 2048; i += step) {
            batch_add(bits, things[pool * 2048 + i]);
        }
        batch_free(heap, first + pool, bits);
        heap_sound();
    }
    ck_assert_uint_eq(heap_blocks(), 2048 - 683 + 1024);
    memset(bits, 0, sizeof(bits));
    batch_free(heap, first, bits);
    ck_assert_uint_eq(heap_blocks(), 2048 - 683 + 1024);
    /* the current pool, whole */
    for (unsigned i = 1; i < 2048; i += 2) {
        batch_add(bits, things[4 * 2048 + i]);
    }
    batch_free(heap, first + 4, bits);
    heap_sound();
    struct thing *large = thing_new(heap, 200000);
    memset(bits, 0, sizeof(bits));
    batch_add(bits, large);
    batch_free(heap, wr_pool_index(large), bits);
    ck_assert_uint_eq(heap_stats().spans, 0);
    /* in address order again, and no block twice */
    for (unsigned i = 0; i < 683; i++) {
        struct thing *thing = thing_new(heap, 32);

        ck_assert_int_eq(thing->value[0] == 0 && thing->count == 1, 1);
    }
    heap_end();
}
END_TEST

START_TEST(raw_buffers_grow_and_keep_their_bytes)
{
    struct wr_heap *heap = heap_begin();
    size_t size = 8;
    char *p = wr_raw_alloc(heap, size);

    memset(p, 'x', size);
    while (size < 300000) {
        size_t larger = size + size / 2 + 1;
        char *grown = wr_raw_realloc(heap, p, size, larger);

        ck_assert_ptr_nonnull(grown);
        ck_assert_uint_ge(wr_raw_round(larger), larger);
        ck_assert_int_eq(grown[0], 'x');
        ck_assert(memcmp(grown, grown + 1, size - 1) == 0);
        memset(grown, 'x', larger);
        p = grown;
        size = larger;
    }
    p = wr_raw_realloc(heap, p, size, 100);
    ck_assert(wr_in_region(p));
    ck_assert(memcmp(p, p + 1, 99) == 0);
    /* In place while the class stays; failing leaves it alone. */
    ck_assert_ptr_eq(wr_raw_realloc(heap, p, 100, wr_raw_round(100)), p);
    wr_fault_arm_from(1);
    ck_assert_ptr_null(wr_raw_realloc(heap, p, 112, 1000000));
    wr_fault_disarm();
    ck_assert_int_eq(p[99], 'x');
    wr_raw_free(heap, p, 101);
    wr_raw_free(heap, NULL, 5);
    p = wr_raw_realloc(heap, NULL, 0, 50);
    wr_raw_free(heap, p, 50);
    ck_assert_uint_eq(heap_blocks(), 0);
    heap_end();
}
END_TEST

/* A slot of the random test: a block and what it should hold. */
struct slot {
    unsigned char *block;
    size_t size;
    unsigned space;
};

static void
slot_fill(struct wr_heap *heap, struct slot *slot, struct wr_random *random)
{
    size_t limit = (size_t)64 << wr_random_below(random, 12);

    slot->size = 16 + wr_random_below(random, limit);
    slot->space = (unsigned)wr_random_below(random, WR_SPACES);
    slot->block = slot->space == WR_SPACE_RAW
                      ? wr_raw_alloc(heap, slot->size)
                      : wr_heap_alloc(heap, slot->space, slot->size);
    if (slot->block != NULL) {
        memset(slot->block, (int)(slot->size & 0xff), slot->size);
    }
}

static bool
slot_drop(struct wr_heap *heap, struct slot *slot)
{
    unsigned char *block = slot->block;
    unsigned char byte = (unsigned char)(slot->size & 0xff);
    bool intact =
        block[0] == byte && memcmp(block, block + 1, slot->size - 1) == 0;

    if (slot->space == WR_SPACE_RAW) {
        wr_raw_free(heap, block, slot->size);
    } else {
        memset(block, 0, 16);
        wr_heap_free(heap, block);
    }
    slot->block = NULL;
    return intact;
}

START_TEST(random_use_keeps_blocks_apart)
{
    enum { SLOTS = 3000 };
    bool checker = _i == 2;
    struct wr_heap *heap = heap_begin_with(_i == 1, checker);
    static struct slot slots[SLOTS];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t i = 0; i < wr_test_size(100000); i++) {
        struct slot *slot = &slots[wr_random_below(&random, SLOTS)];

        if (slot->block == NULL) {
            slot_fill(heap, slot, &random);
        } else {
            ck_assert(slot_drop(heap, slot));
        }
        if (i % 5000 == 0) {
            heap_sound();
            wr_limbo_release(wr_limbo_take());
            wr_heap_trim_stw();
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].block != NULL) {
            ck_assert(slot_drop(heap, &slots[i]));
        }
    }
    if (checker) {
        wr_checker_flush(heap);
    }
    ck_assert_uint_eq(heap_blocks(), 0);
    heap_end();
}
END_TEST

static size_t map_arenas;
static size_t map_bytes;

static void
map_arena(const struct wr_arena_view *view, void *context)
{
    size_t free = 0;

    ck_assert_ptr_eq(context, &map_arenas);
    ck_assert_int_eq(view->gc, wr_in_gc(view->start));
    for (unsigned i = 0; i < WR_ARENA_POOLS; i++) {
        free += view->state[i] == WR_POOL_FREE;
        ck_assert_uint_le(view->percent[i], 100);
        ck_assert(view->state[i] != WR_POOL_SMALL || view->block[i] != 0);
    }
    ck_assert_uint_eq(free, view->pools_free);
    map_arenas++;
    map_bytes += view->bytes_used;
}

START_TEST(figures_and_map_agree)
{
    struct wr_heap *heap = heap_begin();

    for (unsigned i = 0; i < 1000; i++) {
        (void)thing_new(heap, 40);
        (void)wr_heap_alloc(heap, WR_SPACE_ATOM, 32);
        (void)wr_raw_alloc(heap, 5000);
    }
    (void)thing_new(heap, 300000);
    struct wr_heap_stats stats = heap_stats();
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_GC], 1001);
    ck_assert_uint_eq(stats.bytes_used[WR_SPACE_GC],
                      1000 * 48 + 5 * WR_POOL_BYTES);
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_ATOM], 1000);
    ck_assert_uint_eq(stats.bytes_used[WR_SPACE_ATOM], 32000);
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_RAW], 1000);
    ck_assert_uint_eq(stats.bytes_used[WR_SPACE_RAW], 1000 * 5120);
    ck_assert_uint_eq(stats.spans, 1);
    ck_assert_uint_eq(stats.heaps, 1);
    ck_assert_uint_eq(stats.arenas_committed_bytes, stats.arenas * 4 * MIB);
    ck_assert_uint_eq(stats.pools + stats.span_bytes / WR_POOL_BYTES +
                          stats.pools_free,
                      stats.arenas * WR_ARENA_POOLS);
    map_arenas = map_bytes = 0;
    wr_heap_visit_arenas(map_arena, &map_arenas);
    ck_assert_uint_eq(map_arenas, stats.arenas);
    ck_assert_uint_eq(map_bytes, stats.bytes_used[WR_SPACE_GC] +
                                     stats.bytes_used[WR_SPACE_ATOM] +
                                     stats.bytes_used[WR_SPACE_RAW]);
    heap_end();
}
END_TEST

/* The walk proves itself: each kind of damage is seen, and seen to be gone. */
START_TEST(the_walk_sees_planted_damage)
{
    enum { N = 5000 };
    struct wr_heap *heap = heap_begin();
    static struct thing *things[N];

    for (unsigned i = 0; i < N; i++) {
        things[i] = thing_new(heap, 32);
    }
    for (unsigned i = 0; i < N; i += 2) {
        thing_free(heap, things[i]);
    }
    struct thing *large = thing_new(heap, 100000);
    struct wr_pool *p = wr_pool_of(things[0]);
    struct wr_pool *span = wr_pool_of(large);
    struct wr_pool *current = heap->real[0];
    uint32_t head = heap->list_head[0];
    void *free = p->free;
    void *next = wr_block_next(free);
    heap_sound();
    ck_assert_uint_ne(p->flags & WR_POOL_LISTED, 0);

#define SEEN(damage, repair)                                                   \
    do {                                                                       \
        damage;                                                                \
        ck_assert_uint_ne(wr_heap_check(NULL), 0);                             \
        repair;                                                                \
        heap_sound();                                                          \
    } while (0)

    SEEN(p->used++, p->used--);
    SEEN(p->used--, p->used++);
    SEEN(p->free = NULL, p->free = free);
    SEEN(p->free = (char *)free + 16, p->free = free);
    SEEN(p->free = large, p->free = free);
    SEEN(p->free = things[1], p->free = free);
    SEEN(p->remote = free, p->remote = NULL);
    SEEN(((struct thing *)free)->count = 1, ((struct thing *)free)->count = 0);
    SEEN(p->notice++, p->notice--);
    SEEN(p->flags = 0, p->flags = WR_POOL_LISTED);
    SEEN(p->carved = 3000, p->carved = 2048);
    SEEN(p->cls++, p->cls--);
    SEEN(p->space++, p->space--);
    SEEN(p->state = WR_POOL_FREE, p->state = WR_POOL_SMALL);
    SEEN(p->heap = NULL, p->heap = heap);
    SEEN(span->used = 2, span->used = 1);
    SEEN(span[1].state = WR_POOL_FREE, span[1].state = WR_POOL_REST);
    SEEN(span[1].span_head++, span[1].span_head--);
    SEEN(heap->list_head[0] = 0, heap->list_head[0] = head);
    SEEN(heap->real[0] = span, heap->real[0] = current);
    /* A ring in a free list ends the walk. */
    SEEN(wr_block_set_next(free, free), wr_block_set_next(free, next));
#undef SEEN
}
END_TEST

/* Without the checker this is caught where it is cheap, in every build. */
START_TEST(freeing_more_than_was_handed_out_is_fatal)
{
    struct wr_heap *heap = heap_begin();
    struct thing *thing = thing_new(heap, 32);

    thing_free(heap, thing);
    thing_free(heap, thing);
}
END_TEST

START_TEST(start_and_stop_again_and_again)
{
    for (unsigned round = 0; round < 5; round++) {
        struct wr_heap *heap = heap_begin_with(round % 2 == 1, round == 4);

        for (unsigned i = 0; i < 10000; i++) {
            struct thing *thing = thing_new(heap, 32 + 16 * (i % 5));

            if (i % 3 == 0) {
                thing_free(heap, thing);
            }
        }
        (void)thing_new(heap, 5 * MIB);
        ck_assert_int_eq(wr_side_commit(0, wr_pool_count_gc() - 1), 0);
        heap_end();
        ck_assert(!wr_in_region(heap));
        ck_assert(!wr_in_gc(NULL));
        ck_assert_uint_eq(heap_stats().arenas, 0);
        wr_heap_stop();
    }
}
END_TEST

Suite *
wr_suite_heap(void)
{
    Suite *suite = suite_create("heap");
    TCase *tc = tcase_create("heap");

    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, classes_round_up_and_waste_little);
    tcase_add_test(tc, every_class_in_every_space_gives_its_size);
    tcase_add_test(tc, a_pool_holds_blocks_of_one_size);
    tcase_add_test(tc, large_blocks_are_spans_of_pools);
    tcase_add_test(tc, emptied_pools_hand_out_in_address_order);
    tcase_add_test(tc, a_pool_that_stays_starts_over);
    tcase_add_test(tc, freed_headers_stay_and_new_ones_are_dead);
    tcase_add_test(tc, trigger_counts_what_is_out_and_asks_for_a_collection);
    tcase_add_test(tc, small_limits_are_seen_in_time);
    tcase_add_test(tc, blocks_come_from_touched_pools_only);
    tcase_add_test(tc, walking_pools_finds_the_live_blocks);
    tcase_add_test(tc, batches_free_parts_and_whole_pools);
    tcase_add_test(tc, raw_buffers_grow_and_keep_their_bytes);
    tcase_add_loop_test(tc, random_use_keeps_blocks_apart, 0, 3);
    tcase_add_test(tc, figures_and_map_agree);
    tcase_add_test(tc, the_walk_sees_planted_damage);
    tcase_add_test_raise_signal(tc, freeing_more_than_was_handed_out_is_fatal,
                                6);
    tcase_add_test(tc, start_and_stop_again_and_again);
    suite_add_tcase(suite, tc);
    return suite;
}
