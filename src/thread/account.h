/* SPDX-License-Identifier: MIT */
/*
 * thread/account.h - what a thread did with its time, written by itself.
 *
 * The one idea: a thread knows when it changes between running, waiting,
 * stopped and blocked, because it passes this file each time; it adds the time
 * since the last change to the state it leaves.  Nobody else writes its
 * account but for what is decided under the lock's mutex, so counting shares
 * no cache line.  Off, wr_thread.account is NULL and each change costs a load
 * and a branch.
 *
 * An account is read while its owner runs: its words are [stat], one by one
 * right and a little old.  Events are appended, never overwritten, so what is
 * published stays [inv:account.events].
 *
 * Read first: weir/account.h, docs/observe.md.
 */
#ifndef WR_THREAD_ACCOUNT_H
#define WR_THREAD_ACCOUNT_H

#include "base/clock.h"
#include "base/histogram.h"
#include "thread/thread.h"

#include <weir/account.h>

#include <sys/types.h>
#include <time.h>

enum {
    /* Records whose handoffs are told apart. */
    WR_ACCOUNT_PEERS = 256,
    WR_ACCOUNT_EVENTS = 1 << 16,
    WR_ACCOUNT_STOPS = 1024,
};

struct wr_account { /* SHARED */
    /* [stat] WEIR_STATE_*, and since when */
    uint32_t state;
    uint64_t since_ns;

    /* [stat] */
    uint64_t state_ns[WEIR_STATES];

    /* [stat] acquisitions that found the lock free, and the others; the
     * thread's own counters go on when the record changes hands */
    uint64_t uncontended;
    uint64_t slow;

    /* [stat] */
    uint64_t yields;
    uint64_t releases;
    uint64_t drop_requests;

    /* [lock: wr_lock.mutex] */
    uint64_t handoffs;
    uint64_t reacquired;
    uint64_t from[WR_ACCOUNT_PEERS];

    /* [gil] the record that had the lock before; 0: unknown, or itself */
    uint16_t granted_by;

    /* [owner] since when it has the lock */
    uint64_t held_since_ns;

    /* [inner] one writer, the owner */
    struct wr_histogram wait;
    struct wr_histogram hold;
    struct wr_histogram queue;
    struct wr_histogram arrival;

    /* [stat] the thread's clock and number, for the kernel */
    clockid_t cpu_clock;
    pid_t tid;

    /* [stat] what they said at the first attach, and at the thread's end */
    uint64_t cpu_begin_ns;
    uint64_t ready_begin_ns;
    uint64_t cpu_end_ns;
    uint64_t ready_end_ns;

    /* [const] room for events; NULL: none are kept */
    weir_event *events;
    uint32_t room;

    /* [atomic: owner writes release; readers acquire] how many there are */
    uint32_t used;

    /* [stat] events that found no room */
    uint64_t lost;
};

/*
 * Set the level, WEIR_ACCOUNT_*, and the events per thread (0: the default).
 * Returns 0, WEIR_EINVAL, WEIR_ENOMEM.  Caller: no other thread knows the
 * runtime.
 */
int wr_account_start(int level, uint32_t events);
void wr_account_stop(void);

/* True while accounts are kept.  Constant while the runtime runs. */
bool wr_account_on(void);

/* True while events are kept as well. */
bool wr_account_has_events(void);

/* Room for events of a new account, 0: none are kept.  Constant likewise. */
uint32_t wr_account_room(void);

/* An account for a new record; NULL without memory.  Any thread. */
struct wr_account *wr_account_new(uint32_t events);
void wr_account_free(struct wr_account *account);

/* The record has a new thread, the caller, which is about to attach. */
void wr_account_begin(struct wr_thread *self);

/* Its thread, the caller, gives the record back; detached.  Caller: holds
 * wr_world.lock. */
void wr_account_end(struct wr_thread *self);

/* In the child of a fork: self is the only thread, and all begins anew. */
void wr_account_fork_child(struct wr_thread *self);

/* Self changes to a state.  Caller: the owner; account is not NULL. */
void wr_account_change(struct wr_thread *self, uint32_t state, uint64_t now);

/* Keep an event.  Caller: the owner; account is not NULL. */
void wr_account_event(struct wr_thread *self, uint32_t kind, uint64_t value,
                      uint64_t now);

/* The same where there may be no account, or no events. */
static inline void
wr_account_note(struct wr_thread *self, uint32_t kind, uint64_t value)
{
    if (self->account != NULL && self->account->events != NULL) {
        wr_account_event(self, kind, value, wr_clock_ns());
    }
}

static inline void
wr_account_to(struct wr_thread *self, uint32_t state)
{
    if (wr_unlikely(self->account != NULL)) {
        wr_account_change(self, state, wr_clock_ns());
    }
}

/* Processor time, and time ready to run, that t's thread has had since its
 * first attach.  Caller: holds wr_world.lock. */
uint64_t wr_account_cpu_ns_locked(const struct wr_thread *t);
uint64_t wr_account_ready_ns_locked(const struct wr_thread *t);

/* ---- the lock ------------------------------------------------------------ */

/* It runs, with the lock where there is one; it is about to block.  Called by
 * thread/state.h. */
void wr_account_attached(struct wr_thread *self);
void wr_account_detaching(struct wr_thread *self);

/* Around a wait, from a yield or not. */
void wr_account_wait_begin(struct wr_thread *self, bool yields, uint64_t now);
void wr_account_wait_end(struct wr_thread *self, uint64_t begin, uint64_t now);

/* Under wr_lock.mutex: `to` is about to have the lock after `from` (NULL:
 * nobody); and that did not come to pass after all. */
void wr_account_granted_locked(struct wr_thread *to,
                               const struct wr_thread *from);
void wr_account_revoked_locked(struct wr_thread *to,
                               const struct wr_thread *from);

/* Under wr_lock.mutex: self is one of so many waiters, from now on. */
void wr_account_queued_locked(struct wr_thread *self, unsigned waiting);

/* ---- the stop ------------------------------------------------------------ */

/* All under wr_world.lock: a stop was asked for; a thread stands; the world
 * was let go, which returns the stop's number; its stopper goes on.  Nothing
 * when off. */
void wr_account_stop_begin_locked(const struct wr_thread *stopper,
                                  uint32_t asked, uint64_t now);
void wr_account_arrival_locked(struct wr_thread *self, uint64_t ns);
uint64_t wr_account_stop_end_locked(uint64_t stopped, uint64_t now);
void wr_account_resumed_locked(uint64_t stop, uint64_t ns);

/* The records kept, the oldest first; returns how many stops there were.
 * Caller: holds wr_world.lock. */
uint64_t wr_account_stops_locked(weir_stop_record *out, size_t room);

#endif
