/* SPDX-License-Identifier: MIT */
/*
 * races/dict-get-resize.c - a key is looked up while a new one makes the dict
 * replace its table: it is found.
 */
#include "race.h"

struct state {
    weir_object *dict;
    weir_object *key[6];
};

RACE_ARRANGE
{
    s->dict = RACE_NEED(weir_dict_new());
    for (int i = 0; i < 6; i++) {
        s->key[i] = RACE_NEED(weir_int_new(4000 + i));
        if (i < 5) {
            RACE_OK(weir_dict_set(s->dict, s->key[i], s->key[i]));
        }
    }
    race_open(s->dict);
}

RACE_ACTOR(set)
{
    RACE_OK(weir_dict_set(s->dict, s->key[5], s->key[5]));
}

RACE_ACTOR(get)
{
    r[0] = race_int(weir_dict_get(s->dict, s->key[4]));
    r[1] = weir_dict_contains(s->dict, s->key[5]);
}

RACE_OBSERVE
{
    for (int i = 0; i < 6; i++) {
        r[2] += weir_dict_contains(s->dict, s->key[i]);
        weir_decref(s->key[i]);
    }
    weir_decref(s->dict);
}

const struct race_test race_dict_get_resize = {
    RACE_IS("dict-get-resize",
            "a key is looked up while the table is replaced"),
    .arrange = arrange,
    .actor = {set, get},
    .observe = observe,
    .outcomes = {{"4004,0,6", ACCEPTABLE, "before"},
                 {"4004,1,6", ACCEPTABLE, "after"},
                 {"-1,*,*", FORBIDDEN, "the key was not found"}},
    .mutants = {{"table-taken-first", RACE_BOTH}},
};
