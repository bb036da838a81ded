/* SPDX-License-Identifier: MIT */
/*
 * lab/request.c - the command line of `weir compare`.
 *
 * argp would follow its complaint with a second line ("Try ..."); taking its
 * error stream away leaves getopt's one line, and our own.
 */
#include "lab/request.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "lab/argument.h"
#include "lab/lab.h"
#include "lab/say.h"
#include "lab/text.h"

enum option_key {
    OPT_CELLS = 256,
    OPT_THREADS,
    OPT_RUNS,
    OPT_BUDGET,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_JSON,
    OPT_QUIET,
    OPT_PARAM,
    OPT_PEERS,
    OPT_DELTA,
    OPT_LOAD,
    OPT_MEM_CAP,
    OPT_HELP
};

static const struct argp_option option_table[] = {
    {"cells", OPT_CELLS, "LIST", 0, "cells to compare [gil,atomic]", 0},
    {"threads", OPT_THREADS, "LIST", 0,
     "numbers of threads, crossed with the cells [1,2]", 0},
    {"runs", OPT_RUNS, "N", 0,
     "exactly N invocations of each series [5 to 15, by the budget]", 0},
    {"budget", OPT_BUDGET, "TIME", 0,
     "time for all of it: a number with ms, s or m [90s]", 0},
    {"timeout", OPT_TIMEOUT, "TIME", 0,
     "time after which one invocation is killed [120s]", 0},
    {"seed", OPT_SEED, "N", 0,
     "seed of the programs, the order and the intervals [1]", 0},
    {"param", OPT_PARAM, "KEY=VALUE", 0,
     "set a parameter, in one program with PROGRAM.KEY=VALUE", 0},
    {"delta", OPT_DELTA, "PCT", 0,
     "differences up to PCT percent count as the same [3]", 0},
    {"peers", OPT_PEERS, NULL, 0,
     "measure the same work without Weir beside the cells", 0},
    {"load", OPT_LOAD, "PATH", 0,
     "add the program in a shared object; %f stands for the flavour", 0},
    {"mem-cap", OPT_MEM_CAP, "BYTES", 0,
     "stop an invocation that uses more memory (k, M, G allowed)", 0},
    {"json", OPT_JSON, "FILE", 0,
     "write every record as a line of JSON; -: stdout, tables to stderr", 0},
    {"quiet", OPT_QUIET, NULL, 0, "no tables", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static const char help_text[] =
    "Run the same programs in several cells, side by side.\v"
    "A cell is FLAVOUR[/POLICY][+SETTING...]: gil, gil/fifo, atomic+gil,\n"
    "gil+nogc.  Flavours: gil, atomic, unsafe, nocount; policies: boost,\n"
    "the default, cpython, fifo, barging (for gil, nocount, or +gil); "
    "settings:\n"
    "gil, nogc, t0=N, bytes=N (of growth that make a collection due), account\n"
    "(of the threads' time).  The first is what the others are compared with,\n"
    "and runs twice as a control.\n\n"
    "Exit: 0 measured, whatever the verdicts; 1 a check failed; 3 a cell\n"
    "crashed, the rest was kept; 64 misuse.";

static int
read_threads(struct wr_request *request, const char *text)
{
    char **pieces = wr_text_split(text);
    size_t n = 0;

    if (pieces == NULL) {
        return WR_MISUSE("--threads: '%s' names an empty number", text);
    }
    while (pieces[n] != NULL) {
        n++;
    }
    free(request->threads);
    request->threads = wr_lab_alloc(n * sizeof(unsigned));
    request->nthreads = n;
    for (size_t i = 0; i < n; i++) {
        uint64_t value;

        if (!wr_text_uint(pieces[i], 1, WR_THREADS_MAX, &value)) {
            int error =
                WR_MISUSE("--threads: '%s' is not a number from 1 to %d",
                          pieces[i], WR_THREADS_MAX);
            wr_text_free_list(pieces);
            return error;
        }
        request->threads[i] = (unsigned)value;
    }
    wr_text_free_list(pieces);
    return 0;
}

static int
read_param(struct wr_request *request, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text) {
        return WR_MISUSE("--param: '%s' is not KEY=VALUE", text);
    }
    wr_argument_append(&request->params, &request->nparams, text);
    return 0;
}

static int
read_quantity(struct wr_request *request, int key, const char *text)
{
    if (key == OPT_DELTA) {
        return wr_text_percent(text, &request->delta)
                   ? 0
                   : WR_MISUSE("--delta: '%s' is not a percentage", text);
    }
    return wr_text_size(text, &request->mem_cap)
               ? 0
               : WR_MISUSE("--mem-cap: '%s' is not a number of bytes", text);
}

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct wr_request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        wr_argument_append(&request->programs, &request->nprograms, text);
        return 0;
    case OPT_CELLS:
        return wr_argument_cells(&request->cells, &request->ncells, text);
    case OPT_THREADS:
        return read_threads(request, text);
    case OPT_RUNS:
        return wr_argument_runs(&request->runs, text);
    case OPT_SEED:
        return wr_argument_seed(&request->seed, text);
    case OPT_BUDGET:
        return wr_argument_time(&request->budget_ns, "--budget", text);
    case OPT_TIMEOUT:
        return wr_argument_time(&request->timeout_ns, "--timeout", text);
    case OPT_PARAM:
        return read_param(request, text);
    case OPT_DELTA:
    case OPT_MEM_CAP:
        return read_quantity(request, key, text);
    case OPT_PEERS:
        request->peers = true;
        return 0;
    case OPT_QUIET:
        request->quiet = true;
        return 0;
    case OPT_JSON:
        return wr_argument_path(&request->json, "--json", text);
    case OPT_LOAD:
        request->load = text;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir compare");
        exit(WR_EXIT_OK);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the parts do not see by themselves. */
static bool
check(const struct wr_request *request)
{
    for (size_t i = 0; request->load != NULL && i < request->ncells; i++) {
        const struct wr_flavour *flavour = request->cells[i].flavour;

        if (flavour->lab_only) {
            wr_say("--load: the flavour %s is never a library, so no program "
                   "can be loaded into it",
                   flavour->name);
            return false;
        }
    }
    return true;
}

bool
wr_request_parse(int argc, char **argv, struct wr_request *request, int *code)
{
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .args_doc = "[PROGRAM...]",
                                     .doc = help_text};

    *request = (struct wr_request){.budget_ns = UINT64_C(90000000000),
                                   .timeout_ns = UINT64_C(120000000000),
                                   .seed = 1,
                                   .delta = 0.03};
    (void)wr_argument_cells(&request->cells, &request->ncells, "gil,atomic");
    (void)read_threads(request, "1,2");
    *code = WR_EXIT_USAGE;
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, request) == 0 &&
           check(request);
}

void
wr_request_free(struct wr_request *request)
{
    wr_text_free_list(request->programs);
    wr_text_free_list(request->params);
    free(request->cells);
    free(request->threads);
    *request = (struct wr_request){0};
}
