/* SPDX-License-Identifier: MIT */
/*
 * thread/policy_boost.c - no convoy: who comes back from blocking goes first.
 *
 * The one idea: as in fifo the lock is handed to a waiter and never free while
 * somebody waits; but there are two lines.  A thread back from blocking stands
 * in the first and asks a computing holder at once, at the price of one
 * switch.  boost.h keeps it from living on that: who overdraws its account
 * stands in the second line, where each holder has its quantum.
 *
 * A handoff is an *offer*: until the thread it was made to has woken and
 * accepted it, a boosted thread that is awake may take it back and run in
 * that time [inv:boost.one-taker].
 *
 *             ask, quantum over, release:                 self:
 *              holder, mutex held                          CAS
 *   WAITING --------------------------------> OFFERED -----------> RUNNING
 *      ^                                         |
 *      +-----------------------------------------+
 *        newcomer, mutex held: CAS, 8 times at most
 *
 * Read first: thread/boost.h, docs/protocols-lock.md.
 */
#include "thread/boost.h"

#include "base/plant.h"
#include "thread/lock_queue.h"

#include <sched.h>

enum {
    TURN_OFFERED = WR_LOCK_TURN_USER,
    MAX_REVOKED = 8,
    LOOKS = 32,
    MAX_VAIN = 5,
};

/* How long to look for an offer before sleeping: a holder that was asked comes
 * to a checkpoint soon; a boosted thread blocks again soon. */
#define SPIN_ASKED_NS UINT64_C(5000)
#define SPIN_ROBBED_NS UINT64_C(50000)

/* Who has asked asks again: an answer may have been given to somebody else. */
#define AGAIN_NS UINT64_C(200000)

static struct wr_boost boost; /* SHARED */

/* [lock: wr_lock.mutex] wr_lock.last_holder before the last offer */
static struct wr_thread *before_offer;

/* [atomic: relaxed] waiters that look for their offer and have none */
static uint32_t spinners;

/* [const] while the runtime runs: how many may */
static uint32_t max_spinners;

static int
boost_start(void)
{
    cpu_set_t allowed;

    max_spinners = 0;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        max_spinners = (uint32_t)CPU_COUNT(&allowed) - 1;
    }
    return 0;
}

static void
boost_reset(void)
{
    boost = (struct wr_boost){0};
    before_offer = NULL;
    wr_store_relaxed(&spinners, 0u);
}

/* t stands in line: the caller, or a thread whose offer it takes back. */
static void
enqueue_locked(struct wr_thread *self, struct wr_thread *t, bool front)
{
    struct wr_boost_line *line =
        t->lock.boosted ? &boost.boosted : &boost.plain;

    wr_boost_push(line, t, front);
    if (t == self) {
        wr_lock_wait_begins_locked(self);
    } else {
        wr_lock.waiting++;
        wr_account_note(self, WEIR_EVENT_QUEUE, wr_lock.waiting);
    }
    /* It is awake, or about to be, and will set its own. */
    wr_store_relaxed(&t->lock.deadline_ns, (uint64_t)0);
}

/*
 * Ask for the lock if it is time.  Returns when to look again.  Of the plain
 * ones only the first watches the clock.
 */
static uint64_t
police_locked(struct wr_thread *self, uint64_t now)
{
    struct wr_thread *holder =
        wr_lock_holder_of(wr_load_relaxed(&wr_lock.word));
    uint64_t due = UINT64_MAX;

    WEIR_ASSERT(self->lock.queued);
    if (self->lock.boosted || boost.plain.head == self) {
        due = wr_boost_due(&boost, self->lock.boosted, holder);
    }
    if (due <= now) {
        uint64_t again = wr_boost_bucket();

        wr_lock_ask_locked(self);
        due = now + (again > AGAIN_NS ? again : AGAIN_NS);
    }
    wr_store_relaxed(&self->lock.deadline_ns, due);
    return due;
}

/* Spin no longer, as far as the count goes. */
static void
count_out(struct wr_thread *t)
{
    if (wr_exchange_relaxed(&t->lock.spins, 0u) != 0) {
        (void)wr_fetch_sub_relaxed(&spinners, 1u);
    }
}

/*
 * Offer the lock to a thread out of its line.  Returns the first plain one if
 * it has to be woken: its clock runs too late for the new holder, or not.
 */
static struct wr_thread *
offer_locked(struct wr_thread *self, struct wr_thread *next, uint64_t now)
{
    struct wr_thread *first = boost.plain.head;

    wr_lock_wait_ends_locked(self);
    before_offer = wr_lock.last_holder;
    wr_lock_note_holder_locked(next);
    wr_boost_begin(&boost, next, now);
    wr_lock_pass_locked(next, wr_lock.waiting != 0);
    if (first != NULL &&
        wr_load_relaxed(&first->lock.deadline_ns) <=
            wr_boost_due(&boost, false, next) + wr_boost_bucket()) {
        first = NULL;
    }
    /* It has seen enough: self may want to look in its place. */
    count_out(next);
    /* From here on *next may run.  [pair:turn/rel] */
    wr_store_release(&next->lock.turn, (uint32_t)TURN_OFFERED);
    return first;
}

/* True if the holder has not accepted it, and now cannot any more. */
static bool
take_back(struct wr_thread *holder)
{
    uint32_t turn = TURN_OFFERED;

    if (wr_plant(offer_torn)) {
        wr_store_release(&holder->lock.turn, (uint32_t)WR_LOCK_TURN_WAIT);
        return true;
    }
    return wr_cas_acq_rel(&holder->lock.turn, &turn,
                          (uint32_t)WR_LOCK_TURN_WAIT);
}

/*
 * Take back an offer that the thread has not accepted yet: it waits again,
 * first in its line, and self has the lock [inv:boost.one-taker].
 */
static bool
revoke_locked(struct wr_thread *self, struct wr_thread *holder, uint64_t now)
{
    if (!self->lock.boosted || boost.shut ||
        holder->lock.revoked == MAX_REVOKED || !take_back(holder)) {
        return false;
    }
    holder->lock.revoked++;
    /* [inv:lock.drop] it never was the holder */
    (void)wr_lock_unask_locked(holder);
    if (holder->account != NULL) {
        wr_account_revoked_locked(holder, before_offer);
    }
    if (wr_lock.last_holder != before_offer) {
        wr_lock.last_holder = before_offer;
        wr_lock.switches--;
    }
    enqueue_locked(self, holder, true);
    wr_boost_take_over(&boost, self, now);
    wr_lock_pass_locked(self, true);
    return true;
}

/* Take the lock if it was offered to self.  [pair:turn/acq] */
static bool
accept(struct wr_thread *self)
{
    uint32_t turn = TURN_OFFERED;

    return wr_load_relaxed(&self->lock.turn) == TURN_OFFERED &&
           wr_cas_acq_rel(&self->lock.turn, &turn, (uint32_t)WR_LOCK_TURN_NONE);
}

static bool
look_for_offer(struct wr_thread *self, uint64_t ns)
{
    uint64_t end = wr_clock_ns() + ns;

    do {
        for (int i = 0; i < LOOKS; i++) {
            if (accept(self)) {
                return true;
            }
            wr_cpu_relax();
        }
    } while (wr_clock_ns() < end);
    return false;
}

/*
 * Wait awake, a little: at most one thread less than there are processors, and
 * the less often the more it was in vain.  True if self has the lock.
 */
static bool
spin(struct wr_thread *self, uint64_t ns)
{
    struct wr_lock_node *node = &self->lock;
    bool got = false;

    if (ns == 0) {
        return false;
    }
    if (node->skip != 0) {
        node->skip--;
        return false;
    }
    wr_store_relaxed(&node->spins, 1u);
    if (wr_fetch_add_relaxed(&spinners, 1u) < max_spinners) {
        got = look_for_offer(self, ns);
        if (got) {
            node->vain = 0;
        } else if (node->vain < MAX_VAIN) {
            node->vain++;
        }
        node->skip = (uint8_t)((1u << node->vain) - 1);
    }
    count_out(self);
    return got;
}

static void
wait_for_offer(struct wr_thread *self, uint64_t deadline, uint64_t spin_ns)
{
    if (spin(self, spin_ns)) {
        return;
    }
    /* Ends: docs/protocols-lock.md bounds the holds before this thread's. */
    while (!accept(self)) {
        (void)wr_park_until(&self->parker, deadline);
        if (accept(self)) {
            return;
        }
        wr_mutex_lock(&wr_lock.mutex);
        deadline = 0;
        if (self->lock.queued) {
            deadline = police_locked(self, wr_clock_ns());
        }
        wr_mutex_unlock(&wr_lock.mutex);
    }
}

static void
boost_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *holder;
    uint64_t deadline;
    bool asked;

    wr_mutex_lock(&wr_lock.mutex);
    holder = wr_lock_claim_locked(self, wr_lock.waiting != 0);
    wr_boost_classify(self, why == WR_LOCK_RETURN, now);
    self->lock.revoked = 0;
    if (holder != NULL && wr_lock.waiting == 0) {
        wr_lock.last_holder = holder;
        wr_boost_meet(&boost, holder, now);
    }
    if (holder == NULL) {
        wr_boost_begin(&boost, self, now);
    }
    if (holder == NULL || revoke_locked(self, holder, now)) {
        wr_lock_note_holder_locked(self);
        wr_mutex_unlock(&wr_lock.mutex);
        return;
    }
    wr_store_relaxed(&self->lock.turn, (uint32_t)WR_LOCK_TURN_WAIT);
    enqueue_locked(self, self, false);
    /* Now: when the mutex is free, others may write what is asked here. */
    asked = self->lock.boosted && wr_boost_due(&boost, true, holder) <= now;
    deadline = police_locked(self, now);
    wr_mutex_unlock(&wr_lock.mutex);
    wait_for_offer(self, deadline, asked ? SPIN_ASKED_NS : 0);
}

static void
wake(struct wr_thread *next, struct wr_thread *first)
{
    if (next != NULL) {
        wr_unpark(&next->parker);
    }
    if (first != NULL) {
        wr_unpark(&first->parker);
    }
}

static void
boost_release(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *next;
    struct wr_thread *first = NULL;

    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    wr_boost_charge(&boost, self, false, now);
    next = wr_boost_pick(&boost);
    if (next != NULL) {
        first = offer_locked(self, next, now);
    } else {
        WEIR_ASSERT(wr_lock.waiting == 0);
        wr_lock_pass_locked(NULL, false);
    }
    wr_mutex_unlock(&wr_lock.mutex);
    wake(next, first);
}

/*
 * Where a holder that yields to next stands: at the end of its line, a boosted
 * one that has overdrawn its account of the other line.  But a plain one that
 * was robbed of the rest of its quantum stands before its like, and has the
 * rest later.  Returns true then.
 */
static bool
step_back_locked(struct wr_thread *self, const struct wr_thread *next)
{
    bool robbed = false;

    if (self->lock.boosted) {
        self->lock.boosted = wr_boost_left(self) != 0;
        self->lock.rest_ns = wr_boost_quantum();
        enqueue_locked(self, self, false);
        return false;
    }
    robbed = next->lock.boosted && self->lock.rest_ns != 0;
    if (!robbed) {
        self->lock.rest_ns = wr_boost_quantum();
    }
    enqueue_locked(self, self, robbed);
    return robbed;
}

static void
boost_yield(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();
    struct wr_thread *next;
    struct wr_thread *first;
    uint64_t deadline;
    bool robbed;

    wr_mutex_lock(&wr_lock.mutex);
    (void)wr_lock_unask_locked(self);
    wr_boost_charge(&boost, self, true, now);
    next = wr_boost_pick(&boost);
    if (next == NULL) {
        wr_mutex_unlock(&wr_lock.mutex);
        return;
    }
    wr_store_relaxed(&self->lock.turn, (uint32_t)WR_LOCK_TURN_WAIT);
    self->lock.revoked = 0;
    robbed = step_back_locked(self, next);
    first = offer_locked(self, next, now);
    deadline = police_locked(self, now);
    wr_mutex_unlock(&wr_lock.mutex);
    wake(next, first);
    wait_for_offer(self, deadline, robbed ? SPIN_ROBBED_NS : 0);
}

const struct wr_lock_policy wr_lock_policy_boost = {
    .name = "boost",
    .summary = "two lines, offers that can be taken back, budgets",
    .start = boost_start,
    .reset = boost_reset,
    .acquire = boost_acquire,
    .release = boost_release,
    .yield = boost_yield,
};
