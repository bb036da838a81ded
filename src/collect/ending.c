/* SPDX-License-Identifier: MIT */
/*
 * collect/ending.c - finalizers at the end of the runtime, and who was alive.
 *
 * The order.  An object is finalized before what it refers to, as it would be
 * if the program dropped it: a buffer is flushed to a file that is still open.
 * What reaches each other has no order, and is one group; so a depth-first
 * search along the references, from each object that waits for its finalizer,
 * finds strongly connected components (Gabow's way, with a second stack of
 * the nodes that may still begin one).  A component is written down when the
 * search leaves it, behind all those that it reaches; the list is run from
 * its end.  Objects of types that refer to nothing lie outside the collectable
 * region; they stand at the front of the list, and so come last.
 *
 * The list holds a reference to each object, which is never dropped: what a
 * finalizer lets go of stays whole until all have run [inv:end.kept].
 *
 * Without memory for stack and list the order is by address.
 */
#include "collect/ending.h"

#include <string.h>

#include "base/mem.h"
#include "base/vector.h"
#include "collect/nodes.h"
#include "collect/size.h"
#include "collect/walk.h"
#include "object/children.h"
#include "object/dealloc.h"
#include "thread/safepoint.h"

enum { COLLECTIONS_MAX = 16, ROUNDS_MAX = 16 };

/* ---- collecting --------------------------------------------------------- */

void
wr_ending_collect(void)
{
    int64_t found = 1;

    for (int i = 0; found > 0 && i < COLLECTIONS_MAX; i++) {
        found = weir_gc_collect(WEIR_GC_GENERATIONS - 1);
    }
}

/* ---- counting ----------------------------------------------------------- */

struct wr_ending {
    uint64_t objects[WR_TYPES_MAX];
    uint64_t bytes[WR_TYPES_MAX];
};

int
wr_ending_new(struct wr_ending **out, bool figures)
{
    *out = figures ? wr_mem_calloc(1, sizeof(struct wr_ending)) : NULL;
    return figures && *out == NULL ? WEIR_ENOMEM : WEIR_OK;
}

void
wr_ending_free(struct wr_ending *ending)
{
    wr_mem_free(ending);
}

/* Take the most numerous type over into *leaks; false when none is left. */
static bool
take_most(struct wr_ending *ending, weir_leaks *leaks)
{
    weir_leak *leak = &leaks->most[leaks->types];
    size_t best = 0;

    for (size_t i = 1; i < WR_TYPES_MAX; i++) {
        if (ending->objects[i] > ending->objects[best]) {
            best = i;
        }
    }
    if (ending->objects[best] == 0) {
        return false;
    }
    leak->objects = ending->objects[best];
    leak->bytes = ending->bytes[best];
    memcpy(leak->type, wr_types[best]->name, sizeof(leak->type));
    ending->objects[best] = 0;
    leaks->types++;
    return true;
}

_Static_assert(sizeof(((weir_leak *)0)->type) == WR_TYPE_NAME_MAX + 1,
               "every name fits");

void
wr_ending_count(struct wr_ending *ending, weir_leaks *out)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;

    memset(out, 0, sizeof(*out));
    if (ending == NULL) {
        return;
    }
    while ((o = wr_walk_next(&walk)) != NULL) {
        size_t bytes = wr_size_bytes(o);

        if (weir_is_immortal(o)) {
            continue;
        }
        out->objects++;
        out->bytes += bytes;
        ending->objects[o->meta >> 8]++;
        ending->bytes[o->meta >> 8] += bytes;
    }
    while (out->types < WEIR_LEAK_TYPES && take_most(ending, out)) {
    }
}

/* ---- the order of finalizers -------------------------------------------- */

/* True if the finalizer of o has not been started. */
static bool
is_pending(const weir_object *o)
{
    return (wr_flags(o) & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
           WR_FLAG_HAS_FINALIZER;
}

struct order {
    /* to be run from the end to the beginning */
    struct wr_vector list;
    /* settled: its group is in the list; next: of the stack of the others */
    struct wr_nodes found;
    /* objects that a node of the path refers to; with the low bit set: the
     * node itself, to be left */
    struct wr_vector stack;
    /* nodes of the path that are the first of their group, as far as is
     * known: number + 1 */
    struct wr_vector firsts;
    /* nodes that are in no group yet, latest first: number + 1 */
    uint32_t open;
    bool failed;
};

static void
push(struct order *order, struct wr_vector *stack, uintptr_t word)
{
    if (wr_vector_push(stack, (void *)word) != 0) {
        order->failed = true;
    }
}

/* A reference from the object that was entered last. */
static void
push_child(weir_object *child, void *context)
{
    struct order *order = context;

    if (wr_in_gc(child)) {
        push(order, &order->stack, (uintptr_t)child);
    }
}

/* An object that is met for the first time becomes the end of the path. */
static void
enter(struct order *order, weir_object *o)
{
    size_t number = order->found.size;

    if (wr_nodes_add(&order->found, o) != WEIR_OK) {
        order->failed = true;
        return;
    }
    order->found.nodes[number].next = order->open;
    order->open = (uint32_t)number + 1;
    push(order, &order->firsts, number + 1);
    push(order, &order->stack, (uintptr_t)o | 1);
    wr_children_visit(o, push_child, order);
}

/* A node the path has passed is met again: from there on it is one group. */
static void
close_cycle(struct order *order, size_t number)
{
    struct wr_vector *firsts = &order->firsts;

    /* Ends: the first node of the path is not behind any. */
    while ((uintptr_t)firsts->items[firsts->size - 1] > number + 1) {
        (void)wr_vector_pop(firsts);
    }
}

/* The last of the path has been searched.  If it is the first of a group, the
 * open nodes down to it are that group. */
static void
leave(struct order *order, size_t number)
{
    struct wr_vector *firsts = &order->firsts;
    size_t member;

    if ((uintptr_t)firsts->items[firsts->size - 1] != number + 1) {
        return;
    }
    (void)wr_vector_pop(firsts);
    do {
        struct wr_node *node;

        member = order->open - 1;
        node = &order->found.nodes[member];
        order->open = node->next;
        node->settled = true;
        if (is_pending(node->object)) {
            /* Cannot fail: there is room for all that wait. */
            (void)wr_vector_push(&order->list, node->object);
        }
    } while (member != number);
}

/* Write `from` down, and before it all it reaches that is not there yet. */
static void
search(struct order *order, weir_object *from)
{
    push(order, &order->stack, (uintptr_t)from);
    /* Ends: an object is entered once, and each turn takes a reference off. */
    while (order->stack.size > 0 && !order->failed) {
        uintptr_t word = (uintptr_t)wr_vector_pop(&order->stack);
        weir_object *o = (weir_object *)(word & ~(uintptr_t)1);
        size_t number = wr_nodes_find(&order->found, o);

        if ((word & 1) != 0) {
            leave(order, number);
        } else if (number == SIZE_MAX) {
            enter(order, o);
        } else if (!order->found.nodes[number].settled) {
            close_cycle(order, number);
        }
    }
}

static uint64_t
count_pending(void)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;
    uint64_t n = 0;

    while ((o = wr_walk_next(&walk)) != NULL) {
        n += is_pending(o);
    }
    return n;
}

/* Fill the list.  False without memory.  Caller: world stopped. */
static bool
put_in_order(struct order *order, uint64_t pending)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;

    if (wr_vector_reserve(&order->list, (size_t)pending) != 0) {
        return false;
    }
    while ((o = wr_walk_next(&walk)) != NULL) {
        if (is_pending(o) && !wr_in_gc(o)) {
            (void)wr_vector_push(&order->list, o);
        }
    }
    walk = (struct wr_walk){.pool = 0};
    while (!order->failed && (o = wr_walk_next(&walk)) != NULL) {
        if (is_pending(o) && wr_in_gc(o)) {
            search(order, o);
        }
    }
    WEIR_ASSERT(order->failed || order->list.size == pending);
    return !order->failed;
}

/* ---- running them ------------------------------------------------------- */

static void
finalize_in_order(struct wr_thread *self, const struct order *order)
{
    size_t n = order->list.size;

    for (size_t i = 0; i < n; i++) {
        weir_incref(wr_vector_get(&order->list, i));
    }
    for (size_t i = n; i-- > 0;) {
        weir_object *o = wr_vector_get(&order->list, i);

        /* [inv:end.kept] */
        WEIR_ASSERT(!wr_ref_is_dead(o));
        wr_finalize_once(self, o);
    }
}

/* The walk stands on an object that stays, so it can go on after each. */
static void
finalize_by_address(struct wr_thread *self)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;

    while ((o = wr_walk_next(&walk)) != NULL) {
        if (is_pending(o)) {
            weir_incref(o);
            wr_finalize_once(self, o);
        }
    }
}

static void
finalize_round(struct wr_thread *self, uint64_t pending)
{
    struct order order = {.failed = false};
    bool ordered;

    /* Foreign types are asked for their references under a stop only. */
    wr_stop_world(self);
    ordered = put_in_order(&order, pending);
    wr_start_world(self);
    wr_nodes_free(&order.found);
    wr_vector_free(&order.stack);
    wr_vector_free(&order.firsts);
    if (ordered) {
        finalize_in_order(self, &order);
    } else {
        finalize_by_address(self);
    }
    wr_vector_free(&order.list);
}

uint64_t
wr_ending_finalize(struct wr_thread *self)
{
    uint64_t pending = count_pending();
    uint64_t done = 0;

    for (int i = 0; pending > 0 && i < ROUNDS_MAX; i++) {
        finalize_round(self, pending);
        done += pending;
        pending = count_pending();
    }
    return done;
}

/* ---- releasing ---------------------------------------------------------- */

void
wr_ending_release(void)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;

    while ((o = wr_walk_next(&walk)) != NULL) {
        const struct weir_type *type = wr_type_of(o);

        if (wr_kind_of(o) == WR_KIND_FOREIGN && type->release != NULL) {
            type->release(o, type->data);
        }
    }
}
