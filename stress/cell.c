/* SPDX-License-Identifier: MIT */
/*
 * stress/cell.c - weir-cell-<flavour>: run one program once, write one record.
 *
 * One process per run: a crash or a leak harms no other run, and no run finds
 * the heap that another one left.  The main thread is attached while it sets
 * up and checks, and detached while the workers run.  Exit status 0 says that
 * a record was written, whatever it says; 64, that the command line makes no
 * sense.
 *
 * Read first: weir/program.h for the order of calls.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>
#include <weir/account.h>
#include <weir/program.h>

#include "cell_account.h"
#include "cell_program.h"
#include "cell_stats.h"
#include "collect/measure.h"
#include "memcap.h"
#include "options.h"
#include "params.h"
#include "record.h"
#include "runner.h"

/* Everything about this one run. */
struct cell {
    struct wr_options options;
    const struct weir_program *program;
    struct weir_run run;
    struct wr_record_cell cell;
    struct wr_gc_totals gc_before;
    struct wr_gc_totals gc_after;
    struct wr_runner_times times;

    /* with --account: what was noted, and what became of it */
    struct wr_cell_account account;
    json_t *account_json;

    /* with --events */
    FILE *events;
};

static int
list_programs(const struct wr_options *options)
{
    const struct weir_program *program;

    if (!wr_bench_list(options->out_fd)) {
        return EXIT_FAILURE;
    }
    for (size_t n = 0; (program = wr_cell_nth(options, n)) != NULL; n++) {
        uint32_t limit = wr_cell_threads_max(program, options->gil);

        if (!wr_record_write(wr_record_program(program, limit),
                             options->out_fd)) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

/* WEIR_ACCOUNT_*. */
static int
account_level(const struct wr_options *options)
{
    if (options->account == NULL) {
        return WEIR_ACCOUNT_OFF;
    }
    return strcmp(options->account, "events") == 0 ? WEIR_ACCOUNT_EVENTS
                                                   : WEIR_ACCOUNT_FIGURES;
}

/* Settings that contradict each other or this flavour; no return then. */
static void
check_settings(const struct wr_options *options)
{
    bool locked = wr_cell_always_locked() || options->gil;

    if (options->policy != NULL && !locked) {
        wr_usage_error("--policy %s: %s runs without the lock; add --gil",
                       options->policy, WR_FLAVOUR_NAME);
    }
    if (options->interval_us >= 0 && !locked) {
        wr_usage_error("--interval: %s runs without the lock; add --gil",
                       WR_FLAVOUR_NAME);
    }
    if (options->events != NULL &&
        account_level(options) < WEIR_ACCOUNT_EVENTS) {
        wr_usage_error("--events %s: needs --account events", options->events);
    }
    if (options->account != NULL && options->collect != NULL) {
        wr_usage_error("--account: not with --collect");
    }
}

/* More threads than the program can use here; no return then. */
static void
check_threads(const struct cell *cell)
{
    const struct wr_options *options = &cell->options;
    bool locked = wr_cell_always_locked() || options->gil;
    uint32_t limit = wr_cell_threads_max(cell->program, locked);

    if (limit != 0 && options->threads > limit) {
        wr_usage_error("--threads %u: %s uses at most %u in this cell",
                       options->threads, cell->program->name, limit);
    }
}

/* Another number of threads than its parameters ask for; no return then. */
static void
check_fixed_threads(const struct weir_run *run)
{
    uint32_t (*fixed)(const struct weir_program_value *) =
        run->program->threads;

    if (fixed != NULL && fixed(run->params) != run->threads) {
        wr_usage_error("--threads %u: %s takes %u with these parameters",
                       run->threads, run->program->name, fixed(run->params));
    }
}

static void
prepare_run(struct cell *cell)
{
    const struct wr_options *options = &cell->options;
    struct weir_run *run = &cell->run;
    char message[256];

    run->program = cell->program;
    run->threads = options->threads;
    run->seed = options->seed;
    run->lost_updates = -1;
    run->params = wr_params_parse(cell->program->params, options->params,
                                  options->nparams, message, sizeof(message));
    if (run->params == NULL) {
        wr_usage_error("%s", message);
    }
    check_fixed_threads(run);
    run->workers = calloc(run->threads, sizeof(struct weir_worker));
    if (run->workers == NULL) {
        fprintf(stderr, "no memory\n");
        exit(EXIT_FAILURE);
    }
}

/* Make room for the account, and open its file; no return when that fails. */
static void
prepare_account(struct cell *cell)
{
    const struct wr_options *options = &cell->options;

    if (options->account == NULL) {
        return;
    }
    if (!wr_cell_account_init(&cell->account, options->threads)) {
        fprintf(stderr, "no memory\n");
        exit(EXIT_FAILURE);
    }
    if (options->events != NULL) {
        cell->events = fopen(options->events, "we");
        if (cell->events == NULL) {
            wr_usage_error("--events %s: %s", options->events, strerror(errno));
        }
    }
}

/* Start the runtime as the options say; no return when it cannot be. */
static void
start_runtime(struct cell *cell)
{
    const struct wr_options *options = &cell->options;
    weir_config config;
    int error;

    weir_config_init(&config);
    config.lock_policy = options->policy;
    config.gil = options->gil;
    config.gc_disabled = options->nogc;
    config.account = account_level(options);
    if (options->interval_us > 0) {
        config.switch_interval_us = (uint64_t)options->interval_us;
    }
    error = weir_start(&config);
    if (error == WEIR_EINVAL && options->policy != NULL) {
        wr_usage_error("--policy %s: no such policy", options->policy);
    }
    if (error != 0) {
        fprintf(stderr, "the runtime does not start: %s\n",
                weir_strerror(error));
        exit(EXIT_FAILURE);
    }
}

/* Set the triggers and note what the runtime really runs with. */
static void
describe_cell(struct cell *cell)
{
    const char *policy = weir_lock_policy();
    int64_t thresholds[WEIR_GC_GENERATIONS] = {0, 0, 0};

    (void)weir_gc_get_threshold(thresholds);
    if (cell->options.t0 >= 0) {
        thresholds[0] = cell->options.t0;
        (void)weir_gc_set_threshold(thresholds[0], thresholds[1],
                                    thresholds[2]);
    }
    if (cell->options.bytes >= 0) {
        (void)weir_gc_set_bytes(cell->options.bytes);
    }
    cell->cell.flavour = WR_FLAVOUR_NAME;
    cell->cell.gil = strcmp(policy, "none") != 0;
    cell->cell.lock = cell->cell.gil ? policy : NULL;
    cell->cell.gc = weir_gc_is_enabled();
    cell->cell.t0 = thresholds[0];
    cell->cell.bytes = weir_gc_get_bytes();
}

static void
leave(void)
{
    (void)weir_detach();
}

static void
entered(void *context, uint32_t worker)
{
    struct cell *cell = context;

    if (cell->options.account != NULL) {
        wr_cell_account_note(&cell->account, worker);
    }
}

/* What the account says of the run that has just ended.  Events that cannot
 * be written end the process: nobody would look for them in vain later. */
static void
close_account(struct cell *cell)
{
    if (cell->options.account == NULL) {
        return;
    }
    cell->account_json = wr_cell_account_json(&cell->account, &cell->run);
    if (cell->events != NULL &&
        (wr_cell_account_write_events(cell->events) != 0 ||
         fclose(cell->events) != 0)) {
        fprintf(stderr, "cannot write %s\n", cell->options.events);
        exit(EXIT_FAILURE);
    }
    cell->events = NULL;
}

/* Setup, workers, check; 0 or what went wrong. */
static int
run_program(struct cell *cell)
{
    static const struct wr_runner_hooks hooks = {
        .enter = weir_attach,
        .entered = entered,
        .leave = leave,
        .pause = weir_blocking_begin,
        .resume = weir_blocking_end,
    };
    const struct weir_program *program = cell->program;
    struct weir_run *run = &cell->run;
    int error = program->setup == NULL ? 0 : program->setup(run);

    wr_gc_totals_read(&cell->gc_before);
    cell->gc_after = cell->gc_before;
    if (error != 0) {
        return error;
    }
    wr_cell_account_begin(&cell->account);
    (void)weir_blocking_begin();
    error = wr_runner_run(run, &hooks, cell, &cell->times);
    (void)weir_blocking_end();
    wr_gc_totals_read(&cell->gc_after);
    close_account(cell);
    if (error != 0) {
        return error;
    }
    return program->check == NULL ? 0 : program->check(run);
}

/* Say on stderr why a run failed. */
static void
explain(const struct weir_run *run, int error)
{
    const char *reason = run->failure;

    for (uint32_t i = 0; i < run->threads && reason == NULL; i++) {
        reason = run->workers[i].failure;
    }
    if (reason == NULL) {
        reason = error < 0 ? weir_strerror(error) : "no reason given";
    }
    fprintf(stderr, "%s: %s\n", run->program->name, reason);
}

/*
 * The status of a run that returned `error`.  Counts that were lost are what
 * the racy flavour is there to show, and a failure everywhere else.
 */
static const char *
judge(struct cell *cell, int error)
{
    bool racy = wr_cfg_parallel && !wr_cfg_locked_objects;
    struct weir_run *run = &cell->run;

    if (error == 0 && run->lost_updates > 0 && !racy) {
        error = weir_program_fail(run, "reference counts were lost");
    }
    if (error == 0) {
        return "ok";
    }
    explain(run, error);
    return error == WEIR_ENOMEM ? "memory-cap" : "check-failed";
}

/* Called by the watching thread while the others still run. */
static int
cap_exceeded(void *context)
{
    struct cell *cell = context;
    struct wr_record_run record = {
        .cell = cell->cell,
        .run = &cell->run,
        .lost_updates = -1,
        .status = "memory-cap",
    };

    return wr_record_write(wr_record_run(&record), cell->options.out_fd)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

/* Write the record of a run that came to its end. */
static bool
report(struct cell *cell, int error)
{
    bool racy = wr_cfg_parallel && !wr_cfg_locked_objects;
    struct wr_record_run record = {.cell = cell->cell, .run = &cell->run};

    wr_memcap_stop();
    record.status = judge(cell, error);
    if (error == 0) {
        record.times = &cell->times;
        record.has_checksum = !racy;
    }
    record.lost_updates = cell->run.lost_updates;
    record.gc = wr_gc_json(&cell->gc_before, &cell->gc_after);
    record.lock_stats = wr_lock_json();
    record.account = cell->account_json;
    return wr_record_write(wr_record_run(&record), cell->options.out_fd);
}

/* A graph of the collector benchmark instead of a program. */
static int
run_collect(struct cell *cell)
{
    int status;

    start_runtime(cell);
    describe_cell(cell);
    /* The measurement switches it on and off; this is what the cell says. */
    cell->cell.gc = !cell->options.nogc;
    status = wr_collect_run(&cell->options, &cell->cell);
    (void)weir_stop();
    return status;
}

int
main(int argc, char **argv)
{
    static struct cell cell;
    bool written;
    int error;

    wr_options_read(&cell.options, WR_OPTIONS_CELL, argc, argv);
    if (cell.options.list) {
        return list_programs(&cell.options);
    }
    check_settings(&cell.options);
    if (cell.options.collect != NULL) {
        return run_collect(&cell);
    }
    cell.program = wr_cell_find(&cell.options);
    check_threads(&cell);
    prepare_run(&cell);
    prepare_account(&cell);
    start_runtime(&cell);
    describe_cell(&cell);
    if (cell.options.mem_cap > 0 &&
        !wr_memcap_start((uint64_t)cell.options.mem_cap, cap_exceeded, &cell)) {
        fprintf(stderr, "cannot start the thread that watches memory\n");
        return EXIT_FAILURE;
    }
    error = run_program(&cell);
    written = report(&cell, error);
    if (cell.program->teardown != NULL) {
        cell.program->teardown(&cell.run);
    }
    (void)weir_stop();
    free((void *)(uintptr_t)cell.run.params);
    free(cell.run.workers);
    wr_cell_account_free(&cell.account);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
