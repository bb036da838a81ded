/* SPDX-License-Identifier: MIT */
/*
 * object/slot.h - one reference, read without a lock.
 *
 * The one idea: the reader adds a reference to whatever the slot points to,
 * unless that is dead, and then looks at the slot again.  If the slot still
 * points there, the object it holds is the one in the slot: it cannot have
 * died since, for the reader has a reference.  If not, what it holds may be
 * any object that got the block meanwhile; it is dropped, as any reference is,
 * and the reader begins anew [inv:slot.current].
 *
 * That the count can be looked at when the object may be gone is the heap's
 * doing [inv:heap.dead-count] [inv:heap.grace]: a freed block keeps a dead
 * count, is used again only as a block with a header whose count is published
 * last, and its memory becomes something else only after a grace period.
 *
 * Writers hold the lock of the slot's object and store with wr_slot_store() or
 * wr_slot_swap(), or exchange what is in it in one step; they drop the old
 * value after unlocking.
 *
 * Where one thread runs at a time all this is a load and an addition.
 *
 * Read first: docs/protocols-objects.md, "A slot read without a lock".
 */
#ifndef WR_OBJECT_SLOT_H
#define WR_OBJECT_SLOT_H

#include "object/header.h"

enum wr_slot_seen {
    WR_SLOT_AGAIN, /* it changed while it was read: reload everything */
    WR_SLOT_EMPTY, /* NULL */
    WR_SLOT_TAKEN  /* an object, with a new reference */
};

/* Attempts before a reader takes the lock. */
enum { WR_SLOT_TRIES = 8 };

/*
 * The first half of reading: what the slot points to gets one reference more.
 * TAKEN: *out is a reference, to whatever has that block now: look again with
 * wr_slot_still(), and at all that led to the slot, before using it.
 * AGAIN: it was dead.
 *
 * Caller: attached; the slot is readable.  May hold locks.
 */
static inline enum wr_slot_seen
wr_slot_hold(weir_object *const *slot, weir_object **out)
{
    weir_object *o = wr_cfg_locked_objects ? wr_load_acquire(slot) : *slot;

    if (o == NULL) {
        return WR_SLOT_EMPTY;
    }
    if (!wr_cfg_locked_objects) {
        weir_incref(o);
    } else if (wr_unlikely(!wr_ref_try_get(o))) {
        /* Adding acquires what the maker of the block's present object knew:
         * if that is another one, that the slot has changed.
         * [pair:count-new/acq] */
        return WR_SLOT_AGAIN;
    }
    *out = o;
    return WR_SLOT_TAKEN;
}

/*
 * The second half: does the slot point there still?  If not, drop o with
 * weir_decref(), holding no lock: that may be the last reference to something
 * and run its finalizer.  [pair:slot/acq]
 */
static inline bool
wr_slot_still(weir_object *const *slot, const weir_object *o)
{
    return !wr_cfg_locked_objects || wr_likely(wr_load_acquire(slot) == o);
}

/*
 * Read a slot once.  TAKEN: *out is a new reference to the object that was in
 * the slot at some moment of the call.  AGAIN: nothing was taken, but a
 * finalizer may have run, so what the caller has read without a reference or
 * a lock is stale.
 *
 * Caller: attached, holds no lock, no mutex.
 */
static inline enum wr_slot_seen
wr_slot_try(weir_object *const *slot, weir_object **out)
{
    weir_object *o;
    enum wr_slot_seen seen = wr_slot_hold(slot, &o);

    if (wr_unlikely(seen != WR_SLOT_TAKEN)) {
        return seen;
    }
    if (wr_unlikely(!wr_slot_still(slot, o))) {
        weir_decref(o);
        return WR_SLOT_AGAIN;
    }
    /* [inv:slot.current] */
    WEIR_ASSERT(!wr_cfg_locked_objects || !wr_ref_is_dead(o));
    *out = o;
    return WR_SLOT_TAKEN;
}

/*
 * Read a slot that stays where it is as long as the caller holds its object.
 * True: *out is a new reference or NULL.  False: writers were faster each
 * time; look under the object's lock.  Caller: as wr_slot_try().
 */
static inline bool
wr_slot_read(weir_object *const *slot, weir_object **out)
{
    for (int i = 0; i < WR_SLOT_TRIES; i++) {
        enum wr_slot_seen seen = wr_slot_try(slot, out);

        if (wr_likely(seen == WR_SLOT_TAKEN)) {
            return true;
        }
        if (seen == WR_SLOT_EMPTY) {
            *out = NULL;
            return true;
        }
    }
    return false;
}

/*
 * Write a slot.  The reference passes to the slot; what stood there is the
 * caller's.  Release: who reads the value sees what it points to, and
 * whatever was stored before, such as the closing of a table.
 * [pair:slot/rel]  Caller: holds the lock of the slot's object.
 */
static inline void
wr_slot_store(weir_object **slot, weir_object *value)
{
    if (wr_cfg_locked_objects) {
        wr_store_release(slot, value);
    } else {
        *slot = value;
    }
}

/* The same; returns what stood there, to be dropped after unlocking. */
static inline WEIR_OWNED weir_object *
wr_slot_swap(weir_object **slot, weir_object *value)
{
    weir_object *old = *slot;

    wr_slot_store(slot, value);
    return old;
}

#endif
