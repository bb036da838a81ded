/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_run.c - one child per trial, each with its share of the budget.
 */
#include "lab/stress.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lab/child.h"
#include "lab/lab.h"
#include "lab/say.h"

/* No trial gets less, whatever the budget. */
enum { SHARE_LEAST_MS = 20 };

/* For starting, settling and a look for leaks, before a child is killed. */
#define GRACE_NS UINT64_C(20000000000)

static size_t
trials_left(const struct wr_stress *stress, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < stress->ntrials; i++) {
        n += stress->trials[i].left_out == NULL;
    }
    return n;
}

/* What is left of the budget, in equal parts. */
static uint64_t
share_ms(const struct wr_stress *stress, size_t from)
{
    uint64_t spent = wr_clock_ns() - stress->started_ns;
    uint64_t budget = stress->request->budget_ns;
    uint64_t left = spent < budget ? budget - spent : 0;
    uint64_t share = left / 1000000 / trials_left(stress, from);

    return share < SHARE_LEAST_MS ? SHARE_LEAST_MS : share;
}

static void
start_child(const struct wr_stress *stress, const struct wr_trial *trial,
            uint64_t share, struct wr_child_result *result)
{
    const struct wr_stress_request *request = stress->request;
    const char **argv =
        wr_lab_alloc((32 + 2 * request->nplants) * sizeof(char *));
    char budget[32];
    char hang[32];
    char seed[32];
    char room[64];
    size_t n = 1;

    snprintf(budget, sizeof(budget), "%llu", (unsigned long long)share);
    snprintf(hang, sizeof(hang), "%llu",
             (unsigned long long)(request->timeout_ns / 1000000 + 1));
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)request->seed);
    argv[0] = "weir-race";
    argv[n++] = "--test";
    argv[n++] = wr_trial_name(trial);
    argv[n++] = "--seed";
    argv[n++] = seed;
    argv[n++] = "--budget-ms";
    argv[n++] = budget;
    argv[n++] = "--hang-ms";
    argv[n++] = hang;
    argv[n++] = "--out-fd";
    argv[n++] = WR_CHILD_FD_TEXT;
    for (size_t i = 0; i < request->nplants; i++) {
        argv[n++] = "--plant";
        argv[n++] = request->plants[i];
    }
    if (request->nplants > 0) {
        argv[n++] = "--until-found";
    }
    wr_cell_options(trial->cell, argv, &n, room);
    wr_child_run(&trial->catalog->path, argv,
                 share * 3000000 + request->timeout_ns + GRACE_NS, false,
                 result);
    free(argv);
}

static void
show_progress(const struct wr_stress *stress, size_t i)
{
    uint64_t spent = wr_clock_ns() - stress->started_ns;
    uint64_t budget = stress->request->budget_ns;

    wr_progress_show("%s, cell %s: %zu of %zu, about %.0f s left",
                     wr_trial_name(&stress->trials[i]),
                     stress->trials[i].cell->name, i + 1, stress->ntrials,
                     spent < budget ? (double)(budget - spent) / 1e9 : 0);
}

/* False when everything shall stop. */
static bool
run_trial(struct wr_stress *stress, size_t i)
{
    struct wr_trial *trial = &stress->trials[i];
    struct wr_child_result result;
    bool go_on = false;

    show_progress(stress, i);
    start_child(stress, trial, share_ms(stress, i), &result);
    if (result.end == WR_CHILD_INTERRUPTED || wr_child_interrupted()) {
        stress->interrupted = true;
    } else if (result.end == WR_CHILD_EXITED && result.code == WR_EXIT_USAGE) {
        char *line =
            wr_catalog_complaint(&result, trial->catalog->path.executable);

        wr_say("%s", line);
        free(line);
        stress->misused = true;
    } else {
        trial->elapsed_ns = result.elapsed_ns;
        go_on = wr_stress_judge(stress, trial, &result);
        if (trial->record != NULL) {
            wr_sink_write(&stress->sink, trial->record);
        }
    }
    wr_child_result_free(&result);
    return go_on;
}

void
wr_stress_run(struct wr_stress *stress)
{
    stress->started_ns = wr_clock_ns();
    for (size_t i = 0; i < stress->ntrials; i++) {
        if (stress->trials[i].left_out == NULL && !run_trial(stress, i)) {
            break;
        }
    }
    wr_progress_clear();
}
