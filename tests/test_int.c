/* SPDX-License-Identifier: MIT */
/*
 * tests/test_int.c - integers.
 */
#include "tests/fixture.h"

START_TEST(value_is_kept)
{
    static const int64_t values[] = {
        INT64_MIN, INT64_MIN + 1, -129, -128, -1, 0, 1, 1023, 1024, INT64_MAX};
    struct wr_test_usage before = wr_test_usage();

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        weir_object *o = weir_int_new(values[i]);
        int64_t value = 0;

        ck_assert_ptr_nonnull(o);
        ck_assert(weir_is_int(o));
        ck_assert_int_eq(weir_int_value(o, &value), 0);
        ck_assert_int_eq(value, values[i]);
        ck_assert_str_eq(weir_type_name(weir_type_of(o)), "int");
        weir_decref(o);
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(small_ints_are_immortal_and_unique)
{
    struct wr_test_usage before = wr_test_usage();

    for (int64_t i = -1000; i <= 2000; i++) {
        bool small = i >= WEIR_INT_SMALL_MIN && i <= WEIR_INT_SMALL_MAX;
        weir_object *a = weir_int_new(i);
        weir_object *b = weir_int_new(i);

        ck_assert_int_eq(a == b, small);
        ck_assert_int_eq(weir_is_immortal(a), small);
        if (!small) {
            wr_test_count(a, 1);
        }
        weir_decref(a);
        weir_decref(b);
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(small_int_takes_no_memory)
{
    struct wr_test_usage before = wr_test_usage();

    for (int64_t i = WEIR_INT_SMALL_MIN; i <= WEIR_INT_SMALL_MAX; i++) {
        ck_assert_ptr_nonnull(weir_int_new(i));
    }
    ck_assert_uint_eq(wr_test_usage().atoms, before.atoms);
    weir_decref(wr_test_int(0));
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *list = weir_list_new();
    weir_object *five = weir_int_new(5);
    int64_t value = 77;

    ck_assert_int_eq(weir_int_value(NULL, &value), WEIR_EINVAL);
    ck_assert_int_eq(weir_int_value(five, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_int_value(list, &value), WEIR_ETYPE);
    ck_assert_int_eq(value, 77);
    ck_assert(!weir_is_int(NULL));
    ck_assert(!weir_is_int(list));
    weir_decref(list);
}
END_TEST

Suite *
wr_suite_int(void)
{
    Suite *suite = suite_create("int");
    TCase *tc = tcase_create("int");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, value_is_kept);
    tcase_add_test(tc, small_ints_are_immortal_and_unique);
    tcase_add_test(tc, small_int_takes_no_memory);
    tcase_add_test(tc, bad_arguments_are_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
