/* SPDX-License-Identifier: MIT */
/*
 * weir/int.h - signed 64-bit integers.
 *
 * An int never changes and refers to nothing.  Those from WEIR_INT_SMALL_MIN
 * to WEIR_INT_SMALL_MAX are made once, at start, and are immortal; the others
 * are objects of their own, so two equal ints need not be the same object.
 *
 * Every call needs the calling thread attached (weir/thread.h), takes no lock
 * and never collects.
 */
#ifndef WEIR_INT_H
#define WEIR_INT_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_INT_SMALL_MIN = -128, WEIR_INT_SMALL_MAX = 1023 };

/*
 * An int of that value, a new reference.  NULL with WEIR_ENOMEM; a small
 * value needs no memory and cannot fail.
 */
WEIR_API WEIR_OWNED weir_object *weir_int_new(int64_t value);

/*
 * Write the value of o to *value.  Returns 0, WEIR_EINVAL for a NULL argument
 * or WEIR_ETYPE if o is not an int.
 */
WEIR_API int weir_int_value(const weir_object *o, int64_t *value);

/* True if o is an int; false for NULL. */
WEIR_API bool weir_is_int(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
