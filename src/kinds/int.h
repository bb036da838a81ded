/* SPDX-License-Identifier: MIT */
/*
 * kinds/int.h - ints, seen from the other kinds.
 */
#ifndef WR_KINDS_INT_H
#define WR_KINDS_INT_H

#include "object/layout.h"

#include <weir/int.h>

/* Make the small ints.  As wr_kinds_start(). */
int wr_int_start(void);

/* Forget them.  As wr_kinds_stop(). */
void wr_int_stop(void);

/* The value of o.  Caller: knows that o is an int. */
static inline int64_t
wr_int_value(const weir_object *o)
{
    return ((const struct wr_int *)(const void *)o)->value;
}

#endif
