/* SPDX-License-Identifier: MIT */
/*
 * races/finalizer-incref.c - a finalizer puts its object where another thread
 * takes it and drops it: however that goes, the finalizer runs once.
 */
#include "race.h"

struct state {
    weir_object *object;
    weir_object *cell;
    uint32_t runs;
};

static weir_type *type;

/* The object's slot holds an int, which is the address of the state. */
static void
put(weir_object *o, void *data)
{
    struct state *s;
    int64_t address = 0;

    (void)data;
    RACE_OK(weir_int_value(weir_instance_borrow(o, 0), &address));
    s = (struct state *)(intptr_t)address;
    (void)weir_fetch_add_relaxed(&s->runs, 1u);
    RACE_OK(weir_cell_set(s->cell, o));
    race_point();
}

RACE_ARRANGE
{
    weir_object *address = RACE_NEED(weir_int_new((int64_t)(intptr_t)s));

    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("put", 1, 0, put, NULL));
    }
    s->object = RACE_NEED(weir_instance_make(type, 1, &address));
    s->cell = RACE_NEED(weir_cell_new(NULL));
}

RACE_ACTOR(drop)
{
    weir_decref(s->object);
}

RACE_ACTOR(take)
{
    weir_object *o = NULL;

    RACE_OK(weir_cell_swap(s->cell, NULL, &o));
    r[0] = o != NULL;
    weir_xdecref(o);
}

RACE_OBSERVE
{
    RACE_OK(weir_cell_set(s->cell, NULL));
    r[1] = weir_load_relaxed(&s->runs);
    weir_decref(s->cell);
}

const struct race_test race_finalizer_incref = {
    RACE_IS("finalizer-incref",
            "what a finalizer has saved is dropped at once"),
    .arrange = arrange,
    .actor = {drop, take},
    .observe = observe,
    .outcomes = {{"1,1", ACCEPTABLE, "it was taken and dropped"},
                 {"0,1", ACCEPTABLE, "it was not there yet"},
                 {"*,0", FORBIDDEN, "the finalizer did not run"},
                 {"*,*", FORBIDDEN, "the finalizer ran again"}},
    .mutants = {{"finalizer-twice", RACE_BOTH}},
};
