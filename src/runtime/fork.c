/* SPDX-License-Identifier: MIT */
/*
 * runtime/fork.c - fork() while other threads run.
 *
 * The one idea: stop the world, then hold every mutex of the runtime across
 * fork().  So the child finds nothing half done: attached threads stood at a
 * checkpoint, all others outside of what a mutex protects.  What is left to do
 * there is to forget the threads that do not exist.
 *
 * The mutexes are taken in the order of their ranks, by the floors that have
 * them [inv:mutex.rank-order].  A new mutex goes into the table, or the child
 * may find it locked for ever [inv:fork.all-mutexes].
 *
 * Read first: docs/protocols.md, "Fork".
 */
#include "base/lot.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "collect/collect.h"
#include "collect/settings.h"
#include "heap/heap.h"
#include "kinds/str.h"
#include "object/immortal.h"
#include "object/quiet.h"
#include "object/type.h"
#include "object/weak.h"
#include "runtime/handle.h"
#include "runtime/start.h"
#include "thread/fork.h"
#include "thread/lock.h"
#include "thread/reclaim.h"
#include "thread/safepoint.h"

#include <weir/fork.h>

#include <errno.h>
#include <unistd.h>

struct hook {
    void (*lock)(void);
    void (*unlock)(void);
};

/* In the order of enum wr_rank. */
static const struct hook hooks[] = {
    {wr_start_fork_lock, wr_start_fork_unlock},       /* RUNTIME */
    {wr_settings_fork_lock, wr_settings_fork_unlock}, /* COLLECT */
    {wr_threads_fork_lock, wr_threads_fork_unlock},   /* THREADS */
    {wr_lock_fork_lock, wr_lock_fork_unlock},         /* GIL */
    {wr_types_fork_lock, wr_types_fork_unlock},       /* TYPES */
    {wr_str_fork_lock, wr_str_fork_unlock},           /* KINDS */
    {wr_handle_fork_lock, wr_handle_fork_unlock},     /* HANDLES */
    {wr_weak_fork_lock, wr_weak_fork_unlock},         /* WEAK */
    {wr_lot_fork_lock, wr_lot_fork_unlock},           /* LOT */
    {wr_reclaim_fork_lock, wr_reclaim_fork_unlock},   /* RECLAIM */
    {wr_heap_fork_lock, wr_heap_fork_unlock},         /* HEAPS to LEAF */
    {wr_immortal_fork_lock, wr_immortal_fork_unlock}, /* LEAF */
};

enum { HOOKS = sizeof(hooks) / sizeof(hooks[0]) };

/* There is a mutex of every rank. */
#define RANKS_USED ((UINT32_C(1) << WR_RANKS) - 2)

/* fork(); counted as an allocation, so that a test can make it fail. */
static pid_t
call_fork(void)
{
    if (wr_fault_hit()) {
        errno = ENOMEM;
        return -1;
    }
    return fork();
}

/* Caller: has stopped the world.  As fork(). */
static pid_t
fork_stw(struct wr_thread *self)
{
    pid_t pid;
    int error;

    wr_reclaim_before_fork();
    for (int i = 0; i < HOOKS; i++) {
        hooks[i].lock();
    }
    /* [inv:fork.all-mutexes] */
    WEIR_ASSERT((wr_mutex_fork_ranks() & RANKS_USED) == RANKS_USED);
    pid = call_fork();
    error = errno;
    if (pid == 0) {
        wr_threads_fork_child(self);
        wr_lot_fork_child();
    }
    for (int i = HOOKS; i-- > 0;) {
        hooks[i].unlock();
    }
    wr_reclaim_after_fork(pid == 0);
    errno = error;
    return pid;
}

pid_t
weir_fork(void)
{
    struct wr_thread *self;
    bool entered;
    pid_t pid;
    int error;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_quiet_check();
    self = wr_self();
    if (wr_world_stopped_by(self)) {
        return WEIR_EBUSY;
    }
    entered = wr_collect_keep_out(self);
    wr_stop_world(self);
    pid = fork_stw(self);
    error = errno;
    wr_start_world(self);
    if (entered) {
        wr_collect_let_in(self);
    }
    errno = error;
    return pid;
}
