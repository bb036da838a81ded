/* SPDX-License-Identifier: MIT */
/*
 * weir/size.h - what objects cost in memory.
 *
 * Bytes are what the heap has set aside: blocks rounded up to their size
 * classes, item arrays and tables with the room they keep for more.  So the
 * answers add up to what weir_memory_stats() (weir/runtime.h) reports.  Memory
 * that a foreign type took from elsewhere is not known here.
 *
 * Counted are ints and strings as well as containers; what several objects
 * share is counted once.  The table of an instance's attributes is an object
 * of its own.  Immortal objects (small ints, interned strings, the empty
 * tuple, types, and what weir_immortalize() was given) cost nobody anything:
 * they are not counted, and what only they refer to is not looked at.  A weak
 * reference does not lead to its target.
 *
 * The two walks stop all other threads while they look, for a time that grows
 * with what they find; they never collect and run no code of a user but the
 * traverse functions of foreign types.  They need memory of their own, some
 * 40 bytes per object found.
 */
#ifndef WEIR_SIZE_H
#define WEIR_SIZE_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Write to *bytes what o itself occupies: its block, and the array or table
 * that it owns.  Takes the object's lock; while it waits for that the thread
 * counts as stopped.  Of an immortal object: what was set aside for it.
 *
 * Caller: attached.  Returns 0, WEIR_EINVAL (a NULL argument) or WEIR_ESTATE
 * (not attached).
 */
WEIR_API int weir_size_of(weir_object *o, uint64_t *bytes);

/*
 * Write what o and everything reachable from it occupy, and how many objects
 * that is.  bytes or objects may be NULL.
 *
 * Caller: attached, in the middle of no operation on an object.  Returns 0,
 * WEIR_EINVAL (o is NULL), WEIR_ESTATE (not attached), WEIR_ENOMEM, or
 * WEIR_ELIMIT (more than 2^31 objects).
 */
WEIR_API int weir_size_reachable(weir_object *o, uint64_t *bytes,
                                 uint64_t *objects);

/*
 * Write what would be given back if all references to o were dropped: o, and
 * what is reachable through o only.  References to o count as dropped wherever
 * they come from, so of a child that knows its parent, the child is the
 * answer.  What would be given back by the next collection, being part of a
 * cycle, is included.  0 and 0 for an immortal object, and in a build that
 * does not count references.
 *
 * As weir_size_reachable().
 */
WEIR_API int weir_size_owned(weir_object *o, uint64_t *bytes,
                             uint64_t *objects);

#ifdef __cplusplus
}
#endif
#endif
