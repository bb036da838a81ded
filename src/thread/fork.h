/* SPDX-License-Identifier: MIT */
/*
 * thread/fork.h - what a fork does to threads, their lock and their stop.
 *
 * Read first: docs/protocols.md, "Fork".
 */
#ifndef WR_THREAD_FORK_H
#define WR_THREAD_FORK_H

#include "thread/thread.h"

/*
 * In the child: self is the only thread.  All other records become spare,
 * with their heaps; nobody waits for the lock, which is self's where it is
 * on, nor for the end of the stop; the figures of both begin at zero.
 *
 * Caller: has stopped the world, and holds every mutex of thread/.
 */
void wr_threads_fork_child(struct wr_thread *self);

#endif
