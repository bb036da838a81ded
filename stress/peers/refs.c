/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/refs.c - counts written by hand: plain, C11 atomic, mutex.
 *
 * One loop, instantiated by inlining for each pair of get and put.  A put that
 * reaches zero frees the block, as any real count does; it never happens while
 * the clock runs, but the branch and the call are there.
 */
#include "peer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* As large as Weir's two-slot instance, the count at the same offset. */
struct block {
    uint64_t header;
    union {
        int64_t plain;
        _Atomic int64_t atomic;
    } count;
    void *slots[2];
};

/* The natural form of a count under a lock: one lock per object. */
struct guarded {
    struct block block;
    pthread_mutex_t mutex;
};

struct objects {
    uint64_t n;
    struct block **items;
};

/* ---- the counts ---- */

ALWAYS_INLINE void
plain_get(struct block *o)
{
    if (__builtin_expect(o->count.plain >= 0, 1)) {
        o->count.plain++;
    }
}

ALWAYS_INLINE bool
plain_put(struct block *o)
{
    if (__builtin_expect(o->count.plain < 0, 0)) {
        return false;
    }
    return --o->count.plain == 0;
}

ALWAYS_INLINE void
mortal_get(struct block *o)
{
    o->count.plain++;
}

ALWAYS_INLINE bool
mortal_put(struct block *o)
{
    return --o->count.plain == 0;
}

ALWAYS_INLINE void
atomic_get(struct block *o)
{
    atomic_fetch_add_explicit(&o->count.atomic, 1, memory_order_relaxed);
}

ALWAYS_INLINE bool
atomic_put(struct block *o)
{
    return atomic_fetch_sub_explicit(&o->count.atomic, 1,
                                     memory_order_acq_rel) == 1;
}

ALWAYS_INLINE void
immortal_get(struct block *o)
{
    if (atomic_load_explicit(&o->count.atomic, memory_order_relaxed) >= 0) {
        atomic_get(o);
    }
}

ALWAYS_INLINE bool
immortal_put(struct block *o)
{
    return atomic_load_explicit(&o->count.atomic, memory_order_relaxed) >= 0 &&
           atomic_put(o);
}

/* A guarded object begins with its block. */
ALWAYS_INLINE pthread_mutex_t *
mutex_of(struct block *o)
{
    return &((struct guarded *)(void *)o)->mutex;
}

ALWAYS_INLINE void
mutex_get(struct block *o)
{
    pthread_mutex_lock(mutex_of(o));
    o->count.plain++;
    pthread_mutex_unlock(mutex_of(o));
}

ALWAYS_INLINE bool
mutex_put(struct block *o)
{
    bool last;

    pthread_mutex_lock(mutex_of(o));
    last = --o->count.plain == 0;
    pthread_mutex_unlock(mutex_of(o));
    return last;
}

static __attribute__((noinline)) void
destroy(struct block *o)
{
    free(o);
}

/* ---- objects ---- */

static void
free_objects(struct objects *objects)
{
    if (objects == NULL) {
        return;
    }
    for (uint64_t i = 0; i < objects->n && objects->items != NULL; i++) {
        free(objects->items[i]);
    }
    free(objects->items);
    free(objects);
}

static struct block *
make_object(bool guarded, int64_t count)
{
    struct guarded *o;
    struct block *block;

    if (!guarded) {
        block = calloc(1, sizeof(struct block));
    } else {
        o = calloc(1, sizeof(struct guarded));
        if (o != NULL) {
            pthread_mutex_init(&o->mutex, NULL);
        }
        block = o == NULL ? NULL : &o->block;
    }
    if (block != NULL) {
        block->count.plain = count;
    }
    return block;
}

/* n objects with the given count; each of its natural size. */
static struct objects *
make_objects(uint64_t n, bool guarded, int64_t count)
{
    struct objects *objects = calloc(1, sizeof(struct objects));

    if (objects == NULL) {
        return NULL;
    }
    objects->n = n;
    objects->items = calloc(n, sizeof(struct block *));
    for (uint64_t i = 0; i < n && objects->items != NULL; i++) {
        objects->items[i] = make_object(guarded, count);
        if (objects->items[i] == NULL) {
            free_objects(objects);
            return NULL;
        }
    }
    if (objects->items == NULL) {
        free_objects(objects);
        return NULL;
    }
    return objects;
}

/* How far the counts are from what they were. */
static int64_t
lost_counts(const struct objects *objects, int64_t expected)
{
    int64_t lost = 0;

    for (uint64_t i = 0; i < objects->n; i++) {
        int64_t count = objects->items[i]->count.plain;

        lost += count > expected ? count - expected : expected - count;
    }
    return lost;
}

int
wr_peer_refs_check(struct weir_run *run, uint32_t threads, uint64_t n,
                   int64_t lost)
{
    run->lost_updates = lost;
    run->checksum = wr_work_refs_checksum(threads, n);
    return lost == 0 ? 0 : weir_program_fail(run, "counts have changed");
}

/* ---- refs-private ---- */

static uint64_t
private_count(const struct weir_run *run)
{
    return (uint64_t)run->params[WR_REFS_PRIVATE_OBJECTS].number;
}

static int
private_prepare(struct weir_worker *worker, const struct weir_run *run,
                bool guarded, int64_t count)
{
    worker->data = make_objects(private_count(run), guarded, count);
    return worker->data == NULL ? -1 : 0;
}

static int
prepare_blocks(struct weir_run *run, struct weir_worker *worker)
{
    return private_prepare(worker, run, false, 1);
}

static int
prepare_guarded(struct weir_run *run, struct weir_worker *worker)
{
    return private_prepare(worker, run, true, 1);
}

/* `plain` knows immortals: mode=immortal uses them. */
static int
prepare_plain(struct weir_run *run, struct weir_worker *worker)
{
    bool immortal =
        run->params[WR_REFS_PRIVATE_MODE].number == WR_REFS_IMMORTAL;

    return private_prepare(worker, run, false, immortal ? INT64_MIN : 1);
}

/* The loop of programs/refs-private.c. */
ALWAYS_INLINE int
private_work(struct weir_run *run, struct weir_worker *worker,
             void (*get)(struct block *), bool (*put)(struct block *))
{
    const struct objects *objects = worker->data;
    struct block **items = objects->items;
    uint64_t n = objects->n;
    uint64_t pairs = (uint64_t)run->params[WR_REFS_PRIVATE_PAIRS].number;
    uint64_t at = 0;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < WR_REFS_CHUNK ? pairs : WR_REFS_CHUNK;

        pairs -= chunk;
        for (; chunk > 0; chunk--) {
            struct block *o = items[at];

            get(o);
            weir_program_keep(o);
            if (put(o)) {
                destroy(o);
            }
            at = at + 1 == n ? 0 : at + 1;
        }
    }
    return 0;
}

static int
private_plain(struct weir_run *run, struct weir_worker *worker)
{
    return private_work(run, worker, plain_get, plain_put);
}

static int
private_mortal(struct weir_run *run, struct weir_worker *worker)
{
    return private_work(run, worker, mortal_get, mortal_put);
}

static int
private_atomic(struct weir_run *run, struct weir_worker *worker)
{
    return private_work(run, worker, atomic_get, atomic_put);
}

static int
private_mutex(struct weir_run *run, struct weir_worker *worker)
{
    return private_work(run, worker, mutex_get, mutex_put);
}

/* Leave the number of lost counts in the worker's checksum. */
static int
private_settle(struct weir_worker *worker, int64_t expected)
{
    worker->checksum = (uint64_t)lost_counts(worker->data, expected);
    free_objects(worker->data);
    return 0;
}

static int
settle_counted(struct weir_run *run, struct weir_worker *worker)
{
    (void)run;
    return private_settle(worker, 1);
}

static int
settle_plain(struct weir_run *run, struct weir_worker *worker)
{
    bool immortal =
        run->params[WR_REFS_PRIVATE_MODE].number == WR_REFS_IMMORTAL;

    return private_settle(worker, immortal ? INT64_MIN : 1);
}

static int
private_check(struct weir_run *run)
{
    int64_t lost = 0;

    for (uint32_t i = 0; i < run->threads; i++) {
        lost += (int64_t)run->workers[i].checksum;
    }
    return wr_peer_refs_check(run, run->threads, private_count(run), lost);
}

/* ---- refs-shared ---- */

static int
shared_setup(struct weir_run *run, bool guarded, int64_t count)
{
    run->data = make_objects(
        (uint64_t)run->params[WR_REFS_SHARED_OBJECTS].number, guarded, count);
    return run->data == NULL ? -1 : 0;
}

static int
setup_blocks(struct weir_run *run)
{
    return shared_setup(run, false, 1);
}

static int
setup_guarded(struct weir_run *run)
{
    return shared_setup(run, true, 1);
}

static int
setup_immortal(struct weir_run *run)
{
    return shared_setup(run, false, INT64_MIN);
}

/* The loop of programs/refs-shared.c. */
ALWAYS_INLINE int
shared_work(struct weir_run *run, struct weir_worker *worker,
            void (*get)(struct block *), bool (*put)(struct block *))
{
    const struct objects *objects = run->data;
    struct block **items = objects->items;
    uint64_t n = objects->n;
    uint64_t pairs = (uint64_t)run->params[WR_REFS_SHARED_PAIRS].number;
    uint64_t window = (uint64_t)run->params[WR_REFS_SHARED_WINDOW].number;
    uint64_t at = worker->index * n / run->threads;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < window ? pairs : window;
        uint64_t from = at;

        pairs -= chunk;
        for (uint64_t i = 0; i < chunk; i++) {
            get(items[at]);
            weir_program_keep(items[at]);
            at = at + 1 == n ? 0 : at + 1;
        }
        at = from;
        for (uint64_t i = 0; i < chunk; i++) {
            if (put(items[at])) {
                destroy(items[at]);
            }
            weir_program_keep(items[at]);
            at = at + 1 == n ? 0 : at + 1;
        }
    }
    return 0;
}

static int
shared_atomic(struct weir_run *run, struct weir_worker *worker)
{
    return shared_work(run, worker, atomic_get, atomic_put);
}

static int
shared_immortal(struct weir_run *run, struct weir_worker *worker)
{
    return shared_work(run, worker, immortal_get, immortal_put);
}

static int
shared_mutex(struct weir_run *run, struct weir_worker *worker)
{
    return shared_work(run, worker, mutex_get, mutex_put);
}

static int
shared_check(struct weir_run *run, int64_t expected)
{
    const struct objects *objects = run->data;

    return wr_peer_refs_check(run, 1, objects->n,
                              lost_counts(objects, expected));
}

static int
check_counted(struct weir_run *run)
{
    return shared_check(run, 1);
}

static int
check_immortal(struct weir_run *run)
{
    return shared_check(run, INT64_MIN);
}

static void
shared_teardown(struct weir_run *run)
{
    free_objects(run->data);
}

const struct wr_peer wr_peers_refs[] = {
    {.impl = "plain",
     .against = "gil",
     .program = {.name = "refs-private",
                 .params = wr_params_refs_private,
                 .prepare = prepare_plain,
                 .work = private_plain,
                 .settle = settle_plain,
                 .check = private_check}},
    {.impl = "plain-no-immortal",
     .against = "gil",
     .program = {.name = "refs-private",
                 .params = wr_params_refs_private,
                 .prepare = prepare_blocks,
                 .work = private_mortal,
                 .settle = settle_counted,
                 .check = private_check}},
    {.impl = "c11-atomic",
     .against = "atomic",
     .program = {.name = "refs-private",
                 .params = wr_params_refs_private,
                 .prepare = prepare_blocks,
                 .work = private_atomic,
                 .settle = settle_counted,
                 .check = private_check}},
    {.impl = "mutex",
     .against = "atomic",
     .program = {.name = "refs-private",
                 .params = wr_params_refs_private,
                 .prepare = prepare_guarded,
                 .work = private_mutex,
                 .settle = settle_counted,
                 .check = private_check}},
    {.impl = "c11-atomic",
     .against = "atomic",
     .program = {.name = "refs-shared",
                 .params = wr_params_refs_shared,
                 .setup = setup_blocks,
                 .work = shared_atomic,
                 .check = check_counted,
                 .teardown = shared_teardown}},
    {.impl = "immortal",
     .against = "atomic",
     .program = {.name = "refs-shared",
                 .params = wr_params_refs_shared,
                 .setup = setup_immortal,
                 .work = shared_immortal,
                 .check = check_immortal,
                 .teardown = shared_teardown}},
    {.impl = "mutex",
     .against = "atomic",
     .program = {.name = "refs-shared",
                 .params = wr_params_refs_shared,
                 .setup = setup_guarded,
                 .work = shared_mutex,
                 .check = check_counted,
                 .teardown = shared_teardown}},
};

const size_t wr_peers_refs_count =
    sizeof(wr_peers_refs) / sizeof(wr_peers_refs[0]);
