/* SPDX-License-Identifier: MIT */
/*
 * tests/bag.h - a foreign type to test with: some references in line, some in
 * memory of its own.
 *
 * A log, the type's data, counts what the runtime calls; several threads may.
 */
#ifndef WR_TESTS_BAG_H
#define WR_TESTS_BAG_H

#include "tests/suites.h"

#include "base/sync.h"

#include <weir/weir.h>

#include <stdlib.h>

enum { BAG_ITEMS = 3 };

struct bag_log {
    int64_t finalized;
    int64_t released;
    /* at its end, unless NULL, called by release */
    void (*on_release)(weir_object *o);
};

struct bag {
    weir_object *items[BAG_ITEMS];
    /* references in memory from malloc */
    weir_object **more;
    size_t nmore;
    int64_t number;
};

static inline struct bag *
bag_of(weir_object *o)
{
    return weir_foreign_fields(o);
}

static inline void
bag_traverse(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    const struct bag *bag = weir_foreign_fields(o);

    (void)data;
    for (size_t i = 0; i < BAG_ITEMS; i++) {
        visit(bag->items[i], context);
    }
    for (size_t i = 0; i < bag->nmore; i++) {
        visit(bag->more[i], context);
    }
}

static inline void
bag_release(weir_object *o, void *data)
{
    struct bag_log *log = data;

    free(bag_of(o)->more);
    if (log != NULL) {
        (void)wr_fetch_add_relaxed(&log->released, (int64_t)1);
        if (log->on_release != NULL) {
            log->on_release(o);
        }
    }
}

static inline void
bag_finalize(weir_object *o, void *data)
{
    struct bag_log *log = data;

    (void)o;
    (void)wr_fetch_add_relaxed(&log->finalized, (int64_t)1);
}

/* A type of bags.  log: NULL, or outlives them; finalize: count deaths too. */
static inline weir_type *
bag_type(struct bag_log *log, bool finalize)
{
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "bag",
        .bytes = sizeof(struct bag),
        .traverse = bag_traverse,
        .release = bag_release,
        .finalize = finalize ? bag_finalize : NULL,
        .data = log,
    };

    return weir_foreign_type(&spec);
}

/* items[i] = value, which may be NULL; the caller keeps its reference. */
static inline void
bag_put(weir_object *o, size_t i, weir_object *value)
{
    weir_object *old;

    if (value != NULL) {
        weir_incref(value);
    }
    weir_object_lock(o);
    old = bag_of(o)->items[i];
    bag_of(o)->items[i] = value;
    weir_object_unlock(o);
    weir_xdecref(old);
}

/* A new reference to items[i], or NULL. */
static inline weir_object *
bag_get(weir_object *o, size_t i)
{
    weir_object *value;

    weir_object_lock(o);
    value = bag_of(o)->items[i];
    if (value != NULL) {
        weir_incref(value);
    }
    weir_object_unlock(o);
    return value;
}

/* Add a reference to those outside; false without memory.  One thread. */
static inline bool
bag_add(weir_object *o, weir_object *value)
{
    struct bag *bag = bag_of(o);
    weir_object **more =
        realloc(bag->more, (bag->nmore + 1) * sizeof(weir_object *));

    if (more == NULL) {
        return false;
    }
    bag->more = more;
    bag->more[bag->nmore++] = weir_newref(value);
    return true;
}

#endif
