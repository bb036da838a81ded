/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/refs-private.c - what a count costs that nobody shares.
 *
 * Each thread takes and drops references to objects of its own, which is most
 * of what a runtime does with counts.  Nothing is allocated while the clock
 * runs.
 */
#include "programs.h"

#include <stdlib.h>

#include "work.h"

/* One thread's objects. */
struct own {
    size_t n;
    weir_object **objects;
    int64_t count;
    bool intact;
};

static int
setup(struct weir_run *run)
{
    run->data = weir_instance_type("refs-private", 2, 0, NULL, NULL);
    return run->data == NULL ? weir_error() : 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    bool immortal =
        run->params[WR_REFS_PRIVATE_MODE].number == WR_REFS_IMMORTAL;
    size_t n = (size_t)run->params[WR_REFS_PRIVATE_OBJECTS].number;
    struct own *own = calloc(1, sizeof(struct own));

    worker->data = own;
    if (own == NULL) {
        return WEIR_ENOMEM;
    }
    own->objects = calloc(n, sizeof(weir_object *));
    if (own->objects == NULL) {
        return WEIR_ENOMEM;
    }
    for (own->n = 0; own->n < n; own->n++) {
        weir_object *o = weir_instance_new(run->data);

        if (o == NULL) {
            return weir_error();
        }
        own->objects[own->n] = o;
        if (immortal) {
            (void)weir_immortalize(o);
        }
    }
    own->count = weir_refcount(own->objects[0]);
    return 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct own *own = worker->data;
    weir_object **objects = own->objects;
    uint64_t n = own->n;
    uint64_t pairs = (uint64_t)run->params[WR_REFS_PRIVATE_PAIRS].number;
    uint64_t at = 0;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < WR_REFS_CHUNK ? pairs : WR_REFS_CHUNK;

        pairs -= chunk;
        for (; chunk > 0; chunk--) {
            weir_object *o = objects[at];

            weir_incref(o);
            weir_program_keep(o);
            weir_decref(o);
            at = at + 1 == n ? 0 : at + 1;
        }
        (void)weir_checkpoint();
    }
    return 0;
}

/* Compare the counts; the objects die here, on the thread that made them. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct own *own = worker->data;
    bool immortal =
        run->params[WR_REFS_PRIVATE_MODE].number == WR_REFS_IMMORTAL;
    bool intact = true;

    if (own == NULL) {
        return 0;
    }
    for (size_t i = 0; i < own->n; i++) {
        intact = intact && weir_refcount(own->objects[i]) == own->count;
        if (!immortal) {
            weir_decref(own->objects[i]);
        }
    }
    free(own->objects);
    free(own);
    worker->data = NULL;
    return intact ? 0 : weir_worker_fail(worker, "counts have changed");
}

static int
check(struct weir_run *run)
{
    run->checksum = wr_work_refs_checksum(
        run->threads, (uint64_t)run->params[WR_REFS_PRIVATE_OBJECTS].number);
    return 0;
}

WEIR_PROGRAM_NAMED(
    wr_program_refs_private, .name = "refs-private",
    .summary = "references to objects of one thread: the plain cost of a count",
    .help = "Models the bulk of reference counting: values that one thread "
            "passes around.\nAn operation is one incref and one decref of an "
            "object of the thread's own.\nChecked: all counts are what they "
            "were.",
    .params = wr_params_refs_private, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .setup = setup, .prepare = prepare, .work = work, .settle = settle,
    .check = check);
