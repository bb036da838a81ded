/* SPDX-License-Identifier: MIT */
/*
 * lab/stats.h - from invocations to a ratio, an interval and a verdict.
 *
 * The ratio b/a is estimated by the median of all pairwise differences of the
 * logarithms (Hodges and Lehmann), which one slow invocation in four cannot
 * move far.  Its 95 % interval comes from a bootstrap over invocations, with
 * the quantiles widened for few invocations.  docs/measuring.md has the reasons
 * and the coverage; tests/test_stats.c measures it.
 */
#ifndef WR_LAB_STATS_H
#define WR_LAB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

/* Fewer invocations than this on one side give no interval. */
#define WR_STATS_MIN 4

/* Bootstrap samples behind one interval. */
#define WR_STATS_RESAMPLES 2000

struct wr_ratio {
    /* b/a; not a number when a side has no invocation */
    double ratio;

    /* the 95 % interval; only when known */
    double low;
    double high;
    bool known;
};

enum wr_verdict { WR_SAME, WR_SLOWER, WR_FASTER, WR_INCONCLUSIVE };

/* The middle value; the mean of the two middle ones; NaN for n = 0. */
double wr_stats_median(const double *values, size_t n);

/*
 * The value below which a fraction q (0..1) of the sorted values lies, with
 * linear interpolation.  n > 0.
 */
double wr_stats_quantile_sorted(const double *sorted, size_t n, double q);

/* Sort ascending, in place. */
void wr_stats_sort(double *values, size_t n);

/*
 * The ratio b/a of n and m positive times, in any order.
 *
 * The same generator state gives the same interval.  out->known is false when
 * n or m is below WR_STATS_MIN.
 */
void wr_stats_ratio(const double *a, size_t n, const double *b, size_t m,
                    unsigned resamples, struct wr_random *random,
                    struct wr_ratio *out);

/*
 * The median of n values with a 95 % interval between two of them, counted
 * from either end, which holds whatever their distribution: out->ratio is the
 * median.  Below 6 values no two are far enough apart, and out->known is
 * false.
 */
void wr_stats_median_interval(const double *values, size_t n,
                              struct wr_ratio *out);

/* The slope of the straight line through n points (least squares); not a
 * number when there is none: fewer than 3 points, or all at one x. */
double wr_stats_slope(const double *x, const double *y, size_t n);

/*
 * The verdict on b against a: interval within 1 - delta .. 1 + delta: same;
 * else wholly above 1: slower, wholly below 1: faster; else, or without an
 * interval: inconclusive.
 */
enum wr_verdict wr_stats_verdict(const struct wr_ratio *ratio, double delta);

/*
 * The 95 % interval of a frequency seen k times in n samples (Wilson's score
 * interval), which holds for few samples and near 0 and 1 too.  n > 0.
 */
void wr_stats_frequency(uint64_t k, uint64_t n, double *low, double *high);

/*
 * What never came in n samples has at most this frequency, at 95 %: whatever
 * is more frequent would have been seen, with 95 % probability.  n > 0.
 */
double wr_stats_unseen(uint64_t n);

/* "same", "slower", "faster", "inconclusive" */
const char *wr_verdict_name(enum wr_verdict verdict);

#endif
