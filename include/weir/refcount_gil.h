/* SPDX-License-Identifier: MIT */
/*
 * weir/refcount_gil.h - plain counts under the global lock.
 *
 * [gil] Every function needs the lock, which attached threads hold.
 */
#ifndef WEIR_REFCOUNT_GIL_H
#define WEIR_REFCOUNT_GIL_H

#define WR_FLAVOUR_NAME "gil"
#define WR_FLAVOUR_ID WEIR_FLAVOUR_ID_GIL

/* Objects are counted and die at zero. */
static const bool wr_cfg_counted = true;
/* Attached threads run at the same time unless the lock is switched on. */
static const bool wr_cfg_parallel = false;
/* Containers take the lock in their header. */
static const bool wr_cfg_locked_objects = false;

#include <weir/refcount_plain.h>

#endif
