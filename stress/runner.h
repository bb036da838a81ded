/* SPDX-License-Identifier: MIT */
/*
 * stress/runner.h - threads, the starting gun and the clock of one run.
 *
 * Knows nothing of the runtime; the cells and the peers use it, so that both
 * are measured in the same way.  The wall time runs from the first thread that
 * is released to the last one that is done; preparing and settling stay
 * outside.  Clocks are the process's own: nothing is subtracted.
 */
#ifndef WR_STRESS_RUNNER_H
#define WR_STRESS_RUNNER_H

#include <stdint.h>

#include <weir/program.h>

/* The most threads of one run. */
#define WR_RUNNER_THREADS_MAX 1024

/*
 * What surrounds the callbacks of a program on each worker.  enter and leave
 * bracket the thread's life, pause and resume every wait of the runner, so
 * that a waiting thread never holds up the runtime.  NULL: nothing to do.
 */
struct wr_runner_hooks {
    int (*enter)(void);

    /* after enter: which worker this is; with the context of wr_runner_run */
    void (*entered)(void *context, uint32_t worker);
    void (*leave)(void);
    int (*pause)(void);
    int (*resume)(void);
};

/* What the clock says. */
struct wr_runner_times {
    double wall_s;

    /* of the whole process in the same interval */
    double cpu_s;

    /* summed over the workers */
    uint64_t ops;
};

/*
 * Run prepare, work and settle of run->program on run->threads threads.
 *
 * Caller: the main thread, in a state in which it may block for long.
 * run->workers has run->threads zeroed entries; index and seed are filled in.
 * `context` is for hooks->entered.
 * Returns 0; else what the worker returned that failed first, or WEIR_ENOMEM
 * (-1) when a thread could not be started; *times is then not to be used.
 */
int wr_runner_run(struct weir_run *run, const struct wr_runner_hooks *hooks,
                  void *context, struct wr_runner_times *times);

/* The most memory this process ever had resident, in KiB; 0: unknown. */
int64_t wr_runner_peak_rss_kb(void);

/* What is resident now, in bytes; 0: unknown. */
uint64_t wr_runner_rss_bytes(void);

#endif
