/* SPDX-License-Identifier: MIT */
/*
 * races/append-append.c - two threads append to one list: both items are
 * there, in one order or the other (behaviour 4.5).
 */
#include "race.h"

struct state {
    weir_object *list;
};

RACE_ARRANGE
{
    s->list = race_list(2000, 1);
}

RACE_ACTOR(append)
{
    race_append(s->list, 3000 + race_me());
}

RACE_OBSERVE
{
    r[0] = race_item(s->list, 1);
    r[1] = race_item(s->list, 2);
    weir_decref(s->list);
}

const struct race_test race_append_append = {
    RACE_IS("append-append", "two items are appended to one list"),
    .arrange = arrange,
    .actor = {append, append},
    .observe = observe,
    .outcomes = {{"3000,3001", ACCEPTABLE, "actor 0 came first"},
                 {"3001,3000", ACCEPTABLE, "actor 1 came first"},
                 {"*,-1", FORBIDDEN, "an item was lost"}},
    .mutants = {{"append-unlocked", RACE_BOTH}},
};
