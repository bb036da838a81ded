/* SPDX-License-Identifier: MIT */
/*
 * tests/test_stats.c - do the intervals cover, and do verdicts follow them?
 *
 * Coverage is measured on times made up so that the truth is known: noise is
 * log-normal, and now and then an invocation is much slower, as it happens on
 * a machine that does other things too.  The checker itself is checked with
 * intervals that are wrong on purpose.
 */
#include "tests/suites.h"

#include "lab/compare.h"
#include "lab/stats.h"

#include <math.h>

/* Fixed: one run in some thousands would fail by chance otherwise. */
#define SEED 20240607

/* Few enough that a thousand experiments take a second. */
#define RESAMPLES 400

typedef void (*interval_fn)(const double *a, size_t n, const double *b,
                            size_t m, struct wr_random *random,
                            struct wr_ratio *out);

/* How one side of an experiment behaves. */
struct noise {
    double sigma;
    double outliers;
};

struct experiment {
    size_t n;
    struct noise a;
    struct noise b;
};

static double
normal(struct wr_random *random)
{
    double u = 1 - wr_random_unit(random);
    double v = wr_random_unit(random);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* n times around `middle`, some of them much slower. */
static void
make_times(double *times, size_t n, double middle, struct noise noise,
           struct wr_random *random)
{
    for (size_t i = 0; i < n; i++) {
        double x = noise.sigma * normal(random);

        if (wr_random_unit(random) < noise.outliers) {
            x -= 0.2 * log(1 - wr_random_unit(random));
        }
        times[i] = middle * exp(x);
    }
}

/* The fraction of experiments whose interval contains the true ratio. */
static double
coverage(interval_fn interval, const struct experiment *experiment,
         uint64_t repetitions)
{
    const double truth = 1.3;
    struct wr_random random;
    uint64_t hits = 0;

    wr_random_seed(&random, SEED);
    for (uint64_t i = 0; i < repetitions; i++) {
        double a[32];
        double b[32];
        struct wr_ratio ratio;

        make_times(a, experiment->n, 0.2, experiment->a, &random);
        make_times(b, experiment->n, 0.2 * truth, experiment->b, &random);
        interval(a, experiment->n, b, experiment->n, &random, &ratio);
        hits += ratio.low <= truth && truth <= ratio.high;
    }
    return (double)hits / (double)repetitions;
}

/*
 * Whether a coverage is that of a 95 % interval: not less, beyond what
 * `repetitions` experiments must be allowed, and not so much more that the
 * interval says nothing (which few experiments cannot tell).
 */
static bool
is_credible(double covered, uint64_t repetitions)
{
    double slack = 3.5 * sqrt(0.05 * 0.95 / (double)repetitions);

    return covered >= 0.95 - slack && (covered <= 0.995 || repetitions < 300);
}

static void
ours(const double *a, size_t n, const double *b, size_t m,
     struct wr_random *random, struct wr_ratio *out)
{
    wr_stats_ratio(a, n, b, m, RESAMPLES, random, out);
}

/* Plants: half as wide, and much too wide. */
static void
too_narrow(const double *a, size_t n, const double *b, size_t m,
           struct wr_random *random, struct wr_ratio *out)
{
    ours(a, n, b, m, random, out);
    out->low = sqrt(out->low * out->ratio);
    out->high = sqrt(out->high * out->ratio);
}

static void
too_wide(const double *a, size_t n, const double *b, size_t m,
         struct wr_random *random, struct wr_ratio *out)
{
    ours(a, n, b, m, random, out);
    out->low = out->low / 2;
    out->high = out->high * 2;
}

/* Plant: as if every invocation had been made four times. */
static void
copies(const double *a, size_t n, const double *b, size_t m,
       struct wr_random *random, struct wr_ratio *out)
{
    double x[128];
    double y[128];

    for (size_t i = 0; i < 4 * n; i++) {
        x[i] = a[i % n];
    }
    for (size_t i = 0; i < 4 * m; i++) {
        y[i] = b[i % m];
    }
    ours(x, 4 * n, y, 4 * m, random, out);
}

static const struct experiment experiments[] = {
    {5, {0.015, 0}, {0.015, 0}},      {5, {0.015, 0.1}, {0.015, 0.1}},
    {5, {0.01, 0.1}, {0.04, 0.1}},    {8, {0.015, 0.1}, {0.015, 0.1}},
    {15, {0.015, 0.1}, {0.015, 0.1}}, {15, {0.01, 0.1}, {0.04, 0.1}},
};

START_TEST(intervals_cover_the_truth)
{
    uint64_t repetitions = wr_test_size(1000);
    const struct experiment *experiment = &experiments[_i];
    double covered = coverage(ours, experiment, repetitions);

    ck_assert_msg(is_credible(covered, repetitions),
                  "n = %zu: %.3f of the intervals cover", experiment->n,
                  covered);
}
END_TEST

START_TEST(wrong_intervals_are_noticed)
{
    uint64_t repetitions = 1000;
    const struct experiment experiment = {7, {0.015, 0.1}, {0.015, 0.1}};

    ck_assert(
        !is_credible(coverage(too_narrow, &experiment, repetitions), 1000));
    ck_assert(!is_credible(coverage(too_wide, &experiment, repetitions), 1000));
    repetitions = 300;
    ck_assert(!is_credible(coverage(copies, &experiment, repetitions), 300));
}
END_TEST

START_TEST(equal_cells_are_seldom_called_different)
{
    uint64_t repetitions = wr_test_size(1000);
    struct noise noise = {0.02, 0.1};
    struct wr_random random;
    uint64_t wrong = 0;

    wr_random_seed(&random, SEED);
    for (uint64_t i = 0; i < repetitions; i++) {
        double a[7];
        double b[7];
        struct wr_ratio ratio;
        enum wr_verdict verdict;

        make_times(a, 7, 0.2, noise, &random);
        make_times(b, 7, 0.2, noise, &random);
        ours(a, 7, b, 7, &random, &ratio);
        verdict = wr_stats_verdict(&ratio, 0.03);
        wrong += verdict == WR_SLOWER || verdict == WR_FASTER;
    }
    ck_assert_uint_le(wrong, 1 + repetitions * 6 / 100);
}
END_TEST

START_TEST(ratio_of_scaled_times_is_the_scale)
{
    const double a[] = {0.2, 0.21, 0.22, 0.23, 0.24, 0.25};
    double b[6];
    struct wr_random random;
    struct wr_ratio ratio;

    for (int i = 0; i < 6; i++) {
        b[i] = a[5 - i] * 2.5;
    }
    wr_random_seed(&random, 1);
    wr_stats_ratio(a, 6, b, 6, 500, &random, &ratio);
    ck_assert(ratio.known);
    ck_assert_double_eq_tol(ratio.ratio, 2.5, 1e-6);
    ck_assert_double_le(ratio.low, ratio.ratio);
    ck_assert_double_ge(ratio.high, ratio.ratio);
}
END_TEST

START_TEST(one_outlier_moves_the_ratio_little)
{
    const double a[] = {1, 1.01, 0.99, 1.005, 0.995};
    const double b[] = {1, 1.01, 0.99, 1.005, 40};
    struct wr_random random;
    struct wr_ratio ratio;

    wr_random_seed(&random, 1);
    wr_stats_ratio(a, 5, b, 5, 500, &random, &ratio);
    ck_assert_double_eq_tol(ratio.ratio, 1, 0.02);
}
END_TEST

START_TEST(sides_may_differ_in_number)
{
    const double a[] = {1, 2, 4};
    const double b[] = {3, 6, 12, 24};
    struct wr_random random;
    struct wr_ratio ratio;

    /* The twelve quotients: 0.75 1.5 1.5 3 3 3 6 6 6 12 12 24. */
    wr_random_seed(&random, 1);
    wr_stats_ratio(a, 3, b, 4, 500, &random, &ratio);
    ck_assert_double_eq_tol(ratio.ratio, sqrt(3.0 * 6.0), 1e-6);
    ck_assert(!ratio.known);
}
END_TEST

START_TEST(same_seed_same_interval)
{
    const double a[] = {1, 1.1, 1.2, 1.3, 1.4};
    const double b[] = {1.5, 1.2, 1.1, 1.3, 1.6};
    struct wr_random random;
    struct wr_ratio first;
    struct wr_ratio second;

    wr_random_seed(&random, 7);
    wr_stats_ratio(a, 5, b, 5, 500, &random, &first);
    wr_random_seed(&random, 7);
    wr_stats_ratio(a, 5, b, 5, 500, &random, &second);
    ck_assert(first.low == second.low);
    ck_assert(first.high == second.high);
}
END_TEST

START_TEST(nothing_measured_is_no_ratio)
{
    const double a[] = {1};
    struct wr_random random;
    struct wr_ratio ratio;

    wr_random_seed(&random, 1);
    wr_stats_ratio(a, 1, a, 0, 500, &random, &ratio);
    ck_assert(isnan(ratio.ratio));
    ck_assert(!ratio.known);
    ck_assert_int_eq(wr_stats_verdict(&ratio, 0.03), WR_INCONCLUSIVE);
    ck_assert(isnan(wr_stats_median(a, 0)));
}
END_TEST

START_TEST(median_and_quantiles)
{
    const double odd[] = {5, 1, 3};
    const double even[] = {4, 1, 3, 2};
    const double sorted[] = {0, 10, 20, 30, 40};

    ck_assert_double_eq(wr_stats_median(odd, 3), 3);
    ck_assert_double_eq(wr_stats_median(even, 4), 2.5);
    ck_assert_double_eq(wr_stats_quantile_sorted(sorted, 5, 0), 0);
    ck_assert_double_eq(wr_stats_quantile_sorted(sorted, 5, 0.25), 10);
    ck_assert_double_eq_tol(wr_stats_quantile_sorted(sorted, 5, 0.9), 36, 1e-9);
    ck_assert_double_eq(wr_stats_quantile_sorted(sorted, 5, 1), 40);
}
END_TEST

START_TEST(medians_have_intervals_by_rank)
{
    const double values[] = {9, 1, 8, 2, 7, 3, 6, 4, 5};
    struct wr_ratio median;

    wr_stats_median_interval(values, 9, &median);
    ck_assert(median.known);
    ck_assert_double_eq(median.ratio, 5);
    ck_assert_double_eq(median.low, 2);
    ck_assert_double_eq(median.high, 8);
    wr_stats_median_interval(values, 6, &median);
    ck_assert(median.known);
    ck_assert_double_eq(median.ratio, 5);
    ck_assert_double_eq(median.low, 1);
    ck_assert_double_eq(median.high, 9);
    /* With five, even the extremes are too close together. */
    wr_stats_median_interval(values, 5, &median);
    ck_assert(!median.known);
    ck_assert_double_eq(median.ratio, 7);
    wr_stats_median_interval(values, 0, &median);
    ck_assert(!median.known);
    ck_assert(isnan(median.ratio));
}
END_TEST

/* Times are skewed, and some far off; the interval must not care. */
START_TEST(median_intervals_cover)
{
    static const size_t sizes[] = {6, 9, 15};
    struct wr_random random;

    wr_random_seed(&random, 17);
    for (size_t s = 0; s < 3; s++) {
        unsigned covered = 0;

        for (unsigned i = 0; i < 4000; i++) {
            double values[15];
            struct wr_ratio median;

            for (size_t k = 0; k < sizes[s]; k++) {
                /* The median of this is log 2. */
                values[k] = -log(1 - wr_random_unit(&random));
            }
            wr_stats_median_interval(values, sizes[s], &median);
            covered += median.low <= log(2) && log(2) <= median.high;
        }
        ck_assert_uint_ge(covered, 3800);
        ck_assert_uint_lt(covered, 3960);
    }
}
END_TEST

START_TEST(slope_of_a_power_is_its_exponent)
{
    double x[8];
    double y[8];

    for (int i = 0; i < 8; i++) {
        x[i] = log(1000 * pow(2, i));
        y[i] = log(7 * pow(1000 * pow(2, i), 1.5));
    }
    ck_assert_double_eq_tol(wr_stats_slope(x, y, 8), 1.5, 1e-9);
    /* Least squares: the outlier pulls in proportion to its distance. */
    y[7] += 1;
    ck_assert_double_gt(wr_stats_slope(x, y, 8), 1.6);
    ck_assert_double_lt(wr_stats_slope(x, y, 8), 1.65);
    ck_assert(isnan(wr_stats_slope(x, y, 2)));
    x[1] = x[0];
    x[2] = x[0];
    ck_assert(isnan(wr_stats_slope(x, y, 3)));
}
END_TEST

START_TEST(verdicts_follow_the_interval)
{
    static const struct {
        double low;
        double high;
        bool known;
        enum wr_verdict verdict;
    } rows[] = {
        {0.98, 1.02, true, WR_SAME},
        {0.97, 1.03, true, WR_SAME},
        {1.01, 1.02, true, WR_SAME},
        {1.01, 1.04, true, WR_SLOWER},
        {1.50, 1.60, true, WR_SLOWER},
        {0.95, 0.99, true, WR_FASTER},
        {0.99, 1.04, true, WR_INCONCLUSIVE},
        {0.50, 2.00, true, WR_INCONCLUSIVE},
        {1.00, 1.04, true, WR_INCONCLUSIVE},
        {1.50, 1.60, false, WR_INCONCLUSIVE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wr_ratio ratio = {.ratio = 1,
                                 .low = rows[i].low,
                                 .high = rows[i].high,
                                 .known = rows[i].known};

        ck_assert_msg(wr_stats_verdict(&ratio, 0.03) == rows[i].verdict,
                      "row %zu", i);
    }
    ck_assert_str_eq(wr_verdict_name(WR_SLOWER), "slower");
    ck_assert_str_eq(wr_verdict_name(WR_FASTER), "faster");
    ck_assert_str_eq(wr_verdict_name(WR_SAME), "same");
    ck_assert_str_eq(wr_verdict_name(WR_INCONCLUSIVE), "inconclusive");
}
END_TEST

START_TEST(budget_is_shared_fairly)
{
    const double cost[] = {1, 2, 0.1};
    unsigned runs[3];

    /* Enough for all. */
    wr_compare_share(cost, 3, 1000, runs);
    ck_assert_uint_eq(runs[0], WR_RUNS_MOST);
    ck_assert_uint_eq(runs[1], WR_RUNS_MOST);
    ck_assert_uint_eq(runs[2], WR_RUNS_MOST);
    /* Enough for none: the least is run all the same. */
    wr_compare_share(cost, 3, 1, runs);
    ck_assert_uint_eq(runs[0], WR_RUNS_LEAST);
    ck_assert_uint_eq(runs[1], WR_RUNS_LEAST);
    ck_assert_uint_eq(runs[2], WR_RUNS_LEAST);
    /* In between: the cheap ones first, and never more than there is. */
    wr_compare_share(cost, 3, 21.5, runs);
    ck_assert_uint_eq(runs[2], WR_RUNS_MOST);
    ck_assert_uint_ge(runs[0], 9);
    ck_assert_uint_eq(runs[1], WR_RUNS_LEAST);
    ck_assert_double_le(runs[0] * 1 + runs[1] * 2 + runs[2] * 0.1, 21.5);
}
END_TEST

/* Values from Wilson's formula, worked out with 30 digits elsewhere. */
START_TEST(frequencies_have_wilson_intervals)
{
    double low;
    double high;

    wr_stats_frequency(5, 10, &low, &high);
    ck_assert_double_eq_tol(low, 0.236593, 1e-6);
    ck_assert_double_eq_tol(high, 0.763407, 1e-6);
    wr_stats_frequency(0, 10, &low, &high);
    ck_assert_double_eq(low, 0);
    ck_assert_double_eq_tol(high, 0.277533, 1e-6);
    wr_stats_frequency(10, 10, &low, &high);
    ck_assert_double_eq_tol(low, 0.722467, 1e-6);
    ck_assert_double_eq(high, 1);
    wr_stats_frequency(1, 1000000000, &low, &high);
    ck_assert(low > 0 && low < 1e-9 && high > 1e-9 && high < 1e-8);
}
END_TEST

/* The rule of three, and its exact form where n is small. */
START_TEST(what_never_came_is_bounded)
{
    ck_assert_double_eq_tol(wr_stats_unseen(1), 0.95, 1e-12);
    ck_assert_double_eq_tol(wr_stats_unseen(1000), 0.00299124, 1e-7);
    ck_assert_double_eq_tol(wr_stats_unseen(UINT64_C(1000000000000)) * 1e12,
                            2.995732, 1e-5);
}
END_TEST

/* The share of coin series whose interval holds the coin's own chance. */
START_TEST(frequency_intervals_cover)
{
    static const double chances[] = {0.002, 0.05, 0.5};
    struct wr_random random;

    wr_random_seed(&random, 11);
    for (size_t c = 0; c < 3; c++) {
        unsigned covered = 0;

        for (int series = 0; series < 1000; series++) {
            uint64_t k = 0;
            double low;
            double high;

            for (int i = 0; i < 1000; i++) {
                k += wr_random_unit(&random) < chances[c];
            }
            wr_stats_frequency(k, 1000, &low, &high);
            covered += low <= chances[c] && chances[c] <= high;
        }
        ck_assert_uint_ge(covered, 915);
        ck_assert_uint_lt(covered, 1000);
    }
}
END_TEST

Suite *
wr_suite_stats(void)
{
    Suite *suite = suite_create("stats");
    TCase *plain = tcase_create("ratio");
    TCase *cover = tcase_create("coverage");

    tcase_add_test(plain, ratio_of_scaled_times_is_the_scale);
    tcase_add_test(plain, one_outlier_moves_the_ratio_little);
    tcase_add_test(plain, sides_may_differ_in_number);
    tcase_add_test(plain, same_seed_same_interval);
    tcase_add_test(plain, nothing_measured_is_no_ratio);
    tcase_add_test(plain, median_and_quantiles);
    tcase_add_test(plain, medians_have_intervals_by_rank);
    tcase_add_test(plain, median_intervals_cover);
    tcase_add_test(plain, slope_of_a_power_is_its_exponent);
    tcase_add_test(plain, verdicts_follow_the_interval);
    tcase_add_test(plain, budget_is_shared_fairly);
    tcase_add_test(plain, frequencies_have_wilson_intervals);
    tcase_add_test(plain, what_never_came_is_bounded);
    tcase_add_test(plain, frequency_intervals_cover);
    suite_add_tcase(suite, plain);

    /* Arithmetic only, but much of it. */
    tcase_set_timeout(cover, 60);
    tcase_add_loop_test(cover, intervals_cover_the_truth, 0,
                        (int)(sizeof(experiments) / sizeof(experiments[0])));
    tcase_add_test(cover, wrong_intervals_are_noticed);
    tcase_add_test(cover, equal_cells_are_seldom_called_different);
    suite_add_tcase(suite, cover);
    return suite;
}
