/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/measure.h - run a plan in this runtime.
 *
 *   collect on request (request.c):   build, drop or hold, collect, look
 *   collect by itself (automatic.c):  allocate; a callback notes collections
 *
 * wr_collect_measure() is all that the cell and the tests need.
 */
#ifndef WR_STRESS_COLLECT_MEASURE_H
#define WR_STRESS_COLLECT_MEASURE_H

#include "graph.h"

/* What was noted about collections, in the order in which they came. */
struct wr_log {
    uint64_t *pauses;
    uint64_t n;
    uint64_t room;

    /* sums over all of them */
    uint64_t gc_ns;
    uint64_t detect_ns;
    uint64_t finalize_ns;
    uint64_t free_ns;
    uint64_t halt_ns;
    uint64_t look_ns;
    uint64_t resume_ns;
    uint64_t longest_ns;
    uint64_t visited;
    uint64_t collected;

    /* processor time of those that a callback noted, and when the present
     * one began */
    uint64_t cpu_ns;
    uint64_t cpu_began_ns;

    /* a note was lost for want of memory */
    bool lost;
};

/*
 * Measure a plan.  `automatic`: whether collections may come by themselves
 * where the plan asks for that.
 *
 * Caller: attached, no other thread; automatic collection is off, and is off
 * afterwards.  Returns 0, or an error; a result that is wrong is no error, but
 * sets result->failure.
 */
int wr_collect_measure(const struct wr_plan *plan, bool automatic,
                       struct wr_result *result);

/* The two halves of it; stuff is made. */
int wr_measure_requested(const struct wr_plan *plan,
                         const struct wr_stuff *stuff,
                         struct wr_result *result);
int wr_measure_automatic(const struct wr_plan *plan,
                         const struct wr_stuff *stuff, bool automatic,
                         struct wr_result *result);

/* Note the collection that ended last, which freed so many objects. */
void wr_log_last(struct wr_log *log, uint64_t collected);
void wr_log_free(struct wr_log *log);

/* The sums, and the pauses from number `from` on, as results; the phases are
 * means over all collections. */
void wr_log_report(struct wr_log *log, uint64_t from, struct wr_result *result);

/* A live tree of plan->live_heap objects, made old; empty when that is 0. */
int wr_measure_live_heap(const struct wr_plan *plan,
                         const struct wr_stuff *stuff, struct wr_built *heap);

/* Look at it again, and drop it; false, with the reason, when it changed. */
bool wr_measure_end_live_heap(struct wr_built *heap, struct wr_result *result);

/* Blocks that hold collectable objects. */
uint64_t wr_measure_objects(void);

/*
 * stress/collect/run.c: what weir-cell does with --collect.  The runtime has
 * been started and the main thread is attached.  Returns the exit status.
 */
int wr_collect_run(const struct wr_options *options,
                   const struct wr_record_cell *cell);

#endif
