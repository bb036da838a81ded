/* SPDX-License-Identifier: MIT */
/*
 * thread/boost.h - the accounts of the policy boost: who may go first, for how
 * long, and when a waiter may ask for the lock.
 *
 * The one idea: a thread back from blocking is *boosted* and may interrupt a
 * *plain* one, which computes; two accounts in nanoseconds keep that fair.
 * Each thread has a debt: it grows while the thread holds the lock boosted and
 * shrinks as fast while it is away, so nobody is boosted for more than half of
 * the time.  The boosted together have what they took while plain threads
 * wanted the lock, `spent`: each nanosecond that a plain thread holds it pays
 * back three, so the plain ones get a quarter [inv:boost.paid-by-running].
 *
 * All times are relative to the switch interval: it is the quantum of a plain
 * holder and the limit of `spent`; a thread's debt may grow to a fifth of it.
 *
 * Everything here is called under wr_lock.mutex.  Nothing here reads a clock
 * or wakes anybody: policy_boost.c does.
 *
 * Read first: docs/protocols-lock.md.
 */
#ifndef WR_THREAD_BOOST_H
#define WR_THREAD_BOOST_H

#include "thread/lock.h"

enum { WR_BOOST_BUCKETS = 5, WR_BOOST_PAYS = 3 };

struct wr_boost_line { /* SHARED */
    /* [lock: wr_lock.mutex] first come first */
    struct wr_thread *head;
    struct wr_thread *tail;
};

struct wr_boost { /* SHARED */
    /* [lock: wr_lock.mutex] those back from blocking; the others */
    struct wr_boost_line boosted;
    struct wr_boost_line plain;

    /* [lock: wr_lock.mutex] up to when the present holder is charged */
    uint64_t since_ns;

    /* [lock: wr_lock.mutex] what the boosted took and was not paid back */
    uint64_t spent_ns;

    /* [lock: wr_lock.mutex] they took all they may; half must be paid back */
    bool shut;

    /* [lock: wr_lock.mutex] the thread whose hold since_ns is about, and its
     * lock_fast then: if that has moved on, it is another hold */
    struct wr_thread *known;
    uint64_t known_mark;
};

/* a - b, or 0. */
static inline uint64_t
wr_boost_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* The quantum, and the limit of what the boosted may have spent. */
static inline uint64_t
wr_boost_quantum(void)
{
    return wr_load_relaxed(&wr_lock.interval_ns);
}

/* The limit of one thread's debt. */
static inline uint64_t
wr_boost_bucket(void)
{
    return wr_boost_quantum() / WR_BOOST_BUCKETS;
}

/* Put t at the end of a line, or before all others. */
static inline void
wr_boost_push(struct wr_boost_line *line, struct wr_thread *t, bool front)
{
    WEIR_ASSERT(!t->lock.queued);
    t->lock.queued = true;
    t->lock.next = front ? line->head : NULL;
    if (line->head == NULL) {
        line->head = t;
        line->tail = t;
    } else if (front) {
        line->head = t;
    } else {
        line->tail->lock.next = t;
        line->tail = t;
    }
}

/* Take the first out; NULL if there is none. */
static inline struct wr_thread *
wr_boost_pop(struct wr_boost_line *line)
{
    struct wr_thread *first = line->head;

    if (first != NULL) {
        line->head = first->lock.next;
        first->lock.queued = false;
    }
    return first;
}

/* t was away from the lock until now: that pays for what it had. */
static inline void
wr_boost_refill(struct wr_thread *t, uint64_t now)
{
    uint64_t away = wr_boost_less(now, t->lock.seen_ns);

    t->lock.debt_ns = wr_boost_less(t->lock.debt_ns, away);
    t->lock.seen_ns = now;
}

/* t begins to wait, or to hold: is it boosted? */
static inline void
wr_boost_classify(struct wr_thread *t, bool back, uint64_t now)
{
    wr_boost_refill(t, now);
    t->lock.boosted = back && t->lock.debt_ns < wr_boost_bucket();
    t->lock.rest_ns = wr_boost_quantum();
}

/*
 * From now on t holds the lock, by taking an offer back: it is charged for the
 * time that the offer was out, too.  So all time is charged to somebody.
 */
static inline void
wr_boost_take_over(struct wr_boost *b, struct wr_thread *t, uint64_t now)
{
    wr_boost_refill(t, now);
    b->known = t;
    b->known_mark = wr_load_relaxed(&t->lock_fast);
}

/* From now on t holds the lock, or is offered it. */
static inline void
wr_boost_begin(struct wr_boost *b, struct wr_thread *t, uint64_t now)
{
    wr_boost_take_over(b, t, now);
    b->since_ns = now;
}

/* No plain thread wants the lock, so the boosted owe nothing. */
static inline void
wr_boost_forgive(struct wr_boost *b)
{
    b->spent_ns = 0;
    b->shut = false;
}

/*
 * Somebody begins to wait for the holder, the first to do so.  A plain holder
 * that has been charged before is charged for all of its hold.  Otherwise it
 * counts from now on only: how long it has had the lock is not known, or was
 * at nobody's expense.  Who has it from the fast path came from blocking.
 */
static inline void
wr_boost_meet(struct wr_boost *b, struct wr_thread *holder, uint64_t now)
{
    bool same = b->known == holder &&
                b->known_mark == wr_load_relaxed(&holder->lock_fast);

    if (same && !holder->lock.boosted) {
        return;
    }
    wr_boost_classify(holder, true, now);
    wr_boost_begin(b, holder, now);
    if (holder->lock.boosted) {
        wr_boost_forgive(b);
    }
}

/*
 * Charge the holder for what it had since it was charged last.  stays: it
 * wants the lock again at once.
 *
 * Only what a plain thread held pays back, never an offer that was taken back
 * [inv:boost.paid-by-running].
 */
static inline void
wr_boost_charge(struct wr_boost *b, struct wr_thread *t, bool stays,
                uint64_t now)
{
    uint64_t limit = wr_boost_quantum();
    uint64_t had = wr_boost_less(now, b->since_ns);

    b->since_ns = now;
    t->lock.seen_ns = now;
    if (t->lock.boosted) {
        t->lock.debt_ns += had;
        b->spent_ns += had;
        b->shut = b->shut || b->spent_ns >= limit;
    } else {
        t->lock.rest_ns = wr_boost_less(t->lock.rest_ns, had);
        b->spent_ns = wr_boost_less(b->spent_ns, had * WR_BOOST_PAYS);
        b->shut = b->shut && b->spent_ns > limit / 2;
    }
    if (b->plain.head == NULL && (t->lock.boosted || !stays)) {
        wr_boost_forgive(b);
    }
}

/* What a boosted thread may still have before its debt is too high. */
static inline uint64_t
wr_boost_left(const struct wr_thread *t)
{
    return wr_boost_less(wr_boost_bucket(), t->lock.debt_ns);
}

/* When a waiter of this class may ask the holder for the lock. */
static inline uint64_t
wr_boost_due(const struct wr_boost *b, bool boosted,
             const struct wr_thread *holder)
{
    uint64_t limit = wr_boost_quantum();
    uint64_t wait;

    if (holder->lock.boosted) {
        uint64_t class = wr_boost_less(limit, b->spent_ns);

        wait = wr_boost_left(holder);
        if (!boosted && class < wait) {
            wait = class;
        }
    } else if (!boosted) {
        wait = holder->lock.rest_ns;
    } else if (b->shut) {
        wait = wr_boost_less(b->spent_ns, limit / 2) / WR_BOOST_PAYS + 1;
    } else {
        wait = 0;
    }
    return b->since_ns + wait;
}

/*
 * The next to have the lock, out of its line; NULL: nobody may before the
 * caller, a plain thread that yields.
 */
static inline struct wr_thread *
wr_boost_pick(struct wr_boost *b)
{
    if (b->boosted.head != NULL && !b->shut) {
        return wr_boost_pop(&b->boosted);
    }
    return wr_boost_pop(&b->plain);
}

#endif
