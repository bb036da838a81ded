/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_dict.c - dicts, instances and attributes without memory.
 *
 * After an attempt that failed every object must be as it was: tests/sweep.h.
 */
#include "tests/dicts.h"
#include "tests/sweep.h"

#include "kinds/attrs.h"

enum { ITEMS = 60 };

/* The dict maps the first n small ints, in order, to value. */
static void
check_dict(weir_object *dict, int64_t n, weir_object *value)
{
    weir_object *key;
    weir_object *got;
    uint64_t pos = 0;

    ck_assert(wr_test_is_sound(dict));
    ck_assert_int_eq(weir_dict_size(dict), n);
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &got), 1);
        ck_assert_ptr_eq(key, weir_int_new(i));
        ck_assert_ptr_eq(got, value);
        weir_decref(got);
    }
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 0);
    wr_test_count(value, 1 + n);
}

static int
grow_dict(void)
{
    weir_object *dict = weir_dict_new();
    weir_object *value = weir_str_from("value");
    int64_t size = 0;
    int error = 0;

    if (dict == NULL || value == NULL) {
        error = weir_error();
    }
    while (error == 0 && size < ITEMS) {
        error = weir_dict_set(dict, weir_int_new(size), value);
        size += error == 0;
        check_dict(dict, size, value);
    }
    if (error != 0 && size > 0) {
        /* A key that is there needs no memory. */
        ck_assert_int_eq(weir_dict_set(dict, weir_int_new(0), value), 0);
        check_dict(dict, size, value);
    }
    weir_xdecref(dict);
    if (value != NULL) {
        wr_test_count(value, 1);
        weir_decref(value);
    }
    return error;
}

START_TEST(growing_dict)
{
    ck_assert_uint_ge(wr_sweep(grow_dict, true), 6);
}
END_TEST

/* After a failure the dict can be used, and the next call may succeed. */
static int
use_dict(void)
{
    weir_object *dict = weir_dict_new();
    weir_object *value = weir_int_new(7);
    int64_t size = 0;
    int result = 0;

    if (dict == NULL) {
        return weir_error();
    }
    for (int64_t i = 0; i < ITEMS; i++) {
        int error = weir_dict_set(dict, weir_int_new(i), value);

        ck_assert(error == 0 || error == WEIR_ENOMEM);
        ck_assert_int_eq(weir_dict_contains(dict, weir_int_new(i)),
                         error == 0 ? 1 : 0);
        result = error != 0 ? error : result;
        size += error == 0;
    }
    ck_assert_int_eq(weir_dict_size(dict), size);
    ck_assert(wr_test_is_sound(dict));
    ck_assert_int_eq(weir_dict_clear(dict), 0);
    ck_assert_int_eq(weir_dict_size(dict), 0);
    weir_decref(dict);
    return result;
}

START_TEST(dict_is_usable_after_a_failure)
{
    ck_assert_uint_ge(wr_sweep(use_dict, true), 6);
}
END_TEST

/* Sums above the small ints: each needs an int, the first a table too. */
static int
add_up(void)
{
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_int_new(1);
    int64_t expected = 0;
    int error = 0;

    if (dict == NULL) {
        return weir_error();
    }
    for (int i = 0; i < 20 && error == 0; i++) {
        int64_t sum = -1;

        error = weir_dict_add_int(dict, key, 5000, &sum);
        expected += error == 0 ? 5000 : 0;
        ck_assert_int_eq(sum, error == 0 ? expected : -1);
        ck_assert_int_eq(weir_dict_size(dict), expected > 0 ? 1 : 0);
    }
    if (expected > 0) {
        weir_object *value = weir_dict_get(dict, key);
        int64_t sum = 0;

        ck_assert_int_eq(weir_int_value(value, &sum), 0);
        ck_assert_int_eq(sum, expected);
        wr_test_count(value, 2);
        weir_decref(value);
    }
    weir_decref(dict);
    return error;
}

START_TEST(adding_up)
{
    ck_assert_uint_ge(wr_sweep(add_up, true), 22);
}
END_TEST

/* [const] during a sweep; made while memory was there */
static weir_object *full;

/* Removing needs no memory: a smaller table is only tried for. */
static void
empty_dict(void)
{
    for (int64_t i = 0; i < 300; i++) {
        ck_assert_int_eq(weir_dict_delete(full, weir_int_new(i)), 0);
        ck_assert_int_eq(weir_dict_size(full), 299 - i);
        ck_assert(wr_test_is_sound(full));
    }
    ck_assert_int_eq(weir_dict_clear(full), 0);
}

START_TEST(removing_needs_no_memory)
{
    uint64_t seen = 1;

    full = weir_dict_new();
    for (uint64_t nth = 1; seen >= nth; nth++) {
        for (int all = 0; all < 2; all++) {
            for (int64_t i = 0; i < 300; i++) {
                ck_assert_int_eq(weir_dict_set(full, weir_int_new(i), full), 0);
            }
            wr_heap_set_slow_stw(true);
            if (all != 0) {
                wr_fault_arm_from(nth);
            } else {
                wr_fault_arm(nth);
            }
            empty_dict();
            seen = wr_fault_seen();
            wr_fault_disarm();
            wr_heap_set_slow_stw(false);
            wr_test_count(full, 1);
        }
    }
    ck_assert_uint_ge(seen, 1);
    weir_decref(full);
}
END_TEST

/* A dict of the small ints below ITEMS with this value, or NULL. */
static weir_object *
dict_of_ints(int64_t first, weir_object *value)
{
    weir_object *dict = weir_dict_new();

    for (int64_t i = first; dict != NULL && i < ITEMS; i++) {
        if (weir_dict_set(dict, weir_int_new(i), value) != 0) {
            weir_decref(dict);
            dict = NULL;
        }
    }
    return dict;
}

/* How many keys have this value. */
static int64_t
count_values(weir_object *dict, const weir_object *value)
{
    weir_object *got;
    uint64_t pos = 0;
    int64_t n = 0;

    while (weir_dict_next(dict, &pos, NULL, &got) == 1) {
        n += got == value ? 1 : 0;
        weir_decref(got);
    }
    ck_assert(wr_test_is_sound(dict));
    return n;
}

static int
copy_dict(void)
{
    weir_object *dict = dict_of_ints(0, weir_int_new(7));
    weir_object *copy;
    int error = 0;

    if (dict == NULL) {
        return WEIR_ENOMEM;
    }
    copy = weir_dict_copy(dict);
    if (copy == NULL) {
        error = weir_error();
    } else {
        ck_assert_int_eq(count_values(copy, weir_int_new(7)), ITEMS);
        weir_decref(copy);
    }
    ck_assert_int_eq(count_values(dict, weir_int_new(7)), ITEMS);
    weir_decref(dict);
    return error;
}

/* Some keys are new, some are not. */
static int
update_dict(void)
{
    weir_object *dict = dict_of_ints(ITEMS / 2, weir_int_new(7));
    weir_object *other = dict_of_ints(10, weir_int_new(8));
    int error = WEIR_ENOMEM;

    if (dict != NULL && other != NULL) {
        error = weir_dict_update(dict, other);
        ck_assert_int_eq(count_values(dict, weir_int_new(7)),
                         error == 0 ? 0 : ITEMS / 2);
        ck_assert_int_eq(count_values(dict, weir_int_new(8)),
                         error == 0 ? ITEMS - 10 : 0);
        ck_assert_int_eq(count_values(other, weir_int_new(8)), ITEMS - 10);
    }
    weir_xdecref(dict);
    weir_xdecref(other);
    return error;
}

START_TEST(two_dicts_or_nothing)
{
    ck_assert_uint_ge(wr_sweep(copy_dict, true), 8);
    ck_assert_uint_ge(wr_sweep(update_dict, true), 12);
}
END_TEST

/* Insert a default and move it about until the table has to be remade. */
static int
reorder_dict(void)
{
    weir_object *dict = dict_of_ints(0, weir_int_new(7));
    int error = dict != NULL ? 0 : WEIR_ENOMEM;

    for (int64_t i = 0; error == 0 && i < ITEMS; i++) {
        weir_object *value =
            weir_dict_setdefault(dict, weir_int_new(ITEMS + i), dict);

        if (value == NULL) {
            error = weir_error();
            wr_test_count(dict, 1 + i);
            ck_assert_int_eq(weir_dict_size(dict), ITEMS + i);
        } else {
            weir_decref(value);
            error = weir_dict_move_to_end(dict, weir_int_new(i));
            wr_test_count(dict, 2 + i);
            ck_assert_int_eq(weir_dict_size(dict), ITEMS + 1 + i);
        }
    }
    if (dict != NULL) {
        ck_assert(wr_test_is_sound(dict));
        ck_assert_int_eq(weir_dict_clear(dict), 0);
        weir_decref(dict);
    }
    return error;
}

/* The first entry of a dict, which needs a table. */
static int
default_first(void)
{
    weir_object *dict = weir_dict_new();
    weir_object *value;
    int error = 0;

    if (dict == NULL) {
        return weir_error();
    }
    value = weir_dict_setdefault(dict, weir_int_new(1), dict);
    if (value == NULL) {
        error = weir_error();
    }
    ck_assert_ptr_eq(value, error == 0 ? dict : NULL);
    wr_test_count(dict, error == 0 ? 3 : 1);
    ck_assert_int_eq(weir_dict_size(dict), error == 0);
    weir_xdecref(value);
    ck_assert_int_eq(weir_dict_clear(dict), 0);
    weir_decref(dict);
    return error;
}

START_TEST(defaults_and_moves)
{
    ck_assert_uint_ge(wr_sweep(default_first, true), 2);
    ck_assert_uint_ge(wr_sweep(reorder_dict, true), 7);
}
END_TEST

/* [const] during a sweep */
static weir_type *small_type;
static weir_type *large_type;
static weir_type *attrs_type;

static int
make_instances(void)
{
    weir_object *value = weir_str_from("value");
    weir_object *stolen[2];
    weir_object *made;
    weir_object *small;
    weir_object *large;
    int error = 0;

    if (value == NULL) {
        return weir_error();
    }
    stolen[0] = weir_newref(value);
    stolen[1] = weir_newref(value);
    made = weir_instance_make(small_type, 2, stolen);
    wr_test_count(value, made != NULL ? 3 : 1);
    small = weir_instance_new(small_type);
    large = weir_instance_new(large_type);
    if (made == NULL || small == NULL || large == NULL) {
        error = weir_error();
    }
    if (large != NULL) {
        /* Slots need no memory. */
        ck_assert_int_eq(weir_instance_set(large, 3000, value), 0);
        ck_assert_int_eq(weir_instance_set(large, 0, large), 0);
        ck_assert_int_eq(weir_instance_set(large, 0, NULL), 0);
    }
    weir_xdecref(made);
    weir_xdecref(small);
    weir_xdecref(large);
    wr_test_count(value, 1);
    weir_decref(value);
    return error;
}

START_TEST(instances)
{
    small_type = weir_instance_type("small", 2, 0, NULL, NULL);
    large_type = weir_instance_type("large", 4000, 0, NULL, NULL);
    ck_assert_uint_ge(wr_sweep(make_instances, true), 4);
}
END_TEST

static int
set_attributes(void)
{
    weir_object *o = weir_instance_new(attrs_type);
    char text[] = "a";
    int64_t size = 0;
    int error = 0;

    if (o == NULL) {
        return weir_error();
    }
    while (error == 0 && size < 20) {
        weir_object *name = weir_str_new(text, 1);

        if (name == NULL) {
            error = weir_error();
            break;
        }
        error = weir_attr_set(o, name, o);
        size += error == 0;
        wr_test_count(o, 1 + size);
        wr_test_count(name, error == 0 ? 2 : 1);
        ck_assert_int_eq(wr_attrs_or_null(o) == NULL
                             ? 0
                             : weir_dict_size(wr_attrs_or_null(o)),
                         size);
        weir_decref(name);
        text[0]++;
    }
    /* It holds itself: without memory to spare, take it apart by hand. */
    if (wr_attrs_or_null(o) != NULL) {
        ck_assert_int_eq(weir_dict_clear(wr_attrs_or_null(o)), 0);
    }
    wr_test_count(o, 1);
    weir_decref(o);
    return error;
}

START_TEST(attributes)
{
    attrs_type = weir_instance_type("attrs", 0, WEIR_TYPE_ATTRS, NULL, NULL);
    ck_assert_uint_ge(wr_sweep(set_attributes, true), 24);
}
END_TEST

/* The type that could not be made takes no place in the table of types. */
START_TEST(types)
{
    for (int round = 0; round < 2000; round++) {
        weir_type *type;

        wr_fault_arm(1);
        ck_assert_ptr_null(weir_instance_type("t", 2, 0, NULL, NULL));
        ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
        wr_fault_disarm();
        type = weir_instance_type("t", 2, 0, NULL, NULL);
        ck_assert_ptr_nonnull(type);
        weir_decref(weir_instance_new(type));
    }
}
END_TEST

Suite *
wr_suite_fault_dict(void)
{
    Suite *suite = suite_create("fault_dict");
    TCase *tc = tcase_create("fault_dict");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, growing_dict);
    tcase_add_test(tc, dict_is_usable_after_a_failure);
    tcase_add_test(tc, adding_up);
    tcase_add_test(tc, removing_needs_no_memory);
    tcase_add_test(tc, two_dicts_or_nothing);
    tcase_add_test(tc, defaults_and_moves);
    tcase_add_test(tc, instances);
    tcase_add_test(tc, attributes);
    tcase_add_test(tc, types);
    suite_add_tcase(suite, tc);
    return suite;
}
