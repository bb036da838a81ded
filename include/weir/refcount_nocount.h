/* SPDX-License-Identifier: MIT */
/*
 * weir/refcount_nocount.h - no counting at all; nothing is ever freed.
 *
 * The floor: what a program costs when references are free.  The count word
 * is a constant.  Lab only, under a memory cap.
 */
#ifndef WEIR_REFCOUNT_NOCOUNT_H
#define WEIR_REFCOUNT_NOCOUNT_H

#define WR_FLAVOUR_NAME "nocount"
#define WR_FLAVOUR_ID WEIR_FLAVOUR_ID_NOCOUNT

/* Objects are counted and die at zero. */
static const bool wr_cfg_counted = false;
/* Attached threads run at the same time unless the lock is switched on. */
static const bool wr_cfg_parallel = false;
/* Containers take the lock in their header. */
static const bool wr_cfg_locked_objects = false;

/* Mark the block as an object.  Caller: owns the block. */
static inline void
wr_ref_init(weir_object *o)
{
    o->count = 1;
}

/* No effect. */
static inline void
wr_ref_get(weir_object *o)
{
    (void)o;
}

/* No effect; nothing dies. */
static inline bool
wr_ref_put(weir_object *o)
{
    (void)o;
    return false;
}

/* Always true: nothing dies. */
static inline bool
wr_ref_try_get(weir_object *o)
{
    (void)o;
    return true;
}

/* True only for a block that never held an object. */
static inline bool
wr_ref_is_dead(const weir_object *o)
{
    return o->count == 0;
}

/* The constant in the count word. */
static inline int64_t
wr_ref_value(const weir_object *o)
{
    return o->count;
}

/* Nobody knows. */
static inline bool
wr_ref_is_only(const weir_object *o)
{
    (void)o;
    return true;
}

/* No effect. */
static inline void
wr_ref_adjust(weir_object *o, int64_t delta)
{
    (void)o;
    (void)delta;
}

/* No effect. */
static inline void
wr_ref_kill(weir_object *o)
{
    (void)o;
}

/* No effect. */
static inline void
wr_ref_revive(weir_object *o)
{
    (void)o;
}

#endif
