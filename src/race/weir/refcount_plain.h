/* SPDX-License-Identifier: MIT */
/*
 * race/weir/refcount_plain.h - plain counts in which faults can be planted.
 *
 * See refcount_atomic.h beside it.  Under the global lock a plain count is
 * whole because no thread lets go of the lock in its middle; the faults do.
 */
#ifndef WR_RACE_REFCOUNT_PLAIN_H
#define WR_RACE_REFCOUNT_PLAIN_H

#include "base/plant.h"

#define wr_ref_get wr_ref_get_whole_
#define wr_ref_put wr_ref_put_whole_
#include_next <weir/refcount_plain.h>
#undef wr_ref_get
#undef wr_ref_put

static inline void
wr_ref_get(weir_object *o)
{
    if (wr_plant(lost_update) && o->count >= 0) {
        int64_t count = o->count;

        wr_plant_pause();
        o->count = count + 1;
        return;
    }
    wr_ref_get_whole_(o);
}

static inline bool
wr_ref_put(weir_object *o)
{
    if (wr_plant(put_then_look) && o->count >= 0) {
        o->count--;
        wr_plant_pause();
        return o->count == 0;
    }
    return wr_ref_put_whole_(o);
}

#endif
