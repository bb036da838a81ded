/* SPDX-License-Identifier: MIT */
/*
 * weir/program.h - a workload that the lab can run in every cell.
 *
 * A program is a table: a name, its parameters, and callbacks that work on
 * objects through weir/weir.h alone.  The lab compiles the table once per
 * flavour, starts the runtime, the threads and the clock, and calls back.  The
 * programs that come with Weir and those of an embedder use the same table; an
 * embedder builds a shared object per flavour and names it with --load.
 *
 * The order of the calls, with N threads:
 *
 *   setup          once, main thread
 *   prepare  x N   each worker, not measured
 *   ---- all workers are released together: the clock starts ----
 *   work     x N   each worker, measured
 *   ---- the last worker is back: the clock stops ----
 *   settle   x N   each worker, not measured
 *   check          once, main thread, the workers are gone
 *   teardown       once, main thread
 *
 * Every callback runs attached.  A callback other than work may be NULL.  When
 * one fails, the next ones are left out, except that settle follows prepare
 * and teardown follows setup in any case: they free what there is.  When one
 * worker fails to prepare, none works: they may wait for each other.
 *
 * The number of operations is fixed by the parameters: time never decides how
 * much is done.  Programs that ask who gets the processor are the exception:
 * they work for a time and say so (WEIR_PROGRAM_TIMED).  Loops in work() call
 * weir_checkpoint() often enough that a thread answers within some
 * microseconds.
 *
 * This header needs nothing of the runtime, so that measured peers which do
 * not use Weir can share parameter tables with the programs.  WEIR_PROGRAM
 * needs weir/weir.h to be included as well.
 *
 * Read next: docs/add-a-program.md, stress/programs/trees.c.
 */
#ifndef WEIR_PROGRAM_H
#define WEIR_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the structs below; a loaded program must have the same. */
#define WEIR_PROGRAM_VERSION 2

/* The symbol that a loadable program exports; the same for all versions,
 * since the stamp, which comes first in each, says which one it is. */
#define WEIR_PROGRAM_SYMBOL "weir_program_v1"

struct weir_run;
struct weir_worker;

/*
 * What a program was compiled for.  Reference counts are inlined into the
 * program, so one that was compiled for another flavour, debug level or
 * interface version would corrupt the heap silently; the lab compares the
 * stamps first and refuses.
 */
struct weir_program_stamp {
    /* WEIR_PROGRAM_VERSION */
    uint32_t version;

    /* the runtime's interface version, WEIR_ABI_VERSION */
    uint32_t abi;

    /* WEIR_FLAVOUR_ID_*, and WEIR_DEBUG */
    uint32_t flavour;
    uint32_t debug;
};

/* One parameter: a whole number, or one word of a list. */
struct weir_program_param {
    const char *name;

    /* the default, written as a user would type it */
    const char *initial;

    /* what is counted ("objects", "levels"); NULL for a word */
    const char *unit;

    /* one sentence */
    const char *help;

    /* "tight|batch|random" for a word; NULL for a number */
    const char *words;

    /* the smallest and largest number allowed; not used for a word */
    int64_t min;
    int64_t max;
};

/* The value of a parameter in one run. */
struct weir_program_value {
    /* the number, or the index of the word in its list */
    int64_t number;

    /* as typed */
    const char *text;
};

/* The program does the same work, and ends in the same heap, at equal
 * parameters, seed and number of threads: checksums can be compared. */
#define WEIR_PROGRAM_DETERMINISTIC 1u

/* Threads change the same containers.  Without object locks and without the
 * global lock such a program may run on one thread only. */
#define WEIR_PROGRAM_SHARED 2u

/* It works for a time that a parameter says, and counts what gets done:
 * nothing that `weir compare` could compare. */
#define WEIR_PROGRAM_TIMED 4u

/* The description of a program; constant.  Fill it through WEIR_PROGRAM. */
struct weir_program {
    struct weir_program_stamp stamp;

    /* lower case letters, digits and '-' */
    const char *name;

    /* one line for a list of programs */
    const char *summary;

    /* what it models, what an operation is, what is checked; a few lines */
    const char *help;

    /* ends with an entry whose name is NULL; NULL when there are none */
    const struct weir_program_param *params;

    /* WEIR_PROGRAM_* */
    uint32_t flags;

    /* the most threads it can use; 0: no limit */
    uint32_t threads_max;

    /*
     * Each returns 0, a negative WEIR_E* code, or WEIR_PROGRAM_FAILED for a
     * wrong result, with the reason given through weir_program_fail() or, on
     * a worker, weir_worker_fail().  Anything but 0 ends the run; teardown is
     * called all the same, also when setup itself failed half way.
     */
    int (*setup)(struct weir_run *run);
    int (*prepare)(struct weir_run *run, struct weir_worker *worker);
    int (*work)(struct weir_run *run, struct weir_worker *worker);
    int (*settle)(struct weir_run *run, struct weir_worker *worker);
    int (*check)(struct weir_run *run);
    void (*teardown)(struct weir_run *run);

    /* How many threads it takes with these values of its parameters; no other
     * number can run it.  Called before the runtime starts.  NULL: any number
     * up to threads_max. */
    uint32_t (*threads)(const struct weir_program_value *values);
};

/* How long a worker's requests took, in ns; all 0: it answers none. */
struct weir_worker_latency {
    uint64_t count;
    uint64_t p50;
    uint64_t p90;
    uint64_t p99;
    uint64_t p999;
    uint64_t max;
};

/* One thread of a run.  Only its own thread touches it, and the main thread
 * before it starts and after it ended. */
struct weir_worker {
    /* 0 .. run->threads - 1 */
    uint32_t index;

    /* differs per thread, follows from the seed of the run */
    uint64_t seed;

    /* work() sets it: operations done, in the program's own unit */
    uint64_t ops;

    /* for the program: a result of this thread, and anything it needs */
    uint64_t checksum;
    void *data;

    /* prepare() may set it: what this thread does, where threads do different
     * things; a constant word, NULL for none */
    const char *role;

    /* work() or settle() may set it */
    struct weir_worker_latency latency;

    /* why the work went wrong; set by weir_worker_fail() */
    const char *failure;
};

/* One run.  Callbacks on worker threads read it only. */
struct weir_run {
    const struct weir_program *program;

    uint32_t threads;
    uint64_t seed;

    /* same order as program->params */
    const struct weir_program_value *params;

    /* threads entries */
    struct weir_worker *workers;

    /* for the program: what setup() made */
    void *data;

    /* check() sets it: of the logical heap, without addresses, the same in
     * whatever order the threads ran */
    uint64_t checksum;

    /* check() sets it when the program can count updates that were lost;
     * negative: it cannot */
    int64_t lost_updates;

    /* why a check failed; set by weir_program_fail() */
    const char *failure;
};

/* What a callback returns after weir_program_fail() or weir_worker_fail(). */
#define WEIR_PROGRAM_FAILED 1

/*
 * Report a wrong result; `reason` is a constant sentence for the user.
 *
 * Caller: setup or check, on the main thread.
 * Returns WEIR_PROGRAM_FAILED, to be returned by the callback.
 */
static inline int
weir_program_fail(struct weir_run *run, const char *reason)
{
    run->failure = reason;
    return WEIR_PROGRAM_FAILED;
}

/* The same for prepare, work and settle, on the worker's own thread. */
static inline int
weir_worker_fail(struct weir_worker *worker, const char *reason)
{
    worker->failure = reason;
    return WEIR_PROGRAM_FAILED;
}

/*
 * The next number of a small, fast, seeded generator (splitmix64); *state is
 * the seed at first.  For workloads only.
 */
static inline uint64_t
weir_program_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A well mixed function of `value`, for checksums and derived values. */
static inline uint64_t
weir_program_mix(uint64_t value)
{
    return weir_program_random(&value);
}

/*
 * A barrier against the optimiser, no instruction: the compiler must assume
 * that `p` and all memory that it leads to is read and changed here.  Without
 * it an increment followed by a decrement of the same count is compiled to
 * nothing, and a block that is allocated and freed may never be allocated.
 */
static inline void
weir_program_keep(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

#define WEIR_PROGRAM_STAMP                                                     \
    {                                                                          \
        WEIR_PROGRAM_VERSION, WEIR_ABI_VERSION, WR_FLAVOUR_ID, WEIR_DEBUG      \
    }

/* Define a program under a name of your own, for static linking. */
#define WEIR_PROGRAM_NAMED(symbol, ...)                                        \
    extern const struct weir_program symbol;                                   \
    const struct weir_program symbol = {.stamp = WEIR_PROGRAM_STAMP,           \
                                        __VA_ARGS__}

/*
 * Define the program of a loadable object, once per shared object:
 *
 *   WEIR_PROGRAM(.name = "mine", .summary = "...", .work = my_work, ...);
 */
#define WEIR_PROGRAM(...)                                                      \
    extern const struct weir_program weir_program_v1                           \
        __attribute__((visibility("default")));                                \
    const struct weir_program weir_program_v1 = {.stamp = WEIR_PROGRAM_STAMP,  \
                                                 __VA_ARGS__}

#ifdef __cplusplus
}
#endif

#endif
