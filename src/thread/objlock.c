/* SPDX-License-Identifier: MIT */
/*
 * thread/objlock.c - waiting for an object's lock.
 *
 * Drepper's third mutex on a byte, with base/lot.h for the futex: a thread
 * that has slept takes the lock as AWAITED, for it cannot know whether others
 * still sleep.  A woken thread competes with newcomers; nobody is handed the
 * lock, since whoever is woken may first have to wait for the end of a stop.
 */
#include "thread/objlock.h"

#include "base/lot.h"
#include "base/mutex.h"
#include "base/plant.h"

enum { SPINS = 32 };

/* Under the bucket's mutex: sleep only while somebody must wake us. */
static bool
still_awaited(void *ctx)
{
    const uint8_t *byte = ctx;

    return wr_load_relaxed(byte) == WR_OBJLOCK_AWAITED;
}

/* The planted lock: what was free may be held by now. */
static bool
take_planted(uint8_t *byte)
{
    if (wr_load_relaxed(byte) != WR_OBJLOCK_FREE) {
        return false;
    }
    wr_plant_pause();
    wr_store_release(byte, (uint8_t)WR_OBJLOCK_HELD);
    return true;
}

/* Take the lock while it is only held for a moment; true on success. */
static bool
spin(uint8_t *byte)
{
    for (int i = 0; i < SPINS; i++) {
        uint8_t seen = WR_OBJLOCK_FREE;

        if (wr_load_relaxed(byte) == WR_OBJLOCK_FREE &&
            wr_cas_acq_rel(byte, &seen, (uint8_t)WR_OBJLOCK_HELD)) {
            return true;
        }
        wr_cpu_relax();
    }
    return false;
}

void
wr_objlock_lock_slow(struct wr_thread *self, uint8_t *byte)
{
    WEIR_ASSERT(!wr_mutex_any_held());
    WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_ATTACHED);
    if (wr_plant(objlock_torn) && take_planted(byte)) {
        return;
    }
    if (spin(byte)) {
        return;
    }
    /* Ends: holders are short [inv:objlock.short] and wake a sleeper. */
    while (wr_exchange_acq_rel(byte, (uint8_t)WR_OBJLOCK_AWAITED) !=
           WR_OBJLOCK_FREE) {
        wr_thread_detach_fast(self);
        (void)wr_lot_park(byte, still_awaited, byte);
        wr_thread_attach_fast(self);
    }
}

/*
 * Holds the low one; the high one is taken.  Who waits detached must hold
 * nothing: the others would find the low one held across a stop, and the child
 * of a fork for ever.
 */
void
wr_objlock_lock2_slow(struct wr_thread *self, uint8_t *low, uint8_t *high)
{
    /* Ends: each turn, another thread has held the high one alone, or both,
     * and has finished its operation. */
    while (!spin(high)) {
        wr_objlock_unlock(self, low);
        wr_objlock_lock(self, high);
        wr_objlock_unlock(self, high);
        wr_objlock_lock(self, low);
    }
}

void
wr_objlock_unlock_slow(uint8_t *byte)
{
    if (wr_plant(objlock_deaf)) {
        return;
    }
    /* The byte may be gone: only its address is used. */
    (void)wr_lot_unpark_one(byte, NULL, NULL);
}
