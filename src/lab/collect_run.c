/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_run.c - run every case, interleaved in random order.
 *
 * Invocations come in rounds; a round holds each run once, shuffled, so that
 * whatever changes slowly on the machine meets all alike.
 */
#include "lab/collect.h"

#include <stdlib.h>

#include "base/clock.h"
#include "lab/say.h"

/* Time until all is done, from what invocations took so far. */
static double
time_left(const struct wr_collect *collect, unsigned rounds, uint64_t elapsed)
{
    const struct wr_collect_request *request = collect->request;
    double left = 0;

    for (size_t i = 0; i < collect->nruns; i++) {
        const struct wr_run *run = &collect->runs[i];

        if (run->tried > 0 && !run->retired && run->tried < rounds) {
            left += (double)run->spent_ns / run->tried * (rounds - run->tried);
        }
    }
    if (request->runs == 0 &&
        (double)elapsed + left > (double)request->budget_ns) {
        double budget = (double)request->budget_ns - (double)elapsed;
        double least = left * WR_COLLECT_RUNS_LEAST / rounds;

        left = budget > least ? budget : least;
    }
    return left / 1e9;
}

static void
show_progress(const struct wr_collect *collect, const struct wr_run *run,
              unsigned round, size_t done)
{
    const struct wr_collect_request *request = collect->request;
    unsigned rounds = request->runs > 0 ? request->runs : WR_COLLECT_RUNS_MOST;
    uint64_t elapsed = wr_clock_ns() - collect->started_ns;
    const struct wr_case *c = run->c;

    if (round == 0) {
        wr_progress_show("first round, %zu of %zu: %s, %s", done + 1,
                         collect->nruns, c->graph, wr_run_name(run));
    } else {
        unsigned seconds = (unsigned)time_left(collect, rounds, elapsed);

        wr_progress_show("round %u, %u:%02u left: %s, %s", round + 1,
                         seconds / 60, seconds % 60, c->graph,
                         wr_run_name(run));
    }
}

/* The runs in a random order. */
static void
shuffle(struct wr_collect *collect, size_t *order)
{
    for (size_t i = 0; i < collect->nruns; i++) {
        size_t k = (size_t)wr_random_below(&collect->random, i + 1);

        order[i] = order[k];
        order[k] = i;
    }
}

/* One round; false: stop. */
static bool
run_round(struct wr_collect *collect, unsigned round, size_t *order)
{
    const struct wr_collect_request *request = collect->request;

    shuffle(collect, order);
    for (size_t i = 0; i < collect->nruns; i++) {
        struct wr_run *run = &collect->runs[order[i]];

        if (run->retired) {
            continue;
        }
        if (request->runs == 0 && round >= WR_COLLECT_RUNS_LEAST &&
            wr_clock_ns() - collect->started_ns > request->budget_ns) {
            return false;
        }
        show_progress(collect, run, round, i);
        if (!wr_collect_once(collect, run)) {
            return false;
        }
    }
    return true;
}

void
wr_collect_run(struct wr_collect *collect)
{
    unsigned most = collect->request->runs > 0 ? collect->request->runs
                                               : WR_COLLECT_RUNS_MOST;
    size_t *order = wr_lab_alloc(collect->nruns * sizeof(size_t));

    collect->started_ns = wr_clock_ns();
    for (unsigned round = 0; round < most; round++) {
        if (!run_round(collect, round, order)) {
            break;
        }
    }
    wr_progress_clear();
    free(order);
}
