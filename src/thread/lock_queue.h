/* SPDX-License-Identifier: MIT */
/*
 * thread/lock_queue.h - what the lock's policies share.
 *
 * Everything here is called under wr_lock.mutex; names end in _locked.
 */
#ifndef WR_THREAD_LOCK_QUEUE_H
#define WR_THREAD_LOCK_QUEUE_H

#include "base/clock.h"
#include "base/probe.h"
#include "thread/account.h"
#include "thread/lock.h"

/*
 * Take the lock if nobody holds it.  others: threads besides self wait.
 *
 * Returns NULL when self has the lock, with CONT set if others.  Else the
 * holder, with CONT set: from here on it can only let go under the mutex.
 */
static inline struct wr_thread *
wr_lock_claim_locked(struct wr_thread *self, bool others)
{
    uintptr_t word = wr_load_relaxed(&wr_lock.word);

    /* Ends: only the fast paths race with this, and once CONT is set, or the
     * word is claimed, they fail. */
    for (;;) {
        struct wr_thread *holder = wr_lock_holder_of(word);
        uintptr_t want = (uintptr_t)self | (others ? WR_LOCK_CONT : 0);

        WEIR_ASSERT(holder != self);
        if (holder != NULL) {
            want = word | WR_LOCK_CONT;
        }
        /* [pair:lock/acq] */
        if (wr_cas_acq_rel(&wr_lock.word, &word, want)) {
            return holder;
        }
    }
}

/* Let go of the lock, or pass it to next (NULL: nobody). [pair:lock/rel] */
static inline void
wr_lock_pass_locked(struct wr_thread *next, bool others)
{
    wr_store_release(&wr_lock.word,
                     (uintptr_t)next | (others ? WR_LOCK_CONT : 0));
}

/* Self waits, from now on, and no longer; the policies count by these. */
static inline void
wr_lock_wait_begins_locked(struct wr_thread *self)
{
    wr_lock.waiting++;
    if (self->account != NULL) {
        wr_account_queued_locked(self, wr_lock.waiting);
    }
}

/* A waiter is out of it; self, the caller, sees to that. */
static inline void
wr_lock_wait_ends_locked(struct wr_thread *self)
{
    wr_lock.waiting--;
    wr_account_note(self, WEIR_EVENT_QUEUE, wr_lock.waiting);
}

/* Ask the holder for the lock, on self's behalf [inv:lock.drop]. */
static inline void
wr_lock_ask_locked(struct wr_thread *self)
{
    struct wr_thread *holder =
        wr_lock_holder_of(wr_load_relaxed(&wr_lock.word));

    if (holder != NULL &&
        (wr_pending_set(&holder->pub.pending, WR_PENDING_DROP) &
         WR_PENDING_DROP) == 0) {
        wr_lock.drop_requests++;
        if (self->account != NULL) {
            wr_store_relaxed(&self->account->drop_requests,
                             self->account->drop_requests + 1);
        }
    }
}

/* Take back what was asked of self; true if it was. */
static inline bool
wr_lock_unask_locked(struct wr_thread *self)
{
    return (wr_load_relaxed(&self->pub.pending) & WR_PENDING_DROP) != 0 &&
           (wr_pending_clear(&self->pub.pending, WR_PENDING_DROP) &
            WR_PENDING_DROP) != 0;
}

static inline void
wr_lock_push_locked(struct wr_thread *self)
{
    WEIR_ASSERT(!self->lock.queued);
    self->lock.queued = true;
    self->lock.next = NULL;
    if (wr_lock.head == NULL) {
        wr_lock.head = self;
    } else {
        wr_lock.tail->lock.next = self;
    }
    wr_lock.tail = self;
}

/* Take the first waiter out of the queue; NULL if there is none. */
static inline struct wr_thread *
wr_lock_pop_locked(void)
{
    struct wr_thread *first = wr_lock.head;

    if (first != NULL) {
        wr_lock.head = first->lock.next;
        first->lock.queued = false;
    }
    return first;
}

/* Take self out of the queue, wherever it stands. */
static inline void
wr_lock_remove_locked(struct wr_thread *self)
{
    struct wr_thread *before = NULL;
    struct wr_thread *at = wr_lock.head;

    while (at != self) {
        before = at;
        at = at->lock.next;
    }
    if (before == NULL) {
        wr_lock.head = self->lock.next;
    } else {
        before->lock.next = self->lock.next;
    }
    if (wr_lock.tail == self) {
        wr_lock.tail = before;
    }
    self->lock.queued = false;
}

/* Self, not the one who had it last, has the lock now. */
static inline void
wr_lock_note_holder_locked(struct wr_thread *self)
{
    if (self->account != NULL) {
        wr_account_granted_locked(self, wr_lock.last_holder);
    }
    if (wr_lock.last_holder != self) {
        WR_PROBE2(lock_handoff,
                  wr_lock.last_holder != NULL ? wr_lock.last_holder->id : 0,
                  self->id);
        wr_lock.last_holder = self;
        wr_lock.switches++;
    }
}

#endif
