/* SPDX-License-Identifier: MIT */
/*
 * tests/test_reclaim.c - what is unlinked is freed once nobody can see it.
 *
 * The blocks are plain memory that the deferred call overwrites before it
 * frees them: a call that comes too early is a wrong value, a report of
 * ThreadSanitizer or one of AddressSanitizer [inv:reclaim.grace].
 */
#include "tests/crew.h"

#include "base/mem.h"
#include "thread/lock.h"
#include "thread/reclaim.h"

#include <stdlib.h>

enum { READERS = 3, GOOD = 42, BAD = 13 };

struct block {
    struct wr_reclaim_node node;
    uint64_t value;
};

static pthread_barrier_t barrier;
static struct block *shared;
static uint32_t freed;
static uint32_t over;

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

static void
free_block(struct wr_reclaim_node *node)
{
    struct block *block = (struct block *)(void *)node;

    block->value = BAD;
    free(block);
    (void)wr_fetch_add_acq_rel(&freed, 1u);
}

static struct block *
new_block(void)
{
    struct block *block = malloc(sizeof(*block));

    block->value = GOOD;
    return block;
}

START_TEST(deferred_calls_are_made)
{
    up();
    for (int i = 0; i < 10; i++) {
        wr_reclaim_defer(&new_block()->node, free_block);
        if (wr_lock_on()) {
            ck_assert_uint_eq(wr_load_acquire(&freed), (unsigned)i + 1);
        }
    }
    crew_until(&freed, 10);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(stop_makes_the_calls_that_are_left)
{
    uint64_t blocks = wr_mem_get_stats().blocks;

    up();
    for (int i = 0; i < 10; i++) {
        wr_reclaim_defer(&new_block()->node, free_block);
    }
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_uint_eq(wr_load_acquire(&freed), 10);
    up();
    wr_reclaim_defer(&new_block()->node, free_block);
    crew_until(&freed, 11);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
}
END_TEST

struct job {
    uint64_t bad;
    uint64_t reads;
    uint32_t blocking;
};

/* Look without a reference; keep the pointer until the next checkpoint. */
static void *
read_shared(void *arg)
{
    struct job *job = arg;

    (void)weir_attach();
    while (wr_load_acquire(&over) == 0) {
        struct block *block = wr_load_acquire(&shared);

        for (int i = 0; i < 20; i++) {
            job->bad += block->value != GOOD;
            job->reads++;
        }
        (void)weir_checkpoint();
        if (job->blocking != 0) {
            (void)weir_blocking_begin();
            (void)weir_blocking_end();
        }
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(a_reader_keeps_what_it_sees_until_its_checkpoint)
{
    uint64_t rounds = wr_test_size(500);
    pthread_t threads[READERS];
    struct job jobs[READERS] = {{0}};
    uint64_t replaced = 0;

    up();
    wr_store_release(&shared, new_block());
    for (uint32_t i = 0; i < READERS; i++) {
        jobs[i].blocking = i % 2;
        crew_begin(&threads[i], read_shared, &jobs[i]);
    }
    /* Every round waits for a grace period, so the requests stay pending
     * while readers come and go. */
    while (replaced < rounds) {
        struct block *old = wr_load_relaxed(&shared);

        wr_store_release(&shared, new_block());
        wr_reclaim_defer(&old->node, free_block);
        replaced++;
        crew_until(&freed, (uint32_t)replaced / 4);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    wr_store_release(&over, 1u);
    for (int i = 0; i < READERS; i++) {
        crew_join(threads[i]);
        ck_assert_uint_eq(jobs[i].bad, 0);
    }
    free(shared);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_uint_eq(wr_load_acquire(&freed), rounds);
}
END_TEST

static void *
sit_in_blocking(void *arg)
{
    (void)arg;
    (void)weir_attach();
    crew_meet(&barrier);
    crew_meet(&barrier);
    (void)weir_detach();
    return NULL;
}

START_TEST(a_blocked_thread_does_not_hold_up_a_grace_period)
{
    pthread_t thread;

    up();
    (void)pthread_barrier_init(&barrier, NULL, 2);
    crew_begin(&thread, sit_in_blocking, NULL);
    crew_meet(&barrier);
    wr_reclaim_defer(&new_block()->node, free_block);
    crew_until(&freed, 1);
    ck_assert_uint_eq(wr_reclaim_grace_periods(), wr_reclaim_on() ? 1 : 0);
    crew_meet(&barrier);
    crew_join(thread);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
hold_up(void *arg)
{
    struct job *job = arg;
    struct block *block;

    (void)weir_attach();
    block = wr_load_acquire(&shared);
    (void)pthread_barrier_wait(&barrier);
    /* The block is unlinked now, and the reclaimer asks this thread. */
    while ((wr_load_relaxed(&weir_self_->pending) & WR_PENDING_RECLAIM) == 0) {
        wr_cpu_relax();
    }
    job->bad += block->value != GOOD || wr_load_acquire(&freed) != 0;
    (void)pthread_barrier_wait(&barrier);
    /* New threads have come and gone; they cannot end the grace period. */
    job->bad += block->value != GOOD || wr_load_acquire(&freed) != 0;
    crew_until(&freed, 1);
    (void)weir_detach();
    return NULL;
}

static void *
look_at_pending(void *arg)
{
    struct job *job = arg;

    (void)weir_attach();
    job->bad +=
        (wr_load_relaxed(&weir_self_->pending) & WR_PENDING_RECLAIM) == 0;
    (void)weir_checkpoint();
    (void)weir_detach();
    return NULL;
}

START_TEST(the_request_stays_and_new_threads_inherit_it)
{
    pthread_t holder;
    pthread_t thread;
    struct job job = {0};
    struct job late = {0};

    up();
    if (wr_reclaim_on()) {
        (void)pthread_barrier_init(&barrier, NULL, 2);
        wr_store_release(&shared, new_block());
        crew_begin(&holder, hold_up, &job);
        (void)pthread_barrier_wait(&barrier);
        wr_reclaim_defer(&shared->node, free_block);
        while ((wr_load_relaxed(&weir_self_->pending) & WR_PENDING_RECLAIM) ==
               0) {
            wr_cpu_relax();
        }
        for (int i = 0; i < 5; i++) {
            ck_assert_int_eq(weir_checkpoint(), 0);
            ck_assert_uint_ne(
                wr_load_relaxed(&weir_self_->pending) & WR_PENDING_RECLAIM, 0);
            crew_begin(&thread, look_at_pending, &late);
            crew_join(thread);
        }
        (void)pthread_barrier_wait(&barrier);
        crew_until(&freed, 1);
        crew_join(holder);
        ck_assert_uint_eq(job.bad, 0);
        ck_assert_uint_eq(late.bad, 0);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
exit_in_section(void *arg)
{
    (void)arg;
    (void)weir_attach();
    return NULL;
}

START_TEST(a_thread_that_exits_attached_leaves_its_section)
{
    pthread_t thread;

    up();
    for (uint32_t i = 1; i <= 3; i++) {
        crew_begin(&thread, exit_in_section, NULL);
        crew_join(thread);
        wr_reclaim_defer(&new_block()->node, free_block);
        crew_until(&freed, i);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_reclaim(void)
{
    Suite *suite = suite_create("reclaim");
    TCase *tc = tcase_create("grace");

    tcase_add_test(tc, deferred_calls_are_made);
    tcase_add_test(tc, stop_makes_the_calls_that_are_left);
    tcase_add_test(tc, a_reader_keeps_what_it_sees_until_its_checkpoint);
    tcase_add_test(tc, a_blocked_thread_does_not_hold_up_a_grace_period);
    tcase_add_test(tc, the_request_stays_and_new_threads_inherit_it);
    tcase_add_test(tc, a_thread_that_exits_attached_leaves_its_section);
    suite_add_tcase(suite, tc);
    return suite;
}
