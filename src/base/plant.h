/* SPDX-License-Identifier: MIT */
/*
 * base/plant.h - places where a fault can be planted.
 *
 * A tool that has never found anything proves nothing.  So the builds that
 * run race tests hold faults, each of them off until it is asked for by name:
 *
 *     if (wr_plant(lost_update)) {
 *         int64_t count = weir_load_relaxed(&o->count);
 *
 *         wr_plant_pause();
 *         weir_store_relaxed(&o->count, count + 1);
 *         return;
 *     }
 *
 * plants.def names them.  In every other build wr_plant() is the constant
 * false and nothing of a fault is left (base/plant_none.h); which of the two
 * a build gets is decided by base/build.h alone.
 *
 * docs/race-tests.md says how to plant one.
 */
#ifndef WEIR_BASE_PLANT_H
#define WEIR_BASE_PLANT_H

#include <stdbool.h>

/* WR_PLANT_lost_update and so on. */
enum wr_plant_id {
#define WR_PLANT(symbol, name, class, arms, origin) WR_PLANT_##symbol,
#include "base/plants.def"
#undef WR_PLANT
    WR_PLANTS
};

/* Whether this fault is planted.  Any thread. */
#define wr_plant(symbol) wr_plant_is_on(WR_PLANT_##symbol)

/*
 * wr_plant_pause(): inside a planted fault only, where its window is.  Others
 * get time to step in: the thread spins or yields for a random while.  Where
 * the global lock is on, the calling actor may let go of it, as if the
 * operation had a checkpoint in its middle; so an object read before may have
 * changed after.  Caller: holds no mutex.
 */

#include "base/build.h"

#endif
