/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/store.c - a shared dict of records, and threads that use it.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

#include "work.h"

/* Operations between two checkpoints; a power of two. */
#define CHUNK 16u

/* Above the small ints, so that every value is an object of its own. */
static int64_t
value_of(uint32_t key)
{
    return (int64_t)(weir_program_mix(key) >> 2) + 1024;
}

/* Store a new object with the value that belongs to the key. */
static int
update(const struct wr_store *store, uint32_t key)
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
read_back(const struct wr_store *store, uint32_t key)
{
    weir_object *value = weir_dict_get(store->dict, store->keys[key]);
    int64_t number = 0;
    int error;

    if (value == NULL) {
        error = weir_error();
        return error == WEIR_ENOKEY ? WEIR_PROGRAM_FAILED : error;
    }
    error = weir_int_value(value, &number);
    weir_decref(value);
    if (error == 0 && number != value_of(key)) {
        error = WEIR_PROGRAM_FAILED;
    }
    return error;
}

static int
fill(struct wr_store *store, uint32_t records)
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

int
wr_store_make(struct weir_run *run, uint32_t records)
{
    struct wr_store *store = calloc(1, sizeof(struct wr_store));

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

int
wr_store_use(struct weir_run *run, struct weir_worker *worker, uint64_t ops)
{
    const struct wr_store *store = run->data;
    const uint32_t *draws = worker->data;

    for (uint64_t i = 0; i < ops; i++) {
        uint32_t draw = draws[i % WR_DRAWS];
        int error = (draw & WR_DRAW_WRITE) != 0
                        ? update(store, draw & ~WR_DRAW_WRITE)
                        : read_back(store, draw);

        if (error == WEIR_PROGRAM_FAILED) {
            return weir_worker_fail(worker, "a key had a wrong value or none");
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

int
wr_store_settle(struct weir_run *run, struct weir_worker *worker)
{
    (void)run;
    free(worker->data);
    worker->data = NULL;
    return 0;
}

int
wr_store_check(struct weir_run *run)
{
    const struct wr_store *store = run->data;

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

void
wr_store_teardown(struct weir_run *run)
{
    struct wr_store *store = run->data;

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
