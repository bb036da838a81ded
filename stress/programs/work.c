/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/work.c - what a program and its peers must agree on.
 */
#include "work.h"

#include <stdlib.h>

const struct weir_program_param wr_params_refs_private[] = {
    [WR_REFS_PRIVATE_PAIRS] = {.name = "pairs",
                               .initial = "40000000",
                               .unit = "pairs per thread",
                               .help = "how many incref+decref pairs",
                               .min = 1,
                               .max = INT64_C(1000000000000)},
    [WR_REFS_PRIVATE_OBJECTS] = {.name = "objects",
                                 .initial = "64",
                                 .unit = "objects per thread",
                                 .help = "objects taken in turn",
                                 .min = 1,
                                 .max = 10000000},
    [WR_REFS_PRIVATE_MODE] = {.name = "mode",
                              .initial = "own",
                              .help = "own: counted; immortal: the objects "
                                      "were made immortal",
                              .words = "own|immortal"},
    {.name = NULL},
};

const struct weir_program_param wr_params_refs_shared[] = {
    [WR_REFS_SHARED_PAIRS] = {.name = "pairs",
                              .initial = "16000000",
                              .unit = "pairs per thread",
                              .help = "how many increfs, and decrefs",
                              .min = 1,
                              .max = INT64_C(1000000000000)},
    [WR_REFS_SHARED_OBJECTS] = {.name = "objects",
                                .initial = "16",
                                .unit = "objects",
                                .help = "objects that all threads share",
                                .min = 1,
                                .max = 1000000},
    [WR_REFS_SHARED_WINDOW] = {.name = "window",
                               .initial = "64",
                               .unit = "references",
                               .help = "increfs before the decrefs follow",
                               .min = 1,
                               .max = 1024},
    [WR_REFS_SHARED_MODE] = {.name = "mode",
                             .initial = "counted",
                             .help = "counted, or immortal: the objects were "
                                     "made immortal",
                             .words = "counted|immortal"},
    {.name = NULL},
};

const struct weir_program_param wr_params_checkpoint[] = {
    [WR_CHECKPOINT_STEPS] = {.name = "steps",
                             .initial = "60000000",
                             .unit = "steps per thread",
                             .help = "how many steps, each with a checkpoint",
                             .min = 1,
                             .max = INT64_C(1000000000000)},
    {.name = NULL},
};

const struct weir_program_param wr_params_blocking[] = {
    [WR_BLOCKING_STEPS] = {.name = "steps",
                           .initial = "10000000",
                           .unit = "steps per thread",
                           .help = "how many steps, each with a blocking "
                                   "section",
                           .min = 1,
                           .max = INT64_C(1000000000000)},
    {.name = NULL},
};

const struct weir_program_param wr_params_stops[] = {
    [WR_STOPS_STEPS] = {.name = "steps",
                        .initial = "200000000",
                        .unit = "steps per thread",
                        .help = "how many steps, each with a checkpoint",
                        .min = 1,
                        .max = INT64_C(1000000000000)},
    [WR_STOPS_EVERY] = {.name = "every",
                        .initial = "300000",
                        .unit = "steps",
                        .help = "steps of the first thread from one stop to "
                                "the next",
                        .min = 1,
                        .max = INT64_C(1000000000000)},
    {.name = NULL},
};

const struct weir_program_param wr_params_alloc_churn[] = {
    [WR_CHURN_PAIRS] = {.name = "pairs",
                        .initial = "20000000",
                        .unit = "objects per thread",
                        .help = "objects made and dropped",
                        .min = 1,
                        .max = INT64_C(1000000000000)},
    [WR_CHURN_BATCH] = {.name = "batch",
                        .initial = "1000",
                        .unit = "objects",
                        .help = "objects alive at a time in batch and random",
                        .min = 1,
                        .max = 100000000},
    [WR_CHURN_MODE] = {.name = "mode",
                       .initial = "tight",
                       .help = "tight: each dropped at once; batch: dropped "
                               "in the order made; random: dropped in a "
                               "shuffled order; int: tight, with ints",
                       .words = "tight|batch|random|int"},
    {.name = NULL},
};

const struct weir_program_param wr_params_trees[] = {
    [WR_TREES_DEPTH] = {.name = "depth",
                        .initial = "15",
                        .unit = "levels",
                        .help = "depth of the long-lived tree",
                        .min = 6,
                        .max = 26},
    {.name = NULL},
};

const struct weir_program_param wr_params_pipeline[] = {
    [WR_PIPELINE_OBJECTS] = {.name = "objects",
                             .initial = "3000000",
                             .unit = "objects",
                             .help = "objects that go through all stages",
                             .min = 1,
                             .max = INT64_C(1000000000000)},
    [WR_PIPELINE_CHANGES] = {.name = "changes",
                             .initial = "1",
                             .unit = "changes",
                             .help = "how often each stage changes an object",
                             .min = 0,
                             .max = 1000},
    [WR_PIPELINE_QUEUE] = {.name = "queue",
                           .initial = "ring",
                           .help = "what the queues hold references in: "
                                   "ring: memory of the program; list: a "
                                   "shared list",
                           .words = "ring|list"},
    [WR_PIPELINE_BATCH] = {.name = "batch",
                           .initial = "64",
                           .unit = "objects",
                           .help = "objects handed over at a time",
                           .min = 1,
                           .max = 65536},
    [WR_PIPELINE_BATCHES] = {.name = "batches",
                             .initial = "16",
                             .unit = "batches",
                             .help = "batches that fit into a queue",
                             .min = 1,
                             .max = 4096},
    {.name = NULL},
};

uint64_t
wr_work_refs_checksum(uint32_t threads, uint64_t n)
{
    uint64_t sum = 0;

    for (uint32_t t = 0; t < threads; t++) {
        for (uint64_t i = 0; i < n; i++) {
            sum += weir_program_mix((uint64_t)t << 40 | i);
        }
    }
    return sum;
}

void
wr_work_permutation(uint32_t *order, uint32_t n, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
    }
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)(weir_program_random(&seed) % i);
        uint32_t swap = order[i - 1];

        order[i - 1] = order[j];
        order[j] = swap;
    }
}

uint32_t
wr_work_changed(uint64_t serial, uint32_t stages, uint64_t changes)
{
    uint32_t value = (uint32_t)(serial % WR_PIPELINE_VALUES);

    for (uint32_t stage = 0; stage < stages; stage++) {
        for (uint64_t i = 0; i < changes; i++) {
            value = wr_work_change(value, stage);
        }
    }
    return value;
}

/* The first rank whose cumulated weight is above `point`. */
static uint32_t
find_rank(const double *cumulated, uint32_t n, double point)
{
    uint32_t low = 0;
    uint32_t high = n - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cumulated[middle] > point) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Ranks are spread over the keys by a permutation. */
static bool
draw_zipf(uint32_t *draws, uint32_t keys, uint64_t spread, uint64_t *random)
{
    double *cumulated = calloc(keys, sizeof(double));
    uint32_t *order = calloc(keys, sizeof(uint32_t));
    bool complete = cumulated != NULL && order != NULL;
    double sum = 0;

    for (uint32_t i = 0; i < keys && complete; i++) {
        sum += 1.0 / (double)(i + 1);
        cumulated[i] = sum;
    }
    if (complete) {
        wr_work_permutation(order, keys, spread);
    }
    for (uint32_t i = 0; i < WR_DRAWS && complete; i++) {
        /* 53 random bits make a number from 0 up to and without 1. */
        double unit = (double)(weir_program_random(random) >> 11) * 0x1p-53;

        draws[i] = order[find_rank(cumulated, keys, unit * sum)];
    }
    free(cumulated);
    free(order);
    return complete;
}

uint32_t *
wr_work_draws(const struct weir_run *run, const struct weir_worker *worker,
              enum wr_draw_law law, uint32_t keys, uint32_t permille)
{
    uint32_t *draws = calloc(WR_DRAWS, sizeof(uint32_t));
    uint64_t random = worker->seed;

    if (draws == NULL) {
        return NULL;
    }
    if (law == WR_DRAW_EVEN) {
        for (uint32_t i = 0; i < WR_DRAWS; i++) {
            draws[i] = (uint32_t)(weir_program_random(&random) % keys);
        }
    } else if (!draw_zipf(draws, keys, run->seed, &random)) {
        free(draws);
        return NULL;
    }
    for (uint32_t i = 0; i < WR_DRAWS; i++) {
        if (weir_program_random(&random) % 1000 < permille) {
            draws[i] |= WR_DRAW_WRITE;
        }
    }
    return draws;
}

/* Nodes of a complete tree. */
static uint64_t
tree_nodes(unsigned depth)
{
    return (UINT64_C(2) << depth) - 1;
}

/* Make, count and drop `trees` trees; the sum of the counts in *total. */
static int
short_lived(const struct wr_tree_ops *ops, void *context, unsigned depth,
            uint64_t trees, uint64_t *total)
{
    *total = 0;
    for (uint64_t i = 0; i < trees; i++) {
        void *tree = ops->make(context, depth);

        if (tree == NULL) {
            return -1;
        }
        *total += ops->count(context, tree);
        ops->drop(context, tree);
        ops->checkpoint(context);
    }
    return 0;
}

/* All depths; the long-lived tree is alive meanwhile. */
static int
all_depths(const struct wr_tree_ops *ops, void *context, unsigned depth,
           struct weir_worker *worker)
{
    for (unsigned d = 4; d <= depth; d += 2) {
        uint64_t trees = UINT64_C(1) << (depth - d + 4);
        uint64_t total;
        int error = short_lived(ops, context, d, trees, &total);

        if (error != 0) {
            return error;
        }
        if (total != trees * tree_nodes(d)) {
            return weir_worker_fail(worker, "a tree has lost nodes");
        }
        worker->ops += total;
        worker->checksum += weir_program_mix(total + d);
    }
    return 0;
}

int
wr_work_trees(const struct wr_tree_ops *ops, void *context, unsigned depth,
              struct weir_worker *worker)
{
    uint64_t total;
    void *lasting;
    int error;

    worker->ops = 0;
    worker->checksum = 0;
    error = short_lived(ops, context, depth + 1, 1, &total);
    if (error != 0) {
        return error;
    }
    lasting = ops->make(context, depth);
    if (lasting == NULL) {
        return -1;
    }
    worker->ops += total + tree_nodes(depth);
    error = all_depths(ops, context, depth, worker);
    if (error == 0 && (total != tree_nodes(depth + 1) ||
                       ops->count(context, lasting) != tree_nodes(depth))) {
        error = weir_worker_fail(worker, "a large tree has lost nodes");
    }
    worker->checksum += weir_program_mix(total);
    ops->drop(context, lasting);
    return error;
}

int
wr_work_sum_checksums(struct weir_run *run)
{
    run->checksum = 0;
    for (uint32_t i = 0; i < run->threads; i++) {
        run->checksum += run->workers[i].checksum;
    }
    return 0;
}
