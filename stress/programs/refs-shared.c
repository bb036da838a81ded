/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/refs-shared.c - counts that all threads change.
 *
 * Each thread takes a window of references and drops them again, so counts
 * move up and down by many and end where they were.  Where two threads count
 * without any protection, updates are lost and the counts end elsewhere: the
 * difference is reported.  No object may die of that, so each is pinned by as
 * many references as there will be drops: even if every single increment were
 * lost, the count stays positive.
 */
#include "programs.h"

#include <stdlib.h>

#include "work.h"

struct shared {
    size_t n;
    weir_object **objects;
    int64_t pins;

    /* the count of each object before the workers start */
    int64_t count;
};

/* One object with its pins; NULL without memory. */
static weir_object *
make_pinned(weir_type *type, int64_t pins, bool immortal)
{
    weir_object *o = weir_instance_new(type);

    if (o == NULL) {
        return NULL;
    }
    if (immortal) {
        (void)weir_immortalize(o);
        return o;
    }
    for (int64_t i = 0; i < pins; i++) {
        weir_incref(o);
        weir_program_keep(o);
    }
    (void)weir_checkpoint();
    return o;
}

static int
setup(struct weir_run *run)
{
    bool immortal =
        run->params[WR_REFS_SHARED_MODE].number == WR_REFS_SHARED_IMMORTAL;
    int64_t pairs = run->params[WR_REFS_SHARED_PAIRS].number;
    int64_t n = run->params[WR_REFS_SHARED_OBJECTS].number;
    int64_t window = run->params[WR_REFS_SHARED_WINDOW].number;
    weir_type *type = weir_instance_type("refs-shared", 2, 0, NULL, NULL);
    struct shared *shared = calloc(1, sizeof(struct shared));

    run->data = shared;
    if (type == NULL || shared == NULL) {
        return WEIR_ENOMEM;
    }
    /* No object is dropped oftener than this, whatever the window. */
    shared->pins = run->threads * (pairs / n + window + 1);
    shared->objects = calloc((size_t)n, sizeof(weir_object *));
    if (shared->objects == NULL) {
        return WEIR_ENOMEM;
    }
    for (shared->n = 0; shared->n < (size_t)n; shared->n++) {
        weir_object *o = make_pinned(type, shared->pins, immortal);

        if (o == NULL) {
            return weir_error();
        }
        shared->objects[shared->n] = o;
    }
    shared->count = weir_refcount(shared->objects[0]);
    return 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct shared *shared = run->data;
    weir_object **objects = shared->objects;
    uint64_t n = shared->n;
    uint64_t pairs = (uint64_t)run->params[WR_REFS_SHARED_PAIRS].number;
    uint64_t window = (uint64_t)run->params[WR_REFS_SHARED_WINDOW].number;
    uint64_t at = worker->index * n / run->threads;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < window ? pairs : window;
        uint64_t from = at;

        pairs -= chunk;
        for (uint64_t i = 0; i < chunk; i++) {
            weir_incref(objects[at]);
            weir_program_keep(objects[at]);
            at = at + 1 == n ? 0 : at + 1;
        }
        at = from;
        for (uint64_t i = 0; i < chunk; i++) {
            weir_decref(objects[at]);
            weir_program_keep(objects[at]);
            at = at + 1 == n ? 0 : at + 1;
        }
        (void)weir_checkpoint();
    }
    return 0;
}

static int
check(struct weir_run *run)
{
    const struct shared *shared = run->data;

    run->lost_updates = 0;
    for (size_t i = 0; i < shared->n; i++) {
        int64_t count = weir_refcount(shared->objects[i]);

        run->lost_updates += count > shared->count ? count - shared->count
                                                   : shared->count - count;
    }
    run->checksum = wr_work_refs_checksum(1, shared->n);
    return 0;
}

/* Give up what is left of the pins; the counts may be wrong by now. */
static void
teardown(struct weir_run *run)
{
    struct shared *shared = run->data;

    if (shared == NULL) {
        return;
    }
    for (size_t i = 0; i < shared->n; i++) {
        weir_object *o = shared->objects[i];

        if (weir_is_immortal(o)) {
            continue;
        }
        for (int64_t count = weir_refcount(o); count > 0; count--) {
            weir_decref(o);
        }
    }
    free(shared->objects);
    free(shared);
}

WEIR_PROGRAM_NAMED(
    wr_program_refs_shared, .name = "refs-shared",
    .summary = "references to objects that all threads share: contended counts",
    .help = "Models hot shared values: a module, a connection pool, a "
            "configuration.\nAn operation is one incref and one decref of an "
            "object that all threads use.\nChecked: the counts at the end; "
            "what is missing or too much is reported as\nlost updates.",
    .params = wr_params_refs_shared, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .setup = setup, .work = work, .check = check, .teardown = teardown);
