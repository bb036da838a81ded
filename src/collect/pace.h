/* SPDX-License-Identifier: MIT */
/*
 * collect/pace.h - when to collect by itself, and which generation.
 *
 * Three things make a collection due: objects made, younger collections done,
 * and bytes held.  What collections came to moves two of the limits within
 * bounds.  docs/collector.md, "Generations and triggers", has the rules.
 */
#ifndef WR_COLLECT_PACE_H
#define WR_COLLECT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/gc.h>

/* Why a collection runs. */
enum wr_cause {
    WR_CAUSE_ASKED,   /* weir_gc_collect() */
    WR_CAUSE_OBJECTS, /* thresholds and counts */
    WR_CAUSE_BYTES,   /* nothing but bytes */
};

/* Defaults, counts zero. */
void wr_pace_reset(void);

/* Nothing is due any more. */
void wr_pace_stop(void);

/* The generation that is due, and why; -1 if none is. */
int wr_pace_due(enum wr_cause *cause);

/*
 * The trigger is exceeded several times over: whoever collects does not keep
 * up.  Any thread, no lock taken.
 */
bool wr_pace_overrun(void);

/*
 * A collection has looked at its candidates: the counts of this generation
 * and the younger ones begin anew.  Caller: world stopped.
 */
void wr_pace_restart_counts(int generation);

/* A collection is over: how is the next one to be paced? */
void wr_pace_note(const weir_gc_last_collection *last, enum wr_cause cause);

/* Around a fork, on both sides. */
void wr_pace_fork_lock(void);
void wr_pace_fork_unlock(void);

#endif
