/* SPDX-License-Identifier: MIT */
/*
 * tests/test_tuple.c - tuples.
 */
#include "tests/fixture.h"

#include <pthread.h>

enum { MANY = 5000 };

/* Behaviour 1.2 for tuples. */
START_TEST(pack_takes_references_and_death_returns_them)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *a = wr_test_int(1);
    weir_object *b = wr_test_int(2);
    weir_object *items[] = {a, b, a};
    weir_object *t = weir_tuple_pack(3, items);

    ck_assert_ptr_nonnull(t);
    ck_assert(weir_is_tuple(t));
    ck_assert_int_eq(weir_tuple_size(t), 3);
    wr_test_count(t, 1);
    wr_test_count(a, 3);
    wr_test_count(b, 2);
    ck_assert_str_eq(weir_type_name(weir_type_of(t)), "tuple");
    weir_decref(t);
    wr_test_count(a, 1);
    wr_test_count(b, 1);
    weir_decref(a);
    weir_decref(b);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(get_is_new_and_borrow_is_not)
{
    weir_object *a = wr_test_int(1);
    weir_object *t = weir_tuple_pack(1, &a);

    wr_test_count(a, 2);
    ck_assert_ptr_eq(weir_tuple_borrow(t, 0), a);
    wr_test_count(a, 2);
    ck_assert_ptr_eq(weir_tuple_get(t, 0), a);
    wr_test_count(a, 3);
    weir_decref(a);
    weir_decref(t);
    wr_test_count(a, 1);
    weir_decref(a);
}
END_TEST

START_TEST(empty_tuple_is_one_immortal)
{
    weir_object *t = weir_tuple_new(0);

    ck_assert_ptr_nonnull(t);
    ck_assert_ptr_eq(weir_tuple_pack(0, NULL), t);
    ck_assert(weir_is_immortal(t));
    ck_assert(weir_is_tuple(t));
    ck_assert_int_eq(weir_tuple_size(t), 0);
    ck_assert_ptr_null(weir_tuple_get(t, 0));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_int_eq(weir_tuple_set_steal(t, 0, weir_int_new(1)), WEIR_ERANGE);
    ck_assert_str_eq(weir_type_name(weir_type_of(t)), "tuple");
    weir_decref(t);
}
END_TEST

START_TEST(set_steals_and_drops_the_old)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *t = weir_tuple_new(2);
    weir_object *a = wr_test_int(1);

    ck_assert_ptr_null(weir_tuple_get(t, 0));
    ck_assert_int_eq(weir_error(), WEIR_ESTATE);
    ck_assert_int_eq(weir_tuple_set_steal(t, 0, weir_newref(a)), 0);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_tuple_set_steal(t, 0, wr_test_int(2)), 0);
    wr_test_count(a, 1);
    ck_assert_int_eq(wr_test_int_is(weir_tuple_borrow(t, 0)), 2);
    weir_decref(t); /* with an item that was never set */
    weir_decref(a);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:tuple.const-when-shared] */
static void *
read_and_drop(void *t)
{
    intptr_t is_ok = weir_attach() == 0;

    is_ok = is_ok && wr_test_int_is(weir_tuple_borrow(t, 0)) == 1;
    weir_decref(t);
    (void)weir_detach();
    return (void *)is_ok;
}

/*
 * The maker is alone with its tuple again: it must not run ahead of what the
 * other thread read before it dropped its reference.  ThreadSanitizer sees it.
 */
START_TEST(set_waits_for_readers_that_are_gone)
{
    weir_object *t = weir_tuple_new(1);
    weir_object *value = wr_test_int(2);
    pthread_t reader;
    void *is_ok;

    ck_assert_int_eq(weir_tuple_set_steal(t, 0, wr_test_int(1)), 0);
    ck_assert_int_eq(
        pthread_create(&reader, NULL, read_and_drop, weir_newref(t)), 0);
    while (wr_cfg_counted &&
           weir_tuple_set_steal(t, 0, weir_newref(value)) == WEIR_ESTATE) {
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
    }
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(reader, &is_ok), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_ptr_nonnull(is_ok);
    weir_decref(value);
    weir_decref(t);
}
END_TEST

START_TEST(set_consumes_the_value_when_it_fails)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *t = weir_tuple_new(1);
    weir_object *five = weir_int_new(5);
    weir_object *a = wr_test_int(1);

    ck_assert_int_eq(weir_tuple_set_steal(NULL, 0, weir_newref(a)),
                     WEIR_EINVAL);
    ck_assert_int_eq(weir_tuple_set_steal(t, 0, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_tuple_set_steal(five, 0, weir_newref(a)), WEIR_ETYPE);
    ck_assert_int_eq(weir_tuple_set_steal(t, 1, weir_newref(a)), WEIR_ERANGE);
    if (wr_cfg_counted) {
        weir_incref(t);
        ck_assert_int_eq(weir_tuple_set_steal(t, 0, weir_newref(a)),
                         WEIR_ESTATE);
        weir_decref(t);
    }
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(t);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *list = weir_list_new();
    weir_object *items[] = {list, NULL};
    struct wr_test_usage before = wr_test_usage();

    ck_assert_ptr_null(weir_tuple_new(SIZE_MAX));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_ptr_null(weir_tuple_new(SIZE_MAX / 32));
    ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
    ck_assert_ptr_null(weir_tuple_pack(1, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_tuple_pack(SIZE_MAX, items));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_ptr_null(weir_tuple_pack(2, items));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    wr_test_count(list, 1);
    ck_assert_ptr_null(weir_tuple_get(NULL, 0));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_tuple_get(list, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_tuple_borrow(list, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_tuple_size(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_tuple_size(list), WEIR_ETYPE);
    ck_assert(!weir_is_tuple(NULL));
    ck_assert(!weir_is_tuple(list));
    wr_test_no_leak(before);
    weir_decref(list);
}
END_TEST

START_TEST(large_tuples_work)
{
    struct wr_test_usage before = wr_test_usage();

    for (size_t n = 1; n < 2 * MANY; n = n < 64 ? n + 1 : n * 2 - n / 3) {
        weir_object *t = weir_tuple_new(n);

        ck_assert_ptr_nonnull(t);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(
                weir_tuple_set_steal(t, i, wr_test_int((int64_t)i)), 0);
        }
        ck_assert_int_eq(weir_tuple_size(t), (int64_t)n);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(wr_test_int_is(weir_tuple_borrow(t, i)),
                             (int64_t)i);
        }
        weir_decref(t);
    }
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 2.1: a tuple in a cycle through a list. */
START_TEST(cycle_is_freed_by_the_collector_only)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    weir_object *t = weir_tuple_pack(1, &list);

    ck_assert_int_eq(weir_list_append(list, t), 0);
    weir_decref(t);
    weir_decref(list);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 2);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 2 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 2.10: what can be part of no cycle is not tracked. */
START_TEST(tuples_of_atoms_are_not_tracked)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *items[] = {wr_test_int(1), weir_int_new(2),
                            weir_str_from("three"), weir_tuple_new(0)};
    weir_object *list = weir_list_new();
    weir_object *atoms = weir_tuple_pack(4, items);
    weir_object *nested = weir_tuple_pack(1, &atoms);
    weir_object *mixed[] = {atoms, list};
    weir_object *holder = weir_tuple_pack(2, mixed);
    weir_object *outer = weir_tuple_pack(1, &holder);
    weir_object *fresh = weir_tuple_new(2);
    int64_t count[WEIR_GC_GENERATIONS];

    ck_assert(!weir_gc_is_tracked(atoms));
    ck_assert(!weir_gc_is_tracked(nested));
    ck_assert(weir_gc_is_tracked(holder));
    ck_assert(weir_gc_is_tracked(outer));
    ck_assert(!weir_gc_is_tracked(fresh));
    ck_assert_int_eq(weir_tuple_set_steal(fresh, 0, weir_int_new(1)), 0);
    ck_assert(!weir_gc_is_tracked(fresh));
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_get_count(count), 0);
    ck_assert(!weir_gc_is_tracked(atoms));
    ck_assert(weir_gc_is_tracked(holder));
    weir_decref(fresh);
    weir_decref(outer);
    weir_decref(holder);
    weir_decref(nested);
    weir_decref(atoms);
    weir_decref(list);
    for (size_t i = 0; i < 4; i++) {
        weir_decref(items[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

/* [inv:tuple.untracked] */
START_TEST(a_tuple_is_tracked_when_it_gets_a_container)
{
    struct wr_test_usage before = wr_test_usage();
    const bool on = weir_gc_disable() != 0;
    weir_object *number = wr_test_int(1);
    weir_object *made[] = {weir_tuple_new(1), weir_tuple_pack(1, &number)};

    /* Passed over by a collection while they hold atoms only. */
    ck_assert_int_ge(weir_gc_collect(1), 0);
    for (size_t i = 0; i < 2; i++) {
        weir_object *list = weir_list_new();

        ck_assert(!weir_gc_is_tracked(made[i]));
        ck_assert_int_eq(weir_list_append(list, number), 0);
        ck_assert_int_eq(weir_tuple_set_steal(made[i], 0, weir_newref(list)),
                         0);
        ck_assert(weir_gc_is_tracked(made[i]));
        ck_assert_int_eq(weir_list_append(list, made[i]), 0);
        weir_decref(made[i]);
        weir_decref(list);
        /* And found by the next young one. */
        ck_assert_int_eq(weir_gc_collect(0), wr_cfg_counted ? 2 : 0);
    }
    weir_decref(number);
    wr_test_no_leak(before);
    if (on) {
        (void)weir_gc_enable();
    }
}
END_TEST

Suite *
wr_suite_tuple(void)
{
    Suite *suite = suite_create("tuple");
    TCase *tc = tcase_create("tuple");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, pack_takes_references_and_death_returns_them);
    tcase_add_test(tc, get_is_new_and_borrow_is_not);
    tcase_add_test(tc, empty_tuple_is_one_immortal);
    tcase_add_test(tc, set_steals_and_drops_the_old);
    tcase_add_test(tc, set_waits_for_readers_that_are_gone);
    tcase_add_test(tc, set_consumes_the_value_when_it_fails);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, large_tuples_work);
    tcase_add_test(tc, cycle_is_freed_by_the_collector_only);
    tcase_add_test(tc, tuples_of_atoms_are_not_tracked);
    tcase_add_test(tc, a_tuple_is_tracked_when_it_gets_a_container);
    suite_add_tcase(suite, tc);
    return suite;
}
