/* SPDX-License-Identifier: MIT */
/*
 * stress/races/watch.h - notice that nothing happens any more.
 */
#ifndef WR_RACES_WATCH_H
#define WR_RACES_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Start a thread that ends the process with RACE_EXIT_HUNG, after a line on
 * stderr, when wr_race_watch_tick() is not called for hang_ns.  0: no watch.
 * False: no thread.
 */
bool wr_race_watch_start(uint64_t hang_ns);

/* Something has happened: so many samples are through. */
void wr_race_watch_tick(uint64_t samples);

/* Watch no longer. */
void wr_race_watch_stop(void);

#endif
