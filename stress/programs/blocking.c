/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/blocking.c - what it costs to let go and come back.
 *
 * Each step of the loop depends on the one before; between the steps stands a
 * blocking section in which nothing blocks.  The peer `two-cas` is the same
 * loop with two compare-and-swaps of a word of its own: less it cannot cost,
 * since letting go and coming back are each one atomic step that may fail.
 */
#include "programs.h"

#include "work.h"

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t steps = (uint64_t)run->params[WR_BLOCKING_STEPS].number;
    uint64_t x = worker->index;
    int error = 0;

    worker->ops = steps;
    for (uint64_t i = 0; i < steps && error == 0; i++) {
        x = wr_work_step(x);
        error = weir_blocking_begin();
        if (error == 0) {
            error = weir_blocking_end();
        }
    }
    worker->checksum = x;
    return error;
}

WEIR_PROGRAM_NAMED(
    wr_program_blocking, .name = "blocking",
    .summary = "blocking sections in which nothing blocks: release, acquire",
    .help = "Models calls into the system that come back at once.\n"
            "An operation is one step of a generator of random numbers and one "
            "blocking section:\nthe thread lets go of the lock, if there is "
            "one, and takes it again.\nChecked: the last number of each "
            "thread.",
    .params = wr_params_blocking, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .work = work, .check = wr_work_sum_checksums);
