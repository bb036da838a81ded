/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_once.c - one invocation: start the child, read what came of it.
 *
 * Whatever happens to the child, exactly one run record is written, and the
 * comparison goes on; only misuse and the user's wish to stop end it.
 */
#include "lab/compare.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/outcome.h"
#include "lab/say.h"

/* Bytes for --mem-cap; 0: none. */
static uint64_t
memory_cap(const struct wr_comparison *comparison,
           const struct wr_series *series)
{
    if (comparison->request->mem_cap != 0) {
        return comparison->request->mem_cap;
    }
    if (series->cell->flavour->grows) {
        return (uint64_t)sysconf(_SC_PHYS_PAGES) *
               (uint64_t)sysconf(_SC_PAGESIZE) / 2;
    }
    return 0;
}

static void
start_child(const struct wr_comparison *comparison,
            const struct wr_series *series, struct wr_child_result *result)
{
    const struct wr_task *task = series->task;
    const char **argv = wr_lab_alloc((32 + 2 * task->nparams) * sizeof(char *));
    char threads[16];
    char seed[32];
    char cap[32];
    char room[64];
    size_t n = 1;

    snprintf(threads, sizeof(threads), "%u", series->threads);
    snprintf(seed, sizeof(seed), "%llu",
             (unsigned long long)comparison->request->seed);
    argv[0] = "weir-cell";
    argv[n++] = "--program";
    argv[n++] = task->name;
    argv[n++] = "--threads";
    argv[n++] = threads;
    argv[n++] = "--seed";
    argv[n++] = seed;
    argv[n++] = "--out-fd";
    argv[n++] = WR_CHILD_FD_TEXT;
    for (size_t i = 0; i < task->nparams; i++) {
        argv[n++] = "--param";
        argv[n++] = task->params[i];
    }
    if (series->peer != NULL) {
        argv[n++] = "--impl";
        argv[n++] = series->peer;
    } else {
        uint64_t bytes = memory_cap(comparison, series);

        wr_cell_options(series->cell, argv, &n, room);
        if (bytes != 0) {
            snprintf(cap, sizeof(cap), "%llu", (unsigned long long)bytes);
            argv[n++] = "--mem-cap";
            argv[n++] = cap;
        }
        if (series->catalog->load != NULL) {
            argv[n++] = "--load";
            argv[n++] = series->catalog->load;
        }
    }
    wr_child_run(&series->catalog->path, argv, comparison->request->timeout_ns,
                 false, result);
    free(argv);
}

/* "trees, cell atomic, 2 threads"; to be freed. */
static char *
describe(const struct wr_series *series)
{
    return wr_lab_print("%s, %s %s, %u thread%s", series->task->name,
                        series->peer != NULL ? "peer" : "cell",
                        wr_series_name(series), series->threads,
                        series->threads == 1 ? "" : "s");
}

/* The `cell` object of a run that wrote no record. */
static json_t *
series_cell(const struct wr_series *series)
{
    if (series->cell != NULL) {
        return wr_cell_json(series->cell, series->threads);
    }
    return json_pack("{s:n, s:n, s:i, s:n, s:n, s:n, s:n, s:s}", "flavour",
                     "lock", "threads", (int)series->threads, "gil", "gc", "t0",
                     "bytes", "peer", series->peer);
}

/*
 * Compare the checksum with those of the block so far.  Racy flavours have
 * none, peers count otherwise.
 */
static void
check_checksum(struct wr_block *block, const struct wr_series *series,
               struct wr_outcome *outcome)
{
    const char *checksum = wr_catalog_text(outcome->record, "checksum", NULL);

    if (series->peer != NULL || series->cell->flavour->unsafe ||
        checksum == NULL) {
        return;
    }
    if (block->checksum_of == NULL) {
        snprintf(block->checksum, sizeof(block->checksum), "%s", checksum);
        block->checksum_of = series;
    } else if (strcmp(block->checksum, checksum) != 0) {
        wr_outcome_fail_check(
            outcome,
            wr_lab_print("checksum %s, but %s has %s", checksum,
                         wr_series_name(block->checksum_of), block->checksum));
    }
}

/* Only the racy flavour and peers may lose updates. */
static void
check_losses(const struct wr_series *series, struct wr_outcome *outcome)
{
    struct wr_sample sample;

    wr_record_sample(outcome->record, &sample);
    if (outcome->status == NULL && sample.lost > 0 && series->cell != NULL &&
        !series->cell->flavour->unsafe) {
        wr_outcome_fail_check(outcome,
                              wr_lab_print("lost %.0f updates", sample.lost));
    }
}

/* Fields that only the lab knows. */
static void
complete_record(const struct wr_series *series,
                const struct wr_outcome *outcome)
{
    json_object_set_new(json_object_get(outcome->record, "cell"), "name",
                        json_string(wr_series_name(series)));
    json_object_set_new(outcome->record, "control",
                        json_boolean(series->control));
    json_object_set_new(outcome->record, "signal", wr_outcome_signal(outcome));
}

/* Count a failure, and say so in one line. */
static void
count_failure(struct wr_comparison *comparison, struct wr_series *series,
              struct wr_outcome *outcome)
{
    bool check = wr_outcome_is_check(outcome);
    char *where = describe(series);

    series->failed += wr_outcome_weight(outcome);
    series->retired = series->failed >= WR_FAILURES_MAX;
    comparison->check_failed = comparison->check_failed || check;
    comparison->crashed = comparison->crashed || !check;
    wr_say("%s: %s%s", where, outcome->message,
           series->retired ? "; not tried again" : "");
    free(where);
}

static void
keep_sample(struct wr_series *series, const json_t *record)
{
    series->samples = wr_lab_grow(series->samples,
                                  (series->n + 1) * sizeof(struct wr_sample));
    wr_record_sample(record, &series->samples[series->n++]);
}

/* Note what a child that ended came to: record, samples, message. */
static void
keep(struct wr_comparison *comparison, struct wr_block *block,
     struct wr_series *series, const struct wr_child_result *result)
{
    struct wr_outcome outcome;

    series->tried++;
    series->spent_ns += result->elapsed_ns;
    wr_outcome_read(result, wr_record_parse_run, &outcome);
    if (outcome.record == NULL) {
        outcome.record = wr_record_failed_run(
            series->task->name, series_cell(series),
            wr_catalog_effective(series->task->record, series->task->params,
                                 series->task->nparams),
            comparison->request->seed, outcome.status);
    } else if (outcome.status == NULL) {
        check_checksum(block, series, &outcome);
        check_losses(series, &outcome);
    }
    complete_record(series, &outcome);
    wr_sink_write(&comparison->sink, outcome.record);
    if (outcome.status == NULL) {
        keep_sample(series, outcome.record);
    } else {
        count_failure(comparison, series, &outcome);
    }
    json_decref(outcome.record);
    free(outcome.message);
}

bool
wr_compare_once(struct wr_comparison *comparison, struct wr_block *block,
                struct wr_series *series)
{
    struct wr_child_result result;
    bool go_on = false;

    start_child(comparison, series, &result);
    if (result.end == WR_CHILD_INTERRUPTED || wr_child_interrupted()) {
        comparison->interrupted = true;
    } else if (result.end == WR_CHILD_EXITED && result.code == WR_EXIT_USAGE) {
        char *line =
            wr_catalog_complaint(&result, series->catalog->path.executable);

        wr_say("%s", line);
        free(line);
        comparison->misused = true;
    } else {
        keep(comparison, block, series, &result);
        go_on = true;
    }
    wr_child_result_free(&result);
    return go_on;
}
