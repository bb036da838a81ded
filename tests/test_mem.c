/* SPDX-License-Identifier: MIT */
/*
 * tests/test_mem.c - counting, and failure on demand.
 */
#include "tests/suites.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

START_TEST(live_blocks_and_bytes_are_counted)
{
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
    char *a = wr_mem_alloc(100);
    char *b = wr_mem_calloc(10, 20);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 2);
    ck_assert_uint_ge(wr_mem_get_stats().bytes, 300);
    a = wr_mem_realloc(a, 5000);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 2);
    ck_assert_uint_ge(wr_mem_get_stats().bytes, 5200);
    wr_mem_free(a);
    wr_mem_free(b);
    wr_mem_free(NULL);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
    ck_assert_uint_eq(wr_mem_get_stats().bytes, 0);
}
END_TEST

START_TEST(zero_bytes_are_a_block)
{
    void *a = wr_mem_alloc(0);
    void *b = wr_mem_calloc(0, 8);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    a = wr_mem_realloc(a, 0);
    ck_assert_ptr_nonnull(a);
    wr_mem_free(a);
    wr_mem_free(b);
}
END_TEST

START_TEST(calloc_clears_and_checks_its_product)
{
    unsigned char *block = wr_mem_calloc(3, 7);

    for (int i = 0; i < 21; i++) {
        ck_assert_uint_eq(block[i], 0);
    }
    wr_mem_free(block);
    volatile size_t huge = SIZE_MAX / 2;
    ck_assert_ptr_null(wr_mem_calloc(huge, 3));
}
END_TEST

START_TEST(huge_blocks_are_aligned_counted_and_may_fail)
{
    const size_t odd = WR_MEM_HUGE + 12345;
    char *small = wr_mem_alloc_huge(100);
    char *block = wr_mem_alloc_huge(odd);

    ck_assert(small != NULL && block != NULL);
    ck_assert_uint_eq((uintptr_t)block % WR_MEM_HUGE, 0);
    memset(small, 1, 100);
    memset(block, 1, odd);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 2);
    ck_assert_uint_ge(wr_mem_get_stats().bytes, odd + 100);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        wr_fault_arm(nth);
        char *first = wr_mem_alloc_huge(odd);
        char *second = wr_mem_alloc_huge(100);
        wr_fault_disarm();
        ck_assert_uint_eq(wr_fault_seen(), 2);
        ck_assert((first == NULL) == (nth == 1));
        ck_assert((second == NULL) == (nth == 2));
        wr_mem_free(first);
        wr_mem_free(second);
    }
    /* volatile: the compiler would warn of such a size */
    volatile size_t most = SIZE_MAX - 5;
    ck_assert_ptr_null(wr_mem_alloc_huge(most));
    wr_mem_free(small);
    wr_mem_free(block);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
}
END_TEST

START_TEST(only_the_nth_fails)
{
    wr_fault_arm(3);
    ck_assert(wr_fault_armed());
    for (int i = 1; i <= 5; i++) {
        void *block = wr_mem_alloc(8);
        ck_assert((block == NULL) == (i == 3));
        wr_mem_free(block);
    }
    ck_assert_uint_eq(wr_fault_seen(), 5);
    wr_fault_disarm();
    ck_assert(!wr_fault_armed());
    wr_mem_free(wr_mem_alloc(8));
    ck_assert_uint_eq(wr_fault_seen(), 5);
}
END_TEST

START_TEST(all_from_the_nth_fail)
{
    wr_fault_arm_from(2);
    void *block = wr_mem_calloc(1, 8);
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_null(wr_mem_realloc(block, 100000));
    ck_assert_ptr_null(wr_mem_realloc(NULL, 8));
    ck_assert_ptr_null(wr_mem_alloc(8));
    ck_assert_uint_eq(wr_fault_seen(), 4);
    wr_fault_disarm();
    wr_mem_free(block);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, 0);
}
END_TEST

START_TEST(failed_realloc_keeps_the_block)
{
    char *block = wr_mem_alloc(16);

    memcpy(block, "kept", 5);
    wr_fault_arm(1);
    ck_assert_ptr_null(wr_mem_realloc(block, 100000));
    wr_fault_disarm();
    ck_assert_str_eq(block, "kept");
    wr_mem_free(block);
}
END_TEST

struct failures { /* SHARED */
    /* [owner] read after the join */
    uint64_t seen;
};

static void *
allocate_many(void *arg)
{
    struct failures *failures = arg;

    for (int i = 0; i < 1000; i++) {
        void *block = wr_mem_alloc(8);
        failures->seen += block == NULL;
        wr_mem_free(block);
    }
    return NULL;
}

START_TEST(one_failure_in_all_threads_together)
{
    enum { THREADS = 3 };
    struct failures failures[THREADS] = {{0}};
    pthread_t threads[THREADS];
    uint64_t all = 0;

    wr_fault_arm(1500);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, allocate_many, &failures[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += failures[i].seen;
    }
    ck_assert_uint_eq(all, 1);
    ck_assert_uint_eq(wr_fault_seen(), THREADS * 1000);
}
END_TEST

Suite *
wr_suite_mem(void)
{
    Suite *suite = suite_create("mem");
    TCase *tc = tcase_create("mem");

    tcase_add_test(tc, live_blocks_and_bytes_are_counted);
    tcase_add_test(tc, zero_bytes_are_a_block);
    tcase_add_test(tc, calloc_clears_and_checks_its_product);
    tcase_add_test(tc, huge_blocks_are_aligned_counted_and_may_fail);
    tcase_add_test(tc, only_the_nth_fails);
    tcase_add_test(tc, all_from_the_nth_fail);
    tcase_add_test(tc, failed_realloc_keeps_the_block);
    tcase_add_test(tc, one_failure_in_all_threads_together);
    suite_add_tcase(suite, tc);
    return suite;
}
