/* SPDX-License-Identifier: MIT */
/*
 * tests/test_histogram.c - buckets, exact figures and percentiles.
 */
#include "tests/suites.h"

#include <pthread.h>
#include <string.h>

#include "base/histogram.h"
#include "base/random.h"
#include "base/sync.h"

static struct wr_histogram histogram;
static struct wr_histogram second;

START_TEST(buckets_tile_the_range_without_gap)
{
    uint64_t next = 0;

    for (unsigned i = 0; i < WR_HISTOGRAM_BUCKETS; i++) {
        ck_assert_uint_eq(wr_histogram_bucket_low(i), next);
        ck_assert_uint_eq(wr_histogram_bucket_of(next), i);
        uint64_t high = wr_histogram_bucket_high(i);
        ck_assert_uint_eq(wr_histogram_bucket_of(high), i);
        next = high + 1;
    }
    ck_assert_uint_eq(next, 0); /* the last one ends at UINT64_MAX */
}
END_TEST

START_TEST(bucket_is_no_wider_than_a_64th)
{
    for (unsigned i = 64; i < WR_HISTOGRAM_BUCKETS - 1; i++) {
        uint64_t low = wr_histogram_bucket_low(i);
        uint64_t width = wr_histogram_bucket_high(i) - low + 1;
        ck_assert_uint_le(width * 64, low);
    }
}
END_TEST

START_TEST(empty_histogram_is_all_zeros)
{
    ck_assert_uint_eq(wr_histogram_count(&histogram), 0);
    ck_assert_uint_eq(wr_histogram_min(&histogram), 0);
    ck_assert_uint_eq(wr_histogram_max(&histogram), 0);
    ck_assert(wr_histogram_mean(&histogram) == 0.0);
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 50.0), 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
    for (uint64_t i = 1; i <= 60; i++) {
        wr_histogram_record(&histogram, i);
    }
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 50.0), 30);
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 0.0), 1);
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 100.0), 60);
    ck_assert(wr_histogram_mean(&histogram) == 30.5);
    ck_assert_uint_eq(wr_histogram_sum(&histogram), 1830);
}
END_TEST

START_TEST(percentiles_are_within_a_64th)
{
    for (uint64_t i = 1; i <= 100000; i++) {
        wr_histogram_record(&histogram, i * 1000);
    }
    static const double percents[] = {1.0, 25.0, 50.0, 90.0, 99.0, 99.9};
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        double exact = percents[i] * 1000000.0;
        double got = (double)wr_histogram_percentile(&histogram, percents[i]);
        ck_assert_msg(got >= exact && got <= exact * (1.0 + 1.0 / 64),
                      "p%g: %g", percents[i], got);
    }
}
END_TEST

START_TEST(extremes_do_not_overflow)
{
    wr_histogram_record(&histogram, UINT64_MAX);
    wr_histogram_record(&histogram, 0);
    ck_assert_uint_eq(wr_histogram_min(&histogram), 0);
    ck_assert_uint_eq(wr_histogram_max(&histogram), UINT64_MAX);
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 99.0), UINT64_MAX);
    ck_assert_uint_eq(wr_histogram_percentile(&histogram, 50.0), 0);
    wr_histogram_reset(&histogram);
    ck_assert_uint_eq(wr_histogram_count(&histogram), 0);
    ck_assert_uint_eq(wr_histogram_max(&histogram), 0);
}
END_TEST

START_TEST(merging_equals_recording_in_one)
{
    static struct wr_histogram whole;
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (int i = 0; i < 10000; i++) {
        uint64_t value = wr_random_next(&random) >> (i % 64);
        wr_histogram_record(i % 3 == 0 ? &histogram : &second, value);
        wr_histogram_record(&whole, value);
    }
    wr_histogram_merge(&histogram, &second);
    ck_assert_int_eq(memcmp(&histogram, &whole, sizeof(whole)), 0);
}
END_TEST

static void *
record_many(void *arg)
{
    struct wr_histogram *into = arg;

    for (uint64_t i = 0; i < wr_test_size(200000); i++) {
        wr_histogram_record(into, i % 1000);
    }
    return NULL;
}

START_TEST(reader_beside_the_writer_sees_plausible_figures)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, record_many, &histogram), 0);
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_lt(wr_histogram_percentile(&histogram, 99.0), 1000);
        ck_assert_uint_lt(wr_histogram_max(&histogram), 1000);
    }
    pthread_join(thread, NULL);
    ck_assert_uint_eq(wr_histogram_count(&histogram), wr_test_size(200000));
}
END_TEST

Suite *
wr_suite_histogram(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tc = tcase_create("histogram");

    tcase_add_test(tc, buckets_tile_the_range_without_gap);
    tcase_add_test(tc, bucket_is_no_wider_than_a_64th);
    tcase_add_test(tc, empty_histogram_is_all_zeros);
    tcase_add_test(tc, small_values_are_exact);
    tcase_add_test(tc, percentiles_are_within_a_64th);
    tcase_add_test(tc, extremes_do_not_overflow);
    tcase_add_test(tc, merging_equals_recording_in_one);
    tcase_add_test(tc, reader_beside_the_writer_sees_plausible_figures);
    suite_add_tcase(suite, tc);
    return suite;
}
