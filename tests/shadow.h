/* SPDX-License-Identifier: MIT */
/*
 * tests/shadow.h - a second graph beside the heap, kept by the test.
 *
 * For each object that a test makes there is a node, which says what the
 * object refers to.  Threads change object and node together, under the
 * node's lock.  When all are quiet, who must be alive follows from the nodes
 * alone: what the roots reach.  Nothing here reads a count, a flag or a side
 * table to find that out.
 *
 * A node belongs to one thread's share, whoever uses it.  It is used again
 * only after a check has found its object dead.
 */
#ifndef WR_TESTS_SHADOW_H
#define WR_TESTS_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/weir.h>

enum { SHADOW_PLACES = 4 };

enum shadow_kind {
    SHADOW_FREE,
    SHADOW_INSTANCE,
    SHADOW_FINAL, /* an instance with a finalizer */
    SHADOW_LIST,
    SHADOW_TUPLE,
    SHADOW_DICT,
    SHADOW_SET,
    SHADOW_CELL,
    SHADOW_FOREIGN, /* with finalizer and release */
    SHADOW_WEAK,    /* places[0] is the context */
    SHADOW_KINDS
};

struct shadow_node { /* SHARED */
    /* [const] while its object may live */
    weir_object *object;
    enum shadow_kind kind;
    bool has_callback;

    /* [lock: busy] nodes that the object refers to; 0: none */
    uint32_t places[SHADOW_PLACES];

    /* [lock: busy] of a target: its weak reference without a callback, or 0 */
    uint32_t plain;

    /* [const] of a weak reference while threads run: its target; 0: cleared */
    uint32_t target;

    /* [atomic: CAS acq_rel by any thread, store release by who has it] */
    uint32_t busy;

    /* [atomic: added relaxed by any thread] calls by the runtime */
    unsigned finalized;
    unsigned released;
    unsigned called;

    /* [owner] the main thread, all others quiet */
    unsigned called_before; /* when target became 0 */
    unsigned references;    /* of what is reached: that exist */
    bool reached;
    bool saved; /* it lives on though its finalizer has run */
};

struct shadow {
    struct shadow_node *nodes; /* from 1 on */
    uint32_t size;             /* one more than the last */
    weir_object **found;       /* live objects, sorted: a list of the heap */
    size_t nfound;
    size_t capacity;
    weir_object **before; /* those that were there at the start, sorted */
    size_t nbefore;
    uint32_t *work;
    weir_object *keys[SHADOW_PLACES]; /* of dicts */
    weir_object *filler;              /* of lists and tuples */
};

/* Room for n nodes; what lives now is none of the test's.  Caller: quiet,
 * the runtime runs; also below. */
void shadow_start(struct shadow *s, uint32_t n);
void shadow_stop(struct shadow *s);

/* How many places a kind has. */
unsigned shadow_places(enum shadow_kind kind);

/*
 * Let the object of a node refer to that of another, or to none: the object's
 * part of it.  0: done; 1: the object is as it was; negative: wrong.  A bag
 * (bag.h) is what a foreign object is.
 * Caller: attached, has references to both and the lock of the first.
 */
int shadow_link(const struct shadow *s, uint32_t node, unsigned place,
                uint32_t value);

/* What the object has in a place, a new reference; NULL: nothing, or wrong.
 * As above; something is there. */
weir_object *shadow_get(const struct shadow *s, uint32_t node, unsigned place);

/* A check, in this order.  Caller: quiet, each time. */

/* 1. Nothing is reached yet. */
void shadow_begin(struct shadow *s);

/* 2. For each reference of the test's own: 0 is ignored. */
void shadow_root(struct shadow *s, uint32_t node);

/* 3. What the roots reach is alive, or what is wrong.  *garbage: how many of
 * the others a full collection has to find. */
const char *shadow_before(struct shadow *s, size_t *garbage);

/*
 * 4. After the collection: exactly what is reached is alive, with exactly the
 * references that the nodes know of; weak references are cleared, callbacks
 * and finalizers have run, once, for exactly the dead.  If some objects may
 * have been `saved`, weak references with a callback may have been cleared
 * though their targets live.  NULL, or what is wrong.
 */
const char *shadow_after(struct shadow *s, bool saved);

#endif
