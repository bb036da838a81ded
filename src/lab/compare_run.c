/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_run.c - run every series, interleaved in random order.
 *
 * Invocations come in rounds; a round holds each series once, shuffled.  So
 * whatever changes slowly on the machine meets all series alike, and a budget
 * that runs out leaves them with equal numbers.  The first round also tells
 * what an invocation costs, from which the number of rounds follows.
 */
#include "lab/compare.h"

#include <stdlib.h>

#include "base/clock.h"
#include "lab/say.h"

void
wr_compare_share(const double *cost, size_t n, double budget, unsigned *runs)
{
    bool *closed = wr_lab_alloc(n * sizeof(bool));
    double left = budget;

    for (size_t i = 0; i < n; i++) {
        runs[i] = WR_RUNS_LEAST;
        left -= cost[i] * WR_RUNS_LEAST;
    }
    /* Every turn adds a run, at most n * WR_RUNS_MOST, or closes a block. */
    while (true) {
        size_t next = n;

        for (size_t i = 0; i < n; i++) {
            if (!closed[i] &&
                (next == n || cost[i] * runs[i] < cost[next] * runs[next])) {
                next = i;
            }
        }
        if (next == n) {
            break;
        }
        if (runs[next] == WR_RUNS_MOST || cost[next] > left) {
            closed[next] = true;
        } else {
            runs[next]++;
            left -= cost[next];
        }
    }
    free(closed);
}

static uint64_t
elapsed(const struct wr_comparison *comparison)
{
    return wr_clock_ns() - comparison->started_ns;
}

static void
show_progress(const struct wr_comparison *comparison,
              const struct wr_series *current, bool planned)
{
    unsigned done = 0;
    unsigned all = 0;
    double left = 0;

    for (size_t i = 0; i < comparison->nseries; i++) {
        const struct wr_series *series = &comparison->series[i];
        unsigned rest = series->retired ? 0 : series->planned - series->tried;

        done += series->tried;
        all += series->tried + rest;
        if (series->tried > 0) {
            left += (double)series->spent_ns / series->tried * rest;
        }
    }
    if (planned) {
        unsigned seconds = (unsigned)(left / 1e9);

        wr_progress_show("%u of %u, %u:%02u left: %s, %s, threads: %u",
                         done + 1, all, seconds / 60, seconds % 60,
                         current->task->name, wr_series_name(current),
                         current->threads);
    } else {
        wr_progress_show("first round, %u of %zu: %s, %s, threads: %u",
                         done + 1, comparison->nseries, current->task->name,
                         wr_series_name(current), current->threads);
    }
}

static struct wr_block *
block_of(struct wr_comparison *comparison, size_t index)
{
    for (size_t i = 0; i < comparison->nblocks; i++) {
        struct wr_block *block = &comparison->blocks[i];

        if (index >= block->first && index < block->first + block->count) {
            return block;
        }
    }
    return &comparison->blocks[0];
}

static void
swap(size_t *order, size_t i, size_t j)
{
    size_t kept = order[i];

    order[i] = order[j];
    order[j] = kept;
}

/*
 * Let the first cell of each block (or its control) go before the others of
 * the block.  In the first round that makes its checksum the one that others
 * are held against, so that a wrong cell is named and not a right one.
 */
static void
let_first_cells_lead(const struct wr_comparison *comparison, size_t *order,
                     size_t n)
{
    for (size_t b = 0; b < comparison->nblocks; b++) {
        const struct wr_block *block = &comparison->blocks[b];
        size_t lead = n;

        for (size_t i = 0; i < n; i++) {
            if (order[i] < block->first ||
                order[i] >= block->first + block->count) {
                continue;
            }
            lead = lead == n ? i : lead;
            if (order[i] == block->first ||
                comparison->series[order[i]].control) {
                swap(order, lead, i);
                break;
            }
        }
    }
}

/* Every series that still has invocations in this round, shuffled. */
static size_t
draw_round(struct wr_comparison *comparison, unsigned round, size_t *order)
{
    size_t n = 0;

    for (size_t i = 0; i < comparison->nseries; i++) {
        const struct wr_series *series = &comparison->series[i];

        if (series->planned > round && !series->retired) {
            order[n++] = i;
        }
    }
    for (size_t i = n; i > 1; i--) {
        swap(order, i - 1, (size_t)wr_random_below(&comparison->random, i));
    }
    if (round == 0) {
        let_first_cells_lead(comparison, order, n);
    }
    return n;
}

/* One round; false: stop. */
static bool
run_round(struct wr_comparison *comparison, unsigned round, size_t *order)
{
    const struct wr_request *request = comparison->request;
    size_t n = draw_round(comparison, round, order);

    for (size_t i = 0; i < n; i++) {
        struct wr_series *series = &comparison->series[order[i]];

        if (request->runs == 0 && round >= WR_RUNS_LEAST &&
            elapsed(comparison) > request->budget_ns) {
            return false;
        }
        show_progress(comparison, series, round > 0 || request->runs > 0);
        if (!wr_compare_once(comparison, block_of(comparison, order[i]),
                             series)) {
            return false;
        }
    }
    return true;
}

/* After the first round: share what is left of the budget. */
static void
share_budget(struct wr_comparison *comparison)
{
    size_t n = comparison->nblocks;
    double *cost = wr_lab_alloc(n * sizeof(double));
    unsigned *runs = wr_lab_alloc(n * sizeof(unsigned));

    for (size_t i = 0; i < n; i++) {
        const struct wr_block *block = &comparison->blocks[i];

        for (size_t k = 0; k < block->count; k++) {
            const struct wr_series *series =
                &comparison->series[block->first + k];

            cost[i] += series->retired ? 0 : (double)series->spent_ns;
        }
    }
    wr_compare_share(cost, n, (double)comparison->request->budget_ns, runs);
    for (size_t i = 0; i < n; i++) {
        const struct wr_block *block = &comparison->blocks[i];

        for (size_t k = 0; k < block->count; k++) {
            comparison->series[block->first + k].planned = runs[i];
        }
    }
    free(cost);
    free(runs);
}

void
wr_compare_run(struct wr_comparison *comparison)
{
    const struct wr_request *request = comparison->request;
    size_t *order = wr_lab_alloc(comparison->nseries * sizeof(size_t));
    unsigned most = request->runs > 0 ? request->runs : WR_RUNS_MOST;

    comparison->started_ns = wr_clock_ns();
    for (size_t i = 0; i < comparison->nseries; i++) {
        comparison->series[i].planned = request->runs > 0 ? request->runs : 1;
    }
    for (unsigned round = 0; round < most; round++) {
        if (!run_round(comparison, round, order)) {
            break;
        }
        if (round == 0 && request->runs == 0) {
            share_budget(comparison);
        }
    }
    wr_progress_clear();
    free(order);
}
