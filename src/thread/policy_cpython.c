/* SPDX-License-Identifier: MIT */
/*
 * thread/policy_cpython.c - the lock as CPython 3.2 to 3.14 has it.
 *
 * The one idea: whoever wants the lock sleeps for the switch interval; if the
 * lock did not change hands in that time it asks the holder to drop it.  The
 * holder frees the lock and wakes one waiter, but anyone may take a free lock.
 * A holder that was asked then waits until somebody else has had the lock
 * (forced switching), or it would take it again before the waiter is awake.
 *
 * Its weakness, kept on purpose: a thread back from blocking waits a whole
 * interval next to a CPU-bound one (the convoy), and with several waiters the
 * order is a matter of luck.
 *
 * CPython's condition variables are the queue and the parkers here; the rest
 * follows take_gil() and drop_gil() step by step, written anew.
 */
#include "thread/lock_queue.h"

/*
 * Sleep until the holder lets go, or for one interval; then ask for the lock
 * unless it has changed hands.  Called and returns with the mutex held.
 */
static void
wait_locked(struct wr_thread *self)
{
    uint64_t interval = wr_load_relaxed(&wr_lock.interval_ns);
    uint64_t seen = wr_lock.switches;
    bool woken;

    wr_lock_push_locked(self);
    wr_mutex_unlock(&wr_lock.mutex);
    woken = wr_park_until(&self->parker, wr_clock_ns() + interval);
    wr_mutex_lock(&wr_lock.mutex);
    if (self->lock.queued) {
        wr_lock_remove_locked(self);
    }
    if (!woken && wr_lock.switches == seen) {
        wr_lock_ask_locked(self);
    }
}

static void
cpython_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    struct wr_thread *holder;
    struct wr_thread *forced;

    (void)why;
    wr_mutex_lock(&wr_lock.mutex);
    wr_lock_wait_begins_locked(self);
    /* Ends when the lock is free at a moment this thread is awake: drop
     * requests and forced switching see to it. */
    while ((holder = wr_lock_claim_locked(self, wr_lock.waiting > 1)) != NULL) {
        if (wr_lock.waiting == 1) {
            /* Nobody watched who took the lock until now. */
            wr_lock.last_holder = holder;
        }
        wait_locked(self);
    }
    wr_lock_wait_ends_locked(self);
    wr_lock_note_holder_locked(self);
    forced = wr_lock.forced;
    if (forced != NULL) {
        wr_lock.forced = NULL;
        wr_store_release(&forced->lock.turn, (uint32_t)WR_LOCK_TURN_NONE);
    }
    wr_mutex_unlock(&wr_lock.mutex);
    if (forced != NULL) {
        wr_unpark(&forced->parker);
    }
}

static void
cpython_release(struct wr_thread *self)
{
    struct wr_thread *first;
    bool forced;

    wr_mutex_lock(&wr_lock.mutex);
    forced = wr_lock_unask_locked(self) && wr_lock.waiting != 0;
    wr_lock.last_holder = self;
    if (forced) {
        WEIR_ASSERT(wr_lock.forced == NULL);
        wr_lock.forced = self;
        wr_lock.forced_switches++;
        wr_store_relaxed(&self->lock.turn, (uint32_t)WR_LOCK_TURN_WAIT);
    }
    wr_lock_pass_locked(NULL, wr_lock.waiting != 0);
    first = wr_lock_pop_locked();
    wr_mutex_unlock(&wr_lock.mutex);
    if (first != NULL) {
        wr_unpark(&first->parker);
    }
    /* Ends: somebody waits, and a waiter takes a free lock. */
    while (forced && wr_load_acquire(&self->lock.turn) == WR_LOCK_TURN_WAIT) {
        wr_park(&self->parker);
    }
}

static void
cpython_yield(struct wr_thread *self)
{
    cpython_release(self);
    cpython_acquire(self, WR_LOCK_FIRST);
}

const struct wr_lock_policy wr_lock_policy_cpython = {
    .name = "cpython",
    .summary = "timed drop request, forced switch, any waiter may win",
    .acquire = cpython_acquire,
    .release = cpython_release,
    .yield = cpython_yield,
};
