/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/shape.c - which node of a graph refers to which.
 */
#include "shape.h"

#include <stdlib.h>

/* How far a local reference reaches, to either side. */
#define NEAR 50u

/* Per cent of the references of `dicts` that are local. */
#define LOCAL 80u

void
wr_shape_init(struct wr_shape *shape, enum wr_graph graph, uint64_t nodes,
              bool live, uint64_t seed)
{
    /* A pair needs two. */
    if (graph == WR_GRAPH_CYCLES) {
        nodes += nodes % 2;
    }
    *shape = (struct wr_shape){.graph = graph,
                               .nodes = nodes,
                               .seed = seed,
                               .held = true,
                               .heads = nodes,
                               .stride = 1};
    switch (graph) {
    case WR_GRAPH_CYCLES:
        shape->held = live;
        shape->stride = 2;
        return;
    case WR_GRAPH_RING:
        shape->held = live;
        shape->heads = 1;
        return;
    case WR_GRAPH_LISTS:
    case WR_GRAPH_DICTS:
    case WR_GRAPH_HUB:
        return;
    default:
        shape->heads = 1;
        return;
    }
}

enum wr_node_kind
wr_shape_kind(const struct wr_shape *shape, uint64_t node)
{
    /* 40 % instances, 20 % lists, 20 % tuples, 20 % dicts */
    static const enum wr_node_kind mixed[10] = {
        WR_NODE_QUAD, WR_NODE_LIST,  WR_NODE_QUAD, WR_NODE_DICT, WR_NODE_TUPLE,
        WR_NODE_QUAD, WR_NODE_TUPLE, WR_NODE_DICT, WR_NODE_LIST, WR_NODE_QUAD};

    switch (shape->graph) {
    case WR_GRAPH_LISTS:
        return WR_NODE_LIST;
    case WR_GRAPH_DICTS:
        return mixed[node % 10];
    default:
        return WR_NODE_PAIR;
    }
}

/* Children in a binary tree in the order of its levels. */
static unsigned
tree_edges(uint64_t nodes, uint64_t node, uint64_t *to)
{
    unsigned n = 0;

    for (uint64_t child = 2 * node + 1; child <= 2 * node + 2; child++) {
        if (child < nodes) {
            to[n++] = child;
        }
    }
    return n;
}

static unsigned
random_edges(const struct wr_shape *shape, uint64_t node, uint64_t *to)
{
    uint64_t state = weir_program_mix(shape->seed + node);

    for (unsigned i = 0; i < WR_EDGES_MAX; i++) {
        to[i] = weir_program_random(&state) % shape->nodes;
    }
    return WR_EDGES_MAX;
}

/*
 * Mostly neighbours.  A tuple is filled before anybody may know it, so one
 * tuple never refers to another here: the node after it is taken.
 */
static unsigned
mixed_edges(const struct wr_shape *shape, uint64_t node, uint64_t *to)
{
    enum wr_node_kind kind = wr_shape_kind(shape, node);
    unsigned n = kind == WR_NODE_QUAD ? 4 : 3;
    uint64_t state = weir_program_mix(shape->seed + node);

    for (unsigned i = 0; i < n; i++) {
        uint64_t draw = weir_program_random(&state);
        uint64_t near = node + shape->nodes + draw / 128 % (2 * NEAR) + 1;

        to[i] = draw % 100 < LOCAL ? (near - NEAR) % shape->nodes
                                   : draw / 128 % shape->nodes;
        if (kind == WR_NODE_TUPLE &&
            wr_shape_kind(shape, to[i]) == WR_NODE_TUPLE) {
            to[i] = (to[i] + 1) % shape->nodes;
        }
    }
    return n;
}

unsigned
wr_shape_edges(const struct wr_shape *shape, uint64_t node,
               uint64_t to[WR_EDGES_MAX])
{
    switch (shape->graph) {
    case WR_GRAPH_CYCLES:
        to[0] = node ^ 1;
        return 1;
    case WR_GRAPH_RING:
        to[0] = node + 1 == shape->nodes ? 0 : node + 1;
        return 1;
    case WR_GRAPH_CHAIN:
        to[0] = node + 1;
        return node + 1 < shape->nodes ? 1 : 0;
    case WR_GRAPH_HUB:
        to[0] = 0;
        return node > 0 ? 1 : 0;
    case WR_GRAPH_LISTS:
        return random_edges(shape, node, to);
    case WR_GRAPH_DICTS:
        return mixed_edges(shape, node, to);
    default:
        return tree_edges(shape->nodes, node, to);
    }
}

uint32_t *
wr_shape_shuffle(const struct wr_shape *shape)
{
    uint32_t *order = malloc(shape->nodes * sizeof(uint32_t));
    uint64_t state = weir_program_mix(shape->seed) + 1;

    if (order == NULL) {
        return NULL;
    }
    for (uint64_t i = 0; i < shape->nodes; i++) {
        uint64_t k = weir_program_random(&state) % (i + 1);

        order[i] = order[k];
        order[k] = (uint32_t)i;
    }
    return order;
}
