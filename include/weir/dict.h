/* SPDX-License-Identifier: MIT */
/*
 * weir/dict.h - maps from keys to values that remember insertion order.
 *
 * A dict owns its keys and values.  A key is anything weir_hash() accepts:
 * ints, strings and tuples are found by value, instances by identity.  What a
 * call removes is dropped after the dict has been unlocked, so a finalizer may
 * use the same dict.
 *
 * Each call is atomic to other threads.  In the parallel flavours it holds the
 * dict's own lock, but for get, contains and size, which need none; in the
 * others the global lock protects it.  Beside weir_dict_update() of another
 * thread, get and contains may find some keys set and others not yet.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  While it waits for a dict's lock the thread counts as stopped.
 * Keys and values passed in are borrowed; the dict takes its own references.
 *
 * Below, "the errors of a key" are WEIR_EINVAL (NULL) and what weir_hash()
 * returns for it; WEIR_ETYPE also means that d is not a dict and WEIR_EINVAL
 * that d is NULL.
 */
#ifndef WEIR_DICT_H
#define WEIR_DICT_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An empty dict, a new reference.  NULL with WEIR_ENOMEM. */
WEIR_API WEIR_OWNED weir_object *weir_dict_new(void);

/* The number of entries, or WEIR_EINVAL (d is NULL) or WEIR_ETYPE. */
WEIR_API int64_t weir_dict_size(weir_object *d);

/*
 * The value of a key, a new reference.  NULL with WEIR_ENOKEY, WEIR_EINVAL,
 * WEIR_ETYPE or the errors of a key.
 */
WEIR_API WEIR_OWNED weir_object *weir_dict_get(weir_object *d,
                                               weir_object *key);

/* 1 if the dict has the key, 0 if not, or the errors of weir_dict_get(). */
WEIR_API int weir_dict_contains(weir_object *d, weir_object *key);

/*
 * Give a key a value.  A key that is there keeps its place and its key
 * object; its old value is dropped, which can run a finalizer.  A new key
 * goes to the end.
 *
 * Returns 0, WEIR_EINVAL (also: value is NULL), WEIR_ETYPE, the errors of a
 * key, WEIR_ENOMEM or WEIR_ELIMIT (about 1.4 billion entries).
 */
WEIR_API int weir_dict_set(weir_object *d, weir_object *key,
                           weir_object *value);

/*
 * Remove a key and its value, which can run finalizers.  Set again later, the
 * key goes to the end.  Needs no memory.  Returns 0, WEIR_ENOKEY,
 * WEIR_EINVAL, WEIR_ETYPE or the errors of a key.
 */
WEIR_API int weir_dict_delete(weir_object *d, weir_object *key);

/*
 * Remove a key and hand the dict's reference to its value to the caller (new).
 * Dropping the key can run finalizers.  Needs no memory.  NULL with
 * WEIR_ENOKEY, WEIR_EINVAL, WEIR_ETYPE or the errors of a key.
 */
WEIR_API WEIR_OWNED weir_object *weir_dict_pop(weir_object *d,
                                               weir_object *key);

/*
 * Remove the first entry and hand its references to the caller: *key and
 * *value are new; either pointer may be NULL, and then the reference is
 * dropped, which can run a finalizer.  Needs no memory, and taking one entry
 * after the other takes constant time for each.
 *
 * Returns 1, 0 (the dict is empty: nothing is written), WEIR_EINVAL or
 * WEIR_ETYPE.
 */
WEIR_API int weir_dict_pop_first(weir_object *d, WEIR_OWNED weir_object **key,
                                 WEIR_OWNED weir_object **value);

/*
 * The value of a key, a new reference; a key that is not there is given this
 * value first, in one step.
 *
 * NULL with WEIR_EINVAL (also: value is NULL), WEIR_ETYPE, the errors of a
 * key, WEIR_ENOMEM or WEIR_ELIMIT.
 */
WEIR_API WEIR_OWNED weir_object *
weir_dict_setdefault(weir_object *d, weir_object *key, weir_object *value);

/*
 * Move an entry behind all others, as if it had just been inserted; other
 * threads find the key all the while.  A cache that calls this at every use
 * has the entry that was not used for longest in front.
 *
 * Returns 0, WEIR_ENOKEY, WEIR_EINVAL, WEIR_ETYPE, the errors of a key,
 * WEIR_ENOMEM (now and then it makes a new table) or WEIR_ELIMIT.
 */
WEIR_API int weir_dict_move_to_end(weir_object *d, weir_object *key);

/*
 * Add delta to the int stored under a key, in one step; a missing key counts
 * as 0 and is inserted.  Concurrent additions are never lost.  *out, unless
 * out is NULL, is set to the sum.
 *
 * Returns 0, WEIR_EINVAL, WEIR_ETYPE (also: the value is not an int),
 * WEIR_ERANGE (the sum does not fit), the errors of a key, WEIR_ENOMEM or
 * WEIR_ELIMIT.
 */
WEIR_API int weir_dict_add_int(weir_object *d, weir_object *key, int64_t delta,
                               int64_t *out);

/*
 * Remove everything: the dict is empty to everyone first, then keys and
 * values are dropped, first to last, which can run finalizers.  Needs no
 * memory.  Returns 0, WEIR_EINVAL or WEIR_ETYPE.
 */
WEIR_API int weir_dict_clear(weir_object *d);

/*
 * Walk through the entries in insertion order:
 *
 *   uint64_t pos = 0;
 *   while ((found = weir_dict_next(d, &pos, &key, &value)) == 1) {
 *       ...
 *       weir_decref(key);
 *       weir_decref(value);
 *   }
 *
 * Start with *pos 0 and leave it alone; it holds no reference, so a walk may
 * be given up at any entry.  *key and *value are new references; either
 * pointer may be NULL where that is not wanted.
 *
 * Between two calls values may be replaced, by anyone; the walk sees the
 * value of the moment.  Once a key has been inserted or removed, by anyone,
 * the next call returns WEIR_ECHANGED.
 *
 * Returns 1 with an entry; 0 at the end; or WEIR_ECHANGED, WEIR_EINVAL (also:
 * pos is NULL) or WEIR_ETYPE.  Unless it returns 1 it writes nothing.
 */
WEIR_API int weir_dict_next(weir_object *d, uint64_t *pos,
                            WEIR_OWNED weir_object **key,
                            WEIR_OWNED weir_object **value);

/* A dict of the same entries in the same order, a new reference.  NULL with
 * WEIR_EINVAL, WEIR_ETYPE or WEIR_ENOMEM. */
WEIR_API WEIR_OWNED weir_object *weir_dict_copy(weir_object *d);

/*
 * Set in d all keys that other has, in the order of other.  In the parallel
 * flavours it holds the locks of both.  Values that are replaced are dropped,
 * which can run finalizers.
 *
 * Returns 0, WEIR_EINVAL, WEIR_ETYPE, WEIR_ENOMEM or WEIR_ELIMIT, and then
 * nothing has been set.
 */
WEIR_API int weir_dict_update(weir_object *d, weir_object *other);

/* True if o is a dict; false for NULL. */
WEIR_API bool weir_is_dict(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
