/* SPDX-License-Identifier: MIT */
/*
 * base/histogram.c - recording, merging and reading histograms.
 *
 * Bucket of a value: below 64 the value itself.  Above, shift the value right
 * until it lies in 64..127; each shift of one is the next run of 64 buckets.
 */
#include "base/histogram.h"

#include "base/assert.h"
#include "base/sync.h"

enum { SUB = 1 << WR_HISTOGRAM_BITS };

unsigned
wr_histogram_bucket_of(uint64_t value)
{
    if (value < SUB) {
        return (unsigned)value;
    }
    unsigned exponent = 63u - (unsigned)__builtin_clzll(value);
    if (exponent >= WR_HISTOGRAM_TOP) {
        return WR_HISTOGRAM_BUCKETS - 1;
    }
    unsigned shift = exponent - WR_HISTOGRAM_BITS;
    return (shift << WR_HISTOGRAM_BITS) + (unsigned)(value >> shift);
}

uint64_t
wr_histogram_bucket_low(unsigned bucket)
{
    WEIR_ASSERT(bucket < WR_HISTOGRAM_BUCKETS);
    if (bucket < SUB) {
        return bucket;
    }
    unsigned shift = (bucket >> WR_HISTOGRAM_BITS) - 1;
    return (uint64_t)(bucket - (shift << WR_HISTOGRAM_BITS)) << shift;
}

uint64_t
wr_histogram_bucket_high(unsigned bucket)
{
    if (bucket == WR_HISTOGRAM_BUCKETS - 1) {
        return UINT64_MAX;
    }
    return wr_histogram_bucket_low(bucket + 1) - 1;
}

/* One writer, so a plain read and write; relaxed for those who look. */
static inline void
add(uint64_t *counter, uint64_t amount)
{
    wr_store_relaxed(counter, wr_load_relaxed(counter) + amount);
}

static inline void
raise_to(uint64_t *highest, uint64_t value)
{
    if (value > wr_load_relaxed(highest)) {
        wr_store_relaxed(highest, value);
    }
}

void
wr_histogram_reset(struct wr_histogram *histogram)
{
    wr_store_relaxed(&histogram->count, UINT64_C(0));
    wr_store_relaxed(&histogram->sum, UINT64_C(0));
    wr_store_relaxed(&histogram->flipped_min, UINT64_C(0));
    wr_store_relaxed(&histogram->max, UINT64_C(0));
    for (unsigned i = 0; i < WR_HISTOGRAM_BUCKETS; i++) {
        wr_store_relaxed(&histogram->buckets[i], UINT64_C(0));
    }
}

void
wr_histogram_record(struct wr_histogram *histogram, uint64_t value)
{
    raise_to(&histogram->flipped_min, ~value);
    raise_to(&histogram->max, value);
    add(&histogram->buckets[wr_histogram_bucket_of(value)], 1);
    add(&histogram->sum, value);
    add(&histogram->count, 1);
}

void
wr_histogram_merge(struct wr_histogram *into, const struct wr_histogram *from)
{
    raise_to(&into->flipped_min, wr_load_relaxed(&from->flipped_min));
    raise_to(&into->max, wr_load_relaxed(&from->max));
    add(&into->sum, wr_load_relaxed(&from->sum));

    /* The count is summed anew: `from` may be growing while it is read. */
    uint64_t count = 0;
    for (unsigned i = 0; i < WR_HISTOGRAM_BUCKETS; i++) {
        uint64_t here = wr_load_relaxed(&from->buckets[i]);
        if (here != 0) {
            add(&into->buckets[i], here);
            count += here;
        }
    }
    add(&into->count, count);
}

uint64_t
wr_histogram_count(const struct wr_histogram *histogram)
{
    return wr_load_relaxed(&histogram->count);
}

uint64_t
wr_histogram_sum(const struct wr_histogram *histogram)
{
    return wr_load_relaxed(&histogram->sum);
}

uint64_t
wr_histogram_min(const struct wr_histogram *histogram)
{
    uint64_t flipped = wr_load_relaxed(&histogram->flipped_min);
    return wr_histogram_count(histogram) == 0 ? 0 : ~flipped;
}

uint64_t
wr_histogram_max(const struct wr_histogram *histogram)
{
    return wr_load_relaxed(&histogram->max);
}

double
wr_histogram_mean(const struct wr_histogram *histogram)
{
    uint64_t count = wr_histogram_count(histogram);
    if (count == 0) {
        return 0.0;
    }
    return (double)wr_histogram_sum(histogram) / (double)count;
}

uint64_t
wr_histogram_percentile(const struct wr_histogram *histogram, double percent)
{
    uint64_t count = wr_histogram_count(histogram);
    uint64_t min = wr_histogram_min(histogram);
    uint64_t max = wr_histogram_max(histogram);

    if (count == 0 || percent <= 0.0) {
        return min;
    }
    if (percent >= 100.0) {
        return max;
    }
    /* At least this many values lie at or below the answer. */
    double exact = (double)count * (percent / 100.0);
    uint64_t wanted = (uint64_t)exact;
    if ((double)wanted < exact || wanted == 0) {
        wanted++;
    }
    uint64_t seen = 0;
    for (unsigned i = 0; i < WR_HISTOGRAM_BUCKETS; i++) {
        seen += wr_load_relaxed(&histogram->buckets[i]);
        if (seen >= wanted) {
            uint64_t high = wr_histogram_bucket_high(i);
            high = high > max ? max : high;
            return high < min ? min : high;
        }
    }
    return max;
}
