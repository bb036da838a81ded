/* SPDX-License-Identifier: MIT */
/*
 * tests/test_lot.c - sleeping on addresses.
 */
#include "tests/suites.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/lot.h"
#include "base/sync.h"

enum { THREADS = 4 };

/*
 * A byte lock with hand-over: 0 free, 1 held, 2 held and awaited.  The one who
 * unlocks gives the lock to the sleeper that it wakes.
 */
static bool
still_awaited(void *ctx)
{
    return wr_load_relaxed((uint8_t *)ctx) == 2;
}

static void
byte_lock(uint8_t *byte)
{
    uint8_t seen = 0;

    while (!wr_cas_acq_rel(byte, &seen, (uint8_t)1)) {
        if (seen == 1 && !wr_cas_acq_rel(byte, &seen, (uint8_t)2)) {
            seen = 0;
            continue;
        }
        if (wr_lot_park(byte, still_awaited, byte)) {
            return;
        }
        seen = 0;
    }
}

static void
hand_over(void *ctx, bool found, bool more)
{
    uint8_t left = more ? 2 : 1;
    wr_store_release((uint8_t *)ctx, found ? left : (uint8_t)0);
}

static void
byte_unlock(uint8_t *byte)
{
    uint8_t seen = 1;

    if (!wr_cas_acq_rel(byte, &seen, (uint8_t)0)) {
        wr_lot_unpark_one(byte, hand_over, byte);
    }
}

struct counter { /* SHARED */
    /* [inner] the byte lock */
    uint8_t byte;

    /* [const] */
    uint64_t rounds;

    /* [lock: byte] */
    uint64_t value;
};

static void *
count_up(void *arg)
{
    struct counter *counter = arg;

    for (uint64_t i = 0; i < counter->rounds; i++) {
        byte_lock(&counter->byte);
        counter->value++;
        if (i % 64 == 0) {
            sched_yield();
        }
        byte_unlock(&counter->byte);
    }
    return NULL;
}

START_TEST(byte_lock_excludes_and_loses_no_sleeper)
{
    struct counter counter = {.rounds = wr_test_size(50000)};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_up, &counter),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(counter.value, counter.rounds * THREADS);
    ck_assert_uint_eq(counter.byte, 0);
}
END_TEST

static bool
refuse(void *ctx)
{
    (*(int *)ctx)++;
    return false;
}

START_TEST(refused_sleeper_returns_at_once)
{
    int asked = 0;

    ck_assert(!wr_lot_park(&asked, refuse, &asked));
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(wr_lot_unpark_one(&asked, NULL, NULL), 0);
}
END_TEST

static bool
agree(void *ctx)
{
    (*(int *)ctx)++;
    return true;
}

/* Nobody wakes it; and it has left the queue. */
START_TEST(sleeper_wakes_by_itself_in_time)
{
    const uint64_t span = 2000000;
    uint64_t begin = wr_clock_ns();
    int asked = 0;

    ck_assert(!wr_lot_park_until(&asked, refuse, &asked, begin + span));
    ck_assert(!wr_lot_park_until(&asked, agree, &asked, begin + span));
    ck_assert_int_eq(asked, 2);
    ck_assert_uint_ge(wr_clock_ns() - begin, span);
    ck_assert_uint_eq(wr_lot_unpark_one(&asked, NULL, NULL), 0);
}
END_TEST

/* [atomic: added acq_rel, read acquire] how many sleepers are through */
static uint32_t through;

static void *
doze(void *arg)
{
    static int asked;

    for (int i = 0; i < 200; i++) {
        (void)wr_lot_park_until(arg, agree, &asked,
                                wr_clock_ns() + (uint64_t)i * 1000);
    }
    (void)wr_fetch_add_acq_rel(&through, 1U);
    return NULL;
}

/* Time is up just when somebody wakes it: it is woken, or it is not. */
START_TEST(waking_races_with_the_deadline)
{
    pthread_t thread;
    int address = 0;

    wr_store_relaxed(&through, 0U);
    ck_assert_int_eq(pthread_create(&thread, NULL, doze, &address), 0);
    while (wr_load_acquire(&through) == 0) {
        (void)wr_lot_unpark_one(&address, NULL, NULL);
        sched_yield();
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(wr_lot_unpark_one(&address, NULL, NULL), 0);
}
END_TEST

static void
expect_nobody(void *ctx, bool found, bool more)
{
    *(int *)ctx = found || more ? 2 : 1;
}

START_TEST(callback_runs_even_when_nobody_sleeps)
{
    int called = 0;

    ck_assert_uint_eq(wr_lot_unpark_one(&called, expect_nobody, &called), 0);
    ck_assert_int_eq(called, 1);
}
END_TEST

struct queue { /* SHARED */
    /* [inner] the address slept on, and the number of sleepers */
    uint32_t asleep;

    /* [atomic: added acq_rel by each that wakes] */
    uint32_t awake;
};

struct sleeper { /* SHARED */
    /* [const] */
    struct queue *queue;

    /* [owner] read after the join: its place among the woken */
    uint32_t place;
};

static bool
count_in(void *ctx)
{
    struct queue *queue = ctx;
    wr_fetch_add_acq_rel(&queue->asleep, 1u);
    return true;
}

static void *
sleep_once(void *arg)
{
    struct sleeper *sleeper = arg;

    wr_lot_park(sleeper->queue, count_in, sleeper->queue);
    sleeper->place = wr_fetch_add_acq_rel(&sleeper->queue->awake, 1u);
    return NULL;
}

static void
note_more(void *ctx, bool found, bool more)
{
    *(int *)ctx = found ? (more ? 2 : 1) : 0;
}

START_TEST(sleepers_wake_in_the_order_they_came)
{
    struct queue queue = {0, 0};
    struct sleeper sleepers[THREADS];
    pthread_t threads[THREADS];
    int told = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        sleepers[i] = (struct sleeper){.queue = &queue, .place = 99};
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, sleep_once, &sleepers[i]), 0);
        while (wr_load_acquire(&queue.asleep) != i + 1) {
            sched_yield();
        }
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        ck_assert_uint_eq(wr_lot_unpark_one(&queue, note_more, &told), 1);
        ck_assert_int_eq(told, i + 1 < THREADS ? 2 : 1);
        while (wr_load_acquire(&queue.awake) != i + 1) {
            sched_yield();
        }
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(sleepers[i].place, i);
    }
}
END_TEST

Suite *
wr_suite_lot(void)
{
    Suite *suite = suite_create("lot");
    TCase *tc = tcase_create("lot");

    tcase_add_test(tc, byte_lock_excludes_and_loses_no_sleeper);
    tcase_add_test(tc, refused_sleeper_returns_at_once);
    tcase_add_test(tc, sleeper_wakes_by_itself_in_time);
    tcase_add_test(tc, waking_races_with_the_deadline);
    tcase_add_test(tc, callback_runs_even_when_nobody_sleeps);
    tcase_add_test(tc, sleepers_wake_in_the_order_they_came);
    suite_add_tcase(suite, tc);
    return suite;
}
