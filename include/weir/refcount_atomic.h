/* SPDX-License-Identifier: MIT */
/*
 * weir/refcount_atomic.h - atomic counts, threads in parallel.
 *
 * Adding needs no order: whoever adds holds a reference.  Dropping is one
 * acq_rel step: release hands this thread's writes to the thread that drops
 * last, which acquires them all before it destroys the object.
 * [pair:count/rel] [pair:count/acq]
 *
 * Immortality is a load and a branch and no write, so shared constants cost no
 * cache-line traffic.  The load is of the owner field and not of the count: a
 * processor cannot forward a locked write to a load of the same word, so
 * testing the count's sign makes an uncontended pair a third dearer
 * (docs/performance.md).  The count of an immortal is negative all the same.
 */
#ifndef WEIR_REFCOUNT_ATOMIC_H
#define WEIR_REFCOUNT_ATOMIC_H

#include <weir/atomic.h>

#define WR_FLAVOUR_NAME "atomic"
#define WR_FLAVOUR_ID WEIR_FLAVOUR_ID_ATOMIC

/* Objects are counted and die at zero. */
static const bool wr_cfg_counted = true;
/* Attached threads run at the same time unless the lock is switched on. */
static const bool wr_cfg_parallel = true;
/* Containers take the lock in their header. */
static const bool wr_cfg_locked_objects = true;

/*
 * Give a new object its first reference.  Caller: owns the block.  The count
 * is published last: a late reader of a recycled block sees it dead or whole.
 * [pair:count-new/rel]
 */
static inline void
wr_ref_init(weir_object *o)
{
    weir_store_release(&o->count, (int64_t)1);
}

/* Made immortal: nothing to count. */
static inline bool
wr_ref_skips(const weir_object *o)
{
    return weir_load_relaxed(&o->owner) == WR_OWNER_IMMORTAL;
}

/*
 * Add a reference.  Caller: holds one already.  Atomic addition wraps
 * INT64_MAX to a negative value, and the first drop that sees one makes the
 * object immortal: the count saturates.
 */
static inline void
wr_ref_get(weir_object *o)
{
    if (__builtin_expect(!wr_ref_skips(o), 1)) {
        int64_t old = weir_fetch_add_relaxed(&o->count, (int64_t)1);

        if (WEIR_DEBUG >= 1 && old == 0) {
            weir_refcount_error_(o, true);
        }
    }
}

/* Drop a reference; true when it was the last: the caller destroys *o. */
static inline bool
wr_ref_put(weir_object *o)
{
    int64_t old;

    if (__builtin_expect(wr_ref_skips(o), 0)) {
        return false;
    }
    old = weir_fetch_sub_acq_rel(&o->count, (int64_t)1);
    if (__builtin_expect(old <= 0, 0)) {
        /* Dropped too often, or another thread's add just saturated it. */
        return weir_refcount_settle_(o, old);
    }
    return old == 1;
}

/* Add a reference unless the object is dead; false if it is. */
static inline bool
wr_ref_try_get(weir_object *o)
{
    int64_t count = weir_load_relaxed(&o->count);

    while (count > 0) {
        if (weir_cas_acq_rel(&o->count, &count, count + 1)) {
            return true;
        }
    }
    return count < 0;
}

/* Dead: counted down to zero, or a block that holds no object. */
static inline bool
wr_ref_is_dead(const weir_object *o)
{
    return weir_load_acquire(&o->count) == 0;
}

/* The count as it stands; negative when immortal. */
static inline int64_t
wr_ref_value(const weir_object *o)
{
    return weir_load_relaxed(&o->count);
}

/*
 * The caller's reference is the only one, and what others did with *o before
 * they dropped theirs is over.  [pair:count/acq]
 */
static inline bool
wr_ref_is_only(const weir_object *o)
{
    return weir_load_acquire(&o->count) == 1;
}

/* Change the count by delta.  Caller: world stopped, or *o is nobody else's. */
static inline void
wr_ref_adjust(weir_object *o, int64_t delta)
{
    (void)weir_fetch_add_relaxed(&o->count, delta);
}

/* No reference is left: the object is dead.  Caller: nobody can reach *o. */
static inline void
wr_ref_kill(weir_object *o)
{
    weir_store_relaxed(&o->count, (int64_t)0);
}

/* A dead object whose finalizer is about to run gets one reference. */
static inline void
wr_ref_revive(weir_object *o)
{
    weir_store_release(&o->count, (int64_t)1);
}

#endif
