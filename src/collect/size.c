/* SPDX-License-Identifier: MIT */
/*
 * collect/size.c - what objects occupy, and what would go with them.
 *
 * A walk from one object, breadth first: the nodes found so far are their own
 * queue, so nothing recurses and nothing needs a stack.  A hash index over the
 * addresses tells what has been found.
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

#include <string.h>

#include "base/mem.h"
#include "heap/raw.h"
#include "object/children.h"
#include "object/dealloc.h"
#include "thread/objlock.h"
#include "thread/safepoint.h"

enum { FIRST_NODES = 128 };

/* Most nodes: their numbers, plus one, fit 32 bits with a doubling to spare. */
#define MAX_NODES ((size_t)1 << 31)

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
        array = ((struct wr_list *)(void *)o)->array;
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

/* ---- the nodes of a walk ------------------------------------------------ */

struct node {
    weir_object *object;
    /* references that no node found so far explains */
    int64_t held;
    /* of the stack of kept nodes whose children wait: number + 1 */
    uint32_t next;
    bool kept;
};

struct walk {
    /* number 0 is the root */
    struct node *nodes;
    size_t size;
    size_t capacity;
    /* number + 1 by hash of the address; 0: free; twice the capacity */
    uint32_t *index;
    /* 0, or why the walk is given up */
    int error;
    /* top of the stack of kept nodes: number + 1 */
    uint32_t waiting;
};

/* Where o stands in the index, or the free place where it belongs.  Ends: at
 * most half of the index is in use. */
static uint32_t *
find(const struct walk *walk, const weir_object *o)
{
    size_t mask = 2 * walk->capacity - 1;
    uint64_t hash = (uint64_t)(uintptr_t)o >> 4;
    size_t at = (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;

    while (walk->index[at] != 0 &&
           walk->nodes[walk->index[at] - 1].object != o) {
        at = (at + 1) & mask;
    }
    return &walk->index[at];
}

/* Make room for one more node; false, and error set, if that cannot be. */
static bool
reserve(struct walk *walk)
{
    size_t capacity = walk->capacity != 0 ? 2 * walk->capacity : FIRST_NODES;
    struct node *nodes;
    uint32_t *index;

    if (walk->size < walk->capacity) {
        return true;
    }
    walk->error = capacity > MAX_NODES ? WEIR_ELIMIT : WEIR_ENOMEM;
    if (capacity > MAX_NODES) {
        return false;
    }
    nodes = wr_mem_realloc(walk->nodes, capacity * sizeof(*nodes));
    if (nodes == NULL) {
        return false;
    }
    walk->nodes = nodes;
    index = wr_mem_calloc(2 * capacity, sizeof(*index));
    if (index == NULL) {
        return false;
    }
    wr_mem_free(walk->index);
    walk->index = index;
    walk->capacity = capacity;
    for (size_t i = 0; i < walk->size; i++) {
        *find(walk, nodes[i].object) = (uint32_t)i + 1;
    }
    walk->error = WEIR_OK;
    return true;
}

static void
end_walk(struct walk *walk)
{
    wr_mem_free(walk->nodes);
    wr_mem_free(walk->index);
}

/* The node of o, made if there is none yet; NULL when the walk is given up. */
static struct node *
node_of(struct walk *walk, weir_object *o)
{
    uint32_t *place;

    if (walk->error != WEIR_OK || !reserve(walk)) {
        return NULL;
    }
    place = find(walk, o);
    if (*place == 0) {
        walk->nodes[walk->size] =
            (struct node){.object = o, .held = weir_refcount(o)};
        walk->size++;
        *place = (uint32_t)walk->size;
    }
    return &walk->nodes[*place - 1];
}

/* ---- reachable ---------------------------------------------------------- */

/* A reference from one node to child. */
static void
reach_child(weir_object *child, void *context)
{
    struct node *node;

    if (weir_is_immortal(child)) {
        return;
    }
    node = node_of(context, child);
    if (node != NULL) {
        node->held--;
    }
}

/* Find all that o reaches.  Returns 0, or why not.  Caller: world stopped. */
static int
reach(struct walk *walk, weir_object *o)
{
    (void)node_of(walk, o);
    /* Ends: each object becomes a node once. */
    for (size_t i = 0; i < walk->size && walk->error == WEIR_OK; i++) {
        wr_children_visit(walk->nodes[i].object, reach_child, walk);
    }
    return walk->error;
}

/* ---- owned -------------------------------------------------------------- */

static void
keep(struct walk *walk, size_t number)
{
    struct node *node = &walk->nodes[number];

    if (number != 0 && !node->kept) {
        node->kept = true;
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
        keep(walk, (size_t)*find(walk, child) - 1);
    }
}

/* Mark what is held from outside, and all it reaches but the root. */
static void
keep_held(struct walk *walk)
{
    for (size_t i = 1; i < walk->size; i++) {
        if (walk->nodes[i].held > 0) {
            keep(walk, i);
        }
        /* Ends: a node is put on the stack once. */
        while (walk->waiting != 0) {
            struct node *node = &walk->nodes[walk->waiting - 1];

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
    for (size_t i = 0; i < walk->size; i++) {
        if (!walk->nodes[i].kept) {
            *bytes += wr_size_bytes(walk->nodes[i].object);
            *objects += 1;
        }
    }
}

static int
answer(weir_object *o, bool owned, uint64_t *bytes, uint64_t *objects)
{
    struct walk walk = {.size = 0};
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
        end_walk(&walk);
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
