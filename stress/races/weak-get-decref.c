/* SPDX-License-Identifier: MIT */
/*
 * races/weak-get-decref.c - a weak reference is asked for its target while the
 * last reference to that is dropped: a live object comes out, or none.
 */
#include "race.h"

struct state {
    weir_object *target;
    weir_object *weak;
};

RACE_ARRANGE
{
    s->target = race_list(7, 1);
    s->weak = RACE_NEED(weir_weak_new(s->target, NULL, NULL, NULL));
}

RACE_ACTOR(get)
{
    weir_object *target = weir_weak_get(s->weak);

    if (target != NULL) {
        r[0] = race_item(target, 0);
        weir_decref(target);
    }
}

RACE_ACTOR(drop)
{
    weir_decref(s->target);
}

RACE_OBSERVE
{
    r[1] = weir_weak_get(s->weak) == NULL;
    weir_decref(s->weak);
}

const struct race_test race_weak_get_decref = {
    RACE_IS("weak-get-decref",
            "a weak reference is asked while its target dies"),
    .arrange = arrange,
    .actor = {get, drop},
    .observe = observe,
    .outcomes = {{"7,1", ACCEPTABLE, "it was alive"},
                 {"0,1", ACCEPTABLE, "it was dead"},
                 {"*,0", FORBIDDEN, "it never died"},
                 {"*,*", FORBIDDEN, "something else came out"}},
    .mutants = {{"weakref-corpse", RACE_BOTH}},
};
