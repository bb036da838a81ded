/* SPDX-License-Identifier: MIT */
/*
 * collect/overflow.h - counts of internal references beyond a side byte.
 *
 * When the side byte of an object has counted to 128 it is set back to zero
 * and a 128 is noted here, by address.  An entry stands for 128 references,
 * each of which occupies a word of the heap, so the heap's size bounds the
 * number of entries and the table is made large enough before counting
 * starts [inv:collect.reserved].
 *
 * The entries are dense, and a hash index in front of them is all zero at
 * rest.  Only the thread that collects uses it.
 */
#ifndef WR_COLLECT_OVERFLOW_H
#define WR_COLLECT_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/object.h>

struct wr_overflow_entry {
    weir_object *object;
    uint64_t times; /* side byte wraps, of 128 references each */
};

struct wr_overflow {
    struct wr_overflow_entry *entries;
    size_t size;
    size_t room;       /* entries that may be made this time */
    size_t capacity;   /* entries that there is memory for */
    uint32_t *index;   /* 1 + place in entries; 0: free */
    size_t index_mask; /* what is in use of it is a power of two */
    bool lost;         /* an entry did not fit: no big count is certain */
};

/*
 * Make room for that many objects, and use no more of the index than they need:
 * where an entry lies in it depends on an address, so with all of a large one
 * each young collection would touch a page for the first time.  0 or
 * WEIR_ENOMEM; a failed call leaves the table as it was.  The table is empty.
 */
int wr_overflow_reserve(struct wr_overflow *table, size_t capacity);

/* Note 128 references to o. */
void wr_overflow_add(struct wr_overflow *table, weir_object *o);

/* How many references to o were noted; a multiple of 128. */
int64_t wr_overflow_get(const struct wr_overflow *table, const weir_object *o);

/* Forget all entries, keep the memory. */
void wr_overflow_clear(struct wr_overflow *table);

/* Give the memory back. */
void wr_overflow_free(struct wr_overflow *table);

#endif
