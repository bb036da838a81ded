/* SPDX-License-Identifier: MIT */
/*
 * collect/overflow.c - a hash table that never grows while it is in use.
 */
#include "collect/overflow.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

/* FEW: entries are that where the index has more places for each. */
enum { OVERFLOW_MIN = 64, FEW = 64 };

/* Where the search for an address starts. */
static inline size_t
first_place(const struct wr_overflow *table, const weir_object *o)
{
    uint64_t h = (uint64_t)(uintptr_t)o >> 4;

    h *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h >> 20) & table->index_mask;
}

/* The index word for o: its entry's, or a free one.  Ends: never full. */
static inline uint32_t *
find(const struct wr_overflow *table, const weir_object *o)
{
    size_t at = first_place(table, o);

    while (table->index[at] != 0 &&
           table->entries[table->index[at] - 1].object != o) {
        at = (at + 1) & table->index_mask;
    }
    return &table->index[at];
}

int
wr_overflow_reserve(struct wr_overflow *table, size_t capacity)
{
    struct wr_overflow_entry *entries;
    uint32_t *index;
    size_t places = 2 * OVERFLOW_MIN;

    WEIR_ASSERT(table->size == 0);
    if (capacity < OVERFLOW_MIN) {
        capacity = OVERFLOW_MIN;
    }
    if (capacity > UINT32_MAX / 4) {
        capacity = UINT32_MAX / 4;
    }
    while (places < 2 * capacity) {
        places *= 2;
    }
    if (capacity <= table->capacity) {
        /* The rest of the index stays as it is, and out of the cache. */
        table->room = capacity;
        table->index_mask = places - 1;
        return WEIR_OK;
    }
    /* Large zeroed blocks cost nothing until they are written. */
    entries = wr_mem_alloc(capacity * sizeof(*entries));
    index = wr_mem_calloc(places, sizeof(*index));
    if (entries == NULL || index == NULL) {
        wr_mem_free(entries);
        wr_mem_free(index);
        return WEIR_ENOMEM;
    }
    wr_overflow_free(table);
    table->entries = entries;
    table->capacity = capacity;
    table->room = capacity;
    table->index = index;
    table->index_mask = places - 1;
    return WEIR_OK;
}

void
wr_overflow_add(struct wr_overflow *table, weir_object *o)
{
    uint32_t *place = find(table, o);

    if (*place == 0) {
        if (wr_unlikely(table->size == table->room)) {
            table->lost = true;
            return;
        }
        table->entries[table->size].object = o;
        table->entries[table->size].times = 0;
        table->size++;
        *place = (uint32_t)table->size;
    }
    table->entries[*place - 1].times++;
}

int64_t
wr_overflow_get(const struct wr_overflow *table, const weir_object *o)
{
    uint32_t place = *find(table, o);

    return place == 0 ? 0 : (int64_t)table->entries[place - 1].times * 128;
}

/* Take the places of the entries back, one by one. */
static void
clear_places(struct wr_overflow *table)
{
    for (size_t i = 0; i < table->size; i++) {
        size_t at = first_place(table, table->entries[i].object);

        /* Ends: each entry has a place, at or behind this. */
        while (table->index[at] != i + 1) {
            at = (at + 1) & table->index_mask;
        }
        table->index[at] = 0;
    }
}

void
wr_overflow_clear(struct wr_overflow *table)
{
    /* The index is as large as the heap may need; a hub is one entry. */
    if (table->size < table->index_mask / FEW) {
        clear_places(table);
    } else if (table->size != 0) {
        memset(table->index, 0, (table->index_mask + 1) * sizeof(uint32_t));
    }
    table->size = 0;
    table->lost = false;
}

void
wr_overflow_free(struct wr_overflow *table)
{
    wr_mem_free(table->entries);
    wr_mem_free(table->index);
    memset(table, 0, sizeof(*table));
}
