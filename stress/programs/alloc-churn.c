/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/alloc-churn.c - objects made and dropped, nothing else.
 *
 * The order of the drops is what matters to an allocator: at once, in the
 * order made, or shuffled.  The object is a two-slot instance (32 bytes), or
 * an int.
 */
#include "programs.h"

#include <stdlib.h>

#include "witness.h"
#include "work.h"

/* Objects per thread whose end is witnessed, after the clock has stopped. */
#define WITNESSES 1000u

struct types {
    /* of the measured objects */
    weir_type *churned;

    struct wr_witness witness;
};

struct churn {
    weir_object **objects;
    uint32_t *order;
};

static int
setup(struct weir_run *run)
{
    struct types *types = calloc(1, sizeof(struct types));

    run->data = types;
    if (types == NULL) {
        return WEIR_ENOMEM;
    }
    types->churned = weir_instance_type("churned", 2, 0, NULL, NULL);
    if (types->churned == NULL) {
        return weir_error();
    }
    return wr_witness_make(&types->witness, 2);
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    uint32_t batch = (uint32_t)run->params[WR_CHURN_BATCH].number;
    struct churn *churn = calloc(1, sizeof(struct churn));

    worker->data = churn;
    if (churn == NULL) {
        return WEIR_ENOMEM;
    }
    churn->objects = calloc(batch, sizeof(weir_object *));
    churn->order = calloc(batch, sizeof(uint32_t));
    if (churn->objects == NULL || churn->order == NULL) {
        return WEIR_ENOMEM;
    }
    wr_work_permutation(churn->order, batch, worker->seed);
    return 0;
}

static int
tight(weir_type *type, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        weir_object *o = weir_instance_new(type);

        if (o == NULL) {
            return weir_error();
        }
        weir_program_keep(o);
        weir_decref(o);
        if (i % WR_CHURN_CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    return 0;
}

/* The values lie above the small ints, which are never allocated. */
static int
tight_int(uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        weir_object *o = weir_int_new((int64_t)(i + 1024));

        if (o == NULL) {
            return weir_error();
        }
        weir_program_keep(o);
        weir_decref(o);
        if (i % WR_CHURN_CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    return 0;
}

/* Fill objects[0..n); what was made is dropped again on failure. */
static int
make_batch(weir_type *type, weir_object **objects, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        objects[i] = weir_instance_new(type);
        if (objects[i] == NULL) {
            while (i > 0) {
                weir_decref(objects[--i]);
            }
            return weir_error();
        }
        weir_program_keep(objects[i]);
        if (i % WR_CHURN_CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    return 0;
}

/* Batches, dropped in the order of `order`, or as made when it is NULL. */
static int
batches(weir_type *type, uint64_t pairs, uint64_t batch, weir_object **objects,
        const uint32_t *order)
{
    while (pairs > 0) {
        uint64_t n = pairs < batch ? pairs : batch;
        int error;

        pairs -= n;
        error = make_batch(type, objects, n);
        if (error != 0) {
            return error;
        }
        if (n < batch || order == NULL) {
            for (uint64_t i = 0; i < n; i++) {
                weir_decref(objects[i]);
            }
        } else {
            for (uint64_t i = 0; i < n; i++) {
                weir_decref(objects[order[i]]);
            }
        }
        (void)weir_checkpoint();
    }
    return 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct churn *churn = worker->data;
    const struct types *types = run->data;
    uint64_t pairs = (uint64_t)run->params[WR_CHURN_PAIRS].number;
    uint64_t batch = (uint64_t)run->params[WR_CHURN_BATCH].number;

    worker->ops = pairs;
    switch (run->params[WR_CHURN_MODE].number) {
    case WR_CHURN_TIGHT:
        return tight(types->churned, pairs);
    case WR_CHURN_INT:
        return tight_int(pairs);
    case WR_CHURN_ORDER:
        return batches(types->churned, pairs, batch, churn->objects, NULL);
    default:
        return batches(types->churned, pairs, batch, churn->objects,
                       churn->order);
    }
}

/* Objects with a finalizer, in the same orders as the measured ones. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    const struct types *types = run->data;
    struct churn *churn = worker->data;
    int error = 0;

    if (churn == NULL) {
        return 0;
    }
    if (churn->objects != NULL && churn->order != NULL) {
        error = batches(types->witness.type, WITNESSES,
                        (uint64_t)run->params[WR_CHURN_BATCH].number,
                        churn->objects, churn->order);
    }
    free(churn->objects);
    free(churn->order);
    free(churn);
    worker->data = NULL;
    worker->checksum = weir_program_mix(worker->ops);
    return error;
}

/* Where drops count, each must have ended its object, once. */
static int
check(struct weir_run *run)
{
    const struct types *types = run->data;

    if (!wr_witness_all_died(&types->witness, run->threads * WITNESSES)) {
        return weir_program_fail(run, "objects died twice or not at all");
    }
    return wr_work_sum_checksums(run);
}

static void
teardown(struct weir_run *run)
{
    free(run->data);
}

WEIR_PROGRAM_NAMED(
    wr_program_alloc_churn, .name = "alloc-churn",
    .summary = "objects made and dropped: the allocator",
    .help = "Models temporaries: each operation makes an object and drops "
            "it.\nChecked: afterwards, on objects with a finalizer, that "
            "each dies once.",
    .params = wr_params_alloc_churn, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .setup = setup, .prepare = prepare, .work = work, .settle = settle,
    .check = check, .teardown = teardown);
