/* SPDX-License-Identifier: MIT */
/*
 * tests/test_list_history.c - do all threads agree on what happened?
 *
 * A few threads do a few random operations each on one short list, and note
 * when each began and ended, and what it returned.  Then every order of the
 * operations that fits those times is tried on a plain array until one gives
 * the same results: the history is linearisable.  If none does, some thread
 * saw a list that never was [inv:list.size-first] [inv:list.tail-empty].
 *
 * The items are new ints each time, so that blocks are used again while late
 * readers look at them.  Lists keep their array, or outgrow it, by turns.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "base/random.h"
#include "kinds/list.h"

#include <sched.h>

enum {
    THREADS_MAX = 3,
    OPS_EACH = 3,
    OPS_MAX = THREADS_MAX * OPS_EACH,
    LENGTH_MAX = 128,
    ROUNDS = 1000,
    SPINS = 1000
};

enum what {
    APPEND,
    POP,
    GET,
    SET,
    SIZE,
    INSERT,
    REMOVE,
    REVERSE,
    CLEAR,
    DOUBLE, /* extend by itself */
    CUT,    /* set_slice(1, 3, NULL) */
    COPY,   /* slice of all, as one number */
    KINDS
};

struct op {
    enum what what;
    int64_t i;
    int64_t value;
    int64_t result;
    uint32_t began;
    uint32_t ended;
};

/* A list, as it should be. */
struct plain {
    int64_t values[LENGTH_MAX];
    int64_t size;
};

static struct {
    weir_object *list;
    struct plain start;
    struct op ops[THREADS_MAX][OPS_EACH];
    /* [atomic: add and read acq_rel] */
    uint32_t clock;
    uint32_t arrived;
    int threads;
    const enum what *mix;
    size_t mixed;
    int error;
} history;

/* ---- on the plain array -------------------------------------------------- */

static void
plain_splice(struct plain *list, int64_t from, int64_t gone,
             const int64_t *values, int64_t n)
{
    int64_t rest = list->size - from - gone;

    memmove(&list->values[from + n], &list->values[from + gone],
            (size_t)rest * sizeof(list->values[0]));
    memcpy(&list->values[from], values, (size_t)n * sizeof(list->values[0]));
    list->size += n - gone;
}

static int64_t
fold(int64_t sum, int64_t value)
{
    return (int64_t)(((uint64_t)sum + (uint64_t)value) *
                         UINT64_C(0x9e3779b97f4a7c15) >>
                     1);
}

/* What the operation returns on the plain list, which it changes. */
static int64_t
plain_apply(struct plain *list, const struct op *op)
{
    struct plain copy = *list;
    bool inside = op->i < list->size;
    int64_t result = 0;

    switch (op->what) {
    case APPEND:
        plain_splice(list, list->size, 0, &op->value, 1);
        return 0;
    case POP:
        return list->size == 0 ? WEIR_ERANGE : list->values[--list->size];
    case GET:
        return inside ? list->values[op->i] : WEIR_ERANGE;
    case SET:
        if (inside) {
            list->values[op->i] = op->value;
        }
        return inside ? 0 : WEIR_ERANGE;
    case SIZE:
        return list->size;
    case INSERT:
        if (op->i <= list->size) {
            plain_splice(list, op->i, 0, &op->value, 1);
        }
        return op->i <= copy.size ? 0 : WEIR_ERANGE;
    case REMOVE:
        if (inside) {
            plain_splice(list, op->i, 1, copy.values, 0);
        }
        return inside ? copy.values[op->i] : WEIR_ERANGE;
    case REVERSE:
        for (int64_t i = 0; i < list->size; i++) {
            list->values[i] = copy.values[list->size - 1 - i];
        }
        return 0;
    case CLEAR:
        list->size = 0;
        return 0;
    case DOUBLE:
        plain_splice(list, list->size, 0, copy.values, copy.size);
        return 0;
    case CUT:
        if (list->size > 1) {
            plain_splice(list, 1, list->size > 2 ? 2 : 1, copy.values, 0);
        }
        return 0;
    case COPY:
    case KINDS:
        break;
    }
    for (int64_t i = 0; i < list->size; i++) {
        result = fold(result, list->values[i]);
    }
    return result;
}

/* ---- on the real list ---------------------------------------------------- */

/* The value of an item that is dropped, or the error if there is none. */
static int64_t
value_of(weir_object *item)
{
    int64_t value = 0;

    if (item == NULL) {
        return weir_error();
    }
    if (weir_int_value(item, &value) != 0) {
        value = INT64_MIN;
    }
    weir_decref(item);
    return value;
}

static int64_t
real_copy(weir_object *list)
{
    weir_object *copy = weir_list_slice(list, 0, SIZE_MAX);
    weir_object *item;
    uint64_t pos = 0;
    int64_t sum = 0;

    while (weir_list_next(copy, &pos, &item) == 1) {
        sum = fold(sum, value_of(item));
    }
    weir_decref(copy);
    return sum;
}

static int64_t
real_apply(weir_object *list, const struct op *op)
{
    weir_object *value = weir_int_new(op->value);
    int64_t result = 0;

    switch (op->what) {
    case APPEND:
        result = weir_list_append(list, value);
        break;
    case POP:
        result = value_of(weir_list_pop(list));
        break;
    case GET:
        result = value_of(weir_list_get(list, (size_t)op->i));
        break;
    case SET:
        result = weir_list_set(list, (size_t)op->i, value);
        break;
    case SIZE:
        result = weir_list_size(list);
        break;
    case INSERT:
        result = weir_list_insert(list, (size_t)op->i, value);
        break;
    case REMOVE:
        result = value_of(weir_list_remove(list, (size_t)op->i));
        break;
    case REVERSE:
        result = weir_list_reverse(list);
        break;
    case CLEAR:
        result = weir_list_clear(list);
        break;
    case DOUBLE:
        result = weir_list_extend(list, list);
        break;
    case CUT:
        result = weir_list_set_slice(list, 1, 3, NULL);
        break;
    case COPY:
    case KINDS:
        result = real_copy(list);
        break;
    }
    weir_decref(value);
    return result;
}

/* ---- is there an order? -------------------------------------------------- */

/* True if the next operation of a thread may come first among the rest: no
 * other that is left had ended before it began. */
static bool
may_come_next(const int *done, int thread)
{
    const struct op *op = &history.ops[thread][done[thread]];

    for (int t = 0; t < history.threads; t++) {
        if (done[t] < OPS_EACH && history.ops[t][done[t]].ended < op->began) {
            return false;
        }
    }
    return true;
}

/* Go on from a state; as deep as there are operations. */
static bool
has_order(const struct plain *list, const int *done, int left)
{
    if (left == 0) {
        return true;
    }
    for (int t = 0; t < history.threads; t++) {
        struct plain next = *list;
        int then[THREADS_MAX] = {done[0], done[1], done[2]};

        if (done[t] == OPS_EACH || !may_come_next(done, t)) {
            continue;
        }
        if (plain_apply(&next, &history.ops[t][done[t]]) !=
            history.ops[t][done[t]].result) {
            continue;
        }
        then[t]++;
        if (has_order(&next, then, left - 1)) {
            return true;
        }
    }
    return false;
}

/* ---- rounds -------------------------------------------------------------- */

/* Wait until all have come here n times. */
static void
meet(uint32_t n)
{
    uint32_t all = n * (uint32_t)history.threads;

    (void)wr_fetch_add_acq_rel(&history.arrived, 1U);
    for (int i = 0; wr_load_acquire(&history.arrived) < all; i++) {
        if (i > SPINS || !wr_cfg_parallel) {
            (void)weir_blocking_begin();
            (void)sched_yield();
            (void)weir_blocking_end();
        }
        wr_cpu_relax();
    }
}

/* A new list of a few items and operations to be done on it. */
static void
prepare(int64_t round)
{
    static struct wr_random random;
    static bool is_seeded;
    int64_t value = 1000000 + round * 1000;

    if (!is_seeded) {
        wr_random_seed(&random, wr_test_seed());
        is_seeded = true;
    }
    if (round % 8 == 0) {
        weir_xdecref(history.list);
        history.list = weir_list_new();
    }
    (void)weir_list_clear(history.list);
    history.start.size = 0;
    for (uint64_t n = wr_random_below(&random, 6); n > 0; n--) {
        struct op op = {.what = APPEND, .value = value++};

        (void)real_apply(history.list, &op);
        (void)plain_apply(&history.start, &op);
    }
    for (int t = 0; t < history.threads; t++) {
        bool doubled = false;

        for (int i = 0; i < OPS_EACH; i++) {
            struct op *op = &history.ops[t][i];

            op->what = history.mix[wr_random_below(&random, history.mixed)];
            op->i = (int64_t)wr_random_below(&random, 5);
            op->value = value++;
            /* So that LENGTH_MAX is enough. */
            op->what = op->what == DOUBLE && doubled ? GET : op->what;
            doubled = doubled || op->what == DOUBLE;
        }
    }
}

static void
check(void)
{
    static const int none[THREADS_MAX];

    if (!has_order(&history.start, none, history.threads * OPS_EACH)) {
        history.error = WEIR_ESTATE;
    }
}

static int
take_part(struct wr_worker *me, int64_t round)
{
    uint32_t n = (uint32_t)round * 2;

    if (me->index == 0) {
        prepare(round);
    }
    meet(n + 1);
    for (int i = 0; i < OPS_EACH; i++) {
        struct op *op = &history.ops[me->index][i];

        op->began = wr_fetch_add_acq_rel(&history.clock, 1U);
        op->result = real_apply(history.list, op);
        op->ended = wr_fetch_add_acq_rel(&history.clock, 1U);
        (void)weir_checkpoint();
    }
    meet(n + 2);
    if (me->index == 0) {
        check();
    }
    return 0;
}

/* What is done in a run: all there is, and the most delicate meetings. */
static const struct {
    enum what kinds[12];
    size_t n;
} mixes[] = {
    {{APPEND, POP, GET, SET, SIZE, INSERT, REMOVE, REVERSE, CLEAR, DOUBLE, CUT,
      COPY},
     12},
    {{APPEND, POP, GET, GET, SIZE}, 5},         /* at the end */
    {{REVERSE, INSERT, REMOVE, GET, GET}, 5},   /* in place */
    {{CLEAR, DOUBLE, APPEND, SET, GET, GET}, 6} /* arrays replaced */
};

enum { MIXES = sizeof(mixes) / sizeof(mixes[0]) };

START_TEST(histories_have_an_order)
{
    struct wr_test_usage before = wr_test_usage();

    history.threads = 2 + _i / MIXES;
    history.mix = mixes[_i % MIXES].kinds;
    history.mixed = mixes[_i % MIXES].n;
    wr_run_workers(NULL, history.threads, (int64_t)wr_test_size(ROUNDS),
                   take_part);
    ck_assert_int_eq(history.error, 0);
    weir_decref(history.list);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_list_history(void)
{
    Suite *suite = suite_create("list_history");
    TCase *tc = tcase_create("list_history");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_loop_test(tc, histories_have_an_order, 0, 2 * MIXES);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
