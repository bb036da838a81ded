/* SPDX-License-Identifier: MIT */
/*
 * stress/races/races.h - the table of race tests.
 */
#ifndef WR_RACES_RACES_H
#define WR_RACES_RACES_H

#include "race.h"

/* The n-th test; NULL behind the last. */
const struct race_test *wr_race_nth(size_t n);

/* The test of that name; NULL: there is none. */
const struct race_test *wr_race_find(const char *name);

/* How many actors, registers, rows and mutants it has. */
unsigned wr_race_actors(const struct race_test *test);
unsigned wr_race_registers(const struct race_test *test);
unsigned wr_race_outcomes(const struct race_test *test);
unsigned wr_race_mutants(const struct race_test *test);

/* Samples without which it has said nothing. */
uint64_t wr_race_minimum(const struct race_test *test);

/* "acceptable", "interesting", "forbidden" */
const char *wr_race_grade_name(enum race_grade grade);

/*
 * What is wrong with the table of a test: a mutant that is no plant, a row
 * that has another number of values than there are registers, and so on.
 * NULL: nothing.
 */
const char *wr_race_fault(const struct race_test *test);

#endif
