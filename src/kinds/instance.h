/* SPDX-License-Identifier: MIT */
/*
 * kinds/instance.h - instances, seen from the other kinds.
 */
#ifndef WR_KINDS_INSTANCE_H
#define WR_KINDS_INSTANCE_H

#include "kinds/kinds.h"

#include <weir/instance.h>

/* o as an instance.  Caller: knows that it is one. */
static inline struct wr_instance *
wr_instance_of(weir_object *o)
{
    return (struct wr_instance *)(void *)o;
}

/* 0 if o is an instance, else the error to return. */
static inline int
wr_check_instance(const weir_object *o)
{
    if (wr_unlikely(o == NULL)) {
        return WEIR_EINVAL;
    }
    wr_check_alive(o);
    return wr_likely(wr_kind_of(o) == WR_KIND_INSTANCE) ? WEIR_OK : WEIR_ETYPE;
}

/* Slots a user sees: all but the hidden one. */
static inline uint32_t
wr_type_slots(const struct weir_type *type)
{
    return type->nslots - (type->has_attrs ? 1U : 0U);
}

#endif
