/* SPDX-License-Identifier: MIT */
/*
 * races/dict-add-add.c - one is added twice to the int under a key: no
 * addition is lost, and each sum comes out once.
 */
#include "race.h"

struct state {
    weir_object *dict;
    weir_object *key;
};

RACE_ARRANGE
{
    s->dict = RACE_NEED(weir_dict_new());
    s->key = RACE_NEED(weir_int_new(4000));
}

RACE_ACTOR(add)
{
    RACE_OK(weir_dict_add_int(s->dict, s->key, 1, &r[race_me()]));
}

RACE_OBSERVE
{
    r[2] = race_int(weir_dict_get(s->dict, s->key));
    weir_decref(s->key);
    weir_decref(s->dict);
}

const struct race_test race_dict_add_add = {
    RACE_IS("dict-add-add", "one is added twice to the int under a key"),
    .arrange = arrange,
    .actor = {add, add},
    .observe = observe,
    .outcomes = {{"1,2,2", ACCEPTABLE, "actor 0 came first"},
                 {"2,1,2", ACCEPTABLE, "actor 1 came first"},
                 {"1,1,*", FORBIDDEN, "an addition was lost"}},
    .mutants = {{"dict-add-unlocked", RACE_BOTH}},
};
