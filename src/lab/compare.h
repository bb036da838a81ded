/* SPDX-License-Identifier: MIT */
/*
 * lab/compare.h - one comparison: blocks of series of invocations.
 *
 * A *series* is one program in one cell (or one peer) with one number of
 * threads; its invocations are fresh processes.  A *block* is the series that
 * are compared with each other: same program, same threads.  The first series
 * of a block is the first cell; a *control* is that cell once more.
 *
 *   plan (compare_plan.c) -> run (compare_run.c) -> judge (compare_judge.c)
 *        -> table (compare_table.c) and summary (compare_summary.c)
 */
#ifndef WR_LAB_COMPARE_H
#define WR_LAB_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/random.h"
#include "lab/catalog.h"
#include "lab/request.h"
#include "lab/record.h"
#include "lab/stats.h"

/* A program that was chosen, with what the user set. */
struct wr_task {
    const char *name;

    /* its record in the first cell's catalogue */
    const json_t *record;

    /* "key=value", in the order in which they count */
    char **params;
    size_t nparams;

    /* why some cells are left out of it; NULL: none is */
    char *note;
};

struct wr_series {
    const struct wr_task *task;

    /* exactly one of the two is set */
    const struct wr_cell *cell;
    const char *peer;

    /* the flavour that a peer is the counterpart of; NULL: none */
    const char *against;

    const struct wr_catalog *catalog;
    unsigned threads;
    bool control;

    /* invocations that shall be tried, that were, and that went wrong */
    unsigned planned;
    unsigned tried;
    unsigned failed;

    /* not tried again */
    bool retired;

    /* time for all invocations so far, starting the process included */
    uint64_t spent_ns;

    /* those that were ok */
    struct wr_sample *samples;
    size_t n;
};

struct wr_block {
    const struct wr_task *task;
    unsigned threads;

    /* series[first .. first + count) */
    size_t first;
    size_t count;

    /* of the first run that had one, and the series it came from */
    char checksum[40];
    const struct wr_series *checksum_of;
};

/* The outcome of comparing b with a: times b/a. */
struct wr_judgement {
    const struct wr_block *block;
    const struct wr_series *a;
    const struct wr_series *b;
    const char *metric;
    struct wr_ratio ratio;
    enum wr_verdict verdict;

    /* a control */
    bool aa;

    /* a peer is a, its counterpart cell b */
    bool beside;
};

struct wr_comparison {
    const struct wr_request *request;

    /* one per flavour in use, then the peers */
    struct wr_catalog *catalogs;
    size_t ncatalogs;

    struct wr_task *tasks;
    size_t ntasks;
    struct wr_series *series;
    size_t nseries;
    struct wr_block *blocks;
    size_t nblocks;
    struct wr_judgement *judgements;
    size_t njudgements;

    struct wr_random random;
    struct wr_sink sink;
    uint64_t started_ns;
    unsigned cores;

    /* what the exit code is made of */
    bool misused;
    bool crashed;
    bool check_failed;
    bool interrupted;
};

/*
 * Load the lists, check programs and parameters, lay out blocks and series.
 * False after one line on stderr.
 */
bool wr_compare_plan(struct wr_comparison *comparison);

/* Free what wr_compare_plan() and later steps made. */
void wr_compare_free(struct wr_comparison *comparison);

/* Run everything, writing run records as they come. */
void wr_compare_run(struct wr_comparison *comparison);

/*
 * One invocation: its record is written, its numbers are kept.  False when
 * everything shall stop: misuse, or the user asked.
 */
bool wr_compare_once(struct wr_comparison *comparison, struct wr_block *block,
                     struct wr_series *series);

/*
 * How many invocations each block shall get: fairly shared, WR_RUNS_LEAST to
 * WR_RUNS_MOST.  cost[i] is the time of one invocation of all its series;
 * budget covers all of them, those already run included.
 */
void wr_compare_share(const double *cost, size_t n, double budget,
                      unsigned *runs);

/* Compare the series of every block; writes verdict and aa records. */
void wr_compare_judge(struct wr_comparison *comparison);

/* Print the table, and what it shows. */
void wr_compare_table(const struct wr_comparison *comparison, FILE *out);
void wr_compare_summary(const struct wr_comparison *comparison, FILE *out);

/* "gil", "c11-atomic"; how records and tables call a series. */
const char *wr_series_name(const struct wr_series *series);

/*
 * One number of all good invocations: the time (wall_s), or with `per_op` the
 * time per operation.  An array of series->n, to be freed.
 */
double *wr_series_times(const struct wr_series *series, bool per_op);

/* The median over the good invocations of a field of struct wr_sample (its
 * offset); not a number when none has it. */
double wr_series_median(const struct wr_series *series, size_t offset);

/* The largest of a field; not a number when none has it. */
double wr_series_largest(const struct wr_series *series, size_t offset);

/* The sum of a field; 0 when none has it. */
double wr_series_sum(const struct wr_series *series, size_t offset);

#endif
