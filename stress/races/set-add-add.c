/* SPDX-License-Identifier: MIT */
/*
 * races/set-add-add.c - two threads add the same element to a set: exactly one
 * of them is told that it is new.
 */
#include "race.h"

struct state {
    weir_object *set;
    weir_object *element;
};

RACE_ARRANGE
{
    s->set = RACE_NEED(weir_set_new());
    s->element = RACE_NEED(weir_int_new(4000));
}

RACE_ACTOR(add)
{
    r[race_me()] = RACE_OK(weir_set_add(s->set, s->element));
}

RACE_OBSERVE
{
    r[2] = weir_set_size(s->set);
    weir_decref(s->element);
    weir_decref(s->set);
}

const struct race_test race_set_add_add = {
    RACE_IS("set-add-add", "the same element is added twice to a set"),
    .arrange = arrange,
    .actor = {add, add},
    .observe = observe,
    .outcomes = {{"1,0,1", ACCEPTABLE, "actor 0 came first"},
                 {"0,1,1", ACCEPTABLE, "actor 1 came first"},
                 {"1,1,*", FORBIDDEN, "it was new for both"}},
    .mutants = {{"set-add-unlocked", RACE_BOTH}},
};
