/* SPDX-License-Identifier: MIT */
/*
 * races/resurrect-collect.c - a finalizer puts garbage into a list that
 * another thread looks at meanwhile: what can be reached again is not freed.
 */
#include "race.h"

struct state {
    weir_object *ring;
    weir_object *saved;
};

/* Slot 1 holds the list of the saved, slot 2 what is to be saved. */
static void
save(weir_object *o, void *data)
{
    weir_object *saved = RACE_NEED(weir_instance_get(o, 1));
    weir_object *item = RACE_NEED(weir_instance_get(o, 2));

    (void)data;
    RACE_OK(weir_list_append(saved, item));
    weir_decref(item);
    weir_decref(saved);
}

RACE_ARRANGE
{
    static weir_type *type;
    weir_object *item = race_list(7, 1);

    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("saviour", 3, 0, save, NULL));
    }
    s->saved = race_list(0, 0);
    s->ring = RACE_NEED(weir_instance_new(type));
    RACE_OK(weir_list_append(item, s->ring));
    RACE_OK(weir_instance_set(s->ring, 0, s->ring));
    RACE_OK(weir_instance_set(s->ring, 1, s->saved));
    RACE_OK(weir_instance_set(s->ring, 2, item));
    weir_decref(item);
}

RACE_ACTOR(collect)
{
    weir_decref(s->ring);
    RACE_OK(weir_gc_collect(2));
}

/* 0: not there yet. */
RACE_ACTOR(look)
{
    weir_object *item = weir_list_get(s->saved, 0);

    if (item != NULL) {
        r[0] = race_item(item, 0);
        weir_decref(item);
    }
}

RACE_OBSERVE
{
    weir_object *item;

    RACE_OK(weir_gc_collect(2));
    item = weir_list_get(s->saved, 0);
    r[1] = weir_list_size(s->saved);
    if (item != NULL) {
        r[2] = race_item(item, 0);
        weir_decref(item);
    }
    weir_decref(s->saved);
}

const struct race_test race_resurrect_collect = {
    RACE_IS("resurrect-collect", "a finalizer saves garbage, one looks at it"),
    .arrange = arrange,
    .actor = {collect, look},
    .observe = observe,
    .outcomes = {{"0,1,7", ACCEPTABLE, "saved after the look"},
                 {"7,1,7", ACCEPTABLE, "saved, and seen"},
                 {"*,0,*", FORBIDDEN, "the garbage was never found"},
                 {"*,*,*", FORBIDDEN, "what was saved was freed"}},
    .mutants = {{"saved-freed", RACE_BOTH}},
};
