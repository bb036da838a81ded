/* SPDX-License-Identifier: MIT */
/*
 * races/attr-first-set.c - two threads set the first attributes of an
 * instance, under two names: both are there.
 */
#include "race.h"

struct state {
    weir_object *instance;
};

static weir_type *type;
static weir_object *names[2];

RACE_ARRANGE
{
    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("attr-first-set", 0,
                                            WEIR_TYPE_ATTRS, NULL, NULL));
        names[0] = RACE_NEED(weir_str_intern("one", 3));
        names[1] = RACE_NEED(weir_str_intern("two", 3));
    }
    s->instance = RACE_NEED(weir_instance_new(type));
}

RACE_ACTOR(set)
{
    RACE_OK(weir_attr_set(s->instance, names[race_me()], s->instance));
}

RACE_OBSERVE
{
    for (unsigned i = 0; i < 2; i++) {
        weir_object *value = weir_attr_get(s->instance, names[i]);

        r[i] = value == s->instance;
        weir_xdecref(value);
        (void)weir_attr_delete(s->instance, names[i]);
    }
    r[2] = weir_refcount(s->instance);
    weir_decref(s->instance);
}

const struct race_test race_attr_first_set = {
    RACE_IS("attr-first-set",
            "the first two attributes of an instance are set"),
    .arrange = arrange,
    .actor = {set, set},
    .observe = observe,
    .outcomes = {{"1,1,1", ACCEPTABLE, "both are there"},
                 {"0,1,*", FORBIDDEN, "the attribute of actor 0 was lost"},
                 {"1,0,*", FORBIDDEN, "the attribute of actor 1 was lost"}},
    .mutants = {{"attrs-unlocked", RACE_BOTH}},
};
