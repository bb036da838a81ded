/* SPDX-License-Identifier: MIT */
/*
 * stress/options.h - what `weir` tells a child to run.
 *
 * These command lines are written by the `weir` command; users may type them,
 * but nothing is made pretty for them.  A wrong one ends with exit status 64
 * and one line that names the option.
 */
#ifndef WR_STRESS_OPTIONS_H
#define WR_STRESS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit status for a command line that makes no sense. */
#define WR_EXIT_USAGE 64

/* The most --param, and --plant, options. */
#define WR_OPTIONS_PARAMS_MAX 64

/* Who reads its command line. */
enum wr_options_kind {
    WR_OPTIONS_CELL = 1,
    WR_OPTIONS_PEER = 2,
    WR_OPTIONS_RACE = 4
};

struct wr_options {
    bool list;
    const char *program;
    uint32_t threads;
    uint64_t seed;
    int out_fd;
    const char *params[WR_OPTIONS_PARAMS_MAX];
    size_t nparams;

    /* the graph of the collector benchmark, instead of a program; or NULL */
    const char *collect;

    /* peers only */
    const char *impl;

    /* cells and races; a number that was not given is negative */
    const char *policy;
    bool gil;
    bool nogc;
    int64_t t0;
    int64_t bytes;
    int64_t interval_us;

    /* cells only */
    const char *load;
    int64_t mem_cap;

    /* cells only: "figures", "events" or NULL; the file for the events */
    const char *account;
    const char *events;

    /* races only */
    const char *test;
    const char *plants[WR_OPTIONS_PARAMS_MAX];
    size_t nplants;
    int64_t budget_ms;
    int64_t hang_ms;
    bool until_found;
};

/*
 * Read the command line of a child of this kind.  Does not return when it is
 * wrong.
 */
void wr_options_read(struct wr_options *options, enum wr_options_kind kind,
                     int argc, char **argv);

/* One line on stderr, after the name of the program; exits with 64. */
void wr_usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
