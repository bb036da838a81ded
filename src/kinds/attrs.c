/* SPDX-License-Identifier: MIT */
/*
 * kinds/attrs.c - named attributes of instances.
 *
 * The table appears under the instance's lock and never goes away
 * [inv:attrs.once], so it is found without the lock; its entries are under
 * the lock of the dict that it is.
 */
#include "kinds/attrs.h"

#include "base/plant.h"
#include "kinds/dict.h"
#include "thread/objlock.h"

#include <weir/dict.h>

/* Why o cannot have attributes, or 0. */
static inline int
check_attrs(const weir_object *o)
{
    int error = wr_check_instance(o);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return wr_likely(wr_type_of(o)->has_attrs) ? WEIR_OK : WEIR_ETYPE;
}

/* Why o has no attribute of that name, or 0. */
static int
check_attr(const weir_object *o, const weir_object *name)
{
    int error = o == NULL || name == NULL ? WEIR_EINVAL : check_attrs(o);

    return wr_likely(error == WEIR_OK) ? wr_check_kind(name, WR_META_STR)
                                       : error;
}

/*
 * Give o an attribute table.  Two threads may both make one; the loser frees
 * its own.  Returns the table, borrowed, or NULL without memory.
 */
static weir_object *
make_attrs(weir_object *o)
{
    struct wr_thread *self = wr_self();
    weir_object *fresh = weir_dict_new();
    weir_object *attrs;

    if (fresh == NULL) {
        return NULL;
    }
    if (wr_plant(attrs_unlocked)) {
        wr_plant_pause();
        wr_store_release(wr_attrs_slot(o), fresh);
        return fresh;
    }
    wr_objlock_lock(self, &o->lock);
    attrs = *wr_attrs_slot(o);
    if (attrs == NULL) {
        /* Whole before it is seen.  [pair:attrs/rel] */
        wr_store_release(wr_attrs_slot(o), fresh);
        attrs = fresh;
        fresh = NULL;
    }
    wr_objlock_unlock(self, &o->lock);
    weir_xdecref(fresh);
    return attrs;
}

int64_t
weir_attr_count(weir_object *o)
{
    int error = check_attrs(o);
    weir_object *attrs;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    attrs = wr_attrs_or_null(o);
    return attrs != NULL ? weir_dict_size(attrs) : 0;
}

int
weir_attr_next(weir_object *o, uint64_t *pos, weir_object **name,
               weir_object **value)
{
    int error = check_attrs(o);
    weir_object *attrs;

    if (error == WEIR_OK && pos == NULL) {
        error = WEIR_EINVAL;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    attrs = wr_attrs_or_null(o);
    return attrs != NULL ? weir_dict_next(attrs, pos, name, value) : 0;
}

weir_object *
weir_attr_get(weir_object *o, weir_object *name)
{
    int error = check_attr(o, name);
    weir_object *attrs;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    attrs = wr_attrs_or_null(o);
    return attrs != NULL ? weir_dict_get(attrs, name) : wr_fail(WEIR_ENOKEY);
}

/* A planted fault: the value that is dropped is the one seen before. */
static int __attribute__((noinline, unused))
set_planted(weir_object *attrs, weir_object *name, weir_object *value)
{
    weir_object *seen = weir_dict_get(attrs, name);

    if (seen == NULL) {
        return weir_dict_set(attrs, name, value);
    }
    weir_decref(seen);
    wr_plant_pause();
    (void)weir_dict_pop(attrs, name);
    weir_decref(seen);
    return weir_dict_set(attrs, name, value);
}

int
weir_attr_set(weir_object *o, weir_object *name, weir_object *value)
{
    WR_SITE();
    int error = check_attr(o, name);
    weir_object *attrs;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    attrs = wr_attrs_or_null(o);
    if (wr_unlikely(attrs == NULL)) {
        attrs = make_attrs(o);
        if (attrs == NULL) {
            return WEIR_ENOMEM;
        }
    }
    if (wr_plant(setter_double_decref)) {
        return set_planted(attrs, name, value);
    }
    return weir_dict_set(attrs, name, value);
}

int
weir_attr_delete(weir_object *o, weir_object *name)
{
    int error = check_attr(o, name);
    weir_object *attrs;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    attrs = wr_attrs_or_null(o);
    return attrs != NULL ? weir_dict_delete(attrs, name) : WEIR_ENOKEY;
}
