/* SPDX-License-Identifier: MIT */
/*
 * tests/test_ring.c - the ring between two threads, and the draws: what the
 * programs of the lab share with their peers.
 */
#include "tests/suites.h"

#include "base/sync.h"
#include "stress/programs/ring.h"
#include "stress/programs/work.h"

#include <pthread.h>
#include <stdlib.h>

/* One side of a ring, on a thread of its own. */
struct side {
    struct wr_ring *ring;
    uint64_t *slots;
    uint64_t items;

    /* items done, and how many of them were wrong */
    uint64_t done;
    uint64_t wrong;
};

static void *
give_all(void *argument)
{
    struct side *side = argument;

    for (; side->done < side->items; side->done++) {
        uint32_t slot = wr_ring_next_in(side->ring);

        if (slot == WR_RING_BROKEN) {
            return NULL;
        }
        side->slots[slot] = side->done;
        wr_ring_put(side->ring);
    }
    wr_ring_flush(side->ring);
    return NULL;
}

static void *
take_all(void *argument)
{
    struct side *side = argument;

    for (; side->done < side->items; side->done++) {
        uint32_t slot = wr_ring_next_out(side->ring);

        if (slot == WR_RING_BROKEN) {
            return NULL;
        }
        side->wrong += side->slots[slot] != side->done;
        wr_ring_taken(side->ring);
    }
    return NULL;
}

/* Batches of every size, and a last one that is not full. */
START_TEST(what_is_put_comes_out_once_and_in_order)
{
    static const uint32_t shapes[][2] = {{1, 1}, {1, 4}, {7, 1}, {64, 16}};
    uint32_t batch = shapes[_i][0];
    uint32_t batches = shapes[_i][1];
    struct wr_ring ring;
    struct side giver = {.ring = &ring, .items = wr_test_size(20003)};
    struct side taker = giver;
    pthread_t thread;

    giver.slots = calloc((size_t)batch * batches, sizeof(uint64_t));
    ck_assert_ptr_nonnull(giver.slots);
    taker.slots = giver.slots;
    ck_assert(wr_ring_init(&ring, batch, batches, NULL));
    ck_assert_int_eq(pthread_create(&thread, NULL, give_all, &giver), 0);
    (void)take_all(&taker);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(giver.done, giver.items);
    ck_assert_uint_eq(taker.done, taker.items);
    ck_assert_uint_eq(taker.wrong, 0);
    ck_assert_uint_eq(wr_ring_rest(&ring), 0);
    wr_ring_destroy(&ring);
    free(giver.slots);
}
END_TEST

/* Hooks that count the waits; the main thread gives and never takes. */
static int waits;

static int
pause_counted(void)
{
    waits++;
    return 0;
}

static void *
break_ring(void *ring)
{
    wr_ring_break(ring);
    return NULL;
}

START_TEST(a_full_ring_waits_until_it_is_broken)
{
    static const struct wr_ring_hooks hooks = {pause_counted, NULL};
    uint64_t slots[6];
    struct wr_ring ring;
    struct side giver = {.ring = &ring, .slots = slots, .items = 100};
    struct side taker = {.ring = &ring, .slots = slots, .items = 2};
    pthread_t thread;

    ck_assert(wr_ring_init(&ring, 2, 3, &hooks));
    giver.items = 6;
    (void)give_all(&giver);
    ck_assert_int_eq(waits, 0);
    /* One batch out, one batch in. */
    (void)take_all(&taker);
    giver.items = 8;
    (void)give_all(&giver);
    ck_assert_int_eq(waits, 0);
    giver.items = 100;
    ck_assert_int_eq(pthread_create(&thread, NULL, break_ring, &ring), 0);
    (void)give_all(&giver);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(giver.done, 8);
    /* What is left are items 2 to 7, in this order. */
    ck_assert_uint_eq(wr_ring_rest(&ring), 6);
    for (uint64_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(slots[wr_ring_rest_slot(&ring, i)], i + 2);
    }
    wr_ring_destroy(&ring);
}
END_TEST

START_TEST(an_empty_ring_waits_until_it_is_broken)
{
    uint64_t slots[6];
    struct wr_ring ring;
    struct side taker = {.ring = &ring, .slots = slots, .items = 1};
    pthread_t thread;

    ck_assert(wr_ring_init(&ring, 2, 3, NULL));
    ck_assert_int_eq(pthread_create(&thread, NULL, break_ring, &ring), 0);
    (void)take_all(&taker);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(taker.done, 0);
    ck_assert_uint_eq(wr_ring_rest(&ring), 0);
    wr_ring_destroy(&ring);
}
END_TEST

enum { KEYS = 100 };

/* How often each key is drawn. */
static void
count_draws(enum wr_draw_law law, uint32_t permille, uint32_t *counts,
            uint32_t *writes)
{
    struct weir_run run = {.seed = wr_test_seed()};
    struct weir_worker worker = {.seed = wr_test_seed() + 1};
    uint32_t *draws = wr_work_draws(&run, &worker, law, KEYS, permille);

    ck_assert_ptr_nonnull(draws);
    *writes = 0;
    for (uint32_t i = 0; i < WR_DRAWS; i++) {
        uint32_t key = draws[i] & ~WR_DRAW_WRITE;

        ck_assert_uint_lt(key, KEYS);
        counts[key]++;
        *writes += (draws[i] & WR_DRAW_WRITE) != 0;
    }
    free(draws);
}

static int
falling(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Bounds are six standard deviations or more away. */
START_TEST(draws_follow_their_law)
{
    uint32_t counts[KEYS] = {0};
    uint32_t writes;

    count_draws(WR_DRAW_EVEN, 0, counts, &writes);
    ck_assert_uint_eq(writes, 0);
    for (int i = 0; i < KEYS; i++) {
        ck_assert_uint_ge(counts[i], WR_DRAWS / KEYS * 3 / 4);
        ck_assert_uint_le(counts[i], WR_DRAWS / KEYS * 5 / 4);
        counts[i] = 0;
    }
    count_draws(WR_DRAW_ZIPF, 1000, counts, &writes);
    ck_assert_uint_eq(writes, WR_DRAWS);
    qsort(counts, KEYS, sizeof(counts[0]), falling);
    /* 1 / (1 + 1/2 + ... + 1/100) = 0.193 of all; the tenth a tenth of it. */
    ck_assert_uint_ge(counts[0], WR_DRAWS * 18 / 100);
    ck_assert_uint_le(counts[0], WR_DRAWS * 21 / 100);
    ck_assert_uint_ge(counts[9], WR_DRAWS * 15 / 1000);
    ck_assert_uint_le(counts[9], WR_DRAWS * 23 / 1000);
    count_draws(WR_DRAW_EVEN, 100, counts, &writes);
    ck_assert_uint_ge(writes, WR_DRAWS * 9 / 100);
    ck_assert_uint_le(writes, WR_DRAWS * 11 / 100);
}
END_TEST

/* The same change at the same place, whatever the order of the objects. */
START_TEST(changes_of_the_pipeline_tell_values_apart)
{
    for (uint32_t stages = 1; stages < 9; stages++) {
        bool seen[WR_PIPELINE_VALUES] = {false};

        for (uint32_t i = 0; i < WR_PIPELINE_VALUES; i++) {
            uint32_t value = wr_work_changed(i, stages, 2);

            ck_assert_uint_lt(value, WR_PIPELINE_VALUES);
            ck_assert(!seen[value]);
            seen[value] = true;
            ck_assert_uint_eq(
                wr_work_changed(i + 5 * WR_PIPELINE_VALUES, stages, 2), value);
        }
    }
}
END_TEST

Suite *
wr_suite_ring(void)
{
    Suite *suite = suite_create("ring");
    TCase *ring = tcase_create("ring");
    TCase *work = tcase_create("work");

    tcase_add_loop_test(ring, what_is_put_comes_out_once_and_in_order, 0, 4);
    tcase_add_test(ring, a_full_ring_waits_until_it_is_broken);
    tcase_add_test(ring, an_empty_ring_waits_until_it_is_broken);
    suite_add_tcase(suite, ring);
    tcase_add_test(work, draws_follow_their_law);
    tcase_add_test(work, changes_of_the_pipeline_tell_values_apart);
    suite_add_tcase(suite, work);
    return suite;
}
