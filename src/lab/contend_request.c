/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_request.c - the command line of `weir contend`.
 */
#include "lab/contend.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "lab/argument.h"
#include "lab/lab.h"
#include "lab/request.h"
#include "lab/say.h"
#include "lab/text.h"

enum option_key {
    OPT_POLICIES = 256,
    OPT_CELLS,
    OPT_THREADS,
    OPT_INTERVAL,
    OPT_PARAM,
    OPT_RUNS,
    OPT_BUDGET,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_JSON,
    OPT_TRACE,
    OPT_HTML,
    OPT_THREADS_TABLE,
    OPT_QUIET,
    OPT_HELP
};

static const struct argp_option option_table[] = {
    {"policies", OPT_POLICIES, "LIST", 0,
     "lock policies; none: a parallel flavour without the lock "
     "[boost,cpython]",
     0},
    {"cells", OPT_CELLS, "LIST", 0, "cells, without a policy [gil]", 0},
    {"threads", OPT_THREADS, "LIST", 0,
     "numbers of threads of programs other than convoy and cheater [2]", 0},
    {"interval", OPT_INTERVAL, "LIST", 0, "switch intervals, in us [5000]", 0},
    {"param", OPT_PARAM, "KEY=VALUE", 0,
     "set a parameter, in one program with PROGRAM.KEY=VALUE; io and cpu of "
     "convoy may be lists",
     0},
    {"runs", OPT_RUNS, "N", 0,
     "N invocations of each; a ratio has an interval from 4 on [5]", 0},
    {"budget", OPT_BUDGET, "TIME", 0,
     "no further round after that: a number with ms, s or m [none]", 0},
    {"timeout", OPT_TIMEOUT, "TIME", 0,
     "time after which one invocation is killed [120s]", 0},
    {"seed", OPT_SEED, "N", 0,
     "seed of the programs, the order and the intervals [1]", 0},
    {"json", OPT_JSON, "FILE", 0,
     "write every record as a line of JSON; -: stdout, tables to stderr", 0},
    {"trace", OPT_TRACE, "FILE", 0,
     "one more invocation of each policy, as a timeline for Perfetto", 0},
    {"html", OPT_HTML, "FILE", 0, "write the tables and pictures as a page", 0},
    {"threads-table", OPT_THREADS_TABLE, NULL, 0,
     "a line per thread, also where 120 columns are not there", 0},
    {"quiet", OPT_QUIET, NULL, 0, "no tables", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static const char help_text[] =
    "Run programs under several lock policies and switch intervals: who held\n"
    "the lock, who waited, and how long.  The program is convoy if none is\n"
    "named.\v"
    "Each invocation is a process that keeps an exact account of its threads.\n"
    "A parallel flavour is given the lock, but with the policy none, which\n"
    "measures its stops of the world.  convoy runs once more without its I/O\n"
    "threads: cpu share is what is left to the CPU threads of that.\n"
    "\n"
    "Exit: 0 measured; 1 a check failed; 3 a cell crashed, the rest was kept;\n"
    "64 misuse.";

/* A list of numbers from `min` to `max`. */
static int
read_numbers(uint64_t **out, size_t *n, const char *option, const char *text,
             uint64_t min, uint64_t max)
{
    char **pieces = wr_text_split(text);
    int error = 0;

    if (pieces == NULL) {
        return WR_MISUSE("%s: '%s' has an empty number", option, text);
    }
    *n = 0;
    for (size_t i = 0; pieces[i] != NULL && error == 0; i++) {
        *out = wr_lab_grow(*out, (i + 1) * sizeof(uint64_t));
        (*out)[i] = 0;
        if (!wr_text_uint(pieces[i], min, max, &(*out)[i])) {
            error = WR_MISUSE("%s: '%s' is not a number from %llu to %llu",
                              option, pieces[i], (unsigned long long)min,
                              (unsigned long long)max);
        }
        *n = i + 1;
    }
    wr_text_free_list(pieces);
    return error;
}

static bool
is_policy(const char *word)
{
    const char *const *known = wr_cell_policies();

    for (size_t i = 0; known[i] != NULL; i++) {
        if (strcmp(known[i], word) == 0) {
            return true;
        }
    }
    return strcmp(word, "none") == 0;
}

static int
read_policies(struct wr_contend_request *request, const char *text)
{
    char **pieces = wr_text_split(text);

    if (pieces == NULL) {
        return WR_MISUSE("--policies: '%s' names an empty policy", text);
    }
    for (size_t i = 0; pieces[i] != NULL; i++) {
        bool twice = false;

        for (size_t k = 0; k < i; k++) {
            twice = twice || strcmp(pieces[k], pieces[i]) == 0;
        }
        if (twice || !is_policy(pieces[i])) {
            int error =
                twice ? WR_MISUSE("--policies: '%s' is there twice", pieces[i])
                      : WR_MISUSE("--policies: unknown lock policy '%s' "
                                  "(cpython, fifo, barging, boost, none)",
                                  pieces[i]);

            wr_text_free_list(pieces);
            return error;
        }
    }
    wr_text_free_list(request->policies);
    request->policies = pieces;
    return 0;
}

static int
read_param(struct wr_contend_request *request, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text) {
        return WR_MISUSE("--param: '%s' is not KEY=VALUE", text);
    }
    wr_argument_append(&request->params, &request->nparams, text);
    return 0;
}

/* What is run. */
static int
parse_side(struct wr_contend_request *request, int key, char *text)
{
    switch (key) {
    case OPT_POLICIES:
        return read_policies(request, text);
    case OPT_CELLS:
        return wr_argument_cells(&request->cells, &request->ncells, text);
    case OPT_THREADS:
        return read_numbers(&request->threads, &request->nthreads, "--threads",
                            text, 1, WR_THREADS_MAX);
    case OPT_INTERVAL:
        return read_numbers(&request->intervals, &request->nintervals,
                            "--interval", text, 1, 60000000);
    case OPT_PARAM:
        return read_param(request, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
parse_value(struct wr_contend_request *request, int key, char *text)
{
    switch (key) {
    case OPT_RUNS:
        return wr_argument_runs(&request->runs, text);
    case OPT_BUDGET:
        return wr_argument_time(&request->budget_ns, "--budget", text);
    case OPT_TIMEOUT:
        return wr_argument_time(&request->timeout_ns, "--timeout", text);
    case OPT_SEED:
        return wr_argument_seed(&request->seed, text);
    case OPT_JSON:
        return wr_argument_path(&request->json, "--json", text);
    case OPT_TRACE:
        return wr_argument_path(&request->trace, "--trace", text);
    case OPT_HTML:
        return wr_argument_path(&request->html, "--html", text);
    default:
        return parse_side(request, key, text);
    }
}

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct wr_contend_request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        wr_argument_append(&request->programs, &request->nprograms, text);
        return 0;
    case OPT_THREADS_TABLE:
        request->threads_table = true;
        return 0;
    case OPT_QUIET:
        request->quiet = true;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir contend");
        exit(WR_EXIT_OK);
    default:
        return parse_value(request, key, text);
    }
}

/* What the parts do not see by themselves. */
static bool
check(const struct wr_contend_request *request)
{
    for (size_t i = 0; i < request->ncells; i++) {
        const struct wr_cell *cell = &request->cells[i];

        if (cell->policy != NULL) {
            wr_say("--cells: '%s' has a policy; --policies says which",
                   cell->name);
            return false;
        }
        for (size_t k = 0; request->policies[k] != NULL; k++) {
            if (strcmp(request->policies[k], "none") == 0 &&
                wr_cell_locked(cell)) {
                wr_say("--policies: '%s' always has a lock, so none is no "
                       "policy for it",
                       cell->name);
                return false;
            }
        }
    }
    return true;
}

bool
wr_contend_parse(int argc, char **argv, struct wr_contend_request *request,
                 int *code)
{
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .args_doc = "[PROGRAM...]",
                                     .doc = help_text};

    *request = (struct wr_contend_request){
        .runs = 5, .timeout_ns = UINT64_C(120000000000), .seed = 1};
    (void)wr_argument_cells(&request->cells, &request->ncells, "gil");
    (void)read_policies(request, "boost,cpython");
    (void)read_numbers(&request->threads, &request->nthreads, "", "2", 1, 2);
    (void)read_numbers(&request->intervals, &request->nintervals, "", "5000", 1,
                       WR_CONTEND_INTERVAL_US);
    *code = WR_EXIT_USAGE;
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, request) == 0 &&
           check(request);
}

void
wr_contend_request_free(struct wr_contend_request *request)
{
    wr_text_free_list(request->programs);
    wr_text_free_list(request->policies);
    wr_text_free_list(request->params);
    free(request->cells);
    free(request->threads);
    free(request->intervals);
    *request = (struct wr_contend_request){0};
}
