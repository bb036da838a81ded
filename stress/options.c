/* SPDX-License-Identifier: MIT */
/*
 * stress/options.c - what `weir` tells a child to run.
 */
#include "config.h"

#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "params.h"
#include "runner.h"

enum option_code {
    OPTION_LIST = 256,
    OPTION_PROGRAM,
    OPTION_THREADS,
    OPTION_SEED,
    OPTION_PARAM,
    OPTION_COLLECT,
    OPTION_OUT_FD,
    OPTION_IMPL,
    OPTION_LOAD,
    OPTION_POLICY,
    OPTION_GIL,
    OPTION_NOGC,
    OPTION_T0,
    OPTION_BYTES,
    OPTION_INTERVAL,
    OPTION_MEM_CAP,
    OPTION_ACCOUNT,
    OPTION_EVENTS,
    OPTION_TEST,
    OPTION_PLANT,
    OPTION_BUDGET,
    OPTION_HANG,
    OPTION_UNTIL_FOUND
};

/* Of all kinds of children; the functions below say whose is which. */
static const struct option all_options[] = {
    {"list", no_argument, NULL, OPTION_LIST},
    {"program", required_argument, NULL, OPTION_PROGRAM},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"param", required_argument, NULL, OPTION_PARAM},
    {"collect", required_argument, NULL, OPTION_COLLECT},
    {"out-fd", required_argument, NULL, OPTION_OUT_FD},
    {"impl", required_argument, NULL, OPTION_IMPL},
    {"load", required_argument, NULL, OPTION_LOAD},
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"gil", no_argument, NULL, OPTION_GIL},
    {"nogc", no_argument, NULL, OPTION_NOGC},
    {"t0", required_argument, NULL, OPTION_T0},
    {"bytes", required_argument, NULL, OPTION_BYTES},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"mem-cap", required_argument, NULL, OPTION_MEM_CAP},
    {"account", required_argument, NULL, OPTION_ACCOUNT},
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"test", required_argument, NULL, OPTION_TEST},
    {"plant", required_argument, NULL, OPTION_PLANT},
    {"budget-ms", required_argument, NULL, OPTION_BUDGET},
    {"hang-ms", required_argument, NULL, OPTION_HANG},
    {"until-found", no_argument, NULL, OPTION_UNTIL_FOUND},
    {NULL, 0, NULL, 0},
};

void
wr_usage_error(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(WR_EXIT_USAGE);
}

static const char *
option_name(int code)
{
    for (size_t i = 0; all_options[i].name != NULL; i++) {
        if (all_options[i].val == code) {
            return all_options[i].name;
        }
    }
    return "?";
}

static int64_t
number(int code, int64_t min, int64_t max)
{
    int64_t value;

    if (!wr_parse_int(optarg, min, max, &value)) {
        wr_usage_error("--%s %s: must be a number from %lld to %lld",
                       option_name(code), optarg, (long long)min,
                       (long long)max);
    }
    return value;
}

/* One more of an option that may be given often. */
static void
add_text(const char **texts, size_t *n, int code)
{
    if (*n == WR_OPTIONS_PARAMS_MAX) {
        wr_usage_error("--%s %s: more than %d of them", option_name(code),
                       optarg, WR_OPTIONS_PARAMS_MAX);
    }
    texts[(*n)++] = optarg;
}

static void
set_out_fd(struct wr_options *options)
{
    options->out_fd = (int)number(OPTION_OUT_FD, 0, INT32_MAX);
    if (fcntl(options->out_fd, F_GETFD) < 0) {
        wr_usage_error("--out-fd %s: not open", optarg);
    }
}

/* An option that all kinds know; false: it is none. */
static bool
set_common(struct wr_options *options, int code)
{
    switch (code) {
    case OPTION_LIST:
        options->list = true;
        return true;
    case OPTION_SEED:
        options->seed = (uint64_t)number(code, 0, INT64_MAX);
        return true;
    case OPTION_OUT_FD:
        set_out_fd(options);
        return true;
    default:
        return false;
    }
}

/* An option of what runs a program; false: it is none. */
static bool
set_program(struct wr_options *options, int code)
{
    switch (code) {
    case OPTION_PROGRAM:
        options->program = optarg;
        return true;
    case OPTION_THREADS:
        options->threads = (uint32_t)number(code, 1, WR_RUNNER_THREADS_MAX);
        return true;
    case OPTION_PARAM:
        add_text(options->params, &options->nparams, code);
        return true;
    case OPTION_COLLECT:
        options->collect = optarg;
        return true;
    default:
        return false;
    }
}

/* An option of what starts the runtime; false: it is none. */
static bool
set_runtime(struct wr_options *options, int code)
{
    switch (code) {
    case OPTION_POLICY:
        options->policy = optarg;
        return true;
    case OPTION_GIL:
        options->gil = true;
        return true;
    case OPTION_NOGC:
        options->nogc = true;
        return true;
    case OPTION_T0:
        options->t0 = number(code, 0, INT64_C(1000000000000));
        return true;
    case OPTION_BYTES:
        options->bytes = number(code, 0, INT64_MAX);
        return true;
    case OPTION_INTERVAL:
        options->interval_us = number(code, 1, 60000000);
        return true;
    default:
        return false;
    }
}

static void
set_account(struct wr_options *options)
{
    if (strcmp(optarg, "figures") != 0 && strcmp(optarg, "events") != 0) {
        wr_usage_error("--account %s: must be figures or events", optarg);
    }
    options->account = optarg;
}

/* An option that only a cell knows; false: it is none. */
static bool
set_cell(struct wr_options *options, int code)
{
    switch (code) {
    case OPTION_LOAD:
        options->load = optarg;
        return true;
    case OPTION_MEM_CAP:
        options->mem_cap = number(code, 1, INT64_MAX);
        return true;
    case OPTION_ACCOUNT:
        set_account(options);
        return true;
    case OPTION_EVENTS:
        options->events = optarg;
        return true;
    default:
        return false;
    }
}

/* An option that only the race tests know; false: it is none. */
static bool
set_race(struct wr_options *options, int code)
{
    switch (code) {
    case OPTION_TEST:
        options->test = optarg;
        return true;
    case OPTION_PLANT:
        add_text(options->plants, &options->nplants, code);
        return true;
    case OPTION_BUDGET:
        options->budget_ms = number(code, 1, INT32_MAX);
        return true;
    case OPTION_HANG:
        options->hang_ms = number(code, 0, INT32_MAX);
        return true;
    case OPTION_UNTIL_FOUND:
        options->until_found = true;
        return true;
    default:
        return false;
    }
}

static bool
set_impl(struct wr_options *options, int code)
{
    if (code != OPTION_IMPL) {
        return false;
    }
    options->impl = optarg;
    return true;
}

static void
set_option(struct wr_options *options, enum wr_options_kind kind, int code,
           char **argv)
{
    static const struct {
        unsigned kinds;
        bool (*set)(struct wr_options *options, int code);
    } groups[] = {
        {WR_OPTIONS_CELL | WR_OPTIONS_PEER | WR_OPTIONS_RACE, set_common},
        {WR_OPTIONS_CELL | WR_OPTIONS_PEER, set_program},
        {WR_OPTIONS_CELL | WR_OPTIONS_RACE, set_runtime},
        {WR_OPTIONS_CELL, set_cell},
        {WR_OPTIONS_PEER, set_impl},
        {WR_OPTIONS_RACE, set_race},
    };
    const char *given = argv[optind - 1];

    if (code == '?') {
        wr_usage_error("%s: no such option", given);
    }
    if (code == ':') {
        wr_usage_error("%s: needs a value", given);
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if ((groups[i].kinds & kind) != 0 && groups[i].set(options, code)) {
            return;
        }
    }
    wr_usage_error("--%s: no such option", option_name(code));
}

/* What a child of this kind cannot do without. */
static void
check_required(const struct wr_options *options, enum wr_options_kind kind)
{
    if (kind == WR_OPTIONS_RACE) {
        if (options->test == NULL) {
            wr_usage_error("--test: missing");
        }
        return;
    }
    if (options->collect != NULL) {
        return;
    }
    if (kind == WR_OPTIONS_PEER && options->impl == NULL) {
        wr_usage_error("--impl: missing");
    }
    if (options->program == NULL && options->load == NULL) {
        wr_usage_error("--program: missing");
    }
}

void
wr_options_read(struct wr_options *options, enum wr_options_kind kind, int argc,
                char **argv)
{
    int code;

    memset(options, 0, sizeof(*options));
    options->threads = 1;
    options->seed = 1;
    options->out_fd = STDOUT_FILENO;
    options->t0 = -1;
    options->bytes = -1;
    options->interval_us = -1;
    options->mem_cap = -1;
    options->budget_ms = 500;
    options->hang_ms = 10000;
    opterr = 0;
    /* The ':' in front asks for ':' on a missing value; '+' for no sorting. */
    while ((code = getopt_long(argc, argv, "+:", all_options, NULL)) != -1) {
        set_option(options, kind, code, argv);
    }
    if (optind < argc) {
        wr_usage_error("%s: unexpected argument", argv[optind]);
    }
    if (!options->list) {
        check_required(options, kind);
    }
}
