/* SPDX-License-Identifier: MIT */
/*
 * tests/test_freeze.c - the permanent generation.
 */
#include "tests/forks.h"
#include "tests/pair_fixture.h"

#include <stdio.h>

#include "base/bitmap.h"
#include "base/mem.h"
#include "collect/round.h"
#include "heap/side.h"
#include "object/header.h"

START_TEST(frozen_objects_are_not_looked_at)
{
    weir_object *o = make_cycle();
    weir_object *thawed;
    weir_gc_stats stats;
    uint64_t n[WEIR_GC_GENERATIONS + 1];

    ck_assert_int_eq(weir_gc_freeze_count(), 0);
    ck_assert_int_eq(weir_gc_freeze(0), 2);
    ck_assert_int_eq(weir_gc_freeze_count(), 2);
    ck_assert_int_eq(weir_gc_count_objects(n), 0);
    ck_assert_uint_eq(n[0] + n[1] + n[2], 0);
    ck_assert(weir_gc_is_tracked(o));
    thawed = weir_gc_get_objects(-1);
    ck_assert_int_eq(weir_list_size(thawed), 0);
    weir_decref(thawed);

    /* Unreachable, and not found. */
    weir_decref(o);
    for (int generation = 0; generation <= 2; generation++) {
        ck_assert_int_eq(weir_gc_collect(generation), 0);
        ck_assert_int_eq(weir_gc_get_stats(generation, &stats), 0);
        ck_assert_uint_eq(stats.candidates, 0);
    }
    ck_assert_int_eq(weir_gc_unfreeze(), 2);
    ck_assert_int_eq(weir_gc_freeze_count(), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(what_frozen_objects_refer_to_lives)
{
    weir_object *o = make_cycle();
    weir_object *young;

    ck_assert_int_eq(weir_gc_freeze(0), 2);
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(o, 1, young), 0);
    weir_decref(young);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_ptr_eq(weir_instance_borrow(o, 1), young);
    ck_assert_int_eq(weir_refcount(young), 2);
    /* And the other way round: garbage that refers to the frozen. */
    ck_assert_int_eq(weir_instance_set(young, 1, o), 0);
    ck_assert_int_eq(weir_instance_set(o, 1, NULL), 0);
    ck_assert_int_eq(weir_refcount(o), 3);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_int_eq(weir_refcount(o), 2);
    ck_assert_int_eq(weir_gc_unfreeze(), 2);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(frozen_objects_die_by_their_count)
{
    weir_object *list = weir_list_new();
    weir_object *again;

    for (int i = 0; i < 100; i++) {
        weir_object *o = weir_instance_new(pair_type);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        weir_decref(o);
    }
    ck_assert_int_eq(weir_gc_freeze(0), 101);
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_gc_freeze_count(), 1);
    /* Their blocks are young when they are used again. */
    again = make_cycle();
    ck_assert_uint_eq(wr_flags(again) & WR_FLAG_GEN_MASK, 0);
    ck_assert(!wr_bitmap_test(wr_side.old1, wr_granule(again)));
    weir_decref(again);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_freeze_count(), 0);
    ck_assert_int_eq(weir_gc_unfreeze(), 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(counts_begin_anew_and_freezing_adds_up)
{
    int64_t count[WEIR_GC_GENERATIONS];
    weir_object *first = make_cycle();
    weir_object *second;

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(weir_gc_collect(0), 0);
    }
    ck_assert_int_eq(weir_gc_freeze(0), 2);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert_int_eq(count[1], 0);
    ck_assert_int_eq(count[2], 0);
    second = make_cycle();
    ck_assert_int_eq(weir_gc_freeze(0), 2);
    ck_assert_int_eq(weir_gc_freeze(0), 0);
    ck_assert_int_eq(weir_gc_freeze_count(), 4);
    ck_assert_int_eq(weir_gc_freeze(2), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_unfreeze(), 4);
    weir_decref(first);
    weir_decref(second);
    ck_assert_int_eq(weir_gc_collect(2), 4);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(immortal_with_all_they_refer_to)
{
    weir_object *o = make_cycle();
    weir_object *number = wr_test_int(5);
    weir_object *tuple = weir_tuple_pack(1, &number);
    weir_object *apart = wr_test_int(6);

    ck_assert_int_eq(weir_instance_set(o, 1, tuple), 0);
    ck_assert_int_eq(weir_gc_freeze(0), 2 + weir_gc_is_tracked(tuple));
    ck_assert(!weir_is_immortal(o));
    ck_assert_int_eq(weir_gc_freeze(WEIR_GC_FREEZE_IMMORTAL), 0);
    ck_assert(weir_is_immortal(o));
    ck_assert(weir_is_immortal(weir_instance_borrow(o, 0)));
    ck_assert(weir_is_immortal(tuple));
    ck_assert(weir_is_immortal(number));
    ck_assert(!weir_is_immortal(apart));
    weir_decref(apart);
    weir_decref(number);
    weir_decref(tuple);
    weir_decref(o);
    ck_assert_int_ge(weir_gc_unfreeze(), 2);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_refcount(o), INT64_MAX);
    ck_assert_ptr_eq(weir_instance_borrow(o, 1), tuple);
}
END_TEST

/* [inv:collect.frozen] */
START_TEST(a_collection_writes_to_no_frozen_object)
{
    weir_object *o = make_cycle();
    weir_object copy[2];
    weir_object *young;

    ck_assert_int_eq(weir_gc_freeze(WEIR_GC_FREEZE_IMMORTAL), 2);
    memcpy(&copy[0], o, sizeof(copy[0]));
    memcpy(&copy[1], weir_instance_borrow(o, 0), sizeof(copy[1]));
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(young, 1, o), 0);
    weir_decref(young);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_int_eq(memcmp(&copy[0], o, sizeof(copy[0])), 0);
    ck_assert_int_eq(
        memcmp(&copy[1], weir_instance_borrow(o, 0), sizeof(copy[1])), 0);
}
END_TEST

/* ---- pools that are wholly frozen ---------------------------------------- */

enum { MANY = 100000 };

/* A chain of n pairs; a new reference to its head. */
static weir_object *
make_chain(size_t n)
{
    weir_object *chain = NULL;

    for (; n > 0; n--) {
        weir_object *o = pair(chain, NULL);

        weir_xdecref(chain);
        chain = o;
    }
    return chain;
}

static size_t
frozen_pools(void)
{
    size_t n = 0;

    for (size_t i = 0; i < wr_pool_count_gc(); i++) {
        n += wr_touched[i] == WR_TOUCHED_FROZEN &&
             wr_pool_has_blocks(wr_pool_at(i));
    }
    return n;
}

/* [inv:collect.frozen-pool] */
START_TEST(pools_are_frozen_until_they_are_used)
{
    weir_object *chain = make_chain(MANY);
    size_t pools;

    ck_assert_uint_eq(frozen_pools(), 0);
    ck_assert_int_eq(weir_gc_freeze(0), MANY);
    pools = frozen_pools();
    /* 32 bytes each; one pool is current. */
    ck_assert_uint_ge(pools, MANY * 32 / 65536 - 1);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_uint_eq(frozen_pools(), pools);
    weir_decref(make_chain(MANY / 2));
    ck_assert_uint_eq(frozen_pools(), pools);
    ck_assert_int_eq(weir_gc_unfreeze(), MANY);
    ck_assert_uint_eq(frozen_pools(), 0);
    weir_decref(chain);
    wr_test_no_leak(before);
}
END_TEST

/* Blocks that the frozen leave behind hold ordinary objects. */
START_TEST(garbage_between_the_frozen_is_found)
{
    weir_object *list = weir_list_new();
    weir_object *cycles[100];
    size_t pools;

    for (size_t i = 0; i < MANY / 10; i++) {
        weir_object *o = pair(NULL, NULL);

        ck_assert_int_eq(weir_list_append(list, o) == 0 ? 0 : -1, 0);
        weir_decref(o);
    }
    ck_assert_int_eq(weir_gc_freeze(0), MANY / 10 + 1);
    pools = frozen_pools();
    for (size_t i = 0; i < MANY / 20; i++) {
        weir_decref(weir_list_pop(list));
    }
    for (size_t i = 0; i < 100; i++) {
        cycles[i] = make_cycle();
    }
    ck_assert_uint_le(frozen_pools(), pools);
    /* Old, and their pools no longer touched. */
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    for (size_t i = 0; i < 100; i++) {
        weir_decref(cycles[i]);
    }
    ck_assert_int_eq(weir_gc_collect(2), 200);
    ck_assert_int_eq(weir_gc_unfreeze(), MANY / 20 + 1);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* From here there is no memory to save what only the collection still holds:
 * that one keeps the side tables which others give back. */
static void
break_cycle(weir_object *o, void *data)
{
    (void)data;
    (void)weir_instance_set(o, 0, NULL);
    wr_fault_arm_from(1);
}

/* Neither counts nor, with known roots (1), marks are left behind in pools that
 * take no part. */
START_TEST(a_collection_leaves_no_trace_in_frozen_pools)
{
    weir_type *breaker = weir_instance_type("breaker", 2, 0, break_cycle, NULL);
    weir_object *first = pair(NULL, NULL);
    weir_object *chain = make_chain(MANY);
    weir_object *young;
    weir_handle handles[2];

    ck_assert_int_eq(weir_gc_freeze(0), MANY + 1);
    ck_assert_uint_eq(wr_touched[wr_pool_index(first)], WR_TOUCHED_FROZEN);
    young = make_cycle();
    ck_assert_int_eq(weir_instance_set(young, 1, first), 0);
    if (_i == 1) {
        ck_assert_int_eq(weir_handle_new(young, &handles[0]), 0);
        ck_assert_int_eq(weir_handle_new(chain, &handles[1]), 0);
    }
    weir_decref(young);
    young = weir_instance_new(breaker);
    ck_assert_int_eq(weir_instance_set(young, 0, young), 0);
    ck_assert_int_eq(weir_instance_set(young, 1, first), 0);
    weir_decref(young);
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_SAVEALL), 0);
    ck_assert_int_eq(weir_gc_collect(2), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert_int_eq(weir_gc_set_debug(0), 0);
    ck_assert_int_eq(weir_refcount(first), 2);

    ck_assert_int_eq(weir_gc_unfreeze(), MANY + 1);
    ck_assert_int_eq(weir_instance_set(first, 0, first), 0);
    weir_decref(first);
    if (_i == 1) {
        ck_assert_int_eq(weir_handle_free(handles[0]), 0);
    }
    ck_assert_int_eq(weir_gc_collect(2), 3);
    if (_i == 1) {
        ck_assert_int_eq(weir_handle_free(handles[1]), 0);
    }
    weir_decref(chain);
    wr_test_no_leak(before);
}
END_TEST

/* It was not tracked, so it did not freeze; now it is. */
START_TEST(a_tuple_between_the_frozen_may_be_tracked)
{
    weir_object *chain = make_chain(MANY / 10);
    weir_object *tuple = weir_tuple_new(1);
    weir_object *more = make_chain(MANY / 10);
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_gc_freeze(0), MANY / 10 * 2 + 1);
    ck_assert_int_eq(weir_gc_unfreeze(), MANY / 10 * 2 + 1);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_freeze(0), MANY / 10 * 2);
    list = weir_list_new();
    ck_assert_int_eq(weir_tuple_set_steal(tuple, 0, weir_newref(list)), 0);
    ck_assert_int_eq(weir_list_append(list, tuple), 0);
    weir_decref(tuple);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    weir_decref(chain);
    weir_decref(more);
    wr_test_no_leak(before);
}
END_TEST

/* KiB that this process shares with no other, or -1. */
static long
private_kb(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    long kb = -1;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Private_Dirty: %ld kB", &kb) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kb;
}

/* What a full collection in a child makes its own.  Were the frozen pools to
 * take part, their old bits alone would come to more.  Debug level 2 looks at
 * all of the heap after each collection, which is not to be counted. */
START_TEST(a_forked_child_that_collects_shares_the_frozen)
{
    enum { HEAP = 20 * MANY, HEAP_KB = HEAP / 1024 * 32 };
    weir_object *chain;
    struct wr_child child;
    long most = HEAP_KB / 100;

    if (wr_test_slow() || WEIR_DEBUG >= 2 || private_kb() < 0) {
        return;
    }
    chain = make_chain(HEAP);
    ck_assert_int_eq(weir_gc_freeze(0), HEAP);
    child.line = wr_fork_open();
    child.pid = weir_fork();
    if (child.pid == 0) {
        long at_first = private_kb();
        bool good;

        weir_decref(make_cycle());
        good = weir_gc_collect(2) == 2;
        wr_fork_exit(!good ? 1 : private_kb() - at_first < most ? 0 : 2);
    }
    ck_assert_int_gt(child.pid, 0);
    ck_assert_int_eq(wr_fork_end(&child), 0);
    ck_assert_int_eq(weir_gc_unfreeze(), HEAP);
    weir_decref(chain);
}
END_TEST

START_TEST(no_memory_freezes_nothing)
{
    weir_object *o = make_cycle();

    wr_fault_arm(1);
    ck_assert_int_eq(weir_gc_freeze(0), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert_int_eq(weir_gc_freeze_count(), 0);
    ck_assert_int_eq(weir_gc_freeze(0), 2);
    ck_assert_int_eq(weir_gc_unfreeze(), 2);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    wr_test_no_leak(before);
}
END_TEST

static int64_t answers[3];

static void
freeze_inside(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    answers[0] = weir_gc_freeze(0);
    answers[1] = weir_gc_unfreeze();
    answers[2] = weir_gc_freeze_count();
}

START_TEST(not_in_the_middle_of_a_collection)
{
    weir_type *type = weir_instance_type("freezer", 2, 0, freeze_inside, NULL);
    weir_object *o = weir_instance_new(type);

    ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(answers[0], WEIR_ESTATE);
    ck_assert_int_eq(answers[1], WEIR_ESTATE);
    ck_assert_int_eq(answers[2], 0);
    /* A finalizer that a drop runs may. */
    weir_decref(weir_instance_new(type));
    ck_assert_int_eq(answers[0], 1);
    ck_assert_int_eq(answers[1], 1);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_gc_freeze(0), WEIR_ESTATE);
    ck_assert_int_eq(weir_gc_freeze_count(), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    wr_test_no_leak(before);
}
END_TEST

/* Rounds of each thread: what a thread makes while it is turned away from
 * collecting is bounded, however the machine schedules. */
enum { ROUNDS = 2000 };

static void *
churn(void *arg)
{
    if (weir_attach() != 0) {
        abort();
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        weir_object *o = weir_instance_new(pair_type);

        if (o == NULL || weir_instance_set(o, 0, o) != 0) {
            abort();
        }
        weir_decref(o);
        (void)weir_gc_collect(0);
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return arg;
}

START_TEST(freezing_beside_threads_that_collect)
{
    pthread_t threads[2];

    if (!wr_test_safe) {
        return;
    }
    crew_begin(&threads[0], churn, NULL);
    crew_begin(&threads[1], churn, NULL);
    for (size_t i = 0; i < (size_t)wr_test_size(100); i++) {
        ck_assert_int_ge(weir_gc_freeze(0), 0);
        ck_assert_int_ge(weir_gc_freeze_count(), 0);
        ck_assert_int_ge(weir_gc_unfreeze(), 0);
    }
    crew_join(threads[0]);
    crew_join(threads[1]);
    ck_assert_int_eq(weir_gc_freeze_count(), 0);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_freeze(void)
{
    const TTest *const tests[] = {
        frozen_objects_are_not_looked_at,
        what_frozen_objects_refer_to_lives,
        frozen_objects_die_by_their_count,
        counts_begin_anew_and_freezing_adds_up,
        immortal_with_all_they_refer_to,
        a_collection_writes_to_no_frozen_object,
        pools_are_frozen_until_they_are_used,
        garbage_between_the_frozen_is_found,
        a_tuple_between_the_frozen_may_be_tracked,
        a_forked_child_that_collects_shares_the_frozen,
        no_memory_freezes_nothing,
        not_in_the_middle_of_a_collection,
        freezing_beside_threads_that_collect,
    };
    Suite *s = suite_create("freeze");
    TCase *c = tcase_create("freeze");

    tcase_add_checked_fixture(c, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tcase_add_test(c, tests[i]);
    }
    tcase_add_loop_test(c, a_collection_leaves_no_trace_in_frozen_pools, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
