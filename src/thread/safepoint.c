/* SPDX-License-Identifier: MIT */
/*
 * thread/safepoint.c - stopping the world.
 *
 * The one idea: marking happens under one mutex, and so does every slow step
 * of the threads marked, so each thread is counted once [inv:stop.once] and
 * the last one that arrives finds the countdown at zero.
 *
 * Resuming wakes one thread; each that wakes wakes the next.  Waking all of
 * them from here would let them pre-empt the stopper one by one.
 *
 * Read first: thread/state.h, docs/protocols.md "Stopping the world".
 */
#include "thread/safepoint.h"

#include "base/clock.h"
#include "base/plant.h"
#include "base/probe.h"
#include "thread/account.h"
#include "thread/late.h"
#include "thread/state.h"

#include <string.h>
#include <unistd.h>

/* How often the stopper looks before it sleeps: about two microseconds. */
enum { SPINS = 160 };

struct wr_world wr_world = {
    .lock = WR_MUTEX_INIT(WR_RANK_THREADS),
    .closed = true,
};

bool
wr_world_stopped(void)
{
    return wr_load_relaxed(&wr_world.active) != 0;
}

bool
wr_world_stopped_by(const struct wr_thread *self)
{
    bool own;

    if (!wr_world_stopped()) {
        return false;
    }
    if (wr_lock_on()) {
        return wr_lock_held(self);
    }
    wr_mutex_lock(&wr_world.lock);
    own = wr_world_stopped() && wr_world.stopper == self;
    wr_mutex_unlock(&wr_world.lock);
    return own;
}

/*
 * A counted thread has stopped.  Returns whom to wake: the stopper if this
 * was the last one, else NULL.
 */
static struct wr_thread *
arrive_locked(struct wr_thread *self)
{
    struct wr_stop_node *stop = &self->stop;

    WEIR_ASSERT(stop->counted);
    stop->counted = false;
    stop->arrival_ns = wr_clock_ns() - wr_world.asked_ns;
    if (stop->arrival_ns > stop->arrival_max_ns) {
        stop->arrival_max_ns = stop->arrival_ns;
    }
    wr_histogram_record(&wr_world.stats.arrival, stop->arrival_ns);
    wr_account_arrival_locked(self, stop->arrival_ns);
    /* Everything this thread wrote is the stopper's now. [pair:stop/rel] */
    return wr_fetch_sub_acq_rel(&wr_world.countdown, 1u) == 1 ? wr_world.stopper
                                                              : NULL;
}

static void
wake(struct wr_thread *thread)
{
    if (thread != NULL) {
        wr_unpark(&thread->parker);
    }
}

/*
 * STOP was seen just after detaching: if the stopper saw this thread attached
 * it waits for it, and nobody else will tell it.
 */
void
wr_safepoint_detached_slow(struct wr_thread *self)
{
    struct wr_thread *stopper = NULL;

    wr_mutex_lock(&wr_world.lock);
    if (self->stop.counted) {
        WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_DETACHED);
        wr_store_release(&self->state, (uint32_t)WR_SUSPENDED);
        self->stop.place = NULL;
        stopper = arrive_locked(self);
    }
    wr_mutex_unlock(&wr_world.lock);
    wake(stopper);
}

/*
 * Join the list of those that wait for the end of the stop.  overtaken: it has
 * slept through one stop and found itself in the next when it woke; this time
 * it is let in before the next stopper [inv:stop.overtaken-once].
 */
static void
queue_parked_locked(struct wr_thread *self, bool overtaken)
{
    self->stop.owed = overtaken;
    self->stop.parked_next = NULL;
    self->stop.wake_next = NULL;
    self->stop.parked_epoch = wr_load_relaxed(&wr_world.epoch);
    if (wr_world.parked_head == NULL) {
        wr_world.parked_head = self;
    } else {
        wr_world.parked_tail->stop.parked_next = self;
    }
    wr_world.parked_tail = self;
}

/*
 * Sleep until the stop is over, then wake the next sleeper.  Not until the
 * state changes: the next stopper may have changed it back by then, and this
 * thread is in nobody's list any more.
 */
static void
sleep_parked(struct wr_thread *self)
{
    /* Ends with the stop.  [pair:resume/acq] */
    while (wr_load_acquire(&wr_world.epoch) == self->stop.parked_epoch) {
        wr_park(&self->parker);
    }
    wake(self->stop.wake_next);
}

/* From DETACHED to ATTACHED.  False: the world is being stopped. */
static bool
try_attach(struct wr_thread *self)
{
    uint32_t state = WR_DETACHED;

    return wr_cas_acq_rel(&self->state, &state, (uint32_t)WR_ATTACHED);
}

/*
 * Become ATTACHED; self is DETACHED or SUSPENDED.  A thread that is woken may
 * find the next stop under way; it sleeps again, but only once more.
 */
static void
attach(struct wr_thread *self, bool overtaken)
{
    if (wr_plant(attach_through)) {
        wr_store_release(&self->state, (uint32_t)WR_ATTACHED);
        return;
    }
    /* Ends: when the thread has slept twice it is ATTACHED. */
    while (!try_attach(self)) {
        bool suspended;

        wr_mutex_lock(&wr_world.lock);
        suspended = wr_load_acquire(&self->state) == WR_SUSPENDED;
        if (suspended) {
            queue_parked_locked(self, overtaken);
        }
        wr_mutex_unlock(&wr_world.lock);
        if (!suspended) {
            continue;
        }
        sleep_parked(self);
        if (overtaken) {
            /* [inv:stop.overtaken-once] */
            WEIR_ASSERT(wr_load_acquire(&self->state) == WR_ATTACHED);
            return;
        }
        overtaken = true;
    }
}

void
wr_safepoint_attach_slow(struct wr_thread *self)
{
    attach(self, false);
}

void
wr_safepoint_park(struct wr_thread *self)
{
    struct wr_thread *stopper;

    WEIR_ASSERT(!wr_mutex_any_held());
    WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_ATTACHED);
    wr_reclaim_leave();
    wr_mutex_lock(&wr_world.lock);
    if (!self->stop.counted) {
        /* The stop was over before this thread came. */
        wr_mutex_unlock(&wr_world.lock);
        wr_reclaim_enter();
        return;
    }
    wr_store_release(&self->state, (uint32_t)WR_SUSPENDED);
    stopper = arrive_locked(self);
    queue_parked_locked(self, false);
    wr_mutex_unlock(&wr_world.lock);
    wr_account_to(self, WEIR_STATE_STOPPED);
    wake(stopper);
    sleep_parked(self);
    attach(self, true);
    wr_account_to(self, WEIR_STATE_RUNNING);
    wr_reclaim_enter();
}

/* Become the stopper; wait, detached, for those that were first. */
static void
take_turn(struct wr_thread *self)
{
    wr_mutex_lock(&wr_world.lock);
    WEIR_ASSERT(wr_world.stopper != self);
    if (wr_world.stopper == NULL || wr_plant(stop_unturned)) {
        wr_world.stopper = self;
        wr_mutex_unlock(&wr_world.lock);
        return;
    }
    wr_store_relaxed(&self->stop.turn, 0u);
    self->stop.turn_next = NULL;
    if (wr_world.turn_head == NULL) {
        wr_world.turn_head = self;
    } else {
        wr_world.turn_tail->stop.turn_next = self;
    }
    wr_world.turn_tail = self;
    wr_mutex_unlock(&wr_world.lock);
    wr_state_detach(self);
    wr_account_to(self, WEIR_STATE_STOPPED);
    /* Ends when those before this thread have started the world again. */
    while (wr_load_acquire(&self->stop.turn) == 0) {
        wr_park(&self->parker);
    }
    wr_state_attach(self, WR_LOCK_RETURN);
}

/* Pass the right to stop to the next in turn; returns it, or NULL. */
static struct wr_thread *
pass_turn_locked(void)
{
    struct wr_thread *next = wr_world.turn_head;

    wr_world.stopper = next;
    if (next != NULL) {
        wr_world.turn_head = next->stop.turn_next;
        wr_store_release(&next->stop.turn, 1u);
    }
    return next;
}

/* Ask one thread to stop.  Returns true if it has to be waited for. */
static bool
mark_locked(struct wr_thread *t)
{
    (void)wr_pending_set(&t->pub.pending, WR_PENDING_STOP);
    for (;;) {
        /* seq_cst because of the third variable, t->pub.pending. */
        uint32_t state = wr_load_seq_cst(&t->state);

        if (state == WR_ATTACHED) {
            t->stop.counted = true;
            return true;
        }
        WEIR_ASSERT(state == WR_DETACHED);
        /* Its writes from before it detached are ours. [pair:state/acq] */
        if (wr_cas_seq_cst(&t->state, &state, (uint32_t)WR_SUSPENDED)) {
            return false;
        }
        /* It has just attached: look again, it is ATTACHED now or gone. */
    }
}

/* Time is up: name the threads still on their way.  None of them can end, or
 * arrive, before this is over. */
static void
note_late(uint64_t asked)
{
    wr_mutex_lock(&wr_world.lock);
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t->stop.counted) {
            wr_world.stats.late++;
            wr_world.stats.late_id = t->id;
            if (wr_world.late_named) {
                (void)wr_late_name(t, wr_clock_ns() - asked, STDERR_FILENO);
            }
        }
    }
    wr_mutex_unlock(&wr_world.lock);
}

static void
wait_for_countdown(struct wr_thread *self, uint64_t asked)
{
    bool patient = true;

    for (int i = 0; i < SPINS; i++) {
        if (wr_load_acquire(&wr_world.countdown) == 0) {
            return;
        }
        wr_cpu_relax();
    }
    /* Ends when the last counted thread comes to a checkpoint or detaches;
     * how soon is up to it.  [pair:stop/acq] */
    while (wr_load_acquire(&wr_world.countdown) != 0) {
        if (!patient) {
            wr_park(&self->parker);
        } else if (!wr_park_until(&self->parker, asked + wr_world.late_ns)) {
            patient = false;
            note_late(asked);
        }
    }
}

void
wr_stop_world(struct wr_thread *self)
{
    uint32_t counted = 0;
    uint64_t asked;

    WEIR_ASSERT(!wr_mutex_any_held());
    WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_ATTACHED);
    wr_account_note(self, WEIR_EVENT_STOP_BEGIN, 0);
    WR_PROBE1(stop_begin, self->id);
    if (wr_lock_on()) {
        WEIR_ASSERT(wr_lock_held(self));
        WEIR_ASSERT(wr_lock.noyield == 0);
        wr_lock.noyield++;
        wr_store_relaxed(&wr_world.active, 1u);
        wr_world.stopped_ns = wr_clock_ns();
        wr_account_note(self, WEIR_EVENT_STOP_WORLD, 0);
        return;
    }
    take_turn(self);
    wr_account_to(self, WEIR_STATE_STOPPED);
    asked = wr_clock_ns();
    wr_mutex_lock(&wr_world.lock);
    wr_world.asked_ns = asked;
    wr_store_relaxed(&wr_world.active, 1u);
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t != self && mark_locked(t)) {
            counted++;
        }
    }
    wr_store_release(&wr_world.countdown, counted);
    wr_account_stop_begin_locked(self, counted, asked);
    wr_mutex_unlock(&wr_world.lock);
    if (!wr_plant(stop_hasty)) {
        wait_for_countdown(self, asked);
    }
    wr_world.stopped_ns = wr_clock_ns();
    if (self->account != NULL) {
        wr_account_event(self, WEIR_EVENT_STOP_WORLD, 0, wr_world.stopped_ns);
        wr_account_change(self, WEIR_STATE_RUNNING, wr_world.stopped_ns);
    }
}

/* Undo the marks and hand the list of sleepers over.  Returns its head. */
static struct wr_thread *
release_all_locked(struct wr_thread *self)
{
    struct wr_thread *first = wr_world.parked_head;

    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t == self) {
            continue;
        }
        WEIR_ASSERT(!t->stop.counted);
        WEIR_ASSERT(wr_load_relaxed(&t->state) == WR_SUSPENDED);
        (void)wr_pending_clear(&t->pub.pending, WR_PENDING_STOP);
        /* What was done while it slept is visible to it.
         * [pair:state/rel] */
        wr_store_release(&t->state,
                         (uint32_t)(t->stop.owed ? WR_ATTACHED : WR_DETACHED));
        t->stop.owed = false;
    }
    for (struct wr_thread *t = first; t != NULL; t = t->stop.parked_next) {
        t->stop.wake_next = t->stop.parked_next;
    }
    wr_world.parked_head = NULL;
    wr_store_relaxed(&wr_world.active, 0u);
    /*
     * Now all of them may run, by this one store: if they were let go one
     * after the other, the first could wake the second too early, and nobody
     * would wake that one again.  [pair:resume/rel]
     */
    wr_store_release(&wr_world.epoch, wr_load_relaxed(&wr_world.epoch) + 1);
    return first;
}

/* A stop is over: the figures. */
static void
note_stop_locked(uint64_t stopped, uint64_t work_end)
{
    wr_world.stats.stops++;
    wr_histogram_record(&wr_world.stats.work, work_end - stopped);
}

void
wr_start_world(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();
    uint64_t stopped = wr_world.stopped_ns;
    uint64_t asked;
    uint64_t number;
    struct wr_thread *first;
    struct wr_thread *next;

    WEIR_ASSERT(wr_world_stopped());
    if (wr_plant(stop_hasty)) {
        wait_for_countdown(self, wr_world.asked_ns);
    }
    wr_mutex_lock(&wr_world.lock);
    note_stop_locked(stopped, now);
    WR_PROBE2(stop_end, self->id, now - stopped);
    if (wr_lock_on()) {
        WEIR_ASSERT(wr_lock_held(self));
        wr_store_relaxed(&wr_world.active, 0u);
        wr_mutex_unlock(&wr_world.lock);
        wr_account_note(self, WEIR_EVENT_STOP_END, 0);
        wr_lock.noyield--;
        return;
    }
    WEIR_ASSERT(wr_world.stopper == self);
    asked = wr_world.asked_ns;
    wr_histogram_record(&wr_world.stats.to_safepoint, stopped - asked);
    number = wr_account_stop_end_locked(stopped, now);
    first = release_all_locked(self);
    next = pass_turn_locked();
    wr_mutex_unlock(&wr_world.lock);
    wake(first);
    wake(next);
    now = wr_clock_ns() - now;
    wr_mutex_lock(&wr_world.lock);
    wr_histogram_record(&wr_world.stats.resume, now);
    wr_account_resumed_locked(number, now);
    wr_mutex_unlock(&wr_world.lock);
    wr_account_note(self, WEIR_EVENT_STOP_END, 0);
}

void
wr_threads_foreach_stw(void (*visit)(struct wr_thread *thread, void *ctx),
                       void *ctx)
{
    /* A thread may be registering.  [pair:threads/acq] */
    for (struct wr_thread *t = wr_load_acquire(&wr_world.threads); t != NULL;
         t = t->next) {
        visit(t, ctx);
    }
}

void
wr_threads_ask(uint32_t bits)
{
    wr_mutex_lock(&wr_world.lock);
    wr_world.inherited |= bits;
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        (void)wr_pending_set(&t->pub.pending, bits);
    }
    wr_mutex_unlock(&wr_world.lock);
}

void
wr_threads_unask(uint32_t bits)
{
    wr_mutex_lock(&wr_world.lock);
    wr_world.inherited &= ~bits;
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        (void)wr_pending_clear(&t->pub.pending, bits);
    }
    wr_mutex_unlock(&wr_world.lock);
}

void
wr_stop_get_stats(struct wr_stop_stats *out)
{
    wr_mutex_lock(&wr_world.lock);
    memcpy(out, &wr_world.stats, sizeof(*out));
    wr_mutex_unlock(&wr_world.lock);
}

void
wr_threads_fork_lock(void)
{
    wr_mutex_fork_lock(&wr_world.lock);
}

void
wr_threads_fork_unlock(void)
{
    wr_mutex_fork_unlock(&wr_world.lock);
}
