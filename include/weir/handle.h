/* SPDX-License-Identifier: MIT */
/*
 * weir/handle.h - references from C data that is no object.
 *
 * A handle is a number that keeps an object alive.  It can stand where a
 * pointer to an object should not: in a structure of a C library that hands
 * it back to a callback, in a file, in another process's message.  Whoever
 * uses it gets an answer and never undefined behaviour, whatever the number
 * is: a handle that was freed, or is of a runtime that has stopped since, or
 * was made up, is WEIR_ENOKEY.
 *
 *     weir_handle h;
 *
 *     weir_handle_new(o, &h);        // o lives until h is freed
 *     ...
 *     o = weir_handle_get(h);        // a new reference
 *     weir_handle_free(h);
 *
 * What handles name is where full collections start from.  They find the same
 * without, but a program that keeps the roots of its data by handles makes
 * them faster: see docs/collector.md.
 *
 * Two handles are never the same number while the runtime runs, nor within
 * 65,535 starts of it.  A number that was guessed right is a handle.
 *
 * Calls may be made by any attached thread and by several at once.  They hold
 * the lock of the table of handles meanwhile, and never collect.
 */
#ifndef WEIR_HANDLE_H
#define WEIR_HANDLE_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t weir_handle;

/* The number that is never a handle. */
#define WEIR_HANDLE_NONE ((weir_handle)0)

/* The most handles that can live at once. */
#define WEIR_HANDLES_MAX ((size_t)1 << 28)

/*
 * Make a handle to o and write it to *out; it takes its own reference.
 * Several handles to one object are several references.  Returns 0,
 * WEIR_EINVAL (a NULL argument), WEIR_ESTATE (not attached), WEIR_ENOMEM or
 * WEIR_ELIMIT (WEIR_HANDLES_MAX).
 */
WEIR_API int weir_handle_new(weir_object *o, weir_handle *out);

/*
 * The object, a new reference.  NULL with WEIR_ENOKEY (no living handle), or
 * when the thread is not attached: then weir_error() is WEIR_ESTATE.
 */
WEIR_API WEIR_OWNED weir_object *weir_handle_get(weir_handle handle);

/*
 * Give the handle up and drop its reference, which can run a finalizer; the
 * lock is free by then.  Of several threads that free one handle one
 * succeeds.  Returns 0, WEIR_ENOKEY or WEIR_ESTATE (not attached).
 */
WEIR_API int weir_handle_free(weir_handle handle);

/*
 * How many handles live.  Any thread, attached or not; 0 while the runtime
 * does not run.  weir_stop() forgets those that are left.
 */
WEIR_API size_t weir_handle_count(void);

#ifdef __cplusplus
}
#endif
#endif
