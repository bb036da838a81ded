/* SPDX-License-Identifier: MIT */
/*
 * weir/fork.h - a child process that can go on using the runtime.
 *
 *     pid = weir_fork();
 *     if (pid == 0) {
 *         serve();         // objects, threads, collections: all as before
 *         weir_stop();     // or just _exit()
 *         _exit(0);
 *     }
 *
 * fork() alone copies the memory of all threads and one thread.  What the
 * others were doing at that moment, the child finds half done, and the locks
 * they held stay locked.  So after plain fork(), in a process where the
 * runtime has run, the child may call exec or _exit() and nothing of this
 * interface; if it does all the same it may wait for ever or find the heap
 * broken.  That is so with a single thread too, for the runtime has a thread
 * of its own where threads run in parallel.
 */
#ifndef WEIR_FORK_H
#define WEIR_FORK_H

#include <sys/types.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * fork(), with every other thread of the runtime at a safe point.
 *
 * Waits until no other thread is in the middle of a collection, then stops the
 * world as a collection does, for as long as fork() takes.  A finalizer, a
 * callback of a weak reference and a callback of the collector may call it
 * too; when such a call belongs to a collection, or to weir_stop_full(), both
 * processes go on with that.
 *
 * In the child only the calling thread exists, attached as before, and the
 * global lock is its own.  It may do everything at once: make objects,
 * collect, start threads, fork again, stop the runtime.  All objects are there
 * with their counts.  So references that the other threads held only in C
 * variables are never dropped in the child, and what they were just tearing
 * down is never freed.  The figures of the global lock begin at zero; those of
 * the collector go on.  Where the calling thread held locks of the program,
 * it holds them in the child; those of other threads are nobody's, and it is
 * up to the program to take care of them, as after any fork().
 *
 * Functions that the program gave to pthread_atfork() are called with the
 * world stopped: they may not call this interface, nor wait for what another
 * thread holds while it attaches or comes to a checkpoint.
 *
 * Caller: attached, in the middle of no operation on an object, holding no
 * lock of an object.  Not async-signal-safe.
 * Returns 0 in the child and its process id in the parent; -1, with errno set,
 * when fork() fails; WEIR_ESTATE (less than -1) when the thread is not
 * attached; WEIR_EBUSY when it has stopped the world itself, as in a traverse
 * function (a debug build ends the process there).  After a failure nothing
 * has changed.
 */
WEIR_API pid_t weir_fork(void);

#ifdef __cplusplus
}
#endif
#endif
