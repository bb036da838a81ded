/* SPDX-License-Identifier: MIT */
/*
 * weir/cell.h - a box that holds one reference, or none.
 *
 * What a closure shares with the function around it, and the smallest object
 * that threads can exchange things through: every call here is one step to
 * other threads.  A cell can be part of a cycle, and is collected with it.
 *
 * Objects are compared by identity.  Every call needs the calling thread
 * attached (weir/thread.h) and never collects.  A reference that a call drops
 * is dropped when its step is done: what dies may use the same cell.
 */
#ifndef WEIR_CELL_H
#define WEIR_CELL_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A cell that holds value, a new reference; NULL: it is empty.  The cell takes
 * a reference of its own to value.  NULL with WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_cell_new(weir_object *value);

/*
 * What the cell holds, a new reference.  NULL with WEIR_ENOKEY when it is
 * empty, WEIR_EINVAL (cell is NULL) or WEIR_ETYPE.
 */
WEIR_API WEIR_OWNED weir_object *weir_cell_get(weir_object *cell);

/*
 * Let the cell hold value, to which it takes its own reference; NULL empties
 * it.  What it held before is dropped.  Returns 0, WEIR_EINVAL (cell is NULL)
 * or WEIR_ETYPE.
 */
WEIR_API int weir_cell_set(weir_object *cell, weir_object *value);

/*
 * The same, but what it held before goes to *old, a new reference, or NULL if
 * it was empty.  Of several threads that swap, each gets what one other put
 * in: nothing is lost, nothing is given twice.
 *
 * Returns 0; WEIR_EINVAL (cell or old is NULL) or WEIR_ETYPE, and then neither
 * the cell nor *old has changed.
 */
WEIR_API int weir_cell_swap(weir_object *cell, weir_object *value,
                            WEIR_OWNED weir_object **old);

/*
 * Let the cell hold value if it holds expected; either may be NULL, which
 * stands for empty.  The cell's reference to expected is dropped, the caller's
 * references to both stay its own.
 *
 * Returns 1 if so, 0 if the cell held something else and was left alone,
 * WEIR_EINVAL (cell is NULL) or WEIR_ETYPE.
 */
WEIR_API int weir_cell_replace(weir_object *cell, weir_object *expected,
                               weir_object *value);

/* True if o is a cell; false for NULL. */
WEIR_API bool weir_is_cell(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
