/* SPDX-License-Identifier: MIT */
/*
 * thread/late.h - who holds everybody up, and where: for when nothing moves.
 *
 * Two reports on a file descriptor, of atomic words and without a lock, so
 * that they can be had of a process that hangs.  docs/observe.md.
 */
#ifndef WR_THREAD_LATE_H
#define WR_THREAD_LATE_H

#include "thread/thread.h"

/* Get ready: what a signal handler may not do for the first time.  Any
 * thread. */
void wr_late_prepare(void);

/*
 * Say on fd that t has not come to a checkpoint for so long, and where it is:
 * its stack, which it writes itself, in a handler of SIGURG that is installed
 * for as long as that takes.  A thread that does not answer within 100 ms,
 * because it blocks the signal or has no processor, is named without a place.
 * Returns how many frames were written.
 *
 * Caller: any thread but t, one at a time; t does not end meanwhile.
 */
int wr_late_name(struct wr_thread *t, uint64_t waited_ns, int fd);

#endif
