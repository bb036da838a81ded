/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/pipeline.c - the pipeline with malloc and a C11 atomic count.
 *
 * The same stages, queues and changes; the queues are always rings of
 * pointers.  An object has the size of Weir's; the first stage counts it to
 * one, and the last one drops that count and frees what no one refers to, as
 * any counted object is freed.  A change is a plain load and a plain store,
 * with weir_program_keep() where the program calls the runtime.
 */
#include "peer.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "../programs/ring.h"

struct object {
    uint64_t header;
    _Atomic int64_t count;
    uint64_t serial;
    uint64_t value;
};

struct line {
    uint64_t objects;
    uint64_t changes;
    uint32_t stages;
    struct wr_peer_allocator allocator;

    struct wr_ring *rings;
    uint32_t nrings;
    size_t length;
    struct object **slots;
};

static int
setup_with(struct weir_run *run, const struct wr_peer_allocator *allocator)
{
    uint32_t batch = (uint32_t)run->params[WR_PIPELINE_BATCH].number;
    uint32_t batches = (uint32_t)run->params[WR_PIPELINE_BATCHES].number;
    struct line *line = calloc(1, sizeof(struct line));

    run->data = line;
    if (line == NULL) {
        return -1;
    }
    line->objects = (uint64_t)run->params[WR_PIPELINE_OBJECTS].number;
    line->changes = (uint64_t)run->params[WR_PIPELINE_CHANGES].number;
    line->stages = run->threads;
    line->allocator = *allocator;
    line->length = (size_t)batch * batches;
    line->rings = aligned_alloc(_Alignof(struct wr_ring),
                                run->threads * sizeof(struct wr_ring));
    line->slots = calloc(run->threads * line->length, sizeof(struct object *));
    if (line->rings == NULL || line->slots == NULL) {
        return -1;
    }
    for (; line->nrings < run->threads - 1; line->nrings++) {
        if (!wr_ring_init(&line->rings[line->nrings], batch, batches, NULL)) {
            return -1;
        }
    }
    return 0;
}

static struct object *
make(const struct line *line, uint64_t serial)
{
    struct object *o = line->allocator.take(sizeof(struct object));

    if (o != NULL) {
        o->header = 1;
        atomic_store_explicit(&o->count, 1, memory_order_relaxed);
        o->serial = serial % WR_PIPELINE_VALUES;
        o->value = o->serial;
        weir_program_keep(o);
    }
    return o;
}

static void
drop(const struct line *line, struct object *o)
{
    if (atomic_fetch_sub_explicit(&o->count, 1, memory_order_acq_rel) == 1) {
        line->allocator.give(o);
    }
}

/* The next object of a stage; NULL: no memory, or another stage has stopped. */
static struct object *
next_object(const struct line *line, uint32_t stage, uint64_t serial)
{
    struct object *o = NULL;
    uint32_t slot;

    if (stage == 0) {
        return make(line, serial);
    }
    slot = wr_ring_next_out(&line->rings[stage - 1]);
    if (slot != WR_RING_BROKEN) {
        o = line->slots[(stage - 1) * line->length + slot];
        wr_ring_taken(&line->rings[stage - 1]);
    }
    return o;
}

/* Pass an object on, or look at it and drop it.  False: stop. */
static bool
pass_on(const struct line *line, struct weir_worker *worker, struct object *o,
        uint64_t serial, const uint64_t *results)
{
    uint32_t slot;

    if (worker->index + 1 == line->stages) {
        bool right = o->serial == serial % WR_PIPELINE_VALUES &&
                     o->value == results[o->serial];

        worker->checksum = wr_work_step(worker->checksum ^ o->value);
        drop(line, o);
        return right;
    }
    slot = wr_ring_next_in(&line->rings[worker->index]);
    if (slot == WR_RING_BROKEN) {
        drop(line, o);
        return false;
    }
    line->slots[worker->index * line->length + slot] = o;
    wr_ring_put(&line->rings[worker->index]);
    return true;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct line *line = run->data;
    uint32_t stage = worker->index;
    uint64_t results[WR_PIPELINE_VALUES];

    for (uint32_t i = 0; i < WR_PIPELINE_VALUES; i++) {
        results[i] = wr_work_changed(i, line->stages, line->changes);
    }
    for (; worker->ops < line->objects; worker->ops++) {
        struct object *o = next_object(line, stage, worker->ops);

        for (uint64_t i = 0; i < line->changes && o != NULL; i++) {
            o->value = wr_work_change((uint32_t)o->value, stage);
            weir_program_keep(o);
        }
        if (o == NULL || !pass_on(line, worker, o, worker->ops, results)) {
            break;
        }
    }
    if (stage + 1 < line->stages) {
        wr_ring_flush(&line->rings[stage]);
    }
    if (worker->ops < line->objects) {
        for (uint32_t i = 0; i < line->nrings; i++) {
            wr_ring_break(&line->rings[i]);
        }
        return weir_worker_fail(worker, "the pipeline has stopped");
    }
    return 0;
}

static int
check(struct weir_run *run)
{
    run->checksum = run->workers[run->threads - 1].checksum;
    return 0;
}

static void
teardown(struct weir_run *run)
{
    struct line *line = run->data;

    for (uint32_t i = 0; line != NULL && i < line->nrings; i++) {
        wr_ring_destroy(&line->rings[i]);
    }
    if (line != NULL) {
        free(line->rings);
        free(line->slots);
    }
    free(line);
}

static int
setup_malloc(struct weir_run *run)
{
    return setup_with(run, &wr_peer_malloc);
}

static int
setup_mimalloc(struct weir_run *run)
{
    return setup_with(run, &wr_peer_mimalloc);
}

const struct wr_peer wr_peers_pipeline[] = {
    {.impl = "malloc",
     .against = "atomic",
     .program = {.name = "pipeline",
                 .params = wr_params_pipeline,
                 .setup = setup_malloc,
                 .work = work,
                 .check = check,
                 .teardown = teardown}},
    {.impl = "mimalloc",
     .against = "atomic",
     .available = wr_peer_mimalloc_available,
     .program = {.name = "pipeline",
                 .params = wr_params_pipeline,
                 .setup = setup_mimalloc,
                 .work = work,
                 .check = check,
                 .teardown = teardown}},
};

const size_t wr_peers_pipeline_count =
    sizeof(wr_peers_pipeline) / sizeof(wr_peers_pipeline[0]);
