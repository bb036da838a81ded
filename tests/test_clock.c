/* SPDX-License-Identifier: MIT */
/*
 * tests/test_clock.c - the clocks move, and in the right direction.
 */
#include "tests/suites.h"

#include <time.h>

#include "base/clock.h"

START_TEST(monotonic_clock_never_goes_back)
{
    uint64_t last = wr_clock_ns();

    for (int i = 0; i < 100000; i++) {
        uint64_t now = wr_clock_ns();
        ck_assert(now >= last);
        last = now;
    }
}
END_TEST

START_TEST(monotonic_clock_counts_a_sleep)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 2000000};
    uint64_t start = wr_clock_ns();

    nanosleep(&pause, NULL);
    ck_assert_uint_ge(wr_clock_ns() - start, 2000000);
}
END_TEST

START_TEST(cpu_clocks_count_work)
{
    uint64_t thread = wr_clock_thread_cpu_ns();
    uint64_t process = wr_clock_process_cpu_ns();
    uint64_t end = wr_clock_ns() + 2000000;

    while (wr_clock_ns() < end) {
    }
    ck_assert_uint_gt(wr_clock_thread_cpu_ns(), thread);
    ck_assert_uint_gt(wr_clock_process_cpu_ns(), process);
}
END_TEST

START_TEST(cost_of_the_clock_is_plausible)
{
    uint64_t cost = wr_clock_cost_ns();

    ck_assert_uint_lt(cost, 1000000);
}
END_TEST

Suite *
wr_suite_clock(void)
{
    Suite *suite = suite_create("clock");
    TCase *tc = tcase_create("clock");

    tcase_add_test(tc, monotonic_clock_never_goes_back);
    tcase_add_test(tc, monotonic_clock_counts_a_sleep);
    tcase_add_test(tc, cpu_clocks_count_work);
    tcase_add_test(tc, cost_of_the_clock_is_plausible);
    suite_add_tcase(suite, tc);
    return suite;
}
