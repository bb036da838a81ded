/* SPDX-License-Identifier: MIT */
/*
 * thread/objlock.h - the one-byte lock in an object's header.
 *
 *            lock               lock (in vain)
 *   FREE ----------> HELD ------------------------> AWAITED
 *     ^                |                               |
 *     +---- unlock ----+----- unlock, and wake one ----+
 *
 * The one idea: a byte is enough, for the sleepers stand in base/lot.h.  A
 * thread that has to wait detaches first, so that a stop does not wait for
 * it; it tries again only when attached.
 *
 * Under an object lock nobody comes to a checkpoint, runs user code or stops
 * the world, and a stopper takes no object lock [inv:objlock.short].  So the
 * holder is always running or about to, and waiting is bounded by its work.
 *
 * Where objects need no lock the functions are empty.  Of two locks the one at
 * the lower address is taken first, and a thread never waits for the other
 * while it has that: it waits empty-handed [inv:objlock.order].  So at a stop
 * every object lock is free.
 */
#ifndef WR_THREAD_OBJLOCK_H
#define WR_THREAD_OBJLOCK_H

#include "base/plant.h"
#include "thread/thread.h"

enum {
    WR_OBJLOCK_FREE = 0,
    WR_OBJLOCK_HELD = 1,
    WR_OBJLOCK_AWAITED = 2,
};

void wr_objlock_lock_slow(struct wr_thread *self, uint8_t *byte);
void wr_objlock_lock2_slow(struct wr_thread *self, uint8_t *low, uint8_t *high);
void wr_objlock_unlock_slow(uint8_t *byte);

/*
 * Take the lock.  The thread may have been detached meanwhile: what it read
 * before without holding a reference is stale.
 * Caller: attached, not holding it; holding no mutex.
 */
static inline void
wr_objlock_lock(struct wr_thread *self, uint8_t *byte)
{
    uint8_t seen = WR_OBJLOCK_FREE;

    if (!wr_cfg_locked_objects) {
        return;
    }
    /* [pair:objlock/acq] */
    if (wr_unlikely(wr_plant(objlock_torn) ||
                    !wr_cas_acq_rel(byte, &seen, (uint8_t)WR_OBJLOCK_HELD))) {
        wr_objlock_lock_slow(self, byte);
    }
}

/*
 * Give it up.  The object may be gone when this returns: the next holder may
 * free it.  Caller: holds it.
 */
static inline void
wr_objlock_unlock(struct wr_thread *self, uint8_t *byte)
{
    (void)self;
    if (!wr_cfg_locked_objects) {
        return;
    }
    /* The last touch.  [pair:objlock/rel] */
    if (wr_unlikely(wr_exchange_acq_rel(byte, (uint8_t)WR_OBJLOCK_FREE) ==
                    WR_OBJLOCK_AWAITED)) {
        wr_objlock_unlock_slow(byte);
    }
}

/* Take both; the two may be the same. */
static inline void
wr_objlock_lock2(struct wr_thread *self, uint8_t *a, uint8_t *b)
{
    uint8_t *low = (uintptr_t)a < (uintptr_t)b ? a : b;
    uint8_t *high = low == a ? b : a;
    uint8_t seen = WR_OBJLOCK_FREE;

    if (!wr_cfg_locked_objects) {
        return;
    }
    if (wr_plant(lock_order)) {
        wr_objlock_lock(self, a);
        if (a != b) {
            wr_objlock_lock(self, b);
        }
        return;
    }
    wr_objlock_lock(self, low);
    if (low != high &&
        wr_unlikely(!wr_cas_acq_rel(high, &seen, (uint8_t)WR_OBJLOCK_HELD))) {
        wr_objlock_lock2_slow(self, low, high);
    }
}

static inline void
wr_objlock_unlock2(struct wr_thread *self, uint8_t *a, uint8_t *b)
{
    if (a != b) {
        wr_objlock_unlock(self, a);
    }
    wr_objlock_unlock(self, b);
}

/* Somebody holds it; for asserts. */
static inline bool
wr_objlock_is_held(const uint8_t *byte)
{
    return !wr_cfg_locked_objects ||
           wr_load_relaxed(byte) != (uint8_t)WR_OBJLOCK_FREE;
}

#endif
