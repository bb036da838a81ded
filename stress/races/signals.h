/* SPDX-License-Identifier: MIT */
/*
 * stress/races/signals.h - a crash is a result: say where it happened.
 */
#ifndef WR_RACES_SIGNALS_H
#define WR_RACES_SIGNALS_H

/*
 * From now on a signal that means a crash writes the places of the calling
 * thread's stack and a line on stderr before it ends the process; no core is
 * left.  A handler that is there already, a sanitizer's, stays.
 */
void wr_race_catch_crashes(void);

#endif
