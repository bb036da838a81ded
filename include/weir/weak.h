/* SPDX-License-Identifier: MIT */
/*
 * weir/weak.h - references that do not keep their object alive.
 *
 * A weak reference is an object of its own.  It names a target without adding
 * to the target's count; weir_weak_get() gives a counted reference while the
 * target lives, and nothing once it is dead.  There is no state in between: a
 * thread that asks while another drops the last reference gets a live object
 * or nothing.  An object whose finalizer runs is alive.
 *
 * A weak reference may have a callback, which is called once, after the target
 * has died and the reference has been cleared.  The order of things:
 *
 *   death by counting     finalizer; then all weak references to the object
 *                         are cleared; then their callbacks; then teardown
 *   death by collection   weak references with a callback are cleared; their
 *                         callbacks; finalizers; all other weak references,
 *                         also those made meanwhile, are cleared; teardown
 *
 * A callback cannot revive its target, for its own weak reference is cleared.
 * What others revive, by a finalizer or through a weak reference without a
 * callback, keeps the weak references that have not been cleared until then.
 *
 * The callbacks of one target are called latest made first.  A callback is
 * not called when its weak reference has died before, or is garbage of the
 * collection that found its target.  The last weir_decref() of a target calls
 * them before it returns; where an operation on a container drops the target,
 * that operation is over.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.
 */
#ifndef WEIR_WEAK_H
#define WEIR_WEAK_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Called with the weak reference, which is cleared, and with what
 * weir_weak_new() was given, on the thread that dropped the last reference to
 * the target or that collects.  Both objects live until it returns.  No lock
 * is held; it may call anything of this interface (weir_stop() is refused),
 * and must return.
 */
typedef void (*weir_weak_callback)(WEIR_BORROWED weir_object *weak,
                                   WEIR_BORROWED weir_object *context,
                                   void *data);

/*
 * A weak reference to target, a new reference.
 *
 * callback NULL: context and data must be NULL too, and all such references to
 * one target are one object: the one there is is returned.  With a callback
 * each call makes another.  The weak reference takes its own reference to
 * context, which may be NULL, and keeps it until it dies; data must outlive it.
 *
 * target: anything but an int, a string, a type and a weak reference.  The
 * caller has a reference to it.  An immortal target never dies.
 *
 * NULL with WEIR_EINVAL (target is NULL; context or data without a callback),
 * WEIR_ETYPE or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_weak_new(weir_object *target,
                                               weir_weak_callback callback,
                                               weir_object *context,
                                               void *data);

/*
 * The target, a new reference.  NULL with WEIR_EDEAD when it is dead,
 * WEIR_EINVAL (weak is NULL) or WEIR_ETYPE.
 */
WEIR_API WEIR_OWNED weir_object *weir_weak_get(weir_object *weak);

/*
 * How many weak references name o at the moment; other threads may make and
 * drop some meanwhile.  0 for what can have none; WEIR_EINVAL for NULL.
 */
WEIR_API int64_t weir_weak_count(weir_object *o);

/* True if o is a weak reference; false for NULL. */
WEIR_API bool weir_is_weak(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
