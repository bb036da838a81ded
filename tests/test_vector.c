/* SPDX-License-Identifier: MIT */
/*
 * tests/test_vector.c - growth, order and failure.
 */
#include "tests/suites.h"

#include "base/vector.h"

START_TEST(items_come_back_in_order)
{
    struct wr_vector vector = WR_VECTOR_INIT;
    static char items[1000];

    for (size_t i = 0; i < sizeof(items); i++) {
        ck_assert_int_eq(wr_vector_push(&vector, &items[i]), 0);
    }
    ck_assert_uint_eq(vector.size, sizeof(items));
    for (size_t i = 0; i < sizeof(items); i++) {
        ck_assert_ptr_eq(wr_vector_get(&vector, i), &items[i]);
    }
    for (size_t i = sizeof(items); i > 0; i--) {
        ck_assert_ptr_eq(wr_vector_pop(&vector), &items[i - 1]);
    }
    ck_assert_ptr_null(wr_vector_pop(&vector));
    wr_vector_free(&vector);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
}
END_TEST

START_TEST(reserved_room_needs_no_memory)
{
    struct wr_vector vector = WR_VECTOR_INIT;
    int item = 0;

    ck_assert_int_eq(wr_vector_reserve(&vector, 100), 0);
    wr_fault_arm_from(1);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(wr_vector_push(&vector, &item), 0);
    }
    ck_assert_uint_eq(wr_fault_seen(), 0);
    wr_fault_disarm();
    wr_vector_clear(&vector);
    ck_assert_uint_eq(vector.size, 0);
    wr_vector_free(&vector);
}
END_TEST

START_TEST(failed_growth_changes_nothing)
{
    struct wr_vector vector = WR_VECTOR_INIT;
    int item = 0;

    while (vector.size < 8 || vector.size < vector.capacity) {
        ck_assert_int_eq(wr_vector_push(&vector, &item), 0);
    }
    struct wr_vector before = vector;
    wr_fault_arm(1);
    ck_assert_int_eq(wr_vector_push(&vector, &item), WR_ENOMEM);
    ck_assert_ptr_eq(vector.items, before.items);
    ck_assert_uint_eq(vector.size, before.size);
    ck_assert_uint_eq(vector.capacity, before.capacity);
    ck_assert_int_eq(wr_vector_push(&vector, &item), 0);
    wr_fault_disarm();
    ck_assert_int_eq(wr_vector_reserve(&vector, SIZE_MAX), WR_ENOMEM);
    wr_vector_free(&vector);
}
END_TEST

Suite *
wr_suite_vector(void)
{
    Suite *suite = suite_create("vector");
    TCase *tc = tcase_create("vector");

    tcase_add_test(tc, items_come_back_in_order);
    tcase_add_test(tc, reserved_room_needs_no_memory);
    tcase_add_test(tc, failed_growth_changes_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
