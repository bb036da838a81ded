/* SPDX-License-Identifier: MIT */
/*
 * thread/policy_fifo.c - first come, first served, handed over directly.
 *
 * The one idea: the lock is never free while somebody waits; the holder makes
 * the first waiter the holder and wakes it.  Nobody can overtake, and a
 * waiter at position p waits for p holds of one switch interval at most.
 *
 * Only the head of the queue runs a timer (its predecessor's tenure); the
 * others sleep until they are first.  With a timer each, N waiters cost N
 * wake-ups per interval for nothing.
 */
#include "thread/lock_queue.h"

/* Self is first: it asks for the lock when the holder's interval is over. */
static void
arm_locked(struct wr_thread *first, uint64_t now)
{
    wr_store_relaxed(&first->lock.deadline_ns,
                     now + wr_load_relaxed(&wr_lock.interval_ns));
    wr_store_release(&first->lock.timed, 1u);
}

/* Queue up.  Caller holds the mutex. */
static void
enqueue_locked(struct wr_thread *self)
{
    wr_lock_push_locked(self);
    wr_lock_wait_begins_locked(self);
    wr_store_relaxed(&self->lock.turn, (uint32_t)WR_LOCK_TURN_WAIT);
    wr_store_relaxed(&self->lock.timed, 0u);
}

/*
 * Make the first waiter the holder.  Returns the new first one, which has to
 * be woken to run its timer, or NULL.
 */
static struct wr_thread *
grant_locked(struct wr_thread *self, struct wr_thread *next, uint64_t now)
{
    struct wr_thread *first = wr_lock.head;

    wr_lock_wait_ends_locked(self);
    wr_lock_note_holder_locked(next);
    wr_lock_pass_locked(next, first != NULL);
    if (first != NULL) {
        arm_locked(first, now);
    }
    /* From here on *next runs.  [pair:turn/rel] */
    wr_store_release(&next->lock.turn, (uint32_t)WR_LOCK_TURN_GRANTED);
    return first;
}

/* The timer is over: ask, once, unless the lock came in the same moment. */
static void
ask(struct wr_thread *self)
{
    wr_mutex_lock(&wr_lock.mutex);
    if (wr_load_relaxed(&self->lock.turn) == WR_LOCK_TURN_WAIT) {
        wr_lock_ask_locked(self);
    }
    wr_store_relaxed(&self->lock.timed, 0u);
    wr_mutex_unlock(&wr_lock.mutex);
}

static void
wait_for_turn(struct wr_thread *self)
{
    /* Ends when all before this thread have had the lock.
     * [pair:turn/acq] */
    while (wr_load_acquire(&self->lock.turn) != WR_LOCK_TURN_GRANTED) {
        if (wr_load_acquire(&self->lock.timed) == 0) {
            wr_park(&self->parker);
        } else if (!wr_park_until(&self->parker,
                                  wr_load_relaxed(&self->lock.deadline_ns))) {
            ask(self);
        }
    }
    wr_store_relaxed(&self->lock.turn, (uint32_t)WR_LOCK_TURN_NONE);
}

static void
fifo_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *holder;

    (void)why;
    wr_mutex_lock(&wr_lock.mutex);
    holder = wr_lock_claim_locked(self, wr_lock.waiting != 0);
    if (holder == NULL) {
        /* It was given up on the fast path: nobody waits. */
        WEIR_ASSERT(wr_lock.waiting == 0);
        wr_lock_note_holder_locked(self);
        wr_mutex_unlock(&wr_lock.mutex);
        return;
    }
    if (wr_lock.waiting == 0) {
        wr_lock.last_holder = holder;
    }
    enqueue_locked(self);
    if (wr_lock.head == self) {
        arm_locked(self, now);
    }
    wr_mutex_unlock(&wr_lock.mutex);
    wait_for_turn(self);
}

static void
fifo_release(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *next;
    struct wr_thread *first = NULL;

    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    next = wr_lock_pop_locked();
    if (next != NULL) {
        first = grant_locked(self, next, now);
    } else {
        wr_lock_pass_locked(NULL, false);
    }
    wr_mutex_unlock(&wr_lock.mutex);
    if (next != NULL) {
        wr_unpark(&next->parker);
    }
    if (first != NULL) {
        wr_unpark(&first->parker);
    }
}

static void
fifo_yield(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *next;
    struct wr_thread *first;

    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    next = wr_lock_pop_locked();
    if (next == NULL) {
        wr_mutex_unlock(&wr_lock.mutex);
        return;
    }
    enqueue_locked(self);
    first = grant_locked(self, next, now);
    wr_mutex_unlock(&wr_lock.mutex);
    wr_unpark(&next->parker);
    if (first != self) {
        wr_unpark(&first->parker);
    }
    wait_for_turn(self);
}

const struct wr_lock_policy wr_lock_policy_fifo = {
    .name = "fifo",
    .summary = "queue, direct handoff, one timer",
    .acquire = fifo_acquire,
    .release = fifo_release,
    .yield = fifo_yield,
};
