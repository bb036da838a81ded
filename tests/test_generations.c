/* SPDX-License-Identifier: MIT */
/*
 * tests/test_generations.c - young and old objects, and when a collection is
 * due.
 */
#include "tests/pair_fixture.h"

#include "base/bitmap.h"
#include "collect/collect.h"
#include "heap/heap.h"
#include "heap/side.h"
#include "object/header.h"
#include "tests/reference.h"

static void
make_garbage(size_t cycles)
{
    for (size_t i = 0; i < cycles; i++) {
        weir_decref(make_cycle());
    }
}

static int
generation_of(const weir_object *o)
{
    int generation = wr_flags(o) & WR_FLAG_GEN_MASK;
    size_t granule = wr_granule(o);

    /* [inv:collect.old-bits] */
    ck_assert_int_eq(wr_side_commit(wr_pool_index(o), wr_pool_index(o)), 0);
    ck_assert_int_eq(wr_bitmap_test(wr_side.old1, granule), generation >= 1);
    ck_assert_int_eq(wr_bitmap_test(wr_side.old2, granule), generation >= 2);
    return generation;
}

static uint64_t
collections(int generation)
{
    weir_gc_stats stats;

    ck_assert_int_eq(weir_gc_get_stats(generation, &stats), 0);
    return stats.collections;
}

START_TEST(survivors_move_up_and_stay)
{
    weir_object *o = make_cycle();

    ck_assert_int_eq(generation_of(o), 0);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(generation_of(o), 1);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(generation_of(o), 1);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(generation_of(o), 2);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(generation_of(o), 2);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

START_TEST(a_full_collection_makes_old_at_once)
{
    weir_object *o = make_cycle();

    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(generation_of(o), 2);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

START_TEST(a_collection_includes_the_younger)
{
    weir_object *middle = make_cycle();

    ck_assert_int_eq(weir_gc_collect(0), 0);
    weir_decref(middle);
    make_garbage(3);
    ck_assert_int_eq(weir_gc_collect(1), 8);
}
END_TEST

/* Also those in pools that no allocation has come by since. */
START_TEST(the_middle_generation_is_found_wherever_it_is)
{
    enum { N = 5000 };
    static weir_object *cycles[N];

    for (size_t i = 0; i < N; i++) {
        cycles[i] = make_cycle();
    }
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    for (size_t i = 0; i < N; i++) {
        weir_decref(cycles[i]);
    }
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 2 * N);
}
END_TEST

START_TEST(an_old_object_keeps_young_ones)
{
    weir_object *old = pair(NULL, NULL);
    weir_object *young;

    ck_assert_int_eq(weir_gc_collect(2), 0);
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(old, 1, young), 0);
    weir_decref(young);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    wr_test_count(young, 2);
    weir_decref(old);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

START_TEST(dead_old_objects_keep_young_ones_until_they_are_found)
{
    weir_object *old = make_cycle();
    weir_object *young;

    ck_assert_int_eq(weir_gc_collect(2), 0);
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(old, 1, young), 0);
    weir_decref(young);
    weir_decref(old);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(2), 4);
}
END_TEST

START_TEST(young_garbage_that_refers_to_old_objects)
{
    weir_object *old = make_cycle();
    weir_object *young;

    ck_assert_int_eq(weir_gc_collect(2), 0);
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(young, 1, old), 0);
    weir_decref(young);
    wr_test_count(old, 3);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    wr_test_count(old, 2);
    weir_decref(old);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

/* The block of a freed old object is young again when it is reused. */
START_TEST(reused_blocks_of_old_objects_are_young)
{
    enum { N = 3000 };
    static weir_object *old[N];

    for (size_t i = 0; i < N; i++) {
        old[i] = pair(NULL, NULL);
    }
    ck_assert_int_eq(weir_gc_collect(2), 0);
    for (size_t i = 0; i < N; i += 3) {
        weir_decref(old[i]);
        old[i] = NULL;
    }
    for (unsigned turn = 0; turn < 4; turn++) {
        make_garbage(N / 2);
        ck_assert_int_eq(weir_gc_collect(0), 2 * (N / 2));
    }
    for (size_t i = 0; i < N; i++) {
        weir_xdecref(old[i]);
    }
}
END_TEST

/* The blocks of collected old objects are young again too. */
START_TEST(reused_blocks_of_collected_objects_are_young)
{
    for (unsigned turn = 0; turn < 3; turn++) {
        enum { N = 2000 };
        static weir_object *cycles[N];

        for (size_t i = 0; i < N; i++) {
            cycles[i] = make_cycle();
        }
        ck_assert_int_eq(weir_gc_collect(2), 0);
        for (size_t i = 0; i < N; i++) {
            weir_decref(cycles[i]);
        }
        ck_assert_int_eq(weir_gc_collect(2), 2 * N);
        make_garbage(N);
        ck_assert_int_eq(weir_gc_collect(0), 2 * N);
    }
}
END_TEST

/* What is made right after a collection, in a pool that is current still. */
START_TEST(objects_made_between_two_young_collections_are_found)
{
    for (unsigned turn = 0; turn < 500; turn++) {
        make_garbage(1 + turn % 7);
        ck_assert_int_eq(weir_gc_collect(turn % 2 == 0 ? 0 : 1),
                         2 * (1 + turn % 7));
    }
}
END_TEST

START_TEST(thresholds_can_be_read_and_set)
{
    int64_t t[3];

    ck_assert_int_eq(weir_gc_get_threshold(t), 0);
    ck_assert_int_eq(t[0], 2000);
    ck_assert_int_eq(t[1], 10);
    ck_assert_int_eq(t[2], 10);
    ck_assert_int_eq(weir_gc_set_threshold(700, 10, 10), 0);
    ck_assert_int_eq(weir_gc_set_threshold(-1, 10, 10), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_set_threshold(1, -10, 10), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_set_threshold(1, 10, -10), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_threshold(t), 0);
    ck_assert_int_eq(t[0], 700);
}
END_TEST

START_TEST(enable_disable_and_threshold_zero)
{
    ck_assert(!weir_gc_is_enabled());
    ck_assert_int_eq(weir_gc_enable(), 0);
    ck_assert_int_eq(weir_gc_enable(), 1);
    ck_assert(weir_gc_is_enabled());
    ck_assert_int_eq(weir_gc_disable(), 1);
    ck_assert_int_eq(weir_gc_disable(), 0);
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);

    /* Disabled: nothing automatic. */
    make_garbage(10000);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(collections(0), 0);

    /* Threshold 0 is stronger than enable(). */
    ck_assert_int_eq(weir_gc_set_threshold(0, 10, 10), 0);
    (void)weir_gc_enable();
    make_garbage(10000);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(collections(0), 0);
    ck_assert(weir_gc_is_enabled());

    /* And with both in favour it happens. */
    ck_assert_int_eq(weir_gc_set_threshold(2000, 10, 10), 0);
    make_garbage(1000);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(collections(0), 1);

    /* An explicit collection needs nobody's leave. */
    (void)weir_gc_disable();
    make_garbage(10);
    ck_assert_int_eq(weir_gc_collect(0), 20);
}
END_TEST

/* 2.13: never in the middle of another call [inv:collect.at-checkpoint]. */
START_TEST(allocations_alone_never_collect)
{
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    (void)weir_gc_enable();
    make_garbage(100000);
    ck_assert_uint_eq(collections(0), 0);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(collections(0), 1);
}
END_TEST

START_TEST(counts_can_be_read)
{
    int64_t count[3];

    ck_assert_int_eq(weir_gc_get_count(count), 0);
    make_garbage(10000);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert_int_gt(count[0], 15000);
    ck_assert_int_le(count[0], 20100);
    ck_assert_int_eq(weir_gc_collect(0), 20000);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert_int_lt(count[0], 1000);
    ck_assert_int_eq(count[1], 1);
    ck_assert_int_eq(count[2], 0);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert_int_eq(count[1], 0);
    ck_assert_int_eq(count[2], 1);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert_int_eq(count[2], 0);
}
END_TEST

START_TEST(older_generations_follow_the_younger)
{
    (void)weir_gc_enable();
    ck_assert_int_eq(weir_gc_set_threshold(100, 3, 2), 0);
    for (unsigned i = 0; i < 1000; i++) {
        make_garbage(20);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    ck_assert_uint_gt(collections(0), 100);
    /* One in five; and nothing survives, so generation 2 is never due. */
    ck_assert_uint_ge(collections(0), 4 * collections(1) - 4);
    ck_assert_uint_le(collections(0), 4 * collections(1) + 4);
    ck_assert_uint_eq(collections(2), 0);
}
END_TEST

START_TEST(the_oldest_only_when_enough_is_pending)
{
    enum { OLD = 8000 };
    weir_object *keep = weir_list_new();
    uint64_t full;

    for (size_t i = 0; i < OLD; i++) {
        weir_object *o = pair(NULL, NULL);

        ck_assert_int_eq(weir_list_append(keep, o), 0);
        weir_decref(o);
    }
    ck_assert_int_eq(weir_gc_collect(2), 0);
    full = collections(2);
    (void)weir_gc_enable();
    ck_assert_int_eq(weir_gc_set_threshold(100, 0, 0), 0);
    /* A quarter of the old is 2000 objects. */
    for (size_t i = 0; i < 1500; i++) {
        weir_object *o = pair(NULL, NULL);

        ck_assert_int_eq(weir_list_append(keep, o), 0);
        weir_decref(o);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    ck_assert_uint_gt(collections(1), 3);
    ck_assert_uint_eq(collections(2), full);
    for (size_t i = 0; i < 3000; i++) {
        weir_object *o = pair(NULL, NULL);

        ck_assert_int_eq(weir_list_append(keep, o), 0);
        weir_decref(o);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    ck_assert_uint_eq(collections(2), full + 1);
    weir_decref(keep);
}
END_TEST

/* Freed garbage must not be credited against what is made afterwards. */
START_TEST(garbage_that_was_freed_does_not_delay_the_next_collection)
{
    uint64_t most = 0;

    (void)weir_gc_enable();
    for (unsigned i = 0; i < 200000; i++) {
        make_garbage(1);
        ck_assert_int_eq(weir_checkpoint(), 0);
        if (i % 1000 == 0) {
            uint64_t objects = wr_test_usage().objects;

            most = objects > most ? objects : most;
        }
    }
    ck_assert_uint_lt(most, 6000);
    ck_assert_uint_gt(collections(0) + collections(1), 100);
}
END_TEST

Suite *
wr_suite_generations(void)
{
    Suite *suite = suite_create("generations");
    TCase *ages = tcase_create("ages");
    TCase *due = tcase_create("due");

    tcase_add_checked_fixture(ages, setup, teardown);
    tcase_add_test(ages, survivors_move_up_and_stay);
    tcase_add_test(ages, a_full_collection_makes_old_at_once);
    tcase_add_test(ages, a_collection_includes_the_younger);
    tcase_add_test(ages, the_middle_generation_is_found_wherever_it_is);
    tcase_add_test(ages, an_old_object_keeps_young_ones);
    tcase_add_test(ages, dead_old_objects_keep_young_ones_until_they_are_found);
    tcase_add_test(ages, young_garbage_that_refers_to_old_objects);
    tcase_add_test(ages, reused_blocks_of_old_objects_are_young);
    tcase_add_test(ages, reused_blocks_of_collected_objects_are_young);
    tcase_add_test(ages, objects_made_between_two_young_collections_are_found);
    suite_add_tcase(suite, ages);

    tcase_add_checked_fixture(due, setup, teardown);
    tcase_add_test(due, thresholds_can_be_read_and_set);
    tcase_add_test(due, enable_disable_and_threshold_zero);
    tcase_add_test(due, allocations_alone_never_collect);
    tcase_add_test(due, counts_can_be_read);
    tcase_add_test(due, older_generations_follow_the_younger);
    tcase_add_test(due, the_oldest_only_when_enough_is_pending);
    tcase_add_test(due,
                   garbage_that_was_freed_does_not_delay_the_next_collection);
    suite_add_tcase(suite, due);
    return suite;
}
