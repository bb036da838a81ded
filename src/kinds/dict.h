/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict.h - what dicts and sets do alike, seen from both and from the
 * other kinds.
 *
 * A set is a dict whose values are NULL: the same struct, the same table.  So
 * a function here takes either, and those that check their argument are told
 * by `meta` which of the two it must be.
 *
 * Functions called ..._locked() do their part of an operation under the
 * lock of the dict, and put what they remove into a struct wr_dict_waste, to
 * be dropped after unlocking [inv:dict.drop-unlocked].
 *
 * [inv:dict.version] Between any two changes of what keys a dict has, or of
 * their order, the version differs (until 2^32 changes later).
 */
#ifndef WR_KINDS_DICT_H
#define WR_KINDS_DICT_H

#include "kinds/dict_table.h"
#include "kinds/hash.h"
#include "object/slot.h"
#include "thread/objlock.h"

#include <weir/dict.h>

enum {
    /* a table with fewer entries is not worth shrinking */
    WR_DICT_KEEP_FILLED = 64,
    /* one with more is too large to be checked by every operation */
    WR_DICT_CHECK_FILLED = 64
};

/* What an operation took out of a dict, to be dropped after unlocking. */
struct wr_dict_waste {
    weir_object *key;
    weir_object *value;
    uint64_t gate; /* of a table that was replaced */
};

/* o as a dict.  Caller: knows that it is one, or a set. */
static inline struct wr_dict *
wr_dict_of(weir_object *o)
{
    return (struct wr_dict *)(void *)o;
}

/* The number of entries.  Caller: holds the dict's lock. */
static inline uint32_t
wr_dict_used(const struct wr_dict *dict)
{
    return (uint32_t)dict->shape;
}

/* Caller: holds the dict's lock. */
static inline uint32_t
wr_dict_version(const struct wr_dict *dict)
{
    return (uint32_t)(dict->shape >> 32);
}

/* So many entries more, or fewer, and the next version: who sees that sees
 * the lock taken.  [pair:dict.shape/rel]  Caller: holds the dict's lock. */
static inline void
wr_dict_reshape_locked(struct wr_dict *dict, int64_t more)
{
    wr_store_release(&dict->shape,
                     dict->shape + (UINT64_C(1) << 32) + (uint64_t)more);
}

/* Give a table that was replaced back.  Its references are not touched. */
static inline void
wr_dict_retire(struct wr_thread *self, uint64_t gate)
{
    struct wr_dict_table *table = wr_gate_block(gate);

    if (table != NULL) {
        wr_raw_retire(self, table, (size_t)table->bytes, gate);
    }
}

/* Caller: has unlocked the dict. */
static inline void
wr_dict_drop(struct wr_thread *self, const struct wr_dict_waste *waste)
{
    wr_dict_retire(self, waste->gate);
    weir_xdecref(waste->key);
    weir_xdecref(waste->value);
}

/* Check a dict or set and a key, and hash the key. */
static inline int
wr_dict_check_key(const weir_object *d, uint32_t meta, weir_object *key,
                  uint64_t *hash)
{
    int error = wr_check_kind(d, meta);

    return wr_likely(error == WEIR_OK) ? wr_hash(key, hash) : error;
}

/* The table of a small dict is sound; for asserts.  Caller: holds the lock. */
static inline bool
wr_dict_sound(const struct wr_dict *dict)
{
    const struct wr_dict_table *table = wr_dict_table_of(dict);

    return (table != NULL && table->filled > WR_DICT_CHECK_FILLED) ||
           wr_dict_table_sound(table, wr_dict_used(dict));
}

/* The entry of a key or NULL.  Caller: holds the dict's lock. */
static inline struct wr_dict_entry *
wr_dict_entry_locked(const struct wr_dict *dict, weir_object *key,
                     uint64_t hash)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);
    uint32_t place = wr_dict_look_up(table, key, hash);

    return place != WR_DICT_NONE ? &table->entries[place] : NULL;
}

/*
 * Replace the dict's table by one with room for `more` entries at least; the
 * old one goes to waste.  Returns 0, or WEIR_ENOMEM or WEIR_ELIMIT and then
 * nothing has changed.  Caller: holds the dict's lock.
 */
int wr_dict_rebuild_locked(struct wr_thread *self, struct wr_dict *dict,
                           uint64_t more, struct wr_dict_waste *waste);

/* How many entries can be inserted before the table is full. */
static inline uint64_t
wr_dict_room(const struct wr_dict_table *table)
{
    return table != NULL ? table->capacity - table->filled : 0;
}

/*
 * Insert a key that is not there; slot is from wr_dict_find(), and there is
 * room.  Takes its own reference to key, and over the one to value, which may
 * be NULL.  Caller: holds the dict's lock.
 */
static inline void
wr_dict_append_locked(struct wr_dict *dict, size_t slot, weir_object *key,
                      uint64_t hash, weir_object *value)
{
    weir_incref(key);
    wr_dict_append(wr_dict_table_of(dict), slot, hash, key, value);
    wr_dict_reshape_locked(dict, 1);
    WEIR_ASSERT_SLOW(wr_dict_sound(dict));
}

/*
 * The same, making room.  Returns as wr_dict_rebuild_locked().
 */
static inline int
wr_dict_insert_locked(struct wr_thread *self, struct wr_dict *dict, size_t slot,
                      weir_object *key, uint64_t hash, weir_object *value,
                      struct wr_dict_waste *waste)
{
    if (wr_dict_room(wr_dict_table_of(dict)) == 0) {
        int error = wr_dict_rebuild_locked(self, dict, 1, waste);

        if (wr_unlikely(error != WEIR_OK)) {
            return error;
        }
        slot = wr_dict_vacant(wr_dict_table_of(dict), hash);
    }
    wr_dict_append_locked(dict, slot, key, hash, value);
    return WEIR_OK;
}

/*
 * Make an entry a tombstone; its references go to waste.  The table is left
 * as large as it is.  Caller: holds the dict's lock.
 */
static inline void
wr_dict_erase_locked(struct wr_dict *dict, struct wr_dict_entry *entry,
                     struct wr_dict_waste *waste)
{
    waste->key = entry->key;
    waste->value = entry->value;
    wr_dict_erase(wr_dict_table_of(dict), entry);
    wr_dict_reshape_locked(dict, -1);
}

/* Give a table that is mostly tombstones up for a smaller one, which goes
 * without if there is no memory.  Caller: holds the dict's lock. */
static inline void
wr_dict_shrink_locked(struct wr_thread *self, struct wr_dict *dict,
                      struct wr_dict_waste *waste)
{
    uint32_t filled = wr_dict_table_of(dict)->filled;

    if (wr_unlikely(filled >= WR_DICT_KEEP_FILLED &&
                    wr_dict_used(dict) < filled / 8)) {
        (void)wr_dict_rebuild_locked(self, dict, 0, waste);
    }
    WEIR_ASSERT_SLOW(wr_dict_sound(dict));
}

/* Remove an entry.  Caller: holds the dict's lock. */
static inline void
wr_dict_remove_locked(struct wr_thread *self, struct wr_dict *dict,
                      struct wr_dict_entry *entry, struct wr_dict_waste *waste)
{
    wr_dict_erase_locked(dict, entry, waste);
    wr_dict_shrink_locked(self, dict, waste);
}

/* Why a and b are not both of one kind, or 0. */
static inline int
wr_dict_check_two(const weir_object *a, const weir_object *b, uint32_t meta)
{
    if (wr_unlikely(a == NULL || b == NULL)) {
        return WEIR_EINVAL;
    }
    return wr_likely(a->meta == meta && b->meta == meta) ? WEIR_OK : WEIR_ETYPE;
}

/*
 * The first entry from place *i on that is not deleted, and its place in *i;
 * NULL at the end.  Caller: holds the dict's lock.
 */
static inline struct wr_dict_entry *
wr_dict_from_locked(const struct wr_dict *dict, uint32_t *i)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);

    if (table == NULL) {
        return NULL;
    }
    *i = *i > table->first ? *i : table->first;
    while (*i < table->filled && table->entries[*i].key == NULL) {
        (*i)++;
    }
    return *i < table->filled ? &table->entries[*i] : NULL;
}

/* ---- public calls of both, which differ in meta only -------------------- */

/* An empty one.  NULL with WEIR_ENOMEM. */
weir_object *wr_dict_new(uint32_t meta);

/* weir_dict_size(). */
int64_t wr_dict_size(weir_object *d, uint32_t meta);

/* weir_dict_contains(). */
int wr_dict_contains(weir_object *d, uint32_t meta, weir_object *key);

/* weir_dict_delete(). */
int wr_dict_delete(weir_object *d, uint32_t meta, weir_object *key);

/* weir_dict_pop_first(); a set has no value to hand out. */
int wr_dict_pop_first(weir_object *d, uint32_t meta, weir_object **key,
                      weir_object **value);

/* weir_dict_clear(). */
int wr_dict_clear(weir_object *d, uint32_t meta);

/* weir_dict_next(); value NULL for sets. */
int wr_dict_next(weir_object *d, uint32_t meta, uint64_t *pos,
                 weir_object **key, weir_object **value);

/* weir_dict_copy(). */
weir_object *wr_dict_copy(weir_object *d, uint32_t meta);

#endif
