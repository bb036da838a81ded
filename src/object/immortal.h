/* SPDX-License-Identifier: MIT */
/*
 * object/immortal.h - memory for objects that never die.
 *
 * Types, small ints, the empty tuple and interned strings live in pages of
 * their own, outside the collectable region, and are never written after
 * they are made: they can be mapped read-only.  Given back by weir_stop().
 */
#ifndef WR_OBJECT_IMMORTAL_H
#define WR_OBJECT_IMMORTAL_H

#include "object/header.h"

/*
 * size bytes, zeroed, aligned to 16; NULL without memory.  Any thread.
 * Fault injection counts it as one allocation.
 */
void *wr_immortal_alloc(size_t size);

/* Give every page back.  Caller: runtime stop. */
void wr_immortal_stop(void);

/* Fill the header of an immortal object. */
void wr_immortal_init(weir_object *o, uint32_t meta);

/* Around a fork, on both sides: take and give back the pages. */
void wr_immortal_fork_lock(void);
void wr_immortal_fork_unlock(void);

#endif
