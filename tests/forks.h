/* SPDX-License-Identifier: MIT */
/*
 * tests/forks.h - children that prove they are well, and who waits for them.
 *
 * A child says by its exit status which of its steps failed, and a parent
 * waits for it with a limit: a child that hangs is killed and has failed.  So
 * nothing here is an assert but in wr_fork_check().
 */
#ifndef WR_TESTS_FORKS_H
#define WR_TESTS_FORKS_H

#include "tests/crew.h"

#include "base/mutex.h"
#include "collect/collect.h"
#include "thread/lock.h"
#include "thread/thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    /* how long a child may take; most of it is for slow machines */
    WR_CHILD_LIMIT_MS = 30000,
    WR_CHILD_THREADS = 2,

    /* what wr_fork_reap() says of a child that had to be killed */
    WR_CHILD_HANGS = 1000,
    /* of one that died of a signal: this and the signal */
    WR_CHILD_DIED = 2000
};

/* Of coverage builds, where it writes down what the process has run. */
extern void __gcov_dump(void) __attribute__((weak));

/*
 * End a child.  Not by _exit(): there ThreadSanitizer calls a thread that has
 * ended in the parent, and that the parent has still to join, leaked.
 */
_Noreturn static inline void
wr_fork_exit(int status)
{
    if (__gcov_dump != NULL) {
        __gcov_dump();
    }
    (void)syscall(SYS_exit_group, status);
    abort();
}

/* What the two sides of a fork share: closed when the child ends. */
struct wr_lifeline {
    int fd[2];
};

static inline struct wr_lifeline
wr_fork_open(void)
{
    struct wr_lifeline line = {{-1, -1}};

    (void)!pipe(line.fd);
    return line;
}

/* Wait for the child's end; its exit status.  Detached, or attached to nothing
 * that the child needs. */
static inline int
wr_fork_reap(pid_t pid, struct wr_lifeline line)
{
    struct pollfd end = {.fd = line.fd[0]};
    int status = 0;
    int ready;

    (void)close(line.fd[1]);
    do {
        ready = poll(&end, 1, WR_CHILD_LIMIT_MS);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        (void)kill(pid, SIGKILL);
    }
    (void)close(line.fd[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (ready == 0) {
        return WR_CHILD_HANGS;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status)
                             : WR_CHILD_DIED + WTERMSIG(status);
}

/* ---- what a child does to prove that it is well -------------------------- */

static inline weir_object *
wr_fork_make_ring(void)
{
    weir_object *a = weir_list_new();
    weir_object *b = weir_list_new();

    if (a == NULL || b == NULL || weir_list_append(a, b) != 0 ||
        weir_list_append(b, a) != 0) {
        return NULL;
    }
    weir_decref(b);
    return a;
}

/* Objects of many sizes come and go. */
static inline bool
wr_fork_allocates(void)
{
    weir_object *all = weir_list_new();
    bool good = all != NULL;

    for (int i = 0; good && i < 200; i++) {
        weir_object *one = i % 2 == 0 ? weir_list_new() : weir_dict_new();

        good = one != NULL && weir_list_append(all, one) == 0;
        weir_xdecref(one);
        one = weir_int_new(INT64_C(1000000) + i);
        good = good && weir_list_append(all, one) == 0;
        weir_xdecref(one);
    }
    weir_xdecref(all);
    return good;
}

/* A ring is found and freed, where there are counts. */
static inline bool
wr_fork_collects(void)
{
    weir_object *ring;

    if (weir_gc_collect(2) < 0) {
        return false;
    }
    ring = wr_fork_make_ring();
    weir_xdecref(ring);
    return ring != NULL && (!wr_cfg_counted || weir_gc_collect(2) == 2);
}

static inline void *
wr_fork_thread(void *arg)
{
    uint32_t *good = arg;

    if (weir_attach() == 0) {
        bool well = wr_fork_allocates() && weir_checkpoint() == 0 &&
                    weir_blocking_begin() == 0 && weir_blocking_end() == 0;

        if (weir_detach() == 0 && well) {
            (void)wr_fetch_add_acq_rel(good, 1u);
        }
    }
    return NULL;
}

static inline bool
wr_fork_starts_threads(void)
{
    pthread_t threads[WR_CHILD_THREADS];
    uint32_t good = 0;
    int n = 0;

    while (n < WR_CHILD_THREADS &&
           pthread_create(&threads[n], NULL, wr_fork_thread, &good) == 0) {
        n++;
    }
    if (weir_blocking_begin() != 0) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return weir_blocking_end() == 0 &&
           wr_load_acquire(&good) == WR_CHILD_THREADS;
}

/* Caller: in a child.  0, or the number of the step that failed. */
static inline int
wr_fork_prove(int generations)
{
    struct wr_lifeline line;
    pid_t pid;
    int status;

    if (!weir_attached() || !weir_running() || wr_threads_count() != 1) {
        return 11;
    }
    if (wr_mutex_any_held() || wr_collect_running()) {
        return 12;
    }
    if (!wr_fork_allocates()) {
        return 13;
    }
    if (weir_checkpoint() != 0 || !wr_fork_collects()) {
        return 14;
    }
    if (!wr_fork_starts_threads()) {
        return 15;
    }
    if (generations == 0) {
        return weir_stop() == 0 && !weir_attached() ? 0 : 16;
    }
    line = wr_fork_open();
    pid = weir_fork();
    if (pid == 0) {
        wr_fork_exit(wr_fork_prove(generations - 1));
    }
    if (pid < 0) {
        return 17;
    }
    status = wr_fork_reap(pid, line);
    if (status != 0) {
        return status < 256 ? status + 10 : 18;
    }
    return wr_fork_allocates() && weir_stop() == 0 ? 0 : 19;
}

/* A child that proves itself, as its parent knows it. */
struct wr_child {
    pid_t pid;
    struct wr_lifeline line;
};

/*
 * Fork; the child proves itself, and so do `generations` of its descendants.
 * Caller: attached.  0, or what weir_fork() returned.
 */
static inline int
wr_fork_begin(struct wr_child *child, int generations)
{
    child->line = wr_fork_open();
    child->pid = weir_fork();
    if (child->pid == 0) {
        wr_fork_exit(wr_fork_prove(generations));
    }
    if (child->pid < 0) {
        (void)close(child->line.fd[0]);
        (void)close(child->line.fd[1]);
        return (int)child->pid;
    }
    return 0;
}

/* Wait for its end, detached.  As wr_fork_reap(). */
static inline int
wr_fork_end(const struct wr_child *child)
{
    int status;

    (void)weir_blocking_begin();
    status = wr_fork_reap(child->pid, child->line);
    (void)weir_blocking_end();
    return status;
}

static inline int
wr_fork_once(int generations)
{
    struct wr_child child;
    int error = wr_fork_begin(&child, generations);

    return error != 0 ? error : wr_fork_end(&child);
}

#endif
