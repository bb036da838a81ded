/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/graph.c - a shape made of objects of the runtime.
 *
 * First all nodes are made, in the order in which they shall lie in memory;
 * then they are linked, tuples first, because a tuple is filled before
 * anything refers to it; then our own references are dropped.
 */
#include "graph.h"

#include <stdlib.h>

/* Nodes between two checkpoints. */
#define STRIDE 256u

int
wr_stuff_make(struct wr_stuff *stuff)
{
    static const char *const names[3] = {"left", "right", "other"};

    *stuff =
        (struct wr_stuff){.pair = weir_instance_type("pair", 2, 0, NULL, NULL),
                          .quad = weir_instance_type("quad", 4, 0, NULL, NULL)};
    for (int i = 0; i < 3; i++) {
        stuff->keys[i] = weir_str_from(names[i]);
        if (stuff->keys[i] == NULL) {
            wr_stuff_drop(stuff);
            return weir_error();
        }
    }
    if (stuff->pair == NULL || stuff->quad == NULL) {
        wr_stuff_drop(stuff);
        return WEIR_ENOMEM;
    }
    return 0;
}

void
wr_stuff_drop(struct wr_stuff *stuff)
{
    for (int i = 0; i < 3; i++) {
        weir_xdecref(stuff->keys[i]);
        stuff->keys[i] = NULL;
    }
}

static weir_object *
make_node(const struct wr_built *built, uint64_t node)
{
    switch (wr_shape_kind(&built->shape, node)) {
    case WR_NODE_PAIR:
        return weir_instance_new(built->stuff->pair);
    case WR_NODE_QUAD:
        return weir_instance_new(built->stuff->quad);
    case WR_NODE_LIST:
        return weir_list_new();
    case WR_NODE_TUPLE:
        return weir_tuple_new(3);
    case WR_NODE_DICT:
        break;
    }
    return weir_dict_new();
}

/* Store reference `edge` of a node. */
static int
link_edge(const struct wr_built *built, uint64_t node, unsigned edge,
          weir_object *to)
{
    weir_object *o = built->nodes[node];

    switch (wr_shape_kind(&built->shape, node)) {
    case WR_NODE_PAIR:
    case WR_NODE_QUAD:
        return weir_instance_set(o, edge, to);
    case WR_NODE_LIST:
        return weir_list_append(o, to);
    case WR_NODE_TUPLE:
        return weir_tuple_set_steal(o, edge, weir_newref(to));
    case WR_NODE_DICT:
        break;
    }
    return weir_dict_set(o, built->stuff->keys[edge], to);
}

/* Let a pair with an empty slot refer to some old node. */
static int
link_old(struct wr_built *built, uint64_t node)
{
    struct wr_built *old = built->old;
    uint64_t to = weir_program_mix(built->shape.seed ^ node);

    if (weir_instance_set(built->nodes[node], 1,
                          old->nodes[to % old->shape.nodes]) != 0) {
        return weir_error();
    }
    built->out++;
    old->in++;
    return 0;
}

/* All references of one node. */
static int
link_node(struct wr_built *built, uint64_t node)
{
    uint64_t to[WR_EDGES_MAX];
    unsigned n = wr_shape_edges(&built->shape, node, to);
    int error = 0;

    for (unsigned i = 0; i < n && error == 0; i++) {
        error = link_edge(built, node, i, built->nodes[to[i]]);
    }
    if (error == 0 && built->old != NULL && n == 1 &&
        wr_shape_kind(&built->shape, node) == WR_NODE_PAIR) {
        error = link_old(built, node);
    }
    return error;
}

/* Link the tuples, or everything else. */
static int
link_nodes(struct wr_built *built, bool tuples)
{
    for (uint64_t i = 0; i < built->shape.nodes; i++) {
        bool tuple = wr_shape_kind(&built->shape, i) == WR_NODE_TUPLE;
        int error = tuple == tuples ? link_node(built, i) : 0;

        if (error != 0) {
            return error;
        }
        if (i % STRIDE == 0) {
            (void)weir_checkpoint();
        }
    }
    return 0;
}

/* The list of heads; of garbage it has itself as well. */
static int
make_holder(struct wr_built *built, bool live)
{
    const struct wr_shape *shape = &built->shape;
    int error = 0;

    if (!shape->held) {
        return 0;
    }
    built->root = weir_list_new();
    if (built->root == NULL) {
        return WEIR_ENOMEM;
    }
    for (uint64_t i = 0; i < shape->heads && error == 0; i += shape->stride) {
        error = weir_list_append(built->root, built->nodes[i]);
    }
    if (error == 0 && !live) {
        error = weir_list_append(built->root, built->root);
    }
    return error;
}

static int
make_nodes(struct wr_built *built, const struct wr_plan *plan)
{
    uint32_t *order = NULL;
    int error = 0;

    if (plan->shuffled) {
        order = wr_shape_shuffle(&built->shape);
        if (order == NULL) {
            return WEIR_ENOMEM;
        }
    }
    for (uint64_t i = 0; i < built->shape.nodes && error == 0; i++) {
        uint64_t node = order == NULL ? i : order[i];

        built->nodes[node] = make_node(built, node);
        if (built->nodes[node] == NULL) {
            error = weir_error();
        }
        if (i % STRIDE == 0) {
            (void)weir_checkpoint();
        }
    }
    free(order);
    built->owned = built->shape.nodes;
    return error;
}

/* Drop our own references to the nodes. */
static void
disown(struct wr_built *built)
{
    for (uint64_t i = 0; i < built->owned; i++) {
        weir_xdecref(built->nodes[i]);
        if (i % STRIDE == 0) {
            (void)weir_checkpoint();
        }
    }
    built->owned = 0;
}

int
wr_graph_begin(struct wr_built *built, const struct wr_shape *shape,
               const struct wr_stuff *stuff)
{
    *built = (struct wr_built){.shape = *shape, .stuff = stuff};
    built->nodes = calloc(shape->nodes, sizeof(weir_object *));
    return built->nodes == NULL ? WEIR_ENOMEM : 0;
}

int
wr_graph_build(struct wr_built *built, const struct wr_shape *shape,
               const struct wr_stuff *stuff, const struct wr_plan *plan,
               struct wr_built *old)
{
    int error = wr_graph_begin(built, shape, stuff);

    built->old = old;
    if (error == 0) {
        error = make_nodes(built, plan);
    }
    if (error == 0) {
        error = link_nodes(built, true);
    }
    if (error == 0) {
        error = link_nodes(built, false);
    }
    if (error == 0) {
        error = make_holder(built, plan->live);
    }
    if (error != 0) {
        wr_graph_drop(built);
        return error;
    }
    disown(built);
    if (!plan->live) {
        weir_xdecref(built->root);
        built->root = NULL;
    }
    return 0;
}

int
wr_graph_add(struct wr_built *built, uint64_t node)
{
    uint64_t parent = (node - 1) / 2;
    weir_object *o = weir_instance_new(built->stuff->pair);
    int error;

    if (o == NULL) {
        return weir_error();
    }
    built->nodes[node] = o;
    if (node == 0) {
        built->root = o;
        return 0;
    }
    error = weir_instance_set(built->nodes[parent], (node - 1) % 2, o);
    weir_decref(o);
    return error;
}

int
wr_graph_hold_by_handle(struct wr_built *built)
{
    int error = weir_handle_new(built->root, &built->handle);

    if (error == 0) {
        weir_decref(built->root);
        built->root = NULL;
    }
    return error;
}

/* --- checks --------------------------------------------------------------- */

/* Whether reference `edge` of a node is to this object. */
static bool
refers_to(const struct wr_built *built, uint64_t node, unsigned edge,
          const weir_object *to)
{
    weir_object *o = built->nodes[node];
    weir_object *found = NULL;

    switch (wr_shape_kind(&built->shape, node)) {
    case WR_NODE_PAIR:
    case WR_NODE_QUAD:
        found = weir_instance_get(o, edge);
        break;
    case WR_NODE_LIST:
        found = weir_list_get(o, edge);
        break;
    case WR_NODE_TUPLE:
        found = weir_tuple_get(o, edge);
        break;
    case WR_NODE_DICT:
        found = weir_dict_get(o, built->stuff->keys[edge]);
        break;
    }
    weir_xdecref(found);
    return found == to;
}

bool
wr_graph_intact(const struct wr_built *built, uint64_t nodes,
                uint64_t *checksum)
{
    const struct wr_shape *shape = &built->shape;
    uint64_t counts = 0;
    uint64_t references = built->in;

    *checksum = 0;
    for (uint64_t i = 0; i < nodes; i++) {
        uint64_t to[WR_EDGES_MAX];
        unsigned n = wr_shape_edges(shape, i, to);

        for (unsigned k = 0; k < n; k++) {
            if (to[k] >= nodes) {
                continue;
            }
            if (!refers_to(built, i, k, built->nodes[to[k]])) {
                return false;
            }
            *checksum += wr_shape_mark(i, k, to[k]);
            references++;
        }
        counts += (uint64_t)weir_refcount(built->nodes[i]);
        if (i % STRIDE == 0) {
            (void)weir_checkpoint();
        }
    }
    references += (shape->heads + shape->stride - 1) / shape->stride;
    return counts == references;
}

uint64_t
wr_graph_own_bytes(const struct wr_built *built)
{
    return built->shape.nodes * sizeof(weir_object *);
}

void
wr_graph_drop(struct wr_built *built)
{
    disown(built);
    weir_xdecref(built->root);
    if (built->handle != WEIR_HANDLE_NONE) {
        (void)weir_handle_free(built->handle);
    }
    if (built->old != NULL) {
        built->old->in -= built->out;
    }
    free(built->nodes);
    *built = (struct wr_built){.owned = 0};
}
