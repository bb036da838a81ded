/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_once.c - one invocation of the collector benchmark.
 *
 * Whatever happens to the child, exactly one record is written and the rest
 * goes on; only misuse and the user's wish to stop end it.
 */
#include "lab/collect.h"

#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/outcome.h"
#include "lab/say.h"

/* Room for the texts of one command line. */
struct texts {
    char seed[32];
    char params[7][64];
    char cell[64];
};

static void
add_param(const char **argv, size_t *n, char text[64], const char *key,
          const char *value)
{
    snprintf(text, 64, "%s=%s", key, value);
    argv[(*n)++] = "--param";
    argv[(*n)++] = text;
}

static void
add_number(const char **argv, size_t *n, char text[64], const char *key,
           uint64_t value)
{
    char digits[32];

    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    add_param(argv, n, text, key, digits);
}

static void
start_child(const struct wr_collect *collect, const struct wr_run *run,
            struct wr_child_result *result)
{
    const struct wr_case *c = run->c;
    const char *argv[40] = {"weir-cell", "--collect", c->graph};
    struct texts texts;
    size_t n = 3;

    snprintf(texts.seed, sizeof(texts.seed), "%llu",
             (unsigned long long)collect->request->seed);
    argv[n++] = "--seed";
    argv[n++] = texts.seed;
    argv[n++] = "--out-fd";
    argv[n++] = WR_CHILD_FD_TEXT;
    add_number(argv, &n, texts.params[0], "objects", c->objects);
    add_number(argv, &n, texts.params[1], "live_heap", c->live_heap);
    add_number(argv, &n, texts.params[2], "repeats", c->repeats);
    add_param(argv, &n, texts.params[3], "order", c->order);
    add_param(argv, &n, texts.params[4], "state", c->state);
    add_param(argv, &n, texts.params[5], "generation", c->generation);
    add_param(argv, &n, texts.params[6], "roots", c->roots);
    if (run->cell != NULL) {
        wr_cell_options(run->cell, argv, &n, texts.cell);
    }
    argv[n] = NULL;
    wr_child_run(&run->catalog->path, argv, collect->request->timeout_ns, false,
                 result);
}

/* Cells must leave equal graphs behind. */
static void
check_checksum(const struct wr_run *run, struct wr_outcome *outcome)
{
    struct wr_case *c = run->c;
    const char *checksum = wr_catalog_text(outcome->record, "checksum", NULL);

    if (run->peer != NULL || checksum == NULL) {
        return;
    }
    if (c->checksum_of == NULL) {
        snprintf(c->checksum, sizeof(c->checksum), "%s", checksum);
        c->checksum_of = wr_run_name(run);
    } else if (strcmp(c->checksum, checksum) != 0) {
        wr_outcome_fail_check(
            outcome, wr_lab_print("checksum %s, but %s has %s", checksum,
                                  c->checksum_of, c->checksum));
    }
}

static void
check(const struct wr_run *run, struct wr_outcome *outcome)
{
    char *wrong = run->peer != NULL ? NULL : wr_collect_check(outcome->record);

    if (wrong != NULL) {
        wr_outcome_fail_check(outcome, wrong);
    } else {
        check_checksum(run, outcome);
    }
}

static double
nested(const json_t *record, const char *object, const char *field)
{
    return wr_record_number(json_object_get(record, object), field);
}

static void
keep_sample(struct wr_run *run, const json_t *record)
{
    run->samples = wr_lab_grow(run->samples,
                               (run->n + 1) * sizeof(struct wr_collect_sample));
    run->samples[run->n++] = (struct wr_collect_sample){
        .ns_per_object = wr_record_number(record, "ns_per_object"),
        .cpu_ns_per_object = wr_record_number(record, "cpu_ns_per_object"),
        .pause_p50 = nested(record, "pause_ns", "p50"),
        .pause_p99 = nested(record, "pause_ns", "p99"),
        .pause_max = nested(record, "pause_ns", "max"),
        .detect = nested(record, "phase_ns", "detect"),
        .finalize = nested(record, "phase_ns", "finalize"),
        .free = nested(record, "phase_ns", "free"),
        .gc_ns = wr_record_number(record, "gc_ns"),
        .collections = wr_record_number(record, "collections"),
        .memory_ratio = nested(record, "memory", "ratio"),
        .backlog_max = nested(record, "backlog", "max"),
        .visited_exponent = nested(record, "growth", "visited_exponent"),
        .time_exponent = nested(record, "growth", "time_exponent"),
    };
}

/* Count a failure, and say so in one line. */
static void
count_failure(struct wr_collect *collect, struct wr_run *run,
              const struct wr_outcome *outcome)
{
    bool wrong = wr_outcome_is_check(outcome);

    run->failed += wr_outcome_weight(outcome);
    run->retired = run->failed >= WR_FAILURES_MAX;
    collect->check_failed = collect->check_failed || wrong;
    collect->crashed = collect->crashed || !wrong;
    wr_say("%s, %s, %s, %s %s: %s%s", run->c->graph, run->c->order,
           run->c->automatic ? "automatic" : run->c->state,
           run->peer != NULL ? "peer" : "cell", wr_run_name(run),
           outcome->message, run->retired ? "; not tried again" : "");
}

static json_t *
run_cell(const struct wr_run *run)
{
    if (run->cell != NULL) {
        return wr_cell_json(run->cell, 1);
    }
    return json_pack("{s:n, s:n, s:i, s:n, s:n, s:n, s:n, s:s}", "flavour",
                     "lock", "threads", 1, "gil", "gc", "t0", "bytes", "peer",
                     run->peer);
}

static void
keep(struct wr_collect *collect, struct wr_run *run,
     const struct wr_child_result *result)
{
    struct wr_outcome outcome;

    run->tried++;
    run->spent_ns += result->elapsed_ns;
    wr_outcome_read(result, wr_collect_parse_record, &outcome);
    if (outcome.record == NULL) {
        outcome.record = wr_collect_failed_record(
            run, run_cell(run), collect->request->seed, outcome.status);
    } else if (outcome.status == NULL) {
        check(run, &outcome);
    }
    json_object_set_new(json_object_get(outcome.record, "cell"), "name",
                        json_string(wr_run_name(run)));
    json_object_set_new(outcome.record, "signal", wr_outcome_signal(&outcome));
    wr_sink_write(&collect->sink, outcome.record);
    if (outcome.status == NULL) {
        keep_sample(run, outcome.record);
    } else {
        count_failure(collect, run, &outcome);
    }
    json_decref(outcome.record);
    free(outcome.message);
}

bool
wr_collect_once(struct wr_collect *collect, struct wr_run *run)
{
    struct wr_child_result result;
    bool go_on = false;

    start_child(collect, run, &result);
    if (result.end == WR_CHILD_INTERRUPTED || wr_child_interrupted()) {
        collect->interrupted = true;
    } else if (result.end == WR_CHILD_EXITED && result.code == WR_EXIT_USAGE) {
        char *line =
            wr_catalog_complaint(&result, run->catalog->path.executable);

        wr_say("%s", line);
        free(line);
        collect->misused = true;
    } else {
        keep(collect, run, &result);
        go_on = true;
    }
    wr_child_result_free(&result);
    return go_on;
}
