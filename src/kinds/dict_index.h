/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_index.h - the index of a dict's table, behind its entries.
 *
 * A slot holds 0, or the place of an entry plus one, in 1, 2 or 4 bytes as
 * the number of slots allows.  It never becomes 0 again: a search that comes
 * by meanwhile still passes over it.
 *
 * For dict_table.c, which writes it under the dict's lock, and dict_read.c,
 * which reads it without.
 */
#ifndef WR_KINDS_DICT_INDEX_H
#define WR_KINDS_DICT_INDEX_H

#include "object/layout.h"

/* Width of a slot, as the base-2 logarithm of its bytes. */
enum wr_index_width { WR_INDEX_1, WR_INDEX_2, WR_INDEX_4 };

static inline enum wr_index_width
wr_index_width(uint32_t log2_index)
{
    if (log2_index <= 8) {
        return WR_INDEX_1;
    }
    return log2_index <= 16 ? WR_INDEX_2 : WR_INDEX_4;
}

/* Entries of a table with so many slots: two thirds [inv:dict.load]. */
static inline uint32_t
wr_index_capacity(uint32_t log2_index)
{
    return (uint32_t)((UINT64_C(1) << (log2_index + 1)) / 3);
}

static inline void *
wr_index_of(const struct wr_dict_table *table)
{
    return (void *)(uintptr_t)&table->entries[table->capacity];
}

static inline size_t
wr_index_mask(const struct wr_dict_table *table)
{
    return ((size_t)1 << table->log2_index) - 1;
}

/* What a slot holds.  Caller: holds the dict's lock. */
static inline size_t
wr_index_get(const void *index, size_t slot, enum wr_index_width width)
{
    switch (width) {
    case WR_INDEX_1:
        return ((const uint8_t *)index)[slot];
    case WR_INDEX_2:
        return ((const uint16_t *)index)[slot];
    case WR_INDEX_4:
    default:
        return ((const uint32_t *)index)[slot];
    }
}

/* The same without the lock: the entry is complete.  [pair:dict.index/acq] */
static inline size_t
wr_index_peek(const void *index, size_t slot, enum wr_index_width width)
{
    switch (width) {
    case WR_INDEX_1:
        return wr_load_acquire((const uint8_t *)index + slot);
    case WR_INDEX_2:
        return wr_load_acquire((const uint16_t *)index + slot);
    case WR_INDEX_4:
    default:
        return wr_load_acquire((const uint32_t *)index + slot);
    }
}

/*
 * Lead to the entry at value - 1, which is complete.  [pair:dict.index/rel]
 * Caller: holds the dict's lock.
 */
static inline void
wr_index_set(void *index, size_t slot, enum wr_index_width width,
             uint32_t value)
{
    switch (width) {
    case WR_INDEX_1:
        wr_store_release((uint8_t *)index + slot, (uint8_t)value);
        break;
    case WR_INDEX_2:
        wr_store_release((uint16_t *)index + slot, (uint16_t)value);
        break;
    case WR_INDEX_4:
    default:
        wr_store_release((uint32_t *)index + slot, value);
        break;
    }
}

#endif
