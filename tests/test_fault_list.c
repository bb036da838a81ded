/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_list.c - lists, tuples, strings and ints without memory.
 *
 * Scenarios run as in tests/sweep.h; every call that failed must have left its
 * objects as they were.
 */
#include "tests/sweep.h"

#include "kinds/list.h"
#include "kinds/str.h"

enum { ITEMS = 300 };

static int
make_atoms(void)
{
    weir_object *n = weir_int_new(INT64_MAX);
    weir_object *s = weir_str_from("a string");
    static char big[100000];
    weir_object *large = weir_str_new(big, sizeof(big));
    int error = 0;

    if (n == NULL || s == NULL || large == NULL) {
        error = weir_error();
    }
    weir_xdecref(n);
    weir_xdecref(s);
    weir_xdecref(large);
    return error;
}

START_TEST(atoms)
{
    ck_assert_uint_ge(wr_sweep(make_atoms, true), 3);
}
END_TEST

static int
make_tuples(void)
{
    weir_object *list = weir_list_new();
    weir_object *items[] = {list, list, list};
    weir_object *t;
    weir_object *large;
    int error = 0;

    if (list == NULL) {
        return weir_error();
    }
    t = weir_tuple_pack(3, items);
    wr_test_count(list, t != NULL ? 4 : 1);
    large = weir_tuple_new(20000);
    if (t == NULL || large == NULL) {
        error = weir_error();
    }
    weir_xdecref(large);
    weir_xdecref(t);
    wr_test_count(list, 1);
    weir_decref(list);
    return error;
}

START_TEST(tuples)
{
    ck_assert_uint_ge(wr_sweep(make_tuples, true), 3);
}
END_TEST

/* The result of a failed call may be passed on. */
static int
fill_tuple(void)
{
    weir_object *t = weir_tuple_new(10);
    int error = 0;

    if (t == NULL) {
        return weir_error();
    }
    for (size_t i = 0; i < 10; i++) {
        if (weir_tuple_set_steal(t, i, weir_int_new(INT64_MIN)) != 0) {
            error = WEIR_ENOMEM;
        }
    }
    weir_decref(t);
    return error;
}

START_TEST(tuple_filled_with_new_ints)
{
    ck_assert_uint_ge(wr_sweep(fill_tuple, true), 11);
}
END_TEST

static int
grow_list(void)
{
    weir_object *list = weir_list_new();
    weir_object *item = weir_str_from("item");
    int64_t size = 0;
    int error = 0;

    if (list == NULL || item == NULL) {
        error = weir_error();
    }
    while (error == 0 && size < ITEMS) {
        error = weir_list_append(list, item);
        size += error == 0;
        ck_assert_int_eq(weir_list_size(list), size);
        wr_test_count(item, 1 + size);
    }
    for (int64_t i = 0; i < size; i++) {
        weir_object *got = weir_list_get(list, (size_t)i);

        ck_assert_ptr_eq(got, item);
        weir_decref(got);
    }
    weir_xdecref(list);
    if (item != NULL) {
        wr_test_count(item, 1);
        weir_decref(item);
    }
    return error;
}

START_TEST(growing_list)
{
    ck_assert_uint_ge(wr_sweep(grow_list, true), 10);
}
END_TEST

/* After a failed append the list can be used, and the next one may succeed. */
static int
use_list(void)
{
    weir_object *list = weir_list_new();
    weir_object *item = weir_int_new(7);
    int result = 0;
    int64_t size = 0;

    if (list == NULL) {
        return weir_error();
    }
    for (int i = 0; i < 200; i++) {
        int error = weir_list_append(list, item);

        ck_assert(error == 0 || error == WEIR_ENOMEM);
        result = error != 0 ? error : result;
        size += error == 0;
    }
    ck_assert_int_eq(weir_list_size(list), size);
    if (size > 0) {
        ck_assert_int_eq(weir_list_set(list, 0, list), 0);
        ck_assert_int_eq(weir_list_set(list, 0, item), 0);
    }
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_list_size(list), 0);
    weir_decref(list);
    return result;
}

START_TEST(list_is_usable_after_a_failure)
{
    ck_assert_uint_ge(wr_sweep(use_list, true), 5);
}
END_TEST

/* [const] during a sweep; made while memory was there */
static weir_object *full;

/* Removing needs no memory: a smaller array is only tried for. */
static int
shrink_list(void)
{
    weir_object *item;

    for (int64_t i = ITEMS - 1; i >= 0; i--) {
        item = weir_list_pop(full);
        ck_assert_ptr_eq(item, weir_int_new(i));
        weir_decref(item);
        ck_assert_int_eq(weir_list_size(full), i);
    }
    return weir_list_clear(full);
}

static void
refill(void)
{
    for (int i = 0; i < ITEMS; i++) {
        ck_assert_int_eq(weir_list_append(full, weir_int_new(i)), 0);
    }
}

START_TEST(removing_needs_no_memory)
{
    uint64_t seen = 1;

    full = weir_list_new();
    for (uint64_t nth = 1; seen >= nth; nth++) {
        for (int all = 0; all < 2; all++) {
            refill();
            wr_heap_set_slow_stw(true);
            if (all != 0) {
                wr_fault_arm_from(nth);
            } else {
                wr_fault_arm(nth);
            }
            ck_assert_int_eq(shrink_list(), 0);
            seen = wr_fault_seen();
            wr_fault_disarm();
            wr_heap_set_slow_stw(false);
        }
    }
    weir_decref(full);
}
END_TEST

/* A finalizer that allocates, and copes, while its container dies. */
static void
allocate_in_finalizer(weir_object *o, void *data)
{
    weir_object *list = weir_list_new();

    (void)o;
    (*(int *)data)++;
    if (list != NULL) {
        (void)weir_list_append(list, list);
        (void)weir_list_clear(list);
        weir_decref(list);
    }
}

/* [const] during a sweep */
static weir_type *finalized;

static int
nest(void)
{
    weir_object *list = weir_list_new();
    weir_object *inner = weir_instance_new(finalized);
    weir_object *t = NULL;
    int error = 0;

    if (inner != NULL) {
        t = weir_tuple_pack(1, &inner);
    }
    if (list == NULL || t == NULL) {
        error = weir_error();
    } else {
        error = weir_list_append(list, t);
    }
    weir_xdecref(inner);
    weir_xdecref(t);
    weir_xdecref(list);
    return error;
}

START_TEST(death_needs_no_memory)
{
    int died = 0;

    finalized =
        weir_instance_type("finalized", 0, 0, allocate_in_finalizer, &died);
    (void)wr_sweep(nest, false);
    if (wr_cfg_counted) {
        ck_assert_int_gt(died, 0);
    }
}
END_TEST

/* Interning keeps what it made, so each name is new until it is there. */
START_TEST(interning)
{
    char name[] = "fault-0000";
    uint64_t failures = 0;

    for (int i = 0; i < 1000; i++) {
        weir_object *o = NULL;

        for (int digit = 0, rest = i; digit < 4; digit++, rest /= 10) {
            name[9 - digit] = (char)('0' + rest % 10);
        }
        for (uint64_t nth = 1; o == NULL; nth++) {
            size_t interned = wr_str_interned();

            ck_assert_uint_le(nth, 3);
            wr_fault_arm(nth);
            o = weir_str_intern(name, 10);
            wr_fault_disarm();
            if (o == NULL) {
                ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
                ck_assert_uint_eq(wr_str_interned(), interned);
                failures++;
            }
        }
        ck_assert_ptr_eq(weir_str_intern(name, 10), o);
        ck_assert_int_eq(memcmp(weir_str_data(o, NULL), name, 10), 0);
    }
    /* One string each, and the table a few times. */
    ck_assert_uint_gt(failures, 1000);
}
END_TEST

Suite *
wr_suite_fault_list(void)
{
    Suite *suite = suite_create("fault_list");
    TCase *tc = tcase_create("fault_list");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, atoms);
    tcase_add_test(tc, tuples);
    tcase_add_test(tc, tuple_filled_with_new_ints);
    tcase_add_test(tc, growing_list);
    tcase_add_test(tc, list_is_usable_after_a_failure);
    tcase_add_test(tc, removing_needs_no_memory);
    tcase_add_test(tc, death_needs_no_memory);
    tcase_add_test(tc, interning);
    suite_add_tcase(suite, tc);
    return suite;
}
