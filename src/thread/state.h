/* SPDX-License-Identifier: MIT */
/*
 * thread/state.h - attach and detach, the two hot transitions.
 *
 * With the global lock on, holding the lock is being attached and the state
 * word only tells what the thread does.  In parallel, the word itself is the
 * protocol: it meets the stopper's marking in a store-then-load pattern, the
 * owner writes its state and reads its pending word, the stopper writes the
 * pending word and reads the state, so at least one sees the other
 * [inv:stop.seen].
 *
 * For files in thread/ only.
 */
#ifndef WR_THREAD_STATE_H
#define WR_THREAD_STATE_H

#include "thread/account.h"
#include "thread/lock.h"
#include "thread/reclaim.h"
#include "thread/safepoint.h"

/* Detach a thread that has left its read section. */
static inline void
wr_state_detach_outside(struct wr_thread *self)
{
    WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_ATTACHED);
    if (wr_unlikely(self->account != NULL)) {
        wr_account_detaching(self);
    }
    if (wr_lock_on()) {
        wr_store_relaxed(&self->state, (uint32_t)WR_DETACHED);
        wr_lock_release(self);
        return;
    }
    /*
     * The stopper that reads DETACHED here also reads everything this thread
     * wrote.  seq_cst because of the third variable, pub.pending.
     * [pair:state/rel]
     */
    (void)wr_exchange_seq_cst(&self->state, (uint32_t)WR_DETACHED);
    if (wr_unlikely((wr_load_seq_cst(&self->pub.pending) & WR_PENDING_STOP) !=
                    0)) {
        wr_safepoint_detached_slow(self);
    }
}

static inline void
wr_state_detach(struct wr_thread *self)
{
    wr_reclaim_leave();
    wr_state_detach_outside(self);
}

static inline void
wr_state_attach(struct wr_thread *self, enum wr_lock_why why)
{
    uint32_t state = WR_DETACHED;

    if (wr_lock_on()) {
        wr_lock_acquire(self, why);
        wr_store_relaxed(&self->state, (uint32_t)WR_ATTACHED);
        if (wr_unlikely(self->account != NULL)) {
            wr_account_attached(self);
        }
        return;
    }
    /* Sees what a stopper wrote before it let this thread go.
     * [pair:state/acq] */
    if (wr_unlikely(
            !wr_cas_acq_rel(&self->state, &state, (uint32_t)WR_ATTACHED))) {
        wr_account_to(self, WEIR_STATE_STOPPED);
        wr_safepoint_attach_slow(self);
    }
    if (wr_unlikely(self->account != NULL)) {
        wr_account_attached(self);
    }
    wr_reclaim_enter();
}

#endif
