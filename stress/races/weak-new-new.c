/* SPDX-License-Identifier: MIT */
/*
 * races/weak-new-new.c - two threads make a weak reference without a callback
 * to one object: it is the same one.
 */
#include "race.h"

struct state {
    weir_object *target;
    weir_object *weak[2];
};

RACE_ARRANGE
{
    s->target = race_list(0, 0);
}

RACE_ACTOR(make)
{
    s->weak[race_me()] = weir_weak_new(s->target, NULL, NULL, NULL);
}

RACE_OBSERVE
{
    r[0] = RACE_NEED(s->weak[0]) == RACE_NEED(s->weak[1]);
    r[1] = weir_weak_count(s->target);
    weir_decref(s->weak[0]);
    weir_decref(s->weak[1]);
    weir_decref(s->target);
}

const struct race_test race_weak_new_new = {
    RACE_IS("weak-new-new", "two weak references to one object are made"),
    .arrange = arrange,
    .actor = {make, make},
    .observe = observe,
    .outcomes = {{"1,1", ACCEPTABLE, "both got the same one"},
                 {"0,2", FORBIDDEN, "there are two"}},
    .mutants = {{"weak-looked-before", RACE_BOTH}},
};
