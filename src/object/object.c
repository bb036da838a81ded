/* SPDX-License-Identifier: MIT */
/*
 * object/object.c - questions about objects, and the rare count paths.
 */
#include "object/header.h"
#include "object/site.h"
#include "object/type.h"

/* The count first: whoever sees the owner field no longer looks at it. */
static void
set_immortal(weir_object *o)
{
    wr_store_relaxed(&o->count, WR_IMMORTAL_COUNT);
    wr_store_relaxed(&o->owner, WR_OWNER_IMMORTAL);
}

bool
weir_refcount_settle_(weir_object *o, int64_t old)
{
    if (old == 0) {
        /* One drop too many.  Put the count back; a debug build stops. */
        weir_refcount_error_(o, false);
        (void)wr_fetch_add_relaxed(&o->count, (int64_t)1);
        return false;
    }
    /* It has saturated. */
    set_immortal(o);
    return false;
}

void
weir_refcount_error_(const weir_object *o, bool added)
{
    if (WEIR_DEBUG >= 1) {
        wr_misuse(added ? "reference to a dead object taken"
                        : "reference to a dead object dropped",
                  o);
    }
}

int64_t
weir_refcount(const weir_object *o)
{
    int64_t count;

    if (o == NULL) {
        return 0;
    }
    wr_check_alive(o);
    count = wr_ref_value(o);
    if (count < 0) {
        return INT64_MAX;
    }
    if ((wr_flags(o) & WR_FLAG_IN_GARBAGE) != 0) {
        count--;
    }
    return count;
}

bool
weir_is_immortal(const weir_object *o)
{
    return o != NULL && wr_ref_value(o) < 0;
}

weir_type *
weir_type_of(const weir_object *o)
{
    return o != NULL ? wr_type_of(o) : NULL;
}

const char *
weir_type_name(const weir_type *type)
{
    return type != NULL ? type->name : "";
}

int
weir_immortalize(weir_object *o)
{
    if (o == NULL) {
        return WEIR_EINVAL;
    }
    wr_check_alive(o);
    set_immortal(o);
    return WEIR_OK;
}
