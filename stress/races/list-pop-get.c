/* SPDX-License-Identifier: MIT */
/*
 * races/list-pop-get.c - an item is appended, popped and dropped while it is
 * read: what comes out was an item, or there is none.
 */
#include "race.h"

struct state {
    weir_object *list;
    weir_object *loose;
};

RACE_ARRANGE
{
    s->list = race_list(4000, 1);
    race_open(s->list);
}

RACE_ACTOR(change)
{
    race_append(s->list, 5000);
    race_point();
    weir_decref(RACE_NEED(weir_list_pop(s->list)));
    /* Stands where the popped item stood, but never in the list. */
    s->loose = RACE_NEED(weir_int_new(6000));
}

RACE_ACTOR(get)
{
    r[0] = race_item(s->list, 1);
}

RACE_OBSERVE
{
    r[1] = weir_list_size(s->list);
    weir_decref(s->loose);
    weir_decref(s->list);
}

const struct race_test race_list_pop_get = {
    RACE_IS("list-pop-get", "an item is read while it is appended and popped"),
    .arrange = arrange,
    .actor = {change, get},
    .observe = observe,
    .outcomes = {{"5000,1", ACCEPTABLE, "it was there"},
                 {"-1,1", ACCEPTABLE, "it was not there"},
                 {"6000,1", FORBIDDEN, "what came out never was an item"}},
    .mutants = {{"slot-unchecked", RACE_BOTH}},
};
