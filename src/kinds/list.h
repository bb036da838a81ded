/* SPDX-License-Identifier: MIT */
/*
 * kinds/list.h - lists, seen from the other kinds.
 */
#ifndef WR_KINDS_LIST_H
#define WR_KINDS_LIST_H

#include "object/layout.h"

#include <weir/list.h>

/* o as a list.  Caller: knows that it is one. */
static inline struct wr_list *
wr_list_of(weir_object *o)
{
    return (struct wr_list *)(void *)o;
}

#endif
