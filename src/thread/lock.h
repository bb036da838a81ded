/* SPDX-License-Identifier: MIT */
/*
 * thread/lock.h - the global lock: one fast path, several policies.
 *
 * The one idea: the lock is one word, the holder's record or 0, with the bit
 * CONT set while somebody waits or a slow step is under way.  Without CONT,
 * taking and giving are one compare-and-swap each and no policy is asked; with
 * it both go to the policy, under the lock's mutex.  So policies differ only
 * where threads really meet, and no waiter is overlooked [inv:lock.cont].
 *
 * A waiter asks the holder to let go through its pending word (DROP); the
 * holder sees that at a checkpoint and calls wr_lock_yield().  DROP is set
 * only under the mutex and only on the holder, who clears it under the mutex
 * before the lock changes hands [inv:lock.drop].
 *
 * Read first: docs/protocols.md, "The global lock".
 */
#ifndef WR_THREAD_LOCK_H
#define WR_THREAD_LOCK_H

#include "base/histogram.h"
#include "base/mutex.h"
#include "thread/thread.h"

#define WR_LOCK_CONT ((uintptr_t)1)
#define WR_LOCK_DEFAULT_POLICY "boost"
#define WR_LOCK_DEFAULT_INTERVAL_US UINT64_C(5000)
#define WR_LOCK_MAX_INTERVAL_US UINT64_C(1000000000)

/* Values of wr_lock_node.turn; a policy may add its own from USER on. */
enum {
    WR_LOCK_TURN_NONE = 0,
    WR_LOCK_TURN_WAIT = 1,
    WR_LOCK_TURN_GRANTED = 2,
    WR_LOCK_TURN_USER = 3,
};

/* Why a thread takes the lock: policies may treat the two differently. */
enum wr_lock_why {
    WR_LOCK_FIRST,  /* it attaches */
    WR_LOCK_RETURN, /* it comes back from a blocking section or a wait */
};

/*
 * A policy.  Every function is called with the caller's fast path failed:
 * - acquire: returns when self holds the lock.
 * - release: self holds the lock and CONT is set; gives it up.
 * - yield: self holds the lock and has seen DROP; lets somebody else have it
 *   if anybody waits, and returns when self holds it again.  (barging: gives
 *   them a moment to take it.)
 * A policy keeps CONT set exactly while somebody waits, clears DROP of a
 * holder that lets go, and sleeps on wr_thread.parker only.
 */
struct wr_lock_policy {
    const char *name;
    const char *summary;
    /* Returns 0 or a negative error; NULL: nothing to do.  Likewise stop. */
    int (*start)(void);
    void (*stop)(void);
    /* Forget what is kept beside struct wr_lock: nobody waits.  Called at each
     * start, and in the child of a fork, where self holds the lock. */
    void (*reset)(void);
    void (*acquire)(struct wr_thread *self, enum wr_lock_why why);
    void (*release)(struct wr_thread *self);
    void (*yield)(struct wr_thread *self);
};

struct wr_lock { /* SHARED */
    /* [atomic: CAS acq_rel by anyone; under mutex stored release] holder | CONT
     */
    _Alignas(64) uintptr_t word;

    /* [inner] WR_RANK_GIL; the slow paths */
    _Alignas(64) struct wr_mutex mutex;

    /* [const] */
    bool on;

    /* [const] */
    const struct wr_lock_policy *policy;

    /* [gil] the holder declines to yield: it has stopped the world */
    unsigned noyield;

    /* [lock: mutex] threads between claiming the lock in vain and having it */
    unsigned waiting;

    /* [lock: mutex] the sleeping ones, first come first */
    struct wr_thread *head;
    struct wr_thread *tail;

    /* [lock: mutex] who had the lock last, as far as waiters saw */
    struct wr_thread *last_holder;

    /* [lock: mutex] how often the lock passed to another thread than that */
    uint64_t switches;

    /* [lock: mutex] cpython: waits until somebody else has had the lock */
    struct wr_thread *forced;

    /* [lock: mutex] */
    uint64_t drop_requests;
    uint64_t forced_switches;

    /* [atomic: relaxed] */
    uint64_t interval_ns;
};

extern struct wr_lock wr_lock;

/* One thread's share; written while holding the lock only: [gil]. */
struct wr_lock_counts {
    uint64_t slow;
    uint64_t yields;
    /* ns a thread waited, when it had to */
    struct wr_histogram wait;
    /* ns it held the lock, where both ends are known: granted by another
     * thread, or taken again after a wait, and given to a waiter */
    struct wr_histogram hold;
};

struct wr_lock_stats {
    uint64_t acquisitions;
    uint64_t handoffs;
    uint64_t yields;
    uint64_t drop_requests;
    uint64_t forced_switches;
    struct wr_histogram wait;
    struct wr_histogram hold;
};

/* The policies, in a table that ends with NULL; the first is the default. */
const struct wr_lock_policy *const *wr_lock_policies(void);
const struct wr_lock_policy *wr_lock_find_policy(const char *name);

/*
 * Make one more policy known, for tests and examples; it takes the place of
 * the last one added.  NULL: none.  Caller: the runtime does not run.
 */
void wr_lock_add_policy(const struct wr_lock_policy *policy);

/*
 * Set the lock up, free.  Returns 0 or WEIR_EINVAL (policy, interval).
 * Caller: no other thread knows the runtime.
 */
int wr_lock_start(const struct wr_thread_config *config);
void wr_lock_stop(void);

/*
 * Add up all threads' figures.  They are exact for the lock's holder.
 * Caller: attached.
 */
void wr_lock_get_stats(struct wr_lock_stats *out);

/* True when one thread runs at a time.  Constant while the runtime runs. */
static inline bool
wr_lock_on(void)
{
    return !wr_cfg_parallel || wr_lock.on;
}

void wr_lock_acquire_slow(struct wr_thread *self, enum wr_lock_why why);
void wr_lock_release_slow(struct wr_thread *self);

/* Take the lock.  Caller: does not hold it; the lock is on. */
static inline void
wr_lock_acquire(struct wr_thread *self, enum wr_lock_why why)
{
    uintptr_t word = 0;

    /* [pair:lock/acq] */
    if (wr_unlikely(!wr_cas_acq_rel(&wr_lock.word, &word, (uintptr_t)self))) {
        wr_lock_acquire_slow(self, why);
        return;
    }
    wr_store_relaxed(&self->lock_fast, self->lock_fast + 1);
}

/* Give it up.  Caller: holds it. */
static inline void
wr_lock_release(struct wr_thread *self)
{
    uintptr_t word = (uintptr_t)self;

    /* [pair:lock/rel] */
    if (wr_unlikely(!wr_cas_acq_rel(&wr_lock.word, &word, (uintptr_t)0))) {
        wr_lock_release_slow(self);
    }
}

/*
 * DROP was seen at a checkpoint: let somebody else have the lock, come back
 * with it.  Does nothing while the holder has stopped the world; DROP stays.
 * Caller: attached.
 */
void wr_lock_yield(struct wr_thread *self);

static inline struct wr_thread *
wr_lock_holder_of(uintptr_t word)
{
    return (struct wr_thread *)(word & ~WR_LOCK_CONT);
}

/* Around a fork, on both sides: take and give back wr_lock.mutex. */
void wr_lock_fork_lock(void);
void wr_lock_fork_unlock(void);

/* True when self holds the lock; for asserts. */
static inline bool
wr_lock_held(const struct wr_thread *self)
{
    return wr_lock_holder_of(wr_load_relaxed(&wr_lock.word)) == self;
}

#endif
