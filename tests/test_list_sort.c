/* SPDX-License-Identifier: MIT */
/*
 * tests/test_list_sort.c - sorting lists, by nature and by a user's order.
 */
#include "tests/fixture.h"

#include "base/random.h"
#include "kinds/list.h"

enum { SIZES = 70, LARGE = 50000 };

static int64_t
at(weir_object *list, size_t i)
{
    weir_object *item = weir_list_get(list, i);
    int64_t value = wr_test_int_is(item);

    weir_decref(item);
    return value;
}

static weir_object *
random_list(struct wr_random *random, int64_t n, uint64_t range)
{
    weir_object *list = weir_list_new();

    for (int64_t i = 0; i < n; i++) {
        weir_object *item =
            wr_test_int((int64_t)wr_random_below(random, range));

        ck_assert_int_eq(weir_list_append(list, item), 0);
        weir_decref(item);
    }
    return list;
}

static void
check_sorted(weir_object *list, int64_t n)
{
    ck_assert_int_eq(weir_list_size(list), n);
    for (int64_t i = 1; i < n; i++) {
        ck_assert_int_le(at(list, (size_t)i - 1), at(list, (size_t)i));
    }
}

/* How often each value is there, as one number that does not see the order. */
static uint64_t
contents(weir_object *list)
{
    uint64_t sum = 0;

    for (int64_t i = 0; i < weir_list_size(list); i++) {
        uint64_t x = (uint64_t)at(list, (size_t)i) + 1;

        sum += x * x * UINT64_C(0x9e3779b97f4a7c15);
    }
    return sum;
}

static int
by_value(weir_object *a, weir_object *b, void *context, int *order)
{
    int64_t x = 0;
    int64_t y = 0;

    (*(int64_t *)context)++;
    (void)weir_int_value(a, &x);
    (void)weir_int_value(b, &y);
    *order = x < y ? -3 : x > y;
    return 0;
}

START_TEST(every_size_is_sorted)
{
    struct wr_test_usage before = wr_test_usage();
    struct wr_random random;
    int64_t compared = 0;

    wr_random_seed(&random, wr_test_seed());
    for (int64_t n = 0; n < SIZES; n++) {
        for (uint64_t range = 1; range <= 1000; range *= 10) {
            weir_object *list = random_list(&random, n, range);
            weir_object *copy = weir_list_slice(list, 0, SIZE_MAX);
            uint64_t sum = contents(list);

            ck_assert_int_eq(weir_list_sort(list, NULL, NULL), 0);
            check_sorted(list, n);
            ck_assert_uint_eq(contents(list), sum);
            ck_assert_int_eq(weir_list_sort(copy, by_value, &compared), 0);
            check_sorted(copy, n);
            ck_assert_uint_eq(contents(copy), sum);
            weir_decref(copy);
            weir_decref(list);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(large_lists_are_sorted_with_few_comparisons)
{
    int64_t n = (int64_t)wr_test_size(LARGE);
    struct wr_random random;
    weir_object *list;
    int64_t compared = 0;

    wr_random_seed(&random, wr_test_seed());
    list = random_list(&random, n, UINT32_MAX);
    ck_assert_int_eq(weir_list_sort(list, by_value, &compared), 0);
    check_sorted(list, n);
    /* n log n, and what insertion costs in runs of 8. */
    ck_assert_int_lt(compared, n * 24);
    /* In order already: once for each pair. */
    compared = 0;
    ck_assert_int_eq(weir_list_sort(list, by_value, &compared), 0);
    ck_assert_int_lt(compared, 2 * n);
    ck_assert_int_eq(weir_list_reverse(list), 0);
    ck_assert_int_eq(weir_list_sort(list, NULL, NULL), 0);
    check_sorted(list, n);
    weir_decref(list);
}
END_TEST

START_TEST(strings_are_sorted_by_bytes)
{
    static const char *const words[] = {"b", "",    "abc", "ab", "\xff",
                                        "a", "abd", "B",   "ab"};
    static const char *const sorted[] = {"",    "B",   "a", "ab",  "ab",
                                         "abc", "abd", "b", "\xff"};
    weir_object *list = weir_list_new();

    for (size_t i = 0; i < 9; i++) {
        weir_object *s = weir_str_from(words[i]);

        ck_assert_int_eq(weir_list_append(list, s), 0);
        weir_decref(s);
    }
    ck_assert_int_eq(weir_list_sort(list, NULL, NULL), 0);
    for (size_t i = 0; i < 9; i++) {
        weir_object *s = weir_list_get(list, i);

        ck_assert_str_eq(weir_str_data(s, NULL), sorted[i]);
        weir_decref(s);
    }
    weir_decref(list);
}
END_TEST

START_TEST(mixtures_have_no_natural_order)
{
    weir_object *list = weir_list_new();
    weir_object *n = wr_test_int(2);
    weir_object *small = weir_int_new(1);
    weir_object *s = weir_str_from("s");

    ck_assert_int_eq(weir_list_append(list, n), 0);
    ck_assert_int_eq(weir_list_append(list, small), 0);
    ck_assert_int_eq(weir_list_append(list, s), 0);
    ck_assert_int_eq(weir_list_sort(list, NULL, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_index(list, n), 0);
    ck_assert_int_eq(weir_list_clear(list), 0);
    /* Nor have objects of other kinds, even one alone. */
    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_int_eq(weir_list_sort(list, NULL, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_list_sort(list, NULL, NULL), 0);
    ck_assert_int_eq(weir_list_sort(NULL, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_sort(n, NULL, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_sort(NULL, by_value, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_sort(n, by_value, NULL), WEIR_ETYPE);
    weir_decref(s);
    weir_decref(small);
    weir_decref(n);
    weir_decref(list);
}
END_TEST

/* Pairs (key, number) compared by key alone. */
static int
by_key(weir_object *a, weir_object *b, void *context, int *order)
{
    int64_t zero = 0;

    (void)context;
    return by_value(weir_tuple_borrow(a, 0), weir_tuple_borrow(b, 0), &zero,
                    order);
}

START_TEST(equal_items_keep_their_order)
{
    enum { N = 1000, KEYS = 7 };
    weir_object *list = weir_list_new();
    struct wr_random random;
    int64_t key = 0;
    int64_t number = -1;

    wr_random_seed(&random, wr_test_seed());
    for (int64_t i = 0; i < N; i++) {
        weir_object *pair = weir_tuple_new(2);

        (void)weir_tuple_set_steal(
            pair, 0, weir_int_new((int64_t)wr_random_below(&random, KEYS)));
        (void)weir_tuple_set_steal(pair, 1, weir_int_new(i));
        ck_assert_int_eq(weir_list_append(list, pair), 0);
        weir_decref(pair);
    }
    ck_assert_int_eq(weir_list_sort(list, by_key, NULL), 0);
    for (size_t i = 0; i < N; i++) {
        weir_object *pair = weir_list_get(list, i);
        int64_t k = 0;
        int64_t v = 0;

        (void)weir_int_value(weir_tuple_borrow(pair, 0), &k);
        (void)weir_int_value(weir_tuple_borrow(pair, 1), &v);
        ck_assert_int_ge(k, key);
        ck_assert(k > key || v > number);
        key = k;
        number = v;
        weir_decref(pair);
    }
    weir_decref(list);
}
END_TEST

struct spoil {
    weir_object *list;
    int after;
    int what;
};

static int
fail_later(weir_object *a, weir_object *b, void *context, int *order)
{
    struct spoil *spoil = context;
    int64_t zero = 0;

    if (spoil->after-- == 0) {
        /* What it says of the order does not count then. */
        *order = -1;
        return spoil->what;
    }
    return by_value(a, b, &zero, order);
}

START_TEST(comparison_can_end_the_sort)
{
    struct wr_test_usage before = wr_test_usage();
    struct wr_random random;
    weir_object *list;
    weir_object *copy;
    int error = 1;

    wr_random_seed(&random, wr_test_seed());
    list = random_list(&random, 60, 1000);
    copy = weir_list_slice(list, 0, SIZE_MAX);
    for (int after = 0; error != 0; after++) {
        struct spoil spoil = {list, after, after % 2 == 0 ? 42 : WEIR_ETYPE};
        int what = spoil.what;

        error = weir_list_sort(list, fail_later, &spoil);
        if (error != 0) {
            ck_assert_int_eq(error, what);
            for (size_t i = 0; i < 60; i++) {
                ck_assert_int_eq(at(list, i), at(copy, i));
            }
        }
        ck_assert_int_lt(after, 1000);
    }
    check_sorted(list, 60);
    weir_decref(copy);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* A comparison that changes the list it is called for. */
static int
change_list(weir_object *a, weir_object *b, void *context, int *order)
{
    struct spoil *spoil = context;
    int64_t zero = 0;

    if (spoil->after-- == 0) {
        weir_object *item = weir_list_pop(spoil->list);

        switch (spoil->what) {
        case 0: /* one less */
            break;
        case 1: /* another one in its place */
            (void)weir_list_append(spoil->list, spoil->list);
            break;
        case 2: /* two in another order */
            (void)weir_list_insert(spoil->list, 0, item);
            break;
        case 3:
            (void)weir_list_clear(spoil->list);
            break;
        default: /* as it was */
            (void)weir_list_append(spoil->list, item);
            break;
        }
        weir_decref(item);
    }
    return by_value(a, b, &zero, order);
}

START_TEST(list_that_changed_is_left_alone)
{
    struct wr_test_usage before = wr_test_usage();
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (int what = 0; what < 5; what++) {
        struct spoil spoil = {random_list(&random, 40, 1000000), 20, what};
        weir_object *list = spoil.list;
        int64_t last = at(list, 39);
        int64_t first = at(list, 0);

        ck_assert_int_eq(weir_list_sort(list, change_list, &spoil),
                         what < 4 ? WEIR_ECHANGED : 0);
        ck_assert_int_eq(weir_list_size(list), what == 0   ? 39
                                               : what == 3 ? 0
                                                           : 40);
        if (what < 2) {
            ck_assert_int_eq(at(list, 0), first);
        } else if (what == 2) {
            ck_assert_int_eq(at(list, 0), last);
        } else if (what == 4) {
            check_sorted(list, 40);
        }
        ck_assert_int_eq(weir_list_clear(list), 0);
        wr_test_count(list, 1);
        weir_decref(list);
    }
    wr_test_no_leak(before);
}
END_TEST

static int
at_random(weir_object *a, weir_object *b, void *context, int *order)
{
    (void)a;
    (void)b;
    *order = (int)wr_random_below(context, 3) - 1;
    return 0;
}

START_TEST(contradictions_give_some_order)
{
    struct wr_random random;
    weir_object *list;
    uint64_t sum;

    wr_random_seed(&random, wr_test_seed());
    list = random_list(&random, 1000, 1000);
    sum = contents(list);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(weir_list_sort(list, at_random, &random), 0);
        ck_assert_int_eq(weir_list_size(list), 1000);
        ck_assert_uint_eq(contents(list), sum);
    }
    weir_decref(list);
}
END_TEST

/* The comparison may collect, and the items it was given stay. */
static int
collect_and_compare(weir_object *a, weir_object *b, void *context, int *order)
{
    struct spoil *spoil = context;

    if (spoil->after-- == 0) {
        (void)weir_list_clear(spoil->list);
        (void)weir_gc_collect(2);
    }
    *order = (int)(weir_list_size(a) - weir_list_size(b));
    return 0;
}

START_TEST(items_live_as_long_as_the_sort)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    struct spoil spoil = {list, 10, 0};

    for (int i = 0; i < 20; i++) {
        weir_object *item = weir_list_new();

        for (int j = 0; j < (i * 7) % 20; j++) {
            ck_assert_int_eq(weir_list_append(item, item), 0);
        }
        ck_assert_int_eq(weir_list_append(list, item), 0);
        weir_decref(item);
    }
    ck_assert_int_eq(weir_list_sort(list, collect_and_compare, &spoil),
                     WEIR_ECHANGED);
    ck_assert_int_eq(weir_list_size(list), 0);
    weir_decref(list);
    (void)weir_gc_collect(2);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_list_sort(void)
{
    Suite *suite = suite_create("list_sort");
    TCase *tc = tcase_create("list_sort");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, every_size_is_sorted);
    tcase_add_test(tc, large_lists_are_sorted_with_few_comparisons);
    tcase_add_test(tc, strings_are_sorted_by_bytes);
    tcase_add_test(tc, mixtures_have_no_natural_order);
    tcase_add_test(tc, equal_items_keep_their_order);
    tcase_add_test(tc, comparison_can_end_the_sort);
    tcase_add_test(tc, list_that_changed_is_left_alone);
    tcase_add_test(tc, contradictions_give_some_order);
    tcase_add_test(tc, items_live_as_long_as_the_sort);
    suite_add_tcase(suite, tc);
    return suite;
}
