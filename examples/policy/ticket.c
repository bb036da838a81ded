/* SPDX-License-Identifier: MIT */
/*
 * examples/policy/ticket.c - a lock policy of one's own: tickets.
 *
 * Whoever finds the lock taken draws a number and looks until it is called:
 * first come, first served, and nobody sleeps.  See docs/add-a-policy.md.
 */
#include "thread/lock_queue.h"

#include <sched.h>

static struct { /* SHARED */
    /* [lock: wr_lock.mutex] the last number drawn */
    uint32_t drawn;

    /* [atomic: mutex holder release; waiters acquire] the last called */
    uint32_t called;
} tickets;

static void
ticket_reset(void)
{
    tickets.drawn = 0;
    wr_store_relaxed(&tickets.called, 0u);
}

/* Look until this number is called; the next in line watches the clock. */
static void
wait_for(struct wr_thread *self, uint32_t number)
{
    uint64_t interval = wr_load_relaxed(&wr_lock.interval_ns);
    uint64_t deadline = wr_clock_ns() + interval;
    uint32_t called;

    /* Ends when all before this thread have had the lock. */
    while ((called = wr_load_acquire(&tickets.called)) != number) {
        if (number - called == 1 && wr_clock_ns() >= deadline) {
            wr_mutex_lock(&wr_lock.mutex);
            wr_lock_ask_locked(self);
            wr_mutex_unlock(&wr_lock.mutex);
            deadline += interval;
        }
        (void)sched_yield();
    }
}

static void
ticket_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    struct wr_thread *holder = NULL;
    uint32_t number;

    (void)why;
    wr_mutex_lock(&wr_lock.mutex);
    if (wr_lock.waiting == 0) {
        holder = wr_lock_claim_locked(self, false);
        wr_lock.last_holder = holder != NULL ? holder : wr_lock.last_holder;
    }
    if (wr_lock.waiting != 0 || holder != NULL) {
        wr_lock_wait_begins_locked(self);
        number = ++tickets.drawn;
        wr_mutex_unlock(&wr_lock.mutex);
        wait_for(self, number);
        wr_mutex_lock(&wr_lock.mutex);
        wr_lock_wait_ends_locked(self);
        holder = wr_lock_claim_locked(self, wr_lock.waiting != 0);
    }
    WEIR_ASSERT(holder == NULL);
    wr_lock_note_holder_locked(self);
    wr_mutex_unlock(&wr_lock.mutex);
}

static void
ticket_release(struct wr_thread *self)
{
    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    wr_lock_pass_locked(NULL, wr_lock.waiting != 0);
    if (wr_lock.waiting != 0) {
        wr_store_release(&tickets.called, wr_load_relaxed(&tickets.called) + 1);
    }
    wr_mutex_unlock(&wr_lock.mutex);
}

static void
ticket_yield(struct wr_thread *self)
{
    ticket_release(self);
    ticket_acquire(self, WR_LOCK_FIRST);
}

const struct wr_lock_policy wr_lock_policy_ticket = {
    .name = "ticket",
    .summary = "numbers are drawn and called, nobody sleeps",
    .reset = ticket_reset,
    .acquire = ticket_acquire,
    .release = ticket_release,
    .yield = ticket_yield,
};
