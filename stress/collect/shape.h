/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/shape.h - which node of a graph refers to which.
 *
 * Nodes have numbers, 0 .. n - 1, that say what they mean; where a node lies in
 * memory is another matter (the order).  Everything is computed from the
 * number, so no table of edges takes memory beside the heap that is measured,
 * and a check can compute it again.
 *
 * Where no node keeps all others alive, a *holder* does: one more object, a
 * list of the heads.  A holder of garbage also holds itself, so that dropping
 * it leaves a cycle, and the garbage is exactly the nodes and the holder.
 */
#ifndef WR_STRESS_COLLECT_SHAPE_H
#define WR_STRESS_COLLECT_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench.h"

enum wr_node_kind {
    /* instances of two and of four slots */
    WR_NODE_PAIR,
    WR_NODE_QUAD,
    WR_NODE_LIST,
    WR_NODE_TUPLE,
    /* its keys are strings */
    WR_NODE_DICT
};

/* The most references of a node to others. */
#define WR_EDGES_MAX 5

struct wr_shape {
    enum wr_graph graph;
    uint64_t nodes;
    uint64_t seed;

    /* has a holder, that lists every stride-th node below `heads` */
    bool held;
    uint64_t heads;
    uint64_t stride;
};

/* The shape of a graph.  `live`: somebody holds it from outside. */
void wr_shape_init(struct wr_shape *shape, enum wr_graph graph, uint64_t nodes,
                   bool live, uint64_t seed);

enum wr_node_kind wr_shape_kind(const struct wr_shape *shape, uint64_t node);

/* The nodes that `node` refers to, in the order of its slots; how many. */
unsigned wr_shape_edges(const struct wr_shape *shape, uint64_t node,
                        uint64_t to[WR_EDGES_MAX]);

/*
 * The order in memory: which node is made n-th.  A table of `nodes` numbers,
 * to be freed, in random order; NULL without memory.
 */
uint32_t *wr_shape_shuffle(const struct wr_shape *shape);

/* What a checksum counts for one reference. */
static inline uint64_t
wr_shape_mark(uint64_t node, unsigned edge, uint64_t to)
{
    return weir_program_mix(weir_program_mix(node * 8 + edge) + to);
}

#endif
