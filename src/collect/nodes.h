/* SPDX-License-Identifier: MIT */
/*
 * collect/nodes.h - objects found on a walk, numbered as they are found.
 *
 * Nodes are dense, and a hash index over the addresses tells whether an object
 * is one.  So a walk can use its own nodes as a queue, link some of them into
 * a stack, and needs nothing in the objects.  Only the thread that walks uses
 * it; the walker says what the fields mean.
 */
#ifndef WR_COLLECT_NODES_H
#define WR_COLLECT_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/object.h>

struct wr_node {
    weir_object *object;
    /* references that no node explains */
    int64_t left;
    /* of a stack of nodes: number + 1, 0 ends it */
    uint32_t next;
    /* nothing more is to be found out about it */
    bool settled;
};

/* Start from zeroes. */
struct wr_nodes {
    struct wr_node *nodes;
    size_t size;
    size_t capacity;
    /* number + 1 by hash of the address, 0: free; twice the capacity */
    uint32_t *index;
};

/* The number of o, or SIZE_MAX if it is no node. */
size_t wr_nodes_find(const struct wr_nodes *nodes, const weir_object *o);

/*
 * Make o, which is no node, the next one, its other fields zero.  Pointers to
 * nodes are invalid after.  Returns 0, WEIR_ENOMEM, or WEIR_ELIMIT above 2^31
 * nodes; a failed call leaves the nodes as they were.
 */
int wr_nodes_add(struct wr_nodes *nodes, weir_object *o);

/* Give the memory back. */
void wr_nodes_free(struct wr_nodes *nodes);

#endif
