/* SPDX-License-Identifier: MIT */
/*
 * tests/test_heap_region.c - address space, arenas, limbo, side data, and what
 * happens when the system says no.
 */
#include "tests/heap_fixture.h"

#include "heap/heap_internal.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Fill about `bytes` of the gc space with blocks of 64 bytes, chained. */
static struct thing *
fill(struct wr_heap *heap, size_t bytes)
{
    struct thing *chain = NULL;

    for (size_t i = 0; i < bytes / 64; i++) {
        struct thing *thing = thing_new(heap, 64);

        if (thing == NULL) {
            break;
        }
        thing->value[0] = (uint64_t)(uintptr_t)chain;
        chain = thing;
    }
    return chain;
}

static void
drop(struct wr_heap *heap, struct thing *chain)
{
    while (chain != NULL) {
        struct thing *next = (struct thing *)(uintptr_t)chain->value[0];

        thing_free(heap, chain);
        chain = next;
    }
}

/* Resident pages of an arena. */
static size_t
resident(const void *start)
{
    unsigned char pages[WR_ARENA_BYTES / 4096];
    size_t count = 0;

    ck_assert_int_eq(sysconf(_SC_PAGESIZE), 4096);
    ck_assert_int_eq(mincore((void *)(uintptr_t)start, WR_ARENA_BYTES, pages),
                     0);
    for (size_t i = 0; i < sizeof(pages); i++) {
        count += pages[i] & 1;
    }
    return count;
}

START_TEST(one_compare_tells_collectables_from_the_rest)
{
    struct wr_heap *heap = heap_begin();
    static int outside;
    char *gc = wr_heap_alloc(heap, WR_SPACE_GC, 32);
    char *atom = wr_heap_alloc(heap, WR_SPACE_ATOM, 32);

    ck_assert(wr_in_gc(gc) && wr_in_region(gc));
    ck_assert(!wr_in_gc(atom) && wr_in_region(atom));
    ck_assert(!wr_in_gc(NULL) && !wr_in_region(NULL));
    ck_assert(!wr_in_gc(&outside) && !wr_in_region(&outside));
    ck_assert(!wr_in_gc((void *)1) && !wr_in_gc((void *)UINTPTR_MAX));
    ck_assert(wr_in_gc(wr_region.base));
    ck_assert(!wr_in_gc(wr_region.base - 1));
    ck_assert(!wr_in_gc(wr_region.base + wr_region.size));
    ck_assert(!wr_in_region(wr_region.end_all));
    ck_assert_uint_eq((uintptr_t)wr_region.base % WR_ARENA_BYTES, 0);
    ck_assert_uint_eq(wr_granule(wr_region.base + 35), 2);
    ck_assert_uint_eq(wr_pool_index(wr_region.base + 65536 * 3 + 5), 3);
    ck_assert_ptr_eq(wr_pool_start(3), wr_region.base + 65536 * 3);
    for (size_t i = 0; i < wr_region.pools_all; i += 1001) {
        char *start = wr_pool_start(i);

        ck_assert_ptr_eq(wr_pool_of(start), wr_pool_at(i));
        ck_assert_ptr_eq(wr_pool_of(start + 65535), wr_pool_at(i));
        ck_assert_uint_eq(wr_pool_index(start + 65535), i);
    }
    heap_end();
}
END_TEST

/* Behaviour 5.2. */
START_TEST(empty_arenas_go_back_to_the_system)
{
    bool grace = _i != 0;
    struct wr_heap *heap = heap_begin_with(grace, false);
    struct thing *chain = fill(heap, (size_t)40 * MIB);
    char *high = wr_region.base + 8 * WR_ARENA_BYTES;

    ck_assert_uint_ge(heap_stats().arenas, 10);
    ck_assert_uint_ge(wr_pool_count_gc(), 640);
    ck_assert_uint_ge(resident(high), 1000);
    drop(heap, chain);
    heap_sound();
    if (grace) {
        ck_assert_uint_ge(heap_stats().arenas, 10);
        ck_assert_uint_ge(heap_stats().pools_limbo, 630);
        wr_limbo_release(wr_limbo_take());
        heap_sound();
    }
    /* the spare, and those of the current pool and of a listed empty one */
    ck_assert_uint_le(heap_stats().arenas, 3);
    ck_assert_uint_eq(resident(high), 0);
    ck_assert_uint_ge(heap_stats().arenas_returned, 7);
    wr_heap_trim_stw();
    wr_limbo_release(wr_limbo_take());
    ck_assert_uint_eq(heap_stats().arenas, 1);
    ck_assert_uint_eq(heap_stats().arenas_empty, 1);
    ck_assert_uint_le(wr_pool_count_gc(), 640);

    /* and come back, zero */
    chain = fill(heap, (size_t)40 * MIB);
    ck_assert_uint_ge(heap_stats().arenas, 10);
    drop(heap, chain);
    heap_end();
}
END_TEST

/* Behaviour 5.2: fragmentation can be seen and measured. */
START_TEST(one_live_block_keeps_its_arena)
{
    struct wr_heap *heap = heap_begin();
    struct thing *keep[10];
    struct thing *chain = NULL;

    for (unsigned i = 0; i < 10; i++) {
        chain = fill(heap, 4 * MIB);
        keep[i] = thing_new(heap, 64);
        drop(heap, chain);
    }
    /* One arena was enough: lowest first. */
    ck_assert_uint_le(heap_stats().arenas, 3);
    chain = NULL;
    for (unsigned i = 0; i < 10; i++) {
        thing_free(heap, keep[i]);
        struct thing *part = fill(heap, 4 * MIB);
        struct thing *last = part;

        keep[i] = thing_new(heap, 64);
        while (last->value[0] != 0) {
            last = (struct thing *)(uintptr_t)last->value[0];
        }
        last->value[0] = (uint64_t)(uintptr_t)chain;
        chain = part;
    }
    drop(heap, chain);
    struct wr_heap_stats stats = heap_stats();
    ck_assert_uint_ge(stats.arenas, 10);
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_GC], 10);
    for (unsigned i = 0; i < 10; i++) {
        thing_free(heap, keep[i]);
    }
    ck_assert_uint_le(heap_stats().arenas, 3);
    heap_end();
}
END_TEST

START_TEST(a_full_region_says_no_and_recovers)
{
    struct wr_heap_config config = {.gc_bytes = 8 * MIB,
                                    .other_bytes = 4 * MIB};
    ck_assert_int_eq(wr_heap_start(&config), 0);
    struct wr_heap *heap = wr_heap_new(NULL);

    for (unsigned round = 0; round < 3; round++) {
        struct thing *chain = fill(heap, 100 * MIB);

        ck_assert_uint_ge(heap_blocks(), 8 * MIB / 64 - 1);
        ck_assert_ptr_null(thing_new(heap, 64));
        ck_assert_ptr_null(thing_new(heap, 70000));
        ck_assert_ptr_null(thing_new(heap, 500));
        heap_sound();
        struct thing *one = chain;
        chain = (struct thing *)(uintptr_t)one->value[0];
        thing_free(heap, one);
        drop(heap, chain);
        heap_sound();
        wr_heap_trim(heap);
    }
    void *whole = wr_heap_alloc(heap, WR_SPACE_GC, 8 * MIB);
    ck_assert_ptr_nonnull(whole);
    ck_assert_ptr_null(thing_new(heap, 32));
    wr_heap_free(heap, whole);
    ck_assert_ptr_nonnull(thing_new(heap, 32));
    heap_end();
}
END_TEST

START_TEST(absurd_reservations_are_halved)
{
    struct wr_heap_config config = {.gc_bytes = SIZE_MAX,
                                    .other_bytes = SIZE_MAX - 5};

    ck_assert_int_eq(wr_heap_start(&config), 0);
    struct wr_heap *heap = wr_heap_new(NULL);
    ck_assert_uint_ge(heap_stats().gc_region_bytes, 4 * MIB);
    struct thing *chain = fill(heap, 10 * MIB);
    ck_assert_ptr_nonnull(chain);
    drop(heap, chain);
    wr_heap_stop();

    config.gc_bytes = 1;
    config.other_bytes = 1;
    ck_assert_int_eq(wr_heap_start(&config), 0);
    ck_assert_uint_eq(heap_stats().gc_region_bytes, 4 * MIB);
    wr_heap_stop();
}
END_TEST

/* Sanitizers and Valgrind need more address space than the limit leaves. */
START_TEST(little_address_space_is_enough)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)1024 * MIB,
                           .rlim_max = RLIM_INFINITY};

    if (HEAP_SANITIZED || getenv("VALGRIND_LIB") != NULL) {
        return;
    }
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)1024 * MIB;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(wr_heap_start(NULL), 0);
    struct wr_heap_stats stats = heap_stats();
    ck_assert_uint_lt(stats.reserved_bytes, (size_t)1024 * MIB);
    ck_assert_uint_ge(stats.gc_region_bytes, (size_t)64 * MIB);
    /* others get their share */
    void *other = mmap(NULL, stats.reserved_bytes / 3, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(other, MAP_FAILED);
    struct wr_heap *heap = wr_heap_new(NULL);
    ck_assert_ptr_nonnull(fill(heap, 20 * MIB));
    heap_end();
}
END_TEST

static unsigned woken;

static void
wake(void)
{
    woken++;
}

/* [inv:heap.grace] */
START_TEST(pools_wait_for_a_grace_period)
{
    struct wr_heap *heap = heap_begin_with(true, false);

    wr_limbo_wake = wake;
    ck_assert(!wr_limbo_pending());
    ck_assert_uint_eq(wr_limbo_take().count, 0);
    struct thing *chain = fill(heap, 2 * MIB);
    size_t pools = heap_stats().pools;
    drop(heap, chain);
    ck_assert(wr_limbo_pending());
    ck_assert_uint_eq(woken, 1);
    /* all but the current one and one that stays listed */
    ck_assert_uint_eq(heap_stats().pools_limbo, pools - 2);
    struct thing *large = thing_new(heap, 300000);
    thing_free(heap, large);
    ck_assert_uint_eq(heap_stats().pools_limbo, pools - 2 + 5);
    ck_assert_uint_eq(woken, 1);
    ck_assert_int_eq(large->count, 0);

    /* nothing that waits is handed out in another class */
    for (unsigned i = 0; i < 1000; i++) {
        struct thing *other = thing_new(heap, 128);

        ck_assert_int_eq(wr_pool_of(other)->state, WR_POOL_SMALL);
        ck_assert_ptr_ne(wr_pool_of(other), wr_pool_of(large));
    }
    struct wr_limbo_batch batch = wr_limbo_take();
    ck_assert_uint_eq(batch.count, pools - 2 + 5);
    ck_assert(!wr_limbo_pending());
    ck_assert_uint_eq(heap_stats().pools_limbo, batch.count);
    thing_free(heap, thing_new(heap, 300000));
    ck_assert_uint_eq(woken, 2);
    heap_sound();
    wr_limbo_release(batch);
    ck_assert_uint_eq(heap_stats().pools_limbo, 5);
    wr_limbo_release(wr_limbo_take());
    ck_assert_uint_eq(heap_stats().pools_limbo, 0);

    /* buffers have no count anybody could look at */
    for (unsigned i = 0; i < 100; i++) {
        wr_raw_free(heap, wr_raw_alloc(heap, 32 + i * 100), 32 + i * 100);
    }
    wr_heap_trim(heap);
    wr_limbo_release(wr_limbo_take());
    ck_assert_uint_eq(heap_stats().pool_bytes[WR_SPACE_RAW], 0);
    wr_limbo_wake = NULL;
    heap_end();
}
END_TEST

/*
 * A wake-up may come to nothing, for want of a thread: limbo was then never
 * emptied again, since it was woken for only when it stopped being empty.
 */
START_TEST(limbo_that_grows_wakes_again)
{
    struct wr_heap *heap = heap_begin_with(true, false);
    unsigned before = woken;

    wr_limbo_wake = wake;
    for (unsigned i = 0; i < 40; i++) {
        thing_free(heap, thing_new(heap, 300000));
    }
    ck_assert_uint_eq(heap_stats().pools_limbo, 40 * 5);
    ck_assert_uint_eq(woken - before, 1 + 40 * 5 / 64);
    wr_limbo_release(wr_limbo_take());
    wr_limbo_wake = NULL;
    heap_end();
}
END_TEST

START_TEST(side_data_comes_zero_and_goes_back)
{
    struct wr_heap *heap = heap_begin();
    struct thing *chain = fill(heap, 20 * MIB);
    size_t last = wr_pool_count_gc() - 1;
    size_t granule = wr_granule(chain);

    ck_assert_uint_eq(wr_side_committed_bytes(), 0);
    ck_assert_int_eq(wr_side_commit(0, last), 0);
    ck_assert_int_eq(wr_side_commit(70, 71), 0);
    ck_assert_uint_eq(wr_side_committed_bytes(),
                      (last / 64 + 1) * (256 + 4 * 32) * 1024);
    for (size_t i = 0; i < (last + 1) * WR_SIDE_POOL_COUNTS; i += 509) {
        ck_assert_int_eq(wr_side.count[i], 0);
    }
    for (size_t i = 0; i < (last + 1) * WR_SIDE_POOL_WORDS; i++) {
        ck_assert(wr_side.cand[i] == 0 && wr_side.mark[i] == 0 &&
                  wr_side.old1[i] == 0 && wr_side.old2[i] == 0);
    }
    wr_side.count[granule] = -5;
    wr_side.mark[granule / 64] = 1;
    wr_side.old1[granule / 64] = 2;
    wr_side.old2[granule / 64] = 3;
    wr_side_release();
    ck_assert_int_eq(wr_side.count[granule], 0);
    ck_assert_uint_eq(wr_side.mark[granule / 64], 0);
    ck_assert_uint_eq(wr_side.old1[granule / 64], 2);
    ck_assert_uint_eq(wr_side.old2[granule / 64], 3);

    /* with the arena gone nothing of it stays */
    drop(heap, chain);
    wr_heap_trim_stw();
    ck_assert_int_eq(wr_side_commit(0, last), 0);
    wr_side_release();
    ck_assert_uint_eq(wr_side.old1[granule / 64], 0);
    ck_assert_int_eq(
        wr_side_commit(wr_region.pools_gc - 1, wr_region.pools_gc - 1), 0);
    wr_side.count[wr_region.size / 16 - 1] = 1;
    wr_side.old2[wr_region.size / 1024 - 1] = 1;
    wr_side_release();
    wr_side_release();
    heap_end();
}
END_TEST

/* One of everything that can run out of memory.  False if it did. */
static bool
use_everything(struct wr_heap *heap)
{
    bool all = true;
    void *raw = wr_raw_alloc(heap, 100);
    struct wr_heap *second = wr_heap_new(NULL);

    for (unsigned space = 0; space < 2; space++) {
        for (size_t size = 32; size < 300000; size = size * 3 / 2) {
            struct thing *thing = wr_heap_alloc(heap, space, size);

            all = all && thing != NULL;
            if (thing != NULL) {
                thing->count = 0;
                wr_heap_free(heap, thing);
            }
        }
    }
    all = all && raw != NULL && second != NULL;
    if (raw != NULL) {
        void *grown = wr_raw_realloc(heap, raw, 100, 50000);

        all = all && grown != NULL;
        wr_raw_free(heap, grown != NULL ? grown : raw,
                    grown != NULL ? 50000 : 100);
    }
    all = wr_side_commit(0, 5) == 0 && all;
    wr_heap_abandon(second);
    return all;
}

/* Behaviours of every caller start here: NULL, and nothing half done. */
START_TEST(each_allocation_may_fail)
{
    uint64_t n = 1;
    bool through = false;

    while (!through) {
        ck_assert_uint_lt(n, 1000);
        struct wr_heap *heap = heap_begin_with(n % 2 == 0, _i != 0);
        wr_heap_set_slow_stw(true);
        wr_fault_arm(n);
        through = use_everything(heap);
        wr_fault_disarm();
        ck_assert_int_eq(through, wr_fault_seen() < n);
        heap_sound();
        /* and it works again */
        ck_assert(use_everything(heap));
        if (_i != 0) {
            wr_checker_flush(heap);
        }
        ck_assert_uint_eq(heap_blocks(), 0);
        heap_end();
        n++;
    }
    ck_assert_uint_gt(n, 40);
    wr_fault_arm(1);
    ck_assert_int_eq(wr_heap_start(NULL), WR_ENOMEM);
    ck_assert(!wr_in_region(&n));
    wr_fault_disarm();
}
END_TEST

START_TEST(slow_mode_counts_every_block_and_ends)
{
    struct wr_heap *heap = heap_begin();

    (void)thing_new(heap, 32);
    wr_heap_set_slow_stw(true);
    wr_fault_arm(51);
    for (unsigned i = 0; i < 50; i++) {
        ck_assert_ptr_nonnull(thing_new(heap, 32));
    }
    ck_assert_ptr_null(thing_new(heap, 32));
    ck_assert_ptr_nonnull(thing_new(heap, 32));
    ck_assert_uint_eq(wr_fault_seen(), 52);
    heap_sound();
    wr_heap_set_slow_stw(false);
    wr_fault_arm_from(1);
    ck_assert_ptr_nonnull(thing_new(heap, 32));
    wr_fault_disarm();
    ck_assert_uint_eq(wr_fault_seen(), 0);
    heap_end();
}
END_TEST

Suite *
wr_suite_heap_region(void)
{
    Suite *suite = suite_create("heap_region");
    TCase *tc = tcase_create("heap_region");

    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, one_compare_tells_collectables_from_the_rest);
    tcase_add_loop_test(tc, empty_arenas_go_back_to_the_system, 0, 2);
    tcase_add_test(tc, one_live_block_keeps_its_arena);
    tcase_add_test(tc, a_full_region_says_no_and_recovers);
    tcase_add_test(tc, absurd_reservations_are_halved);
    tcase_add_test(tc, little_address_space_is_enough);
    tcase_add_test(tc, pools_wait_for_a_grace_period);
    tcase_add_test(tc, limbo_that_grows_wakes_again);
    tcase_add_test(tc, side_data_comes_zero_and_goes_back);
    tcase_add_loop_test(tc, each_allocation_may_fail, 0, 2);
    tcase_add_test(tc, slow_mode_counts_every_block_and_ends);
    suite_add_tcase(suite, tc);
    return suite;
}
