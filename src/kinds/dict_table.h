/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_table.h - the table of a dict or a set.
 *
 * Entries stand in insertion order in a dense array; an index of slots, open
 * addressing, leads from a hash to its entry.  A slot holds 0 or the place of
 * an entry plus one, in 1, 2 or 4 bytes as the size of the index allows, so
 * that the index of a small dict is one cache line or less.
 *
 * Probing is triangular: steps of 1, 2, 3 ... meet every slot once when their
 * number is a power of two.  The first steps stay in the cache line, as in
 * linear probing, but runs do not grow together; hashes are mixed already, so
 * CPython's perturbation would add nothing.
 *
 * [inv:dict.load] At most two thirds of the slots are taken: a search ends.
 * [inv:dict.tombstone] The key of a deleted entry is NULL and its place is not
 * used again.  Its slot stays taken, so that searches pass over it, until a
 * new entry needs one there.  Rebuilding leaves deleted entries behind.
 *
 * [inv:dict.first] No entry before `first` is in use.  So taking the oldest
 * entry again and again passes each tombstone once.
 *
 * [inv:dict.ints] While `mixed` is 0 all keys are ints.  The hash of ints is a
 * bijection: equal hashes are equal keys then, and no key is looked at.
 *
 * The layout is in object/layout.h; deallocation and the collector walk it.
 */
#ifndef WR_KINDS_DICT_TABLE_H
#define WR_KINDS_DICT_TABLE_H

#include "kinds/kinds.h"

enum {
    /* 8 slots, 5 entries, 160 bytes */
    WR_DICT_LOG2_MIN = 3,
    /* 1,431,655,765 entries */
    WR_DICT_LOG2_MAX = 31
};

/* No entry. */
#define WR_DICT_NONE UINT32_MAX

/*
 * The entry of a key, or WR_DICT_NONE and in *slot where the index has room
 * for it.  Caller: holds the dict's lock; table may be NULL, *slot is
 * meaningless then.
 */
uint32_t wr_dict_find(const struct wr_dict_table *table, weir_object *key,
                      uint64_t hash, size_t *slot);

/* The same where no slot is wanted. */
uint32_t wr_dict_look_up(const struct wr_dict_table *table, weir_object *key,
                         uint64_t hash);

/*
 * True if an entry is that of the key when their hashes are equal.  The key
 * is not NULL.
 */
static inline bool
wr_dict_compares_hashes(const struct wr_dict_table *table,
                        const weir_object *key)
{
    return key->meta == WR_META_INT && wr_load_relaxed(&table->mixed) == 0;
}

/*
 * Append an entry; table has room for it, slot is from wr_dict_find().  Takes
 * over the references.  Caller: holds the dict's lock.
 */
void wr_dict_append(struct wr_dict_table *table, size_t slot, uint64_t hash,
                    weir_object *key, weir_object *value);

/*
 * Make an entry a tombstone, for good [inv:dict.entry-once].  Its references
 * are the caller's from now on.  Caller: holds the dict's lock.
 */
void wr_dict_erase(struct wr_dict_table *table, struct wr_dict_entry *entry);

/*
 * Make the entry at a place the last one; the table has room for one more.
 * Caller: holds the dict's lock.
 */
void wr_dict_move_to_end(struct wr_dict_table *table, uint32_t place);

/*
 * A table with the `live` entries of old that are not deleted, in their
 * order, and room for half as many more, and for `more` at least.  The
 * references are old's still: throw one of the two away with
 * wr_dict_table_free().  old may be NULL.
 *
 * Caller: holds the dict's lock.  Returns 0 and *out, or WEIR_ENOMEM or
 * WEIR_ELIMIT.
 */
int wr_dict_rebuild(struct wr_thread *self, const struct wr_dict_table *old,
                    uint64_t live, uint64_t more, struct wr_dict_table **out);

/* A free slot for a hash.  Caller: as wr_dict_append(). */
size_t wr_dict_vacant(const struct wr_dict_table *table, uint64_t hash);

/* Slots that are taken, by tombstones too; for tests. */
size_t wr_dict_taken(const struct wr_dict_table *table);

/* Slots that are looked at to find the entry in use at a place; for tests. */
size_t wr_dict_probes(const struct wr_dict_table *table, uint32_t place);

/*
 * Check the invariants of a table with `used` live entries; for tests and
 * debug builds.  True if they hold.
 */
bool wr_dict_table_sound(const struct wr_dict_table *table, uint64_t used);

#endif
