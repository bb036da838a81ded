/* SPDX-License-Identifier: MIT */
/*
 * weir/refcount_unsafe.h - plain counts, threads in parallel, no lock.
 *
 * Wrong on purpose: two threads that count one object lose updates.  It shows
 * the race the other flavours prevent and is the floor for one thread.  Lab
 * only, never installed as a library.
 */
#ifndef WEIR_REFCOUNT_UNSAFE_H
#define WEIR_REFCOUNT_UNSAFE_H

#define WR_FLAVOUR_NAME "unsafe"
#define WR_FLAVOUR_ID WEIR_FLAVOUR_ID_UNSAFE

/* Objects are counted and die at zero. */
static const bool wr_cfg_counted = true;
/* Attached threads run at the same time unless the lock is switched on. */
static const bool wr_cfg_parallel = true;
/* Containers take the lock in their header. */
static const bool wr_cfg_locked_objects = false;

#include <weir/refcount_plain.h>

#endif
