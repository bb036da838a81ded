/* SPDX-License-Identifier: MIT */
/*
 * lab/request.h - what `weir compare` was asked to do.
 */
#ifndef WR_LAB_REQUEST_H
#define WR_LAB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/cell.h"

/* The most threads of one run. */
#define WR_THREADS_MAX 1024

/* How many invocations of a series a budget buys. */
#define WR_RUNS_LEAST 5
#define WR_RUNS_MOST 15

struct wr_request {
    /* NULL-terminated; empty: the default programs */
    char **programs;
    size_t nprograms;

    struct wr_cell *cells;
    size_t ncells;

    unsigned *threads;
    size_t nthreads;

    /* 0: as many as the budget allows */
    unsigned runs;
    uint64_t budget_ns;
    uint64_t timeout_ns;
    uint64_t seed;

    /* "key=value" or "program.key=value" */
    char **params;
    size_t nparams;

    const char *json;
    const char *load;
    double delta;

    /* bytes; 0: none, or half of the memory for a flavour that only grows */
    uint64_t mem_cap;
    bool quiet;
    bool peers;
};

/*
 * Read the command line of `weir compare`.
 *
 * Returns true when there is something to do; else false with *code to exit
 * with: 0 after --help, WR_EXIT_USAGE after one line on stderr.  Free in
 * either case.
 */
bool wr_request_parse(int argc, char **argv, struct wr_request *request,
                      int *code);
void wr_request_free(struct wr_request *request);

#endif
