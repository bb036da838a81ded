/* SPDX-License-Identifier: MIT */
/*
 * tests/test_sync.c - atomic operations and the pending word.
 */
#include "tests/suites.h"

#include <pthread.h>

#include "base/pending.h"
#include "base/sync.h"

enum { THREADS = 4 };

struct shared { /* SHARED */
    /* [atomic: workers add relaxed; read after the join] */
    uint64_t sum;

    /* [atomic: workers add with CAS acq_rel; read after the join] */
    uint64_t swapped;

    /* [const] */
    uint64_t rounds;

    /* [atomic: release by the writer, acquire by the reader] */
    uint32_t ready;

    /* [atomic: published by ready] plain on purpose */
    uint64_t payload;
};

static void *
add_many(void *arg)
{
    struct shared *shared = arg;

    for (uint64_t i = 0; i < shared->rounds; i++) {
        wr_fetch_add_relaxed(&shared->sum, UINT64_C(1));
        uint64_t seen = wr_load_relaxed(&shared->swapped);
        while (!wr_cas_weak_acq_rel(&shared->swapped, &seen, seen + 1)) {
            wr_cpu_relax();
        }
    }
    return NULL;
}

START_TEST(no_update_is_lost)
{
    struct shared shared = {.rounds = wr_test_size(100000)};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, &shared),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(shared.sum, shared.rounds * THREADS);
    ck_assert_uint_eq(shared.swapped, shared.rounds * THREADS);
}
END_TEST

static void *
publish(void *arg)
{
    struct shared *shared = arg;

    shared->payload = 42;
    wr_store_release(&shared->ready, 1u);
    return NULL;
}

START_TEST(release_publishes_to_acquire)
{
    struct shared shared = {.rounds = 0};
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, publish, &shared), 0);
    while (wr_load_acquire(&shared.ready) == 0) {
        wr_cpu_relax();
    }
    ck_assert_uint_eq(shared.payload, 42);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(operations_return_the_old_value)
{
    uint8_t byte = 5;
    int64_t count = 7;
    void *pointer = &byte;

    ck_assert_uint_eq(wr_fetch_or_acq_rel(&byte, (uint8_t)2), 5);
    ck_assert_uint_eq(wr_fetch_and_relaxed(&byte, (uint8_t)3), 7);
    ck_assert_uint_eq(wr_load_seq_cst(&byte), 3);
    ck_assert_int_eq(wr_fetch_sub_acq_rel(&count, INT64_C(8)), 7);
    ck_assert_int_eq(wr_exchange_seq_cst(&count, INT64_C(9)), -1);
    ck_assert_ptr_eq(wr_exchange_acq_rel(&pointer, NULL), &byte);
    ck_assert_ptr_null(wr_load_acquire(&pointer));
}
END_TEST

START_TEST(failed_cas_reports_what_it_saw)
{
    uint32_t word = 3;
    uint32_t expected = 4;

    ck_assert(!wr_cas_acq_rel(&word, &expected, 5u));
    ck_assert_uint_eq(expected, 3);
    ck_assert_uint_eq(word, 3);
    ck_assert(wr_cas_seq_cst(&word, &expected, 5u));
    ck_assert_uint_eq(word, 5);
}
END_TEST

START_TEST(pending_bits_are_independent)
{
    uint32_t word = WR_PENDING_DETACHED;

    ck_assert_uint_eq(wr_pending_set(&word, WR_PENDING_STOP),
                      WR_PENDING_DETACHED);
    ck_assert_uint_eq(wr_pending_set(&word, WR_PENDING_STOP | WR_PENDING_DROP),
                      WR_PENDING_DETACHED | WR_PENDING_STOP);
    ck_assert_uint_eq(
        wr_pending_clear(&word, WR_PENDING_STOP | WR_PENDING_DETACHED),
        WR_PENDING_DETACHED | WR_PENDING_STOP | WR_PENDING_DROP);
    ck_assert_uint_eq(word, WR_PENDING_DROP);
}
END_TEST

Suite *
wr_suite_sync(void)
{
    Suite *suite = suite_create("sync");
    TCase *tc = tcase_create("sync");

    tcase_add_test(tc, no_update_is_lost);
    tcase_add_test(tc, release_publishes_to_acquire);
    tcase_add_test(tc, operations_return_the_old_value);
    tcase_add_test(tc, failed_cas_reports_what_it_saw);
    tcase_add_test(tc, pending_bits_are_independent);
    suite_add_tcase(suite, tc);
    return suite;
}
