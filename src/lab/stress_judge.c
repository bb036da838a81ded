/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_judge.c - what a child left, as one record with grades.
 *
 * A child writes a record now and then, so one that crashed has left what it
 * had seen.  The crash, or the hang, becomes one more outcome: forbidden, seen
 * once.  That holds for planted faults as for others; only a child that could
 * not be run at all is the lab's own failure.
 */
#include "lab/stress.h"

#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/say.h"
#include "lab/stats.h"

/* As stress/races/runner.h has them. */
enum { CHILD_HUNG = 4, CHILD_FAILED = 5, CHILD_UNABLE = 6 };

bool
wr_outcome_is_forbidden(const json_t *outcome)
{
    return json_integer_value(json_object_get(outcome, "count")) > 0 &&
           strcmp(wr_catalog_text(outcome, "grade", ""), "forbidden") == 0;
}

/* The last line of the output that is a `race` record; NULL: none. */
static json_t *
last_record(const char *text)
{
    json_t *last = NULL;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        json_t *record = text[n] == '\n' ? json_loadb(text, n, 0, NULL) : NULL;

        if (record != NULL &&
            strcmp(wr_catalog_text(record, "record", ""), "race") == 0 &&
            json_is_array(json_object_get(record, "outcomes"))) {
            json_decref(last);
            last = json_incref(record);
        }
        json_decref(record);
        text += n + (text[n] == '\n');
    }
    return last;
}

/* The record of a child that wrote none. */
static json_t *
empty_record(const struct wr_stress *stress, const struct wr_trial *trial)
{
    const json_t *actors = json_object_get(trial->test, "actors");

    return json_pack(
        "{s:i, s:s, s:s, s:s, s:i, s:O, s:[], s:n, s:n, s:b, s:n, s:o, s:[],"
        " s:I, s:s}",
        "schema", 1, "record", "race", "test", wr_trial_name(trial), "arm",
        "native", "executions", 0, "minimum",
        json_object_get(trial->test, "minimum"), "outcomes", "upper_bound",
        "planted", "found", 0, "token", "cell",
        wr_cell_json(trial->cell, (unsigned)json_integer_value(actors)),
        "processors", "seed", (json_int_t)stress->request->seed, "status",
        "running");
}

/* How a child that did not finish ended; to be freed.  NULL: it finished. */
static char *
describe_end(const struct wr_child_result *result, const char **status)
{
    *status = "crashed";
    switch (result->end) {
    case WR_CHILD_SIGNALLED:
        return wr_lab_print("crashed (%s)", wr_child_signal_name(result->code));
    case WR_CHILD_EXITED:
        if (result->code == CHILD_HUNG) {
            *status = "timeout";
            return wr_lab_copy("hung");
        }
        if (result->code == CHILD_FAILED) {
            *status = "check-failed";
            return wr_lab_copy("failed");
        }
        return result->code == 0
                   ? NULL
                   : wr_lab_print("crashed (exit %d)", result->code);
    case WR_CHILD_TIMEOUT:
        *status = "timeout";
        return wr_lab_copy("hung");
    case WR_CHILD_INTERRUPTED:
    case WR_CHILD_FAILED:
        break;
    }
    return NULL;
}

/*
 * The line on stderr that says most about a crash: a failed check, a
 * sanitizer's sum, else the last one.  To be freed; NULL: there is none.
 */
static char *
find_reason(const char *errors)
{
    static const char *const telling[] = {
        "weir: fatal: ", "SUMMARY: ", "runtime error: "};

    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
        const char *at = strstr(errors, telling[i]);

        if (at != NULL) {
            size_t n = strcspn(at, "\n");

            return wr_lab_print("%.*s", n > 300 ? 300 : (int)n, at);
        }
    }
    return wr_child_last_line(errors);
}

/* The child's end as an outcome in front of the others. */
static void
add_end(json_t *record, const char *end, const char *why)
{
    (void)json_array_insert_new(
        json_object_get(record, "outcomes"), 0,
        json_pack("{s:s, s:i, s:s, s:s}", "values", end, "count", 1, "grade",
                  "forbidden", "why", why == NULL ? "it said nothing" : why));
}

/* Whether the row counts samples: not a crash, nor what a look at the heap
 * found. */
static bool
counts_samples(const json_t *outcome)
{
    const char *values = wr_catalog_text(outcome, "values", "");

    return strchr("-*0123456789", values[0]) != NULL ||
           strcmp(values, "other") == 0;
}

/* Frequencies and their intervals, and what the rows come to. */
static void
judge_rows(struct wr_trial *trial)
{
    json_t *record = trial->record;
    uint64_t n =
        (uint64_t)json_integer_value(json_object_get(record, "executions"));
    size_t i;
    json_t *outcome;

    json_array_foreach(json_object_get(record, "outcomes"), i, outcome)
    {
        uint64_t k =
            (uint64_t)json_integer_value(json_object_get(outcome, "count"));
        const char *grade = wr_catalog_text(outcome, "grade", "");
        double low;
        double high;

        trial->forbidden += wr_outcome_is_forbidden(outcome);
        trial->never_seen += k == 0 && strcmp(grade, "interesting") == 0;
        if (n == 0 || k > n || !counts_samples(outcome)) {
            (void)json_object_set_new(outcome, "low", json_null());
            (void)json_object_set_new(outcome, "high", json_null());
            continue;
        }
        wr_stats_frequency(k, n, &low, &high);
        (void)json_object_set_new(outcome, "low", json_real(low));
        (void)json_object_set_new(outcome, "high", json_real(high));
    }
    trial->too_few =
        trial->forbidden == 0 &&
        n < (uint64_t)json_integer_value(json_object_get(record, "minimum"));
    (void)json_object_set_new(record, "upper_bound",
                              n == 0 || trial->forbidden > 0
                                  ? json_null()
                                  : json_real(wr_stats_unseen(n)));
}

/* Fields that only the lab knows. */
static void
complete(struct wr_trial *trial, const struct wr_child_result *result,
         const char *status)
{
    json_t *record = trial->record;

    (void)json_object_set_new(json_object_get(record, "cell"), "name",
                              json_string(trial->cell->name));
    (void)json_object_set_new(record, "found", json_boolean(trial->forbidden));
    (void)json_object_set_new(record, "status", json_string(status));
    (void)json_object_set_new(
        record, "signal",
        result->end == WR_CHILD_SIGNALLED
            ? json_string(wr_child_signal_name(result->code))
            : json_null());
    (void)json_object_set_new(record, "wall_s",
                              json_real((double)result->elapsed_ns / 1e9));
}

/* "append-append, cell gil: forbidden outcome 2001,-1: ..." */
static void
say_forbidden(const struct wr_trial *trial, const json_t *outcome)
{
    json_int_t n =
        json_integer_value(json_object_get(trial->record, "executions"));
    json_int_t k = json_integer_value(json_object_get(outcome, "count"));
    bool sample = json_is_number(json_object_get(outcome, "low"));
    char *count = sample ? wr_lab_print("%lld of %lld samples", (long long)k,
                                        (long long)n)
                         : wr_lab_print("after %lld samples", (long long)n);

    wr_say("%s, cell %s: forbidden outcome %s: %s (%s)", wr_trial_name(trial),
           trial->cell->name, wr_catalog_text(outcome, "values", "?"),
           wr_catalog_text(outcome, "why", "?"), count);
    free(count);
}

/* One line per forbidden outcome, and one for too few samples. */
static void
say_result(const struct wr_trial *trial)
{
    const json_t *record = trial->record;
    json_int_t n = json_integer_value(json_object_get(record, "executions"));
    size_t i;
    json_t *outcome;

    json_array_foreach(json_object_get(record, "outcomes"), i, outcome)
    {
        if (wr_outcome_is_forbidden(outcome)) {
            say_forbidden(trial, outcome);
        }
    }
    if (trial->too_few) {
        wr_say(
            "%s, cell %s: only %lld samples, %lld are needed; give more "
            "--budget",
            wr_trial_name(trial), trial->cell->name, (long long)n,
            (long long)json_integer_value(json_object_get(record, "minimum")));
    }
}

/* The child could not do its work: that is nobody's outcome. */
static bool
note_failure(struct wr_stress *stress, const struct wr_trial *trial,
             const struct wr_child_result *result)
{
    char *last = wr_child_last_line(result->errors);

    wr_say("%s, cell %s: could not be run (%s)", wr_trial_name(trial),
           trial->cell->name,
           result->end == WR_CHILD_FAILED ? strerror(result->code)
           : last == NULL                 ? "no reason given"
                                          : last);
    free(last);
    stress->crashed = true;
    return true;
}

bool
wr_stress_judge(struct wr_stress *stress, struct wr_trial *trial,
                const struct wr_child_result *result)
{
    const char *status;
    char *end = describe_end(result, &status);
    char *last = find_reason(result->errors);

    if (result->end == WR_CHILD_FAILED ||
        (result->end == WR_CHILD_EXITED && result->code == CHILD_UNABLE)) {
        free(last);
        free(end);
        return note_failure(stress, trial, result);
    }
    trial->record = last_record(result->output);
    if (trial->record == NULL) {
        trial->record = empty_record(stress, trial);
    }
    if (end == NULL &&
        strcmp(wr_catalog_text(trial->record, "status", ""), "ok") != 0) {
        end = wr_lab_copy("crashed (it wrote no final record)");
    }
    if (end != NULL) {
        trial->errors = wr_lab_copy(result->errors);
        add_end(trial->record, end, last);
    }
    judge_rows(trial);
    complete(trial, result,
             end != NULL             ? status
             : trial->forbidden != 0 ? "check-failed"
                                     : "ok");
    stress->forbidden = stress->forbidden || trial->forbidden > 0;
    stress->too_few = stress->too_few || trial->too_few;
    wr_progress_clear();
    say_result(trial);
    free(last);
    free(end);
    return true;
}
