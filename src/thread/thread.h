/* SPDX-License-Identifier: MIT */
/*
 * thread/thread.h - the record of a thread, and its three states.
 *
 *               self                        stopper
 *   DETACHED <---------> ATTACHED       DETACHED <---------> SUSPENDED
 *                         |    ^                              ^    |
 *                         |    +---- stopper, where owed -----|----+
 *                         +--------- self, at a safepoint ----+
 *
 * The one idea: only a stopper takes a thread out of SUSPENDED, so a stopper
 * that has seen every other thread SUSPENDED has the heap to itself
 * [inv:stop.alone].
 *
 * Records are appended to one list and stay there until wr_threads_stop(): a
 * stopper walks the list without a lock.  A record whose thread has exited is
 * given, with its id and its heap, to the next new thread [inv:thread.unit].
 *
 * Read first: docs/protocols.md, "Thread states".
 */
#ifndef WR_THREAD_THREAD_H
#define WR_THREAD_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/park.h"
#include "base/pending.h"
#include "base/sync.h"

#include <weir/object.h>
#include <weir/thread.h>

struct wr_heap;
struct wr_account;
struct wr_lock_counts;

enum { WR_DETACHED = 0, WR_ATTACHED = 1, WR_SUSPENDED = 2 };

enum { WR_THREAD_ID_MAX = 0xfffe };

/* What a thread needs while it waits for the global lock.  thread/lock.h. */
struct wr_lock_node { /* SHARED */
    /* [atomic: waiter reads acquire, granter writes release] WR_LOCK_TURN_* */
    uint32_t turn;

    /* [atomic: waiter reads acquire; under wr_lock.mutex written release] the
     * waiter should wait until deadline_ns only, then ask for the lock */
    uint32_t timed;

    /* [atomic: relaxed, published by timed] */
    uint64_t deadline_ns;

    /* [lock: wr_lock.mutex] */
    struct wr_thread *next;

    /* [lock: wr_lock.mutex] in the queue */
    bool queued;

    /* boost: what its waiters and holders are charged.  thread/boost.h. */

    /* [lock: wr_lock.mutex] counted among those back from blocking */
    bool boosted;

    /* [lock: wr_lock.mutex] offers taken back since it queued up */
    uint8_t revoked;

    /* [atomic: exchanged relaxed by the owner and by who offers it the lock] it
     * is counted among those that spin; who finds 1 takes it off */
    uint32_t spins;

    /* [owner] spins in vain lately, and how many to leave out */
    uint8_t vain;
    uint8_t skip;

    /* [lock: wr_lock.mutex] ns held boosted and not paid back by being away */
    uint64_t debt_ns;

    /* [lock: wr_lock.mutex] when it was last charged */
    uint64_t seen_ns;

    /* [lock: wr_lock.mutex] what is left of its quantum */
    uint64_t rest_ns;
};

/* What a stop needs to know of a thread.  thread/safepoint.h. */
struct wr_stop_node { /* SHARED */
    /* [lock: wr_world.lock] the stopper waits for this thread */
    bool counted;

    /* [lock: wr_world.lock] when it was last waited for: how long, in ns */
    uint64_t arrival_ns;

    /* [lock: wr_world.lock] the longest of those */
    uint64_t arrival_max_ns;

    /* [lock: wr_world.lock] it sleeps, and is ATTACHED when the stop ends */
    bool owed;

    /* [owner] the stop whose end it sleeps for: wr_world.epoch then */
    uint64_t parked_epoch;

    /* [lock: wr_world.lock] */
    struct wr_thread *parked_next;

    /* [owner] where its program called the checkpoint that it stops at */
    const void *place;

    /* [owner] whom to wake when woken; written by the resumer, published by
     * wr_world.epoch */
    struct wr_thread *wake_next;

    /* [atomic: owner reads acquire; last stopper writes release] */
    uint32_t turn;

    /* [lock: wr_world.lock] next thread that wants to stop the world */
    struct wr_thread *turn_next;
};

struct wr_thread { /* SHARED */
    /* [inner] must be first: inlined code reads it through weir_self_ */
    struct weir_thread_pub pub;

    /* [atomic: owner exchanges and CAS; stopper CAS from DETACHED, stores
     * over SUSPENDED under wr_world.lock] WR_DETACHED, ... */
    uint32_t state;

    /* [const] 1 to WR_THREAD_ID_MAX; outlives the thread with the record */
    uint16_t id;

    /* [lock: wr_world.lock] a living thread owns the record */
    bool used;

    /* [inner] where this thread sleeps for the lock, a stop, its turn */
    struct wr_parker parker;

    /* [const] from publication on; the list is append-only */
    struct wr_thread *next;

    /* [lock: wr_world.lock] */
    struct wr_thread *spare_next;

    /* [stat] the kernel's number of its thread, the last one it had */
    uint32_t tid;

    /* [const] what to pass to wr_mem_free() */
    void *block;

    /* [inner] their fields say how */
    struct wr_stop_node stop;
    struct wr_lock_node lock;

    /* From here on another cache line: the owner's. */

    /* [atomic: owner reads plainly; leaves and comes back to 0 under
     * wr_world.lock, or to 0 by a store with release; wr_threads_close()
     * reads acquire] unmatched weir_attach() calls; not 0: inside */
    _Alignas(64) uint32_t nest;

    /* [owner] the last error code of a call that returned a pointer */
    int error;

    /* [owner] bit n: a blocking section is open at nesting level n */
    uint64_t blocking;

    /* [owner] [stw] NULL until the first attach is over */
    struct wr_heap *heap;

    /* [owner] objects waiting to be torn down; object/dealloc.c */
    void *dying;

    /* [owner] */
    unsigned finalizer_depth;

    /* [owner] */
    bool dealloc_active;

    /* [stat] acquisitions of the global lock that found it free */
    uint64_t lock_fast;

    /* [gil] when the lock was granted, and lock_fast at that time: if that
     * has moved on, the time is not that of the present hold */
    uint64_t hold_since_ns;
    uint64_t hold_mark;

    /* [const] NULL where there is no global lock; inside: [gil] */
    struct wr_lock_counts *lock_counts;

    /* [const] NULL unless accounts are kept.  thread/account.h. */
    struct wr_account *account;
};

_Static_assert(offsetof(struct wr_thread, pub) == 0, "weir_self_ is a record");

/* The record that weir_self_ of a detached thread points to. */
extern struct wr_thread wr_thread_none;

/* The calling thread's record.  Caller: attached. */
static inline struct wr_thread *
wr_self(void)
{
    struct wr_thread *self = (struct wr_thread *)(void *)weir_self_;

    WEIR_ASSERT(self != &wr_thread_none);
    return self;
}

struct wr_thread_config {
    /* lock policy by name; NULL: the default */
    const char *policy;
    /* switch interval in microseconds; 0: the default */
    uint64_t interval_us;
    /* parallel flavours: one thread at a time all the same */
    bool gil_on;
    /* a thread that takes longer to its safepoint counts as late; 0: 1 s */
    uint64_t late_ns;
    /* and is named on stderr */
    bool late_named;
    /* WEIR_ACCOUNT_*, and the events kept per thread; 0: the default */
    int account;
    uint32_t account_events;
};

/*
 * Make attaching possible, for the caller only.  The heap runs; no thread is
 * registered yet, the caller included.  Returns 0, WEIR_EINVAL for an unknown
 * policy or interval, WEIR_ENOMEM.
 */
int wr_threads_start(const struct wr_thread_config *config);

/* All is up: let the others attach.  Caller: who called wr_threads_start(). */
void wr_threads_open(void);

/*
 * Get ready to stop: no other thread is attached, in a blocking section, or
 * waiting to be attached, and from now on none can attach.
 *
 * Caller: attached.  Returns 0, or WEIR_EBUSY and nothing has changed.
 */
int wr_threads_close(void);

/*
 * From now on no thread can come in; those that are inside stay, and the
 * records stay too.  Any thread, holding no mutex.
 */
void wr_threads_shut(void);

/*
 * Detach the caller if it is attached, end the reclaimer, forget all threads
 * and abandon their heaps.  Caller: after wr_threads_close(), or when no other
 * thread was ever attached.
 */
void wr_threads_stop(void);

/*
 * The thread of a record is gone: the record, with its id, heap and state, is
 * for the next thread.  What the thread was just tearing down is lost.
 * Caller: holds wr_world.lock; the thread is detached.
 */
void wr_thread_retire_locked(struct wr_thread *t);

/* Registered threads, those whose thread has exited not counted. */
unsigned wr_threads_count(void);

/*
 * Detach and attach without touching weir_self_: around a wait inside the
 * runtime.  Both leave and enter the read section of thread/reclaim.h, so
 * what was read without a reference must be read again.
 * Caller: the owner; holding no mutex.
 */
void wr_thread_detach_fast(struct wr_thread *self);
void wr_thread_attach_fast(struct wr_thread *self);

#endif
