/* SPDX-License-Identifier: MIT */
/*
 * lab/outcome.c - what the end of a child amounts to.
 */
#include "lab/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "lab/catalog.h"
#include "lab/say.h"

/* "crashed (SIGSEGV)", with the last thing it said; to be freed. */
static char *
failure_text(const struct wr_child_result *result, const char *what)
{
    char *last = wr_child_last_line(result->errors);
    char *text = wr_lab_print("%s%s%s", what, last == NULL ? "" : ": ",
                              last == NULL ? "" : last);

    free(last);
    return text;
}

/* A child that wrote no good record. */
static void
note_crash(const struct wr_child_result *result, struct wr_outcome *outcome)
{
    char *what;

    outcome->status = "crashed";
    if (result->end == WR_CHILD_SIGNALLED) {
        outcome->signal = result->code;
        what = wr_lab_print("crashed (%s)", wr_child_signal_name(result->code));
    } else if (result->end == WR_CHILD_TIMEOUT) {
        outcome->status = "timeout";
        what = wr_lab_copy("took too long and was killed (--timeout)");
    } else if (result->end == WR_CHILD_FAILED) {
        what =
            wr_lab_print("could not be started (%s)", strerror(result->code));
    } else if (result->code != 0) {
        what = wr_lab_print("crashed (exit %d)", result->code);
    } else {
        what = wr_lab_copy("crashed (it wrote no valid record)");
    }
    outcome->message = failure_text(result, what);
    free(what);
}

void
wr_outcome_read(const struct wr_child_result *result,
                json_t *(*parse)(const char *text), struct wr_outcome *outcome)
{
    const char *status;

    *outcome = (struct wr_outcome){0};
    if (result->end != WR_CHILD_EXITED || result->code != 0) {
        note_crash(result, outcome);
        return;
    }
    outcome->record = parse(result->output);
    if (outcome->record == NULL) {
        note_crash(result, outcome);
        return;
    }
    status = wr_catalog_text(outcome->record, "status", "");
    if (strcmp(status, "ok") != 0) {
        outcome->status = status;
        outcome->message =
            failure_text(result, strcmp(status, "memory-cap") == 0
                                     ? "stopped at its memory cap"
                                 : strcmp(status, "check-failed") == 0
                                     ? "failed its own check"
                                     : status);
    }
}

void
wr_outcome_fail_check(struct wr_outcome *outcome, char *message)
{
    json_object_set_new(outcome->record, "status", json_string("check-failed"));
    outcome->status = "check-failed";
    outcome->message = message;
}

json_t *
wr_outcome_signal(const struct wr_outcome *outcome)
{
    return outcome->signal == 0
               ? json_null()
               : json_string(wr_child_signal_name(outcome->signal));
}

unsigned
wr_outcome_weight(const struct wr_outcome *outcome)
{
    return strcmp(outcome->status, "timeout") == 0 ? 2 : 1;
}

bool
wr_outcome_is_check(const struct wr_outcome *outcome)
{
    return strcmp(outcome->status, "check-failed") == 0;
}
