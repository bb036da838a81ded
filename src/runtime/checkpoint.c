/* SPDX-License-Identifier: MIT */
/*
 * runtime/checkpoint.c - what a checkpoint does when something is pending.
 *
 * Lower floors only set bits in a thread's pending word; this is the one
 * place that turns a bit into work.  A stop comes first: the others can wait
 * until the world runs again.
 */
#include "base/mutex.h"
#include "base/pending.h"
#include "base/sync.h"
#include "collect/collect.h"
#include "thread/lock.h"
#include "thread/reclaim.h"
#include "thread/safepoint.h"
#include "thread/thread.h"

int
weir_checkpoint_slow_(void)
{
    struct wr_thread *self;
    uint32_t pending = wr_load_relaxed(&weir_self_->pending);

    if ((pending & WR_PENDING_DETACHED) != 0) {
        return WEIR_ESTATE;
    }
    self = wr_self();
    WEIR_ASSERT(!wr_mutex_any_held());
    if ((pending & WR_PENDING_STOP) != 0) {
        self->stop.place = __builtin_return_address(0);
        wr_safepoint_park(self);
    }
    if ((pending & WR_PENDING_RECLAIM) != 0) {
        wr_reclaim_refresh(self);
    }
    if ((pending & WR_PENDING_DROP) != 0) {
        wr_lock_yield(self);
    }
    if ((pending & WR_PENDING_COLLECT) != 0) {
        wr_collect_due(self);
    }
    return WEIR_OK;
}
