/* SPDX-License-Identifier: MIT */
/*
 * race/base/plant_race.h - faults that can be planted: a set of bits.
 *
 * The set is filled before the runtime starts and constant from then on.
 */
#ifndef WEIR_RACE_PLANT_RACE_H
#define WEIR_RACE_PLANT_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WR_PLANT_WORDS = 4 };

/* [const] while the runtime runs; bit n: the fault wr_plant_id n. */
extern uint64_t wr_plant_bits[WR_PLANT_WORDS];

static inline bool
wr_plant_is_on(unsigned id)
{
    return ((wr_plant_bits[id / 64] >> (id % 64)) & 1) != 0;
}

/* See base/plant.h. */
void wr_plant_pause(void);

/* A fault as base/plants.def has it. */
struct wr_plant_info {
    const char *name;
    const char *class;
    const char *arms;
    const char *origin;
};

/* The n-th fault; NULL behind the last. */
const struct wr_plant_info *wr_plant_nth(size_t n);

/* Plant a fault.  False: there is none of that name.  Before the start. */
bool wr_plant_set(const char *name);

/*
 * What else a pause does on the calling thread; NULL: nothing.  Set around an
 * actor by the runner, which knows of the global lock.
 */
extern __thread void (*wr_plant_pause_hook)(void);

#endif
