/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_read.h - looking into a dict or a set without its lock.
 */
#ifndef WR_KINDS_DICT_READ_H
#define WR_KINDS_DICT_READ_H

#include "kinds/dict.h"

/* wr_dict_read() where dicts have locks. */
bool wr_dict_read_shared(weir_object *d, weir_object *key, uint64_t hash,
                         weir_object **value);

/* wr_dict_read_size() where dicts have locks. */
uint32_t wr_dict_read_size_shared(weir_object *d);

/*
 * Has the dict this key?  Then, unless value is NULL, *value is a new
 * reference to its value.
 *
 * Caller: attached, no lock held; d is a dict or, with value NULL, a set.
 */
static inline bool
wr_dict_read(weir_object *d, weir_object *key, uint64_t hash,
             weir_object **value)
{
    const struct wr_dict_entry *entry;

    if (wr_cfg_locked_objects) {
        return wr_dict_read_shared(d, key, hash, value);
    }
    entry = wr_dict_entry_locked(wr_dict_of(d), key, hash);
    if (entry != NULL && value != NULL) {
        *value = weir_newref(entry->value);
    }
    return entry != NULL;
}

/* The number of entries.  Caller: as wr_dict_read(). */
static inline uint32_t
wr_dict_read_size(weir_object *d)
{
    return wr_cfg_locked_objects ? wr_dict_read_size_shared(d)
                                 : wr_dict_used(wr_dict_of(d));
}

#endif
