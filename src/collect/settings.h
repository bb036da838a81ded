/* SPDX-License-Identifier: MIT */
/*
 * collect/settings.h - what a collector tells: totals, pauses, callbacks.  When
 * it runs stands in collect/pace.h.
 *
 * All of it stands behind one mutex that is held for a few instructions, so
 * any thread may ask at any time, also while a collection runs.
 */
#ifndef WR_COLLECT_SETTINGS_H
#define WR_COLLECT_SETTINGS_H

#include <stdint.h>

#include <weir/gc.h>

#include "collect/pace.h"

/* Defaults, no callbacks, all totals zero. */
void wr_settings_reset(void);

/* Forget callbacks and switch the triggers off. */
void wr_settings_stop(void);

/* Add a collection that is over to the totals, and remember it. */
void wr_settings_note(const weir_gc_last_collection *last, enum wr_cause cause);

/* Add a pause to the histogram, in nanoseconds. */
void wr_settings_note_pause(uint64_t ns);

/* Call every callback.  Caller: attached, world running, no lock held. */
void wr_settings_call(weir_gc_phase phase, const weir_gc_info *info);

/* Around a fork, on both sides: take and give back the settings. */
void wr_settings_fork_lock(void);
void wr_settings_fork_unlock(void);

#endif
