/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/dict-mixed.c - one dict, all threads, mixes of YCSB.
 *
 * Keys are drawn with Zipf's law (exponent 1; YCSB uses 0.99), so few of them
 * are hot.  What is stored under a key is a function of the key: an update
 * makes a new object with the same value, and the dict ends the same whatever
 * the order in which the threads ran.  The draws are made before the clock
 * starts and used round and round.
 */
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

enum { OPS, RECORDS, MIX };

/* Draws per thread; a power of two. */
#define DRAWS (1u << 16)

/* Operations between two checkpoints; a power of two. */
#define CHUNK 16u

static const struct weir_program_param params[] = {
    [OPS] = {.name = "ops",
             .initial = "4000000",
             .unit = "operations per thread",
             .help = "reads and updates",
             .min = 1,
             .max = INT64_C(1000000000000)},
    [RECORDS] = {.name = "records",
                 .initial = "10000",
                 .unit = "keys",
                 .help = "entries of the dict",
                 .min = 1,
                 .max = 50000000},
    [MIX] = {.name = "mix",
             .initial = "B",
             .help = "A: half of the operations are updates; B: one in "
                     "twenty; C: none",
             .words = "A|B|C"},
    {.name = NULL},
};

struct store {
    weir_object *dict;
    weir_object **keys;
    uint32_t records;
};

/* One prepared operation. */
struct draw {
    uint32_t key;
    bool update;
};

static int64_t
value_of(uint32_t key)
{
    return (int64_t)(weir_program_mix(key) >> 2) + 1024;
}

/* Store a new object with the value that belongs to the key. */
static int
update(const struct store *store, uint32_t key)
{
    weir_object *value = weir_int_new(value_of(key));
    int error;

    if (value == NULL) {
        return weir_error();
    }
    error = weir_dict_set(store->dict, store->keys[key], value);
    weir_decref(value);
    return error;
}

/* 0 when the value under the key is the right one. */
static int
read_back(const struct store *store, uint32_t key)
{
    weir_object *value = weir_dict_get(store->dict, store->keys[key]);
    int64_t number = 0;
    int error;

    if (value == NULL) {
        return weir_error();
    }
    error = weir_int_value(value, &number);
    weir_decref(value);
    if (error == 0 && number != value_of(key)) {
        error = WEIR_PROGRAM_FAILED;
    }
    return error;
}

static int
fill(struct store *store, uint32_t records)
{
    for (uint32_t i = 0; i < records; i++) {
        char name[32];
        int error;

        snprintf(name, sizeof(name), "user%010u", i);
        store->keys[i] = weir_str_from(name);
        if (store->keys[i] == NULL) {
            return weir_error();
        }
        store->records++;
        error = update(store, i);
        if (error != 0) {
            return error;
        }
        (void)weir_checkpoint();
    }
    return 0;
}

static int
setup(struct weir_run *run)
{
    uint32_t records = (uint32_t)run->params[RECORDS].number;
    struct store *store = calloc(1, sizeof(struct store));

    run->data = store;
    if (store == NULL) {
        return WEIR_ENOMEM;
    }
    store->keys = calloc(records, sizeof(weir_object *));
    store->dict = weir_dict_new();
    if (store->keys == NULL || store->dict == NULL) {
        return WEIR_ENOMEM;
    }
    return fill(store, records);
}

/* The first rank whose cumulated weight is above `point`. */
static uint32_t
find_rank(const double *cumulated, uint32_t n, double point)
{
    uint32_t low = 0;
    uint32_t high = n - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cumulated[middle] > point) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Percent of updates. */
static uint64_t
update_share(const struct weir_run *run)
{
    static const uint64_t shares[] = {50, 5, 0};

    return shares[run->params[MIX].number];
}

/*
 * Fill the draws.  Ranks are spread over the keys by a permutation that is
 * the same for all threads, so that they agree on which keys are hot.
 */
static void
make_draws(const struct weir_run *run, struct weir_worker *worker,
           struct draw *draws, double *cumulated, uint32_t *order)
{
    const struct store *store = run->data;
    uint64_t random = worker->seed;
    uint64_t share = update_share(run);
    double sum = 0;

    for (uint32_t i = 0; i < store->records; i++) {
        sum += 1.0 / (double)(i + 1);
        cumulated[i] = sum;
    }
    wr_work_permutation(order, store->records, run->seed);
    for (uint32_t i = 0; i < DRAWS; i++) {
        /* 53 random bits make a number from 0 up to and without 1. */
        double unit = (double)(weir_program_random(&random) >> 11) * 0x1p-53;

        draws[i].key = order[find_rank(cumulated, store->records, unit * sum)];
        draws[i].update = weir_program_random(&random) % 100 < share;
    }
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    const struct store *store = run->data;
    struct draw *draws = calloc(DRAWS, sizeof(struct draw));
    double *cumulated = calloc(store->records, sizeof(double));
    uint32_t *order = calloc(store->records, sizeof(uint32_t));
    bool complete = draws != NULL && cumulated != NULL && order != NULL;

    worker->data = draws;
    if (complete) {
        make_draws(run, worker, draws, cumulated, order);
    }
    free(cumulated);
    free(order);
    return complete ? 0 : WEIR_ENOMEM;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct store *store = run->data;
    const struct draw *draws = worker->data;
    uint64_t ops = (uint64_t)run->params[OPS].number;

    for (uint64_t i = 0; i < ops; i++) {
        const struct draw *draw = &draws[i % DRAWS];
        int error = draw->update ? update(store, draw->key)
                                 : read_back(store, draw->key);

        if (error == WEIR_PROGRAM_FAILED) {
            return weir_worker_fail(worker, "a key had a wrong value");
        }
        if (error != 0) {
            return error;
        }
        if (i % CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    worker->ops = ops;
    return 0;
}

static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    (void)run;
    free(worker->data);
    worker->data = NULL;
    return 0;
}

static int
check(struct weir_run *run)
{
    const struct store *store = run->data;

    if (weir_dict_size(store->dict) != (int64_t)store->records) {
        return weir_program_fail(run, "the dict has gained or lost keys");
    }
    run->checksum = 0;
    for (uint32_t i = 0; i < store->records; i++) {
        if (read_back(store, i) != 0) {
            return weir_program_fail(run, "a key has a wrong value");
        }
        run->checksum +=
            weir_program_mix(i ^ weir_program_mix((uint64_t)value_of(i)));
    }
    return 0;
}

static void
teardown(struct weir_run *run)
{
    struct store *store = run->data;

    if (store == NULL) {
        return;
    }
    for (uint32_t i = 0; i < store->records; i++) {
        weir_decref(store->keys[i]);
    }
    free(store->keys);
    weir_xdecref(store->dict);
    free(store);
}

WEIR_PROGRAM_NAMED(
    wr_program_dict_mixed, .name = "dict-mixed",
    .summary =
        "a shared dict read and updated by all threads (YCSB, Zipf keys)",
    .help = "Models a shared cache or session table.  An operation reads or "
            "replaces the\nvalue of one key; few keys are hot.\nChecked: every "
            "value that is read, and the whole dict at the end.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .prepare = prepare, .work = work, .settle = settle,
    .check = check, .teardown = teardown);
