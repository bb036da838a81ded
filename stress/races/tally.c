/* SPDX-License-Identifier: MIT */
/*
 * stress/races/tally.c - how often each outcome was seen.
 *
 * A test has a handful of outcomes, and most samples fall on the same few: a
 * list that is searched from the front, found rows moving forward, is enough.
 */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
wr_race_tally_start(struct wr_race_tally *tally, const struct race_test *test)
{
    memset(tally, 0, sizeof(*tally));
    tally->test = test;
    tally->registers = wr_race_registers(test);
}

/* Whether "1,*" fits the values. */
static bool
row_fits(const char *text, const int64_t *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char *end;

        if (*text == '*') {
            end = (char *)(uintptr_t)text + 1;
        } else if (strtoll(text, &end, 10) != values[i]) {
            return false;
        }
        text = end + (*end == ',');
    }
    return true;
}

const struct race_outcome *
wr_race_tally_match(const struct wr_race_tally *tally, const int64_t *values)
{
    unsigned n = wr_race_outcomes(tally->test);

    for (unsigned i = 0; i < n; i++) {
        const struct race_outcome *row = &tally->test->outcomes[i];

        if (row_fits(row->values, values, tally->registers)) {
            return row;
        }
    }
    return NULL;
}

static void
count_forbidden(struct wr_race_tally *tally, const int64_t *values)
{
    const struct race_outcome *row = wr_race_tally_match(tally, values);

    if (row == NULL || row->grade == FORBIDDEN) {
        tally->forbidden++;
    }
}

void
wr_race_tally_add(struct wr_race_tally *tally, const int64_t *values)
{
    size_t size = tally->registers * sizeof(int64_t);
    struct wr_race_tally_row *row = tally->rows;

    tally->samples++;
    count_forbidden(tally, values);
    for (unsigned i = 0; i < tally->used; i++, row++) {
        if (memcmp(row->values, values, size) == 0) {
            row->count++;
            return;
        }
    }
    if (tally->used == RACE_TALLY_MAX) {
        tally->other++;
        return;
    }
    tally->used++;
    memcpy(row->values, values, size);
    row->count = 1;
}

void
wr_race_tally_leak(struct wr_race_tally *tally)
{
    tally->leaks++;
    tally->forbidden++;
}

void
wr_race_tally_damage(struct wr_race_tally *tally, const char *what)
{
    tally->damages++;
    tally->forbidden++;
    snprintf(tally->damage, sizeof(tally->damage), "%s",
             what == NULL ? "no reason given" : what);
}
