/* SPDX-License-Identifier: MIT */
/*
 * thread/safepoint.h - stopping the world and starting it again.
 *
 * The one idea: the stopper asks each thread through its pending word, and
 * whoever is attached answers at its next checkpoint; whoever is detached is
 * locked out where it stands.  Nobody waits for a thread that is blocked
 * outside the runtime.
 *
 * Where the global lock is on, its holder has the world stopped already: it
 * only declines to yield.
 *
 * Read first: docs/protocols.md, "Stopping the world".
 */
#ifndef WR_THREAD_SAFEPOINT_H
#define WR_THREAD_SAFEPOINT_H

#include "base/histogram.h"
#include "base/mutex.h"
#include "thread/thread.h"

/* All times in nanoseconds. */
struct wr_stop_stats {
    /* from asking the first thread until the last one has stopped */
    struct wr_histogram to_safepoint;
    /* the same for each thread that had to be waited for */
    struct wr_histogram arrival;
    /* while the world was stopped */
    struct wr_histogram work;
    /* what letting the others go cost the stopper */
    struct wr_histogram resume;
    uint64_t stops;
    /* threads that came later than the deadline, and the id of the last */
    uint64_t late;
    uint16_t late_id;
};

/* Everything about the set of threads and who stops it. */
struct wr_world { /* SHARED */
    /* [inner] WR_RANK_THREADS; protects the marking of a stop as well */
    struct wr_mutex lock;

    /* [atomic: appended under lock, release; walked acquire] */
    struct wr_thread *threads;

    /* [lock: lock] records without a thread */
    struct wr_thread *spare;

    /* [lock: lock] */
    unsigned used;

    /* [lock: lock] records ever made; the next id is one more */
    unsigned records;

    /* [lock: lock] nobody may come in: it stops, or has not started yet */
    bool closed;

    /* [lock: lock] bits that a new record's pending word begins with */
    uint32_t inherited;

    /* [lock: lock] who stops the world or is about to */
    struct wr_thread *stopper;

    /* [lock: lock] who wants to after that, first come first */
    struct wr_thread *turn_head;
    struct wr_thread *turn_tail;

    /* [atomic: written under lock; asserts read relaxed] a stop is on, from
     * the marking of the first thread until the release of the last */
    uint32_t active;

    /* [atomic: written under lock, acq_rel; stopper reads acquire] counted
     * threads that have not stopped yet */
    uint32_t countdown;

    /* [atomic: written under lock, release; sleepers read acquire] stops that
     * are over */
    uint64_t epoch;

    /* [lock: lock] threads that wait for the end of the stop, first first */
    struct wr_thread *parked_head;
    struct wr_thread *parked_tail;

    /* [lock: lock] */
    uint64_t asked_ns;

    /* [stw] the stopper's: when the last thread had stopped */
    uint64_t stopped_ns;

    /* [const] */
    uint64_t late_ns;
    bool late_named;

    /* [lock: lock] */
    struct wr_stop_stats stats;
};

extern struct wr_world wr_world;

/*
 * Stop all other threads.  When another thread stops the world already, wait
 * for it, detached.  From its return until wr_start_world() no other thread
 * runs attached; it does not nest.  No object lock may be taken meanwhile.
 *
 * Caller: attached, stays attached; holds no mutex and no object lock.
 */
void wr_stop_world(struct wr_thread *self);

/* Let the others go.  Caller: the stopper. */
void wr_start_world(struct wr_thread *self);

/* True between the two; for asserts. */
bool wr_world_stopped(void);

/* True when it was self that stopped the world.  Caller: attached. */
bool wr_world_stopped_by(const struct wr_thread *self);

/*
 * Stop here if the world is being stopped: STOP was seen at a checkpoint.
 * Caller: attached, holds no mutex and no object lock.
 */
void wr_safepoint_park(struct wr_thread *self);

/*
 * Call visit for every record, exited threads' included (they own heaps).
 * Caller: the stopper, or the only thread there is.
 */
void wr_threads_foreach_stw(void (*visit)(struct wr_thread *thread, void *ctx),
                            void *ctx);

/*
 * Set bits in the pending word of every thread, or clear them; a thread that
 * is registered in between begins with them.  Any thread, attached or not.
 */
void wr_threads_ask(uint32_t bits);
void wr_threads_unask(uint32_t bits);

/* Copy the figures.  Any thread. */
void wr_stop_get_stats(struct wr_stop_stats *out);

/* Slow halves of detach and attach; called from thread/state.h only. */
void wr_safepoint_detached_slow(struct wr_thread *self);
void wr_safepoint_attach_slow(struct wr_thread *self);

/* Around a fork, on both sides: take and give back wr_world.lock. */
void wr_threads_fork_lock(void);
void wr_threads_fork_unlock(void);

#endif
