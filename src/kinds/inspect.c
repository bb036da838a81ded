/* SPDX-License-Identifier: MIT */
/*
 * kinds/inspect.c - what the collector finds on request, as lists.
 */
#include "collect/inspect.h"
#include "collect/keep.h"
#include "kinds/kinds.h"
#include "kinds/list.h"

#include <weir/gc.h>

/*
 * A list of the references in *found, which is emptied; or NULL when they could
 * not be found or there is no memory.
 */
static weir_object *
as_list(struct wr_thread *self, int error, struct wr_vector *found)
{
    weir_object *list = NULL;

    if (error == WEIR_OK) {
        list = weir_list_new();
        error = list != NULL ? WEIR_OK : WEIR_ENOMEM;
    }
    for (size_t i = 0; error == WEIR_OK && i < found->size; i++) {
        error = weir_list_append(list, wr_vector_get(found, i));
    }
    wr_inspect_drop(self, found);
    if (error != WEIR_OK) {
        weir_xdecref(list);
        return wr_fail(error);
    }
    return list;
}

/* Why the question cannot be put, or 0. */
static int
check_objects(size_t n, weir_object *const objects[])
{
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    if (objects == NULL && n != 0) {
        return WEIR_EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        if (objects[i] == NULL) {
            return WEIR_EINVAL;
        }
        wr_check_alive(objects[i]);
    }
    return WEIR_OK;
}

weir_object *
weir_gc_garbage(void)
{
    WR_SITE();
    struct wr_vector found = WR_VECTOR_INIT;
    struct wr_thread *self;

    if (!weir_attached()) {
        return NULL;
    }
    self = wr_self();
    return as_list(self, wr_keep_copy(self, &found), &found);
}

weir_object *
weir_gc_get_objects(int generation)
{
    WR_SITE();
    struct wr_vector found = WR_VECTOR_INIT;
    struct wr_thread *self;

    if (!weir_attached()) {
        return NULL;
    }
    if (generation < -1 || generation >= WEIR_GC_GENERATIONS) {
        return wr_fail(WEIR_EINVAL);
    }
    self = wr_self();
    return as_list(self, wr_inspect_objects(self, generation, &found), &found);
}

weir_object *
weir_gc_get_referrers(size_t n, weir_object *const objects[])
{
    WR_SITE();
    struct wr_vector found = WR_VECTOR_INIT;
    int error = check_objects(n, objects);

    if (error == WEIR_OK) {
        error = wr_inspect_referrers(wr_self(), n, objects, &found);
    }
    if (error == WEIR_ESTATE) {
        return NULL;
    }
    return as_list(wr_self(), error, &found);
}

weir_object *
weir_gc_get_referents(size_t n, weir_object *const objects[])
{
    WR_SITE();
    struct wr_vector found = WR_VECTOR_INIT;
    int error = check_objects(n, objects);

    if (error == WEIR_OK) {
        error = wr_inspect_referents(wr_self(), n, objects, &found);
    }
    if (error == WEIR_ESTATE) {
        return NULL;
    }
    return as_list(wr_self(), error, &found);
}
