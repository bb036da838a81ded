/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/work.h - what a program and its peers must agree on.
 *
 * A peer does the work of a program without Weir.  The two are comparable only
 * while parameters, loops, orders and results are the same, so all of that is
 * here, once, and knows nothing of the runtime.
 */
#ifndef WR_STRESS_WORK_H
#define WR_STRESS_WORK_H

#include <stddef.h>
#include <stdint.h>

#include <weir/program.h>

#ifdef __cplusplus
extern "C" {
#endif

/* refs-private: an incref and a decref, one after the other. */
enum wr_refs_private_param {
    WR_REFS_PRIVATE_PAIRS,
    WR_REFS_PRIVATE_OBJECTS,
    WR_REFS_PRIVATE_MODE
};
enum wr_refs_private_mode { WR_REFS_OWN, WR_REFS_IMMORTAL };
extern const struct weir_program_param wr_params_refs_private[];

/* refs-shared: a window of increfs, then as many decrefs. */
enum wr_refs_shared_param {
    WR_REFS_SHARED_PAIRS,
    WR_REFS_SHARED_OBJECTS,
    WR_REFS_SHARED_WINDOW,
    WR_REFS_SHARED_MODE
};
enum wr_refs_shared_mode { WR_REFS_COUNTED, WR_REFS_SHARED_IMMORTAL };
extern const struct weir_program_param wr_params_refs_shared[];

/* checkpoint: a step of the generator, and a checkpoint. */
enum wr_checkpoint_param { WR_CHECKPOINT_STEPS };
extern const struct weir_program_param wr_params_checkpoint[];

/* blocking: a step of the generator, and a blocking section. */
enum wr_blocking_param { WR_BLOCKING_STEPS };
extern const struct weir_program_param wr_params_blocking[];

/* stops: the loop of checkpoint, and a stop of the world now and then. */
enum wr_stops_param { WR_STOPS_STEPS, WR_STOPS_EVERY };
extern const struct weir_program_param wr_params_stops[];

/* A step of a linear congruential generator (Knuth's MMIX). */
static inline uint64_t
wr_work_step(uint64_t x)
{
    return x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

/* Pairs between two checkpoints in refs-private; a power of two. */
#define WR_REFS_CHUNK 256u

/* The checksum of `n` objects of each thread that all survived. */
uint64_t wr_work_refs_checksum(uint32_t threads, uint64_t n);

/* alloc-churn: make an object, drop it. */
enum wr_churn_param { WR_CHURN_PAIRS, WR_CHURN_BATCH, WR_CHURN_MODE };
enum wr_churn_mode {
    WR_CHURN_TIGHT,
    WR_CHURN_ORDER,
    WR_CHURN_RANDOM,
    WR_CHURN_INT
};
extern const struct weir_program_param wr_params_alloc_churn[];

/* Objects between two checkpoints in alloc-churn; a power of two. */
#define WR_CHURN_CHUNK 64u

/* order[0..n) becomes a permutation of 0..n-1 that follows from the seed. */
void wr_work_permutation(uint32_t *order, uint32_t n, uint64_t seed);

/* pipeline: objects from stage to stage, one thread each. */
enum wr_pipeline_param {
    WR_PIPELINE_OBJECTS,
    WR_PIPELINE_CHANGES,
    WR_PIPELINE_QUEUE,
    WR_PIPELINE_BATCH,
    WR_PIPELINE_BATCHES
};
enum wr_pipeline_queue { WR_PIPELINE_RING, WR_PIPELINE_LIST };
extern const struct weir_program_param wr_params_pipeline[];

/* Serial numbers and values of objects in the pipeline are taken modulo this:
 * every value is a small int. */
#define WR_PIPELINE_VALUES 256u

/* Objects between two checkpoints in pipeline; a power of two. */
#define WR_PIPELINE_CHUNK 16u

/* What a change in this stage makes of a value; no two become the same. */
static inline uint32_t
wr_work_change(uint32_t value, uint32_t stage)
{
    return (value * 5 + stage + 1) % WR_PIPELINE_VALUES;
}

/* What object `serial`, which begins with the value serial modulo
 * WR_PIPELINE_VALUES, has become behind the last of `stages` stages. */
uint32_t wr_work_changed(uint64_t serial, uint32_t stages, uint64_t changes);

/* Which of n keys are drawn how often. */
enum wr_draw_law {
    /* the k-th most popular one with weight 1/k (Zipf, exponent 1) */
    WR_DRAW_ZIPF,
    WR_DRAW_EVEN
};

/* Draws of one thread, used round and round; a power of two. */
#define WR_DRAWS (1u << 16)

/* In a draw: this operation writes.  The rest of the word is the key. */
#define WR_DRAW_WRITE (UINT32_C(1) << 31)

/*
 * WR_DRAWS keys from 0 to keys - 1, of which `permille` in a thousand are
 * writes, to be freed by the caller; they follow from the worker's seed.  Which
 * keys are popular follows from the run's, so that all threads agree on it.
 * keys: at most 2^31.  NULL without memory.
 */
uint32_t *wr_work_draws(const struct weir_run *run,
                        const struct weir_worker *worker, enum wr_draw_law law,
                        uint32_t keys, uint32_t permille);

/* trees: what a tree is made of, for wr_work_trees(). */
enum wr_trees_param { WR_TREES_DEPTH };
extern const struct weir_program_param wr_params_trees[];

struct wr_tree_ops {
    /* A complete tree with 2^(depth+1) - 1 nodes; NULL without memory. */
    void *(*make)(void *context, unsigned depth);

    /* Walk the whole tree and count its nodes. */
    uint64_t (*count)(void *context, void *tree);

    void (*drop)(void *context, void *tree);

    /* After each tree. */
    void (*checkpoint)(void *context);
};

/*
 * The whole benchmark on one thread: a stretch tree, a long-lived tree, and
 * many short-lived ones of growing depth.  Sets ops (nodes made) and checksum
 * of the worker.  Returns 0, -1 without memory, or WEIR_PROGRAM_FAILED.
 */
int wr_work_trees(const struct wr_tree_ops *ops, void *context, unsigned depth,
                  struct weir_worker *worker);

/* The sum over the workers' checksums, in run->checksum; returns 0. */
int wr_work_sum_checksums(struct weir_run *run);

#ifdef __cplusplus
}
#endif

#endif
