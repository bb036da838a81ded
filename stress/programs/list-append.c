/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/list-append.c - lists that grow at their end.
 *
 * With lists=shared all threads append to one list, the worst case of a
 * container that everybody writes; with lists=own each thread has a list to
 * itself, which is what the shared one is to be compared with.  An item says
 * which thread made it and as which of its items, so a list tells by itself
 * whether an item is missing, came twice or overtook another.
 */
#include "programs.h"

#include <stdlib.h>

#include "work.h"

enum { OPS, LISTS };

enum { LISTS_SHARED, LISTS_OWN };

/* Appends between two checkpoints; a power of two. */
#define CHUNK 32u

/* An item is thread << NUMBER_BITS | number, plus FIRST. */
#define NUMBER_BITS 40

/* Above the small ints, so that every item is an object of its own. */
#define FIRST 1024

static const struct weir_program_param params[] = {
    [OPS] = {.name = "ops",
             .initial = "1500000",
             .unit = "items per thread",
             .help = "items made and appended",
             .min = 1,
             .max = INT64_C(1000000000)},
    [LISTS] = {.name = "lists",
               .initial = "shared",
               .help = "shared: one list for all threads; own: one each",
               .words = "shared|own"},
    {.name = NULL},
};

static bool
is_shared(const struct weir_run *run)
{
    return run->params[LISTS].number == LISTS_SHARED;
}

static int
setup(struct weir_run *run)
{
    if (is_shared(run)) {
        run->data = weir_list_new();
        return run->data == NULL ? weir_error() : 0;
    }
    return 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    worker->data = is_shared(run) ? weir_newref(run->data) : weir_list_new();
    return worker->data == NULL ? weir_error() : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    weir_object *list = worker->data;
    int64_t ops = run->params[OPS].number;
    int64_t first = FIRST + ((int64_t)worker->index << NUMBER_BITS);

    for (int64_t i = 0; i < ops; i++) {
        weir_object *item = weir_int_new(first + i);
        int error;

        if (item == NULL) {
            return weir_error();
        }
        error = weir_list_append(list, item);
        weir_decref(item);
        if (error != 0) {
            return error;
        }
        if (i % CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    worker->ops = (uint64_t)ops;
    return 0;
}

/*
 * Walk a list.  next[t] is the number that the next item of thread t must
 * have; *sum grows by what does not depend on how the threads interleaved.
 * False when an item is not the next one of its thread.
 */
static bool
walk(weir_object *list, uint64_t *next, uint32_t threads, uint64_t *sum)
{
    int64_t size = weir_list_size(list);

    for (int64_t i = 0; i < size; i++) {
        weir_object *item = weir_list_get(list, (size_t)i);
        int64_t value = -1;
        uint64_t thread;
        uint64_t number;

        (void)weir_int_value(item, &value);
        weir_xdecref(item);
        value -= FIRST;
        thread = (uint64_t)value >> NUMBER_BITS;
        number = (uint64_t)value & ((UINT64_C(1) << NUMBER_BITS) - 1);
        if (thread >= threads || number != next[thread]) {
            return false;
        }
        next[thread]++;
        *sum += weir_program_mix((uint64_t)value);
        if (i % 256 == 0) {
            (void)weir_checkpoint();
        }
    }
    return true;
}

/* A list of the thread's own is looked at, and dropped, where it was made. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    uint64_t ops = (uint64_t)run->params[OPS].number;
    uint64_t *next = NULL;
    int error = 0;

    if (worker->data != NULL && !is_shared(run)) {
        next = calloc(run->threads, sizeof(uint64_t));
        worker->checksum = 0;
        if (next == NULL) {
            error = WEIR_ENOMEM;
        } else if (!walk(worker->data, next, run->threads, &worker->checksum) ||
                   next[worker->index] != ops) {
            error = weir_worker_fail(worker, "items are missing or misplaced");
        }
        free(next);
    }
    weir_xdecref(worker->data);
    worker->data = NULL;
    return error;
}

static int
check(struct weir_run *run)
{
    uint64_t ops = (uint64_t)run->params[OPS].number;
    uint64_t *next;
    bool intact;

    if (!is_shared(run)) {
        return wr_work_sum_checksums(run);
    }
    next = calloc(run->threads, sizeof(uint64_t));
    if (next == NULL) {
        return WEIR_ENOMEM;
    }
    run->checksum = 0;
    intact = walk(run->data, next, run->threads, &run->checksum);
    for (uint32_t t = 0; t < run->threads; t++) {
        intact = intact && next[t] == ops;
    }
    free(next);
    return intact ? 0
                  : weir_program_fail(run, "items are missing or misplaced");
}

static void
teardown(struct weir_run *run)
{
    weir_xdecref(run->data);
}

WEIR_PROGRAM_NAMED(
    wr_program_list_append, .name = "list-append",
    .summary = "items appended to one list by all threads, or to one each",
    .help = "Models logs, event queues and results that many produce.  An "
            "operation makes an\nint and appends it.\nChecked: no item is "
            "missing or there twice, and those of a thread are in the\norder "
            "in which it appended them.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .work = work, .prepare = prepare, .settle = settle,
    .check = check, .teardown = teardown);
