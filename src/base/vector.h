/* SPDX-License-Identifier: MIT */
/*
 * base/vector.h - a growing array of pointers.
 *
 * A zeroed struct is an empty vector.  It does not own what it points to.
 * Belongs to one thread at a time.  Growth may fail; then nothing changed.
 */
#ifndef WEIR_BASE_VECTOR_H
#define WEIR_BASE_VECTOR_H

#include <stddef.h>

#include "base/assert.h"
#include "base/mem.h"

struct wr_vector {
    void **items;
    size_t size;
    size_t capacity;
};

#define WR_VECTOR_INIT                                                         \
    {                                                                          \
        NULL, 0, 0                                                             \
    }

/* Make room for `capacity` items in all.  0, or WR_ENOMEM. */
int wr_vector_reserve(struct wr_vector *vector, size_t capacity);

/* Give the memory back; the vector is empty and may be used again. */
void wr_vector_free(struct wr_vector *vector);

/* Append; cannot fail after a reserve that covers it.  0, or WR_ENOMEM. */
static inline int
wr_vector_push(struct wr_vector *vector, void *item)
{
    if (wr_unlikely(vector->size == vector->capacity)) {
        int rc = wr_vector_reserve(vector, vector->size + 1);
        if (rc != 0) {
            return rc;
        }
    }
    vector->items[vector->size++] = item;
    return 0;
}

/* Take the last item off; NULL when the vector is empty. */
static inline void *
wr_vector_pop(struct wr_vector *vector)
{
    return vector->size == 0 ? NULL : vector->items[--vector->size];
}

static inline void *
wr_vector_get(const struct wr_vector *vector, size_t index)
{
    WEIR_ASSERT(index < vector->size);
    return vector->items[index];
}

/* Forget the items, keep the memory. */
static inline void
wr_vector_clear(struct wr_vector *vector)
{
    vector->size = 0;
}

#endif
