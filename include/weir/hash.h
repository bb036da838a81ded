/* SPDX-License-Identifier: MIT */
/*
 * weir/hash.h - hash values and equality of objects.
 *
 * Ints, strings and tuples are compared by value, everything else by
 * identity.  Neither call runs user code, so a container may use them while
 * it is locked.
 */
#ifndef WEIR_HASH_H
#define WEIR_HASH_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /* tuples within tuples: levels that are hashed and compared */
    WEIR_HASH_DEPTH = 64,
    /* and tuples met on the way in one call, counted once per meeting */
    WEIR_HASH_TUPLES = 1 << 24
};

/*
 * Write the hash of o to *out.  Equal objects have equal hashes within one
 * process; strings are hashed under a random key, so between processes they
 * differ (weir_config.hash_seed makes them repeat).
 *
 * Caller: attached; o borrowed; takes no lock, never collects.
 * Returns 0, WEIR_EINVAL (an argument is NULL), WEIR_ETYPE (a list, a dict or
 * a set, also inside a tuple: they can change), WEIR_ESTATE (a tuple has an
 * unset item) or WEIR_ELIMIT (tuples nested deeper than WEIR_HASH_DEPTH or
 * more than WEIR_HASH_TUPLES).
 */
WEIR_API int weir_hash(weir_object *o, uint64_t *out);

/*
 * Are a and b equal?  An object always equals itself; ints and strings are
 * equal when their values are, tuples when their items are, one by one.
 *
 * Caller: attached; a and b borrowed; takes no lock, never collects.
 * Returns 1 or 0, or WEIR_EINVAL (an argument is NULL) or WEIR_ELIMIT (as for
 * weir_hash()).
 */
WEIR_API int weir_equal(weir_object *a, weir_object *b);

#ifdef __cplusplus
}
#endif
#endif
