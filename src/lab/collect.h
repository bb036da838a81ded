/* SPDX-License-Identifier: MIT */
/*
 * lab/collect.h - `weir collect`: how long the collector takes.
 *
 * A *case* is a graph with its size and with what happens to it; a *run* of it
 * is a cell or a peer, whose invocations are fresh processes.  The runs of one
 * case are compared with each other.
 *
 *   collect_request.c -> collect_plan.c -> collect_run.c, collect_once.c
 *        -> collect_judge.c -> collect_table.c
 */
#ifndef WR_LAB_COLLECT_H
#define WR_LAB_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/random.h"
#include "lab/catalog.h"
#include "lab/cell.h"
#include "lab/record.h"
#include "lab/stats.h"

/* How many invocations of a run a budget buys. */
#define WR_COLLECT_RUNS_LEAST 6
#define WR_COLLECT_RUNS_MOST 9

struct wr_collect_request {
    /* lists of words, NULL-terminated */
    char **graphs;
    char **orders;
    char **states;
    char **generations;
    char **roots;

    /* sizes */
    uint64_t *objects;
    size_t nobjects;

    /* live objects beside a graph; negative: as many as suit it */
    int64_t live_heap;

    /* new objects of a young collection */
    uint64_t young;

    struct wr_cell *cells;
    size_t ncells;

    /* 0: as many as the budget allows */
    unsigned runs;
    uint64_t budget_ns;
    uint64_t timeout_ns;
    uint64_t seed;
    double delta;
    const char *json;
    bool quiet;
    bool peers;
};

/* As wr_request_parse(). */
bool wr_collect_parse(int argc, char **argv, struct wr_collect_request *request,
                      int *code);
void wr_collect_request_free(struct wr_collect_request *request);

/* The numbers of one good invocation; not a number where the record has
 * null. */
struct wr_collect_sample {
    double ns_per_object;
    double cpu_ns_per_object;
    double pause_p50;
    double pause_p99;
    double pause_max;
    double detect;
    double finalize;
    double free;
    double gc_ns;
    double collections;
    double memory_ratio;
    double backlog_max;
    double visited_exponent;
    double time_exponent;
};

struct wr_case {
    const char *graph;
    const char *order;
    const char *state;
    const char *generation;
    const char *roots;
    uint64_t objects;
    uint64_t live_heap;
    unsigned repeats;

    /* collections come by themselves */
    bool automatic;

    /* runs[first .. first + count) */
    size_t first;
    size_t count;

    /* of the first run that had one, and the name of that */
    char checksum[40];
    const char *checksum_of;
};

struct wr_run {
    struct wr_case *c;

    /* exactly one of the two is set */
    const struct wr_cell *cell;
    const char *peer;

    const struct wr_catalog *catalog;

    /* invocations that were tried, and what failed of them counts */
    unsigned tried;
    unsigned failed;
    bool retired;
    uint64_t spent_ns;

    struct wr_collect_sample *samples;
    size_t n;

    /* against the first run of the case */
    struct wr_ratio ratio;
    enum wr_verdict verdict;
};

struct wr_collect {
    const struct wr_collect_request *request;

    /* one per cell, then the peers */
    struct wr_catalog *catalogs;
    size_t ncatalogs;
    size_t ncells;

    struct wr_case *cases;
    size_t ncases;
    struct wr_run *runs;
    size_t nruns;

    struct wr_random random;
    struct wr_sink sink;
    uint64_t started_ns;

    bool misused;
    bool crashed;
    bool check_failed;
    bool interrupted;
};

/* Lay out cases and runs.  False after one line on stderr. */
bool wr_collect_plan(struct wr_collect *collect);
void wr_collect_free(struct wr_collect *collect);

/* Run everything, interleaved, writing records as they come. */
void wr_collect_run(struct wr_collect *collect);

/* One invocation; false when everything shall stop. */
bool wr_collect_once(struct wr_collect *collect, struct wr_run *run);

/*
 * The record of an invocation in `text`, to be dropped; NULL when it is none.
 * The exponents of a heap that grew are computed here.
 */
json_t *wr_collect_parse_record(const char *text);

/* What is wrong with a record that says it is ok, to be freed; NULL: nothing.
 * A peer is believed. */
char *wr_collect_check(const json_t *record);

/* The record of an invocation that wrote none; takes over `cell`. */
json_t *wr_collect_failed_record(const struct wr_run *run, json_t *cell,
                                 uint64_t seed, const char *status);

/* Compare the runs of each case; writes the summary records. */
void wr_collect_judge(struct wr_collect *collect);

void wr_collect_table(const struct wr_collect *collect, FILE *out);

/* "gil", "python3" */
const char *wr_run_name(const struct wr_run *run);

/*
 * A field of struct wr_collect_sample, by its offset, over all samples:
 * values that are known, an array to be freed with *n of them; their median;
 * the largest.
 */
double *wr_run_values(const struct wr_run *run, size_t offset, size_t *n);
double wr_run_median(const struct wr_run *run, size_t offset);
double wr_run_largest(const struct wr_run *run, size_t offset);

/* The peers by number, NULL after the last: a name, borrowed, and in
 * *executable what measures it. */
const char *wr_collect_peer(size_t i, const char **executable);

/* The graphs of --list, on one page. */
void wr_collect_print_graphs(const struct wr_catalog *catalog, FILE *out);

#endif
