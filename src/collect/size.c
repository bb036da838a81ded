/* SPDX-License-Identifier: MIT */
/*
 * collect/size.c - what objects occupy, and what would go with them.
 *
 * A walk from one object, breadth first: the nodes found so far are their own
 * queue, so nothing recurses and nothing needs a stack.
 *
 * What an object owns is trial deletion with one root.  Each node begins with
 * its count; each reference found from another node takes one away.  What has
 * some left is held from outside, and so is all that it reaches, except by way
 * of the root, to which nobody refers any more.  The rest would go.
 *
 * The world is stopped meanwhile: a count and the references it counts are
 * read at one moment.
 */
#include "collect/size.h"

#include "collect/nodes.h"
#include "heap/raw.h"
#include "object/children.h"
#include "object/dealloc.h"
#include "thread/objlock.h"
#include "thread/safepoint.h"

/* ---- one object --------------------------------------------------------- */

/* Bytes of an object outside the regions: it is immortal. */
static size_t
immortal_bytes(const weir_object *o)
{
    size_t bytes = sizeof(weir_object);

    switch (o->meta >> 8) {
    case WR_TYPE_TYPE:
        bytes = sizeof(struct weir_type);
        break;
    case WR_TYPE_INT:
        bytes = sizeof(struct wr_int);
        break;
    case WR_TYPE_STR:
        bytes = sizeof(struct wr_str) + 1 +
                (size_t)((const struct wr_str *)(const void *)o)->length;
        break;
    default:
        break;
    }
    return (bytes + 15) & ~(size_t)15;
}

/* Bytes of the array or table that o owns. */
static size_t
array_bytes(weir_object *o)
{
    const struct wr_array *array;
    const struct wr_dict_table *table;

    switch (wr_kind_of(o)) {
    case WR_KIND_LIST:
        array = wr_list_array((struct wr_list *)(void *)o);
        return array != NULL ? wr_raw_bytes(array) : 0;
    case WR_KIND_DICT:
    case WR_KIND_SET:
        table = wr_dict_table_of((struct wr_dict *)(void *)o);
        return table != NULL ? wr_raw_bytes(table) : 0;
    case WR_KIND_INSTANCE:
    case WR_KIND_TUPLE:
    case WR_KIND_CELL:
    case WR_KIND_WEAK:
    case WR_KIND_FOREIGN:
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
        break;
    }
    return 0;
}

size_t
wr_size_bytes(weir_object *o)
{
    if (!wr_in_region(o)) {
        return immortal_bytes(o);
    }
    return wr_pool_block_bytes(wr_pool_of(o)) + array_bytes(o);
}

int
weir_size_of(weir_object *o, uint64_t *bytes)
{
    if (o == NULL || bytes == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    if (!wr_in_region(o)) {
        *bytes = immortal_bytes(o);
        return WEIR_OK;
    }
    wr_objlock_lock(wr_self(), &o->lock);
    *bytes = wr_size_bytes(o);
    wr_objlock_unlock(wr_self(), &o->lock);
    return WEIR_OK;
}

/* ---- reachable ---------------------------------------------------------- */

struct walk {
    /* number 0 is the root; left: references from outside; settled: kept */
    struct wr_nodes found;
    /* 0, or why the walk is given up */
    int error;
    /* kept nodes whose children wait, a stack: number + 1 */
    uint32_t waiting;
};

/* The node of o, made if there is none yet; NULL when the walk is given up. */
static struct wr_node *
node_of(struct walk *walk, weir_object *o)
{
    size_t number = wr_nodes_find(&walk->found, o);

    if (number == SIZE_MAX) {
        number = walk->found.size;
        walk->error = wr_nodes_add(&walk->found, o);
        if (walk->error != WEIR_OK) {
            return NULL;
        }
        walk->found.nodes[number].left = weir_refcount(o);
    }
    return &walk->found.nodes[number];
}

/* A reference from one node to child. */
static void
reach_child(weir_object *child, void *context)
{
    struct walk *walk = context;
    struct wr_node *node;

    if (walk->error != WEIR_OK || weir_is_immortal(child)) {
        return;
    }
    node = node_of(walk, child);
    if (node != NULL) {
        node->left--;
    }
}

/* Find all that o reaches.  Returns 0, or why not.  Caller: world stopped. */
static int
reach(struct walk *walk, weir_object *o)
{
    (void)node_of(walk, o);
    /* Ends: each object becomes a node once. */
    for (size_t i = 0; i < walk->found.size && walk->error == WEIR_OK; i++) {
        wr_children_visit(walk->found.nodes[i].object, reach_child, walk);
    }
    return walk->error;
}

/* ---- owned -------------------------------------------------------------- */

static void
keep(struct walk *walk, size_t number)
{
    struct wr_node *node = &walk->found.nodes[number];

    if (number != 0 && !node->settled) {
        node->settled = true;
        node->next = walk->waiting;
        walk->waiting = (uint32_t)number + 1;
    }
}

/* A reference from something kept. */
static void
keep_child(weir_object *child, void *context)
{
    struct walk *walk = context;

    if (!weir_is_immortal(child)) {
        keep(walk, wr_nodes_find(&walk->found, child));
    }
}

/* Mark what is held from outside, and all it reaches but the root. */
static void
keep_held(struct walk *walk)
{
    for (size_t i = 1; i < walk->found.size; i++) {
        if (walk->found.nodes[i].left > 0) {
            keep(walk, i);
        }
        /* Ends: a node is put on the stack once. */
        while (walk->waiting != 0) {
            struct wr_node *node = &walk->found.nodes[walk->waiting - 1];

            walk->waiting = node->next;
            wr_children_visit(node->object, keep_child, walk);
        }
    }
}

/* ---- the questions ------------------------------------------------------ */

/* Add up what is not kept.  Caller: world stopped. */
static void
add_up(const struct walk *walk, uint64_t *bytes, uint64_t *objects)
{
    for (size_t i = 0; i < walk->found.size; i++) {
        if (!walk->found.nodes[i].settled) {
            *bytes += wr_size_bytes(walk->found.nodes[i].object);
            *objects += 1;
        }
    }
}

static int
answer(weir_object *o, bool owned, uint64_t *bytes, uint64_t *objects)
{
    struct walk walk = {.error = WEIR_OK};
    struct wr_thread *self;
    uint64_t all_bytes = 0;
    uint64_t all_objects = 0;
    int error = WEIR_OK;

    if (o == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    if (!owned || (wr_cfg_counted && !weir_is_immortal(o))) {
        self = wr_self();
        wr_stop_world(self);
        error = reach(&walk, o);
        if (error == WEIR_OK) {
            if (owned) {
                keep_held(&walk);
            }
            add_up(&walk, &all_bytes, &all_objects);
        }
        wr_start_world(self);
        wr_nodes_free(&walk.found);
    }
    if (error == WEIR_OK && bytes != NULL) {
        *bytes = all_bytes;
    }
    if (error == WEIR_OK && objects != NULL) {
        *objects = all_objects;
    }
    return error;
}

int
weir_size_reachable(weir_object *o, uint64_t *bytes, uint64_t *objects)
{
    return answer(o, false, bytes, objects);
}

int
weir_size_owned(weir_object *o, uint64_t *bytes, uint64_t *objects)
{
    return answer(o, true, bytes, objects);
}
