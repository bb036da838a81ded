/* SPDX-License-Identifier: MIT */
/*
 * kinds/tuple.h - tuples, seen from the other kinds.
 */
#ifndef WR_KINDS_TUPLE_H
#define WR_KINDS_TUPLE_H

#include "object/layout.h"

#include <weir/tuple.h>

/* Make the empty tuple.  As wr_kinds_start(). */
int wr_tuple_start(void);

/* Forget it.  As wr_kinds_stop(). */
void wr_tuple_stop(void);

#endif
