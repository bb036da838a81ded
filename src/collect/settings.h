/* SPDX-License-Identifier: MIT */
/*
 * collect/settings.h - what a collector is told and what it tells: thresholds,
 * counts, totals, pauses, callbacks.
 *
 * All of it stands behind one mutex that is held for a few instructions, so
 * any thread may ask at any time, also while a collection runs.
 */
#ifndef WR_COLLECT_SETTINGS_H
#define WR_COLLECT_SETTINGS_H

#include <stdint.h>

#include <weir/gc.h>

/* Defaults, no callbacks, all totals zero. */
void wr_settings_reset(void);

/* Forget callbacks and switch the trigger off. */
void wr_settings_stop(void);

/* The generation that is due by thresholds and counts, or -1. */
int wr_settings_due(void);

/*
 * A collection has looked at its candidates: the counts of this generation
 * and the younger ones begin anew.  Caller: world stopped.
 */
void wr_settings_restart_counts(int generation);

/* Add a collection that is over to the totals, and remember it. */
void wr_settings_note(const weir_gc_last_collection *last);

/* Add a pause to the histogram, in nanoseconds. */
void wr_settings_note_pause(uint64_t ns);

/* Call every callback.  Caller: attached, world running, no lock held. */
void wr_settings_call(weir_gc_phase phase, const weir_gc_info *info);

/* Around a fork, on both sides: take and give back the settings. */
void wr_settings_fork_lock(void);
void wr_settings_fork_unlock(void);

#endif
