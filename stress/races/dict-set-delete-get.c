/* SPDX-License-Identifier: MIT */
/*
 * races/dict-set-delete-get.c - a key is looked up while it is set and
 * deleted: its value comes out, or none.
 */
#include "race.h"

struct state {
    weir_object *dict;
    weir_object *key;
    weir_object *loose;
};

/* One key stays, so that there is a table from the first look on. */
RACE_ARRANGE
{
    weir_object *other = RACE_NEED(weir_int_new(4001));

    s->dict = RACE_NEED(weir_dict_new());
    s->key = RACE_NEED(weir_int_new(4000));
    RACE_OK(weir_dict_set(s->dict, other, other));
    weir_decref(other);
    race_open(s->dict);
}

RACE_ACTOR(change)
{
    weir_object *value = RACE_NEED(weir_int_new(5000));

    RACE_OK(weir_dict_set(s->dict, s->key, value));
    weir_decref(value);
    race_point();
    RACE_OK(weir_dict_delete(s->dict, s->key));
    /* Stands where the value stood, but never in the dict. */
    s->loose = RACE_NEED(weir_int_new(6000));
}

RACE_ACTOR(get)
{
    r[0] = race_int(weir_dict_get(s->dict, s->key));
}

RACE_OBSERVE
{
    r[1] = weir_dict_size(s->dict);
    weir_decref(s->key);
    weir_decref(s->loose);
    weir_decref(s->dict);
}

const struct race_test race_dict_set_delete_get = {
    RACE_IS("dict-set-delete-get", "a key is looked up, set and deleted"),
    .arrange = arrange,
    .actor = {change, get},
    .observe = observe,
    .outcomes = {{"5000,1", ACCEPTABLE, "it was there"},
                 {"-1,1", ACCEPTABLE, "it was not there"},
                 {"6000,1", FORBIDDEN, "what came out never was a value"}},
    .mutants = {{"get-after-unlock", RACE_BOTH}},
};
