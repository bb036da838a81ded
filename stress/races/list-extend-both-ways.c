/* SPDX-License-Identifier: MIT */
/*
 * races/list-extend-both-ways.c - each of two lists is extended by the other:
 * nobody waits for ever, and the second sees what the first has done.
 */
#include "race.h"

struct state {
    weir_object *list[2];
};

RACE_ARRANGE
{
    s->list[0] = race_list(0, 1);
    s->list[1] = race_list(1, 1);
}

RACE_ACTOR(extend)
{
    unsigned me = race_me();

    RACE_OK(weir_list_extend(s->list[me], s->list[1 - me]));
}

RACE_OBSERVE
{
    r[0] = weir_list_size(s->list[0]);
    r[1] = weir_list_size(s->list[1]);
    weir_decref(s->list[0]);
    weir_decref(s->list[1]);
}

const struct race_test race_list_extend_both_ways = {
    RACE_IS("list-extend-both-ways", "two lists are extended by each other"),
    .arrange = arrange,
    .actor = {extend, extend},
    .observe = observe,
    .outcomes = {{"2,3", ACCEPTABLE, "actor 0 came first"},
                 {"3,2", ACCEPTABLE, "actor 1 came first"},
                 {"2,2", FORBIDDEN, "neither saw what the other did"}},
    .mutants = {{"lock-order", RACE_ATOMIC}},
};
