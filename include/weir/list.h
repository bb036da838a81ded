/* SPDX-License-Identifier: MIT */
/*
 * weir/list.h - sequences that grow and shrink.
 *
 * A list owns its items.  Each call is atomic to other threads: they see the
 * list as it was before or as it is after.  In the parallel flavours a call
 * that changes the list, or looks at several items, holds the list's own lock;
 * weir_list_get(), weir_list_next() and weir_list_size() take none, as a rule,
 * so that readers don't wait for each other.  In the other flavours the global
 * lock protects all.  What a call removes is dropped after the list has been
 * unlocked, so a finalizer may use the same list; one may also run in a call
 * that reads, when another thread drops an item at that moment.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  While it waits for a list's lock the thread counts as stopped.
 * A call on two lists locks both; they may be the same.
 */
#ifndef WEIR_LIST_H
#define WEIR_LIST_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An empty list, a new reference.  NULL with WEIR_ENOMEM. */
WEIR_API WEIR_OWNED weir_object *weir_list_new(void);

/* The number of items, or WEIR_EINVAL (list is NULL) or WEIR_ETYPE. */
WEIR_API int64_t weir_list_size(weir_object *list);

/*
 * Add value at the end, in amortised constant time; the list takes its own
 * reference.  Returns 0, WEIR_EINVAL (a NULL argument), WEIR_ETYPE,
 * WEIR_ENOMEM or WEIR_ELIMIT (the items' bytes pass SIZE_MAX / 4).
 */
WEIR_API int weir_list_append(weir_object *list, weir_object *value);

/*
 * Item i, a new reference.  NULL with WEIR_EINVAL (list is NULL), WEIR_ETYPE
 * or WEIR_ERANGE.
 */
WEIR_API WEIR_OWNED weir_object *weir_list_get(weir_object *list, size_t i);

/*
 * Replace item i; the list takes its own reference to value and drops the one
 * it had to the old item, which can run a finalizer.  Returns 0, WEIR_EINVAL
 * (a NULL argument), WEIR_ETYPE or WEIR_ERANGE.
 */
WEIR_API int weir_list_set(weir_object *list, size_t i, weir_object *value);

/*
 * Remove the last item and hand the list's reference to the caller (new).
 * NULL with WEIR_EINVAL (list is NULL), WEIR_ETYPE or WEIR_ERANGE (empty).
 */
WEIR_API WEIR_OWNED weir_object *weir_list_pop(weir_object *list);

/*
 * Remove all items: the list is empty to everyone first, then the items are
 * dropped, first to last, which can run finalizers.  Returns 0, WEIR_EINVAL
 * (list is NULL) or WEIR_ETYPE.
 */
WEIR_API int weir_list_clear(weir_object *list);

/*
 * Put value in front of item i, or at the end when i is the size.  The items
 * behind it move: time grows with their number.  Returns 0, WEIR_EINVAL (a
 * NULL argument), WEIR_ETYPE, WEIR_ERANGE (i is above the size), WEIR_ENOMEM
 * or WEIR_ELIMIT as weir_list_append().
 */
WEIR_API int weir_list_insert(weir_object *list, size_t i, weir_object *value);

/*
 * Remove item i and hand the list's reference to the caller (new); the items
 * behind it move up.  Errors as for weir_list_get().
 */
WEIR_API WEIR_OWNED weir_object *weir_list_remove(weir_object *list, size_t i);

/*
 * A new list of the items from place `from` up to, but not including, `to`; a
 * new reference.  What lies beyond the end is cut off, so (0, SIZE_MAX) copies
 * the whole list, and a range that ends before it begins gives an empty one.
 * NULL with WEIR_EINVAL (list is NULL), WEIR_ETYPE or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_list_slice(weir_object *list, size_t from,
                                                 size_t to);

/*
 * Replace that range, cut off in the same way, by the items that `other`, a
 * list, has at this moment; NULL for none: the range is removed.  The list
 * takes its own references, and drops those to what it gives up, first to
 * last, which can run finalizers.  Returns 0, WEIR_EINVAL (list is NULL),
 * WEIR_ETYPE (either is no list), WEIR_ENOMEM (possible for a removal, too) or
 * WEIR_ELIMIT.
 */
WEIR_API int weir_list_set_slice(weir_object *list, size_t from, size_t to,
                                 weir_object *other);

/*
 * Append the items that `other`, a list, has at this moment: all of them in
 * one step.  Returns 0, WEIR_EINVAL (a NULL argument), WEIR_ETYPE, WEIR_ENOMEM
 * or WEIR_ELIMIT.
 */
WEIR_API int weir_list_extend(weir_object *list, weir_object *other);

/* Turn the order of the items around.  Returns 0, WEIR_EINVAL or WEIR_ETYPE. */
WEIR_API int weir_list_reverse(weir_object *list);

/*
 * The place of the first item equal to value, as weir_equal() has it.
 * WEIR_ENOKEY if there is none; WEIR_EINVAL (a NULL argument), WEIR_ETYPE, or
 * WEIR_ELIMIT when a comparison on the way gives that.
 */
WEIR_API int64_t weir_list_index(weir_object *list, weir_object *value);

/* Is there such an item?  1 or 0, or an error as for weir_list_index(). */
WEIR_API int weir_list_contains(weir_object *list, weir_object *value);

/*
 * Compares two items for weir_list_sort(): writes a number below 0 to *order
 * if a comes before b, else 0 or a number above 0.  Returns 0, or any other
 * number to end the sort.  a and b are borrowed; no lock is held, and it may
 * call anything of this interface.  It must return.
 */
typedef int (*weir_list_compare)(WEIR_BORROWED weir_object *a,
                                 WEIR_BORROWED weir_object *b, void *context,
                                 int *order);

/*
 * Sort the list.  Equal items keep their order.
 *
 * compare NULL: ints by value, or strings by their bytes; the list is locked
 * meanwhile.  Otherwise the items are copied and compared without a lock, and
 * the list gets the new order only if it has the same items in the same places
 * then as at the beginning.  A comparison that contradicts itself gives some
 * order.
 *
 * Returns 0; WEIR_EINVAL (list is NULL), WEIR_ETYPE (no list; without compare:
 * the items are neither all ints nor all strings), WEIR_ENOMEM; WEIR_ECHANGED
 * when the list has changed meanwhile; or what compare returned.  Unless it
 * returns 0 the order is left alone.
 */
WEIR_API int weir_list_sort(weir_object *list, weir_list_compare compare,
                            void *context);

/*
 * Walk through a list: start with *pos = 0 and call until it returns 0.
 * Returns 1, *item a new reference to item *pos and *pos one more; 0 when the
 * list has no such item at this moment, nothing written; WEIR_EINVAL (a NULL
 * argument) or WEIR_ETYPE.
 *
 * *pos is an index and the walk holds nothing, so the list may change between
 * calls: items that are appended are met, and after an insertion or removal in
 * front of *pos an item is met twice or skipped.
 */
WEIR_API int weir_list_next(weir_object *list, uint64_t *pos,
                            weir_object **item);

/* True if o is a list; false for NULL. */
WEIR_API bool weir_is_list(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
