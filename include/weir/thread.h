/* SPDX-License-Identifier: MIT */
/*
 * weir/thread.h - threads: attaching, checkpoints, blocking.
 *
 * Only an attached thread may touch objects.  An attached thread must come
 * to a checkpoint now and then: there it lets others have the global lock,
 * stops when the world is stopped, and runs the collector when that is due.
 * Around a call that may block, or that computes for long without touching
 * objects, it detaches: a detached thread holds nobody up.
 *
 *     weir_attach();
 *     while (work()) {
 *         weir_checkpoint();
 *     }
 *     weir_blocking_begin();
 *     n = read(fd, buffer, size);
 *     weir_blocking_end();
 *     weir_detach();
 *
 * weir_start() attaches its caller.
 *
 * However a thread was made, and however it ends, it is treated alike:
 * returning, pthread_exit(), thrd_exit() and pthread_cancel().  No call of the
 * runtime is a cancellation point, so a thread is cancelled between them, or
 * in the code of its finalizers and callbacks, which must not let that happen:
 * let them switch cancellation off around what could be such a point.  Nor may
 * a thread be cancellable asynchronously while it is in a call.
 */
#ifndef WEIR_THREAD_H
#define WEIR_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/atomic.h>
#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The part of a thread's record that inlined code reads.  Not for users. */
struct weir_thread_pub { /* SHARED */
    /* [atomic: owner reads relaxed; anyone sets and clears bits] */
    uint32_t pending;

    /* [const] 0 */
    uint32_t reserved;
};

/*
 * The calling thread's record.  Never NULL: a detached thread sees a constant
 * record that sends every checkpoint to the slow path.  Not for users.
 */
extern WEIR_API __thread struct weir_thread_pub *weir_self_
    __attribute__((tls_model("initial-exec")));

/* What weir_checkpoint() calls when something is pending; not for users. */
WEIR_API int weir_checkpoint_slow_(void);

/*
 * Do what is asked of this thread, if anything: hand the global lock to a
 * waiter, stop while the world is stopped, collect.  One load and a branch
 * when nothing is asked.  User code may run: finalizers, collector callbacks.
 *
 * Caller: attached; in the middle of no operation on an object.
 * Returns 0, or WEIR_ESTATE when the thread is not attached.
 *
 * Inlined without optimisation too: where a thread is said to have arrived late
 * is then a place in its own loop.
 */
static inline __attribute__((always_inline)) int
weir_checkpoint(void)
{
    if (__builtin_expect(weir_load_relaxed(&weir_self_->pending) == 0, 1)) {
        return 0;
    }
    return weir_checkpoint_slow_();
}

/*
 * Attach the calling thread; calls nest.  A thread new to the runtime is
 * registered first and forgotten when it exits; exiting while attached is
 * allowed and detaches.  Waits for the global lock, or for the end of a stop.
 * Inside a blocking section it attaches again until the matching detach.
 *
 * Any thread.  Returns 0; WEIR_ESTATE when the runtime is not running;
 * WEIR_ENOMEM or WEIR_ELIMIT (65,534 threads) when the thread cannot be
 * registered.
 */
WEIR_API int weir_attach(void);

/*
 * Undo one weir_attach() of this thread; the outermost one detaches.
 *
 * Returns 0, or WEIR_ESTATE when not attached or inside a blocking section
 * that was begun since that weir_attach().
 */
WEIR_API int weir_detach(void);

/*
 * Let the others run while this thread blocks; it must not touch objects
 * until weir_blocking_end().  Begin and end do not nest within one attach.
 *
 * Caller: attached.  Returns 0, WEIR_ESTATE when the thread is not attached,
 * WEIR_ELIMIT above 63 levels of attach.
 */
WEIR_API int weir_blocking_begin(void);

/*
 * End the section: attach again, waiting as weir_attach() does.
 *
 * Returns 0, or WEIR_ESTATE when no section is open.
 */
WEIR_API int weir_blocking_end(void);

/* True when the calling thread is attached now.  Any thread. */
WEIR_API bool weir_attached(void);

/*
 * How long a thread waits for the global lock before it asks the holder to
 * let go, in microseconds, 1 to 1,000,000,000; 5,000 unless configured.  It
 * holds at once for all threads.
 *
 * Any thread, at any time; weir_start() sets it anew.  Returns 0, or
 * WEIR_EINVAL out of range.
 */
WEIR_API int weir_set_switch_interval(uint64_t us);

/* The interval in force, in microseconds.  Any thread. */
WEIR_API uint64_t weir_switch_interval(void);

/*
 * The name of the global lock's policy, "none" where threads run in parallel
 * or nothing runs.  A constant string.  Any thread, but not beside
 * weir_start() or weir_stop().
 */
WEIR_API const char *weir_lock_policy(void);

/*
 * Write what every thread does to fd, one line each, and one about the lock
 * and the world: for a watchdog that finds that nothing moves.  It takes no
 * lock, so that it can be had then, and what it says of threads that run may
 * be over already; with weir_config.account it says since when.
 *
 * Any thread, attached or not, but not beside weir_stop().  Returns 0, or
 * WEIR_ESTATE when the runtime does not run.
 */
WEIR_API int weir_report_threads(int fd);

#ifdef __cplusplus
}
#endif
#endif
