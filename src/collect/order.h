/* SPDX-License-Identifier: MIT */
/*
 * collect/order.h - all are alive, says the order in which they were counted.
 *
 * Counting meets the candidates one after the other.  When it meets one, the
 * side byte says whether a reference to it has been found yet, so in one that
 * was met before.  Suppose that each candidate is a root or had such a
 * reference.  Then all are alive: the first that was not would be referred to
 * by one that is.  A heap that lies in the order of its links need not be
 * marked at all.
 *
 * A candidate to which no reference had been found is an exception, and gets a
 * mark bit.  Marking goes on until it has come to all of those that are
 * no roots.  Then the same holds of what it has not come to.
 * [inv:order.exceptions]
 *
 *   met first                                            met last
 *   A <- a root     B <- A     C     D <- B     E <- C   F <- E and C
 *                              exception
 *
 * A, B and D are alive whatever marking finds, E and F as soon as it has come
 * to C.
 *
 * From which end of memory to start is guessed from a hundred objects or so.
 * When more than five of eight candidates are exceptions, and there are more
 * than a few, memory is in no order, or most objects are held from outside: the
 * order is broken, and nobody looks out for more.
 */
#ifndef WR_COLLECT_ORDER_H
#define WR_COLLECT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_pool_ref;
struct wr_round;

struct wr_order {
    bool watched; /* from the first that is counted to the end of detection */
    bool broken;
    uint64_t exceptions;
    /* Marking has come to all of those before this word of this pool, or they
     * are roots. */
    size_t pool;
    size_t word;
};

/* There is no order. */
static inline void
wr_order_forget(struct wr_order *order)
{
    *order = (struct wr_order){.watched = false};
}

/*
 * All of the heap is going to be counted, and no mark bit is set.  True: it is
 * to be from the end of memory to its start.  Caller: world stopped.
 */
bool wr_order_begin(struct wr_round *round);

/* Those of `bits` are exceptions, in a word of that pool. */
void wr_order_except(struct wr_round *round, struct wr_pool_ref *ref,
                     size_t word, uint64_t bits);

/* A pool has been counted: is the order broken? */
void wr_order_judge(struct wr_round *round);

/* Are all alive?  False if it is not known.  Caller: the roots have left the
 * candidates. */
bool wr_order_holds(struct wr_round *round);

/* They are: no candidate is left, and no side byte.  Caller: as above. */
void wr_order_settle(struct wr_round *round);

/* Marking is over: clear the mark bits. */
void wr_order_end(struct wr_round *round);

/* How many objects were known to be alive without a look, in all collections
 * together, for tests.  Caller: no collection running. */
uint64_t wr_order_spared(void);

#endif
