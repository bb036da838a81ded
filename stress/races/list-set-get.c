/* SPDX-License-Identifier: MIT */
/*
 * races/list-set-get.c - an item is read while it is replaced, and the old one
 * dies: the reader gets the old one or the new one.
 */
#include "race.h"

struct state {
    weir_object *list;
    weir_object *value;
};

RACE_ARRANGE
{
    s->list = race_list(4000, 1);
    s->value = RACE_NEED(weir_int_new(5000));
    race_open(s->list);
}

RACE_ACTOR(set)
{
    RACE_OK(weir_list_set(s->list, 0, s->value));
}

RACE_ACTOR(get)
{
    r[0] = race_item(s->list, 0);
}

RACE_OBSERVE
{
    r[1] = race_item(s->list, 0);
    weir_decref(s->value);
    weir_decref(s->list);
}

const struct race_test race_list_set_get = {
    RACE_IS("list-set-get", "an item is read while it is replaced"),
    .arrange = arrange,
    .actor = {set, get},
    .observe = observe,
    .outcomes = {{"4000,5000", ACCEPTABLE, "the old one"},
                 {"5000,5000", ACCEPTABLE, "the new one"},
                 {"-1,*", FORBIDDEN, "there was none for a moment"}},
    .mutants = {{"decref-before-publish", RACE_BOTH}},
};
