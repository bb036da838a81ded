/* SPDX-License-Identifier: MIT */
/*
 * collect/report.h - what the collector tells when it is asked to: the debug
 * switches, and the hook that hears of it.
 *
 * The runtime prints nothing.  A report is a struct on the stack of the thread
 * that collects, given to a function of the user's while the world runs.
 */
#ifndef WR_COLLECT_REPORT_H
#define WR_COLLECT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/gc.h>

#include "base/sync.h"

/* [atomic: relaxed, any thread] the switches, WEIR_GC_DEBUG_* */
extern uint32_t wr_debug_flags;

/* No hook, all switches off.  Caller: runtime start or stop. */
void wr_report_reset(void);

/* Is there a hook?  Caller: attached. */
bool wr_report_wanted(void);

/*
 * Give a report to the hook, if there is one.  Caller: attached, world running,
 * no lock held: it is user code.
 */
void wr_report(const weir_gc_report *report);

/* The same about one object. */
void wr_report_object(weir_gc_event event, int generation, weir_object *o);

#endif
