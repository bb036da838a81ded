/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/cheater.c - who lets go just before being asked.
 *
 * A lock that favours threads which come back from blocking can be fooled: one
 * that computes all the time gives the lock up just before its time is over,
 * blocks for no time at all, and is taken for a thread that waits for input.
 * Beside it an honest one computes.  A fair lock gives each a half.
 */
#include "programs.h"

#include <stdlib.h>

#include "base/clock.h"
#include "units.h"
#include "work.h"

enum { PERIOD, MS };

/* The threads. */
enum { CHEATER, HONEST, THREADS };

static const struct weir_program_param params[] = {
    [PERIOD] = {.name = "period",
                .initial = "4500",
                .unit = "microseconds",
                .help = "how long the cheater computes before it lets go; a "
                        "little less than the lock's interval",
                .min = 1,
                .max = 60000000},
    [MS] = {.name = "ms",
            .initial = "2000",
            .unit = "milliseconds",
            .help = "how long both go on",
            .min = 1,
            .max = 3600000},
    {.name = NULL},
};

struct game { /* SHARED */
    /* [atomic: cas relaxed by the first thread that works; read relaxed] the
     * clock then; 0: none does yet */
    uint64_t start_ns;
};

static uint32_t
threads(const struct weir_program_value *values)
{
    (void)values;
    return THREADS;
}

static int
setup(struct weir_run *run)
{
    run->data = calloc(1, sizeof(struct game));
    return run->data == NULL ? WEIR_ENOMEM : 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    struct wr_units *units = calloc(1, sizeof(struct wr_units));

    (void)run;
    worker->data = units;
    worker->role = worker->index == CHEATER ? "cheater" : "honest";
    return units == NULL ? WEIR_ENOMEM : wr_units_make(units);
}

/* Compute, and let go when a period is over, counted from having come back. */
static int
cheat(struct wr_units *units, uint64_t period, uint64_t deadline)
{
    int error = 0;

    while (error == 0 && wr_clock_ns() < deadline) {
        uint64_t over = wr_clock_ns() + period;

        error = wr_units_until(units, over < deadline ? over : deadline);
        (void)weir_blocking_begin();
        (void)weir_blocking_end();
    }
    return error;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    struct game *game = run->data;
    struct wr_units *units = worker->data;
    uint64_t period = (uint64_t)run->params[PERIOD].number * 1000;
    uint64_t none = 0;
    uint64_t deadline;
    int error;

    (void)weir_cas_relaxed(&game->start_ns, &none, wr_clock_ns());
    deadline = weir_load_relaxed(&game->start_ns) +
               (uint64_t)run->params[MS].number * 1000000;
    error = worker->index == CHEATER ? cheat(units, period, deadline)
                                     : wr_units_until(units, deadline);
    worker->ops = units->done;
    return error;
}

static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct wr_units *units = worker->data;
    bool right = true;

    (void)run;
    if (units == NULL) {
        return 0;
    }
    if (units->list != NULL) {
        right = wr_units_right(units);
        worker->checksum = wr_units_checksum(units);
        wr_units_drop(units);
    }
    free(units);
    worker->data = NULL;
    return right ? 0 : weir_worker_fail(worker, "a unit of work was lost");
}

static int
check(struct weir_run *run)
{
    return wr_work_sum_checksums(run);
}

static void
teardown(struct weir_run *run)
{
    free(run->data);
}

WEIR_PROGRAM_NAMED(
    wr_program_cheater, .name = "cheater",
    .summary = "a thread that lets go just before its time is over, and an "
               "honest one",
    .help = "Models a program that is tuned to the lock's interval.  Two "
            "threads compute; the\ncheater gives up the lock after every "
            "period, by blocking for no time, the honest\none only when "
            "asked.  An operation is a unit of about 100 ns.\nChecked: every "
            "unit.",
    .params = params, .flags = WEIR_PROGRAM_TIMED, .threads_max = THREADS,
    .setup = setup, .prepare = prepare, .work = work, .settle = settle,
    .check = check, .teardown = teardown, .threads = threads);
