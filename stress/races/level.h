/* SPDX-License-Identifier: MIT */
/*
 * stress/races/level.h - what the heap holds, and whether it is in order.
 */
#ifndef WR_RACES_LEVEL_H
#define WR_RACES_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

/* Blocks and bytes in use. */
struct wr_race_level {
    uint64_t objects;
    uint64_t atoms;
    uint64_t raw_bytes;
};

/*
 * Collect, and read the level.  Caller: attached, all actors detached.
 */
struct wr_race_level wr_race_level_now(void);

/*
 * Whether nothing is left over since `before`.  What awaits the end of a
 * grace period is given so much time to go.  Caller: as above.
 */
bool wr_race_level_is_back(const struct wr_race_level *before,
                           uint64_t patience_ns);

/* What is wrong with the heap; NULL: nothing.  Caller: as above. */
const char *wr_race_level_damage(void);

#endif
