/* SPDX-License-Identifier: MIT */
/*
 * races/handle-get-free.c - a handle is asked for its object while it is
 * freed, and the object with it: a live object comes out, or an error.
 */
#include "race.h"

struct state {
    weir_handle handle;
};

RACE_ARRANGE
{
    weir_object *o = race_list(7, 1);

    RACE_OK(weir_handle_new(o, &s->handle));
    weir_decref(o);
}

RACE_ACTOR(get)
{
    weir_object *o = weir_handle_get(s->handle);

    if (o != NULL) {
        r[0] = race_item(o, 0);
        weir_decref(o);
    }
}

RACE_ACTOR(give_back)
{
    RACE_OK(weir_handle_free(s->handle));
}

const struct race_test race_handle_get_free = {
    RACE_IS("handle-get-free", "a handle is asked while it is freed"),
    .arrange = arrange,
    .actor = {get, give_back},
    .outcomes = {{"7", ACCEPTABLE, "it was a handle still"},
                 {"0", ACCEPTABLE, "it was none any more"},
                 {"-1", FORBIDDEN, "the object was gone"}},
    .mutants = {{"handle-get-unlocked", RACE_BOTH}},
};
