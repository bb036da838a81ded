/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/run.c - weir-cell --collect GRAPH: one plan, one record.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#include "../memcap.h"

struct run {
    const struct wr_options *options;
    const struct wr_record_cell *cell;
    struct wr_plan plan;
    struct wr_result result;
};

/* Called by the watching thread while the main thread still works: nothing
 * that was measured is read. */
static int
cap_exceeded(void *context)
{
    const struct run *run = context;
    struct wr_result nothing;

    wr_result_init(&nothing);
    return wr_bench_report(&run->plan, &nothing, run->cell, "memory-cap",
                           run->options->out_fd)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

/* The status of a run that returned `error`, with the reason on stderr. */
static const char *
judge(const struct run *run, int error)
{
    const char *name = wr_bench_graphs[run->plan.graph].name;

    if (error != 0) {
        fprintf(stderr, "%s: %s\n", name, weir_strerror(error));
        return error == WEIR_ENOMEM ? "memory-cap" : "check-failed";
    }
    if (run->result.failure != NULL) {
        fprintf(stderr, "%s: %s\n", name, run->result.failure);
        return "check-failed";
    }
    return "ok";
}

int
wr_collect_run(const struct wr_options *options,
               const struct wr_record_cell *cell)
{
    struct run run = {.options = options, .cell = cell};
    int error;

    wr_plan_read(options, &run.plan);
    wr_result_init(&run.result);
    if (options->mem_cap > 0 &&
        !wr_memcap_start((uint64_t)options->mem_cap, cap_exceeded, &run)) {
        fprintf(stderr, "cannot start the thread that watches memory\n");
        return EXIT_FAILURE;
    }
    (void)weir_gc_disable();
    error = wr_collect_measure(&run.plan, !options->nogc, &run.result);
    wr_memcap_stop();
    return wr_bench_report(&run.plan, &run.result, cell, judge(&run, error),
                           options->out_fd)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
