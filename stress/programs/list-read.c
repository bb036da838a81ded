/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/list-read.c - one list that all threads index.
 *
 * The length never changes; a write replaces an item by a new object with the
 * same value.  That value is a function of the index, simple enough that
 * checking it on every read costs next to nothing.
 */
#include "programs.h"

#include <stdlib.h>

#include "work.h"

enum { OPS, LENGTH, WRITES };

/* Operations between two checkpoints; a power of two. */
#define CHUNK 32u

static const struct weir_program_param params[] = {
    [OPS] = {.name = "ops",
             .initial = "8000000",
             .unit = "operations per thread",
             .help = "reads and writes",
             .min = 1,
             .max = INT64_C(1000000000000)},
    [LENGTH] = {.name = "length",
                .initial = "10000",
                .unit = "items",
                .help = "length of the list",
                .min = 1,
                .max = 100000000},
    [WRITES] = {.name = "writes",
                .initial = "1",
                .unit = "percent",
                .help = "operations that replace an item",
                .min = 0,
                .max = 100},
    {.name = NULL},
};

/* Above the small ints, so that every item is an object of its own. */
static int64_t
value_of(uint32_t i)
{
    return (int64_t)i + 1024;
}

/* A new item i; at the end of the list when `add` says so. */
static int
put(weir_object *list, uint32_t i, bool add)
{
    weir_object *value = weir_int_new(value_of(i));
    int error;

    if (value == NULL) {
        return weir_error();
    }
    error = add ? weir_list_append(list, value) : weir_list_set(list, i, value);
    weir_decref(value);
    return error;
}

/* True when item i is there and has the right value. */
static bool
is_intact(weir_object *list, uint32_t i)
{
    weir_object *item = weir_list_get(list, i);
    int64_t value = 0;
    bool right = weir_int_value(item, &value) == 0 && value == value_of(i);

    weir_xdecref(item);
    return right;
}

static int
setup(struct weir_run *run)
{
    uint32_t length = (uint32_t)run->params[LENGTH].number;
    weir_object *list = weir_list_new();
    int error = list == NULL ? weir_error() : 0;

    run->data = list;
    for (uint32_t i = 0; i < length && error == 0; i++) {
        error = put(list, i, true);
        (void)weir_checkpoint();
    }
    return error;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    worker->data = wr_work_draws(run, worker, WR_DRAW_EVEN,
                                 (uint32_t)run->params[LENGTH].number,
                                 (uint32_t)run->params[WRITES].number * 10);
    return worker->data == NULL ? WEIR_ENOMEM : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    weir_object *list = run->data;
    const uint32_t *draws = worker->data;
    uint64_t ops = (uint64_t)run->params[OPS].number;

    for (uint64_t i = 0; i < ops; i++) {
        uint32_t draw = draws[i % WR_DRAWS];

        if ((draw & WR_DRAW_WRITE) != 0) {
            int error = put(list, draw & ~WR_DRAW_WRITE, false);

            if (error != 0) {
                return error;
            }
        } else if (!is_intact(list, draw)) {
            return weir_worker_fail(worker, "an item had a wrong value");
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
    weir_object *list = run->data;
    uint32_t length = (uint32_t)run->params[LENGTH].number;

    if (weir_list_size(list) != (int64_t)length) {
        return weir_program_fail(run, "the list has gained or lost items");
    }
    run->checksum = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (!is_intact(list, i)) {
            return weir_program_fail(run, "an item has a wrong value");
        }
        run->checksum +=
            weir_program_mix(i ^ weir_program_mix((uint64_t)value_of(i)));
    }
    return 0;
}

static void
teardown(struct weir_run *run)
{
    weir_xdecref(run->data);
}

WEIR_PROGRAM_NAMED(
    wr_program_list_read, .name = "list-read",
    .summary = "random indices of a shared list, read by all threads",
    .help = "Models tables that are read much and written little.  An "
            "operation reads the\nitem at a random index, or replaces "
            "it.\nChecked: every item that is read, and the whole list at the "
            "end.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .prepare = prepare, .work = work, .settle = settle,
    .check = check, .teardown = teardown);
