/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_table.c - open addressing over a dense array of entries.
 */
#include "kinds/dict_table.h"

#include "kinds/hash.h"

#include <string.h>

/* Width of a slot, as the base-2 logarithm of its bytes. */
enum width { WIDTH_1, WIDTH_2, WIDTH_4 };

static inline enum width
width_of(uint32_t log2_index)
{
    if (log2_index <= 8) {
        return WIDTH_1;
    }
    return log2_index <= 16 ? WIDTH_2 : WIDTH_4;
}

/* Two thirds of the slots. */
static inline uint32_t
capacity_of(uint32_t log2_index)
{
    return (uint32_t)((UINT64_C(1) << (log2_index + 1)) / 3);
}

static inline void *
index_of(const struct wr_dict_table *table)
{
    return (void *)(uintptr_t)&table->entries[table->capacity];
}

static inline size_t
mask_of(const struct wr_dict_table *table)
{
    return ((size_t)1 << table->log2_index) - 1;
}

static inline size_t
slot_read(const void *index, size_t slot, enum width width)
{
    switch (width) {
    case WIDTH_1:
        return ((const uint8_t *)index)[slot];
    case WIDTH_2:
        return ((const uint16_t *)index)[slot];
    case WIDTH_4:
    default:
        return ((const uint32_t *)index)[slot];
    }
}

static inline void
slot_write(void *index, size_t slot, enum width width, uint32_t value)
{
    switch (width) {
    case WIDTH_1:
        ((uint8_t *)index)[slot] = (uint8_t)value;
        break;
    case WIDTH_2:
        ((uint16_t *)index)[slot] = (uint16_t)value;
        break;
    case WIDTH_4:
    default:
        ((uint32_t *)index)[slot] = value;
        break;
    }
}

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
     size_t *slot, enum width width)
{
    const void *index = index_of(table);
    size_t mask = mask_of(table);
    size_t at = (size_t)hash & mask;
    size_t vacant = SIZE_MAX;

    /* Ends at an empty slot: [inv:dict.load]. */
    for (size_t step = 1;; step++) {
        size_t place = slot_read(index, at, width);
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
    switch (width_of(table->log2_index)) {
    case WIDTH_1:
        return find(table, key, hash, slot, WIDTH_1);
    case WIDTH_2:
        return find(table, key, hash, slot, WIDTH_2);
    case WIDTH_4:
    default:
        return find(table, key, hash, slot, WIDTH_4);
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
    const void *index = index_of(table);
    enum width width = width_of(table->log2_index);
    size_t mask = mask_of(table);
    size_t at = (size_t)hash & mask;

    /* Ends at an empty slot: [inv:dict.load]. */
    for (size_t step = 1; slot_read(index, at, width) != 0; step++) {
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
    slot_write(index_of(table), slot, width_of(table->log2_index),
               table->filled);
}

void
wr_dict_append(struct wr_dict_table *table, size_t slot, uint64_t hash,
               weir_object *key, weir_object *value)
{
    if (key->meta != WR_META_INT) {
        table->mixed = 1;
    }
    append(table, slot, hash, key, value);
}

void
wr_dict_erase(struct wr_dict_table *table, struct wr_dict_entry *entry)
{
    entry->key = NULL;
    entry->value = NULL;
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
    const void *index = index_of(table);
    enum width width = width_of(table->log2_index);
    size_t mask = mask_of(table);
    size_t at = (size_t)entry->hash & mask;

    /* Ends: the entry is found on this way. */
    for (size_t step = 1; slot_read(index, at, width) != (size_t)place + 1;
         step++) {
        at = (at + step) & mask;
    }
    append(table, at, entry->hash, entry->key, entry->value);
    wr_dict_erase(table, entry);
}

static struct wr_dict_table *
table_new(struct wr_thread *self, uint32_t log2_index)
{
    size_t slots = (size_t)1 << (log2_index + width_of(log2_index));
    uint32_t capacity = capacity_of(log2_index);
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
    memset(index_of(table), 0, slots);
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

    while (capacity_of(log2_index) < live + spare) {
        if (log2_index == WR_DICT_LOG2_MAX) {
            return live + more <= capacity_of(log2_index) ? log2_index : 0;
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

void
wr_dict_table_free(struct wr_thread *self, struct wr_dict_table *table)
{
    if (table != NULL) {
        wr_raw_free(self->heap, table, (size_t)table->bytes);
    }
}

size_t
wr_dict_taken(const struct wr_dict_table *table)
{
    const void *index = index_of(table);
    size_t taken = 0;

    for (size_t i = 0; i <= mask_of(table); i++) {
        taken += slot_read(index, i, width_of(table->log2_index)) != 0;
    }
    return taken;
}

size_t
wr_dict_probes(const struct wr_dict_table *table, uint32_t place)
{
    const void *index = index_of(table);
    size_t mask = mask_of(table);
    size_t at = (size_t)table->entries[place].hash & mask;
    size_t step = 1;

    /* Ends: the entry is found on this way. */
    while (slot_read(index, at, width_of(table->log2_index)) !=
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
           table->capacity == capacity_of(table->log2_index);
}
