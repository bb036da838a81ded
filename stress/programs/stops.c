/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/stops.c - what it takes to stop threads that run.
 *
 * All threads go through the loop of the program checkpoint; the first one
 * stops the world again and again, by collecting where there is nothing to
 * collect.  So the time that a stop takes is the time until the last thread
 * stands, and the time it takes to let all of them go.  `weir contend` shows
 * both.
 */
#include "programs.h"

#include "work.h"

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t steps = (uint64_t)run->params[WR_STOPS_STEPS].number;
    uint64_t every = (uint64_t)run->params[WR_STOPS_EVERY].number;
    uint64_t next = worker->index == 0 ? every : UINT64_MAX;
    uint64_t x = worker->index;

    worker->ops = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = wr_work_step(x);
        (void)weir_checkpoint();
        if (i == next) {
            next += every;
            if (weir_gc_collect(0) < 0) {
                return weir_error();
            }
        }
    }
    worker->checksum = x;
    return 0;
}

WEIR_PROGRAM_NAMED(
    wr_program_stops, .name = "stops",
    .summary = "running threads, stopped again and again: time to safepoint",
    .help = "Models threads that compute while one of them needs the world "
            "stopped.\nAn operation is one step of a generator of random "
            "numbers and one checkpoint; the\nfirst thread collects after "
            "every so many, with nothing to collect.\nChecked: the last number "
            "of each thread.",
    .params = wr_params_stops, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .work = work, .check = wr_work_sum_checksums);
