/* SPDX-License-Identifier: MIT */
/*
 * object/lock.c - the lock of an object, for those who lay out its fields.
 *
 * The same byte that the operations of the builtin kinds take
 * (thread/objlock.h).  Its rules are the caller's to keep [inv:objlock.short].
 */
#include "object/header.h"
#include "thread/objlock.h"

#include <weir/foreign.h>

void
weir_object_lock(weir_object *o)
{
    if (o != NULL) {
        wr_objlock_lock(wr_self(), &o->lock);
    }
}

void
weir_object_unlock(weir_object *o)
{
    if (o != NULL) {
        wr_objlock_unlock(wr_self(), &o->lock);
    }
}

void
weir_object_lock2(weir_object *a, weir_object *b)
{
    if (a == NULL || b == NULL) {
        weir_object_lock(a != NULL ? a : b);
        return;
    }
    wr_objlock_lock2(wr_self(), &a->lock, &b->lock);
}

void
weir_object_unlock2(weir_object *a, weir_object *b)
{
    if (a == NULL || b == NULL) {
        weir_object_unlock(a != NULL ? a : b);
        return;
    }
    wr_objlock_unlock2(wr_self(), &a->lock, &b->lock);
}
