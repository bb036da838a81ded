/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_once.c - one invocation with an account.
 *
 * Whatever happens to the child, exactly one record is written and the rest
 * goes on; only misuse and the user's wish to stop end it.
 */
#include "lab/contend.h"

#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/outcome.h"
#include "lab/say.h"

json_t *
wr_contend_parse_record(const char *text)
{
    json_t *record = wr_record_parse_run(text);
    const json_t *account = json_object_get(record, "account");

    /* What failed may have had no time to write one. */
    if (strcmp(wr_catalog_text(record, "status", ""), "ok") == 0 &&
        !json_is_array(json_object_get(account, "threads"))) {
        json_decref(record);
        return NULL;
    }
    return record;
}

static void
start_child(const struct wr_contend *contend, const struct wr_side *side,
            const char *events, struct wr_child_result *result)
{
    const struct wr_match *match = &contend->matches[side->match];
    const char **argv =
        wr_lab_alloc((32 + 2 * match->nparams) * sizeof(char *));
    char threads[16];
    char seed[32];
    char interval[32];
    char room[64];
    size_t n = 0;

    snprintf(threads, sizeof(threads), "%u", match->threads);
    snprintf(seed, sizeof(seed), "%llu",
             (unsigned long long)contend->request->seed);
    argv[n++] = "weir-cell";
    argv[n++] = "--program";
    argv[n++] = match->program;
    argv[n++] = "--threads";
    argv[n++] = threads;
    argv[n++] = "--seed";
    argv[n++] = seed;
    argv[n++] = "--out-fd";
    argv[n++] = WR_CHILD_FD_TEXT;
    argv[n++] = "--account";
    argv[n++] = events == NULL ? "figures" : "events";
    if (events != NULL) {
        argv[n++] = "--events";
        argv[n++] = events;
    }
    if (side->interval_us > 0) {
        snprintf(interval, sizeof(interval), "%llu",
                 (unsigned long long)side->interval_us);
        argv[n++] = "--interval";
        argv[n++] = interval;
    }
    for (size_t i = 0; i < match->nparams; i++) {
        argv[n++] = "--param";
        argv[n++] = match->params[i];
    }
    wr_cell_options(&side->cell, argv, &n, room);
    wr_child_run(&side->catalog->path, argv, contend->request->timeout_ns,
                 false, result);
    free(argv);
}

/* Sides of a program with one result must come to the same, and no count may
 * be lost. */
static void
check(struct wr_match *match, const struct wr_side *side,
      struct wr_outcome *outcome)
{
    const char *checksum = wr_catalog_text(outcome->record, "checksum", NULL);
    double lost = wr_record_number(outcome->record, "lost_updates");

    if (side->cell.flavour->unsafe) {
        return;
    }
    if (lost > 0) {
        wr_outcome_fail_check(outcome, wr_lab_print("lost %.0f updates", lost));
        return;
    }
    if (checksum == NULL ||
        !json_is_true(json_object_get(match->record, "deterministic"))) {
        return;
    }
    if (!match->has_checksum) {
        snprintf(match->checksum, sizeof(match->checksum), "%s", checksum);
        match->has_checksum = true;
    } else if (strcmp(match->checksum, checksum) != 0) {
        wr_outcome_fail_check(outcome,
                              wr_lab_print("checksum %s, but it was %s before",
                                           checksum, match->checksum));
    }
}

/* Count a failure, and say so in one line. */
static void
count_failure(struct wr_contend *contend, struct wr_side *side,
              const struct wr_outcome *outcome)
{
    const struct wr_match *match = &contend->matches[side->match];
    bool wrong = wr_outcome_is_check(outcome);

    side->failed += wr_outcome_weight(outcome);
    side->retired = side->failed >= WR_FAILURES_MAX;
    contend->check_failed = contend->check_failed || wrong;
    contend->crashed = contend->crashed || !wrong;
    wr_say("%s, cell %s, %u thread%s: %s%s", match->program, side->cell.name,
           match->threads, match->threads == 1 ? "" : "s", outcome->message,
           side->retired ? "; not tried again" : "");
}

/* Fields that only the lab knows. */
static void
complete_record(const struct wr_match *match, const struct wr_side *side,
                const struct wr_outcome *outcome, int trace_pid)
{
    json_t *record = outcome->record;

    json_object_set_new(json_object_get(record, "cell"), "name",
                        json_string(side->cell.name));
    if (json_object_get(record, "account") == NULL) {
        json_object_set_new(record, "account", json_null());
    }
    json_object_set_new(record, "interval_us",
                        side->interval_us == 0
                            ? json_null()
                            : json_integer((json_int_t)side->interval_us));
    json_object_set_new(record, "alone", json_boolean(match->hidden));
    json_object_set_new(record, "trace_pid",
                        trace_pid == 0 ? json_null() : json_integer(trace_pid));
    json_object_set_new(record, "signal", wr_outcome_signal(outcome));
}

static void
keep(struct wr_contend *contend, struct wr_side *side,
     const struct wr_child_result *result, int trace_pid, json_t **record)
{
    struct wr_match *match = &contend->matches[side->match];
    struct wr_outcome outcome;

    side->spent_ns += result->elapsed_ns;
    wr_outcome_read(result, wr_contend_parse_record, &outcome);
    if (outcome.record == NULL) {
        outcome.record = wr_record_failed_run(
            match->program, wr_cell_json(&side->cell, match->threads),
            wr_catalog_effective(match->record, match->params, match->nparams),
            contend->request->seed, outcome.status);
    } else if (outcome.status == NULL) {
        check(match, side, &outcome);
    }
    complete_record(match, side, &outcome, trace_pid);
    wr_sink_write(&contend->sink, outcome.record);
    if (outcome.status != NULL) {
        count_failure(contend, side, &outcome);
    } else if (trace_pid == 0) {
        wr_contend_keep(side, outcome.record);
    } else {
        *record = json_incref(outcome.record);
    }
    json_decref(outcome.record);
    free(outcome.message);
}

bool
wr_contend_once(struct wr_contend *contend, struct wr_side *side,
                const char *events, int trace_pid, json_t **record)
{
    struct wr_child_result result;
    bool go_on = false;

    start_child(contend, side, events, &result);
    side->tried++;
    if (result.end == WR_CHILD_INTERRUPTED || wr_child_interrupted()) {
        contend->interrupted = true;
    } else if (result.end == WR_CHILD_EXITED && result.code == WR_EXIT_USAGE) {
        char *line =
            wr_catalog_complaint(&result, side->catalog->path.executable);

        wr_say("%s", line);
        free(line);
        contend->misused = true;
    } else {
        keep(contend, side, &result, trace_pid, record);
        go_on = true;
    }
    wr_child_result_free(&result);
    return go_on;
}
