/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict.h - dicts, seen from the other kinds.
 *
 * [inv:dict.version] Between any two changes of what keys a dict has, the
 * version differs (until 2^32 changes later), also across weir_dict_clear():
 * a dict without a table keeps in `used` the version its next table starts
 * with.  So ask wr_dict_used(), not the field.
 */
#ifndef WR_KINDS_DICT_H
#define WR_KINDS_DICT_H

#include "kinds/dict_table.h"

#include <weir/dict.h>

/* o as a dict.  Caller: knows that it is one. */
static inline struct wr_dict *
wr_dict_of(weir_object *o)
{
    return (struct wr_dict *)(void *)o;
}

/* The number of entries.  Caller: holds the dict's lock. */
static inline uint64_t
wr_dict_used(const struct wr_dict *dict)
{
    return dict->table != NULL ? dict->used : 0;
}

/* The version.  Caller: holds the dict's lock. */
static inline uint32_t
wr_dict_version(const struct wr_dict *dict)
{
    return dict->table != NULL ? dict->table->version : (uint32_t)dict->used;
}

#endif
