/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/loop.c - the loops of the programs checkpoint and blocking, one
 * without any and one with the least that could be there instead.
 */
#include "peer.h"

#include <stdatomic.h>

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

/* The program blocking: a word of the thread's own goes from 0 to 1, and back.
 */
static int
swap(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t steps = (uint64_t)run->params[WR_BLOCKING_STEPS].number;
    uint64_t x = worker->index;
    _Alignas(64) _Atomic uint32_t word = 0;
    uint64_t failed = 0;

    worker->ops = steps;
    for (uint64_t i = 0; i < steps; i++) {
        uint32_t off = 0;
        uint32_t on = 1;

        x = wr_work_step(x);
        failed += !atomic_compare_exchange_strong(&word, &off, 1);
        failed += !atomic_compare_exchange_strong(&word, &on, 0);
    }
    worker->checksum = x + failed;
    return 0;
}

const struct wr_peer wr_peers_loop[] = {
    {.impl = "loop",
     .against = "gil",
     .program = {.name = "checkpoint",
                 .params = wr_params_checkpoint,
                 .work = work,
                 .check = wr_work_sum_checksums}},
    {.impl = "two-cas",
     .against = "gil",
     .program = {.name = "blocking",
                 .params = wr_params_blocking,
                 .work = swap,
                 .check = wr_work_sum_checksums}},
};

const size_t wr_peers_loop_count =
    sizeof(wr_peers_loop) / sizeof(wr_peers_loop[0]);
