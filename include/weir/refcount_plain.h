/* SPDX-License-Identifier: MIT */
/*
 * weir/refcount_plain.h - counting with plain loads and stores.
 *
 * Part of the flavours whose counts one thread at a time changes (`gil`), or
 * that lose updates on purpose (`unsafe`).  Negative counts are immortal:
 * tested by sign, never written.
 */
#ifndef WEIR_REFCOUNT_PLAIN_H
#define WEIR_REFCOUNT_PLAIN_H

/* Give a new object its first reference.  Caller: owns the block. */
static inline void
wr_ref_init(weir_object *o)
{
    o->count = 1;
}

/*
 * Add a reference.  Caller: holds one already.  The sum of INT64_MAX and one
 * is negative, hence immortal: a count saturates and never wraps to zero.
 */
static inline void
wr_ref_get(weir_object *o)
{
    int64_t count = o->count;

    if (WEIR_DEBUG >= 1 && count == 0) {
        weir_refcount_error_(o, true);
    }
    if (__builtin_expect(count >= 0, 1)) {
        o->count = (int64_t)((uint64_t)count + 1U);
    }
}

/* Drop a reference; true when it was the last: the caller destroys *o. */
static inline bool
wr_ref_put(weir_object *o)
{
    int64_t count = o->count;

    if (__builtin_expect(count < 0, 0)) {
        return false;
    }
    if (WEIR_DEBUG >= 1 && count == 0) {
        weir_refcount_error_(o, false);
    }
    o->count = --count;
    return count == 0;
}

/* Add a reference unless the object is dead; false if it is. */
static inline bool
wr_ref_try_get(weir_object *o)
{
    if (o->count == 0) {
        return false;
    }
    wr_ref_get(o);
    return true;
}

/* Dead: counted down to zero, or a block that holds no object. */
static inline bool
wr_ref_is_dead(const weir_object *o)
{
    return o->count == 0;
}

/* The count as it stands; negative when immortal. */
static inline int64_t
wr_ref_value(const weir_object *o)
{
    return o->count;
}

/* The caller's reference is the only one. */
static inline bool
wr_ref_is_only(const weir_object *o)
{
    return o->count == 1;
}

/* Change the count by delta.  Caller: world stopped, or *o is nobody else's. */
static inline void
wr_ref_adjust(weir_object *o, int64_t delta)
{
    o->count += delta;
}

/* No reference is left: the object is dead.  Caller: nobody can reach *o. */
static inline void
wr_ref_kill(weir_object *o)
{
    o->count = 0;
}

/* A dead object whose finalizer is about to run gets one reference. */
static inline void
wr_ref_revive(weir_object *o)
{
    o->count = 1;
}

#endif
