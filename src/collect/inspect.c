/* SPDX-License-Identifier: MIT */
/*
 * collect/inspect.c - looking at the heap.
 *
 * Each question counts first, then makes room, then fills, all under one stop:
 * so the walk itself allocates nothing, and what has been found is whole or
 * not there.
 */
#include "collect/inspect.h"

#include "collect/collect.h"
#include "object/children.h"
#include "object/dealloc.h"
#include "thread/safepoint.h"

weir_object *
wr_inspect_next(struct wr_walk *walk)
{
    weir_object *o;

    /* Ends: with the walk. */
    while ((o = wr_walk_next(walk)) != NULL) {
        if (!wr_in_gc(o)) {
            return NULL; /* the atoms come last */
        }
        if (!wr_collect_is_trash(o)) {
            return o;
        }
    }
    return NULL;
}

void
wr_inspect_drop(struct wr_thread *self, struct wr_vector *list)
{
    for (size_t i = 0; i < list->size; i++) {
        wr_drop(self, wr_vector_get(list, i));
    }
    wr_vector_free(list);
}

/* A question, and how far the answer is. */
struct inquiry {
    int generation;
    size_t n;
    weir_object *const *objects;
    /* does o belong to the answer? */
    bool (*wanted)(weir_object *o, struct inquiry *inquiry);
    /* of the object that is looked at: it refers to one of the n */
    bool refers;
    struct wr_vector *out;
};

static bool
is_of_generation(weir_object *o, struct inquiry *inquiry)
{
    return (o->flags & WR_FLAG_TRACKED) != 0 &&
           (inquiry->generation < 0 ||
            (o->flags & WR_FLAG_GEN_MASK) == inquiry->generation);
}

static void
compare_child(weir_object *child, void *context)
{
    struct inquiry *inquiry = context;

    for (size_t i = 0; !inquiry->refers && i < inquiry->n; i++) {
        inquiry->refers = inquiry->objects[i] == child;
    }
}

static bool
is_referrer(weir_object *o, struct inquiry *inquiry)
{
    inquiry->refers = false;
    wr_children_visit(o, compare_child, inquiry);
    return inquiry->refers;
}

/* Walk through the heap and answer.  0 or WEIR_ENOMEM. */
static int
answer(struct wr_thread *self, struct inquiry *inquiry)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;
    size_t found = 0;
    int error;

    wr_stop_world(self);
    while ((o = wr_inspect_next(&walk)) != NULL) {
        found += inquiry->wanted(o, inquiry) ? 1 : 0;
    }
    error = wr_vector_reserve(inquiry->out, found);
    walk = (struct wr_walk){.pool = 0};
    while (error == WEIR_OK && (o = wr_inspect_next(&walk)) != NULL) {
        if (inquiry->wanted(o, inquiry)) {
            wr_ref_get(o);
            (void)wr_vector_push(inquiry->out, o);
        }
    }
    WEIR_ASSERT(error != WEIR_OK || inquiry->out->size == found);
    wr_start_world(self);
    return error == WEIR_OK ? WEIR_OK : WEIR_ENOMEM;
}

int
wr_inspect_objects(struct wr_thread *self, int generation,
                   struct wr_vector *out)
{
    struct inquiry inquiry = {
        .generation = generation, .wanted = is_of_generation, .out = out};

    return answer(self, &inquiry);
}

int
wr_inspect_referrers(struct wr_thread *self, size_t n,
                     weir_object *const objects[], struct wr_vector *out)
{
    struct inquiry inquiry = {
        .n = n, .objects = objects, .wanted = is_referrer, .out = out};

    return answer(self, &inquiry);
}

static void
count_child(weir_object *child, void *context)
{
    (void)child;
    ++*(size_t *)context;
}

/* There is room. */
static void
push_child(weir_object *child, void *context)
{
    wr_ref_get(child);
    (void)wr_vector_push(context, child);
}

int
wr_inspect_referents(struct wr_thread *self, size_t n,
                     weir_object *const objects[], struct wr_vector *out)
{
    size_t found = 0;
    int error;

    wr_stop_world(self);
    for (size_t i = 0; i < n; i++) {
        wr_children_visit(objects[i], count_child, &found);
    }
    error = wr_vector_reserve(out, found);
    for (size_t i = 0; error == WEIR_OK && i < n; i++) {
        wr_children_visit(objects[i], push_child, out);
    }
    wr_start_world(self);
    return error == WEIR_OK ? WEIR_OK : WEIR_ENOMEM;
}

int
weir_gc_count_objects(uint64_t out[WEIR_GC_GENERATIONS + 1])
{
    uint64_t n[WEIR_GC_GENERATIONS + 1] = {0};
    struct wr_walk walk = {.pool = 0};
    weir_object *o;

    if (out == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_stop_world(wr_self());
    while ((o = wr_inspect_next(&walk)) != NULL) {
        if ((o->flags & WR_FLAG_TRACKED) != 0 || wr_is_frozen(o)) {
            n[o->flags & WR_FLAG_GEN_MASK]++;
        }
    }
    wr_start_world(wr_self());
    for (int i = 0; i <= WEIR_GC_GENERATIONS; i++) {
        out[i] = n[i];
    }
    return WEIR_OK;
}

_Static_assert((int)WR_FLAG_GEN_MASK == (int)WEIR_GC_GENERATIONS,
               "the frozen come after the oldest");
