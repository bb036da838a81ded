/* SPDX-License-Identifier: MIT */
/*
 * race/weir/refcount_atomic.h - atomic counts in which faults can be planted.
 *
 * Stands in front of the public header of that name in builds for race tests:
 * it takes the real functions in under another name and wraps them.  What is
 * installed knows nothing of it.
 */
#ifndef WR_RACE_REFCOUNT_ATOMIC_H
#define WR_RACE_REFCOUNT_ATOMIC_H

#include "base/plant.h"

#define wr_ref_get wr_ref_get_whole_
#define wr_ref_put wr_ref_put_whole_
#include_next <weir/refcount_atomic.h>
#undef wr_ref_get
#undef wr_ref_put

static inline void
wr_ref_get(weir_object *o)
{
    if (wr_plant(lost_update) && !wr_ref_skips(o)) {
        int64_t count = weir_load_relaxed(&o->count);

        wr_plant_pause();
        weir_store_relaxed(&o->count, count + 1);
        return;
    }
    wr_ref_get_whole_(o);
}

static inline bool
wr_ref_put(weir_object *o)
{
    if (wr_plant(put_then_look) && !wr_ref_skips(o)) {
        (void)weir_fetch_sub_acq_rel(&o->count, (int64_t)1);
        wr_plant_pause();
        return weir_load_acquire(&o->count) == 0;
    }
    return wr_ref_put_whole_(o);
}

#endif
