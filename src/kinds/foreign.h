/* SPDX-License-Identifier: MIT */
/*
 * kinds/foreign.h - objects of foreign types, seen from the other kinds.
 */
#ifndef WR_KINDS_FOREIGN_H
#define WR_KINDS_FOREIGN_H

#include "object/layout.h"

#include <weir/foreign.h>

/* o as an object of a foreign type.  Caller: knows that it is one. */
static inline struct wr_foreign *
wr_foreign_of(weir_object *o)
{
    return (struct wr_foreign *)(void *)o;
}

#endif
