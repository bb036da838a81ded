/* SPDX-License-Identifier: MIT */
/*
 * thread/policy_barging.c - a free lock goes to whoever is awake.
 *
 * The one idea: the holder frees the lock and wakes one waiter, and any thread
 * that runs takes it meanwhile, the old holder included.  That is how most
 * mutexes work: no handoff has to wait for a wake-up, so throughput is best;
 * nobody promises that a waiter is ever served.  It is here to be compared
 * with.
 *
 * While a woken waiter is still on its way no other is woken.  One that comes
 * too late asks the new holder at once and tries for a while without sleeping,
 * and a holder that was asked stands back for a moment.  Without that moment
 * the old holder would win nearly always, its cache having the word.
 */
#include "thread/lock_queue.h"

/* How often to look: some 2 microseconds for the old holder, 20 for a waiter,
 * where the other processor needs 5 to wake up. */
enum { STAND_BACK = 200, TRY_AWAKE = 2000 };

/* [lock: wr_lock.mutex] woken waiters that neither have the lock nor sleep */
static unsigned awake;

static void
barging_reset(void)
{
    awake = 0;
}

/* Look until nobody holds the lock, or somebody does; not for long. */
static void
watch(bool free, int times)
{
    for (int i = 0; i < times; i++) {
        uintptr_t word = wr_load_relaxed(&wr_lock.word);

        if ((wr_lock_holder_of(word) == NULL) == free) {
            return;
        }
        wr_cpu_relax();
    }
}

static bool
claim_locked(struct wr_thread *self)
{
    struct wr_thread *holder = wr_lock_claim_locked(self, wr_lock.waiting > 1);

    if (holder != NULL && wr_lock.waiting == 1) {
        /* Nobody watched who took the lock until now. */
        wr_lock.last_holder = holder;
    }
    return holder == NULL;
}

/* Sleep until woken, or for one interval; true if a holder woke this thread,
 * which is counted as awake then.  Called and returns with the mutex held. */
static bool
sleep_locked(struct wr_thread *self)
{
    uint64_t interval = wr_load_relaxed(&wr_lock.interval_ns);
    uint64_t seen = wr_lock.switches;
    bool in_time;

    wr_lock_push_locked(self);
    wr_mutex_unlock(&wr_lock.mutex);
    in_time = wr_park_until(&self->parker, wr_clock_ns() + interval);
    wr_mutex_lock(&wr_lock.mutex);
    if (!self->lock.queued) {
        return true;
    }
    wr_lock_remove_locked(self);
    if (!in_time && wr_lock.switches == seen) {
        wr_lock_ask_locked(self);
    }
    return false;
}

/* The lock was gone when this thread woke: ask, and stay awake for a while. */
static bool
try_awake_locked(struct wr_thread *self)
{
    wr_lock_ask_locked(self);
    wr_mutex_unlock(&wr_lock.mutex);
    watch(true, TRY_AWAKE);
    wr_mutex_lock(&wr_lock.mutex);
    return claim_locked(self);
}

static void
barging_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    bool done;

    (void)why;
    wr_mutex_lock(&wr_lock.mutex);
    wr_lock_wait_begins_locked(self);
    done = claim_locked(self);
    /* Ends when the lock is free at a moment this thread is awake.  Nobody
     * promises that; standing back makes it likely. */
    while (!done) {
        bool woken = sleep_locked(self);

        done = claim_locked(self) || (woken && try_awake_locked(self));
        awake -= woken ? 1 : 0;
    }
    wr_lock_wait_ends_locked(self);
    wr_lock_note_holder_locked(self);
    wr_mutex_unlock(&wr_lock.mutex);
}

/* Free the lock.  True: somebody waits for it. */
static bool
let_go(struct wr_thread *self)
{
    struct wr_thread *first = NULL;
    bool others;

    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    others = wr_lock.waiting != 0;
    wr_lock.last_holder = self;
    wr_lock_pass_locked(NULL, others);
    if (awake == 0) {
        first = wr_lock_pop_locked();
    }
    awake += first != NULL ? 1 : 0;
    wr_mutex_unlock(&wr_lock.mutex);
    if (first != NULL) {
        wr_unpark(&first->parker);
    }
    return others;
}

static void
barging_release(struct wr_thread *self)
{
    (void)let_go(self);
}

static void
barging_yield(struct wr_thread *self)
{
    if (let_go(self)) {
        watch(false, STAND_BACK);
    }
    barging_acquire(self, WR_LOCK_FIRST);
}

const struct wr_lock_policy wr_lock_policy_barging = {
    .name = "barging",
    .summary = "who is awake takes it, no order, no promise",
    .reset = barging_reset,
    .acquire = barging_acquire,
    .release = barging_release,
    .yield = barging_yield,
};
