/* SPDX-License-Identifier: MIT */
/*
 * stress/races/main.c - weir-race-<flavour>: run one race test, write records.
 *
 * The `weir` command starts it once per test and cell.  Records are written as
 * the run goes on, each with everything up to then: after a crash the last one
 * says what had been seen.  Exit status 0 says that a final record was
 * written, whatever it says; 64, that the command line makes no sense; runner.h
 * has the others.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#include "../options.h"
#include "../record.h"
#include "report.h"
#include "runner.h"
#include "signals.h"

static struct wr_race_report report;

static void
write_interim(const struct wr_race_tally *tally)
{
    (void)wr_record_write(wr_race_record(&report, tally, "running"),
                          report.options->out_fd);
}

/* Every test and every plant, one record each; a broken table is misuse. */
static int
list_all(const struct wr_options *options)
{
    const struct race_test *test;
    const struct wr_plant_info *plant;

    for (size_t n = 0; (test = wr_race_nth(n)) != NULL; n++) {
        const char *fault = wr_race_fault(test);

        if (fault != NULL) {
            wr_usage_error("%s: %s", test->name, fault);
        }
        if (!wr_record_write(wr_race_list_test(test), options->out_fd)) {
            return RACE_EXIT_UNABLE;
        }
    }
    for (size_t n = 0; (plant = wr_plant_nth(n)) != NULL; n++) {
        if (!wr_record_write(wr_race_list_plant(plant), options->out_fd)) {
            return RACE_EXIT_UNABLE;
        }
    }
    return EXIT_SUCCESS;
}

/* What contradicts itself, or this flavour; no return then. */
static const struct race_test *
check_options(const struct wr_options *options)
{
    const struct race_test *test = wr_race_find(options->test);
    bool locked = !wr_cfg_parallel || options->gil;

    if (test == NULL) {
        wr_usage_error("--test %s: no such test", options->test);
    }
    for (size_t i = 0; i < options->nplants; i++) {
        if (!wr_plant_set(options->plants[i])) {
            wr_usage_error("--plant %s: no such fault", options->plants[i]);
        }
    }
    if (options->policy != NULL && !locked) {
        wr_usage_error("--policy %s: %s runs without the lock; add --gil",
                       options->policy, WR_FLAVOUR_NAME);
    }
    if (locked && (test->flags & RACE_PARALLEL) != 0) {
        wr_usage_error("--test %s: needs threads that run in parallel",
                       test->name);
    }
    return test;
}

/* Start the runtime as the options say; no return when it cannot be. */
static void
start_runtime(const struct wr_options *options)
{
    weir_config config;
    int error;

    weir_config_init(&config);
    config.lock_policy = options->policy;
    config.gil = options->gil;
    config.gc_disabled = options->nogc;
    config.hash_seed = options->seed == 0 ? 1 : options->seed;
    /* Waiters ask for the lock at once: that is where actors meet. */
    config.switch_interval_us =
        options->interval_us > 0 ? (uint64_t)options->interval_us : 5;
    error = weir_start(&config);
    if (error == WEIR_EINVAL && options->policy != NULL) {
        wr_usage_error("--policy %s: no such policy", options->policy);
    }
    if (error != 0) {
        fprintf(stderr, "the runtime does not start: %s\n",
                weir_strerror(error));
        exit(RACE_EXIT_UNABLE);
    }
    if (options->t0 >= 0) {
        (void)weir_gc_set_threshold(options->t0, 10, 10);
    }
    if (options->bytes >= 0) {
        (void)weir_gc_set_bytes(options->bytes);
    }
}

int
main(int argc, char **argv)
{
    static struct wr_options options;
    static struct wr_race_tally tally;
    struct wr_race_plan plan = {0};
    bool written;
    int error;

    wr_options_read(&options, WR_OPTIONS_RACE, argc, argv);
    if (options.list) {
        return list_all(&options);
    }
    plan.test = check_options(&options);
    plan.seed = options.seed;
    plan.budget_ns = (uint64_t)options.budget_ms * 1000000;
    plan.hang_ns = (uint64_t)options.hang_ms * 1000000;
    plan.until_found = options.until_found;
    wr_race_catch_crashes();
    report = (struct wr_race_report){
        .options = &options, .arm = &wr_race_arm_native, .test = plan.test};
    start_runtime(&options);
    wr_race_tally_start(&tally, plan.test);
    write_interim(&tally);
    error = report.arm->run(&plan, &tally, write_interim);
    if (error != 0) {
        fprintf(stderr, "cannot start the actors: %s\n", weir_strerror(error));
        return RACE_EXIT_UNABLE;
    }
    written =
        wr_record_write(wr_race_record(&report, &tally, "ok"), options.out_fd);
    (void)weir_stop();
    return written ? EXIT_SUCCESS : RACE_EXIT_UNABLE;
}
