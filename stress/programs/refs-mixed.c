/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/refs-mixed.c - references to own and to others' objects.
 *
 * Between refs-private, where nobody shares, and refs-shared, where everybody
 * takes the same objects all the time, lies what programs do: most references
 * are to objects of the thread's own, some to those of others, and something
 * else is done in between.  How many are foreign, and how long that something
 * takes, are parameters to be swept.  In a tight loop a processor does several
 * operations on a cache line before another one gets it; with work in between
 * every operation pays for the transfer, so the tight loop understates what
 * contention costs, while the ratio to a private count, which has nothing else
 * in it, overstates it.
 *
 * Which object is next stands in a table that is made before the clock starts:
 * exactly `foreign` percent of its entries are other threads' objects, in
 * random order.
 *
 * Where two threads count without any protection updates are lost.  No object
 * may die of that: each is pinned by as many references as it will be dropped,
 * so its count stays positive even if every increment were lost.
 */
#include "programs.h"

#include <stdlib.h>

#include "work.h"

enum { PAIRS, OBJECTS, FOREIGN, THINK };

/* Entries of a thread's table; a multiple of 100. */
#define TURNS 6400u

/* Steps of private work after which a checkpoint is due. */
#define STEPS_MAX 4096u

static const struct weir_program_param params[] = {
    [PAIRS] = {.name = "pairs",
               .initial = "16000000",
               .unit = "pairs per thread",
               .help = "how many incref+decref pairs",
               .min = 1,
               .max = INT64_C(1000000000000)},
    [OBJECTS] = {.name = "objects",
                 .initial = "64",
                 .unit = "objects per thread",
                 .help = "objects that each thread owns",
                 .min = 1,
                 .max = 1000000},
    [FOREIGN] = {.name = "foreign",
                 .initial = "10",
                 .unit = "percent",
                 .help = "pairs that go to objects of other threads; none "
                         "where there is only one thread",
                 .min = 0,
                 .max = 100},
    [THINK] = {.name = "think",
               .initial = "0",
               .unit = "steps",
               .help = "private work between two pairs: dependent "
                       "multiplications, about a nanosecond each",
               .min = 0,
               .max = 10000},
    {.name = NULL},
};

struct mixed { /* SHARED */
    /* [const] */
    weir_type *type;

    /* [const] objects of each thread */
    uint64_t n;

    /* [const] TURNS entries for each thread: which object of all */
    uint32_t *turns;

    /* [const] how often each object stands in all the tables */
    uint64_t *uses;

    /* [owner] until work begins, then [const]: n objects of each thread */
    weir_object **objects;

    /* [owner] each object's count before work begins */
    int64_t *counts;
};

/* The table of thread `me`; random is its own generator. */
static void
fill_turns(const struct weir_run *run, const struct mixed *mixed, uint32_t me,
           uint32_t *order)
{
    uint64_t random = weir_program_mix(run->seed ^ weir_program_mix(me + 1));
    uint64_t foreign =
        run->threads == 1 ? 0 : (uint64_t)run->params[FOREIGN].number;
    uint32_t *turns = mixed->turns + (size_t)me * TURNS;

    wr_work_permutation(order, TURNS, weir_program_random(&random));
    for (uint32_t i = 0; i < TURNS; i++) {
        uint64_t owner = me;
        uint64_t object;

        if (order[i] < TURNS / 100 * foreign) {
            owner += 1 + weir_program_random(&random) % (run->threads - 1);
        }
        object = owner % run->threads * mixed->n +
                 weir_program_random(&random) % mixed->n;
        turns[i] = (uint32_t)object;
        mixed->uses[object]++;
    }
}

static int
setup(struct weir_run *run)
{
    uint64_t n = (uint64_t)run->params[OBJECTS].number;
    uint64_t all = n * run->threads;
    struct mixed *mixed = calloc(1, sizeof(struct mixed));
    uint32_t *order;

    run->data = mixed;
    if (mixed == NULL) {
        return WEIR_ENOMEM;
    }
    mixed->n = n;
    mixed->type = weir_instance_type("refs-mixed", 2, 0, NULL, NULL);
    mixed->turns = calloc((size_t)run->threads * TURNS, sizeof(uint32_t));
    mixed->uses = calloc(all, sizeof(uint64_t));
    mixed->objects = calloc(all, sizeof(weir_object *));
    mixed->counts = calloc(all, sizeof(int64_t));
    order = calloc(TURNS, sizeof(uint32_t));
    if (mixed->type == NULL || mixed->turns == NULL || mixed->uses == NULL ||
        mixed->objects == NULL || mixed->counts == NULL || order == NULL) {
        free(order);
        return WEIR_ENOMEM;
    }
    for (uint32_t t = 0; t < run->threads; t++) {
        fill_turns(run, mixed, t, order);
    }
    free(order);
    return 0;
}

/* Each thread makes its own objects. */
static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    struct mixed *mixed = run->data;
    uint64_t first = worker->index * mixed->n;
    uint64_t rounds = (uint64_t)run->params[PAIRS].number / TURNS + 1;

    for (uint64_t i = first; i < first + mixed->n; i++) {
        weir_object *o = weir_instance_new(mixed->type);

        if (o == NULL) {
            return weir_error();
        }
        for (uint64_t pins = mixed->uses[i] * rounds; pins > 0; pins--) {
            weir_incref(o);
            weir_program_keep(o);
        }
        mixed->objects[i] = o;
        mixed->counts[i] = weir_refcount(o);
        (void)weir_checkpoint();
    }
    return 0;
}

/* What a program does between two references, in private. */
static inline uint64_t
think(uint64_t x, uint64_t steps)
{
    for (; steps > 0; steps--) {
        x = wr_work_step(x);
    }
    return x;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct mixed *mixed = run->data;
    const uint32_t *turns = mixed->turns + (size_t)worker->index * TURNS;
    weir_object **objects = mixed->objects;
    uint64_t pairs = (uint64_t)run->params[PAIRS].number;
    uint64_t steps = (uint64_t)run->params[THINK].number;
    uint64_t most = steps * WR_REFS_CHUNK <= STEPS_MAX ? WR_REFS_CHUNK
                    : steps < STEPS_MAX                ? STEPS_MAX / steps
                                                       : 1;
    uint64_t x = worker->seed;
    uint32_t at = 0;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < most ? pairs : most;

        pairs -= chunk;
        for (; chunk > 0; chunk--) {
            weir_object *o = objects[turns[at]];

            weir_incref(o);
            weir_program_keep(o);
            weir_decref(o);
            at = at + 1 == TURNS ? 0 : at + 1;
            x = think(x, steps);
        }
        (void)weir_checkpoint();
    }
    /* So that the steps are taken. */
    weir_program_keep(&x);
    return 0;
}

/* Compare the counts, then give up what is left of them: the objects die on
 * the thread that made them. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct mixed *mixed = run->data;
    uint64_t first = worker->index * mixed->n;

    worker->checksum = 0;
    for (uint64_t i = first; i < first + mixed->n; i++) {
        weir_object *o = mixed->objects[i];
        int64_t count = weir_refcount(o);
        int64_t lost = count - mixed->counts[i];

        worker->checksum += (uint64_t)(lost < 0 ? -lost : lost);
        /* The counts may be wrong by now; what is dropped is what is there. */
        for (; o != NULL && count > 0; count--) {
            weir_decref(o);
        }
        (void)weir_checkpoint();
    }
    return 0;
}

static int
check(struct weir_run *run)
{
    run->lost_updates = 0;
    for (uint32_t i = 0; i < run->threads; i++) {
        run->lost_updates += (int64_t)run->workers[i].checksum;
    }
    run->checksum = wr_work_refs_checksum(
        run->threads, (uint64_t)run->params[OBJECTS].number);
    return 0;
}

static void
teardown(struct weir_run *run)
{
    struct mixed *mixed = run->data;

    if (mixed != NULL) {
        free(mixed->turns);
        free(mixed->uses);
        free(mixed->objects);
        free(mixed->counts);
        free(mixed);
    }
}

WEIR_PROGRAM_NAMED(
    wr_program_refs_mixed, .name = "refs-mixed",
    .summary = "references to own and others' objects, with work in between",
    .help = "Models threads that mostly use what is theirs.  An operation is "
            "one incref and\none decref, of an object of the thread's own or, "
            "in `foreign` percent of them,\nof another thread's; then come "
            "`think` steps of private work.  Sweep both: a\ntight loop "
            "understates what contention costs a program.\nChecked: the counts "
            "at the end; what is missing or too much is reported as\nlost "
            "updates.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC, .setup = setup,
    .prepare = prepare, .work = work, .settle = settle, .check = check,
    .teardown = teardown);
