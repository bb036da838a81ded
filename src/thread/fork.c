/* SPDX-License-Identifier: MIT */
/*
 * thread/fork.c - the other threads are gone.
 *
 * The one idea: at a stop a record says everything about its thread that
 * matters to others, so in the child each becomes what the record of an exited
 * thread is, and the queues in which the threads stood are emptied as a whole.
 */
#include "thread/fork.h"

#include "thread/account.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <string.h>
#include <unistd.h>

/* What a record says of waiting and of what it is asked for. */
static void
reset_record(struct wr_thread *t)
{
    /* The reclaimer that asked is gone, and so is who wanted the lock. */
    (void)wr_pending_clear(&t->pub.pending,
                           WR_PENDING_DROP | WR_PENDING_RECLAIM);
    wr_parker_init(&t->parker);
    memset(&t->lock, 0, sizeof(t->lock));
    wr_store_relaxed(&t->lock_fast, (uint64_t)0);
    t->hold_since_ns = 0;
    t->hold_mark = 0;
    if (t->lock_counts != NULL) {
        memset(t->lock_counts, 0, sizeof(*t->lock_counts));
    }
    t->stop.owed = false;
    t->stop.arrival_ns = 0;
    t->stop.arrival_max_ns = 0;
}

/* The thread does not exist here: its record and heap are the next one's. */
static void
forget_thread_locked(struct wr_thread *t)
{
    /* [inv:stop.once] nobody is on the way to a stop that is complete */
    WEIR_ASSERT(!t->stop.counted);
    if (wr_lock_on()) {
        wr_store_relaxed(&t->state, (uint32_t)WR_DETACHED);
    }
    /* [inv:stop.alone] */
    WEIR_ASSERT(wr_load_relaxed(&t->state) ==
                (wr_lock_on() ? WR_DETACHED : WR_SUSPENDED));
    reset_record(t);
    wr_thread_retire_locked(t);
}

static void
reset_lock(struct wr_thread *self)
{
    wr_lock.head = NULL;
    wr_lock.tail = NULL;
    wr_lock.waiting = 0;
    wr_lock.forced = NULL;
    wr_lock.last_holder = self;
    wr_lock.switches = 0;
    wr_lock.drop_requests = 0;
    wr_lock.forced_switches = 0;
    if (wr_lock.policy->reset != NULL) {
        wr_lock.policy->reset();
    }
    if (wr_lock_on()) {
        /* Nobody waits: no CONT [inv:lock.cont]. */
        WEIR_ASSERT(wr_lock_held(self));
        wr_store_release(&wr_lock.word, (uintptr_t)self);
    }
}

void
wr_threads_fork_child(struct wr_thread *self)
{
    WEIR_ASSERT(wr_world_stopped());
    WEIR_ASSERT(wr_load_relaxed(&wr_world.countdown) == 0);
    wr_world.inherited &= ~(uint32_t)WR_PENDING_RECLAIM;
    wr_world.spare = NULL;
    wr_world.used = 1;
    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t == self) {
            reset_record(t);
            wr_store_relaxed(&t->tid, (uint32_t)gettid());
        } else {
            forget_thread_locked(t);
        }
    }
    wr_world.turn_head = NULL;
    wr_world.parked_head = NULL;
    memset(&wr_world.stats, 0, sizeof(wr_world.stats));
    reset_lock(self);
    wr_account_fork_child(self);
}
