/* SPDX-License-Identifier: MIT */
/*
 * lab/outcome.h - what the end of a child amounts to.
 *
 * Whatever a child does, something can be said about it: a record that is ok,
 * a record that says what went wrong, or none, and then why.  The verbs that
 * run one child per measurement share this.
 */
#ifndef WR_LAB_OUTCOME_H
#define WR_LAB_OUTCOME_H

#include <stdbool.h>

#include <jansson.h>

#include "lab/child.h"

/* A series that failed so often is not tried again; a timeout counts double:
 * it is dear and seldom a coincidence. */
#define WR_FAILURES_MAX 2

struct wr_outcome {
    /* NULL: ok; else the status of the record */
    const char *status;

    /* the record; NULL when the child wrote no good one */
    json_t *record;

    /* one line for the user, to be freed; NULL: nothing to say */
    char *message;

    /* of a crash; 0: none */
    int signal;
};

/*
 * Read what a child left.  `parse` makes a record of its output, or NULL of
 * what is none.  The record and the message are the caller's.
 */
void wr_outcome_read(const struct wr_child_result *result,
                     json_t *(*parse)(const char *text),
                     struct wr_outcome *outcome);

/* Turn an outcome that looked fine into a failed check.  Takes the message. */
void wr_outcome_fail_check(struct wr_outcome *outcome, char *message);

/* "SIGSEGV", or null: for the record; a new reference. */
json_t *wr_outcome_signal(const struct wr_outcome *outcome);

/* How much a failure counts against WR_FAILURES_MAX. */
unsigned wr_outcome_weight(const struct wr_outcome *outcome);

/* Whether it is a failed check, and no crash. */
bool wr_outcome_is_check(const struct wr_outcome *outcome);

#endif
