/* SPDX-License-Identifier: MIT */
/*
 * weir/list.h - sequences that grow and shrink at their end.
 *
 * A list owns its items.  Each call is atomic to other threads: in the
 * parallel flavours it holds the list's own lock, in the others the global
 * lock protects it.  What a call removes is dropped after the list has been
 * unlocked, so a finalizer may use the same list.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  While it waits for a list's lock the thread counts as stopped.
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
 * WEIR_ENOMEM or WEIR_ELIMIT (the items' bytes pass SIZE_MAX / 2).
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

/* True if o is a list; false for NULL. */
WEIR_API bool weir_is_list(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
