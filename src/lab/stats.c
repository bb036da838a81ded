/* SPDX-License-Identifier: MIT */
/*
 * lab/stats.c - from invocations to a ratio, an interval and a verdict.
 *
 * Everything happens on logarithms, where a ratio is a difference.
 */
#include "lab/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "lab/say.h"

/* The point of the normal distribution with 2.5 % above it. */
#define NORMAL_975 1.959963985

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

void
wr_stats_sort(double *values, size_t n)
{
    qsort(values, n, sizeof(double), compare_doubles);
}

double
wr_stats_quantile_sorted(const double *sorted, size_t n, double q)
{
    double position = q * (double)(n - 1);
    size_t below = (size_t)position;
    double part = position - (double)below;

    WEIR_ASSERT(n > 0);
    if (below + 1 >= n) {
        return sorted[n - 1];
    }
    return sorted[below] * (1 - part) + sorted[below + 1] * part;
}

double
wr_stats_median(const double *values, size_t n)
{
    double *copy;
    double median;

    if (n == 0) {
        return NAN;
    }
    copy = wr_lab_alloc(n * sizeof(double));
    memcpy(copy, values, n * sizeof(double));
    wr_stats_sort(copy, n);
    median = wr_stats_quantile_sorted(copy, n, 0.5);
    free(copy);
    return median;
}

/* How many of the n * m differences b[j] - a[i] are at most t.  Sorted. */
static size_t
count_at_most(const double *a, size_t n, const double *b, size_t m, double t)
{
    size_t count = 0;
    size_t j = 0;

    for (size_t i = 0; i < n; i++) {
        while (j < m && b[j] <= a[i] + t) {
            j++;
        }
        count += j;
    }
    return count;
}

/*
 * The k-th smallest (from 1) difference b[j] - a[i], to 1e-10, by bisection:
 * no n * m array, and each step reads both sides once.
 */
static double
kth_difference(const double *a, size_t n, const double *b, size_t m, size_t k)
{
    double low = b[0] - a[n - 1] - 1e-9;
    double high = b[m - 1] - a[0];

    /* Halves a finite range; a log of a time is below 1e3, so < 50 turns. */
    while (high - low > 1e-10) {
        double middle = low + (high - low) / 2;

        if (count_at_most(a, n, b, m, middle) >= k) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

/* The Hodges-Lehmann shift from a to b; both sorted. */
static double
shift(const double *a, size_t n, const double *b, size_t m)
{
    size_t pairs = n * m;
    double upper = kth_difference(a, n, b, m, pairs / 2 + 1);

    if (pairs % 2 == 1) {
        return upper;
    }
    return (upper + kth_difference(a, n, b, m, pairs / 2)) / 2;
}

/* Draw n of `sorted` with replacement into `out`, sorted again. */
static void
resample(const double *sorted, size_t n, unsigned *times, double *out,
         struct wr_random *random)
{
    size_t used = 0;

    memset(times, 0, n * sizeof(*times));
    for (size_t i = 0; i < n; i++) {
        times[wr_random_below(random, n)]++;
    }
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = 0; k < times[i]; k++) {
            out[used++] = sorted[i];
        }
    }
}

/* Student's t with 2.5 % above it (Cornish-Fisher; 0.1 % off at df = 6). */
static double
student_975(double df)
{
    double z = NORMAL_975;
    double z2 = z * z;
    double first = z * (z2 + 1) / 4;
    double second = z * ((5 * z2 + 16) * z2 + 3) / 96;
    double third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;

    return z + first / df + second / (df * df) + third / (df * df * df);
}

/*
 * Which quantile of the bootstrap distribution ends the interval.  With few
 * invocations that distribution is too narrow by sqrt((n-1)/n), and its spread
 * is itself an estimate, which is what Student's t is for.  (Hesterberg's
 * expanded percentile interval.)
 */
static double
tail(size_t n, size_t m)
{
    double smaller = (double)(n < m ? n : m);
    double z = sqrt(smaller / (smaller - 1)) * student_975((double)(n + m - 2));

    return 0.5 * erfc(z / sqrt(2));
}

static double *
sorted_logs(const double *values, size_t n)
{
    double *logs = wr_lab_alloc(n * sizeof(double));

    for (size_t i = 0; i < n; i++) {
        WEIR_ASSERT(values[i] > 0);
        logs[i] = log(values[i]);
    }
    wr_stats_sort(logs, n);
    return logs;
}

static void
bootstrap(const double *a, size_t n, const double *b, size_t m,
          unsigned resamples, struct wr_random *random, struct wr_ratio *out)
{
    double *shifts = wr_lab_alloc(resamples * sizeof(double));
    double *x = wr_lab_alloc((n + m) * sizeof(double));
    unsigned *times = wr_lab_alloc((n > m ? n : m) * sizeof(unsigned));
    double q = tail(n, m);

    for (unsigned i = 0; i < resamples; i++) {
        resample(a, n, times, x, random);
        resample(b, m, times, x + n, random);
        shifts[i] = shift(x, n, x + n, m);
    }
    wr_stats_sort(shifts, resamples);
    out->low = exp(wr_stats_quantile_sorted(shifts, resamples, q));
    out->high = exp(wr_stats_quantile_sorted(shifts, resamples, 1 - q));
    free(shifts);
    free(x);
    free(times);
}

void
wr_stats_ratio(const double *a, size_t n, const double *b, size_t m,
               unsigned resamples, struct wr_random *random,
               struct wr_ratio *out)
{
    double *log_a;
    double *log_b;

    *out = (struct wr_ratio){.ratio = NAN, .low = NAN, .high = NAN};
    if (n == 0 || m == 0) {
        return;
    }
    log_a = sorted_logs(a, n);
    log_b = sorted_logs(b, m);
    out->ratio = exp(shift(log_a, n, log_b, m));
    if (n >= WR_STATS_MIN && m >= WR_STATS_MIN) {
        bootstrap(log_a, n, log_b, m, resamples, random, out);
        out->known = true;
    }
    free(log_a);
    free(log_b);
}

/*
 * How many values to leave out at either end: the most for which fewer would
 * lie on one side of the true median with a chance of 2.5 % at most.  Each
 * value is on either side with even chances.  0: none fits.
 */
static size_t
median_rank(size_t n)
{
    double term = pow(0.5, (double)n);
    double below = term;
    size_t rank = 0;

    while (below <= 0.025 && rank < n / 2) {
        rank++;
        term *= (double)(n - rank + 1) / (double)rank;
        below += term;
    }
    return rank;
}

void
wr_stats_median_interval(const double *values, size_t n, struct wr_ratio *out)
{
    size_t rank = median_rank(n);
    double *sorted;

    *out = (struct wr_ratio){.ratio = NAN, .low = NAN, .high = NAN};
    if (n == 0) {
        return;
    }
    sorted = wr_lab_alloc(n * sizeof(double));
    memcpy(sorted, values, n * sizeof(double));
    wr_stats_sort(sorted, n);
    out->ratio = wr_stats_quantile_sorted(sorted, n, 0.5);
    if (rank > 0) {
        out->low = sorted[rank - 1];
        out->high = sorted[n - rank];
        out->known = true;
    }
    free(sorted);
}

double
wr_stats_slope(const double *x, const double *y, size_t n)
{
    double mean_x = 0;
    double mean_y = 0;
    double products = 0;
    double squares = 0;

    if (n < 3) {
        return NAN;
    }
    for (size_t i = 0; i < n; i++) {
        mean_x += x[i] / (double)n;
        mean_y += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        products += (x[i] - mean_x) * (y[i] - mean_y);
        squares += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return squares > 0 ? products / squares : NAN;
}

enum wr_verdict
wr_stats_verdict(const struct wr_ratio *ratio, double delta)
{
    if (!ratio->known) {
        return WR_INCONCLUSIVE;
    }
    if (ratio->low >= 1 - delta && ratio->high <= 1 + delta) {
        return WR_SAME;
    }
    if (ratio->low > 1) {
        return WR_SLOWER;
    }
    if (ratio->high < 1) {
        return WR_FASTER;
    }
    return WR_INCONCLUSIVE;
}

void
wr_stats_frequency(uint64_t k, uint64_t n, double *low, double *high)
{
    double z2 = NORMAL_975 * NORMAL_975;
    double count = (double)n;
    double p = (double)k / count;
    double middle = (p + z2 / (2 * count)) / (1 + z2 / count);
    double half = NORMAL_975 *
                  sqrt(p * (1 - p) / count + z2 / (4 * count * count)) /
                  (1 + z2 / count);

    /* Rounding must not turn "never" into "hardly ever". */
    *low = k == 0 ? 0 : fmax(0, middle - half);
    *high = k == n ? 1 : fmin(1, middle + half);
}

double
wr_stats_unseen(uint64_t n)
{
    /* 1 - 0.05^(1/n), without losing digits for large n */
    return -expm1(log(0.05) / (double)n);
}

const char *
wr_verdict_name(enum wr_verdict verdict)
{
    switch (verdict) {
    case WR_SAME:
        return "same";
    case WR_SLOWER:
        return "slower";
    case WR_FASTER:
        return "faster";
    case WR_INCONCLUSIVE:
        break;
    }
    return "inconclusive";
}
