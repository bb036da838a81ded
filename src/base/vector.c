/* SPDX-License-Identifier: MIT */
/*
 * base/vector.c - growth: half as much again, so pushing is cheap on average.
 */
#include "base/vector.h"

#include <stdint.h>

int
wr_vector_reserve(struct wr_vector *vector, size_t capacity)
{
    if (capacity <= vector->capacity) {
        return 0;
    }
    size_t wanted = vector->capacity + vector->capacity / 2 + 8;
    if (wanted < capacity) {
        wanted = capacity;
    }
    if (wanted > SIZE_MAX / sizeof(void *)) {
        return WR_ENOMEM;
    }
    void **items = wr_mem_realloc(vector->items, wanted * sizeof(void *));
    if (items == NULL) {
        return WR_ENOMEM;
    }
    vector->items = items;
    vector->capacity = wanted;
    return 0;
}

void
wr_vector_free(struct wr_vector *vector)
{
    wr_mem_free(vector->items);
    vector->items = NULL;
    vector->size = 0;
    vector->capacity = 0;
}
