/* SPDX-License-Identifier: MIT */
/*
 * weir/runtime.h - starting and stopping the runtime.
 */
#ifndef WEIR_RUNTIME_H
#define WEIR_RUNTIME_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How to run.  Fill with weir_config_init(), then change what you need.  The
 * environment, read by weir_start(), overrides: WEIR_LOCK_POLICY,
 * WEIR_SWITCH_INTERVAL_US, WEIR_LATE_US, WEIR_GIL, WEIR_CHECKER,
 * WEIR_HEAP_BYTES.
 */
typedef struct weir_config {
    /* sizeof(weir_config), set by weir_config_init() */
    size_t size;
    /* lock policy by name: "boost" (default), "cpython", "fifo", "barging";
     * NULL: default; read by weir_start() only */
    const char *lock_policy;
    /* switch interval in microseconds; 0: the default, 5000 */
    uint64_t switch_interval_us;
    /* parallel flavours: run threads one at a time all the same */
    bool gil;
    /* redzones, poisoning, quarantine, so that a debug build recognises dead
     * objects; slow.  Default: on in builds with AddressSanitizer only */
    bool checker;
    /* address space to reserve for collectable objects, bytes, and as much
     * again for the rest; 0: the default, 64 GiB each.  Halved until it fits */
    uint64_t heap_bytes;
    /* seed of the string hash; 0: random */
    uint64_t hash_seed;
    /* start with automatic collection switched off */
    bool gc_disabled;
    /* microseconds: a thread that has not come to a checkpoint for so long,
     * while the world is to be stopped, is named on stderr, with its stack: it
     * is sent SIGURG for that.  0: never */
    uint64_t late_us;
    /* what is kept of the threads' time, WEIR_ACCOUNT_* (weir/account.h) */
    int account;
    /* events kept per thread, 24 bytes each; 0: the default, 65,536 */
    uint32_t account_events;
} weir_config;

/* Fill *config with the defaults.  NULL is ignored.  Any thread. */
WEIR_API void weir_config_init(weir_config *config);

/* What weir_start() calls; not for users. */
WEIR_API int weir_start_(const weir_config *config, int flavour, int debug,
                         int abi);

/*
 * Start the runtime and attach the calling thread to it.  config: NULL for
 * the defaults; not needed afterwards.  Any thread; starting and stopping
 * take a lock of their own.
 *
 * Returns 0, or WEIR_EABI when headers and library are of different flavour,
 * debug level or version; WEIR_ESTATE when it runs already; WEIR_EINVAL for a
 * bad configuration or environment; WEIR_ENOMEM.  After weir_stop() it can be
 * started again.
 */
static inline int
weir_start(const weir_config *config)
{
    return weir_start_(config, WR_FLAVOUR_ID, WEIR_DEBUG, WEIR_ABI_VERSION);
}

/*
 * There are three ways to end the runtime:
 *
 *   weir_stop()       gives the memory back, and runs nothing of the user's
 *   weir_stop_full()  lets every finalizer run first, and says what was alive
 *   weir_stop_fast()  does nothing at all, for a process that is about to end
 *
 * Finalizers of objects that are alive at the end are a promise of the second
 * one only.
 */

/*
 * End the runtime and give all its memory back.  Every object and type is
 * gone afterwards, whoever still refers to it; finalizers of objects that
 * are alive do not run, nor do release functions of foreign types.  Caller:
 * an attached thread, which is detached by it; all other threads have
 * detached.
 *
 * Returns 0; WEIR_EBUSY when another thread is attached or in a blocking
 * section, or in a finalizer or a callback of the runtime, and nothing
 * happens; WEIR_ESTATE when the runtime does not run or the caller is not
 * attached.
 */
WEIR_API int weir_stop(void);

/* How many objects of a type were alive, and what they occupied. */
typedef struct weir_leak {
    char type[64];
    uint64_t objects;
    uint64_t bytes;
} weir_leak;

enum { WEIR_LEAK_TYPES = 16 };

/*
 * What was alive when the runtime ended: objects, ints and strings that
 * somebody still had references to, or that had become immortal uncounted.
 */
typedef struct weir_leaks {
    uint64_t objects;   /* alive, immortal ones not counted */
    uint64_t bytes;     /* that they occupied, arrays and tables included */
    uint64_t handles;   /* living handles (weir/handle.h) */
    uint64_t finalized; /* finalizers that ran because of the end */
    unsigned types;     /* how many of `most` are filled in */
    weir_leak most[WEIR_LEAK_TYPES]; /* the most numerous types, first first */
} weir_leaks;

/*
 * End the runtime like weir_stop(), and let the user's code have its say
 * before:
 *
 *   1. Cycles are collected until a collection finds nothing, at most 16
 *      times: finalizers and callbacks run as in any collection.
 *   2. *out is filled in with what is alive now.  out may be NULL.
 *   3. The finalizer of every object that is still alive runs, unless it ran
 *      before; immortal objects are no exception.  An object comes before the
 *      objects that it reaches and that do not reach it; otherwise the order
 *      is unspecified.  Nothing is torn down meanwhile but what finalizers
 *      drop for good, so each finds what it refers to whole.  Objects that
 *      finalizers make have their turn after that, in at most 16 rounds.
 *   4. The release function of every foreign object that is alive runs.
 *   5. Everything is given back, as by weir_stop().
 *
 * Callbacks of weak references are not called for objects that go in step 5.
 * Finalizers run on the calling thread, attached.  They may do what finalizers
 * may, also store references, which does not save anything; weir_attach() on
 * another thread is refused from the beginning on.  Without memory for the
 * order of step 3 it is by address, and step 1 finds nothing.
 *
 * Caller: as weir_stop(), and at a place where a finalizer may run.  Returns
 * as weir_stop(), or WEIR_ENOMEM: no memory for counting, and nothing happens.
 */
WEIR_API int weir_stop_full(weir_leaks *out);

/*
 * End the use of the runtime in a process that is about to exit or to exec:
 * no finalizer runs, nothing is given back, and no object is looked at, so it
 * takes the same short time however large the heap is.
 *
 * Other threads may be attached, or blocked, and so may the caller: nobody is
 * detached, and what they use stays as it is.  But a thread that is outside
 * cannot attach any more, no collection begins, and the runtime cannot be
 * started again in this process: WEIR_ESTATE, as from weir_stop().
 *
 * Any thread, attached or not, also in a finalizer.  Returns 0; WEIR_EBUSY
 * while another call ends the runtime; WEIR_ESTATE when it does not run.
 */
WEIR_API int weir_stop_fast(void);

/* True from weir_start() until the runtime has ended.  Any thread. */
WEIR_API bool weir_running(void);

/* The library's flavour ("gil", "atomic") and version, as constant strings.
 * Any thread, also while the runtime does not run. */
WEIR_API const char *weir_flavour(void);
WEIR_API const char *weir_version(void);

/* The debug level the library was built with: 0, 1 or 2.  Any thread. */
WEIR_API int weir_debug_level(void);

/* How memory stands.  Sizes in bytes.  What checker mode keeps in quarantine
 * is freed and does not count. */
typedef struct weir_memory {
    uint64_t arenas;        /* arenas in use, 4 MiB each */
    uint64_t pools;         /* pools in use, 64 KiB each */
    uint64_t objects;       /* blocks that hold collectable objects */
    uint64_t atoms;         /* blocks that hold ints, strings and the like */
    uint64_t object_bytes;  /* bytes of those two, rounded to blocks */
    uint64_t raw_bytes;     /* item arrays and tables */
    uint64_t retired_bytes; /* of those: replaced, and kept until no thread
                               can be reading them any more */
} weir_memory;

/*
 * Read the figures.  Counts are exact when no other thread allocates.
 * Caller: attached.  Returns 0, WEIR_EINVAL for NULL, WEIR_ESTATE if
 * detached.
 */
WEIR_API int weir_memory_stats(weir_memory *out);

/* A distribution of times in nanoseconds; all 0 when nothing was recorded. */
typedef struct weir_times {
    uint64_t count;
    uint64_t p50;
    uint64_t p99;
    uint64_t max;
} weir_times;

/* What happened at the global lock since weir_start(), all threads. */
typedef struct weir_lock_figures {
    uint64_t acquisitions;    /* how often a thread got it */
    uint64_t handoffs;        /* a waiting thread got it from another */
    uint64_t yields;          /* checkpoints that saw a drop request */
    uint64_t drop_requests;   /* a waiter asked the holder to yield */
    uint64_t forced_switches; /* a yielding thread waited for a successor */
    weir_times wait;          /* from finding it taken to having it */
    weir_times hold;          /* from having waited for it to a waiter's turn */
} weir_lock_figures;

/*
 * Read them.  Threads that run meanwhile may be counted late.
 * Caller: attached.  Returns 0; WEIR_EINVAL for NULL; WEIR_ESTATE if
 * detached, or if threads run in parallel and there is no lock.
 */
WEIR_API int weir_lock_stats(weir_lock_figures *out);

/*
 * Errors that nobody can be given: a finalizer or a callback returns nothing,
 * and whoever made it run, by a drop, a collection or a checkpoint, asked for
 * something else.  It says here what went wrong, and goes on or returns; a
 * collection is not stopped by it.  What weir_error() tells the thread is the
 * same after a finalizer or callback as before.
 *
 * what: a phrase, valid during the call, or NULL.  o: what it is about, or
 * NULL.
 */
typedef void (*weir_unraisable_fn)(int error, const char *what,
                                   WEIR_BORROWED weir_object *o, void *data);

/*
 * Who is told; NULL: nobody, as at start.  The hook runs on the thread that
 * reports, and may use objects.  Returns 0 or WEIR_ESTATE.  Caller: attached.
 */
WEIR_API int weir_set_unraisable(weir_unraisable_fn hook, void *data);

/* Report an error.  Caller: attached; ignored if it is not. */
WEIR_API void weir_unraisable(int error, const char *what, weir_object *o);

/* How many were reported since the start, heard or not.  Any thread. */
WEIR_API uint64_t weir_unraisable_count(void);

#ifdef __cplusplus
}
#endif
#endif
