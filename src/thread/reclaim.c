/* SPDX-License-Identifier: MIT */
/*
 * thread/reclaim.c - grace periods: the only file that calls liburcu.
 *
 * The reclaimer's round:
 *   1. take what is waiting: deferred calls, retired blocks, pools in limbo;
 *   2. ask every thread to refresh its read section, and go on asking: a
 *      thread that refreshed once may re-enter in the old phase, so the bit
 *      stays until the grace period is over, and new threads inherit it;
 *   3. wait for the grace period;
 *   4. stop asking, make the calls, release blocks and pools.
 *
 * liburcu is not instrumented, so ThreadSanitizer is told what it orders:
 * leaving a section releases `section`, the end of a grace period acquires it.
 */
#include "thread/reclaim.h"

#include "heap/limbo.h"
#include "thread/lock.h"
#include "thread/retire.h"
#include "thread/safepoint.h"

#include <pthread.h>
#include <signal.h>
#include <urcu/urcu-bp.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WR_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define WR_TSAN 1
#endif

#ifdef WR_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#else
#define __tsan_acquire(addr) ((void)(addr))
#define __tsan_release(addr) ((void)(addr))
#endif

enum { RECLAIMER_NONE = 0, RECLAIMER_STARTING = 1, RECLAIMER_RUNS = 2 };

static struct { /* SHARED */
    /* [inner] the reclaimer sleeps here */
    struct wr_parker parker;

    /* [atomic: CAS acq_rel by whoever starts it; stop reads acquire] */
    uint32_t state;

    /* [atomic: stop writes release; reclaimer reads acquire] */
    uint32_t ending;

    /* [atomic: anyone pushes acq_rel; reclaimer takes all acq_rel] */
    struct wr_reclaim_node *deferred;

    /* [inner] WR_RANK_RECLAIM; held by the reclaimer while it takes, calls and
     * releases, so that a fork finds all that is owed in the fields below */
    struct wr_mutex lock;

    /* [lock: lock] taken and waiting for the grace period */
    struct wr_reclaim_node *taken;
    void *retired;
    struct wr_limbo_batch batch;

    /* [stat] */
    uint64_t grace_periods;

    /* [const] once state is RECLAIMER_RUNS */
    pthread_t thread;
} reclaimer = {
    .lock = WR_MUTEX_INIT(WR_RANK_RECLAIM),
};

bool wr_reclaim_on_;

/* What liburcu orders and ThreadSanitizer cannot see; its address counts. */
static char section;

void
wr_reclaim_enter_(void)
{
    urcu_bp_read_lock();
}

void
wr_reclaim_leave_(void)
{
    __tsan_release(&section);
    urcu_bp_read_unlock();
}

void
wr_reclaim_leave_at_exit(void)
{
    if (!wr_reclaim_on()) {
        return;
    }
    __tsan_release(&section);
    /* liburcu's own exit handler may have forgotten this thread already. */
    if (urcu_bp_read_ongoing()) {
        urcu_bp_read_unlock();
    }
}

void
wr_reclaim_refresh(struct wr_thread *self)
{
    (void)self;
    WEIR_ASSERT(wr_load_relaxed(&self->state) == WR_ATTACHED);
    wr_reclaim_leave();
    wr_reclaim_enter();
}

/* Make the deferred calls, oldest first. */
static void
call_all(struct wr_reclaim_node *newest)
{
    struct wr_reclaim_node *oldest = NULL;

    while (newest != NULL) {
        struct wr_reclaim_node *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct wr_reclaim_node *next = oldest->next;

        oldest->fn(oldest);
        oldest = next;
    }
}

static struct wr_reclaim_node *
take_deferred(void)
{
    /* [pair:deferred/acq] */
    return wr_exchange_acq_rel(&reclaimer.deferred,
                               (struct wr_reclaim_node *)NULL);
}

/* Take what waits.  False: nothing does. */
static bool
take_all_locked(void)
{
    WEIR_ASSERT(reclaimer.taken == NULL && reclaimer.retired == NULL &&
                reclaimer.batch.count == 0);
    reclaimer.taken = take_deferred();
    reclaimer.retired = wr_retired_take();
    reclaimer.batch = wr_limbo_take();
    return reclaimer.taken != NULL || reclaimer.retired != NULL ||
           reclaimer.batch.count != 0;
}

/* Its time has come: call and release what was taken. */
static void
give_all_locked(void)
{
    static const struct wr_limbo_batch none;

    call_all(reclaimer.taken);
    reclaimer.taken = NULL;
    wr_retired_release(reclaimer.retired);
    reclaimer.retired = NULL;
    wr_limbo_release(reclaimer.batch);
    reclaimer.batch = none;
}

static void
one_round(void)
{
    bool any;

    wr_mutex_lock(&reclaimer.lock);
    any = take_all_locked();
    wr_mutex_unlock(&reclaimer.lock);
    if (!any) {
        return;
    }
    if (wr_reclaim_on()) {
        wr_threads_ask(WR_PENDING_RECLAIM);
        urcu_bp_synchronize_rcu();
        __tsan_acquire(&section);
        wr_threads_unask(WR_PENDING_RECLAIM);
    }
    wr_store_relaxed(&reclaimer.grace_periods, reclaimer.grace_periods + 1);
    wr_mutex_lock(&reclaimer.lock);
    give_all_locked();
    wr_mutex_unlock(&reclaimer.lock);
}

static void *
reclaimer_main(void *unused)
{
    (void)unused;
    /* Ends at wr_reclaim_stop(). */
    while (wr_load_acquire(&reclaimer.ending) == 0) {
        one_round();
        wr_park(&reclaimer.parker);
    }
    return NULL;
}

/*
 * Start the thread, unless it runs.  A failure is not an error: memory waits
 * a little longer, and the next wake-up tries again.
 */
static void
start_reclaimer(void)
{
    uint32_t state = RECLAIMER_NONE;
    sigset_t all;
    sigset_t old;
    int error;

    if (!wr_cas_acq_rel(&reclaimer.state, &state,
                        (uint32_t)RECLAIMER_STARTING)) {
        return;
    }
    /* Signals are for the embedder's threads. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&reclaimer.thread, NULL, reclaimer_main, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    wr_store_release(&reclaimer.state,
                     (uint32_t)(error == 0 ? RECLAIMER_RUNS : RECLAIMER_NONE));
}

void
wr_reclaim_wake(void)
{
    if (wr_unlikely(wr_load_acquire(&reclaimer.state) == RECLAIMER_NONE)) {
        start_reclaimer();
    }
    wr_unpark(&reclaimer.parker);
}

void
wr_reclaim_defer(struct wr_reclaim_node *node,
                 void (*fn)(struct wr_reclaim_node *node))
{
    struct wr_reclaim_node *head;

    node->fn = fn;
    if (!wr_reclaim_on()) {
        fn(node);
        return;
    }
    head = wr_load_relaxed(&reclaimer.deferred);
    do {
        node->next = head;
        /* [pair:deferred/rel] */
    } while (!wr_cas_weak_acq_rel(&reclaimer.deferred, &head, node));
    if (head == NULL || wr_load_relaxed(&reclaimer.state) == RECLAIMER_NONE) {
        wr_reclaim_wake();
    }
}

uint64_t
wr_reclaim_grace_periods(void)
{
    return wr_load_relaxed(&reclaimer.grace_periods);
}

void
wr_reclaim_start(void)
{
    wr_parker_init(&reclaimer.parker);
    wr_store_relaxed(&reclaimer.state, (uint32_t)RECLAIMER_NONE);
    wr_store_relaxed(&reclaimer.ending, 0u);
    wr_store_relaxed(&reclaimer.grace_periods, (uint64_t)0);
    wr_reclaim_on_ = wr_cfg_parallel && !wr_lock_on();
    /* With the lock switched on pools still pass through limbo. */
    wr_limbo_wake = wr_cfg_parallel ? wr_reclaim_wake : NULL;
}

/*
 * Joining is a cancellation point, and a thread that is cancelled half way
 * through a stop leaves the runtime locked.
 */
static void
join_reclaimer(void)
{
    int before;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    (void)pthread_join(reclaimer.thread, NULL);
    (void)pthread_setcancelstate(before, NULL);
}

void
wr_reclaim_stop(void)
{
    wr_limbo_wake = NULL;
    if (wr_load_acquire(&reclaimer.state) == RECLAIMER_RUNS) {
        wr_store_release(&reclaimer.ending, 1u);
        wr_unpark(&reclaimer.parker);
        join_reclaimer();
    }
    /* Nobody is inside a section any more: no need to wait. */
    wr_mutex_lock(&reclaimer.lock);
    if (take_all_locked()) {
        give_all_locked();
    }
    wr_mutex_unlock(&reclaimer.lock);
    wr_reclaim_on_ = false;
}

/* ---- fork --------------------------------------------------------------- */

void
wr_reclaim_fork_lock(void)
{
    wr_mutex_fork_lock(&reclaimer.lock);
}

void
wr_reclaim_fork_unlock(void)
{
    wr_mutex_fork_unlock(&reclaimer.lock);
}

void
wr_reclaim_before_fork(void)
{
    if (wr_reclaim_on()) {
        /* The grace period that this waits for must not wait for us. */
        wr_reclaim_leave();
        urcu_bp_before_fork();
    }
}

/*
 * The reclaimer is gone; the next that has something to defer starts another.
 * At the fork every thread was outside its section, which is as good as a
 * grace period: what the reclaimer owed is done here.
 */
static void
be_reclaimer(void)
{
    wr_parker_init(&reclaimer.parker);
    wr_store_relaxed(&reclaimer.ending, 0u);
    wr_store_release(&reclaimer.state, (uint32_t)RECLAIMER_NONE);
    __tsan_acquire(&section);
    wr_mutex_lock(&reclaimer.lock);
    give_all_locked();
    if (take_all_locked()) {
        give_all_locked();
    }
    wr_mutex_unlock(&reclaimer.lock);
}

void
wr_reclaim_after_fork(bool child)
{
    if (wr_reclaim_on()) {
        if (child) {
            urcu_bp_after_fork_child();
        } else {
            urcu_bp_after_fork_parent();
        }
    }
    if (child) {
        be_reclaimer();
    }
    wr_reclaim_enter();
}
