/* SPDX-License-Identifier: MIT */
/*
 * tests/test_pace.c - how often, and how much in all, is looked at.
 */
#include "tests/fixture.h"

#include <math.h>

#include "heap/heap.h"
#include "tests/workers.h"

enum { YOUNG = 2000, YOUNG_MAX = 65536 };

static weir_type *pair_type;

static void
setup(void)
{
    wr_test_start();
    ck_assert_int_eq(weir_gc_set_bytes(16 << 20), 0);
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair_type);
}

static void
teardown(void)
{
    wr_test_stop();
}

static weir_gc_pace
pace_now(void)
{
    weir_gc_pace pace;

    ck_assert_int_eq(weir_gc_get_pace(&pace), 0);
    return pace;
}

/* Make n pairs in front of *chain, coming to a checkpoint after each. */
static void
grow(weir_object **chain, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        weir_object *o = weir_instance_new(pair_type);

        if (o == NULL || weir_instance_set(o, 0, *chain) != 0) {
            abort();
        }
        weir_xdecref(*chain);
        *chain = o;
        (void)weir_checkpoint();
    }
}

static void
drop_cycle(void)
{
    weir_object *o = weir_instance_new(pair_type);

    if (o == NULL || weir_instance_set(o, 0, o) != 0) {
        abort();
    }
    weir_decref(o);
}

START_TEST(young_collections_that_find_nothing_become_rare)
{
    int64_t set[WEIR_GC_GENERATIONS];
    weir_object *chain = NULL;

    ck_assert_int_eq(pace_now().young, YOUNG);
    grow(&chain, 20 * YOUNG);
    ck_assert_int_ge(pace_now().young, 2 * YOUNG);
    ck_assert_int_eq(weir_gc_get_threshold(set), 0);
    ck_assert_int_eq(set[0], YOUNG);
    grow(&chain, wr_test_slow() ? 0 : 16 * YOUNG_MAX);
    ck_assert_int_le(pace_now().young, YOUNG_MAX);
    ck_assert_int_eq(pace_now().young == YOUNG_MAX, !wr_test_slow());
    weir_decref(chain);
}
END_TEST

START_TEST(fruitful_ones_make_them_frequent_again)
{
    weir_object *chain = NULL;
    int64_t young;

    grow(&chain, 20 * YOUNG);
    young = pace_now().young;
    for (size_t i = 0; i < 20 * YOUNG && pace_now().young > YOUNG; i++) {
        drop_cycle();
        ck_assert(weir_checkpoint() == 0);
    }
    ck_assert_int_gt(young, YOUNG);
    ck_assert_int_eq(pace_now().young, YOUNG);
    weir_decref(chain);
}
END_TEST

/* Neither above a setting that is higher still nor below a lower one. */
START_TEST(what_was_set_is_the_least)
{
    weir_object *chain = NULL;

    ck_assert_int_eq(weir_gc_set_threshold(100000, 10, 10), 0);
    ck_assert_int_eq(pace_now().young, 100000);
    grow(&chain, wr_test_slow() ? 0 : 500000);
    ck_assert_int_eq(pace_now().young, 100000);
    ck_assert_int_eq(weir_gc_set_threshold(10, 10, 10), 0);
    ck_assert_int_eq(pace_now().young, 10);
    for (size_t i = 0; i < 1000; i++) {
        drop_cycle();
        ck_assert(weir_checkpoint() == 0);
    }
    ck_assert_int_eq(pace_now().young, 10);
    weir_xdecref(chain);
}
END_TEST

/* Those that somebody asks for say nothing about how fast garbage is made. */
START_TEST(explicit_collections_change_no_rhythm)
{
    weir_object *chain = NULL;

    for (unsigned i = 0; i < 10; i++) {
        grow(&chain, 100);
        ck_assert_int_eq(weir_gc_collect(0), 0);
        ck_assert_int_eq(weir_gc_collect(2), 0);
    }
    ck_assert_int_eq(pace_now().young, YOUNG);
    ck_assert_uint_eq(pace_now().old_percent, 25);
    weir_decref(chain);
}
END_TEST

START_TEST(full_collections_that_find_nothing_become_rare)
{
    weir_object *chain = NULL;

    ck_assert_int_eq(weir_gc_set_threshold(100, 0, 0), 0);
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    grow(&chain, 60000);
    ck_assert_uint_eq(pace_now().old_percent, 100);
    weir_decref(chain);
    for (unsigned i = 0; i < 1000; i++) {
        drop_cycle();
    }
    ck_assert_int_eq(weir_gc_collect(2), 1000);
    ck_assert_uint_eq(pace_now().old_percent, 25);
}
END_TEST

START_TEST(middle_collections_follow_what_they_find)
{
    weir_object *chain = NULL;

    ck_assert_int_eq(weir_gc_set_threshold(100, 2, 1000), 0);
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    ck_assert_int_eq(pace_now().middle, 2);
    grow(&chain, 100000);
    ck_assert_int_gt(pace_now().middle, 2);
    ck_assert_int_le(pace_now().middle, 2 * 16);
    weir_decref(chain);
    /* Garbage that is met when it is no longer young. */
    for (size_t i = 0; i < 1000000 && pace_now().middle > 2; i++) {
        drop_cycle();
        ck_assert(weir_checkpoint() == 0);
    }
    ck_assert_int_eq(pace_now().middle, 2);
}
END_TEST

static const int64_t near_the_largest[] = {
    INT64_MAX,
    INT64_MAX / 2 + 1,
    INT64_MAX / 4,
    INT64_MAX / 4 - 1,
};

/* It is doubled while that leaves room for twice the result. */
START_TEST(a_middle_threshold_near_the_largest_number_stays)
{
    int64_t set = near_the_largest[_i];
    weir_object *chain = NULL;
    weir_gc_stats full;

    /* Bytes alone make full collections due, and what they find lives. */
    ck_assert_int_eq(weir_gc_set_threshold(YOUNG, set, 10), 0);
    grow(&chain, 20 * YOUNG);
    ck_assert_int_eq(weir_gc_get_stats(2, &full), 0);
    ck_assert_uint_ge(full.by_bytes, 2);
    ck_assert_uint_eq(full.collected, 0);
    ck_assert_int_eq(pace_now().middle, set < INT64_MAX / 4 ? 2 * set : set);
    ck_assert_int_gt(pace_now().bytes_due[1], 0);
    weir_decref(chain);
}
END_TEST

/* What all collections looked at while a heap grew to n objects. */
static double
looked_at(size_t n)
{
    weir_object *chain = NULL;
    weir_gc_stats stats;
    uint64_t sum = 0;

    setup();
    grow(&chain, n);
    for (int i = 0; i < WEIR_GC_GENERATIONS; i++) {
        ck_assert_int_eq(weir_gc_get_stats(i, &stats), 0);
        sum += stats.candidates;
    }
    weir_decref(chain);
    teardown();
    return (double)sum;
}

/* The slope on double logarithmic paper: 1 is proportional to the heap. */
START_TEST(work_grows_as_the_heap)
{
    enum { POINTS = 6 };
    double x_sum = 0, y_sum = 0, xx = 0, xy = 0, slope;
    /* Below some ten thousand objects the first steps weigh more. */
    size_t n = wr_test_slow() ? 10000 : 80000;

    for (unsigned i = 0; i < POINTS; i++, n *= 2) {
        double x = log((double)n);
        double y = log(looked_at(n));

        x_sum += x;
        y_sum += y;
        xx += x * x;
        xy += x * y;
    }
    slope = (POINTS * xy - x_sum * y_sum) / (POINTS * xx - x_sum * x_sum);
    ck_assert_double_le(slope, wr_test_slow() ? 1.15 : 1.08);
    ck_assert_double_ge(slope, 0.8);
}
END_TEST

/* ---- threads that outrun the collector ---------------------------------- */

enum {
    CROWD = 8,
    SAMPLE_EVERY = 64,
    /* four thresholds that are being freed, four that were made meanwhile */
    BACKLOG = 2 * 4 * YOUNG
};

/* What it shares is its own place for the most objects it has seen. */
static int
make_garbage(struct wr_worker *me, int64_t round)
{
    uint64_t *most = (uint64_t *)me->shared + me->index;
    weir_memory memory;
    int error;

    for (unsigned i = 0; i < 10; i++) {
        drop_cycle();
    }
    if (round % SAMPLE_EVERY != 0) {
        return 0;
    }
    error = weir_memory_stats(&memory);
    if (error == 0 && memory.objects > *most) {
        *most = memory.objects;
    }
    return error;
}

/*
 * Objects there are while eight threads do nothing but make cycles, which they
 * could do faster than one of them frees.  Three times the backlog allowed,
 * since each works from one checkpoint to the next before it waits, and what
 * others free for it counts until it makes more.
 */
START_TEST(garbage_of_many_threads_does_not_pile_up)
{
    int64_t rounds = wr_test_slow() ? 2000 : 40000;
    uint64_t most[CROWD] = {0};

    wr_run_workers(most, CROWD, rounds, make_garbage);
    for (unsigned i = 0; i < CROWD; i++) {
        ck_assert_uint_gt(most[i], 0);
        ck_assert_uint_lt(most[i], 3 * BACKLOG);
    }
}
END_TEST

Suite *
wr_suite_pace(void)
{
    Suite *suite = suite_create("pace");
    TCase *rhythm = tcase_create("rhythm");
    TCase *growth = tcase_create("growth");
    TCase *threads = tcase_create("threads");

    tcase_add_checked_fixture(rhythm, setup, teardown);
    tcase_add_test(rhythm, young_collections_that_find_nothing_become_rare);
    tcase_add_test(rhythm, fruitful_ones_make_them_frequent_again);
    tcase_add_test(rhythm, what_was_set_is_the_least);
    tcase_add_test(rhythm, explicit_collections_change_no_rhythm);
    tcase_add_test(rhythm, full_collections_that_find_nothing_become_rare);
    tcase_add_test(rhythm, middle_collections_follow_what_they_find);
    tcase_add_loop_test(
        rhythm, a_middle_threshold_near_the_largest_number_stays, 0,
        (int)(sizeof(near_the_largest) / sizeof(near_the_largest[0])));
    suite_add_tcase(suite, rhythm);
    tcase_add_test(growth, work_grows_as_the_heap);
    suite_add_tcase(suite, growth);
    tcase_add_checked_fixture(threads, setup, teardown);
    tcase_add_test(threads, garbage_of_many_threads_does_not_pile_up);
    suite_add_tcase(suite, threads);
    return suite;
}
