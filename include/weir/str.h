/* SPDX-License-Identifier: MIT */
/*
 * weir/str.h - strings of bytes.
 *
 * A string never changes and refers to nothing.  It may hold any bytes, NUL
 * included; one more NUL follows them, which the length does not count.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.
 */
#ifndef WEIR_STR_H
#define WEIR_STR_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A string with a copy of `length` bytes, a new reference.  bytes may be NULL
 * when length is 0.  NULL with WEIR_ENOMEM, WEIR_EINVAL (bytes is NULL) or
 * WEIR_ELIMIT (length above SIZE_MAX / 2).  Takes no lock.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_new(const char *bytes, size_t length);

/*
 * A string with a copy of the bytes before the NUL, a new reference.  Errors
 * as for weir_str_new().
 */
WEIR_API WEIR_OWNED weir_object *weir_str_from(const char *text);

/*
 * The one interned string with these bytes: two calls with equal bytes return
 * the same object, from any thread.  It is immortal, so the new reference
 * need not be dropped.  Errors as for weir_str_new().  Holds the lock of the
 * intern table meanwhile.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_intern(const char *bytes,
                                                 size_t length);

/*
 * The bytes of o, valid as long as the caller has a reference to it; *length,
 * unless length is NULL, is set to their number.  NULL with WEIR_EINVAL (o is
 * NULL) or WEIR_ETYPE.  Takes no lock.
 */
WEIR_API const char *weir_str_data(const weir_object *o, size_t *length);

/* True if o is a string; false for NULL. */
WEIR_API bool weir_is_str(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
