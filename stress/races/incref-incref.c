/* SPDX-License-Identifier: MIT */
/*
 * races/incref-incref.c - two threads take a reference each to one object:
 * none of them is lost (behaviour 1.6).
 */
#include "race.h"

struct state {
    weir_object *shared;
};

RACE_ARRANGE
{
    s->shared = race_list(0, 0);
}

RACE_ACTOR(take)
{
    weir_incref(s->shared);
}

RACE_OBSERVE
{
    r[0] = weir_refcount(s->shared);
    race_drop(s->shared, r[0]);
}

const struct race_test race_incref_incref = {
    RACE_IS("incref-incref", "two references to one object are taken"),
    .arrange = arrange,
    .actor = {take, take},
    .observe = observe,
    .outcomes = {{"3", ACCEPTABLE, "both were counted"},
                 {"2", FORBIDDEN, "one of them was lost"}},
    .mutants = {{"lost-update", RACE_BOTH}},
};
