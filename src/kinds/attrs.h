/* SPDX-License-Identifier: MIT */
/*
 * kinds/attrs.h - the attribute table of an instance, for the other kinds.
 *
 * An instance whose type has attributes keeps them in a dict that its hidden
 * last slot holds.  The dict is made with the first attribute.
 *
 * [inv:attrs.once] Once set, the hidden slot stays until the instance is torn
 * down, and nobody else has a reference to the dict: a reference to the
 * instance is enough to use it.
 */
#ifndef WR_KINDS_ATTRS_H
#define WR_KINDS_ATTRS_H

#include "kinds/instance.h"

/*
 * The hidden slot of an instance.  Caller: knows that its type has one.
 */
static inline weir_object **
wr_attrs_slot(weir_object *o)
{
    return &wr_instance_of(o)->slots[wr_type_of(o)->nslots - 1];
}

/*
 * The attribute dict, borrowed from o, or NULL if there is none yet.
 * Caller: knows that its type has one; no lock needed.
 */
static inline weir_object *
wr_attrs_or_null(weir_object *o)
{
    /* [pair:attrs/acq] */
    return wr_load_acquire(wr_attrs_slot(o));
}

#endif
