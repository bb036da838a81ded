/* SPDX-License-Identifier: MIT */
/*
 * races/dict-set-set.c - two new keys are set at once in a dict that is full:
 * both are there, in one order or the other.
 */
#include "race.h"

struct state {
    weir_object *dict;
    weir_object *key[2];
};

enum { BEFORE = 5 };

/* Keys differ from sample to sample, for it depends on their hashes where
 * they stand. */
RACE_ARRANGE
{
    int64_t first = 10000 + (int64_t)(race_sample() & 0xfff) * 2;

    s->dict = RACE_NEED(weir_dict_new());
    for (int i = 0; i < BEFORE; i++) {
        weir_object *key = RACE_NEED(weir_int_new(4000 + i));

        RACE_OK(weir_dict_set(s->dict, key, key));
        weir_decref(key);
    }
    s->key[0] = RACE_NEED(weir_int_new(first));
    s->key[1] = RACE_NEED(weir_int_new(first + 1));
}

RACE_ACTOR(set)
{
    weir_object *value = RACE_NEED(weir_int_new(5000 + race_me()));

    RACE_OK(weir_dict_set(s->dict, s->key[race_me()], value));
    weir_decref(value);
}

RACE_OBSERVE
{
    uint64_t place = 0;
    weir_object *value = NULL;

    for (int i = 0; weir_dict_next(s->dict, &place, NULL, &value) > 0; i++) {
        r[i < BEFORE ? 2 : i == BEFORE ? 0 : 1] = race_int(value);
    }
    /* Not only listed, but found. */
    r[2] = race_int(weir_dict_get(s->dict, s->key[0])) +
           race_int(weir_dict_get(s->dict, s->key[1]));
    weir_decref(s->key[0]);
    weir_decref(s->key[1]);
    weir_decref(s->dict);
}

const struct race_test race_dict_set_set = {
    RACE_IS("dict-set-set", "two new keys are set in a full dict"),
    .arrange = arrange,
    .actor = {set, set},
    .observe = observe,
    .outcomes = {{"5000,5001,10001", ACCEPTABLE, "actor 0 came first"},
                 {"5001,5000,10001", ACCEPTABLE, "actor 1 came first"},
                 {"*,0,*", FORBIDDEN, "a key was lost"},
                 {"*,*,*", FORBIDDEN, "a key is there and is not found"}},
    .mutants = {{"dict-set-unlocked", RACE_BOTH}},
};
