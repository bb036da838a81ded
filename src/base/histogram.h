/* SPDX-License-Identifier: MIT */
/*
 * base/histogram.h - a histogram of any range, with a bounded relative error.
 *
 * The one idea (HdrHistogram): each power of two is cut into 64 equal
 * buckets, so a value is known to within 1/64 wherever it lies; values below
 * 64 are exact.  Values of 2^42 (73 minutes, in nanoseconds) and above share
 * the last bucket; count, sum, minimum and maximum are always exact.
 *
 * One thread writes; others may read meanwhile and see counts that are a
 * little stale.  About 19 KB, no allocation; a zeroed one is empty.
 */
#ifndef WEIR_BASE_HISTOGRAM_H
#define WEIR_BASE_HISTOGRAM_H

#include <stdint.h>

enum {
    WR_HISTOGRAM_BITS = 6,
    WR_HISTOGRAM_TOP = 42,
    WR_HISTOGRAM_BUCKETS = (WR_HISTOGRAM_TOP - WR_HISTOGRAM_BITS + 1)
                           << WR_HISTOGRAM_BITS,
};

struct wr_histogram { /* SHARED */
    /* [stat] */
    uint64_t count;

    /* [stat] */
    uint64_t sum;

    /* [stat] the minimum with every bit flipped, so that zero is "none" */
    uint64_t flipped_min;

    /* [stat] */
    uint64_t max;

    /* [stat] */
    uint64_t buckets[WR_HISTOGRAM_BUCKETS];
};

/* Empty it.  Caller: the writer. */
void wr_histogram_reset(struct wr_histogram *histogram);

/* Count one value.  Caller: the writer. */
void wr_histogram_record(struct wr_histogram *histogram, uint64_t value);

/* Add everything in `from` to `into`.  Caller: the writer of `into`. */
void wr_histogram_merge(struct wr_histogram *into,
                        const struct wr_histogram *from);

uint64_t wr_histogram_count(const struct wr_histogram *histogram);
uint64_t wr_histogram_sum(const struct wr_histogram *histogram);

/* 0 when nothing was recorded; likewise below. */
uint64_t wr_histogram_min(const struct wr_histogram *histogram);
uint64_t wr_histogram_max(const struct wr_histogram *histogram);
double wr_histogram_mean(const struct wr_histogram *histogram);

/*
 * The smallest bucket edge that at least `percent` percent of the values do
 * not exceed; 0 gives the minimum and 100 the maximum, both exact.
 */
uint64_t wr_histogram_percentile(const struct wr_histogram *histogram,
                                 double percent);

/* Which bucket a value falls in, and the smallest and largest value there. */
unsigned wr_histogram_bucket_of(uint64_t value);
uint64_t wr_histogram_bucket_low(unsigned bucket);
uint64_t wr_histogram_bucket_high(unsigned bucket);

#endif
