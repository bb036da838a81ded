/* SPDX-License-Identifier: MIT */
/*
 * weir/set.h - sets of elements.
 *
 * A set owns its elements.  An element is anything weir_hash() accepts: ints,
 * strings and tuples are found by value, instances by identity.  A set cannot
 * be an element, but an instance that refers to its set can.
 *
 * Each call is atomic to other threads.  In the parallel flavours it holds the
 * set's own lock, and the calls that take two sets hold the locks of both;
 * contains and size need none.  In the other flavours the global lock protects
 * them.  Beside a call of another thread that takes two sets, contains may
 * find some elements changed and others not yet.  What a call removes is
 * dropped after unlocking, so a finalizer may use the same sets.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  While it waits for a lock the thread counts as stopped; while it
 * works on many elements a stop waits for it.  Elements and sets passed in are
 * borrowed; the set takes its own references.
 *
 * Below, "the errors of an element" are WEIR_EINVAL (NULL) and what
 * weir_hash() returns for it; WEIR_ETYPE also means that an argument is not a
 * set and WEIR_EINVAL that it is NULL.
 */
#ifndef WEIR_SET_H
#define WEIR_SET_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An empty set, a new reference.  NULL with WEIR_ENOMEM. */
WEIR_API WEIR_OWNED weir_object *weir_set_new(void);

/* The number of elements, or WEIR_EINVAL or WEIR_ETYPE. */
WEIR_API int64_t weir_set_size(weir_object *s);

/*
 * Add an element.  Returns 1 if it is new, 0 if an equal one is there, which
 * stays; or WEIR_EINVAL, WEIR_ETYPE, the errors of an element, WEIR_ENOMEM or
 * WEIR_ELIMIT (about 1.4 billion elements).
 */
WEIR_API int weir_set_add(weir_object *s, weir_object *element);

/* 1 if the set has an equal element, 0 if not, or WEIR_EINVAL, WEIR_ETYPE or
 * the errors of an element. */
WEIR_API int weir_set_contains(weir_object *s, weir_object *element);

/*
 * Remove the element that is equal to this one, which can run a finalizer.
 * Needs no memory.  Returns 0, WEIR_ENOKEY (there is none), WEIR_EINVAL,
 * WEIR_ETYPE or the errors of an element.
 */
WEIR_API int weir_set_remove(weir_object *s, weir_object *element);

/*
 * Remove some element, the one that was added first, and hand the set's
 * reference to the caller (new).  Needs no memory.  NULL with WEIR_ENOKEY (the
 * set is empty), WEIR_EINVAL or WEIR_ETYPE.
 */
WEIR_API WEIR_OWNED weir_object *weir_set_pop(weir_object *s);

/*
 * Remove everything: the set is empty to everyone first, then the elements
 * are dropped, which can run finalizers.  Needs no memory.  Returns 0,
 * WEIR_EINVAL or WEIR_ETYPE.
 */
WEIR_API int weir_set_clear(weir_object *s);

/*
 * Walk through the elements in the order in which they were added:
 *
 *   uint64_t pos = 0;
 *   while ((found = weir_set_next(s, &pos, &element)) == 1) {
 *       ...
 *       weir_decref(element);
 *   }
 *
 * Start with *pos 0 and leave it alone; it holds no reference, so a walk may
 * be given up at any element.  *element is a new reference; the pointer may
 * be NULL where that is not wanted.  Once an element has been added or
 * removed, by anyone, the next call returns WEIR_ECHANGED.
 *
 * Returns 1 with an element; 0 at the end; or WEIR_ECHANGED, WEIR_EINVAL
 * (also: pos is NULL) or WEIR_ETYPE.  Unless it returns 1 it writes nothing.
 */
WEIR_API int weir_set_next(weir_object *s, uint64_t *pos,
                           WEIR_OWNED weir_object **element);

/* A set of the same elements, a new reference.  NULL with WEIR_EINVAL,
 * WEIR_ETYPE or WEIR_ENOMEM. */
WEIR_API WEIR_OWNED weir_object *weir_set_copy(weir_object *s);

/*
 * Add all elements of other to s.  Returns 0, WEIR_EINVAL, WEIR_ETYPE,
 * WEIR_ENOMEM or WEIR_ELIMIT, and then nothing has been added.
 */
WEIR_API int weir_set_update(weir_object *s, weir_object *other);

/*
 * Remove from s what is not in other, which can run finalizers.  Returns 0,
 * WEIR_EINVAL, WEIR_ETYPE or WEIR_ENOMEM, and then nothing has been removed.
 */
WEIR_API int weir_set_intersect(weir_object *s, weir_object *other);

/* Remove from s what is in other; otherwise as weir_set_intersect(). */
WEIR_API int weir_set_subtract(weir_object *s, weir_object *other);

/* 1 if every element of s is in other, 0 if not, or WEIR_EINVAL or
 * WEIR_ETYPE. */
WEIR_API int weir_set_is_subset(weir_object *s, weir_object *other);

/* 1 if both have the same elements, in any order, 0 if not, or WEIR_EINVAL or
 * WEIR_ETYPE.  weir_equal() asks whether they are one object. */
WEIR_API int weir_set_equal(weir_object *a, weir_object *b);

/* True if o is a set; false for NULL. */
WEIR_API bool weir_is_set(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
