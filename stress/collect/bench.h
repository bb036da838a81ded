/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/bench.h - what one run of the collector benchmark does.
 *
 * A *graph* is a rule: how many nodes, of which kind, and which node refers to
 * which (shape.h).  A *plan* is a graph with its size and with what happens to
 * it.  A run measures one plan, in a process of its own, checks itself, and
 * writes one `collect` record.
 *
 * Knows nothing of the runtime: the cells and the peers share it, so that both
 * build the same graph and report the same fields.
 */
#ifndef WR_STRESS_COLLECT_BENCH_H
#define WR_STRESS_COLLECT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <weir/program.h>

#include "../options.h"
#include "../record.h"

/* In the order of wr_bench_graphs[].  The last three are not collected on
 * request: they allocate, and collections come by themselves. */
enum wr_graph {
    WR_GRAPH_TREE,
    WR_GRAPH_CYCLES,
    WR_GRAPH_RING,
    WR_GRAPH_LISTS,
    WR_GRAPH_DICTS,
    WR_GRAPH_HUB,
    WR_GRAPH_CHAIN,
    WR_GRAPH_CHURN,
    WR_GRAPH_GROW,
    WR_GRAPH_SCALE,
    WR_GRAPHS
};

struct wr_bench_graph {
    const char *name;
    const char *summary;
};

extern const struct wr_bench_graph wr_bench_graphs[WR_GRAPHS];

/* Whether collections of this graph come by themselves. */
static inline bool
wr_graph_is_automatic(enum wr_graph graph)
{
    return graph >= WR_GRAPH_CHURN;
}

struct wr_plan {
    enum wr_graph graph;
    uint64_t objects;

    /* objects beside it, old and alive */
    uint64_t live_heap;

    /* nodes lie in memory in an order that has nothing to do with links */
    bool shuffled;

    /* held from outside, or dropped before the collection */
    bool live;

    /* 0 or 2 */
    int generation;

    /* held by a handle, which the collector can know, or by C alone */
    bool roots_known;

    /* collections that are measured */
    uint64_t repeats;

    uint64_t seed;
};

/* A number that is not known. */
#define WR_UNKNOWN (-1)

/* The most samples of a heap that grows, and of a backlog. */
#define WR_POINTS_MAX 64

/* The state of a growing heap after so many objects. */
struct wr_growth_point {
    uint64_t objects;

    /* looked at by collections so far, and their time */
    int64_t visited;
    int64_t gc_ns;

    /* the longest so far */
    int64_t pause_ns;
};

/* What was measured.  Negative numbers are unknown. */
struct wr_result {
    /* garbage that was built, and what collections say they freed */
    int64_t expected;
    int64_t collected;

    /* objects that collections looked at */
    int64_t visited;
    int64_t collections;

    /* of all collections that were measured */
    int64_t gc_ns;

    /* by the clock, and processor time of the thread */
    double ns_per_object;
    double cpu_ns_per_object;

    int64_t pause_p50_ns;
    int64_t pause_p99_ns;
    int64_t pause_max_ns;

    int64_t detect_ns;
    int64_t finalize_ns;
    int64_t free_ns;

    /* the parts of the stops */
    int64_t halt_ns;
    int64_t look_ns;
    int64_t resume_ns;

    /* building, dropping and collecting, where collections are automatic */
    double wall_s;

    /* resident before the collection, and at most while it ran, without what
     * the benchmark itself holds */
    int64_t live_kb;
    int64_t peak_kb;

    /* garbage not collected yet, in objects, at even distances of time */
    int64_t backlog[WR_POINTS_MAX];
    uint64_t nbacklog;

    struct wr_growth_point growth[WR_POINTS_MAX];
    uint64_t ngrowth;

    /* of the graph that lived, by logical number; 0: none */
    uint64_t checksum;

    /* NULL: the run is good; else why not */
    const char *failure;
};

/* Everything unknown. */
void wr_result_init(struct wr_result *result);

/* The plan of a command line; does not return when it makes no sense. */
void wr_plan_read(const struct wr_options *options, struct wr_plan *plan);

/* Write the `graph` records of --list; false when that failed. */
bool wr_bench_list(int fd);

/*
 * Write the record of a run; false when that failed.  cell->peer says whether
 * it is of a peer.  status: "ok", "check-failed", "memory-cap".
 */
bool wr_bench_report(const struct wr_plan *plan, const struct wr_result *result,
                     const struct wr_record_cell *cell, const char *status,
                     int fd);

/* The pauses of `n` collections, in any order, which are sorted. */
void wr_result_pauses(struct wr_result *result, uint64_t *pauses, uint64_t n);

/*
 * Memory.  `own` bytes are of the benchmark itself: wr_result_settle_memory()
 * notes what lives and forgets earlier peaks, wr_result_peak_memory() notes
 * the peak since.
 */
void wr_result_settle_memory(struct wr_result *result, uint64_t own);
void wr_result_peak_memory(struct wr_result *result, uint64_t own);

/* The clock of all measurements, in nanoseconds. */
uint64_t wr_bench_clock(void);

/* Processor time of the calling thread, in nanoseconds. */
uint64_t wr_bench_cpu(void);

/*
 * The same since wr_bench_cpu() said `began`, less what one reading of that
 * clock costs: it is a system call, of a microsecond and more, and a young
 * collection takes ten.  Caller: one thread at a time.
 */
uint64_t wr_bench_cpu_since(uint64_t began);

#endif
