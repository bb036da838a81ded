/* SPDX-License-Identifier: MIT */
/*
 * races/weak-get-resurrect.c - a finalizer makes its object live on while a
 * weak reference is asked for it: whoever gets it has a counted reference.
 */
#include "race.h"

struct state {
    weir_object *object;
    weir_object *weak;
    weir_object *cell;
    weir_object *got;
};

static weir_type *type;

/* The object's slot holds the cell that saves it. */
static void
save(weir_object *o, void *data)
{
    (void)data;
    RACE_OK(weir_cell_set(weir_instance_borrow(o, 0), o));
    race_point();
}

RACE_ARRANGE
{
    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("saved", 1, 0, save, NULL));
    }
    s->object = RACE_NEED(weir_instance_new(type));
    s->weak = RACE_NEED(weir_weak_new(s->object, NULL, NULL, NULL));
    s->cell = RACE_NEED(weir_cell_new(NULL));
    RACE_OK(weir_instance_set(s->object, 0, s->cell));
}

RACE_ACTOR(get)
{
    s->got = weir_weak_get(s->weak);
}

RACE_ACTOR(drop)
{
    weir_decref(s->object);
}

RACE_OBSERVE
{
    weir_object *saved = NULL;

    RACE_OK(weir_cell_swap(s->cell, NULL, &saved));
    r[0] = s->got != NULL;
    r[1] = saved == NULL ? -1 : weir_refcount(saved) - r[0];
    weir_xdecref(s->got);
    weir_xdecref(saved);
    /* If it dies only here, it has been saved here. */
    RACE_OK(weir_cell_set(s->cell, NULL));
    weir_decref(s->weak);
    weir_decref(s->cell);
}

const struct race_test race_weak_get_resurrect = {
    RACE_IS("weak-get-resurrect",
            "a weak reference is asked while a finalizer saves its target"),
    .arrange = arrange,
    .actor = {get, drop},
    .observe = observe,
    .outcomes = {{"1,-1", ACCEPTABLE, "it was got before it died"},
                 {"1,1", ACCEPTABLE, "it was got when it was saved"},
                 {"0,1", ACCEPTABLE, "it was dead for a moment"},
                 {"1,0", FORBIDDEN, "what was got is not counted"}},
    .mutants = {{"resurrect-plain-store", RACE_BOTH}},
};
