/* SPDX-License-Identifier: MIT */
/*
 * weir/gc.h - the collector of cycles.
 *
 * Counts free everything but cycles.  The collector finds objects that only
 * their own cycle still refers to, runs their finalizers, and frees them.  It
 * works in three generations: new objects are in generation 0, what survives
 * a collection moves up, and the oldest stays in generation 2.
 *
 * A collection stops all threads while it looks.  It runs only inside
 * weir_gc_collect() and, when one is due, inside weir_checkpoint(): never in
 * the middle of another call, and no allocation runs one.
 *
 * In a build that does not count references nothing is ever collected: the
 * calls below work, and weir_gc_collect() finds 0 objects.
 */
#ifndef WEIR_GC_H
#define WEIR_GC_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_GC_GENERATIONS = 3, WEIR_GC_CALLBACKS_MAX = 16 };

/*
 * Collect the generation given (0, 1 or 2) and all younger ones.
 *
 * Finalizers of what is found run on the calling thread, with the other
 * threads running, before anything is torn down.  An object that a finalizer
 * makes reachable again lives, with all it reaches; its finalizer does not
 * run a second time.
 *
 * Returns the number of objects that were found unreachable and stayed so:
 * those that were freed, and those that are uncollectable.  0 if
 * a collection is running already, on whatever thread; another one is then
 * considered when that has ended.  WEIR_EINVAL for a bad generation,
 * WEIR_ESTATE if the thread is not attached or after weir_stop_fast(),
 * WEIR_ENOMEM if there was no memory to look with: nothing is freed then.
 * Caller: attached, any lock it holds is none of the runtime's.
 */
WEIR_API int64_t weir_gc_collect(int generation);

/*
 * Switch automatic collection on or off; it starts on.  Both return whether
 * it was on before: 1 or 0.  Explicit collections are not concerned, and a
 * threshold of 0 keeps automatic collection off whatever is said here.
 * Any thread, while the runtime runs.
 */
WEIR_API int weir_gc_enable(void);
WEIR_API int weir_gc_disable(void);
WEIR_API bool weir_gc_is_enabled(void);

/*
 * When to collect automatically; at start (2000, 10, 10).
 *
 * Generation 0 is due when more than `young` objects were made than freed
 * since the last collection (seen in steps of some hundred objects); 0
 * switches automatic collection off, also for weir_gc_enable().  Generation 1
 * is due when 0 was collected more than `middle` times since; generation 2
 * when 1 was collected more than `old` times since and the objects that were
 * promoted to it meanwhile exceed a quarter of those that survived its last
 * collection.  The thresholds CPython had for decades are (700, 10, 10).
 *
 * These limits follow what collections come to, see weir_gc_get_pace().
 * Bytes make collections due as well, see weir_gc_set_bytes().
 *
 * Returns 0, or WEIR_EINVAL if one is negative.  Any thread.
 */
WEIR_API int weir_gc_set_threshold(int64_t young, int64_t middle, int64_t old);

/* Read the thresholds as they were set.  Returns 0 or WEIR_EINVAL for NULL.
 * Any thread. */
WEIR_API int weir_gc_get_threshold(int64_t out[WEIR_GC_GENERATIONS]);

/*
 * Read what the thresholds are compared with: objects made less objects freed
 * since the last collection, collections of generation 0 since the last of 1,
 * and of 1 since the last of 2.  Returns 0 or WEIR_EINVAL for NULL.  Any
 * thread.
 */
WEIR_API int weir_gc_get_count(int64_t out[WEIR_GC_GENERATIONS]);

/*
 * How many bytes make a collection due, however few objects hold them; at start
 * 16 MiB.  0: none ever does.
 *
 * Bytes are those of pools and large objects in use and of the arrays, tables
 * and strings above 32 KiB.  A generation is due when more is held than after
 * its last collection (or that of an older one) by
 *
 *   generation 0    `bytes`, or an eighth of what is alive if that is more
 *   generation 1    twice that, and more the higher weir_gc_get_pace() has
 *                   set its threshold
 *   generation 2    `bytes` / 256, or all of it: memory has doubled
 *
 * where alive is what was held after the last collection of generation 2.  The
 * oldest that is due is collected.  So at a checkpoint memory is at most twice
 * what is alive, or that and `bytes` / 256, plus what was allocated since the
 * checkpoint before; and a heap that grows for good is collected in full each
 * time it has doubled, not more often.
 *
 * weir_gc_disable() and a young threshold of 0 switch this off, too.
 * Returns 0, or WEIR_EINVAL if negative.  Any thread.
 */
WEIR_API int weir_gc_set_bytes(int64_t bytes);
WEIR_API int64_t weir_gc_get_bytes(void);

/*
 * How automatic collection is paced just now.  `young` is the threshold in
 * effect: it doubles, up to 65536, when three collections of generation 0 in a
 * row freed less than 1 % of what they looked at, and is halved, down to what
 * was set, when one freed more than 20 %.  `middle` is the number of
 * collections of generation 0 in effect: it doubles, up to 16 times what was
 * set, when a collection of generation 1 or 2 freed less than 1 %, and is what
 * was set again after one that freed more than 20 %.  `old_percent` is how much
 * of the old objects must be pending before generation 2 is due: 25, doubled up
 * to 100 when such a collection freed less than 5 %, 25 again after one that
 * freed more than 20 %.
 */
typedef struct weir_gc_pace {
    int64_t young;                          /* objects */
    int64_t middle;                         /* collections of generation 0 */
    unsigned old_percent;                   /* percent of the old */
    int64_t bytes_held;                     /* as weir_gc_set_bytes() counts */
    int64_t bytes_due[WEIR_GC_GENERATIONS]; /* due above that; 0: never */
} weir_gc_pace;

/* Read it.  Returns 0 or WEIR_EINVAL for NULL.  Any thread. */
WEIR_API int weir_gc_get_pace(weir_gc_pace *out);

/* Totals of one generation since the start. */
typedef struct weir_gc_stats {
    uint64_t collections;   /* collections of this generation */
    uint64_t by_bytes;      /* of them: due by nothing but bytes */
    uint64_t collected;     /* objects found unreachable and freed */
    uint64_t uncollectable; /* found unreachable and kept, see below */
    uint64_t candidates;    /* objects looked at */
    uint64_t duration_ns;   /* request to end, without callbacks */
    uint64_t detect_ns;     /* of that: stopping and finding the garbage */
    uint64_t finalize_ns;   /* running finalizers, and looking again */
    uint64_t free_ns;       /* tearing down and freeing */
} weir_gc_stats;

/* Read them.  Returns 0, or WEIR_EINVAL for NULL or a bad generation.  Any
 * thread. */
WEIR_API int weir_gc_get_stats(int generation, weir_gc_stats *out);

/*
 * The collection that ended last, automatic or not.  The three phases follow
 * each other, and their sum is the duration of the whole.
 */
typedef struct weir_gc_last_collection {
    int generation;         /* -1: there was none since the start */
    uint64_t candidates;    /* objects looked at */
    uint64_t collected;     /* objects found unreachable and freed */
    uint64_t uncollectable; /* found unreachable and kept */
    uint64_t detect_ns;     /* from the request to stop to the garbage */
    uint64_t finalize_ns;   /* running callbacks of weak references and
                             * finalizers, and looking again; 0 without any */
    uint64_t free_ns;       /* tearing down and freeing */
    uint64_t pause_ns;      /* other threads stopped, all its stops together */
    uint64_t halt_ns;       /* of that: from a request until all had halted */
    uint64_t resume_ns;     /* and letting them go */
} weir_gc_last_collection;

/*
 * Read it.  A collection that gave up for want of memory is none.  Returns 0,
 * or WEIR_EINVAL for NULL.  Any thread.
 */
WEIR_API int weir_gc_last(weir_gc_last_collection *out);

/*
 * How long collections kept the other threads stopped, in nanoseconds, from
 * the request to stop them until they were let go.  A collection that had to
 * run finalizers counts as two.  Percentiles are exact to within 2 %.
 */
typedef struct weir_gc_pauses {
    uint64_t count;
    uint64_t p50;
    uint64_t p99;
    uint64_t max;
} weir_gc_pauses;

/* Read them.  Returns 0 or WEIR_EINVAL for NULL.  Any thread. */
WEIR_API int weir_gc_get_pauses(weir_gc_pauses *out);

typedef enum weir_gc_phase {
    WEIR_GC_START, /* before anything is looked at */
    WEIR_GC_STOP   /* all done, or given up without memory */
} weir_gc_phase;

/* What a callback is told.  At the start only the generation is set. */
typedef struct weir_gc_info {
    int generation;
    int64_t collected;
    int64_t uncollectable;
    int64_t candidates;
    uint64_t duration_ns;
} weir_gc_info;

/* phase: before or after; info is valid during the call; data as added. */
typedef void (*weir_gc_callback)(weir_gc_phase phase, const weir_gc_info *info,
                                 void *data);

/*
 * Call `callback` before and after every collection, on the thread that
 * collects, attached and with the other threads running.  It may use objects;
 * a collection it asks for finds 0.  A pair (callback, data) may be added more
 * than once and is called in the order of addition.
 *
 * Returns 0, WEIR_EINVAL for NULL, or WEIR_ELIMIT when there are
 * WEIR_GC_CALLBACKS_MAX already.  Any thread.
 */
WEIR_API int weir_gc_callback_add(weir_gc_callback callback, void *data);

/*
 * Take the first such pair away.  A collection that has begun may call it
 * once more.  Returns 0, or WEIR_ENOKEY when there is none.  Any thread.
 */
WEIR_API int weir_gc_callback_remove(weir_gc_callback callback, void *data);

/* ---- garbage that is kept ----------------------------------------------- */

/*
 * An object whose type has a *legacy* finalizer (WEIR_TYPE_LEGACY_FINALIZER)
 * that has not been started is not freed by the collector, nor is what it
 * reaches: nobody knows an order in which to run such finalizers.  These
 * objects are uncollectable.  Those that wait for a legacy finalizer are put
 * into a list, the garbage, which keeps them alive until the program has
 * broken their cycle and clears the list.  Their weak references stay.
 *
 * With WEIR_GC_DEBUG_SAVEALL all that would be freed goes there instead.
 */

/* How many objects the list has, or WEIR_ESTATE.  Caller: attached. */
WEIR_API int64_t weir_gc_garbage_count(void);

/*
 * A new list of the objects in the garbage, a new reference.  NULL with
 * WEIR_ENOMEM or WEIR_ESTATE.  Caller: attached.
 */
WEIR_API WEIR_OWNED weir_object *weir_gc_garbage(void);

/*
 * Forget the list and drop its references, which can run finalizers.  What is
 * still unreachable then is found by a later collection again.  Returns how
 * many it had, or WEIR_ESTATE.  Caller: attached.
 */
WEIR_API int64_t weir_gc_garbage_clear(void);

/* ---- debugging ---------------------------------------------------------- */

enum {
    /* report each collection: WEIR_GC_STATS */
    WEIR_GC_DEBUG_STATS = 1,
    /* report each object that is going to be freed: WEIR_GC_COLLECTABLE */
    WEIR_GC_DEBUG_COLLECTABLE = 2,
    /* report each that is not: WEIR_GC_UNCOLLECTABLE */
    WEIR_GC_DEBUG_UNCOLLECTABLE = 4,
    /* keep what would be freed.  Finalizers run, weak references are cleared,
     * and it counts as collected; but then it goes to the garbage list.
     * Without memory for that the collection returns WEIR_ENOMEM, and all of
     * it lives as if its finalizers had resurrected it. */
    WEIR_GC_DEBUG_SAVEALL = 8,
    /* what a program that leaks wants to see */
    WEIR_GC_DEBUG_LEAK = WEIR_GC_DEBUG_COLLECTABLE |
                         WEIR_GC_DEBUG_UNCOLLECTABLE | WEIR_GC_DEBUG_SAVEALL
};

/*
 * Set the switches, all off at start; a collection that has begun does not see
 * the change.  Returns 0, or WEIR_EINVAL for an unknown one.  Any thread.
 */
WEIR_API int weir_gc_set_debug(uint32_t flags);

/* Read them.  Any thread. */
WEIR_API uint32_t weir_gc_get_debug(void);

enum { WEIR_GC_REFERRERS_MAX = 4 };

typedef enum weir_gc_event {
    WEIR_GC_STATS,         /* a collection is over: objects, totals */
    WEIR_GC_COLLECTABLE,   /* object is garbage; before its finalizer runs */
    WEIR_GC_UNCOLLECTABLE, /* object is uncollectable, and alive */
    WEIR_GC_CORRUPT        /* more references were seen than were counted;
                            * told by debug builds, whatever the switches say,
                            * which without a hook end the process instead.
                            * The object is taken for reachable */
} weir_gc_event;

/* What is told.  What an event does not name is zero. */
typedef struct weir_gc_report {
    weir_gc_event event;
    int generation; /* that is or was collected */
    /* borrowed, valid during the call; of WEIR_GC_CORRUPT an address only */
    weir_object *object;
    const char *type; /* the name of its type */
    int64_t count;    /* references it says it has */
    int64_t seen;     /* WEIR_GC_CORRUPT: that were found */
    unsigned nreferrers;
    const char *referrers[WEIR_GC_REFERRERS_MAX]; /* types it was found in */
    uint64_t objects[WEIR_GC_GENERATIONS + 1];    /* weir_gc_count_objects() */
    weir_gc_info totals;
} weir_gc_report;

/* report: valid during the call; data: as set. */
typedef void (*weir_gc_report_fn)(const weir_gc_report *report, void *data);

/*
 * Who is told what the switches ask for; NULL: nobody, as at start.  The
 * runtime itself prints nothing.  Called on the thread that collects, attached
 * and with the other threads running; it may use objects, and make garbage
 * reachable again as a finalizer may.
 *
 * Returns 0 or WEIR_ESTATE.  Caller: attached.
 */
WEIR_API int weir_gc_set_report(weir_gc_report_fn fn, void *data);

/*
 * Write a report as one line without an end, as snprintf() does.  Returns the
 * length it has without the terminating NUL, or WEIR_EINVAL.  Any thread.
 */
WEIR_API int weir_gc_report_text(const weir_gc_report *report, char *text,
                                 size_t size);

/* What the three steps of docs/collector.md find out about a candidate. */
typedef enum weir_gc_verdict {
    WEIR_GC_ROOT,       /* references are left: something outside has them */
    WEIR_GC_REACHED,    /* none is left, but something reachable refers to it */
    WEIR_GC_UNREACHABLE /* neither: garbage */
} weir_gc_verdict;

typedef struct weir_gc_trace {
    const weir_object *object; /* an address only: it may be gone */
    const char *type;          /* the name of its type */
    int64_t count;             /* its references */
    int64_t internal;          /* of those, from other candidates */
    int64_t left;              /* the others */
    weir_gc_verdict verdict;
    const weir_object *by; /* WEIR_GC_REACHED: from which candidate */
} weir_gc_trace;

/* step: valid during the call; data: as given. */
typedef void (*weir_gc_trace_fn)(const weir_gc_trace *step, void *data);

/*
 * weir_gc_collect() that shows how it works: afterwards fn is called with each
 * candidate, in the order of addresses, on this thread.  What is unreachable
 * there may still have been resurrected, or kept.  Takes some hundred bytes of
 * memory per candidate.
 *
 * As weir_gc_collect(), and WEIR_EINVAL if fn is NULL, WEIR_ELIMIT for more
 * than 2^31 candidates.  fn is not called when it returns an error, or when
 * another collection was running.
 */
WEIR_API int64_t weir_gc_collect_traced(int generation, weir_gc_trace_fn fn,
                                        void *data);

/* ---- the permanent generation ------------------------------------------- */

enum {
    /* flag: what is frozen, and what that refers to, becomes immortal */
    WEIR_GC_FREEZE_IMMORTAL = 1
};

/*
 * Move every tracked object to a permanent generation that no collection looks
 * at, until weir_gc_unfreeze().  What frozen objects refer to stays alive; they
 * still die when their count reaches zero.  Meant for a parent that is about
 * to fork workers: a collection in a worker then writes to none of the pages
 * of these objects.  With WEIR_GC_FREEZE_IMMORTAL nor does a thread that takes
 * or drops references to them; they are never freed then, also not after they
 * have been unfrozen.  The counts of weir_gc_get_count() begin anew.
 *
 * Waits, detached, for a collection of another thread.  Returns how many
 * objects were moved; WEIR_EINVAL for an unknown flag, WEIR_ENOMEM, or
 * WEIR_ESTATE if the thread is not attached or is in the middle of a
 * collection (in a finalizer or callback): then nothing has changed.
 */
WEIR_API int64_t weir_gc_freeze(uint32_t flags);

/* Move the frozen objects to the oldest generation.  As weir_gc_freeze(). */
WEIR_API int64_t weir_gc_unfreeze(void);

/* How many objects are frozen, or WEIR_ESTATE.  Stops the world and walks
 * through the heap.  Caller: attached. */
WEIR_API int64_t weir_gc_freeze_count(void);

/* ---- looking at the heap ------------------------------------------------ */

/*
 * The calls that follow stop the world while they look, for a time that grows
 * with the heap; weir_gc_get_referents() for a short time only.  They may be
 * called from finalizers and callbacks: garbage that is being finalized or
 * freed is not shown, nor are the lists they make.  A call that fails has
 * changed nothing.  Caller: attached, in the middle of no operation on an
 * object.
 */

/*
 * Count the tracked objects by generation; out[WEIR_GC_GENERATIONS] are the
 * frozen ones.  Returns 0, WEIR_EINVAL for NULL, or WEIR_ESTATE.
 */
WEIR_API int weir_gc_count_objects(uint64_t out[WEIR_GC_GENERATIONS + 1]);

/*
 * A new list of the tracked objects of one generation, or of all for -1; frozen
 * ones are not shown.  A new reference.  NULL with WEIR_EINVAL, WEIR_ENOMEM or
 * WEIR_ESTATE.
 */
WEIR_API WEIR_OWNED weir_object *weir_gc_get_objects(int generation);

/*
 * A new list of the objects that refer to one of these n, each once, frozen
 * and untracked ones included.  Takes time for each reference in the heap and
 * each of the n.  NULL with WEIR_EINVAL (a NULL argument), WEIR_ENOMEM or
 * WEIR_ESTATE.
 */
WEIR_API WEIR_OWNED weir_object *
weir_gc_get_referrers(size_t n, weir_object *const objects[]);

/*
 * A new list of what these n objects refer to, one entry per reference, in
 * order.  NULL as weir_gc_get_referrers().
 */
WEIR_API WEIR_OWNED weir_object *
weir_gc_get_referents(size_t n, weir_object *const objects[]);

/*
 * True if the collector looks at o, or will when it is unfrozen: it can hold
 * references.  False for NULL, ints, strings, immortal constants, and tuples
 * that hold nothing but such things.  Caller: attached.
 */
WEIR_API bool weir_gc_is_tracked(const weir_object *o);

/* True once the finalizer of o has been started.  Caller: attached. */
WEIR_API bool weir_gc_is_finalized(const weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
