/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_stats.h - what the runtime says about a run, as JSON.
 */
#ifndef WR_STRESS_CELL_STATS_H
#define WR_STRESS_CELL_STATS_H

#include <jansson.h>
#include <weir/weir.h>

/* The collector's totals at one moment. */
struct wr_gc_totals {
    uint64_t collections[WEIR_GC_GENERATIONS];
    uint64_t collected;
    weir_gc_pauses pauses;
};

/* Any thread. */
void wr_gc_totals_read(struct wr_gc_totals *totals);

/*
 * The `gc` object: the collections between the two moments, and the pauses
 * from the start of the runtime to the second one.  NULL without memory.
 */
json_t *wr_gc_json(const struct wr_gc_totals *before,
                   const struct wr_gc_totals *after);

/*
 * The `lock_stats` object since the start; NULL while the lock is off.
 * Caller: attached.
 */
json_t *wr_lock_json(void);

#endif
