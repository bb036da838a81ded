/* SPDX-License-Identifier: MIT */
/*
 * tests/test_str_ops.c - strings made from strings, questions, numbers.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "base/random.h"
#include "kinds/str.h"

#include <inttypes.h>
#include <stdio.h>

static void
is_bytes(weir_object *o, const char *bytes, size_t length)
{
    size_t got = SIZE_MAX;
    const char *data = weir_str_data(o, &got);

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(got, length);
    ck_assert_int_eq(memcmp(data, bytes, length), 0);
    ck_assert_int_eq(data[length], 0);
}

/* o is these bytes; drops it. */
static void
becomes(weir_object *o, const char *text)
{
    ck_assert_ptr_nonnull(o);
    is_bytes(o, text, strlen(text));
    weir_decref(o);
}

static void
fails(const weir_object *o, int error)
{
    ck_assert_ptr_null(o);
    ck_assert_int_eq(weir_error(), error);
}

/* ---- concat, slice, repeat ---------------------------------------------- */

START_TEST(concat_puts_one_behind_the_other)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *a = weir_str_new("a\0b", 3);
    weir_object *b = weir_str_from("xyz");
    weir_object *none = weir_str_from("");
    weir_object *both = weir_str_concat(a, b);

    is_bytes(both, "a\0bxyz", 6);
    wr_test_count(a, 1);
    wr_test_count(both, 1);
    weir_decref(both);
    both = weir_str_concat(a, a);
    is_bytes(both, "a\0ba\0b", 6);
    weir_decref(both);
    /* Nothing to add: the other one, with one more reference. */
    ck_assert_ptr_eq(weir_str_concat(a, none), a);
    ck_assert_ptr_eq(weir_str_concat(none, a), a);
    wr_test_count(a, 3);
    weir_decref(a);
    weir_decref(a);
    becomes(weir_str_concat(none, none), "");
    weir_decref(a);
    weir_decref(b);
    weir_decref(none);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(slice_gives_the_bytes_between)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *s = weir_str_from("abcdef");

    becomes(weir_str_slice(s, 0, 0), "");
    becomes(weir_str_slice(s, 6, 6), "");
    becomes(weir_str_slice(s, 0, 3), "abc");
    becomes(weir_str_slice(s, 2, 5), "cde");
    becomes(weir_str_slice(s, 5, 6), "f");
    ck_assert_ptr_eq(weir_str_slice(s, 0, 6), s);
    wr_test_count(s, 2);
    weir_decref(s);
    fails(weir_str_slice(s, 0, 7), WEIR_ERANGE);
    fails(weir_str_slice(s, 4, 3), WEIR_ERANGE);
    fails(weir_str_slice(s, SIZE_MAX, SIZE_MAX), WEIR_ERANGE);
    fails(weir_str_slice(s, SIZE_MAX, 0), WEIR_ERANGE);
    weir_decref(s);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(repeat_counts_the_copies)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *s = weir_str_from("abc");
    weir_object *none = weir_str_from("");

    becomes(weir_str_repeat(s, 0), "");
    becomes(weir_str_repeat(s, 2), "abcabc");
    becomes(weir_str_repeat(s, 5), "abcabcabcabcabc");
    ck_assert_ptr_eq(weir_str_repeat(s, 1), s);
    weir_decref(s);
    for (size_t n = 0; n < 200; n += 7) {
        weir_object *o = weir_str_repeat(s, n);
        size_t length = 0;
        const char *bytes = weir_str_data(o, &length);

        ck_assert_uint_eq(length, 3 * n);
        for (size_t i = 0; i < length; i++) {
            ck_assert_int_eq(bytes[i], "abc"[i % 3]);
        }
        weir_decref(o);
    }
    ck_assert_ptr_eq(weir_str_repeat(none, SIZE_MAX), none);
    weir_decref(none);
    weir_decref(none);
    weir_decref(s);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(too_long_is_refused)
{
    weir_object *s = weir_str_from("abc");

    fails(weir_str_repeat(s, SIZE_MAX), WEIR_ELIMIT);
    fails(weir_str_repeat(s, SIZE_MAX / 3), WEIR_ELIMIT);
    fails(weir_str_repeat(s, WEIR_STR_MAX / 3 + 1), WEIR_ELIMIT);
    fails(weir_str_repeat(s, WEIR_STR_MAX / 3), WEIR_ENOMEM);
    weir_decref(s);
}
END_TEST

/* ---- join --------------------------------------------------------------- */

static weir_object *
list_of(const char *const texts[], size_t n)
{
    weir_object *list = weir_list_new();

    for (size_t i = 0; i < n; i++) {
        weir_object *s = weir_str_from(texts[i]);

        ck_assert_int_eq(weir_list_append(list, s), 0);
        weir_decref(s);
    }
    return list;
}

START_TEST(join_puts_the_separator_between)
{
    static const char *const texts[] = {"one", "", "three", "4"};
    struct wr_test_usage before = wr_test_usage();
    weir_object *comma = weir_str_from(", ");
    weir_object *none = weir_str_from("");
    weir_object *list = list_of(texts, 4);
    weir_object *items[4];
    weir_object *tuple;
    weir_object *empty = weir_tuple_new(0);

    for (size_t i = 0; i < 4; i++) {
        items[i] = weir_list_get(list, i);
    }
    tuple = weir_tuple_pack(4, items);
    becomes(weir_str_join(comma, list), "one, , three, 4");
    becomes(weir_str_join(comma, tuple), "one, , three, 4");
    becomes(weir_str_join(none, tuple), "onethree4");
    becomes(weir_str_join(comma, empty), "");
    for (size_t i = 0; i < 4; i++) {
        wr_test_count(items[i], 3);
        weir_decref(items[i]);
    }
    ck_assert_int_eq(weir_list_clear(list), 0);
    becomes(weir_str_join(comma, list), "");
    ck_assert_int_eq(weir_list_append(list, comma), 0);
    ck_assert_ptr_eq(weir_str_join(none, list), comma);
    weir_decref(comma);
    weir_decref(list);
    weir_decref(tuple);
    weir_decref(comma);
    weir_decref(none);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(join_refuses_what_is_no_string)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *s = weir_str_from("s");
    weir_object *list = weir_list_new();
    weir_object *tuple = weir_tuple_new(2);
    weir_object *dict = weir_dict_new();

    ck_assert_int_eq(weir_list_append(list, s), 0);
    ck_assert_int_eq(weir_list_append(list, dict), 0);
    fails(weir_str_join(s, list), WEIR_ETYPE);
    fails(weir_str_join(s, dict), WEIR_ETYPE);
    fails(weir_str_join(s, s), WEIR_ETYPE);
    fails(weir_str_join(list, list), WEIR_ETYPE);
    fails(weir_str_join(NULL, list), WEIR_EINVAL);
    fails(weir_str_join(s, NULL), WEIR_EINVAL);
    fails(weir_str_join(s, tuple), WEIR_ESTATE);
    wr_test_count(s, 2);
    wr_test_count(dict, 2);
    weir_decref(list);
    weir_decref(tuple);
    weir_decref(dict);
    weir_decref(s);
    wr_test_no_leak(before);
}
END_TEST

/* One item, a thousand times, that spells too much when joined. */
START_TEST(join_knows_the_limit)
{
    weir_object *s = weir_str_from("s");
    weir_object *items[4] = {s, s, s, s};
    weir_object *tuple = weir_tuple_pack(4, items);

    /* No machine has such a string: pretend that this one is. */
    ((struct wr_str *)(void *)s)->length = WEIR_STR_MAX;
    fails(weir_str_join(s, tuple), WEIR_ELIMIT);
    fails(weir_str_concat(s, s), WEIR_ELIMIT);
    ((struct wr_str *)(void *)s)->length = WEIR_STR_MAX / 2;
    fails(weir_str_join(s, tuple), WEIR_ELIMIT);
    ((struct wr_str *)(void *)s)->length = 1;
    becomes(weir_str_join(s, tuple), "sssssss");
    weir_decref(tuple);
    weir_decref(s);
}
END_TEST

/* The list grows by "a" and "b" in turn, and is cleared now and then: what is
 * joined is always a beginning of "a-b-a-b...". */
static int
grow_and_clear(weir_object **objects)
{
    int error = 0;

    for (int i = 0; i < 50 && error == 0; i++) {
        error = weir_list_append(objects[0], objects[1 + i % 2]);
    }
    return error == 0 ? weir_list_clear(objects[0]) : error;
}

static int
change_or_join(struct wr_worker *me, int64_t round)
{
    weir_object **objects = me->shared;
    weir_object *joined;
    const char *bytes;
    size_t length = 0;
    int error = 0;

    (void)round;
    if (me->index == 0) {
        return grow_and_clear(objects);
    }
    joined = weir_str_join(objects[3], objects[0]);
    if (joined == NULL) {
        return weir_error();
    }
    bytes = weir_str_data(joined, &length);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != "a-b-"[i % 4]) {
            error = WEIR_ESTATE;
        }
    }
    if (length != 0 && length % 2 == 0) {
        error = WEIR_ESTATE;
    }
    weir_decref(joined);
    return error;
}

START_TEST(join_sees_a_list_at_one_moment)
{
    weir_object *objects[4];

    if (!wr_test_safe) {
        return;
    }
    objects[0] = weir_list_new();
    objects[1] = weir_str_from("a");
    objects[2] = weir_str_from("b");
    objects[3] = weir_str_from("-");
    wr_run_workers(objects, 3, (int64_t)wr_test_size(8000), change_or_join);
    for (size_t i = 0; i < 4; i++) {
        weir_decref(objects[i]);
    }
}
END_TEST

/* ---- questions ---------------------------------------------------------- */

static int
order_of(weir_object *a, weir_object *b)
{
    int order = 77;

    ck_assert_int_eq(weir_str_compare(a, b, &order), 0);
    return order;
}

START_TEST(order_is_that_of_bytes)
{
    /* In rising order; bytes above 127 come last, whatever char's sign is. */
    static const struct {
        const char *bytes;
        size_t length;
    } rising[] = {{"", 0},    {"\0", 1},   {"\0\0", 2}, {"\0a", 2},
                  {"A", 1},   {"a", 1},    {"a\0", 2},  {"ab", 2},
                  {"b", 1},   {"\x7f", 1}, {"\x80", 1}, {"\xc3\xa4", 2},
                  {"\xff", 1}};
    enum { N = sizeof(rising) / sizeof(rising[0]) };
    weir_object *s[N];
    int order = 77;

    for (int i = 0; i < N; i++) {
        s[i] = weir_str_new(rising[i].bytes, rising[i].length);
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            ck_assert_int_eq(order_of(s[i], s[j]), (i > j) - (i < j));
            ck_assert_int_eq(weir_equal(s[i], s[j]), i == j);
        }
    }
    ck_assert_int_eq(weir_str_compare(NULL, s[0], &order), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_compare(s[0], NULL, &order), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_compare(s[0], s[1], NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_compare(weir_int_new(1), s[0], &order),
                     WEIR_ETYPE);
    ck_assert_int_eq(weir_str_compare(s[0], weir_int_new(1), &order),
                     WEIR_ETYPE);
    ck_assert_int_eq(order, 77);
    for (int i = 0; i < N; i++) {
        weir_decref(s[i]);
    }
}
END_TEST

START_TEST(find_gives_the_first_place)
{
    weir_object *s = weir_str_new("ab\0abcab", 8);
    weir_object *ab = weir_str_from("ab");
    weir_object *abc = weir_str_from("abc");
    weir_object *none = weir_str_from("");
    weir_object *other = weir_str_from("x");

    ck_assert_int_eq(weir_str_find(s, ab, 0), 0);
    ck_assert_int_eq(weir_str_find(s, ab, 1), 3);
    ck_assert_int_eq(weir_str_find(s, ab, 4), 6);
    ck_assert_int_eq(weir_str_find(s, ab, 7), WEIR_ENOKEY);
    ck_assert_int_eq(weir_str_find(s, ab, 8), WEIR_ENOKEY);
    ck_assert_int_eq(weir_str_find(s, ab, 9), WEIR_ERANGE);
    ck_assert_int_eq(weir_str_find(s, abc, 0), 3);
    ck_assert_int_eq(weir_str_find(ab, abc, 0), WEIR_ENOKEY);
    ck_assert_int_eq(weir_str_find(s, other, 0), WEIR_ENOKEY);
    ck_assert_int_eq(weir_str_find(s, none, 5), 5);
    ck_assert_int_eq(weir_str_find(s, none, 8), 8);
    ck_assert_int_eq(weir_str_find(none, none, 0), 0);
    ck_assert_int_eq(weir_str_find(NULL, s, 0), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_find(s, NULL, 0), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_find(s, weir_int_new(1), 0), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_starts_with(s, ab), 1);
    ck_assert_int_eq(weir_str_starts_with(s, abc), 0);
    ck_assert_int_eq(weir_str_starts_with(s, none), 1);
    ck_assert_int_eq(weir_str_starts_with(ab, abc), 0);
    ck_assert_int_eq(weir_str_starts_with(s, s), 1);
    ck_assert_int_eq(weir_str_starts_with(s, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_starts_with(weir_int_new(1), s), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_ends_with(s, ab), 1);
    ck_assert_int_eq(weir_str_ends_with(s, abc), 0);
    ck_assert_int_eq(weir_str_ends_with(s, none), 1);
    ck_assert_int_eq(weir_str_ends_with(ab, abc), 0);
    ck_assert_int_eq(weir_str_ends_with(NULL, s), WEIR_EINVAL);
    weir_decref(s);
    weir_decref(ab);
    weir_decref(abc);
    weir_decref(none);
    weir_decref(other);
}
END_TEST

START_TEST(not_a_string_is_refused)
{
    weir_object *s = weir_str_from("s");
    weir_object *n = weir_int_new(5);

    fails(weir_str_concat(NULL, s), WEIR_EINVAL);
    fails(weir_str_concat(s, NULL), WEIR_EINVAL);
    fails(weir_str_concat(n, NULL), WEIR_EINVAL);
    fails(weir_str_concat(n, s), WEIR_ETYPE);
    fails(weir_str_concat(s, n), WEIR_ETYPE);
    fails(weir_str_slice(NULL, 0, 0), WEIR_EINVAL);
    fails(weir_str_slice(n, 0, 0), WEIR_ETYPE);
    fails(weir_str_repeat(NULL, 0), WEIR_EINVAL);
    fails(weir_str_repeat(n, 0), WEIR_ETYPE);
    fails(weir_int_to_str(NULL), WEIR_EINVAL);
    fails(weir_int_to_str(s), WEIR_ETYPE);
    fails(weir_str_to_int(NULL), WEIR_EINVAL);
    fails(weir_str_to_int(n), WEIR_ETYPE);
    weir_decref(s);
}
END_TEST

/* ---- numbers ------------------------------------------------------------ */

static void
goes_there_and_back(int64_t value)
{
    weir_object *n = weir_int_new(value);
    weir_object *s = weir_int_to_str(n);
    weir_object *again = weir_str_to_int(s);
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    is_bytes(s, text, strlen(text));
    ck_assert_ptr_nonnull(again);
    ck_assert_int_eq(weir_equal(n, again), 1);
    weir_decref(n);
    weir_decref(s);
    weir_decref(again);
}

START_TEST(ints_become_digits_and_back)
{
    struct wr_test_usage before = wr_test_usage();
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (int64_t n = -1100; n < 1100; n += 3) {
        goes_there_and_back(n);
    }
    for (int shift = 0; shift < 64; shift++) {
        goes_there_and_back((int64_t)(wr_random_next(&random) >> shift));
        goes_there_and_back((int64_t)(UINT64_C(1) << shift));
        goes_there_and_back((int64_t)((UINT64_C(1) << shift) - 1));
    }
    goes_there_and_back(INT64_MIN);
    goes_there_and_back(INT64_MAX);
    wr_test_no_leak(before);
}
END_TEST

static int
number_error(const char *bytes, size_t length)
{
    weir_object *s = weir_str_new(bytes, length);
    weir_object *n = weir_str_to_int(s);
    int error = n == NULL ? weir_error() : 0;

    weir_xdecref(n);
    weir_decref(s);
    return error;
}

START_TEST(only_whole_numbers_that_fit_are_numbers)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "+0",
                                       "+17",
                                       "007",
                                       "00000000000000000000000000001",
                                       "9223372036854775807",
                                       "-9223372036854775808"};
    static const char *const bad[] = {"",   "-",  "+",   "--1",     "+-1",
                                      " 1", "1 ", "1.0", "0x1",     "1e3",
                                      "a",  "1a", "1_0", "\xd9\xa1"};
    static const char *const large[] = {"9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999999"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_int_eq(number_error(good[i], strlen(good[i])), 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(number_error(bad[i], strlen(bad[i])), WEIR_EINVAL);
    }
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        ck_assert_int_eq(number_error(large[i], strlen(large[i])), WEIR_ERANGE);
    }
    ck_assert_int_eq(number_error("1\0", 2), WEIR_EINVAL);
    ck_assert_int_eq(number_error("99999999999999999999x", 21), WEIR_EINVAL);
}
END_TEST

Suite *
wr_suite_str_ops(void)
{
    Suite *suite = suite_create("str_ops");
    TCase *tc = tcase_create("str_ops");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, concat_puts_one_behind_the_other);
    tcase_add_test(tc, slice_gives_the_bytes_between);
    tcase_add_test(tc, repeat_counts_the_copies);
    tcase_add_test(tc, too_long_is_refused);
    tcase_add_test(tc, join_puts_the_separator_between);
    tcase_add_test(tc, join_refuses_what_is_no_string);
    tcase_add_test(tc, join_knows_the_limit);
    tcase_add_test(tc, join_sees_a_list_at_one_moment);
    tcase_add_test(tc, order_is_that_of_bytes);
    tcase_add_test(tc, find_gives_the_first_place);
    tcase_add_test(tc, not_a_string_is_refused);
    tcase_add_test(tc, ints_become_digits_and_back);
    tcase_add_test(tc, only_whole_numbers_that_fit_are_numbers);
    suite_add_tcase(suite, tc);
    return suite;
}
