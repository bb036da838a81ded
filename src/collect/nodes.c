/* SPDX-License-Identifier: MIT */
/*
 * collect/nodes.c - a hash table that doubles, at most half full.
 */
#include "collect/nodes.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { FIRST_NODES = 128 };

/* Numbers, plus one, fit 32 bits with a doubling to spare. */
#define MAX_NODES ((size_t)1 << 31)

/* Where o stands in the index, or the free place where it belongs.  Ends: the
 * index is at most half full. */
static uint32_t *
place_of(const struct wr_nodes *nodes, const weir_object *o)
{
    size_t mask = 2 * nodes->capacity - 1;
    uint64_t hash = (uint64_t)(uintptr_t)o >> 4;
    size_t at = (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;

    while (nodes->index[at] != 0 &&
           nodes->nodes[nodes->index[at] - 1].object != o) {
        at = (at + 1) & mask;
    }
    return &nodes->index[at];
}

size_t
wr_nodes_find(const struct wr_nodes *nodes, const weir_object *o)
{
    return nodes->size != 0 ? (size_t)*place_of(nodes, o) - 1 : SIZE_MAX;
}

/* Make room for twice as many. */
static int
grow(struct wr_nodes *nodes)
{
    size_t capacity = nodes->capacity != 0 ? 2 * nodes->capacity : FIRST_NODES;
    struct wr_node *larger;
    uint32_t *index;

    if (capacity > MAX_NODES) {
        return WEIR_ELIMIT;
    }
    larger = wr_mem_realloc(nodes->nodes, capacity * sizeof(*larger));
    if (larger == NULL) {
        return WEIR_ENOMEM;
    }
    nodes->nodes = larger;
    index = wr_mem_calloc(2 * capacity, sizeof(*index));
    if (index == NULL) {
        return WEIR_ENOMEM;
    }
    wr_mem_free(nodes->index);
    nodes->index = index;
    nodes->capacity = capacity;
    for (size_t i = 0; i < nodes->size; i++) {
        *place_of(nodes, larger[i].object) = (uint32_t)i + 1;
    }
    return WEIR_OK;
}

int
wr_nodes_add(struct wr_nodes *nodes, weir_object *o)
{
    uint32_t *place;

    if (wr_unlikely(nodes->size == nodes->capacity)) {
        int error = grow(nodes);

        if (error != WEIR_OK) {
            return error;
        }
    }
    place = place_of(nodes, o);
    WEIR_ASSERT(*place == 0);
    memset(&nodes->nodes[nodes->size], 0, sizeof(struct wr_node));
    nodes->nodes[nodes->size].object = o;
    nodes->size++;
    *place = (uint32_t)nodes->size;
    return WEIR_OK;
}

void
wr_nodes_free(struct wr_nodes *nodes)
{
    wr_mem_free(nodes->nodes);
    wr_mem_free(nodes->index);
    memset(nodes, 0, sizeof(*nodes));
}
