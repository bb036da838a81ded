/* SPDX-License-Identifier: MIT */
/*
 * thread/late.c - who holds everybody up, and where.
 */
#include "thread/late.h"

#include "base/clock.h"
#include "thread/account.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FRAMES = 24 };

/* How long a thread may take to tell where it is. */
#define ANSWER_NS UINT64_C(100000000)

static struct { /* SHARED */
    /* [atomic: asker writes release; both CAS acq_rel to 0] whose answer is
     * wanted; 0: nobody's.  Who takes it decides whether there is one */
    uint32_t asked;

    /* [atomic: handler writes release; asker reads acquire] it is there */
    uint32_t answered;

    /* [inner] the answer, published by answered */
    void *frames[FRAMES];
    int n;
} late;

void
wr_late_prepare(void)
{
    void *frames[2];

    /* The first call loads a library, which a handler must not. */
    (void)backtrace(frames, 2);
}

/* On the thread that is asked.  [pair:late/rel] */
static void
answer(int signal)
{
    uint32_t tid = (uint32_t)gettid();

    (void)signal;
    if (wr_cas_acq_rel(&late.asked, &tid, 0u)) {
        late.n = backtrace(late.frames, FRAMES);
        wr_store_release(&late.answered, 1u);
    }
}

/* Wait for it, awake: the others stand still.  [pair:late/acq] */
static bool
wait_for_answer(uint32_t tid)
{
    uint64_t end = wr_clock_ns() + ANSWER_NS;

    /* Ends when the time is over, or the handler that has begun is. */
    while (wr_load_acquire(&late.answered) == 0) {
        if (wr_clock_ns() >= end && wr_cas_acq_rel(&late.asked, &tid, 0u)) {
            return false;
        }
        wr_cpu_relax();
    }
    return true;
}

int
wr_late_name(struct wr_thread *t, uint64_t waited_ns, int fd)
{
    struct sigaction mine;
    struct sigaction before;
    uint32_t tid = wr_load_relaxed(&t->tid);
    bool told;

    memset(&mine, 0, sizeof(mine));
    mine.sa_handler = answer;
    mine.sa_flags = SA_RESTART;
    wr_store_relaxed(&late.answered, 0u);
    wr_store_release(&late.asked, tid);
    told = sigaction(SIGURG, &mine, &before) == 0 &&
           syscall(SYS_tgkill, getpid(), tid, SIGURG) == 0 &&
           wait_for_answer(tid);
    (void)sigaction(SIGURG, &before, NULL);
    (void)dprintf(fd,
                  "weir: thread %u has not come to a checkpoint for %llu ms, "
                  "and the world waits for it%s\n",
                  t->id, (unsigned long long)(waited_ns / 1000000),
                  told ? "; it is here:" : "; it does not say where it is");
    if (!told) {
        wr_store_relaxed(&late.asked, 0u);
        return 0;
    }
    /* Without the handler and what called it. */
    if (late.n > 2) {
        backtrace_symbols_fd(late.frames + 2, late.n - 2, fd);
    }
    return late.n > 2 ? late.n - 2 : 0;
}

/* ---- everybody ---------------------------------------------------------- */

static const char *
state_name(const struct wr_thread *t)
{
    switch (wr_load_relaxed(&t->state)) {
    case WR_ATTACHED:
        return "attached";
    case WR_DETACHED:
        return "detached";
    default:
        return "suspended";
    }
}

static void
describe(const struct wr_thread *t, const struct wr_thread *holder, int fd)
{
    static const char *const doing[WEIR_STATES] = {"running", "waiting",
                                                   "stopped", "blocked"};
    uint32_t pending = wr_load_relaxed(&t->pub.pending);
    char since[64] = "";

    if (t->account != NULL) {
        uint32_t state = wr_load_relaxed(&t->account->state);
        uint64_t ns = wr_clock_ns() - wr_load_relaxed(&t->account->since_ns);

        (void)snprintf(since, sizeof(since), ", %s for %llu ms",
                       doing[state % WEIR_STATES],
                       (unsigned long long)(ns / 1000000));
    }
    (void)dprintf(fd, "weir:   thread %u (tid %u): %s%s%s%s%s%s%s\n", t->id,
                  wr_load_relaxed(&t->tid),
                  wr_load_relaxed(&t->nest) != 0 ? "" : "outside, ",
                  state_name(t), t == holder ? ", has the lock" : "", since,
                  (pending & WR_PENDING_STOP) != 0 ? ", is to stop" : "",
                  (pending & WR_PENDING_DROP) != 0 ? ", is to yield" : "",
                  (pending & WR_PENDING_COLLECT) != 0 ? ", is to collect" : "");
}

int
weir_report_threads(int fd)
{
    const struct wr_thread *first = wr_load_acquire(&wr_world.threads);
    uintptr_t word = wr_load_relaxed(&wr_lock.word);
    const struct wr_thread *holder = wr_lock_holder_of(word);

    if (first == NULL) {
        return WEIR_ESTATE;
    }
    (void)dprintf(fd, "weir: the lock: %s%s; the world: %s, %u to come\n",
                  wr_lock_on() ? holder != NULL ? "taken" : "free" : "none",
                  (word & WR_LOCK_CONT) != 0 ? ", others wait" : "",
                  wr_world_stopped() ? "being stopped" : "runs",
                  wr_load_relaxed(&wr_world.countdown));
    for (const struct wr_thread *t = first; t != NULL; t = t->next) {
        describe(t, holder, fd);
    }
    return WEIR_OK;
}
