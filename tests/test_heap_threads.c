/* SPDX-License-Identifier: MIT */
/*
 * tests/test_heap_threads.c - blocks that other threads free, and heaps that
 * outlive their threads.
 *
 * Threads are plain ones with a heap each; a join stands for a stop.
 */
#include "tests/heap_fixture.h"

#include "base/sync.h"
#include "heap/heap_internal.h"

#include <pthread.h>

enum { THREADS = 4, SLOTS = 1024 };

/* What a worker gets and leaves. */
struct worker {
    pthread_t thread;
    struct wr_heap *heap;
    void **blocks;
    size_t count;
    uint64_t seed;
    size_t freed;
    bool failed;
};

/* [atomic: exchange acq_rel] blocks on their way from one thread to another */
static void *slots[SLOTS];

static pthread_barrier_t barrier;

static void
start(struct worker *worker, void *(*body)(void *))
{
    ck_assert_int_eq(pthread_create(&worker->thread, NULL, body, worker), 0);
}

static void
join(struct worker *worker)
{
    ck_assert_int_eq(pthread_join(worker->thread, NULL), 0);
    ck_assert(!worker->failed);
}

static void *
free_blocks(void *arg)
{
    struct worker *worker = arg;
    struct wr_heap *heap = wr_heap_new(NULL);

    worker->failed = heap == NULL;
    (void)pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < worker->count && !worker->failed; i++) {
        thing_free(heap, worker->blocks[i]);
    }
    wr_heap_abandon(heap);
    return NULL;
}

/*
 * Several threads free the blocks of the same few pools at once, so that the
 * pushes meet: [inv:heap.remote-once].
 */
START_TEST(all_blocks_freed_by_others_come_back_once)
{
    enum { N = 20000 };
    struct wr_heap *heap = heap_begin();
    struct worker workers[THREADS] = {0};
    static void *blocks[N];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t round = 0; round < wr_test_size(20); round++) {
        for (unsigned i = 0; i < N; i++) {
            blocks[i] = thing_new(heap, 32 + 16 * (i % 2));
            ck_assert_ptr_nonnull(blocks[i]);
        }
        shuffle(&random, blocks, N);
        (void)pthread_barrier_init(&barrier, NULL, THREADS);
        for (unsigned t = 0; t < THREADS; t++) {
            workers[t].blocks = blocks + t * (N / THREADS);
            workers[t].count = N / THREADS;
            start(&workers[t], free_blocks);
        }
        for (unsigned t = 0; t < THREADS; t++) {
            join(&workers[t]);
        }
        (void)pthread_barrier_destroy(&barrier);
        ck_assert_uint_eq(heap_blocks(), N);
        heap_sound();
        wr_heap_drain_all_stw();
        ck_assert_uint_eq(heap_blocks(), 0);
        heap_sound();
    }
    ck_assert_uint_eq(heap_stats().remote_frees, wr_test_size(20) * N);
    heap_end();
}
END_TEST

/* Put blocks into slots, take others' out and free them. */
static void *
exchange_blocks(void *arg)
{
    struct worker *worker = arg;
    struct wr_heap *heap = wr_heap_new(NULL);
    struct wr_random random;

    wr_random_seed(&random, worker->seed);
    (void)pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < worker->count && heap != NULL; i++) {
        uint64_t dice = wr_random_next(&random);
        size_t size = dice % 1000 == 0 ? 40000 : 32 + 16 * (dice / 1000 % 8);
        struct thing *thing = thing_new(heap, size);

        if (thing == NULL) {
            worker->failed = true;
            break;
        }
        thing->value[1] = ~(uint64_t)(uintptr_t)thing;
        thing = wr_exchange_acq_rel(&slots[dice / 8000 % SLOTS], (void *)thing);
        if (thing != NULL) {
            worker->failed |= thing->count != 1 ||
                              thing->value[1] != ~(uint64_t)(uintptr_t)thing;
            thing_free(heap, thing);
            worker->freed++;
        }
        if (i % 4096 == 0) {
            (void)heap_stats();
            wr_limbo_release(wr_limbo_take());
        }
    }
    worker->failed |= heap == NULL;
    wr_heap_abandon(heap);
    return NULL;
}

/*
 * Owners refill, drain, give pools up and get new ones while others push to
 * them: [inv:heap.remote-owner-takes].
 */
START_TEST(threads_free_each_others_blocks_while_running)
{
    struct wr_heap *heap = heap_begin_with(_i == 1, _i == 2);
    struct worker workers[THREADS] = {0};

    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned t = 0; t < THREADS; t++) {
        workers[t].seed = wr_test_seed() + t;
        workers[t].count = wr_test_size(_i == 2 ? 50000 : 300000);
        start(&workers[t], exchange_blocks);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        join(&workers[t]);
    }
    wr_heap_drain_all_stw();
    heap_sound();
    size_t left = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i] != NULL) {
            left++;
            thing_free(heap, slots[i]);
        }
    }
    ck_assert_uint_gt(left, 0);
    if (_i == 2) {
        wr_checker_flush(heap);
    }
    wr_heap_drain_all_stw();
    ck_assert_uint_eq(heap_blocks(), 0);
    wr_heap_trim_stw();
    wr_limbo_release(wr_limbo_take());
    ck_assert_uint_eq(heap_stats().pools, 0);
    /* one spare each at most */
    ck_assert_uint_le(heap_stats().arenas, 2);
    heap_end();
}
END_TEST

static void *
make_blocks(void *arg)
{
    struct worker *worker = arg;
    struct wr_heap *heap = wr_heap_new(NULL);

    worker->heap = heap;
    for (size_t i = 0; i < worker->count && heap != NULL; i++) {
        worker->blocks[i] = thing_new(heap, 32);
    }
    wr_heap_abandon(heap);
    return NULL;
}

static void *
adopt_a_heap(void *arg)
{
    struct worker *worker = arg;

    worker->heap = wr_heap_new(NULL);
    worker->freed = worker->heap != NULL ? heap_stats().heaps_abandoned : 99;
    for (size_t i = 0; i < worker->count; i++) {
        worker->blocks[i] = thing_new(worker->heap, 32);
    }
    return NULL;
}

/* [inv:heap.owner-const] */
START_TEST(heaps_of_exited_threads_are_adopted_whole)
{
    enum { N = 10000 };
    struct wr_heap *heap = heap_begin();
    static void *blocks[N];
    struct worker worker = {.blocks = blocks, .count = N};

    start(&worker, make_blocks);
    join(&worker);
    struct wr_heap *orphan = worker.heap;
    ck_assert_uint_eq(heap_stats().heaps_abandoned, 1);
    for (unsigned i = 0; i < N; i++) {
        ck_assert_ptr_eq(wr_pool_heap(wr_pool_of(blocks[i])), orphan);
    }
    /* freed while nobody owns it: kept until somebody does */
    for (unsigned i = 0; i < N / 2; i++) {
        thing_free(heap, blocks[i]);
    }
    ck_assert_uint_eq(heap_blocks(), N);
    size_t pools = heap_stats().pools;

    static void *more[N / 4];
    struct worker next = {.blocks = more, .count = N / 4};
    start(&next, adopt_a_heap);
    join(&next);
    ck_assert_ptr_eq(next.heap, orphan);
    ck_assert_uint_eq(next.freed, 0);
    ck_assert_uint_eq(heap_blocks(), N / 2 + N / 4);
    ck_assert_uint_le(heap_stats().pools, pools);
    for (unsigned i = 0; i < N / 4; i++) {
        ck_assert_ptr_eq(wr_pool_heap(wr_pool_of(more[i])), orphan);
    }
    heap_end();
}
END_TEST

START_TEST(a_stop_empties_abandoned_heaps_too)
{
    enum { N = 10000 };
    struct wr_heap *heap = heap_begin();
    static void *blocks[N];
    struct worker worker = {.blocks = blocks, .count = N};

    start(&worker, make_blocks);
    join(&worker);
    for (unsigned i = 0; i < N; i++) {
        thing_free(heap, blocks[i]);
    }
    wr_heap_drain_all_stw();
    wr_heap_trim_stw();
    ck_assert_uint_eq(heap_stats().pools, 0);
    wr_heap_account_all_stw();
    ck_assert_int_eq(wr_trigger.net, 0);
    heap_end();
}
END_TEST

/* A thread that exits takes nothing along that is empty. */
START_TEST(abandoned_heaps_keep_no_empty_pool)
{
    struct wr_heap *heap = heap_begin();

    for (unsigned cls = 0; cls < WR_CLASSES; cls++) {
        thing_free(heap, thing_new(heap, wr_class_bytes(cls)));
    }
    ck_assert_uint_eq(heap_stats().pools, WR_CLASSES);
    wr_heap_abandon(heap);
    ck_assert_uint_eq(heap_stats().pools, 0);
    wr_heap_abandon(NULL);
    heap_end();
}
END_TEST

static void *
free_in_batches(void *arg)
{
    struct worker *worker = arg;
    struct wr_heap *heap = wr_heap_new(NULL);
    static uint64_t bits[WR_SIDE_POOL_WORDS];

    worker->failed = heap == NULL;
    for (size_t from = 0; from < worker->count && heap != NULL;) {
        size_t pool = wr_pool_index(worker->blocks[from]);

        memset(bits, 0, sizeof(bits));
        while (from < worker->count &&
               wr_pool_index(worker->blocks[from]) == pool) {
            struct thing *thing = worker->blocks[from++];
            size_t granule = wr_granule(thing) % (WR_SIDE_POOL_WORDS * 64);

            thing->count = 0;
            bits[granule / 64] |= UINT64_C(1) << (granule % 64);
        }
        batch_free(heap, pool, bits);
    }
    wr_heap_abandon(heap);
    return NULL;
}

START_TEST(batches_of_foreign_pools_reach_their_owner)
{
    enum { N = 10000 };
    struct wr_heap *heap = heap_begin_with(false, _i == 1);
    static void *blocks[N];
    struct worker worker = {.blocks = blocks, .count = N};

    for (unsigned i = 0; i < N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    start(&worker, free_in_batches);
    join(&worker);
    ck_assert_uint_eq(heap_blocks(), N);
    heap_sound();
    wr_heap_drain_remote(heap);
    ck_assert_uint_eq(heap_blocks(), 0);
    heap_end();
}
END_TEST

/* Blocks come back to the owner at its next refill, without a stop. */
START_TEST(owners_find_what_others_freed_at_the_next_refill)
{
    enum { N = 50000 };
    struct wr_heap *heap = heap_begin();
    static void *blocks[N];
    struct worker worker = {.blocks = blocks, .count = N};

    for (unsigned i = 0; i < N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    size_t arenas = heap_stats().arenas;
    (void)pthread_barrier_init(&barrier, NULL, 1);
    start(&worker, free_blocks);
    join(&worker);
    for (unsigned i = 0; i < N; i++) {
        blocks[i] = thing_new(heap, 32);
    }
    ck_assert_uint_eq(heap_stats().arenas, arenas);
    ck_assert_uint_eq(heap_stats().remote_frees, N);
    heap_end();
}
END_TEST

static void *
count_things(void *arg)
{
    struct worker *worker = arg;
    uint32_t pending = 0;
    struct wr_heap *heap = wr_heap_new(&pending);

    for (size_t i = 0; i < worker->count && heap != NULL; i++) {
        struct thing *thing = thing_new(heap, 32);

        if (i % 2 == 0) {
            thing_free(heap, thing);
        }
    }
    worker->failed =
        heap == NULL || wr_load_relaxed(&pending) != WR_PENDING_COLLECT;
    wr_heap_abandon(heap);
    return NULL;
}

START_TEST(the_trigger_adds_up_over_threads)
{
    struct wr_heap *heap = heap_begin();
    struct worker workers[THREADS] = {0};

    wr_store_relaxed(&wr_trigger.limit, 700);
    for (unsigned t = 0; t < THREADS; t++) {
        workers[t].count = 10000;
        start(&workers[t], count_things);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        join(&workers[t]);
    }
    (void)heap;
    wr_heap_account_all_stw();
    ck_assert_int_eq(wr_trigger.net, THREADS * 5000);
    heap_end();
}
END_TEST

Suite *
wr_suite_heap_threads(void)
{
    Suite *suite = suite_create("heap_threads");
    TCase *tc = tcase_create("heap_threads");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_blocks_freed_by_others_come_back_once);
    tcase_add_loop_test(tc, threads_free_each_others_blocks_while_running, 0,
                        3);
    tcase_add_test(tc, heaps_of_exited_threads_are_adopted_whole);
    tcase_add_test(tc, a_stop_empties_abandoned_heaps_too);
    tcase_add_test(tc, abandoned_heaps_keep_no_empty_pool);
    tcase_add_loop_test(tc, batches_of_foreign_pools_reach_their_owner, 0, 2);
    tcase_add_test(tc, owners_find_what_others_freed_at_the_next_refill);
    tcase_add_test(tc, the_trigger_adds_up_over_threads);
    suite_add_tcase(suite, tc);
    return suite;
}
