/* SPDX-License-Identifier: MIT */
/*
 * weir/tuple.h - sequences of fixed length.
 *
 * A tuple owns its items.  It is filled by its maker before anyone else sees
 * it and does not change after that, so reading takes no lock in any flavour.
 * The empty tuple is one immortal object.
 *
 * The collector looks at a tuple only if it holds something that can be part
 * of a cycle: not when all items are atoms, or tuples of atoms.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.
 */
#ifndef WEIR_TUPLE_H
#define WEIR_TUPLE_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A tuple of n items, a new reference.  The items are unset: fill them with
 * weir_tuple_set_steal() before the tuple is shared.  NULL with WEIR_ENOMEM
 * or WEIR_ELIMIT (its bytes pass SIZE_MAX / 2).
 */
WEIR_API WEIR_OWNED weir_object *weir_tuple_new(size_t n);

/*
 * Put value in place i of a tuple that only the caller knows; an item that
 * was there is dropped, which can run a finalizer.  The reference to value is
 * consumed, also on failure; value may be NULL, so that the result of a call
 * that failed can be passed on.  Returns 0, WEIR_EINVAL (t or value is NULL),
 * WEIR_ETYPE, WEIR_ERANGE or WEIR_ESTATE (someone else has a reference; to
 * be sure of that, the parallel flavours wait until the other threads have
 * come to a checkpoint).
 */
WEIR_API int weir_tuple_set_steal(weir_object *t, size_t i,
                                  WEIR_STOLEN weir_object *value);

/*
 * A tuple of these n items, a new reference; the tuple takes its own
 * references to the items.  items may be NULL when n is 0.  NULL with
 * WEIR_ENOMEM, WEIR_ELIMIT or WEIR_EINVAL (items, or one of them, is NULL).
 */
WEIR_API WEIR_OWNED weir_object *weir_tuple_pack(size_t n,
                                                 weir_object *const items[]);

/*
 * Item i, a new reference.  NULL with WEIR_EINVAL (t is NULL), WEIR_ETYPE,
 * WEIR_ERANGE or WEIR_ESTATE (the item is unset).
 */
WEIR_API WEIR_OWNED weir_object *weir_tuple_get(const weir_object *t, size_t i);

/*
 * Item i, borrowed from the tuple: valid as long as the caller has a
 * reference to the tuple.  Errors as for weir_tuple_get().
 */
WEIR_API WEIR_BORROWED weir_object *weir_tuple_borrow(const weir_object *t,
                                                      size_t i);

/* The number of items, or WEIR_EINVAL (t is NULL) or WEIR_ETYPE. */
WEIR_API int64_t weir_tuple_size(const weir_object *t);

/* True if o is a tuple; false for NULL. */
WEIR_API bool weir_is_tuple(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
