/* SPDX-License-Identifier: MIT */
/*
 * runtime/lock_stats.c - the lock's figures for embedders.
 */
#include "thread/lock.h"
#include "thread/thread.h"

#include <weir/runtime.h>

static void
summarize(weir_times *out, const struct wr_histogram *times)
{
    out->count = wr_histogram_count(times);
    out->p50 = wr_histogram_percentile(times, 50.0);
    out->p99 = wr_histogram_percentile(times, 99.0);
    out->max = wr_histogram_max(times);
}

int
weir_lock_stats(weir_lock_figures *out)
{
    struct wr_lock_stats stats;

    if (out == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached() || !wr_lock_on()) {
        return WEIR_ESTATE;
    }
    wr_lock_get_stats(&stats);
    out->acquisitions = stats.acquisitions;
    out->handoffs = stats.handoffs;
    out->yields = stats.yields;
    out->drop_requests = stats.drop_requests;
    out->forced_switches = stats.forced_switches;
    summarize(&out->wait, &stats.wait);
    summarize(&out->hold, &stats.hold);
    return WEIR_OK;
}
