/* SPDX-License-Identifier: MIT */
/*
 * races/attr-set-set.c - one attribute is set by two threads: the old value is
 * dropped once, and one of the new ones stays.
 */
#include "race.h"

struct state {
    weir_object *instance;
    weir_object *old;
};

static weir_type *type;
static weir_object *name;

RACE_ARRANGE
{
    if (type == NULL) {
        type = RACE_NEED(
            weir_instance_type("attr-set-set", 0, WEIR_TYPE_ATTRS, NULL, NULL));
        name = RACE_NEED(weir_str_intern("name", 4));
    }
    s->instance = RACE_NEED(weir_instance_new(type));
    s->old = RACE_NEED(weir_int_new(4000));
    weir_incref(s->old);
    RACE_OK(weir_attr_set(s->instance, name, s->old));
}

RACE_ACTOR(set)
{
    weir_object *value = RACE_NEED(weir_int_new(5000 + race_me()));

    RACE_OK(weir_attr_set(s->instance, name, value));
    weir_decref(value);
}

RACE_OBSERVE
{
    r[0] = weir_refcount(s->old);
    r[1] = race_int(weir_attr_get(s->instance, name));
    race_drop(s->old, r[0]);
    weir_decref(s->instance);
}

const struct race_test race_attr_set_set = {
    RACE_IS("attr-set-set", "one attribute is set twice"),
    .arrange = arrange,
    .actor = {set, set},
    .observe = observe,
    .outcomes = {{"2,5000", ACCEPTABLE, "actor 1 came first"},
                 {"2,5001", ACCEPTABLE, "actor 0 came first"},
                 {"1,*", FORBIDDEN, "the old value was dropped twice"},
                 {"3,*", FORBIDDEN, "the old value was not dropped"}},
    .mutants = {{"setter-double-decref", RACE_BOTH}},
};
