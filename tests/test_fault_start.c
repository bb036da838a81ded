/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_start.c - starting and stopping without memory.
 *
 * A start that fails takes down every floor that came up, and the next one
 * finds nothing of it.
 */
#include "tests/suites.h"

#include "base/mem.h"

#include <weir/weir.h>

enum { MOST = 500 };

/* Start with the nth allocation failing, or all from the nth on.  Returns
 * whether there were as many. */
static bool
start_with_fault(uint64_t nth, bool all)
{
    uint64_t blocks = wr_mem_get_stats().blocks;
    bool hit;
    int error;

    if (all) {
        wr_fault_arm_from(nth);
    } else {
        wr_fault_arm(nth);
    }
    error = weir_start(NULL);
    hit = wr_fault_seen() >= nth;
    wr_fault_disarm();
    ck_assert_int_eq(error, hit ? WEIR_ENOMEM : 0);
    ck_assert(weir_running() == !hit);
    ck_assert(weir_attached() == !hit);
    if (!hit) {
        ck_assert_int_eq(weir_stop(), 0);
    }
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    return hit;
}

/* What came up after failures is the whole runtime. */
static void
check_start(void)
{
    weir_object *list;
    weir_object *str;

    ck_assert_int_eq(weir_start(NULL), 0);
    list = weir_list_new();
    str = weir_str_intern("start", 5);
    ck_assert_int_eq(weir_list_append(list, str), 0);
    ck_assert_int_eq(weir_list_append(list, weir_int_new(7)), 0);
    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_str_eq(weir_type_name(weir_type_of(list)), "list");
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_int_eq(weir_stop(), 0);
}

START_TEST(start_without_memory_leaves_nothing)
{
    for (int all = 0; all < 2; all++) {
        uint64_t nth = 1;

        while (start_with_fault(nth, all != 0)) {
            nth++;
            ck_assert_uint_lt(nth, MOST);
            if (nth % 8 == 0) {
                check_start();
            }
        }
        /* At least one for each builtin type, and one for the thread. */
        ck_assert_uint_gt(nth, 10);
    }
    check_start();
}
END_TEST

Suite *
wr_suite_fault_start(void)
{
    Suite *suite = suite_create("fault_start");
    TCase *tc = tcase_create("start");

    tcase_add_test(tc, start_without_memory_leaves_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
