/* SPDX-License-Identifier: MIT */
/*
 * races/cell-swap-swap.c - two threads swap the value of one cell: each value
 * comes out once.
 */
#include "race.h"

struct state {
    weir_object *cell;
    weir_object *first;
};

RACE_ARRANGE
{
    s->first = RACE_NEED(weir_int_new(4000));
    s->cell = RACE_NEED(weir_cell_new(s->first));
    weir_incref(s->first);
}

RACE_ACTOR(swap)
{
    weir_object *value = RACE_NEED(weir_int_new(5000 + race_me()));
    weir_object *old = NULL;

    RACE_OK(weir_cell_swap(s->cell, value, &old));
    weir_decref(value);
    r[race_me()] = race_int(old);
}

RACE_OBSERVE
{
    r[2] = race_int(weir_cell_get(s->cell));
    /* Two, unless it came out twice. */
    race_drop(s->first, weir_refcount(s->first));
    weir_decref(s->cell);
}

const struct race_test race_cell_swap_swap = {
    RACE_IS("cell-swap-swap", "two swap the value of one cell"),
    .arrange = arrange,
    .actor = {swap, swap},
    .observe = observe,
    .outcomes = {{"4000,5000,5001", ACCEPTABLE, "actor 0 came first"},
                 {"5001,4000,5000", ACCEPTABLE, "actor 1 came first"},
                 {"4000,4000,*", FORBIDDEN, "a value came out twice"}},
    .mutants = {{"cell-swap-unlocked", RACE_BOTH}},
};
