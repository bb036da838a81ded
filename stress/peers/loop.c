/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/loop.c - the loop of the program checkpoint, without any.
 */
#include "peer.h"

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t steps = (uint64_t)run->params[WR_CHECKPOINT_STEPS].number;
    uint64_t x = worker->index;

    worker->ops = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = wr_work_step(x);
        weir_program_keep((void *)(uintptr_t)x);
    }
    worker->checksum = x;
    return 0;
}

const struct wr_peer wr_peers_loop[] = {
    {.impl = "loop",
     .against = "gil",
     .program = {.name = "checkpoint",
                 .params = wr_params_checkpoint,
                 .work = work,
                 .check = wr_work_sum_checksums}},
};

const size_t wr_peers_loop_count =
    sizeof(wr_peers_loop) / sizeof(wr_peers_loop[0]);
