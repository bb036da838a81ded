/* SPDX-License-Identifier: MIT */
/*
 * collect/collect.h - what the rest of the house may use of the collector.
 *
 * The public calls are in weir/gc.h; docs/collector.md explains the
 * algorithm.  Read next: round.h, then detect.c.
 */
#ifndef WR_COLLECT_COLLECT_H
#define WR_COLLECT_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/gc.h>

#include "base/histogram.h"

struct wr_thread;

/*
 * Bring the collector up with its default settings, automatic collection on.
 * Caller: runtime start, heap and types up.  Returns 0 or WEIR_ENOMEM.
 */
int wr_collect_start(void);

/*
 * Give all its memory back and forget callbacks and totals.  Caller: runtime
 * stop, no collection running.
 */
void wr_collect_stop(void);

/* True while a thread collects, or keeps others out.  Any thread. */
bool wr_collect_running(void);

/*
 * Keep all other threads from collecting until wr_collect_let_in(); wait,
 * detached, for the one that does.  Whoever wants to meanwhile is turned away
 * as during a collection.
 *
 * Caller: attached, holding no mutex; not for long.  Returns false, and nothing
 * was done, when the caller is the one that collects: it calls this from a
 * finalizer or a callback.
 */
bool wr_collect_keep_out(struct wr_thread *self);
void wr_collect_let_in(struct wr_thread *self);

/*
 * True if o, which is alive and collectable, is garbage of a collection that
 * has its finalizers running or frees.  Caller: world stopped.
 */
bool wr_collect_is_trash(const weir_object *o);

/*
 * From now on no collection begins; one that has begun goes on.  For the rest
 * of the process.  Any thread.
 */
void wr_collect_shut(void);

/*
 * A thread found WR_PENDING_COLLECT at its checkpoint: collect what is due by
 * thresholds and counts, if anything is.  Clears the bit.  Caller: attached,
 * no lock held, at a checkpoint.
 */
void wr_collect_due(struct wr_thread *self);

/*
 * Add the pauses recorded so far to *into.  Any thread; the caller is the
 * only writer of *into.
 */
void wr_collect_pauses(struct wr_histogram *into);

/*
 * What calls `visit` for objects that are referred to from outside the heap.
 * A full collection marks from those first, and counts only what they do not
 * reach; so the more it names the faster, but it need not name all.  It runs
 * with the world stopped.
 */
typedef void (*wr_roots_fn)(void (*visit)(weir_object *o, void *context),
                            void *context);

/* Set it; NULL: none is known.  Caller: no collection running. */
void wr_collect_set_roots(wr_roots_fn roots);

/*
 * Caps on the tables that have a fall-back, so that tests can reach it.
 * Entries; 0 is the default.  Caller: a test, no collection running.
 */
struct wr_collect_caps {
    size_t stack; /* objects waiting to be scanned */
    size_t big;   /* objects with a large count, remembered by address */
    /* not of a table: objects looked at one at a time until scouts set out */
    size_t patience;
};

void wr_collect_set_caps(const struct wr_collect_caps *caps);

#endif
