/* SPDX-License-Identifier: MIT */
/*
 * thread/reclaim.h - memory is reused once no thread can still look at it.
 *
 * The one idea: an attached thread stays inside one read section and pays
 * nothing per read.  Only while a grace period is wanted (RECLAIM pending)
 * does it leave and re-enter, at each checkpoint.  So what is unlinked now may
 * be freed as soon as every attached thread has come to a checkpoint or has
 * detached [inv:reclaim.grace].
 *
 * Nobody who is attached waits for a grace period: that is for the reclaimer,
 * a thread of its own, started when there is something to do.
 *
 * Where one thread runs at a time there are no unlocked readers: sections are
 * empty and deferred calls are made at once.
 *
 * Read first: docs/protocols.md, "Deferred reclamation".
 */
#ifndef WR_THREAD_RECLAIM_H
#define WR_THREAD_RECLAIM_H

#include "thread/thread.h"

/* Lives inside what is to be freed; readers must not need those bytes. */
struct wr_reclaim_node {
    struct wr_reclaim_node *next;
    void (*fn)(struct wr_reclaim_node *node);
};

/* [const] between start and stop: readers may run beside writers. */
extern bool wr_reclaim_on_;

static inline bool
wr_reclaim_on(void)
{
    return wr_cfg_parallel && wr_reclaim_on_;
}

/* Set up; no thread is made yet.  Cannot fail. */
void wr_reclaim_start(void);

/*
 * Wait for the last grace period, make the last calls, end the reclaimer.
 * Caller: not in a read section; no other thread runs attached.
 */
void wr_reclaim_stop(void);

/*
 * Call fn(node) after a grace period.  fn runs on the reclaimer, which is not
 * attached: it may give memory back with wr_mem_free() and the like, and
 * neither touch objects nor use a thread's heap.
 * Caller: attached.  Takes no lock and no memory.
 */
void wr_reclaim_defer(struct wr_reclaim_node *node,
                      void (*fn)(struct wr_reclaim_node *node));

/*
 * Tell the reclaimer that pools wait in limbo; heap/ calls it through
 * wr_limbo_wake.  Any thread, under any mutex.
 */
void wr_reclaim_wake(void);

/*
 * RECLAIM was seen at a checkpoint: be outside for a moment.
 * Caller: attached, in the middle of no unlocked read.
 */
void wr_reclaim_refresh(struct wr_thread *self);

/* Grace periods waited for since the start.  Any thread. */
uint64_t wr_reclaim_grace_periods(void);

void wr_reclaim_enter_(void);
void wr_reclaim_leave_(void);

/* Begin and end the read section; called by attach and detach. */
static inline void
wr_reclaim_enter(void)
{
    if (wr_reclaim_on()) {
        wr_reclaim_enter_();
    }
}

static inline void
wr_reclaim_leave(void)
{
    if (wr_reclaim_on()) {
        wr_reclaim_leave_();
    }
}

/* A thread exits in its section: leave, unless the library was faster. */
void wr_reclaim_leave_at_exit(void);

/*
 * Around a fork, on both sides: keep the reclaimer from the middle of its
 * work.
 */
void wr_reclaim_fork_lock(void);
void wr_reclaim_fork_unlock(void);

/*
 * Leave the read section and keep liburcu still, which waits for the grace
 * period that is under way; afterwards, on both sides, come back.  In the
 * child what the reclaimer had still to do is done.  Signals are blocked in
 * between.
 * Caller: has stopped the world, so that all others have left.
 */
void wr_reclaim_before_fork(void);
void wr_reclaim_after_fork(bool child);

#endif
