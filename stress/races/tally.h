/* SPDX-License-Identifier: MIT */
/*
 * stress/races/tally.h - how often each outcome was seen.
 */
#ifndef WR_RACES_TALLY_H
#define WR_RACES_TALLY_H

#include "races.h"

/* Different outcomes that are told apart; the rest is "other". */
enum { RACE_TALLY_MAX = 64 };

struct wr_race_tally_row {
    int64_t values[RACE_REGISTERS_MAX];
    uint64_t count;
};

struct wr_race_tally {
    const struct race_test *test;
    unsigned registers;
    uint64_t samples;

    struct wr_race_tally_row rows[RACE_TALLY_MAX];
    unsigned used;
    uint64_t other;

    /* what no register shows, and how often a look found it */
    uint64_t leaks;
    uint64_t damages;
    char damage[128];

    /* samples whose outcome is forbidden, leaks and damages included */
    uint64_t forbidden;
};

void wr_race_tally_start(struct wr_race_tally *tally,
                         const struct race_test *test);

/* Count one sample. */
void wr_race_tally_add(struct wr_race_tally *tally, const int64_t *values);

/* Blocks were left over; the heap is not in order. */
void wr_race_tally_leak(struct wr_race_tally *tally);
void wr_race_tally_damage(struct wr_race_tally *tally, const char *what);

/* The row of the test's table that these values fall under; NULL: none. */
const struct race_outcome *
wr_race_tally_match(const struct wr_race_tally *tally, const int64_t *values);

#endif
