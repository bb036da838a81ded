/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_table.c - open addressing over a dense array of entries.
 */
#include "kinds/dict_table.h"

#include "kinds/dict_index.h"
#include "kinds/hash.h"
#include "object/slot.h"

#include <string.h>

/* Is this entry, whose hash is that of key, the one of key? */
static inline bool
is_entry_of(const struct wr_dict_table *table,
            const struct wr_dict_entry *entry, weir_object *key)
{
    /* Both could be hashed, so comparing them passes no limit. */
    return wr_dict_compares_hashes(table, key) || wr_equal(entry->key, key) > 0;
}

/*
 * wr_dict_find() for one width, a constant where this is called.  A key that
 * is set and deleted again and again finds its own tombstones in its way: so
 * the first one is offered as the free slot, which keeps the path short.
 * slot: NULL, constant too, where none is wanted.
 */
static inline uint32_t
find(const struct wr_dict_table *table, weir_object *key, uint64_t hash,
     size_t *slot, enum wr_index_width width)
{
    const void *index = wr_index_of(table);
    size_t mask = wr_index_mask(table);
    size_t at = (size_t)hash & mask;
    size_t vacant = SIZE_MAX;

    /* Ends at an empty slot: [inv:dict.load]. */
    for (size_t step = 1;; step++) {
        size_t place = wr_index_get(index, at, width);
        const struct wr_dict_entry *entry;

        if (place == 0) {
            break;
        }
        entry = &table->entries[place - 1];
        if (entry->key == key) {
            return (uint32_t)(place - 1);
        }
        if (entry->key == NULL) {
            vacant = vacant != SIZE_MAX ? vacant : at;
        } else if (entry->hash == hash && is_entry_of(table, entry, key)) {
            return (uint32_t)(place - 1);
        }
        at = (at + step) & mask;
    }
    if (slot != NULL) {
        *slot = vacant != SIZE_MAX ? vacant : at;
    }
    return WR_DICT_NONE;
}

/* find() for the width of the table; NULL has no entries. */
static inline uint32_t
find_by_width(const struct wr_dict_table *table, weir_object *key,
              uint64_t hash, size_t *slot)
{
    if (table == NULL) {
        return WR_DICT_NONE;
    }
    switch (wr_index_width(table->log2_index)) {
    case WR_INDEX_1:
        return find(table, key, hash, slot, WR_INDEX_1);
    case WR_INDEX_2:
        return find(table, key, hash, slot, WR_INDEX_2);
    case WR_INDEX_4:
    default:
        return find(table, key, hash, slot, WR_INDEX_4);
    }
}

uint32_t
wr_dict_find(const struct wr_dict_table *table, weir_object *key, uint64_t hash,
             size_t *slot)
{
    return find_by_width(table, key, hash, slot);
}

uint32_t
wr_dict_look_up(const struct wr_dict_table *table, weir_object *key,
                uint64_t hash)
{
    return find_by_width(table, key, hash, NULL);
}

size_t
wr_dict_vacant(const struct wr_dict_table *table, uint64_t hash)
{
    const void *index = wr_index_of(table);
    enum wr_index_width width = wr_index_width(table->log2_index);
    size_t mask = wr_index_mask(table);
    size_t at = (size_t)hash & mask;

    /* Ends at an empty slot: [inv:dict.load]. */
    for (size_t step = 1; wr_index_get(index, at, width) != 0; step++) {
        at = (at + step) & mask;
    }
    return at;
}

/* wr_dict_append() of a key whose kind `mixed` tells already. */
static inline void
append(struct wr_dict_table *table, size_t slot, uint64_t hash,
       weir_object *key, weir_object *value)
{
    struct wr_dict_entry *entry = &table->entries[table->filled];

    WEIR_ASSERT(table->filled < table->capacity);
    entry->hash = hash;
    entry->key = key;
    entry->value = value;
    table->filled++;
    wr_index_set(wr_index_of(table), slot, wr_index_width(table->log2_index),
                 table->filled);
}

/* Nobody needs this slot any more [inv:dict.entry-once]; for asserts. */
__attribute__((unused)) static bool
is_vacant(const struct wr_dict_table *table, size_t slot)
{
    size_t place = wr_index_get(wr_index_of(table), slot,
                                wr_index_width(table->log2_index));

    return place == 0 || table->entries[place - 1].key == NULL;
}

void
wr_dict_append(struct wr_dict_table *table, size_t slot, uint64_t hash,
               weir_object *key, weir_object *value)
{
    WEIR_ASSERT(is_vacant(table, slot));
    if (key->meta != WR_META_INT) {
        wr_store_relaxed(&table->mixed, (uint16_t)1);
    }
    append(table, slot, hash, key, value);
}

void
wr_dict_erase(struct wr_dict_table *table, struct wr_dict_entry *entry)
{
    /* The key first: a reader that finds no value and begins again does not
     * come here again. */
    wr_slot_store(&entry->key, NULL);
    wr_slot_store(&entry->value, NULL);
    /* Ends at the last entry; each is passed once in the table's life. */
    while (table->first < table->filled &&
           table->entries[table->first].key == NULL) {
        table->first++;
    }
}

void
wr_dict_move_to_end(struct wr_dict_table *table, uint32_t place)
{
    struct wr_dict_entry *entry = &table->entries[place];
    const void *index = wr_index_of(table);
    enum wr_index_width width = wr_index_width(table->log2_index);
    size_t mask = wr_index_mask(table);
    size_t at = (size_t)entry->hash & mask;

    /* Ends: the entry is found on this way. */
    for (size_t step = 1; wr_index_get(index, at, width) != (size_t)place + 1;
         step++) {
        at = (at + step) & mask;
    }
    append(table, at, entry->hash, entry->key, entry->value);
    wr_dict_erase(table, entry);
}

static struct wr_dict_table *
table_new(struct wr_thread *self, uint32_t log2_index)
{
    size_t slots = (size_t)1 << (log2_index + wr_index_width(log2_index));
    uint32_t capacity = wr_index_capacity(log2_index);
    struct wr_dict_table *table;
    size_t bytes =
        sizeof(*table) + capacity * sizeof(struct wr_dict_entry) + slots;

    table = wr_raw_alloc(self->heap, bytes);
    if (table == NULL) {
        return NULL;
    }
    table->bytes = bytes;
    table->capacity = capacity;
    table->log2_index = (uint16_t)log2_index;
    table->filled = 0;
    table->first = 0;
    table->mixed = 0;
    table->moves = 0;
    memset(wr_index_of(table), 0, slots);
    return table;
}

/*
 * The smallest index with room for `live` entries and `more`, or 0 if there
 * is none.  Half as many more is asked for too, but given up at the end of
 * the range.
 */
static uint32_t
log2_index_for(uint64_t live, uint64_t more)
{
    uint64_t spare = live / 2 + 1 > more ? live / 2 + 1 : more;
    uint32_t log2_index = WR_DICT_LOG2_MIN;

    while (wr_index_capacity(log2_index) < live + spare) {
        if (log2_index == WR_DICT_LOG2_MAX) {
            return live + more <= wr_index_capacity(log2_index) ? log2_index
                                                                : 0;
        }
        log2_index++;
    }
    return log2_index;
}

int
wr_dict_rebuild(struct wr_thread *self, const struct wr_dict_table *old,
                uint64_t live, uint64_t more, struct wr_dict_table **out)
{
    uint32_t log2_index = log2_index_for(live, more);
    struct wr_dict_table *table;

    if (log2_index == 0) {
        return WEIR_ELIMIT;
    }
    table = table_new(self, log2_index);
    if (table == NULL) {
        return WEIR_ENOMEM;
    }
    table->mixed = old != NULL ? old->mixed : 0;
    for (uint32_t i = old != NULL ? old->first : 0;
         old != NULL && i < old->filled; i++) {
        const struct wr_dict_entry *entry = &old->entries[i];

        if (entry->key != NULL) {
            append(table, wr_dict_vacant(table, entry->hash), entry->hash,
                   entry->key, entry->value);
        }
    }
    WEIR_ASSERT(table->filled == live);
    *out = table;
    return WEIR_OK;
}

size_t
wr_dict_taken(const struct wr_dict_table *table)
{
    const void *index = wr_index_of(table);
    size_t taken = 0;

    for (size_t i = 0; i <= wr_index_mask(table); i++) {
        taken += wr_index_get(index, i, wr_index_width(table->log2_index)) != 0;
    }
    return taken;
}

size_t
wr_dict_probes(const struct wr_dict_table *table, uint32_t place)
{
    const void *index = wr_index_of(table);
    size_t mask = wr_index_mask(table);
    size_t at = (size_t)table->entries[place].hash & mask;
    size_t step = 1;

    /* Ends: the entry is found on this way. */
    while (wr_index_get(index, at, wr_index_width(table->log2_index)) !=
           (size_t)place + 1) {
        at = (at + step) & mask;
        step++;
    }
    return step;
}

/* The entries that are not deleted, or UINT64_MAX if one of them cannot be
 * found, or a deleted one has a value, or only some have values. */
static uint64_t
count_sound(const struct wr_dict_table *table)
{
    uint64_t live = 0;
    uint64_t valued = 0;

    for (uint32_t i = 0; i < table->filled; i++) {
        const struct wr_dict_entry *entry = &table->entries[i];

        valued += entry->value != NULL ? 1 : 0;
        if (entry->key == NULL) {
            if (entry->value != NULL || i == table->first) {
                return UINT64_MAX;
            }
            continue;
        }
        live++;
        if (i < table->first ||
            (entry->key->meta != WR_META_INT && table->mixed == 0) ||
            wr_dict_look_up(table, entry->key, entry->hash) != i) {
            return UINT64_MAX;
        }
    }
    return valued == 0 || valued == live ? live : UINT64_MAX;
}

bool
wr_dict_table_sound(const struct wr_dict_table *table, uint64_t used)
{
    uint64_t live;

    if (table == NULL) {
        return used == 0;
    }
    live = count_sound(table);
    return live == used && wr_dict_taken(table) >= live &&
           wr_dict_taken(table) <= table->filled &&
           table->filled <= table->capacity &&
           table->capacity == wr_index_capacity(table->log2_index);
}
