/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/checkpoint.c - what a checkpoint costs when nothing waits.
 *
 * Each step of the loop depends on the one before, as in the inner loop of an
 * interpreter; the peer `loop` is the same loop without the checkpoint, so
 * the difference of the two is what a checkpoint adds.
 */
#include "programs.h"

#include "work.h"

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t steps = (uint64_t)run->params[WR_CHECKPOINT_STEPS].number;
    uint64_t x = worker->index;

    worker->ops = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = wr_work_step(x);
        (void)weir_checkpoint();
    }
    worker->checksum = x;
    return 0;
}

WEIR_PROGRAM_NAMED(
    wr_program_checkpoint, .name = "checkpoint",
    .summary = "checkpoints with nothing pending: the price of being asked",
    .help = "Models the loop of an interpreter that does next to nothing.\n"
            "An operation is one step of a generator of random numbers and one "
            "checkpoint.\nChecked: the last number of each thread.",
    .params = wr_params_checkpoint, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .work = work, .check = wr_work_sum_checksums);
