/* SPDX-License-Identifier: MIT */
/*
 * lab/stress.h - race tests in cells: what was asked, and what came out.
 *
 * A *trial* is one race test in one cell; it runs in a process of its own,
 * weir-race-<flavour>, for its share of the time there is.
 *
 *   plan (stress_plan.c) -> run (stress_run.c), each trial judged as it ends
 *        (stress_judge.c) -> table (stress_table.c), JUnit (stress_junit.c)
 */
#ifndef WR_LAB_STRESS_H
#define WR_LAB_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/catalog.h"
#include "lab/cell.h"
#include "lab/record.h"

/* What `weir stress` was asked to do. */
struct wr_stress_request {
    /* NULL-terminated; empty: all */
    char **tests;
    size_t ntests;

    struct wr_cell *cells;
    size_t ncells;

    /* faults to plant, NULL-terminated */
    char **plants;
    size_t nplants;

    uint64_t budget_ns;
    uint64_t timeout_ns;
    uint64_t seed;

    /* this one of so many, from 1 */
    unsigned shard;
    unsigned shards;

    const char *json;
    const char *junit;
    bool quiet;
    bool verbose;
    bool list;
};

struct wr_trial {
    /* the `race-test` record of the catalogue */
    const json_t *test;
    const struct wr_cell *cell;
    const struct wr_catalog *catalog;

    /* why it is not run at all; NULL: it is */
    const char *left_out;

    /* the `race` record; NULL: not run (yet) */
    json_t *record;

    /* what the child said last on stderr; NULL: nothing */
    char *errors;
    uint64_t elapsed_ns;

    /* rows of the record */
    unsigned forbidden;
    unsigned never_seen;
    bool too_few;
};

struct wr_stress {
    const struct wr_stress_request *request;

    /* one per flavour in use */
    struct wr_catalog *catalogs;
    size_t ncatalogs;

    /* the cells of one test stand together */
    struct wr_trial *trials;
    size_t ntrials;

    struct wr_sink sink;
    uint64_t started_ns;

    /* what the exit code is made of */
    bool misused;
    bool crashed;
    bool forbidden;
    bool too_few;
    bool interrupted;
};

/*
 * Read the command line.  True when there is something to do; else false with
 * *code to exit with.  Free in either case.
 */
bool wr_stress_parse(int argc, char **argv, struct wr_stress_request *request,
                     int *code);
void wr_stress_request_free(struct wr_stress_request *request);

/* Load the lists, choose the trials.  False after one line on stderr. */
bool wr_stress_plan(struct wr_stress *stress);
void wr_stress_free(struct wr_stress *stress);

/* Run every trial; records are written as they come. */
void wr_stress_run(struct wr_stress *stress);

/*
 * Make the record of a trial out of what its child left: intervals, grades,
 * counts.  False when nothing could be run: *stress says why.
 */
bool wr_stress_judge(struct wr_stress *stress, struct wr_trial *trial,
                     const struct wr_child_result *result);

/* Print the tables, and what they come to. */
void wr_stress_table(const struct wr_stress *stress, FILE *out);

/* Write the results for machines that know unit tests.  False with errno. */
bool wr_stress_junit(const struct wr_stress *stress, const char *path);

/* Print tests and plants; for `weir list` too. */
void wr_stress_print_catalog(const struct wr_catalog *catalog, FILE *out);

/* The name of a trial's test. */
const char *wr_trial_name(const struct wr_trial *trial);

/* Whether the row of a record's outcomes was seen and is forbidden. */
bool wr_outcome_is_forbidden(const json_t *outcome);

#endif
