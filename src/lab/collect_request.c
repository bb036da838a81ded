/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_request.c - the command line of `weir collect`.
 */
#include "lab/collect.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "lab/argument.h"
#include "lab/lab.h"
#include "lab/say.h"
#include "lab/text.h"

enum option_key {
    OPT_CELLS = 256,
    OPT_GRAPHS,
    OPT_OBJECTS,
    OPT_ORDER,
    OPT_STATE,
    OPT_GENERATION,
    OPT_ROOTS,
    OPT_LIVE_HEAP,
    OPT_YOUNG,
    OPT_RUNS,
    OPT_BUDGET,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_DELTA,
    OPT_PEERS,
    OPT_JSON,
    OPT_QUIET,
    OPT_HELP
};

static const struct argp_option option_table[] = {
    {"cells", OPT_CELLS, "LIST", 0, "cells to measure [gil,atomic]", 0},
    {"graphs", OPT_GRAPHS, "LIST", 0,
     "graphs; weir list shows them [all of them]", 0},
    {"objects", OPT_OBJECTS, "LIST", 0,
     "sizes, in objects; k and M mean thousands and millions [1M]", 0},
    {"order", OPT_ORDER, "LIST", 0,
     "build, shuffled: where the objects lie in memory [build,shuffled]", 0},
    {"state", OPT_STATE, "LIST", 0,
     "live, garbage: held, or dropped before the collection [live,garbage]", 0},
    {"generation", OPT_GENERATION, "LIST", 0,
     "full, young: what is collected [full,young]", 0},
    {"roots", OPT_ROOTS, "LIST", 0,
     "unknown, known: what is alive is held by C, or by a handle [unknown]", 0},
    {"live-heap", OPT_LIVE_HEAP, "N", 0,
     "old, live objects beside the graph [none in a full collection, as many "
     "as --objects in a young one]",
     0},
    {"young", OPT_YOUNG, "N", 0, "new objects of a young collection [2000]", 0},
    {"runs", OPT_RUNS, "N", 0,
     "exactly N invocations of each [6 to 9, by the budget]", 0},
    {"budget", OPT_BUDGET, "TIME", 0,
     "time for all of it: a number with ms, s or m [5m]", 0},
    {"timeout", OPT_TIMEOUT, "TIME", 0,
     "time after which one invocation is killed [120s]", 0},
    {"seed", OPT_SEED, "N", 0,
     "seed of the graphs, the order and the intervals [1]", 0},
    {"delta", OPT_DELTA, "PCT", 0,
     "differences up to PCT percent count as the same [3]", 0},
    {"peers", OPT_PEERS, NULL, 0,
     "the same graphs in python3, and in Boehm's collector if it was there "
     "when this was built",
     0},
    {"json", OPT_JSON, "FILE", 0,
     "write every record as a line of JSON; -: stdout, tables to stderr", 0},
    {"quiet", OPT_QUIET, NULL, 0, "no tables", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static const char help_text[] =
    "Measure the collector: graphs, live or garbage, full or young, and heaps\n"
    "in which collections come by themselves.\v"
    "Each invocation is a process that builds one graph, collects it, and\n"
    "checks that exactly the garbage is gone.  churn, grow and scale are\n"
    "heaps at work: 4 times --objects made and dropped in cycles of two "
    "beside\n"
    "--objects that live; a live heap that grows from --objects to 4 times\n"
    "that; and one that grows from a tenth to 10 times that.  A cell with\n"
    "+nogc takes part in these three only: what they cost without collecting.\n"
    "\n"
    "Exit: 0 measured; 1 a check failed; 3 a cell crashed, the rest was kept;\n"
    "64 misuse.";

/* A list of words, each of which is in `known`. */
static int
read_words(char ***out, const char *option, const char *text,
           const char *const *known)
{
    char **pieces = wr_text_split(text);

    if (pieces == NULL) {
        return WR_MISUSE("%s: '%s' has an empty word", option, text);
    }
    for (size_t i = 0; pieces[i] != NULL; i++) {
        size_t k = 0;

        while (known != NULL && known[k] != NULL &&
               strcmp(known[k], pieces[i]) != 0) {
            k++;
        }
        if (known != NULL && known[k] == NULL) {
            int error = WR_MISUSE("%s: '%s' is neither %s nor %s", option,
                                  pieces[i], known[0], known[1]);

            wr_text_free_list(pieces);
            return error;
        }
    }
    wr_text_free_list(*out);
    *out = pieces;
    return 0;
}

/* A number of objects: digits, then perhaps k or M. */
static bool
read_count(const char *text, uint64_t min, uint64_t *out)
{
    size_t n = strlen(text);
    uint64_t unit = 1;
    char *digits;
    uint64_t value;
    bool good;

    if (n > 1 && (text[n - 1] == 'k' || text[n - 1] == 'M')) {
        unit = text[n - 1] == 'k' ? 1000 : 1000000;
        n--;
    }
    digits = wr_lab_print("%.*s", (int)n, text);
    good = wr_text_uint(digits, 0, UINT64_C(200000000) / unit, &value) &&
           value * unit >= min;
    free(digits);
    if (good) {
        *out = value * unit;
    }
    return good;
}

static int
read_objects(struct wr_collect_request *request, const char *text)
{
    char **pieces = wr_text_split(text);
    int error = 0;

    if (pieces == NULL) {
        return WR_MISUSE("--objects: '%s' has an empty number", text);
    }
    request->nobjects = 0;
    for (size_t i = 0; pieces[i] != NULL && error == 0; i++) {
        uint64_t value = 0;

        request->objects =
            wr_lab_grow(request->objects, (i + 1) * sizeof(uint64_t));
        if (!read_count(pieces[i], 100, &value) || value > 20000000) {
            error = WR_MISUSE("--objects: '%s' is not a number from 100 to 20M",
                              pieces[i]);
        }
        request->objects[request->nobjects++] = value;
    }
    wr_text_free_list(pieces);
    return error;
}

static int
read_number(struct wr_collect_request *request, int key, const char *text)
{
    uint64_t value;

    if (key == OPT_LIVE_HEAP) {
        if (!read_count(text, 0, &value)) {
            return WR_MISUSE("--live-heap: '%s' is not a number up to 200M",
                             text);
        }
        request->live_heap = (int64_t)value;
        return 0;
    }
    return read_count(text, 2, &request->young)
               ? 0
               : WR_MISUSE("--young: '%s' is not a number from 2 to 200M",
                           text);
}

/* What a graph is like. */
static int
parse_case(struct wr_collect_request *request, int key, char *text)
{
    static const char *const orders[] = {"build", "shuffled", NULL};
    static const char *const states[] = {"live", "garbage", NULL};
    static const char *const generations[] = {"full", "young", NULL};
    static const char *const roots[] = {"unknown", "known", NULL};

    switch (key) {
    case OPT_GRAPHS:
        return read_words(&request->graphs, "--graphs", text, NULL);
    case OPT_OBJECTS:
        return read_objects(request, text);
    case OPT_ORDER:
        return read_words(&request->orders, "--order", text, orders);
    case OPT_STATE:
        return read_words(&request->states, "--state", text, states);
    case OPT_GENERATION:
        return read_words(&request->generations, "--generation", text,
                          generations);
    case OPT_ROOTS:
        return read_words(&request->roots, "--roots", text, roots);
    case OPT_LIVE_HEAP:
    case OPT_YOUNG:
        return read_number(request, key, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
parse_value(struct wr_collect_request *request, int key, char *text)
{
    switch (key) {
    case OPT_CELLS:
        return wr_argument_cells(&request->cells, &request->ncells, text);
    case OPT_RUNS:
        return wr_argument_runs(&request->runs, text);
    case OPT_BUDGET:
        return wr_argument_time(&request->budget_ns, "--budget", text);
    case OPT_TIMEOUT:
        return wr_argument_time(&request->timeout_ns, "--timeout", text);
    case OPT_SEED:
        return wr_argument_seed(&request->seed, text);
    case OPT_DELTA:
        return wr_text_percent(text, &request->delta)
                   ? 0
                   : WR_MISUSE("--delta: '%s' is not a percentage", text);
    case OPT_JSON:
        return wr_argument_path(&request->json, "--json", text);
    default:
        return parse_case(request, key, text);
    }
}

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct wr_collect_request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        return WR_MISUSE("collect: unexpected argument '%s'", text);
    case OPT_PEERS:
        request->peers = true;
        return 0;
    case OPT_QUIET:
        request->quiet = true;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir collect");
        exit(WR_EXIT_OK);
    default:
        return parse_value(request, key, text);
    }
}

/* What the parts do not see by themselves. */
static bool
check(const struct wr_collect_request *request)
{
    for (size_t i = 0; i < request->ncells; i++) {
        if (request->cells[i].flavour->grows) {
            wr_say("--cells: %s never collects",
                   request->cells[i].flavour->name);
            return false;
        }
    }
    return true;
}

bool
wr_collect_parse(int argc, char **argv, struct wr_collect_request *request,
                 int *code)
{
    static const struct argp argp = {
        .options = option_table, .parser = parse_option, .doc = help_text};

    *request = (struct wr_collect_request){.live_heap = -1,
                                           .young = 2000,
                                           .budget_ns = UINT64_C(300000000000),
                                           .timeout_ns = UINT64_C(120000000000),
                                           .seed = 1,
                                           .delta = 0.03};
    (void)wr_argument_cells(&request->cells, &request->ncells, "gil,atomic");
    (void)read_objects(request, "1M");
    request->orders = wr_text_split("build,shuffled");
    request->states = wr_text_split("live,garbage");
    request->generations = wr_text_split("full,young");
    request->roots = wr_text_split("unknown");
    *code = WR_EXIT_USAGE;
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, request) == 0 &&
           check(request);
}

void
wr_collect_request_free(struct wr_collect_request *request)
{
    wr_text_free_list(request->graphs);
    wr_text_free_list(request->orders);
    wr_text_free_list(request->states);
    wr_text_free_list(request->generations);
    wr_text_free_list(request->roots);
    free(request->objects);
    free(request->cells);
    *request = (struct wr_collect_request){0};
}
