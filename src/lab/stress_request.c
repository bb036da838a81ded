/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_request.c - the command line of `weir stress`.
 */
#include "lab/stress.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "lab/argument.h"
#include "lab/lab.h"
#include "lab/say.h"
#include "lab/text.h"

enum option_key {
    OPT_CELLS = 256,
    OPT_BUDGET,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_PLANT,
    OPT_SHARD,
    OPT_JSON,
    OPT_JUNIT,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_LIST,
    OPT_HELP
};

static const struct argp_option option_table[] = {
    {"cells", OPT_CELLS, "LIST", 0, "cells to run in [gil,atomic]", 0},
    {"budget", OPT_BUDGET, "TIME", 0,
     "time for all tests in all cells: a number with ms, s or m [20s]", 0},
    {"timeout", OPT_TIMEOUT, "TIME", 0,
     "time without a finished sample after which a test hangs [10s]", 0},
    {"seed", OPT_SEED, "N", 0, "seed of the sizes and delays [a fresh one]", 0},
    {"plant", OPT_PLANT, "FAULT", 0,
     "plant a known fault, or a list, and run the tests that must find it", 0},
    {"shard", OPT_SHARD, "I/N", 0,
     "run the I-th of N parts of the tests, from 1", 0},
    {"json", OPT_JSON, "FILE", 0,
     "write every record as a line of JSON; -: stdout, tables to stderr", 0},
    {"junit", OPT_JUNIT, "FILE", 0, "write the results as JUnit XML", 0},
    {"quiet", OPT_QUIET, NULL, 0, "no tables", 0},
    {"verbose", OPT_VERBOSE, NULL, 0, "a full table for every test", 0},
    {"list", OPT_LIST, NULL, 0, "print the tests and the faults", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static const char help_text[] =
    "Run race tests: a few actors on one state, many thousand times over, and "
    "the outcomes counted and graded.\v"
    "Named tests print a full table; all of them together print a line each.\n"
    "A native run leaves the schedule to the machine: it cannot be replayed,\n"
    "only run again.  What a test is, and how to write one: "
    "docs/race-tests.md.\n\n"
    "Exit: 0 nothing forbidden was seen; 1 a forbidden outcome was seen (a\n"
    "crash or a hang of a test is one); 2 a test ended before its minimum of\n"
    "samples; 3 a test could not be run; 64 misuse.";

static int
read_plants(struct wr_stress_request *request, const char *text)
{
    char **pieces = wr_text_split(text);

    if (pieces == NULL) {
        return WR_MISUSE("--plant: '%s' names an empty fault", text);
    }
    for (size_t i = 0; pieces[i] != NULL; i++) {
        wr_argument_append(&request->plants, &request->nplants, pieces[i]);
    }
    wr_text_free_list(pieces);
    return 0;
}

static int
read_shard(struct wr_stress_request *request, const char *text)
{
    const char *slash = strchr(text, '/');
    char *first =
        slash == NULL ? NULL : wr_lab_print("%.*s", (int)(slash - text), text);
    uint64_t shard = 0;
    uint64_t shards = 0;
    bool good = first != NULL && wr_text_uint(slash + 1, 1, 1000, &shards) &&
                wr_text_uint(first, 1, shards, &shard);

    free(first);
    if (!good) {
        return WR_MISUSE("--shard: '%s' is not I/N with I from 1 to N", text);
    }
    request->shard = (unsigned)shard;
    request->shards = (unsigned)shards;
    return 0;
}

static int
parse_value(struct wr_stress_request *request, int key, char *text)
{
    switch (key) {
    case OPT_CELLS:
        return wr_argument_cells(&request->cells, &request->ncells, text);
    case OPT_BUDGET:
        return wr_argument_time(&request->budget_ns, "--budget", text);
    case OPT_TIMEOUT:
        return wr_argument_time(&request->timeout_ns, "--timeout", text);
    case OPT_SEED:
        return wr_argument_seed(&request->seed, text);
    case OPT_PLANT:
        return read_plants(request, text);
    case OPT_SHARD:
        return read_shard(request, text);
    case OPT_JSON:
        return wr_argument_path(&request->json, "--json", text);
    case OPT_JUNIT:
        return wr_argument_path(&request->junit, "--junit", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct wr_stress_request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        wr_argument_append(&request->tests, &request->ntests, text);
        return 0;
    case OPT_QUIET:
        request->quiet = true;
        return 0;
    case OPT_VERBOSE:
        request->verbose = true;
        return 0;
    case OPT_LIST:
        request->list = true;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir stress");
        exit(WR_EXIT_OK);
    default:
        return parse_value(request, key, text);
    }
}

bool
wr_stress_parse(int argc, char **argv, struct wr_stress_request *request,
                int *code)
{
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .args_doc = "[TEST...]",
                                     .doc = help_text};

    /* Short enough to be typed again. */
    *request =
        (struct wr_stress_request){.budget_ns = UINT64_C(20000000000),
                                   .timeout_ns = UINT64_C(10000000000),
                                   .seed = wr_random_entropy() % 1000000000,
                                   .shard = 1,
                                   .shards = 1};
    (void)wr_argument_cells(&request->cells, &request->ncells, "gil,atomic");
    *code = WR_EXIT_USAGE;
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, request) == 0;
}

void
wr_stress_request_free(struct wr_stress_request *request)
{
    wr_text_free_list(request->tests);
    wr_text_free_list(request->plants);
    free(request->cells);
    *request = (struct wr_stress_request){0};
}
