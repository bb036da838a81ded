/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/request.c - graphs that are collected on request.
 *
 * A live graph is built once, made old by a collection that is not measured,
 * and then collected again and again.  Garbage, and everything young, is built
 * anew for each collection: what a young one has looked at is young no longer.
 */
#include "measure.h"

#include <stdlib.h>

/* One plan at work. */
struct bench {
    const struct wr_plan *plan;
    const struct wr_stuff *stuff;
    struct wr_result *result;
    struct wr_shape shape;
    struct wr_built heap;
    struct wr_built graph;
    struct wr_log log;

    /* the time of each collection: by the clock, and of the processor */
    double *times;
    double *cpu;

    /* objects there were before the graph */
    uint64_t before;
};

/* Built once, and held throughout. */
static bool
is_kept(const struct wr_plan *plan)
{
    return plan->live && plan->generation == 2;
}

static int
fail(struct bench *bench, const char *reason)
{
    if (bench->result->failure == NULL) {
        bench->result->failure = reason;
    }
    return 0;
}

static int
build(struct bench *bench)
{
    struct wr_built *old = bench->heap.nodes == NULL ? NULL : &bench->heap;
    int error;

    bench->before = wr_measure_objects();
    error = wr_graph_build(&bench->graph, &bench->shape, bench->stuff,
                           bench->plan, old);
    if (error == 0 && bench->plan->live && bench->plan->roots_known) {
        error = wr_graph_hold_by_handle(&bench->graph);
    }
    return error;
}

/* The collection that counts. */
static int
collect(struct bench *bench, uint64_t turn)
{
    int generation = bench->plan->generation;
    uint64_t cpu;
    uint64_t started;
    uint64_t elapsed;
    int64_t found;

    cpu = wr_bench_cpu();
    started = wr_bench_clock();
    found = weir_gc_collect(generation);
    elapsed = wr_bench_clock() - started;
    cpu = wr_bench_cpu_since(cpu);
    if (found < 0) {
        return (int)found;
    }
    bench->times[turn] = (double)elapsed;
    bench->cpu[turn] = (double)cpu;
    wr_log_last(&bench->log, (uint64_t)found);
    return 0;
}

/* Garbage is gone, all of it and nothing else. */
static int
check_garbage(struct bench *bench, uint64_t collected)
{
    uint64_t garbage = bench->shape.nodes + (bench->shape.held ? 1 : 0);

    bench->result->expected += (int64_t)garbage;
    if (bench->log.collected - collected != garbage) {
        return fail(bench, "the number collected is not the garbage built");
    }
    if (wr_measure_objects() != bench->before) {
        return fail(bench, "objects were left over, or freed too often");
    }
    return 0;
}

/* What lives has not been touched. */
static int
check_live(struct bench *bench, uint64_t collected)
{
    uint64_t made = bench->shape.nodes + (bench->shape.held ? 1 : 0);

    if (bench->log.collected != collected) {
        return fail(bench, "live objects were collected");
    }
    if (wr_measure_objects() != bench->before + made) {
        return fail(bench, "objects appeared or disappeared");
    }
    if (!wr_graph_intact(&bench->graph, bench->shape.nodes,
                         &bench->result->checksum)) {
        return fail(bench, "the live graph was changed");
    }
    return 0;
}

/*
 * Drop what lived.  Young objects that survived are in the next generation by
 * now; a full collection between two young ones would give the pages of the
 * side tables back, and each would be the first of its kind.
 */
static int
clear_away(struct bench *bench)
{
    int generation = bench->plan->generation == 0 ? 1 : 2;

    wr_graph_drop(&bench->graph);
    return weir_gc_collect(generation) < 0 ? weir_error() : 0;
}

static int
turn(struct bench *bench, uint64_t i)
{
    const struct wr_plan *plan = bench->plan;
    bool kept = is_kept(plan);
    uint64_t own = bench->shape.nodes * sizeof(weir_object *) +
                   bench->heap.shape.nodes * sizeof(weir_object *);
    uint64_t collected = bench->log.collected;
    int error = kept ? 0 : build(bench);

    if (error != 0) {
        return error;
    }
    wr_result_settle_memory(bench->result, own);
    error = collect(bench, i);
    if (error != 0) {
        return error;
    }
    wr_result_peak_memory(bench->result, own);
    if (!plan->live) {
        (void)check_garbage(bench, collected);
        wr_graph_drop(&bench->graph);
        return 0;
    }
    (void)check_live(bench, collected);
    return kept ? 0 : clear_away(bench);
}

static int
by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The one in the middle; sorts them. */
static double
median(double *values, uint64_t n)
{
    qsort(values, n, sizeof(double), by_value);
    return values[n / 2];
}

static void
report(struct bench *bench)
{
    struct wr_result *result = bench->result;
    uint64_t n = bench->plan->repeats;

    if (bench->log.lost) {
        fail(bench, "no memory for the pauses");
        return;
    }
    wr_log_report(&bench->log, 0, result);
    result->ns_per_object =
        median(bench->times, n) / (double)bench->shape.nodes;
    result->cpu_ns_per_object =
        median(bench->cpu, n) / (double)bench->shape.nodes;
}

int
wr_measure_requested(const struct wr_plan *plan, const struct wr_stuff *stuff,
                     struct wr_result *result)
{
    struct bench bench = {.plan = plan, .stuff = stuff, .result = result};
    int error;

    wr_shape_init(&bench.shape, plan->graph, plan->objects, plan->live,
                  plan->seed);
    result->expected = 0;
    /* One block for both. */
    bench.times = calloc(2 * plan->repeats, sizeof(double));
    if (bench.times == NULL) {
        return WEIR_ENOMEM;
    }
    bench.cpu = bench.times + plan->repeats;
    error = wr_measure_live_heap(plan, stuff, &bench.heap);
    if (error == 0 && is_kept(plan)) {
        error = build(&bench);
        if (error == 0 && weir_gc_collect(2) < 0) {
            error = weir_error();
        }
    }
    for (uint64_t i = 0; i < plan->repeats && error == 0; i++) {
        error = turn(&bench, i);
    }
    if (error == 0) {
        report(&bench);
    }
    /* Cycles that lived still hold what they refer to. */
    if (clear_away(&bench) != 0 && error == 0) {
        error = weir_error();
    }
    (void)wr_measure_end_live_heap(&bench.heap, result);
    wr_log_free(&bench.log);
    free(bench.times);
    return error;
}
