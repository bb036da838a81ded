/* SPDX-License-Identifier: MIT */
/*
 * tests/test_park.c - tokens, sleeping and waking.
 */
#include "tests/suites.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/park.h"
#include "base/sync.h"

START_TEST(token_left_before_the_park_is_kept)
{
    struct wr_parker parker;

    wr_parker_init(&parker);
    wr_unpark(&parker);
    wr_park(&parker);
}
END_TEST

START_TEST(two_tokens_count_as_one)
{
    struct wr_parker parker;

    wr_parker_init(&parker);
    wr_unpark(&parker);
    wr_unpark(&parker);
    wr_park(&parker);
    ck_assert(!wr_park_until(&parker, wr_clock_ns()));
}
END_TEST

START_TEST(deadline_ends_the_wait_and_not_before)
{
    struct wr_parker parker;

    wr_parker_init(&parker);
    uint64_t deadline = wr_clock_ns() + 5 * 1000 * 1000;
    ck_assert(!wr_park_until(&parker, deadline));
    ck_assert_uint_ge(wr_clock_ns(), deadline);
}
END_TEST

START_TEST(token_after_a_timeout_is_for_the_next_park)
{
    struct wr_parker parker;

    wr_parker_init(&parker);
    ck_assert(!wr_park_until(&parker, 0));
    wr_unpark(&parker);
    ck_assert(wr_park_until(&parker, 0));
}
END_TEST

struct pair { /* SHARED */
    /* [inner] */
    struct wr_parker ping;

    /* [inner] */
    struct wr_parker pong;

    /* [const] */
    uint64_t rounds;

    /* [atomic: handed over by the parkers] plain on purpose */
    uint64_t value;
};

static void *
answer(void *arg)
{
    struct pair *pair = arg;

    for (uint64_t i = 0; i < pair->rounds; i++) {
        wr_park(&pair->ping);
        pair->value++;
        wr_unpark(&pair->pong);
    }
    return NULL;
}

START_TEST(ping_pong_loses_no_wake_up)
{
    struct pair pair = {.rounds = wr_test_size(20000)};
    pthread_t thread;

    wr_parker_init(&pair.ping);
    wr_parker_init(&pair.pong);
    ck_assert_int_eq(pthread_create(&thread, NULL, answer, &pair), 0);
    for (uint64_t i = 0; i < pair.rounds; i++) {
        pair.value++;
        wr_unpark(&pair.ping);
        wr_park(&pair.pong);
    }
    pthread_join(thread, NULL);
    ck_assert_uint_eq(pair.value, 2 * pair.rounds);
}
END_TEST

struct race { /* SHARED */
    /* [inner] */
    struct wr_parker parker;

    /* [inner] the waker may leave the next token */
    struct wr_parker next;

    /* [const] */
    uint64_t rounds;
};

static void *
wake_late(void *arg)
{
    struct race *race = arg;

    for (uint64_t i = 0; i < race->rounds; i++) {
        wr_park(&race->next);
        wr_unpark(&race->parker);
    }
    return NULL;
}

START_TEST(token_racing_with_the_timeout_is_taken_once)
{
    struct race race = {.rounds = wr_test_size(5000)};
    pthread_t thread;

    wr_parker_init(&race.parker);
    wr_parker_init(&race.next);
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_late, &race), 0);
    for (uint64_t i = 0; i < race.rounds; i++) {
        wr_unpark(&race.next);
        /* Short enough that the token often comes as the time runs out. */
        while (!wr_park_until(&race.parker, wr_clock_ns() + 2000)) {
        }
    }
    pthread_join(thread, NULL);
    ck_assert(!wr_park_until(&race.parker, 0));
}
END_TEST

Suite *
wr_suite_park(void)
{
    Suite *suite = suite_create("park");
    TCase *tc = tcase_create("park");

    tcase_add_test(tc, token_left_before_the_park_is_kept);
    tcase_add_test(tc, two_tokens_count_as_one);
    tcase_add_test(tc, deadline_ends_the_wait_and_not_before);
    tcase_add_test(tc, token_after_a_timeout_is_for_the_next_park);
    tcase_add_test(tc, ping_pong_loses_no_wake_up);
    tcase_add_test(tc, token_racing_with_the_timeout_is_taken_once);
    suite_add_tcase(suite, tc);
    return suite;
}
