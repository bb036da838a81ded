/* SPDX-License-Identifier: MIT */
/*
 * weir/account.h - where the threads' time went: an exact account.
 *
 * With weir_config.account at WEIR_ACCOUNT_FIGURES every thread notes when it
 * changes between four states, and how it came by the global lock.  Nothing is
 * sampled and nothing is a rest: each state's time is the sum of its own
 * intervals, so that the four add up to the thread's life up to the present
 * interval.  With WEIR_ACCOUNT_EVENTS each change is kept as well, for a
 * timeline, until the thread's room is used up.
 *
 *   running    attached, with the lock where there is one
 *   waiting    for the global lock
 *   stopped    at a safepoint, or kept out, until a stop of the world is over
 *   blocked    detached: in a blocking section, or outside the runtime
 *
 * A thread writes only its own account, and reads the clock once per change;
 * docs/observe.md has what that costs.  Times are in nanoseconds of
 * CLOCK_MONOTONIC unless said otherwise.
 */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values of weir_config.account. */
enum {
    WEIR_ACCOUNT_OFF = 0,
    WEIR_ACCOUNT_FIGURES = 1,
    WEIR_ACCOUNT_EVENTS = 2
};

/* What a thread is doing. */
enum {
    WEIR_STATE_RUNNING = 0,
    WEIR_STATE_WAITING = 1,
    WEIR_STATE_STOPPED = 2,
    WEIR_STATE_BLOCKED = 3,
    WEIR_STATES = 4
};

/* A distribution; all 0 when nothing was recorded.  Percentiles are known to
 * within 1/64; count, sum and max are exact. */
typedef struct weir_spread {
    uint64_t count;
    uint64_t sum;
    uint64_t p50;
    uint64_t p90;
    uint64_t p99;
    uint64_t p999;
    uint64_t max;
} weir_spread;

/* One thread's account, from its first attach on.  A thread that takes over
 * the record of one that has exited begins with an empty account. */
typedef struct weir_thread_account {
    uint32_t thread; /* the number of its record, from 1 on */
    bool attached;   /* its thread has not exited */

    /* All zero where threads run in parallel. */
    uint64_t acquisitions;  /* times that it got the lock */
    uint64_t uncontended;   /* of those: found free */
    uint64_t handoffs;      /* of those: from another thread than itself, after
                               a wait */
    uint64_t reacquired;    /* of those: after a wait, and nobody else had it */
    uint64_t yields;        /* gave it up because it was asked */
    uint64_t releases;      /* gave it up by itself, to block or to leave */
    uint64_t drop_requests; /* asked the holder to give it up */
    weir_spread wait;       /* from finding it taken to having it; max is the
                               longest starvation */
    weir_spread hold;       /* from having it to giving it up, every hold */
    weir_spread queue;      /* how many waited when it began to wait, itself
                               included: a number, not a time */

    weir_spread arrival; /* from being asked to stop to standing; only when
                               the stopper had to wait for it */

    uint64_t state_ns[WEIR_STATES];
    uint64_t cpu_ns;   /* of its processor time, from the first attach on */
    uint64_t ready_ns; /* the kernel had it wait for a processor; 0 where the
                          kernel does not say */
} weir_thread_account;

/*
 * Read every thread's account into out[0 .. room-1], by record number.
 * Returns how many there are, which may be more than room; or WEIR_EINVAL
 * (out NULL and room not 0), WEIR_ESTATE (detached, or not accounting).
 * The figures of threads that run meanwhile are a little old; those of a
 * thread that is blocked or has exited are exact.  Caller: attached.
 */
WEIR_API int64_t weir_account_threads(weir_thread_account *out, size_t room);

/* The number of the caller's record, whether accounting or not; 0 when it is
 * detached. */
WEIR_API uint32_t weir_account_self(void);

/*
 * Who had the lock before whom: out[from * n + to] is how often thread record
 * `from` + 1 handed it to record `to` + 1, after a wait.  Records above n are
 * left out.  Returns 0, WEIR_EINVAL (NULL), WEIR_ESTATE (detached, or not
 * accounting).  Caller: attached.
 */
WEIR_API int weir_account_handoffs(uint64_t *out, size_t n);

/* What an event says. */
enum {
    WEIR_EVENT_STATE = 0,      /* value: the new WEIR_STATE_* */
    WEIR_EVENT_QUEUE = 1,      /* value: how many wait for the lock now */
    WEIR_EVENT_HANDOFF = 2,    /* it got the lock; value: from which record */
    WEIR_EVENT_STOP_BEGIN = 3, /* it begins to stop the world */
    WEIR_EVENT_STOP_WORLD = 4, /* the world stands */
    WEIR_EVENT_STOP_END = 5,   /* it goes on */
    WEIR_EVENT_GC_BEGIN = 6,   /* a collection; value: the generation */
    WEIR_EVENT_GC_END = 7      /* value: objects collected */
};

typedef struct weir_event {
    uint64_t ns;
    uint32_t thread; /* the number of its record */
    uint32_t kind;   /* WEIR_EVENT_* */
    uint64_t value;
} weir_event;

/*
 * Hand over the events kept so far, thread by thread, each thread's in the
 * order of time, as long as visit returns 0.  *lost, if not NULL, is how many
 * did not fit.  Returns 0 or what visit returned; WEIR_EINVAL (visit NULL),
 * WEIR_ESTATE (detached, or no events are kept).  visit must not call the
 * runtime.  Caller: attached, and no other thread is.
 */
WEIR_API int weir_account_events(int (*visit)(const weir_event *event,
                                              void *context),
                                 void *context, uint64_t *lost);

/* One thread that a stop had to wait for. */
typedef struct weir_arrival {
    uint32_t thread;
    uint64_t ns;       /* from being asked to standing */
    const void *place; /* where in the program it arrived: the address after
                          its call of the runtime; NULL if it detached */
} weir_arrival;

enum { WEIR_ARRIVALS = 4 };

/* One stop of the world, in the parallel flavours. */
typedef struct weir_stop_record {
    uint32_t stopper;
    uint32_t asked;      /* threads that were attached and had to arrive */
    uint64_t begin_ns;   /* the clock when it was asked for */
    uint64_t arrival_ns; /* until the last one stood: time to safepoint */
    uint64_t work_ns;    /* until the stopper let go */
    uint64_t resume_ns;  /* until the stopper itself went on */
    unsigned late;       /* how many of `last` are filled in */
    weir_arrival last[WEIR_ARRIVALS]; /* who came last, the last one first */
} weir_stop_record;

/*
 * Copy the records of the stops, the oldest first; the last 1,024 are kept.
 * Returns how many there were, which may be more than room and more than are
 * kept; otherwise as weir_account_threads().  Caller: attached.
 */
WEIR_API int64_t weir_account_stops(weir_stop_record *out, size_t room);

#ifdef __cplusplus
}
#endif

#endif
