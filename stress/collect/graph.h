/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/graph.h - a shape made of objects of the runtime.
 *
 * All calls are made attached, on one thread.  Nothing here collects.
 */
#ifndef WR_STRESS_COLLECT_GRAPH_H
#define WR_STRESS_COLLECT_GRAPH_H

#include <weir/weir.h>

#include "shape.h"

/* What graphs are made of. */
struct wr_stuff {
    weir_type *pair;
    weir_type *quad;

    /* keys of the dicts */
    weir_object *keys[3];
};

struct wr_built {
    struct wr_shape shape;
    const struct wr_stuff *stuff;

    /* by number; borrowed from the graph once it is linked */
    weir_object **nodes;

    /* what the rest hangs on; a reference of ours until it is given up */
    weir_object *root;

    /* the same, known to the collector; WEIR_HANDLE_NONE: not that way */
    weir_handle handle;

    /* nodes that we still have a reference to: all below this number */
    uint64_t owned;

    /* references from here to the graph in `old` */
    struct wr_built *old;
    uint64_t out;

    /* references from others to nodes of this one */
    uint64_t in;
};

/* 0 or an error. */
int wr_stuff_make(struct wr_stuff *stuff);
void wr_stuff_drop(struct wr_stuff *stuff);

/*
 * Make the objects and link them.  Nodes with a slot to spare refer to a
 * random node of `old` as well, unless that is NULL.  Afterwards the root is
 * the only reference from outside, or, for garbage, the root is NULL and
 * there is none.  Returns 0 or an error; then wr_graph_drop() has been called.
 */
int wr_graph_build(struct wr_built *built, const struct wr_shape *shape,
                   const struct wr_stuff *stuff, const struct wr_plan *plan,
                   struct wr_built *old);

/* Like a build of the tree, node by node: room for the nodes, and the next
 * one (0, 1, ...), which wr_graph_drop() undoes. */
int wr_graph_begin(struct wr_built *built, const struct wr_shape *shape,
                   const struct wr_stuff *stuff);
int wr_graph_add(struct wr_built *built, uint64_t node);

/* Hold the root by a handle from now on, and by nothing else. */
int wr_graph_hold_by_handle(struct wr_built *built);

/*
 * Look at every reference and every count of the first `nodes` nodes of a
 * graph that lives.  True when all are as they must be; *checksum is of what
 * was found.
 */
bool wr_graph_intact(const struct wr_built *built, uint64_t nodes,
                     uint64_t *checksum);

/* Give the root up, and the memory of the benchmark itself. */
void wr_graph_drop(struct wr_built *built);

/* Bytes that the benchmark itself holds for a graph. */
uint64_t wr_graph_own_bytes(const struct wr_built *built);

#endif
