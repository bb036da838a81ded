/* SPDX-License-Identifier: MIT */
/*
 * kinds/str.h - strings, seen from the other kinds.
 */
#ifndef WR_KINDS_STR_H
#define WR_KINDS_STR_H

#include "object/layout.h"

#include <weir/str.h>

/* Make the table of interned strings.  As wr_kinds_start(). */
int wr_str_start(void);

/* Forget it; the strings are immortal memory.  As wr_kinds_stop(). */
void wr_str_stop(void);

/* How many strings are interned.  Any thread. */
size_t wr_str_interned(void);

/*
 * A string of length <= WEIR_STR_MAX bytes: the caller fills them in and then
 * calls wr_ref_init(); no checkpoint may come in between.  NULL without
 * memory, last error set.  Caller: attached.
 */
struct wr_str *wr_str_alloc(size_t length);

/* o as a string.  Caller: knows that it is one. */
static inline const struct wr_str *
wr_str_of(const weir_object *o)
{
    return (const struct wr_str *)(const void *)o;
}

/* Around a fork, on both sides: take and give back the mutex of the table. */
void wr_str_fork_lock(void);
void wr_str_fork_unlock(void);

#endif
