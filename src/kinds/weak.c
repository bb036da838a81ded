/* SPDX-License-Identifier: MIT */
/*
 * kinds/weak.c - the public calls on weak references.
 *
 * The table that finds the weak references of an object, and everything that
 * happens when an object dies, is in object/weak.c.
 */
#include "kinds/kinds.h"
#include "object/weak.h"

/* Ints and strings are values, types never die, and weak references to weak
 * references have no use. */
static bool
can_be_target(const weir_object *o)
{
    enum wr_kind kind = wr_kind_of(o);

    return o->meta == WR_META_EMPTY_TUPLE ||
           (kind != WR_KIND_ATOM && kind != WR_KIND_WEAK);
}

/* A weak reference that names nothing yet, with one reference. */
static struct wr_weak *
make(struct wr_thread *self, weir_weak_callback callback, weir_object *context,
     void *data)
{
    weir_object *o = wr_object_alloc(self, wr_types[WR_TYPE_WEAK], WR_SPACE_GC,
                                     sizeof(struct wr_weak));
    struct wr_weak *w = wr_weak_of(o);

    if (wr_unlikely(o == NULL)) {
        return NULL;
    }
    if (callback == NULL) {
        /* It refers to nothing: no matter for the collector. */
        wr_store_relaxed(&o->flags, (uint8_t)WR_FLAG_HAS_WEAK);
    }
    w->context = context;
    w->target = NULL;
    w->callback = callback;
    w->data = data;
    w->next = NULL;
    w->place = NULL;
    if (context != NULL) {
        weir_incref(context);
    }
    wr_ref_init(o);
    return w;
}

weir_object *
weir_weak_new(weir_object *target, weir_weak_callback callback,
              weir_object *context, void *data)
{
    WR_SITE();
    struct wr_thread *self = wr_self();
    struct wr_weak *w;

    if (wr_unlikely(target == NULL ||
                    (callback == NULL && (context != NULL || data != NULL)))) {
        return wr_fail(WEIR_EINVAL);
    }
    wr_check_alive(target);
    if (context != NULL) {
        wr_check_alive(context);
    }
    if (wr_unlikely(!can_be_target(target))) {
        return wr_fail(WEIR_ETYPE);
    }
    if (callback == NULL) {
        weir_object *found = wr_weak_find(target);

        if (found != NULL) {
            return found;
        }
    }
    w = make(self, callback, context, data);
    return w != NULL ? wr_weak_link(self, w, target) : NULL;
}

weir_object *
weir_weak_get(weir_object *weak)
{
    int error = wr_check_kind(weak, WR_META_WEAK);
    weir_object *target;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    target = wr_weak_target(wr_weak_of(weak));
    return target != NULL ? target : wr_fail(WEIR_EDEAD);
}

int64_t
weir_weak_count(weir_object *o)
{
    if (wr_unlikely(o == NULL)) {
        return WEIR_EINVAL;
    }
    wr_check_alive(o);
    return can_be_target(o) ? (int64_t)wr_weak_count(o) : 0;
}

bool
weir_is_weak(const weir_object *o)
{
    return o != NULL && o->meta == WR_META_WEAK;
}
