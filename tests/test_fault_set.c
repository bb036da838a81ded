/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_set.c - sets without memory: tests/sweep.h.
 */
#include "tests/dicts.h"
#include "tests/sweep.h"

enum { ITEMS = 60 };

/* The set has the small ints from first to last, by step, and is whole. */
static void
check_range(weir_object *set, int64_t first, int64_t last, int64_t step)
{
    int64_t n = 0;

    ck_assert(wr_test_is_sound(set));
    for (int64_t i = first; i <= last; i += step) {
        ck_assert_int_eq(weir_set_contains(set, weir_int_new(i)), 1);
        n++;
    }
    ck_assert_int_eq(weir_set_size(set), n);
}

/* A set of those, or NULL without memory. */
static weir_object *
range(int64_t first, int64_t last, int64_t step)
{
    weir_object *set = weir_set_new();

    for (int64_t i = first; set != NULL && i <= last; i += step) {
        int added = weir_set_add(set, weir_int_new(i));

        if (added != 1) {
            ck_assert_int_eq(added, WEIR_ENOMEM);
            check_range(set, first, i - step, step);
            weir_decref(set);
            set = NULL;
        }
    }
    return set;
}

static int
grow_set(void)
{
    weir_object *set = range(0, ITEMS, 1);

    if (set == NULL) {
        return WEIR_ENOMEM;
    }
    /* What is there needs no memory. */
    ck_assert_int_eq(weir_set_add(set, weir_int_new(0)), 0);
    weir_decref(set);
    return 0;
}

START_TEST(growing_set)
{
    ck_assert_uint_ge(wr_sweep(grow_set, true), 6);
}
END_TEST

static int
copy_set(void)
{
    weir_object *set = range(0, ITEMS, 1);
    weir_object *copy;
    int error = 0;

    if (set == NULL) {
        return WEIR_ENOMEM;
    }
    copy = weir_set_copy(set);
    if (copy == NULL) {
        error = weir_error();
    } else {
        check_range(copy, 0, ITEMS, 1);
        weir_decref(copy);
    }
    check_range(set, 0, ITEMS, 1);
    weir_decref(set);
    return error;
}

START_TEST(copying)
{
    ck_assert_uint_ge(wr_sweep(copy_set, true), 8);
}
END_TEST

/* All of the even ones below ITEMS, and the multiples of three. */
static int
two_sets(int (*operation)(weir_object *, weir_object *), int64_t after)
{
    weir_object *twos = range(0, ITEMS - 1, 2);
    weir_object *threes = range(0, ITEMS - 1, 3);
    int error = WEIR_ENOMEM;

    if (twos != NULL && threes != NULL) {
        error = operation(twos, threes);
        check_range(threes, 0, ITEMS - 1, 3);
        if (error != 0) {
            check_range(twos, 0, ITEMS - 1, 2);
        } else {
            ck_assert_int_eq(weir_set_size(twos), after);
        }
    }
    weir_xdecref(twos);
    weir_xdecref(threes);
    return error;
}

static int
update_set(void)
{
    return two_sets(weir_set_update, ITEMS / 2 + ITEMS / 3 - ITEMS / 6);
}

static int
intersect_set(void)
{
    return two_sets(weir_set_intersect, ITEMS / 6);
}

static int
subtract_set(void)
{
    return two_sets(weir_set_subtract, ITEMS / 2 - ITEMS / 6);
}

START_TEST(two_sets_or_nothing)
{
    ck_assert_uint_ge(wr_sweep(update_set, true), 9);
    ck_assert_uint_ge(wr_sweep(intersect_set, true), 10);
    ck_assert_uint_ge(wr_sweep(subtract_set, true), 10);
}
END_TEST

/* [const] during a sweep; made while memory was there */
static weir_object *full;

/* Removing needs no memory: a smaller table is only tried for. */
static int
empty_set(void)
{
    for (int64_t i = 0; i < 150; i++) {
        ck_assert_int_eq(weir_set_remove(full, weir_int_new(i)), 0);
    }
    for (int64_t i = 150; i < 300; i++) {
        ck_assert_ptr_eq(weir_set_pop(full), weir_int_new(i));
    }
    check_range(full, 0, -1, 1);
    return 0;
}

START_TEST(removing_needs_no_memory)
{
    uint64_t seen = 1;

    for (uint64_t nth = 1; seen >= nth; nth++) {
        full = range(0, 299, 1);
        wr_heap_set_slow_stw(true);
        wr_fault_arm_from(nth);
        ck_assert_int_eq(empty_set(), 0);
        seen = wr_fault_seen();
        wr_fault_disarm();
        wr_heap_set_slow_stw(false);
        weir_decref(full);
    }
    ck_assert_uint_ge(seen, 1);
}
END_TEST

Suite *
wr_suite_fault_set(void)
{
    Suite *suite = suite_create("fault_set");
    TCase *tc = tcase_create("fault_set");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, growing_set);
    tcase_add_test(tc, copying);
    tcase_add_test(tc, two_sets_or_nothing);
    tcase_add_test(tc, removing_needs_no_memory);
    suite_add_tcase(suite, tc);
    return suite;
}
