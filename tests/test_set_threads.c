/* SPDX-License-Identifier: MIT */
/*
 * tests/test_set_threads.c - sets that many threads share.
 */
#include "tests/dicts.h"
#include "tests/workers.h"

enum { VALUES = 64, THREADS = 4, ROUNDS = 10000 };

static void
check_sound(weir_object *set)
{
    ck_assert(wr_test_is_sound(set));
}

/* What the threads of a test share. */
struct shared {
    weir_object *a;
    weir_object *b;
    /* [atomic: any thread adds, relaxed] by value: added minus removed */
    int64_t balance[VALUES];
};

/* All threads add and remove the same elements, and count what they did. */
static int
add_and_remove(struct wr_worker *me, int64_t round)
{
    struct shared *shared = me->shared;
    int64_t n = (round * 7 + me->index * 3) % VALUES;
    weir_object *o = weir_int_new(n + 1000000);
    int done;

    if (round % 2 == 0) {
        done = weir_set_add(shared->a, o);
        if (done == 1) {
            (void)wr_fetch_add_relaxed(&shared->balance[n], (int64_t)1);
        }
    } else {
        done = weir_set_remove(shared->a, o);
        if (done == 0) {
            (void)wr_fetch_sub_relaxed(&shared->balance[n], (int64_t)1);
        }
    }
    weir_decref(o);
    return done < 0 && done != WEIR_ENOKEY ? done : 0;
}

START_TEST(one_thread_adds_and_one_removes)
{
    struct wr_test_usage before = wr_test_usage();
    struct shared shared = {.a = weir_set_new()};
    int64_t size = 0;

    wr_run_workers(&shared, THREADS, (int64_t)wr_test_size(ROUNDS),
                   add_and_remove);
    check_sound(shared.a);
    for (int64_t n = 0; n < VALUES; n++) {
        weir_object *o = wr_test_int(n);

        ck_assert_int_eq(weir_set_contains(shared.a, o), shared.balance[n]);
        size += shared.balance[n];
        weir_decref(o);
    }
    ck_assert_int_eq(weir_set_size(shared.a), size);
    weir_decref(shared.a);
    wr_test_no_leak(before);
}
END_TEST

/* Some take what others put in. */
static int
put_and_pop(struct wr_worker *me, int64_t round)
{
    weir_object *o;
    int error = 0;

    if (me->index % 2 == 0) {
        o = weir_int_new(round * THREADS + me->index + 1000000);
        error = weir_set_add(me->shared, o);
        error = error == 1 ? 0 : WEIR_ESTATE;
    } else {
        o = weir_set_pop(me->shared);
    }
    weir_xdecref(o);
    return error;
}

START_TEST(what_is_put_in_comes_out_once)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *set = weir_set_new();

    wr_run_workers(set, THREADS, (int64_t)wr_test_size(ROUNDS), put_and_pop);
    check_sound(set);
    weir_decref(set);
    wr_test_no_leak(before);
}
END_TEST

/* Two sets, each way; and the calls that change one of them. */
static int
both_ways(struct wr_worker *me, int64_t round)
{
    struct shared *shared = me->shared;
    bool swap = me->index % 2 == 0;
    weir_object *a = swap ? shared->b : shared->a;
    weir_object *b = swap ? shared->a : shared->b;
    weir_object *o = weir_int_new(round % VALUES + 1000000);
    weir_object *copy;
    int error = 0;

    switch ((round + me->index) % 8) {
    case 0:
        error = weir_set_update(a, b);
        break;
    case 1:
        error = weir_set_subtract(a, b);
        break;
    case 2:
        error = weir_set_intersect(a, b);
        break;
    case 3:
        error = weir_set_is_subset(a, b);
        break;
    case 4:
        error = weir_set_equal(a, b);
        break;
    case 5:
        copy = weir_set_copy(a);
        error = copy != NULL ? weir_set_update(b, copy) : weir_error();
        weir_xdecref(copy);
        break;
    default:
        error = weir_set_add(a, o);
        break;
    }
    weir_decref(o);
    return error < 0 ? error : 0;
}

START_TEST(both_ways_without_deadlock)
{
    struct wr_test_usage before = wr_test_usage();
    struct shared shared = {.a = weir_set_new(), .b = weir_set_new()};

    wr_run_workers(&shared, THREADS, (int64_t)wr_test_size(ROUNDS), both_ways);
    check_sound(shared.a);
    check_sound(shared.b);
    weir_decref(shared.a);
    weir_decref(shared.b);
    wr_test_no_leak(before);
}
END_TEST

/* A set of all values or none, as every call but contains must see it. */
static int
all_or_none(struct wr_worker *me, int64_t round)
{
    struct shared *shared = me->shared;
    weir_object *copy;
    int64_t size;

    switch (me->index) {
    case 0:
        return round % 2 == 0 ? weir_set_update(shared->a, shared->b)
                              : weir_set_subtract(shared->a, shared->b);
    case 1:
        size = weir_set_size(shared->a);
        break;
    case 2:
        return weir_set_is_subset(shared->a, shared->b) == 1 ? 0 : WEIR_ESTATE;
    default:
        copy = weir_set_copy(shared->a);
        size = weir_set_size(copy);
        weir_xdecref(copy);
        break;
    }
    return size == 0 || size == VALUES ? 0 : WEIR_ESTATE;
}

START_TEST(two_sets_change_all_at_once)
{
    struct wr_test_usage before = wr_test_usage();
    struct shared shared = {.a = weir_set_new(), .b = weir_set_new()};

    for (int64_t n = 0; n < VALUES; n++) {
        weir_object *o = wr_test_int(n);

        ck_assert_int_eq(weir_set_add(shared.b, o), 1);
        weir_decref(o);
    }
    wr_run_workers(&shared, THREADS, (int64_t)wr_test_size(ROUNDS / 2),
                   all_or_none);
    weir_decref(shared.a);
    weir_decref(shared.b);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_set_threads(void)
{
    Suite *suite = suite_create("set_threads");
    TCase *tc = tcase_create("set_threads");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_test(tc, one_thread_adds_and_one_removes);
        tcase_add_test(tc, what_is_put_in_comes_out_once);
        tcase_add_test(tc, both_ways_without_deadlock);
        tcase_add_test(tc, two_sets_change_all_at_once);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
