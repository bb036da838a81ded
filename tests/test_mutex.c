/* SPDX-License-Identifier: MIT */
/*
 * tests/test_mutex.c - exclusion, and the order of ranks.  Names
 * [inv:mutex.rank-order].
 */
#include "tests/suites.h"

#include <pthread.h>
#include <signal.h>

#include "base/mutex.h"

enum { THREADS = 4 };

struct counter { /* SHARED */
    /* [inner] */
    struct wr_mutex mutex;

    /* [const] */
    uint64_t rounds;

    /* [lock: mutex] */
    uint64_t value;
};

static void *
count_up(void *arg)
{
    struct counter *counter = arg;

    for (uint64_t i = 0; i < counter->rounds; i++) {
        if (i % 8 != 0 || !wr_mutex_trylock(&counter->mutex)) {
            wr_mutex_lock(&counter->mutex);
        }
        counter->value++;
        wr_mutex_unlock(&counter->mutex);
    }
    return NULL;
}

START_TEST(one_holder_at_a_time)
{
    struct counter counter = {
        .mutex = WR_MUTEX_INIT(WR_RANK_LEAF),
        .rounds = wr_test_size(100000),
    };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_up, &counter),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(counter.value, counter.rounds * THREADS);
    ck_assert(wr_mutex_trylock(&counter.mutex));
}
END_TEST

START_TEST(trylock_fails_on_a_held_mutex)
{
    struct wr_mutex mutex;

    wr_mutex_init(&mutex, WR_RANK_LEAF);
    ck_assert(wr_mutex_trylock(&mutex));
    ck_assert(!wr_mutex_trylock(&mutex));
    wr_mutex_unlock(&mutex);
    ck_assert(wr_mutex_trylock(&mutex));
    wr_mutex_unlock(&mutex);
}
END_TEST

START_TEST(held_mutexes_are_counted_when_ranks_are)
{
    struct wr_mutex outer = WR_MUTEX_INIT(WR_RANK_THREADS);
    struct wr_mutex inner = WR_MUTEX_INIT(WR_RANK_ARENA);

    ck_assert(!wr_mutex_any_held());
    wr_mutex_lock(&outer);
    wr_mutex_lock(&inner);
    ck_assert(wr_mutex_any_held() == wr_cfg_ranks);
    wr_mutex_unlock(&outer); /* any order will do */
    ck_assert(wr_mutex_any_held() == wr_cfg_ranks);
    wr_mutex_unlock(&inner);
    ck_assert(!wr_mutex_any_held());
}
END_TEST

static void
take_two(enum wr_rank first, enum wr_rank second)
{
    struct wr_mutex a = WR_MUTEX_INIT(first);
    struct wr_mutex b = WR_MUTEX_INIT(second);

    wr_mutex_lock(&a);
    wr_mutex_lock(&b);
}

START_TEST(falling_rank_dies)
{
    take_two(WR_RANK_ARENA, WR_RANK_THREADS);
    raise(wr_cfg_ranks ? SIGKILL : SIGABRT);
}
END_TEST

START_TEST(equal_rank_dies)
{
    take_two(WR_RANK_LOT, WR_RANK_LOT);
    raise(wr_cfg_ranks ? SIGKILL : SIGABRT);
}
END_TEST

START_TEST(a_fork_takes_all_of_a_rank)
{
    struct wr_mutex all[3] = {
        WR_MUTEX_INIT(WR_RANK_THREADS),
        WR_MUTEX_INIT(WR_RANK_LOT),
        WR_MUTEX_INIT(WR_RANK_LOT),
    };

    for (int i = 0; i < 3; i++) {
        wr_mutex_fork_lock(&all[i]);
        ck_assert(wr_mutex_any_held() == wr_cfg_ranks);
    }
    ck_assert_uint_eq(wr_mutex_fork_ranks(),
                      wr_cfg_ranks ? 1u << WR_RANK_THREADS | 1u << WR_RANK_LOT
                                   : UINT32_MAX);
    for (int i = 0; i < 3; i++) {
        ck_assert(!wr_mutex_trylock(&all[i]));
        wr_mutex_fork_unlock(&all[i]);
        ck_assert(wr_mutex_trylock(&all[i]));
        wr_mutex_unlock(&all[i]);
    }
    ck_assert(!wr_mutex_any_held());
}
END_TEST

/* [inv:mutex.rank-order] holds for a fork but for equal ranks. */
START_TEST(falling_rank_in_a_fork_dies)
{
    struct wr_mutex high = WR_MUTEX_INIT(WR_RANK_ARENA);
    struct wr_mutex low = WR_MUTEX_INIT(WR_RANK_THREADS);

    wr_mutex_fork_lock(&high);
    wr_mutex_fork_lock(&low);
    raise(wr_cfg_ranks ? SIGKILL : SIGABRT);
}
END_TEST

START_TEST(a_mutex_held_before_a_fork_dies)
{
    struct wr_mutex low = WR_MUTEX_INIT(WR_RANK_THREADS);
    struct wr_mutex high = WR_MUTEX_INIT(WR_RANK_ARENA);

    wr_mutex_lock(&low);
    wr_mutex_fork_lock(&high);
    raise(wr_cfg_ranks ? SIGKILL : SIGABRT);
}
END_TEST

START_TEST(a_lower_rank_within_a_fork_dies)
{
    struct wr_mutex high = WR_MUTEX_INIT(WR_RANK_ARENA);
    struct wr_mutex low = WR_MUTEX_INIT(WR_RANK_THREADS);

    wr_mutex_fork_lock(&high);
    wr_mutex_lock(&low);
    raise(wr_cfg_ranks ? SIGKILL : SIGABRT);
}
END_TEST

START_TEST(trylock_may_go_against_the_order)
{
    struct wr_mutex low = WR_MUTEX_INIT(WR_RANK_THREADS);
    struct wr_mutex high = WR_MUTEX_INIT(WR_RANK_ARENA);

    wr_mutex_lock(&high);
    ck_assert(wr_mutex_trylock(&low));
    wr_mutex_unlock(&low);
    wr_mutex_unlock(&high);
    ck_assert(!wr_mutex_any_held());
}
END_TEST

Suite *
wr_suite_mutex(void)
{
    Suite *suite = suite_create("mutex");
    TCase *tc = tcase_create("mutex");

    tcase_add_test(tc, one_holder_at_a_time);
    tcase_add_test(tc, trylock_fails_on_a_held_mutex);
    tcase_add_test(tc, held_mutexes_are_counted_when_ranks_are);
    tcase_add_test_raise_signal(tc, falling_rank_dies, SIGABRT);
    tcase_add_test_raise_signal(tc, equal_rank_dies, SIGABRT);
    tcase_add_test(tc, a_fork_takes_all_of_a_rank);
    tcase_add_test_raise_signal(tc, falling_rank_in_a_fork_dies, SIGABRT);
    tcase_add_test_raise_signal(tc, a_mutex_held_before_a_fork_dies, SIGABRT);
    tcase_add_test_raise_signal(tc, a_lower_rank_within_a_fork_dies, SIGABRT);
    tcase_add_test(tc, trylock_may_go_against_the_order);
    suite_add_tcase(suite, tc);
    return suite;
}
