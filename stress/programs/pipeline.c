/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/pipeline.c - objects that pass from thread to thread.
 *
 * Each thread is a stage.  The first makes objects, every stage changes each
 * of them, the last one looks at it and drops it, so every object is freed by
 * another thread than made it.  Between two stages stands a bounded queue
 * (ring.h); who finds it full, or empty, leaves the runtime and waits.
 *
 * With queue=ring a reference passes through memory of the program, as it is:
 * no count moves on the way.  With queue=list the slots are the items of a
 * list that both stages use: the list takes a reference of its own, and both
 * sides go through the list's operations.
 *
 * An object carries its serial number and a value, both small ints, which are
 * immortal: it is the only object that is allocated, and what each stage has
 * done to it can be read off at the end.
 */
#include "programs.h"

#include <stdlib.h>

#include "ring.h"
#include "witness.h"
#include "work.h"

/* Slots of an object. */
enum { SERIAL, VALUE, SLOTS };

/* Every so manieth object is a witness of its death. */
#define WITNESS_EVERY 1024u

/* Stopped because another stage has: not an error of this one. */
#define STOPPED 2

struct line { /* SHARED */
    /* [const] */
    weir_type *type;
    uint64_t objects;
    uint64_t changes;
    uint32_t stages;

    /* [const] the small ints; what an object must have become at the end */
    weir_object *values[WR_PIPELINE_VALUES];
    weir_object *results[WR_PIPELINE_VALUES];

    /* [inner] queue i leads from stage i to the next one */
    struct wr_ring *rings;
    uint32_t nrings;

    /* [const] slots of a queue */
    size_t length;

    /* [owner] of a slot: the stage whose turn it is; NULL with queue=list */
    weir_object **slots;

    /* [const] the lists with queue=list, else NULL */
    weir_object **lists;

    /* [inner] */
    struct wr_witness witness;
};

/* A list as long as a queue, that holds nothing. */
static weir_object *
make_list(const struct line *line)
{
    weir_object *list = weir_list_new();

    for (size_t i = 0; i < line->length && list != NULL; i++) {
        if (weir_list_append(list, line->values[0]) != 0) {
            weir_decref(list);
            list = NULL;
        }
    }
    return list;
}

static int
make_queues(struct line *line, const struct weir_run *run)
{
    static const struct wr_ring_hooks hooks = {weir_blocking_begin,
                                               weir_blocking_end};
    uint32_t batch = (uint32_t)run->params[WR_PIPELINE_BATCH].number;
    uint32_t batches = (uint32_t)run->params[WR_PIPELINE_BATCHES].number;
    bool lists = run->params[WR_PIPELINE_QUEUE].number == WR_PIPELINE_LIST;
    uint32_t n = line->stages - 1;

    line->length = (size_t)batch * batches;
    line->rings = aligned_alloc(_Alignof(struct wr_ring),
                                line->stages * sizeof(struct wr_ring));
    if (lists) {
        line->lists = calloc(line->stages, sizeof(weir_object *));
    } else {
        line->slots =
            calloc(line->stages * line->length, sizeof(weir_object *));
    }
    if (line->rings == NULL || (line->lists == NULL && line->slots == NULL)) {
        return WEIR_ENOMEM;
    }
    for (line->nrings = 0; line->nrings < n; line->nrings++) {
        struct wr_ring *ring = &line->rings[line->nrings];

        if (!wr_ring_init(ring, batch, batches, &hooks)) {
            return WEIR_ENOMEM;
        }
        if (lists) {
            line->lists[line->nrings] = make_list(line);
            if (line->lists[line->nrings] == NULL) {
                wr_ring_destroy(ring);
                return WEIR_ENOMEM;
            }
        }
    }
    return 0;
}

static int
setup(struct weir_run *run)
{
    struct line *line = calloc(1, sizeof(struct line));
    int error;

    run->data = line;
    if (line == NULL) {
        return WEIR_ENOMEM;
    }
    line->objects = (uint64_t)run->params[WR_PIPELINE_OBJECTS].number;
    line->changes = (uint64_t)run->params[WR_PIPELINE_CHANGES].number;
    line->stages = run->threads;
    for (uint32_t i = 0; i < WR_PIPELINE_VALUES; i++) {
        uint32_t result = wr_work_changed(i, line->stages, line->changes);

        line->values[i] = weir_int_new(i);
        line->results[i] = weir_int_new(result);
    }
    line->type = weir_instance_type("pipeline", SLOTS, 0, NULL, NULL);
    if (line->type == NULL) {
        return weir_error();
    }
    error = wr_witness_make(&line->witness, SLOTS);
    return error != 0 ? error : make_queues(line, run);
}

static weir_object *
make(const struct line *line, uint64_t serial)
{
    weir_object *small = line->values[serial % WR_PIPELINE_VALUES];
    weir_object *values[SLOTS] = {[SERIAL] = small, [VALUE] = small};

    return weir_instance_make(serial % WITNESS_EVERY == 0 ? line->witness.type
                                                          : line->type,
                              SLOTS, values);
}

/* The next object out of a queue.  STOPPED, or 0 with the object. */
static int
take(const struct line *line, uint32_t queue, weir_object **o)
{
    struct wr_ring *ring = &line->rings[queue];
    uint32_t slot = wr_ring_next_out(ring);
    int error = 0;

    if (slot == WR_RING_BROKEN) {
        return STOPPED;
    }
    if (line->lists == NULL) {
        *o = line->slots[queue * line->length + slot];
    } else {
        *o = weir_list_get(line->lists[queue], slot);
        error = weir_list_set(line->lists[queue], slot, line->values[0]);
    }
    wr_ring_taken(ring);
    return error;
}

/* Put the object, a reference to which is consumed, into a queue. */
static int
give(const struct line *line, uint32_t queue, weir_object *o)
{
    struct wr_ring *ring = &line->rings[queue];
    uint32_t slot = wr_ring_next_in(ring);
    int error = 0;

    if (slot == WR_RING_BROKEN) {
        weir_decref(o);
        return STOPPED;
    }
    if (line->lists == NULL) {
        line->slots[queue * line->length + slot] = o;
    } else {
        error = weir_list_set(line->lists[queue], slot, o);
        weir_decref(o);
    }
    wr_ring_put(ring);
    return error;
}

/* What this stage does to an object, which no other thread has meanwhile. */
static int
change(const struct line *line, weir_object *o, uint32_t stage)
{
    for (uint64_t i = 0; i < line->changes; i++) {
        int64_t value = 0;
        int error = weir_int_value(weir_instance_borrow(o, VALUE), &value);

        if (error == 0) {
            uint32_t changed = wr_work_change((uint32_t)value, stage);

            error = weir_instance_set(o, VALUE, line->values[changed]);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* The last stage's look at an object: is it the next, and is it whole? */
static int
inspect(const struct line *line, weir_object *o, uint64_t serial,
        struct weir_worker *worker)
{
    uint32_t i = (uint32_t)(serial % WR_PIPELINE_VALUES);
    int64_t value = 0;

    if (weir_instance_borrow(o, SERIAL) != line->values[i]) {
        return weir_worker_fail(worker, "objects came out of order");
    }
    if (weir_instance_borrow(o, VALUE) != line->results[i]) {
        return weir_worker_fail(worker, "a change was lost");
    }
    (void)weir_int_value(line->results[i], &value);
    worker->checksum = wr_work_step(worker->checksum ^ (uint64_t)value);
    return 0;
}

static int
run_stage(const struct line *line, struct weir_worker *worker)
{
    uint32_t stage = worker->index;
    bool last = stage + 1 == line->stages;

    for (uint64_t i = 0; i < line->objects; i++) {
        weir_object *o = NULL;
        int error = 0;

        if (stage > 0) {
            error = take(line, stage - 1, &o);
        } else {
            o = make(line, i);
            error = o == NULL ? weir_error() : 0;
        }
        if (error == 0) {
            error = change(line, o, stage);
        }
        if (error == 0 && last) {
            error = inspect(line, o, i, worker);
        }
        if (error != 0 || last) {
            weir_xdecref(o);
        } else {
            error = give(line, stage, o);
        }
        if (error != 0) {
            return error;
        }
        if (i % WR_PIPELINE_CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    if (!last) {
        wr_ring_flush(&line->rings[stage]);
    }
    return 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct line *line = run->data;
    int error = run_stage(line, worker);

    worker->ops = line->objects;
    if (error != 0) {
        /* The neighbours stop, then theirs. */
        if (worker->index > 0) {
            wr_ring_break(&line->rings[worker->index - 1]);
        }
        if (worker->index + 1 < line->stages) {
            wr_ring_break(&line->rings[worker->index]);
        }
    }
    return error == STOPPED ? 0 : error;
}

static int
check(struct weir_run *run)
{
    const struct line *line = run->data;
    uint64_t made = (line->objects + WITNESS_EVERY - 1) / WITNESS_EVERY;

    if (!wr_witness_all_died(&line->witness, made)) {
        return weir_program_fail(run, "objects died twice or not at all");
    }
    run->checksum = run->workers[line->stages - 1].checksum;
    return 0;
}

/* Give up what a stage that stopped has left in a queue. */
static void
drop_queue(struct line *line, uint32_t queue)
{
    struct wr_ring *ring = &line->rings[queue];

    if (line->lists != NULL) {
        weir_decref(line->lists[queue]);
    } else {
        for (uint64_t i = 0; i < wr_ring_rest(ring); i++) {
            uint32_t slot = wr_ring_rest_slot(ring, i);

            weir_decref(line->slots[queue * line->length + slot]);
        }
    }
    wr_ring_destroy(ring);
}

static void
teardown(struct weir_run *run)
{
    struct line *line = run->data;

    if (line == NULL) {
        return;
    }
    for (uint32_t i = 0; i < line->nrings; i++) {
        drop_queue(line, i);
    }
    free(line->rings);
    free(line->slots);
    free(line->lists);
    free(line);
}

WEIR_PROGRAM_NAMED(
    wr_program_pipeline, .name = "pipeline",
    .summary = "objects passed from stage to stage, freed by another thread",
    .help =
        "Models producers and consumers.  Each thread is a stage: the first "
        "makes\nobjects, each changes them, the last one drops them.  An "
        "operation is one object\nin one stage, so ns/op is the time from "
        "object to object.  With one thread there\nis no queue.  A queue is "
        "bounded: who must wait leaves the runtime.\nChecked: every object "
        "arrives, in order, with the changes of every stage, and\nthat "
        "each dies once (on one in 1024, which has a finalizer).",
    .params = wr_params_pipeline,
    .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED, .setup = setup,
    .work = work, .check = check, .teardown = teardown);
