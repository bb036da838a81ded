/* SPDX-License-Identifier: MIT */
/*
 * stress/runner.c - threads, the starting gun and the clock of one run.
 *
 * One barrier, passed four times by every worker and by the main thread: ready
 * (all have prepared; the main thread reads the process's clock), go, done (the
 * same), settle.  All threads pass all four, whatever failed before, so no
 * failure can leave one waiting.
 */
#include "runner.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <weir/atomic.h>

/* What weir/error.h calls WEIR_ENOMEM; the peers do not include it. */
#define NO_MEMORY (-1)

struct gate { /* SHARED */
    /* [const] */
    const struct wr_runner_hooks *hooks;
    struct weir_run *run;
    void *context;

    /* [inner] */
    pthread_barrier_t barrier;

    /* [atomic: cas relaxed by any worker; read relaxed between two passes of
     * the barrier, and after the join] the worker that failed first, from 1
     * on; 0: none */
    uint32_t failed;
};

/* One per thread; read by the main thread after the join. */
struct slot {
    struct gate *gate;
    struct weir_worker *worker;
    pthread_t thread;
    int error;
    uint64_t started_ns;
    uint64_t ended_ns;
};

static uint64_t
clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int
call(int (*hook)(void))
{
    return hook == NULL ? 0 : hook();
}

static int
call_worker(int (*step)(struct weir_run *, struct weir_worker *),
            struct slot *slot)
{
    return step == NULL ? 0 : step(slot->gate->run, slot->worker);
}

/* Remember what a step of this thread returned, if it is the first failure. */
static void
note(struct slot *slot, int error)
{
    uint32_t none = 0;

    if (error == 0 || slot->error != 0) {
        return;
    }
    slot->error = error;
    (void)weir_cas_relaxed(&slot->gate->failed, &none, slot->worker->index + 1);
}

/* Two passes, between which the main thread reads a clock.  The caller has
 * paused.  True when nobody has failed so far, the same for all. */
static bool
pass_twice(struct gate *gate)
{
    bool good;

    (void)pthread_barrier_wait(&gate->barrier);
    good = weir_load_relaxed(&gate->failed) == 0;
    (void)pthread_barrier_wait(&gate->barrier);
    return good;
}

/* The main thread's side of pass_twice(): the process's CPU time between. */
static uint64_t
pass_and_read(struct gate *gate)
{
    uint64_t cpu;

    (void)pthread_barrier_wait(&gate->barrier);
    cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    (void)pthread_barrier_wait(&gate->barrier);
    return cpu;
}

static void *
worker_main(void *argument)
{
    struct slot *slot = argument;
    struct gate *gate = slot->gate;
    const struct wr_runner_hooks *hooks = gate->hooks;
    const struct weir_program *program = gate->run->program;
    bool entered;
    bool good;

    note(slot, call(hooks->enter));
    entered = slot->error == 0;
    if (entered && hooks->entered != NULL) {
        hooks->entered(gate->context, slot->worker->index);
    }
    if (entered) {
        note(slot, call_worker(program->prepare, slot));
        (void)call(hooks->pause);
    }
    good = pass_twice(gate);
    slot->started_ns = clock_ns(CLOCK_MONOTONIC);
    if (entered) {
        (void)call(hooks->resume);
        /* All or none: they may wait for each other. */
        if (good) {
            note(slot, call_worker(program->work, slot));
        }
        (void)call(hooks->pause);
    }
    slot->ended_ns = clock_ns(CLOCK_MONOTONIC);
    (void)pass_twice(gate);
    if (entered) {
        const char *failure = slot->worker->failure;

        (void)call(hooks->resume);
        note(slot, call_worker(program->settle, slot));
        if (failure != NULL) {
            slot->worker->failure = failure;
        }
        if (hooks->leave != NULL) {
            hooks->leave();
        }
    }
    return NULL;
}

/*
 * Start the threads.  A barrier cannot be left early: when the n-th thread
 * fails to start, the others wait for ever, so the caller gives up the process.
 */
static int
start_threads(struct gate *gate, struct slot *slots)
{
    struct weir_run *run = gate->run;
    uint64_t seed = run->seed;

    for (uint32_t i = 0; i < run->threads; i++) {
        run->workers[i].index = i;
        run->workers[i].seed = weir_program_random(&seed);
        slots[i].gate = gate;
        slots[i].worker = &run->workers[i];
        if (pthread_create(&slots[i].thread, NULL, worker_main, &slots[i]) !=
            0) {
            return NO_MEMORY;
        }
    }
    return 0;
}

/* Join all and sum up. */
static void
collect_slots(struct slot *slots, uint32_t n, struct wr_runner_times *times)
{
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;

    times->ops = 0;
    for (uint32_t i = 0; i < n; i++) {
        pthread_join(slots[i].thread, NULL);
        if (slots[i].started_ns < first) {
            first = slots[i].started_ns;
        }
        if (slots[i].ended_ns > last) {
            last = slots[i].ended_ns;
        }
        times->ops += slots[i].worker->ops;
    }
    times->wall_s = (double)(last - first) / 1e9;
}

/* What went wrong first is what went wrong; the rest may follow from it. */
static int
first_error(const struct gate *gate, const struct slot *slots)
{
    uint32_t failed = weir_load_relaxed(&gate->failed);

    if (failed == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < gate->run->threads; i++) {
        if (i + 1 != failed) {
            gate->run->workers[i].failure = NULL;
        }
    }
    return slots[failed - 1].error;
}

int
wr_runner_run(struct weir_run *run, const struct wr_runner_hooks *hooks,
              void *context, struct wr_runner_times *times)
{
    struct slot *slots = calloc(run->threads, sizeof(struct slot));
    struct gate gate = {.hooks = hooks, .run = run, .context = context};
    uint64_t cpu_start;
    int error;

    if (slots == NULL) {
        return NO_MEMORY;
    }
    pthread_barrier_init(&gate.barrier, NULL, run->threads + 1);
    error = start_threads(&gate, slots);
    if (error != 0) {
        fprintf(stderr, "cannot start %u threads\n", run->threads);
        _exit(70);
    }
    cpu_start = pass_and_read(&gate);
    times->cpu_s = (double)(pass_and_read(&gate) - cpu_start) / 1e9;
    collect_slots(slots, run->threads, times);
    error = first_error(&gate, slots);
    pthread_barrier_destroy(&gate.barrier);
    free(slots);
    return error;
}

/* Read a small file of /proc; false when it cannot be read. */
static bool
read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0) {
        return false;
    }
    got = read(fd, text, size - 1);
    close(fd);
    if (got <= 0) {
        return false;
    }
    text[got] = '\0';
    return true;
}

int64_t
wr_runner_peak_rss_kb(void)
{
    /* getrusage() would also count the parent's memory before the exec. */
    char text[4096];
    const char *line;

    if (!read_file("/proc/self/status", text, sizeof(text))) {
        return 0;
    }
    line = strstr(text, "VmHWM:");
    return line == NULL ? 0 : strtoll(line + strlen("VmHWM:"), NULL, 10);
}

uint64_t
wr_runner_rss_bytes(void)
{
    char text[256];
    char *second;

    if (!read_file("/proc/self/statm", text, sizeof(text))) {
        return 0;
    }
    second = strchr(text, ' ');
    if (second == NULL) {
        return 0;
    }
    return strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}
