/* SPDX-License-Identifier: MIT */
/*
 * kinds/cell.h - cells, seen from the other kinds.
 */
#ifndef WR_KINDS_CELL_H
#define WR_KINDS_CELL_H

#include "object/layout.h"

#include <weir/cell.h>

/* Where a cell keeps what it holds.  Caller: knows that it is one. */
static inline weir_object **
wr_cell_slot(weir_object *cell)
{
    return &((struct wr_instance *)(void *)cell)->slots[0];
}

#endif
