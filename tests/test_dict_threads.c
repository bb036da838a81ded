/* SPDX-License-Identifier: MIT */
/*
 * tests/test_dict_threads.c - one dict, many threads.
 */
#include "tests/dicts.h"
#include "tests/workers.h"

enum { KEYS = 200, THREADS = 4, ROUNDS = 20000 };

static int
take(weir_object *dict, int64_t k)
{
    weir_object *key = weir_int_new(k + 1000000);
    int error = weir_dict_delete(dict, key);

    weir_xdecref(key);
    return error;
}

/* The int under the int key k, or -1. */
static int64_t
look_up(weir_object *dict, int64_t k)
{
    weir_object *key = wr_test_int(k);
    weir_object *value = weir_dict_get(dict, key);
    int64_t v = value != NULL ? wr_test_int_is(value) : -1;

    weir_decref(key);
    weir_xdecref(value);
    return v;
}

static void
check_sound(weir_object *dict)
{
    ck_assert(wr_test_is_sound(dict));
}

/* Each thread has its own keys and takes out every other one. */
static int
put_and_take_own(struct wr_worker *me, int64_t round)
{
    int64_t key = round * THREADS + me->index;
    int error = wr_test_put(me->shared, key, key * 2);

    if (error == 0 && round % 2 == 1) {
        error = take(me->shared, key - THREADS);
    }
    return error;
}

START_TEST(keys_of_many_threads_are_all_there)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    int64_t rounds = (int64_t)wr_test_size(ROUNDS) / 2 * 2;

    wr_run_workers(dict, THREADS, rounds, put_and_take_own);
    check_sound(dict);
    ck_assert_int_eq(weir_dict_size(dict), rounds / 2 * THREADS);
    for (int64_t key = 0; key < rounds * THREADS; key++) {
        bool stays = key / THREADS % 2 == 1;

        ck_assert_int_eq(look_up(dict, key), stays ? key * 2 : -1);
    }
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

static int
count_hits(struct wr_worker *me, int64_t round)
{
    weir_object *key = weir_int_new(round % 7);
    int error = weir_dict_add_int(me->shared, key, me->index + 1, NULL);

    weir_decref(key);
    return error;
}

START_TEST(no_addition_is_lost_between_threads)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    int64_t rounds = (int64_t)wr_test_size(ROUNDS) / 7 * 7;

    wr_run_workers(dict, THREADS, rounds, count_hits);
    ck_assert_int_eq(weir_dict_size(dict), 7);
    for (int64_t i = 0; i < 7; i++) {
        weir_object *value = weir_dict_get(dict, weir_int_new(i));
        int64_t sum = 0;

        ck_assert_int_eq(weir_int_value(value, &sum), 0);
        ck_assert_int_eq(sum, rounds / 7 * (THREADS * (THREADS + 1) / 2));
        weir_decref(value);
    }
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* Walk as far as the others allow; values belong to their keys. */
static int
walk(weir_object *dict)
{
    weir_object *key;
    weir_object *value;
    uint64_t pos = 0;
    int found;

    while ((found = weir_dict_next(dict, &pos, &key, &value)) == 1) {
        int64_t k = 0;
        int64_t v = 0;

        (void)weir_int_value(key, &k);
        (void)weir_int_value(value, &v);
        weir_decref(key);
        weir_decref(value);
        if (k % KEYS != v % KEYS) {
            return WEIR_ESTATE;
        }
    }
    return found == WEIR_ECHANGED ? 0 : found;
}

static int
mixed_use(struct wr_worker *me, int64_t round)
{
    int64_t key = (round * 31 + me->index * 17) % KEYS;
    weir_object *k = weir_int_new(key + 1000000);
    int error = 0;

    switch (round % 8) {
    case 0:
        error = take(me->shared, key);
        error = error == WEIR_ENOKEY ? 0 : error;
        break;
    case 1:
        error = walk(me->shared);
        break;
    case 2:
        error = round % 1000 == 2 ? weir_dict_clear(me->shared) : 0;
        break;
    case 3:
    case 4:
        error = wr_test_put(me->shared, key, key + KEYS * round);
        break;
    default:
        weir_xdecref(weir_dict_get(me->shared, k));
        break;
    }
    weir_decref(k);
    return error;
}

START_TEST(mixed_use_by_many_threads_leaks_nothing)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();

    wr_run_workers(dict, THREADS, (int64_t)wr_test_size(ROUNDS), mixed_use);
    check_sound(dict);
    ck_assert_int_eq(walk(dict), 0);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* What the threads of a test share. */
struct pair {
    weir_object *a;
    weir_object *b;
};

/* Two dicts, each way; and the calls that change one of them. */
static int
both_ways(struct wr_worker *me, int64_t round)
{
    struct pair *pair = me->shared;
    bool swap = me->index % 2 == 0;
    weir_object *a = swap ? pair->b : pair->a;
    weir_object *b = swap ? pair->a : pair->b;
    int64_t k = round * 7 % KEYS;
    weir_object *key = weir_int_new(k + 1000000);
    weir_object *other;
    int error = 0;

    switch ((round + me->index) % 6) {
    case 0:
        error = weir_dict_update(a, b);
        break;
    case 1:
        other = weir_dict_copy(a);
        error = other != NULL ? weir_dict_update(b, other) : weir_error();
        weir_xdecref(other);
        break;
    case 2:
        weir_xdecref(weir_dict_pop(a, key));
        break;
    case 3:
        error = walk(a);
        break;
    default:
        error = wr_test_put(a, k, k + KEYS * round);
        break;
    }
    weir_decref(key);
    return error;
}

START_TEST(update_both_ways_without_deadlock)
{
    struct wr_test_usage before = wr_test_usage();
    struct pair pair = {weir_dict_new(), weir_dict_new()};

    wr_run_workers(&pair, THREADS, (int64_t)wr_test_size(ROUNDS / 10),
                   both_ways);
    check_sound(pair.a);
    check_sound(pair.b);
    ck_assert_int_eq(walk(pair.a), 0);
    ck_assert_int_eq(walk(pair.b), 0);
    weir_decref(pair.a);
    weir_decref(pair.b);
    wr_test_no_leak(before);
}
END_TEST

/* A cache: what is found moves to the end, what is not is made, and the
 * oldest goes when there are too many. */
static int
use_cache(struct wr_worker *me, int64_t round)
{
    weir_object *dict = me->shared;
    int64_t k = (round * round + me->index * 31) % KEYS;
    weir_object *key = weir_int_new(k + 1000000);
    weir_object *made = weir_int_new(k + 1000000 + KEYS * round);
    weir_object *value = weir_dict_setdefault(dict, key, made);
    int64_t number = 0;
    int error = value != NULL ? weir_int_value(value, &number) : weir_error();

    if (error == 0 && (number - 1000000) % KEYS != k) {
        error = WEIR_ETYPE;
    }
    weir_xdecref(value);
    weir_decref(made);
    if (error == 0) {
        error = weir_dict_move_to_end(dict, key);
        error = error == WEIR_ENOKEY ? 0 : error;
    }
    if (error == 0 && weir_dict_size(dict) > KEYS / 4) {
        error = weir_dict_pop_first(dict, NULL, NULL);
        error = error > 0 ? 0 : error;
    }
    weir_decref(key);
    return error;
}

START_TEST(cache_of_many_threads_stays_whole)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();

    wr_run_workers(dict, THREADS, (int64_t)wr_test_size(ROUNDS) / 2, use_cache);
    check_sound(dict);
    ck_assert_int_le(weir_dict_size(dict), KEYS / 4 + THREADS);
    ck_assert_int_eq(walk(dict), 0);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_dict_threads(void)
{
    Suite *suite = suite_create("dict_threads");
    TCase *tc = tcase_create("dict_threads");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_test(tc, keys_of_many_threads_are_all_there);
        tcase_add_test(tc, no_addition_is_lost_between_threads);
        tcase_add_test(tc, mixed_use_by_many_threads_leaks_nothing);
        tcase_add_test(tc, update_both_ways_without_deadlock);
        tcase_add_test(tc, cache_of_many_threads_stays_whole);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
