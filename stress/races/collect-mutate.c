/* SPDX-License-Identifier: MIT */
/*
 * races/collect-mutate.c - an object moves from one container to another while
 * the garbage is looked for: a collection that saw the world in motion would
 * miss it in both.  The second container is reached through the first, so both
 * are candidates.
 */
#include "race.h"

struct state {
    weir_object *list;
    weir_object *other;
    weir_object *item;
};

/* list -> other, item; item -> 7. */
RACE_ARRANGE
{
    s->list = race_list(0, 0);
    s->other = race_list(0, 0);
    s->item = race_list(7, 1);
    RACE_OK(weir_list_append(s->list, s->other));
    RACE_OK(weir_list_append(s->list, s->item));
    weir_decref(s->other);
    weir_decref(s->item);
}

RACE_ACTOR(move)
{
    weir_object *item = RACE_NEED(weir_list_pop(s->list));

    race_point();
    RACE_OK(weir_list_append(s->other, item));
    weir_decref(item);
}

RACE_ACTOR(collect)
{
    RACE_OK(weir_gc_collect(2));
}

RACE_OBSERVE
{
    weir_object *item = RACE_NEED(weir_list_get(s->other, 0));

    r[0] = weir_refcount(item);
    r[1] = race_item(item, 0);
    weir_decref(item);
    weir_decref(s->list);
}

const struct race_test race_collect_mutate = {
    RACE_IS("collect-mutate", "an item changes its list, another one collects"),
    .arrange = arrange,
    .actor = {move, collect},
    .observe = observe,
    .outcomes = {{"2,7", ACCEPTABLE, "the item lives, counted once"},
                 {"*,7", FORBIDDEN, "its count is wrong"},
                 {"*,*", FORBIDDEN, "it was freed"}},
    .mutants = {{"stop-hasty", RACE_ATOMIC}},
};
