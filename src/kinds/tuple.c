/* SPDX-License-Identifier: MIT */
/*
 * kinds/tuple.c - sequences of fixed length.
 *
 * Nothing changes once a tuple is shared [inv:tuple.const-when-shared], so no
 * lock is taken anywhere.  A tuple that its maker still fills may hold NULL;
 * deallocation and the collector skip it.
 *
 * A tuple that holds nothing but atoms, and tuples of that sort, is part of no
 * cycle, and is not tracked [inv:tuple.untracked].  That is known whenever an
 * item is put in, so no collection has to find out.
 */
#include "kinds/tuple.h"

#include "kinds/kinds.h"
#include "object/immortal.h"
#include "thread/safepoint.h"

#include <string.h>

#define MAX_ITEMS                                                              \
    ((SIZE_MAX / 2 - sizeof(struct wr_tuple)) / sizeof(weir_object *))

/* [const] after start; a bare header */
static weir_object *empty;

int
wr_tuple_start(void)
{
    weir_object *o = wr_immortal_alloc(sizeof(*o));

    if (o == NULL) {
        return WEIR_ENOMEM;
    }
    wr_immortal_init(o, WR_META_EMPTY_TUPLE);
    empty = o;
    return WEIR_OK;
}

void
wr_tuple_stop(void)
{
    empty = NULL;
}

static inline struct wr_tuple *
tuple_of(const weir_object *o)
{
    return (struct wr_tuple *)(uintptr_t)o;
}

/* May item be part of a cycle? */
static inline bool
is_tracked(const weir_object *item)
{
    return wr_in_gc(item) &&
           (item->meta != WR_META_TUPLE ||
            (wr_flags(item) & (WR_FLAG_TRACKED | WR_FLAG_GEN_MASK)) != 0);
}

/*
 * t, which was not tracked, gets an item that is.  Collections may have passed
 * it over since it was made: the next young one has to look at its pool.
 */
static void
track(weir_object *t)
{
    if ((wr_flags(t) & (WR_FLAG_TRACKED | WR_FLAG_GEN_MASK)) == 0) {
        wr_flags_set(t, WR_FLAG_TRACKED);
        wr_store_relaxed(&wr_touched[wr_pool_index(t)], (uint8_t)3);
    }
}

/* A tuple of n >= 1 items, not set, whose count is still zero. */
static inline struct wr_tuple *
tuple_alloc(size_t n)
{
    struct wr_tuple *t;

    if (wr_unlikely(n > MAX_ITEMS)) {
        return wr_fail(WEIR_ELIMIT);
    }
    t = tuple_of(wr_builtin_alloc(wr_self(), WR_META_TUPLE,
                                  sizeof(*t) + n * sizeof(t->items[0])));
    if (wr_likely(t != NULL)) {
        t->size = n;
    }
    return t;
}

weir_object *
weir_tuple_new(size_t n)
{
    WR_SITE();
    struct wr_tuple *t;

    if (n == 0) {
        return empty;
    }
    t = tuple_alloc(n);
    if (wr_unlikely(t == NULL)) {
        return NULL;
    }
    memset(t->items, 0, n * sizeof(t->items[0]));
    wr_store_relaxed(&t->base.flags, (uint8_t)0);
    wr_ref_init(&t->base);
    return &t->base;
}

weir_object *
weir_tuple_pack(size_t n, weir_object *const items[])
{
    WR_SITE();
    struct wr_tuple *t;
    bool tracked = false;

    if (n == 0) {
        return empty;
    }
    if (wr_unlikely(items == NULL)) {
        return wr_fail(WEIR_EINVAL);
    }
    if (wr_unlikely(n > MAX_ITEMS)) {
        return wr_fail(WEIR_ELIMIT);
    }
    for (size_t i = 0; i < n; i++) {
        if (wr_unlikely(items[i] == NULL)) {
            return wr_fail(WEIR_EINVAL);
        }
    }
    t = tuple_alloc(n);
    if (wr_unlikely(t == NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        t->items[i] = weir_newref(items[i]);
        tracked = tracked || is_tracked(items[i]);
    }
    if (!tracked) {
        wr_store_relaxed(&t->base.flags, (uint8_t)0);
    }
    wr_ref_init(&t->base);
    return &t->base;
}

/*
 * The caller's reference is the only one.  A thread that reads a container
 * without a lock may hold another for a moment, having found the tuple where
 * an object was that it came too late for (object/slot.h).  It is not in the
 * middle of that when the world is stopped: what is too many then is somebody
 * else's for good.
 */
static bool
is_only(const weir_object *t)
{
    bool only = wr_ref_is_only(t);

    if (wr_unlikely(!only) && wr_cfg_locked_objects) {
        struct wr_thread *self = wr_self();

        wr_stop_world(self);
        only = wr_ref_is_only(t);
        wr_start_world(self);
    }
    return only;
}

/* Why item i of o cannot be used, or 0. */
static inline int
check_item(const weir_object *o, size_t i)
{
    int error = wr_check_kind(o, WR_META_TUPLE);

    if (wr_unlikely(error != WEIR_OK)) {
        return weir_is_tuple(o) ? WEIR_ERANGE : error;
    }
    return wr_likely(i < tuple_of(o)->size) ? WEIR_OK : WEIR_ERANGE;
}

int
weir_tuple_set_steal(weir_object *t, size_t i, weir_object *value)
{
    weir_object *old;
    int error = check_item(t, i);

    wr_check_alive_each(1, &value);
    if (error == WEIR_OK && value == NULL) {
        error = WEIR_EINVAL;
    }
    if (error == WEIR_OK && wr_cfg_counted && !is_only(t)) {
        error = WEIR_ESTATE;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        weir_xdecref(value);
        return error;
    }
    old = tuple_of(t)->items[i];
    tuple_of(t)->items[i] = value;
    if (is_tracked(value)) {
        track(t);
    }
    weir_xdecref(old);
    return WEIR_OK;
}

weir_object *
weir_tuple_borrow(const weir_object *t, size_t i)
{
    int error = check_item(t, i);
    weir_object *item;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    item = tuple_of(t)->items[i];
    if (wr_unlikely(item == NULL)) {
        return wr_fail(WEIR_ESTATE);
    }
    return item;
}

weir_object *
weir_tuple_get(const weir_object *t, size_t i)
{
    weir_object *item = weir_tuple_borrow(t, i);

    if (wr_likely(item != NULL)) {
        weir_incref(item);
    }
    return item;
}

int64_t
weir_tuple_size(const weir_object *t)
{
    int error = wr_check_kind(t, WR_META_TUPLE);

    if (wr_unlikely(error != WEIR_OK)) {
        return weir_is_tuple(t) ? 0 : error;
    }
    return (int64_t)tuple_of(t)->size;
}

bool
weir_is_tuple(const weir_object *o)
{
    if (o == NULL) {
        return false;
    }
    wr_check_alive(o);
    return o->meta == WR_META_TUPLE || o->meta == WR_META_EMPTY_TUPLE;
}
