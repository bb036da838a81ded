/* SPDX-License-Identifier: MIT */
/*
 * kinds/str_join.c - many strings into one.
 *
 * Joining looks at the items twice, to measure and to copy, and a list may
 * change in between.  So a list is first turned into a tuple, which cannot
 * change: its lock is held for as long as it takes to copy its references,
 * not for as long as it takes to copy its bytes.
 */
#include "kinds/str.h"

#include "kinds/kinds.h"
#include "kinds/list.h"
#include "thread/objlock.h"

#include <weir/tuple.h>

#include <string.h>

/* The items a list has at one moment, as a tuple, a new reference. */
static weir_object *
snapshot(weir_object *o)
{
    struct wr_thread *self = wr_self();
    const struct wr_list *list = wr_list_of(o);
    const struct wr_array *array;
    weir_object *copy;

    wr_objlock_lock(self, &o->lock);
    array = wr_list_array(list);
    copy = weir_tuple_pack((size_t)list->size,
                           array != NULL ? array->items : NULL);
    wr_objlock_unlock(self, &o->lock);
    return copy;
}

/*
 * The length of the items joined, with `between` bytes between each two.
 * Returns 0, or why they cannot be joined.
 */
static int
measure(weir_object *const *items, size_t n, size_t between, size_t *length)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        size_t part = i == 0 ? 0 : between;

        if (items[i] == NULL) {
            return WEIR_ESTATE;
        }
        if (items[i]->meta != WR_META_STR) {
            return WEIR_ETYPE;
        }
        /* Each step adds two lengths, both at most half of the range. */
        part += (size_t)wr_str_of(items[i])->length;
        if (part > WEIR_STR_MAX - total) {
            return WEIR_ELIMIT;
        }
        total += part;
    }
    *length = total;
    return WEIR_OK;
}

static char *
put(char *to, const weir_object *s)
{
    size_t length = (size_t)wr_str_of(s)->length;

    memcpy(to, wr_str_of(s)->bytes, length);
    return to + length;
}

/* Join the items of a tuple. */
static weir_object *
join(const weir_object *separator, weir_object *const *items, size_t n)
{
    struct wr_str *result;
    size_t length = 0;
    char *to;
    int error =
        measure(items, n, (size_t)wr_str_of(separator)->length, &length);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (n == 1) {
        return weir_newref(items[0]);
    }
    result = wr_str_alloc(length);
    if (wr_unlikely(result == NULL)) {
        return NULL;
    }
    to = result->bytes;
    for (size_t i = 0; i < n; i++) {
        if (i != 0) {
            to = put(to, separator);
        }
        to = put(to, items[i]);
    }
    WEIR_ASSERT(to == result->bytes + length);
    wr_ref_init(&result->base);
    return &result->base;
}

static weir_object *
join_tuple(const weir_object *separator, const weir_object *o)
{
    const struct wr_tuple *tuple = (const struct wr_tuple *)(const void *)o;

    /* The empty tuple is a bare header. */
    return o->meta == WR_META_TUPLE
               ? join(separator, tuple->items, (size_t)tuple->size)
               : join(separator, NULL, 0);
}

weir_object *
weir_str_join(weir_object *separator, weir_object *items)
{
    WR_SITE();
    int error = wr_check_kind(separator, WR_META_STR);
    weir_object *result;
    weir_object *copy;

    if (items == NULL) {
        error = WEIR_EINVAL;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (weir_is_tuple(items)) {
        return join_tuple(separator, items);
    }
    if (items->meta != WR_META_LIST) {
        return wr_fail(WEIR_ETYPE);
    }
    copy = snapshot(items);
    if (wr_unlikely(copy == NULL)) {
        return NULL;
    }
    result = join_tuple(separator, copy);
    /* May kill items that have left the list, and so run finalizers: the
     * error of a failure is said last. */
    error = wr_self()->error;
    weir_decref(copy);
    wr_self()->error = error;
    return result;
}
