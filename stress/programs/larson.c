/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/larson.c - blocks that another thread frees (Larson's
 * benchmark).
 *
 * Larson and Krishnan (1998) simulate a server: a thread replaces blocks at
 * random places of an array by new ones of random sizes; after a while it
 * ends, and a new thread goes on with the array.  So memory is freed by
 * another thread than asked for it, and the live heap never grows.  Here an
 * array is a list, a block a string or an instance, and after each round every
 * thread takes over the array of the next one.
 *
 * What happens to an array follows from the array, not from the threads that
 * work on it, so the heap at the end is the same however they run.  Each block
 * carries a number at both ends; the sum of the numbers that went in, less
 * those that were read back when a block came out, must be the sum of what is
 * there.
 */
#include "programs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "witness.h"
#include "work.h"

enum { ROUNDS, STEPS, LIVE, LARGEST, BLOCKS };

enum { BLOCKS_MIXED, BLOCKS_STRINGS, BLOCKS_INSTANCES };

/* Steps between two checkpoints; a power of two. */
#define CHUNK 16u

/* The smallest block, without its header. */
#define SMALLEST 16u

/* Instance types have 2, 4, 8... slots; the last one 1024. */
#define TYPES_MAX 10u

/* Every so manieth block is a witness of its death. */
#define WITNESS_EVERY 512u

static const struct weir_program_param params[] = {
    [ROUNDS] = {.name = "rounds",
                .initial = "200",
                .unit = "rounds",
                .help = "how often every array passes to another thread",
                .min = 1,
                .max = 1000000000},
    [STEPS] = {.name = "steps",
               .initial = "5000",
               .unit = "blocks per round and thread",
               .help = "blocks replaced",
               .min = 1,
               .max = 1000000000},
    [LIVE] = {.name = "live",
              .initial = "5000",
              .unit = "blocks per thread",
              .help = "length of an array",
              .min = 1,
              .max = 100000000},
    [LARGEST] = {.name = "largest",
                 .initial = "500",
                 .unit = "bytes",
                 .help = "size of the largest block; the smallest has 16",
                 .min = SMALLEST,
                 .max = 8192},
    [BLOCKS] = {.name = "blocks",
                .initial = "mixed",
                .help = "strings, instances, or both",
                .words = "mixed|strings|instances"},
    {.name = NULL},
};

/* An array, and all that decides what becomes of it. */
struct array {
    weir_object *list;
    uint64_t random;

    /* number of the last block made for it; begins with the array's own */
    uint64_t serial;

    /* numbers of the blocks that are in it, added up */
    uint64_t sum;

    uint64_t witnesses;
};

struct larson { /* SHARED */
    /* [const] instances with 2 << i slots, for i below ntypes */
    weir_type *types[TYPES_MAX];
    uint32_t ntypes;

    /* [const] */
    uint32_t largest;
    int64_t blocks;

    /* [owner] an array is its thread's until the round ends */
    struct array *arrays;

    /* [inner] the end of a round */
    pthread_barrier_t barrier;
    bool has_barrier;

    /* [owner] worker 0: the most memory at the end of a round, in bytes */
    uint64_t peak;

    /* [inner] */
    struct wr_witness witness;
};

/* A string of `size` bytes with the number at both ends. */
static weir_object *
make_string(uint32_t size, uint64_t number)
{
    char bytes[8192];

    memset(bytes, 'x', size);
    memcpy(bytes, &number, sizeof(number));
    memcpy(bytes + size - sizeof(number), &number, sizeof(number));
    return weir_str_new(bytes, size);
}

/* An instance of at most `size` bytes of slots, the number in the first and
 * the last. */
static weir_object *
make_instance(struct larson *larson, struct array *array, uint32_t size,
              uint64_t number)
{
    uint32_t i = 0;
    weir_type *type;
    weir_object *o;
    weir_object *value;
    int error;

    while (i + 1 < larson->ntypes && (UINT32_C(4) << i) * 8 <= size) {
        i++;
    }
    type = larson->types[i];
    if (array->serial % WITNESS_EVERY == 0) {
        type = larson->witness.type;
        array->witnesses++;
    }
    o = weir_instance_new(type);
    value = weir_int_new((int64_t)number);
    error = o == NULL || value == NULL ? weir_error() : 0;
    if (error == 0) {
        error = weir_instance_set(o, 0, value);
    }
    if (error == 0) {
        error =
            weir_instance_set(o, (size_t)weir_instance_slots(type) - 1, value);
    }
    weir_xdecref(value);
    if (error != 0) {
        weir_xdecref(o);
        return NULL;
    }
    return o;
}

/* The next block of the array, with its number. */
static weir_object *
make_block(struct larson *larson, struct array *array, uint64_t *number)
{
    uint64_t random = weir_program_random(&array->random);
    uint32_t size =
        SMALLEST + (uint32_t)(random >> 8) % (larson->largest - SMALLEST + 1);
    bool string = larson->blocks == BLOCKS_STRINGS ||
                  (larson->blocks == BLOCKS_MIXED && (random & 1) != 0);

    *number = weir_program_mix(++array->serial) >> 2;
    return string ? make_string(size, *number)
                  : make_instance(larson, array, size, *number);
}

/* Read the number in a slot; false when there is none. */
static bool
read_slot(weir_object *o, size_t slot, uint64_t *number)
{
    int64_t value = 0;

    if (weir_int_value(weir_instance_borrow(o, slot), &value) != 0) {
        return false;
    }
    *number = (uint64_t)value;
    return true;
}

/* Read the number of a block; false when its ends differ. */
static bool
read_block(weir_object *o, uint64_t *number)
{
    uint64_t end = 0;
    int64_t slots;

    if (weir_is_str(o)) {
        size_t size;
        const char *bytes = weir_str_data(o, &size);

        memcpy(number, bytes, sizeof(*number));
        memcpy(&end, bytes + size - sizeof(end), sizeof(end));
        return *number == end;
    }
    slots = weir_instance_slots(weir_type_of(o));
    return slots > 0 && read_slot(o, 0, number) &&
           read_slot(o, (size_t)slots - 1, &end) && *number == end;
}

/* Read the block in a slot out of the sum; false when it is damaged. */
static bool
account_old(struct array *array, size_t slot)
{
    weir_object *old = weir_list_get(array->list, slot);
    uint64_t number = 0;
    bool intact = old != NULL && read_block(old, &number);

    array->sum -= number;
    weir_xdecref(old);
    return intact;
}

/* Make a block and put it in place of the old one, which dies; or at the end
 * while the array is being filled. */
static int
put_new(struct larson *larson, struct array *array, size_t slot, bool fill)
{
    uint64_t number;
    weir_object *o = make_block(larson, array, &number);
    int error;

    if (o == NULL) {
        return WEIR_ENOMEM;
    }
    array->sum += number;
    error = fill ? weir_list_append(array->list, o)
                 : weir_list_set(array->list, slot, o);
    weir_decref(o);
    return error;
}

static int
setup(struct weir_run *run)
{
    struct larson *larson = calloc(1, sizeof(struct larson));

    run->data = larson;
    if (larson == NULL) {
        return WEIR_ENOMEM;
    }
    larson->largest = (uint32_t)run->params[LARGEST].number;
    larson->blocks = run->params[BLOCKS].number;
    larson->arrays = calloc(run->threads, sizeof(struct array));
    if (larson->arrays == NULL ||
        pthread_barrier_init(&larson->barrier, NULL, run->threads) != 0) {
        return WEIR_ENOMEM;
    }
    larson->has_barrier = true;
    for (uint32_t i = 0; i < TYPES_MAX; i++) {
        uint32_t slots = UINT32_C(2) << i;

        if (i > 0 && slots * 8 > larson->largest) {
            break;
        }
        larson->types[i] = weir_instance_type("block", slots, 0, NULL, NULL);
        if (larson->types[i] == NULL) {
            return weir_error();
        }
        larson->ntypes++;
    }
    return wr_witness_make(&larson->witness, 2);
}

/* A full array. */
static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    struct larson *larson = run->data;
    struct array *array = &larson->arrays[worker->index];
    uint64_t live = (uint64_t)run->params[LIVE].number;
    int error = 0;

    array->random = worker->seed;
    array->serial = (uint64_t)worker->index << 40;
    array->list = weir_list_new();
    if (array->list == NULL) {
        return weir_error();
    }
    for (uint64_t i = 0; i < live && error == 0; i++) {
        error = put_new(larson, array, 0, true);
        (void)weir_checkpoint();
    }
    return error;
}

/* One round on one array, which nobody else uses meanwhile. */
static int
one_round(const struct weir_run *run, struct weir_worker *worker,
          struct array *shared)
{
    struct array array = *shared;
    uint64_t live = (uint64_t)run->params[LIVE].number;
    int64_t steps = run->params[STEPS].number;
    int error = 0;

    for (int64_t i = 0; i < steps && error == 0; i++) {
        size_t slot = weir_program_random(&array.random) % live;

        if (!account_old(&array, slot)) {
            error = weir_worker_fail(worker, "a block was damaged");
        } else {
            error = put_new(run->data, &array, slot, false);
        }
        if (i % CHUNK == 0) {
            (void)weir_checkpoint();
        }
    }
    *shared = array;
    return error;
}

static void
note_memory(struct larson *larson)
{
    weir_memory memory = {.arenas = 0};
    uint64_t bytes;

    (void)weir_memory_stats(&memory);
    bytes = memory.arenas * (UINT64_C(4) << 20);
    if (bytes > larson->peak) {
        larson->peak = bytes;
    }
}

/* All rounds.  Who fails still meets the others: they would wait for ever. */
static int
work(struct weir_run *run, struct weir_worker *worker)
{
    struct larson *larson = run->data;
    uint64_t rounds = (uint64_t)run->params[ROUNDS].number;
    int error = 0;

    for (uint64_t r = 1; r <= rounds; r++) {
        uint64_t next = (worker->index + r) % run->threads;

        if (error == 0) {
            error = one_round(run, worker, &larson->arrays[next]);
        }
        if (worker->index == 0) {
            note_memory(larson);
        }
        (void)weir_blocking_begin();
        (void)pthread_barrier_wait(&larson->barrier);
        (void)weir_blocking_end();
    }
    worker->ops = rounds * (uint64_t)run->params[STEPS].number;
    return error;
}

/* Add up the blocks; true when all are there and whole. */
static bool
array_intact(const struct array *array, int64_t live, uint64_t *checksum)
{
    uint64_t sum = 0;
    bool intact = weir_list_size(array->list) == live;

    for (int64_t i = 0; i < live && intact; i++) {
        weir_object *o = weir_list_get(array->list, (size_t)i);
        uint64_t number = 0;

        intact = read_block(o, &number);
        weir_xdecref(o);
        sum += number;
        *checksum += weir_program_mix((uint64_t)i ^ weir_program_mix(number));
    }
    return intact && sum == array->sum;
}

/* One array each; all of them are complete. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct larson *larson = run->data;
    struct array *array = &larson->arrays[worker->index];
    bool intact = false;

    if (array->list != NULL) {
        worker->checksum = 0;
        intact =
            array_intact(array, run->params[LIVE].number, &worker->checksum);
        weir_decref(array->list);
        array->list = NULL;
    }
    return intact ? 0 : weir_worker_fail(worker, "blocks were lost or damaged");
}

/*
 * True when the memory stayed within what the live blocks need: eight times
 * their largest size, with their headers and numbers, and a share for each
 * thread's pools.  Far from tight, and far below the sum of all that was made.
 */
static bool
stayed_flat(const struct weir_run *run, const struct larson *larson)
{
    uint64_t live = (uint64_t)run->params[LIVE].number * run->threads;

    return larson->peak <= 8 * live * (larson->largest + 96) +
                               run->threads * (UINT64_C(64) << 20);
}

static int
check(struct weir_run *run)
{
    const struct larson *larson = run->data;
    uint64_t witnesses = 0;

    for (uint32_t i = 0; i < run->threads; i++) {
        witnesses += larson->arrays[i].witnesses;
    }
    if (!wr_witness_all_died(&larson->witness, witnesses)) {
        return weir_program_fail(run, "blocks died twice or not at all");
    }
    if (wr_cfg_counted && !stayed_flat(run, larson)) {
        return weir_program_fail(run, "memory has grown beside a steady heap");
    }
    return wr_work_sum_checksums(run);
}

static void
teardown(struct weir_run *run)
{
    struct larson *larson = run->data;

    if (larson == NULL) {
        return;
    }
    if (larson->has_barrier) {
        pthread_barrier_destroy(&larson->barrier);
    }
    free(larson->arrays);
    free(larson);
}

WEIR_PROGRAM_NAMED(
    wr_program_larson, .name = "larson",
    .summary = "arrays of objects that pass from thread to thread (Larson)",
    .help =
        "Models a server whose requests outlive the threads that began them. "
        " An\noperation replaces a block, at a random place of an array, by a "
        "new one of random\nsize; after each round every array passes to "
        "another thread, which frees what the\nothers have made.\nChecked: "
        "every block that is replaced, the sum over all blocks at the end, "
        "that\neach block dies once (on one in 512, which has a finalizer), "
        "and that memory does\nnot grow.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC, .setup = setup,
    .prepare = prepare, .work = work, .settle = settle, .check = check,
    .teardown = teardown);
