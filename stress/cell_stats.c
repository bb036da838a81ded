/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_stats.c - what the runtime says about a run, as JSON.
 */
#include "cell_stats.h"

#include <string.h>

void
wr_gc_totals_read(struct wr_gc_totals *totals)
{
    memset(totals, 0, sizeof(*totals));
    for (int g = 0; g < WEIR_GC_GENERATIONS; g++) {
        weir_gc_stats stats = {.collections = 0};

        (void)weir_gc_get_stats(g, &stats);
        totals->collections[g] = stats.collections;
        totals->collected += stats.collected;
    }
    (void)weir_gc_get_pauses(&totals->pauses);
}

/* How much *after is more than *before, as a JSON integer. */
static json_int_t
more(uint64_t before, uint64_t after)
{
    return (json_int_t)(after - before);
}

json_t *
wr_gc_json(const struct wr_gc_totals *before, const struct wr_gc_totals *after)
{
    return json_pack("{s:[I, I, I], s:I, s:{s:I, s:I, s:I}}", "collections",
                     more(before->collections[0], after->collections[0]),
                     more(before->collections[1], after->collections[1]),
                     more(before->collections[2], after->collections[2]),
                     "collected", more(before->collected, after->collected),
                     "pause_ns", "p50", (json_int_t)after->pauses.p50, "p99",
                     (json_int_t)after->pauses.p99, "max",
                     (json_int_t)after->pauses.max);
}

static json_t *
times_json(const weir_times *times)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)times->count,
                     "p50", (json_int_t)times->p50, "p99",
                     (json_int_t)times->p99, "max", (json_int_t)times->max);
}

json_t *
wr_lock_json(void)
{
    weir_lock_figures lock;

    if (weir_lock_stats(&lock) != 0) {
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "acquisitions",
                     (json_int_t)lock.acquisitions, "handoffs",
                     (json_int_t)lock.handoffs, "yields",
                     (json_int_t)lock.yields, "drop_requests",
                     (json_int_t)lock.drop_requests, "forced_switches",
                     (json_int_t)lock.forced_switches, "wait_ns",
                     times_json(&lock.wait), "hold_ns", times_json(&lock.hold));
}
