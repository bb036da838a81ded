/* SPDX-License-Identifier: MIT */
/*
 * tests/dicts.h - what the suites of dicts and sets share.
 */
#ifndef WR_TESTS_DICTS_H
#define WR_TESTS_DICTS_H

#include "tests/fixture.h"

#include "kinds/dict.h"

/* The table of a dict or set that no other thread changes. */
static inline struct wr_dict_table *
wr_test_table(weir_object *o)
{
    return wr_dict_table_of(wr_dict_of(o));
}

/* The table holds what it should. */
static inline bool
wr_test_is_sound(weir_object *o)
{
    return wr_dict_table_sound(wr_test_table(o), wr_dict_used(wr_dict_of(o)));
}

/* Set the int key k, not immortal, to the int v; 0 or an error.  For workers
 * too: asserts nothing. */
static inline int
wr_test_put(weir_object *dict, int64_t k, int64_t v)
{
    weir_object *key = weir_int_new(k + 1000000);
    weir_object *value = weir_int_new(v + 1000000);
    int error = weir_dict_set(dict, key, value);

    weir_xdecref(key);
    weir_xdecref(value);
    return error;
}

#endif
