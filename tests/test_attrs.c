/* SPDX-License-Identifier: MIT */
/*
 * tests/test_attrs.c - attributes one after the other, and slots and
 * attributes that many threads share.
 */
#include "tests/dicts.h"
#include "tests/workers.h"

#include "kinds/attrs.h"

enum { NAMES = 12, SLOTS = 5, TOKENS = 12, THREADS = 4, ROUNDS = 10000 };

static weir_object *
name_of(int64_t n)
{
    char text[] = {(char)('a' + n), '\0'};

    return weir_str_from(text);
}

static int
set_attr(weir_object *o, int64_t n, int64_t value)
{
    weir_object *name = name_of(n);
    weir_object *number = weir_int_new(value + 1000000);
    int error = weir_attr_set(o, name, number);

    weir_decref(name);
    weir_decref(number);
    return error;
}

static int
delete_attr(weir_object *o, int64_t n)
{
    weir_object *name = name_of(n);
    int error = weir_attr_delete(o, name);

    weir_decref(name);
    return error;
}

START_TEST(swap_hands_the_old_value_over)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = weir_instance_type("thing", 2, 0, NULL, NULL);
    weir_object *o = weir_instance_new(type);
    weir_object *a = wr_test_int(1);
    weir_object *b = wr_test_int(2);
    weir_object *old = o;

    ck_assert_int_eq(weir_instance_swap(o, 1, a, &old), 0);
    ck_assert_ptr_null(old);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_instance_swap(o, 1, b, &old), 0);
    ck_assert_ptr_eq(old, a);
    wr_test_count(a, 2);
    wr_test_count(b, 2);
    weir_decref(old);
    ck_assert_int_eq(weir_instance_swap(o, 1, NULL, &old), 0);
    ck_assert_ptr_eq(old, b);
    weir_decref(old);
    wr_test_count(b, 1);
    old = NULL;
    ck_assert_int_eq(weir_instance_swap(NULL, 0, a, &old), WEIR_EINVAL);
    ck_assert_int_eq(weir_instance_swap(o, 0, a, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_instance_swap(a, 0, a, &old), WEIR_ETYPE);
    ck_assert_int_eq(weir_instance_swap(o, 2, a, &old), WEIR_ERANGE);
    ck_assert_ptr_null(old);
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(b);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(attributes_are_walked_in_order)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type =
        weir_instance_type("thing", 1, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_object *o = weir_instance_new(type);
    weir_object *name = NULL;
    weir_object *value = NULL;
    uint64_t pos = 0;

    ck_assert_int_eq(weir_attr_count(o), 0);
    ck_assert_int_eq(weir_attr_next(o, &pos, &name, &value), 0);
    ck_assert_ptr_null(name);
    for (int64_t n = 0; n < NAMES; n++) {
        ck_assert_int_eq(set_attr(o, n, n * 2), 0);
    }
    ck_assert_int_eq(delete_attr(o, 0), 0);
    ck_assert_int_eq(weir_attr_count(o), NAMES - 1);
    for (int64_t n = 1; n < NAMES; n++) {
        ck_assert_int_eq(weir_attr_next(o, &pos, &name, &value), 1);
        ck_assert_int_eq(weir_str_data(name, NULL)[0], 'a' + n);
        ck_assert_int_eq(wr_test_int_is(value), n == 1 ? 2 : 100 + n);
        wr_test_count(name, 2);
        wr_test_count(value, 2);
        weir_decref(name);
        weir_decref(value);
        /* Another value is no other shape. */
        if (n + 1 < NAMES) {
            ck_assert_int_eq(set_attr(o, n + 1, 101 + n), 0);
        }
    }
    ck_assert_int_eq(weir_attr_next(o, &pos, NULL, NULL), 0);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(walk_notices_attributes_that_come_and_go)
{
    weir_type *type =
        weir_instance_type("thing", 0, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_object *o = weir_instance_new(type);
    weir_object *name = NULL;
    uint64_t pos = 0;

    ck_assert_int_eq(set_attr(o, 0, 0), 0);
    ck_assert_int_eq(weir_attr_next(o, &pos, NULL, NULL), 1);
    ck_assert_int_eq(set_attr(o, 1, 0), 0);
    ck_assert_int_eq(weir_attr_next(o, &pos, &name, NULL), WEIR_ECHANGED);
    ck_assert_ptr_null(name);
    pos = 0;
    ck_assert_int_eq(weir_attr_next(o, &pos, NULL, NULL), 1);
    ck_assert_int_eq(delete_attr(o, 0), 0);
    ck_assert_int_eq(weir_attr_next(o, &pos, NULL, NULL), WEIR_ECHANGED);
    weir_decref(o);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_type *type =
        weir_instance_type("thing", 0, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_type *plain = weir_instance_type("plain", 0, 0, NULL, NULL);
    weir_object *o = weir_instance_new(type);
    weir_object *p = weir_instance_new(plain);
    weir_object *list = weir_list_new();
    uint64_t pos = 0;

    ck_assert_int_eq(weir_attr_count(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_count(list), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_count(p), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_next(NULL, &pos, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_next(o, NULL, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_next(list, &pos, NULL, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_next(p, &pos, NULL, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_set(p, NULL, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_set(NULL, list, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_set(o, list, list), WEIR_ETYPE);
    weir_decref(o);
    weir_decref(p);
    weir_decref(list);
}
END_TEST

/* Take a token out of a slot and put it into another. */
static int
pass_tokens(struct wr_worker *me, int64_t round)
{
    weir_object *o = me->shared;
    weir_object *token = NULL;
    weir_object *seen = weir_instance_get(o, (size_t)(round * 3) % SLOTS);
    int64_t number = 0;
    int error = 0;

    if (seen != NULL && (weir_int_value(seen, &number) != 0 ||
                         number < 1000000 || number >= 1000000 + TOKENS)) {
        error = WEIR_ETYPE;
    }
    weir_xdecref(seen);
    /* Until it has been put where nothing was, it is in this thread's hands. */
    error = error != 0
                ? error
                : weir_instance_swap(o, (size_t)round % SLOTS, NULL, &token);
    for (int64_t i = round; error == 0 && token != NULL; i += 2) {
        weir_object *other = NULL;

        error = weir_instance_swap(o, (size_t)(i + me->index) % SLOTS, token,
                                   &other);
        weir_decref(token);
        token = other;
    }
    weir_xdecref(token);
    return error;
}

START_TEST(swapped_values_are_neither_lost_nor_doubled)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = weir_instance_type("thing", SLOTS, 0, NULL, NULL);
    weir_object *o = weir_instance_new(type);
    bool there[TOKENS] = {false};
    int tokens = SLOTS - 1;

    for (int i = 0; i < tokens; i++) {
        weir_object *token = wr_test_int(i);

        ck_assert_int_eq(weir_instance_set(o, (size_t)i, token), 0);
        weir_decref(token);
    }
    wr_run_workers(o, THREADS, (int64_t)wr_test_size(ROUNDS), pass_tokens);
    for (size_t i = 0; i < SLOTS; i++) {
        weir_object *token = weir_instance_get(o, i);

        if (token != NULL) {
            int64_t n = wr_test_int_is(token);

            ck_assert(n >= 0 && n < tokens && !there[n]);
            there[n] = true;
            wr_test_count(token, 2);
            weir_decref(token);
        }
    }
    for (int i = 0; i < tokens; i++) {
        ck_assert(there[i]);
    }
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

/* Values belong to their names, whoever sets, gets, deletes or walks. */
static int
use_attributes(struct wr_worker *me, int64_t round)
{
    weir_object *o = me->shared;
    int64_t n = (round + me->index * 5) % NAMES;
    weir_object *name = NULL;
    weir_object *value = NULL;
    uint64_t pos = 0;
    int64_t number = n;
    int error = 0;

    switch ((round + me->index) % 4) {
    case 0:
        error = set_attr(o, n, n + NAMES * round);
        break;
    case 1:
        error = round % 3 == 0 ? delete_attr(o, n) : 0;
        break;
    case 2:
        while ((error = weir_attr_next(o, &pos, &name, &value)) == 1) {
            (void)weir_int_value(value, &number);
            if ((number - 1000000) % NAMES !=
                weir_str_data(name, NULL)[0] - 'a') {
                pos = UINT64_MAX;
            }
            weir_decref(name);
            weir_decref(value);
        }
        break;
    default:
        name = name_of(n);
        value = weir_attr_get(o, name);
        if (value != NULL && (weir_int_value(value, &number) != 0 ||
                              (number - 1000000) % NAMES != n)) {
            error = WEIR_ESTATE;
        }
        weir_decref(name);
        weir_xdecref(value);
        break;
    }
    if (pos == UINT64_MAX || weir_attr_count(o) > NAMES) {
        return WEIR_ESTATE;
    }
    return error == WEIR_ECHANGED || error == WEIR_ENOKEY ? 0 : error;
}

START_TEST(attributes_stay_whole_under_many_threads)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type =
        weir_instance_type("thing", 0, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_object *o = weir_instance_new(type);

    wr_run_workers(o, THREADS, (int64_t)wr_test_size(ROUNDS), use_attributes);
    ck_assert(wr_test_is_sound(wr_attrs_or_null(o)));
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_attrs(void)
{
    Suite *suite = suite_create("attrs");
    TCase *tc = tcase_create("attrs");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, swap_hands_the_old_value_over);
    tcase_add_test(tc, attributes_are_walked_in_order);
    tcase_add_test(tc, walk_notices_attributes_that_come_and_go);
    tcase_add_test(tc, bad_arguments_are_refused);
    if (wr_test_safe) {
        tcase_add_test(tc, swapped_values_are_neither_lost_nor_doubled);
        tcase_add_test(tc, attributes_stay_whole_under_many_threads);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
