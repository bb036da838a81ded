/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_slice.c - slices, insertion and sorting without memory.
 *
 * Scenarios run as in tests/sweep.h.  A call that failed must have left both
 * lists as they were.  Each runs with lists that only this thread reads, and
 * again with lists whose gates are open, as if others had read them: then
 * arrays are not changed in place but replaced.
 */
#include "tests/sweep.h"

#include "kinds/list.h"

enum { ITEMS = 60 };

/* [const] during a sweep */
static bool shared;

/* As if another thread had read the list. */
static void
open_gate(weir_object *list)
{
    const struct wr_thread other = {.id = 17};

    if (shared) {
        wr_gate_open(wr_self(), &wr_list_of(list)->gate);
        wr_gate_open(&other, &wr_list_of(list)->gate);
    }
}

/* A list of n small ints from `first` on, or NULL. */
static weir_object *
list_of(int64_t first, int64_t n)
{
    weir_object *list = weir_list_new();

    for (int64_t i = first; list != NULL && i < first + n; i++) {
        if (weir_list_append(list, weir_int_new(i)) != 0) {
            weir_decref(list);
            list = NULL;
        }
        if (i == first && list != NULL) {
            open_gate(list);
        }
    }
    return list;
}

/* The list has the ints from `first` on and nothing else. */
static void
check_range(weir_object *list, int64_t first, int64_t n)
{
    ck_assert_int_eq(weir_list_size(list), n);
    for (int64_t i = 0; i < n; i++) {
        weir_object *item = weir_list_get(list, (size_t)i);

        ck_assert_ptr_eq(item, weir_int_new(first + i));
        weir_decref(item);
    }
}

static int
insert_many(void)
{
    weir_object *list = list_of(0, 10);
    int error = list != NULL ? 0 : WEIR_ENOMEM;

    for (int64_t i = 0; i < ITEMS && error == 0; i++) {
        error = weir_list_insert(list, 5, weir_int_new(5));
        ck_assert_int_eq(weir_list_size(list), 10 + i + (error == 0));
        ck_assert_int_eq(weir_list_index(list, weir_int_new(6)),
                         6 + i + (error == 0));
    }
    weir_xdecref(list);
    return error;
}

static int
remove_many(void)
{
    weir_object *list = list_of(0, ITEMS);

    if (list == NULL) {
        return WEIR_ENOMEM;
    }
    /* Needs no memory: a smaller array is only tried for. */
    for (int64_t i = 0; i < ITEMS; i++) {
        weir_object *item = weir_list_remove(list, 0);

        ck_assert_ptr_eq(item, weir_int_new(i));
        weir_decref(item);
        check_range(list, i + 1, ITEMS - i - 1);
    }
    weir_decref(list);
    return 0;
}

static int
copy_slices(void)
{
    weir_object *list = list_of(0, ITEMS);
    int error = list != NULL ? 0 : WEIR_ENOMEM;

    for (size_t n = 0; n < ITEMS && error == 0; n += 20) {
        weir_object *copy = weir_list_slice(list, n, SIZE_MAX);

        error = copy != NULL ? 0 : weir_error();
        if (copy != NULL) {
            check_range(copy, (int64_t)n, (int64_t)(ITEMS - n));
            weir_decref(copy);
        }
        check_range(list, 0, ITEMS);
    }
    weir_xdecref(list);
    return error;
}

static int
replace_slices(void)
{
    weir_object *list = list_of(0, ITEMS);
    weir_object *other = list_of(ITEMS, ITEMS);
    int64_t n = ITEMS;
    int error = list != NULL && other != NULL ? 0 : WEIR_ENOMEM;

    if (error == 0) {
        /* Longer by the other list. */
        error = weir_list_set_slice(list, SIZE_MAX, 0, other);
        n += error == 0 ? ITEMS : 0;
        check_range(list, 0, n);
        check_range(other, ITEMS, ITEMS);
    }
    if (error == 0) {
        /* As long as before, through a buffer. */
        error = weir_list_set_slice(list, ITEMS, SIZE_MAX, other);
        check_range(list, 0, n);
    }
    if (error == 0) {
        /* By itself: the same. */
        error = weir_list_set_slice(list, 0, SIZE_MAX, list);
        check_range(list, 0, n);
    }
    if (error == 0) {
        error = weir_list_set_slice(list, 5, SIZE_MAX, NULL);
        check_range(list, 0, error == 0 ? 5 : n);
    }
    weir_xdecref(other);
    weir_xdecref(list);
    return error;
}

static int
extend_both(void)
{
    weir_object *list = list_of(0, ITEMS);
    weir_object *other = list_of(ITEMS, ITEMS);
    int error = list != NULL && other != NULL ? 0 : WEIR_ENOMEM;

    if (error == 0) {
        error = weir_list_extend(list, other);
        check_range(list, 0, error == 0 ? 2 * ITEMS : ITEMS);
        check_range(other, ITEMS, ITEMS);
    }
    if (error == 0) {
        error = weir_list_extend(list, list);
        ck_assert_int_eq(weir_list_size(list),
                         error == 0 ? 4 * ITEMS : 2 * ITEMS);
    }
    weir_xdecref(other);
    weir_xdecref(list);
    return error;
}

static int
by_value(weir_object *a, weir_object *b, void *context, int *order)
{
    int64_t x = 0;
    int64_t y = 0;

    (void)context;
    (void)weir_int_value(a, &x);
    (void)weir_int_value(b, &y);
    *order = x < y ? -1 : 1;
    return 0;
}

static int
sort_twice(void)
{
    weir_object *list = list_of(0, ITEMS);
    int error = list != NULL ? 0 : WEIR_ENOMEM;

    for (int turn = 0; turn < 2 && error == 0; turn++) {
        ck_assert_int_eq(weir_list_reverse(list), 0);
        error = weir_list_sort(list, turn == 0 ? NULL : by_value, NULL);
        if (error != 0) {
            /* The order is what it was. */
            ck_assert_int_eq(weir_list_reverse(list), 0);
        }
        check_range(list, 0, ITEMS);
    }
    weir_xdecref(list);
    return error;
}

START_TEST(insertion)
{
    shared = _i != 0;
    ck_assert_uint_ge(wr_sweep(insert_many, true), 4);
}
END_TEST

START_TEST(removal)
{
    shared = _i != 0;
    (void)wr_sweep(remove_many, false);
}
END_TEST

START_TEST(copied_slices)
{
    shared = _i != 0;
    ck_assert_uint_ge(wr_sweep(copy_slices, true), 6);
}
END_TEST

START_TEST(replaced_slices)
{
    shared = _i != 0;
    (void)wr_sweep(replace_slices, false);
}
END_TEST

START_TEST(extension)
{
    shared = _i != 0;
    ck_assert_uint_ge(wr_sweep(extend_both, true), 6);
}
END_TEST

START_TEST(sorting)
{
    shared = _i != 0;
    ck_assert_uint_ge(wr_sweep(sort_twice, true), 4);
}
END_TEST

Suite *
wr_suite_fault_slice(void)
{
    Suite *suite = suite_create("fault_slice");
    TCase *tc = tcase_create("fault_slice");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_loop_test(tc, insertion, 0, 2);
    tcase_add_loop_test(tc, removal, 0, 2);
    tcase_add_loop_test(tc, copied_slices, 0, 2);
    tcase_add_loop_test(tc, replaced_slices, 0, 2);
    tcase_add_loop_test(tc, extension, 0, 2);
    tcase_add_loop_test(tc, sorting, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
