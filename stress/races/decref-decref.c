/* SPDX-License-Identifier: MIT */
/*
 * races/decref-decref.c - the last two references to an object are dropped:
 * one of the two actors destroys it, once.  The object is a list with one
 * item, whose count tells what became of the list.
 */
#include "race.h"

struct state {
    weir_object *list;
    weir_object *item;
};

RACE_ARRANGE
{
    s->list = race_list(0, 0);
    s->item = race_list(0, 0);
    RACE_OK(weir_list_append(s->list, s->item));
    weir_incref(s->list);
    weir_incref(s->item);
}

RACE_ACTOR(drop)
{
    weir_decref(s->list);
}

RACE_OBSERVE
{
    r[0] = weir_refcount(s->item);
    race_drop(s->item, r[0]);
}

const struct race_test race_decref_decref = {
    RACE_IS("decref-decref", "the last two references to an object go"),
    .arrange = arrange,
    .actor = {drop, drop},
    .observe = observe,
    .outcomes = {{"2", ACCEPTABLE, "destroyed once"},
                 {"3", FORBIDDEN, "never destroyed"},
                 {"1", FORBIDDEN, "destroyed twice"}},
    .mutants = {{"put-then-look", RACE_BOTH}},
};
