/* SPDX-License-Identifier: MIT */
/*
 * tests/test_safepoint.c - stopping the world.
 *
 * The memory the threads fight over is plain: that a stopper may write it, and
 * an attached thread read it afterwards, is what ThreadSanitizer checks here
 * [inv:stop.alone].
 */
#include "tests/crew.h"

#include "thread/lock.h"
#include "thread/safepoint.h"

#include <stdlib.h>

enum { CREW = 4 };

static pthread_barrier_t barrier;

/* Written by their owner while attached, by a stopper at any time. */
static uint64_t cell[CREW][8];

static uint32_t over;
static uint64_t value;

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

struct job {
    int index;
    int error;
    uint64_t seen;
};

/*
 * Write the own cell; be attached, at a checkpoint, or between two states when
 * a stop begins [inv:stop.once] [inv:stop.seen].
 */
static void *
work(void *arg)
{
    struct job *job = arg;
    uint64_t *mine = cell[job->index];

    job->error = weir_attach();
    for (uint64_t i = 1; wr_load_acquire(&over) == 0; i++) {
        mine[0]++;
        mine[1]++;
        job->error |= weir_checkpoint();
        if (i % 8 == 0) {
            job->error |= weir_blocking_begin();
            job->error |= weir_blocking_end();
        }
        if (i % 64 == 0) {
            job->error |= weir_detach();
            job->error |= weir_attach();
        }
    }
    job->error |= weir_detach();
    return NULL;
}

START_TEST(a_stopper_is_alone)
{
    struct wr_thread *self;
    uint64_t stops = wr_test_size(2000);
    pthread_t threads[CREW];
    struct job jobs[CREW];

    up();
    self = wr_self();
    for (int i = 0; i < CREW; i++) {
        jobs[i] = (struct job){.index = i};
        crew_begin(&threads[i], work, &jobs[i]);
    }
    for (uint64_t n = 0; n < stops; n++) {
        wr_stop_world(self);
        ck_assert(wr_world_stopped());
        for (int i = 0; i < CREW; i++) {
            ck_assert_uint_eq(cell[i][0], cell[i][1]);
            cell[i][0] += 1;
            cell[i][1] += 1;
        }
        wr_start_world(self);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    wr_store_release(&over, 1u);
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
        ck_assert_int_eq(jobs[i].error, 0);
    }
    ck_assert(!wr_world_stopped());
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Every thread stops the world now and then. */
static void *
stop_in_turns(void *arg)
{
    struct job *job = arg;

    job->error = weir_attach();
    for (uint64_t n = 0; n < wr_test_size(500); n++) {
        wr_stop_world(wr_self());
        value++;
        for (int i = 0; i < CREW; i++) {
            cell[i][0] = value;
        }
        wr_start_world(wr_self());
        job->error |= weir_checkpoint();
        cell[job->index][1]++;
    }
    job->error |= weir_detach();
    return NULL;
}

START_TEST(stoppers_take_turns)
{
    pthread_t threads[CREW];
    struct job jobs[CREW];
    struct wr_stop_stats *stats = malloc(sizeof(*stats));

    up();
    for (int i = 0; i < CREW; i++) {
        jobs[i] = (struct job){.index = i};
        crew_begin(&threads[i], stop_in_turns, &jobs[i]);
    }
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
        ck_assert_int_eq(jobs[i].error, 0);
    }
    ck_assert_uint_eq(value, CREW * wr_test_size(500));
    wr_stop_get_stats(stats);
    ck_assert_uint_ge(stats->stops, value);
    ck_assert_uint_eq(wr_histogram_count(&stats->work), stats->stops);
    if (!wr_lock_on()) {
        ck_assert_uint_eq(wr_histogram_count(&stats->to_safepoint),
                          stats->stops);
        ck_assert_uint_eq(wr_histogram_count(&stats->resume), stats->stops);
    }
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
block_and_look(void *arg)
{
    struct job *job = arg;

    job->error = weir_attach();
    job->error |= weir_blocking_begin();
    (void)pthread_barrier_wait(&barrier);
    /* The world is being stopped, or is stopped by now. */
    (void)pthread_barrier_wait(&barrier);
    job->error |= weir_blocking_end();
    job->seen = value;
    job->error |= weir_detach();
    return NULL;
}

START_TEST(a_blocked_thread_neither_delays_a_stop_nor_enters_it)
{
    struct wr_thread *self;
    pthread_t thread;
    struct job job = {.index = 0};

    up();
    self = wr_self();
    (void)pthread_barrier_init(&barrier, NULL, 2);
    crew_begin(&thread, block_and_look, &job);
    crew_meet(&barrier);
    wr_stop_world(self);
    value = 1;
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 100000; i++) {
        wr_cpu_relax();
    }
    value = 2;
    wr_start_world(self);
    crew_join(thread);
    ck_assert_int_eq(job.error, 0);
    ck_assert_uint_eq(job.seen, 2);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
come_and_look(void *arg)
{
    struct job *job = arg;

    (void)pthread_barrier_wait(&barrier);
    job->error = weir_attach();
    job->seen = value;
    job->error |= weir_detach();
    return NULL;
}

START_TEST(a_new_thread_waits_for_the_end_of_the_stop)
{
    struct wr_thread *self;
    pthread_t threads[CREW];
    struct job jobs[CREW];

    up();
    self = wr_self();
    (void)pthread_barrier_init(&barrier, NULL, CREW + 1);
    wr_stop_world(self);
    value = 1;
    for (int i = 0; i < CREW; i++) {
        jobs[i] = (struct job){.index = i};
        crew_begin(&threads[i], come_and_look, &jobs[i]);
    }
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 100000; i++) {
        wr_cpu_relax();
    }
    value = 2;
    wr_start_world(self);
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
        ck_assert_int_eq(jobs[i].error, 0);
        ck_assert_uint_eq(jobs[i].seen, 2);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static uint32_t ready;
static uint32_t wish;
static uint32_t fulfilled;

/* Come back from a blocking section each time it is wished. */
static void *
come_back(void *arg)
{
    struct job *job = arg;

    job->error = weir_attach();
    for (uint32_t n = 1; n <= job->seen; n++) {
        job->error |= weir_blocking_begin();
        wr_store_release(&ready, n);
        while (wr_load_acquire(&wish) < n) {
            wr_cpu_relax();
        }
        job->error |= weir_blocking_end();
        wr_store_release(&fulfilled, n);
        job->error |= weir_checkpoint();
    }
    job->error |= weir_detach();
    return NULL;
}

static bool
somebody_sleeps(void)
{
    bool sleeps;

    wr_mutex_lock(&wr_world.lock);
    sleeps = wr_world.parked_head != NULL;
    wr_mutex_unlock(&wr_world.lock);
    return sleeps;
}

/* The world is stopped, and the thread has come back or sleeps. */
static bool
is_back(uint32_t n)
{
    while (wr_load_acquire(&fulfilled) < n && !somebody_sleeps()) {
        wr_cpu_relax();
    }
    return wr_load_acquire(&fulfilled) >= n;
}

/*
 * A thread that attached again was overtaken by one stop after the other in
 * CPython (gh-151518).  [inv:stop.overtaken-once]
 */
START_TEST(a_sleeper_is_overtaken_once)
{
    struct wr_thread *self;
    pthread_t thread;
    struct job job = {.seen = (uint32_t)wr_test_size(50)};

    up();
    self = wr_self();
    if (!wr_lock_on()) {
        crew_begin(&thread, come_back, &job);
        for (uint32_t n = 1; n <= job.seen; n++) {
            int stops = 0;

            crew_until(&ready, n);
            wr_stop_world(self);
            wr_store_release(&wish, n);
            while (!is_back(n)) {
                wr_start_world(self);
                wr_stop_world(self);
                stops++;
                ck_assert_int_le(stops, 2);
            }
            wr_start_world(self);
        }
        crew_join(thread);
        ck_assert_int_eq(job.error, 0);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Attached, and at no checkpoint until it has been called late. */
static void *
be_late(void *arg)
{
    struct job *job = arg;
    struct wr_stop_stats *stats = malloc(sizeof(*stats));

    job->error = weir_attach();
    job->seen = wr_self()->id;
    wr_store_release(&over, 1u);
    do {
        wr_stop_get_stats(stats);
    } while (stats->late == 0);
    job->error |= weir_checkpoint();
    job->error |= weir_detach();
    free(stats);
    return NULL;
}

START_TEST(a_late_thread_is_named)
{
    struct wr_stop_stats *stats = malloc(sizeof(*stats));
    pthread_t thread;
    struct job job = {.index = 0};

    up();
    if (!wr_lock_on()) {
        wr_world.late_ns = 1000;
        crew_begin(&thread, be_late, &job);
        crew_until(&over, 1);
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
        crew_join(thread);
        wr_stop_get_stats(stats);
        ck_assert_int_eq(job.error, 0);
        ck_assert_uint_eq(stats->late, 1);
        ck_assert_uint_eq(stats->late_id, job.seen);
        ck_assert_uint_ge(wr_histogram_max(&stats->arrival), 1000);
    }
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* As a thread sees it that reads its pending word too late. */
START_TEST(a_stop_that_is_over_stops_nobody)
{
    struct wr_stop_stats *stats = malloc(sizeof(*stats));
    struct wr_thread *self;

    up();
    self = wr_self();
    if (!wr_lock_on()) {
        (void)wr_pending_set(&self->pub.pending, WR_PENDING_STOP);
        ck_assert_int_eq(weir_checkpoint(), 0);
        ck_assert_uint_eq(wr_load_relaxed(&self->state), WR_ATTACHED);
        ck_assert(!self->stop.counted);
        /* Nor does who detaches count itself among those that arrive. */
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_uint_eq(wr_load_relaxed(&self->state), WR_DETACHED);
        ck_assert_int_eq(weir_blocking_end(), 0);
        (void)wr_pending_clear(&self->pub.pending, WR_PENDING_STOP);
        wr_stop_get_stats(stats);
        ck_assert_uint_eq(wr_histogram_count(&stats->arrival), 0);
    }
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(the_world_is_stopped_by_one_thread)
{
    static struct wr_thread other;
    struct wr_thread *self;

    up();
    self = wr_self();
    ck_assert(!wr_world_stopped_by(self));
    wr_stop_world(self);
    ck_assert(wr_world_stopped_by(self));
    ck_assert(!wr_world_stopped_by(&other));
    wr_start_world(self);
    ck_assert(!wr_world_stopped_by(self));
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void
count_record(struct wr_thread *thread, void *ctx)
{
    unsigned *n = ctx;

    (void)thread;
    ++*n;
}

START_TEST(a_stopper_sees_every_record)
{
    pthread_t thread;
    struct job job = {.index = 0};
    unsigned n = 0;

    up();
    (void)pthread_barrier_init(&barrier, NULL, 1);
    crew_begin(&thread, come_and_look, &job);
    crew_join(thread);
    wr_stop_world(wr_self());
    wr_threads_foreach_stw(count_record, &n);
    wr_start_world(wr_self());
    /* The exited thread's too: its heap is still there. */
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(the_lock_holder_stops_the_world_by_not_yielding)
{
    struct wr_thread *self;

    crew_start_locked("fifo", 1000);
    self = wr_self();
    wr_stop_world(self);
    ck_assert(wr_world_stopped());
    (void)wr_pending_set(&self->pub.pending, WR_PENDING_DROP);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_ne(wr_load_relaxed(&self->pub.pending) & WR_PENDING_DROP, 0);
    wr_start_world(self);
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(wr_load_relaxed(&self->pub.pending) & WR_PENDING_DROP, 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Where threads run in parallel if they can, and under each lock. */
static const char *const locks[] = {NULL, "cpython", "fifo", "barging",
                                    "boost"};
enum { LOCKS = sizeof(locks) / sizeof(locks[0]) };

static void
up_with(const char *lock)
{
    if (lock == NULL) {
        up();
    } else {
        crew_start_locked(lock, 100);
    }
}

static uint32_t begun;

/* As soon as stops have begun. */
static void *
come_and_go(void *arg)
{
    struct job *job = arg;

    job->error = weir_attach();
    crew_until(&begun, 1);
    for (uint64_t i = 0; i < wr_test_size(300); i++) {
        job->error |= weir_blocking_begin();
        job->error |= weir_blocking_end();
        job->seen++;
    }
    job->error |= weir_detach();
    wr_store_release(&over, 1u);
    return NULL;
}

START_TEST(repeated_stops_do_not_keep_a_thread_out)
{
    struct wr_thread *self;
    struct job job = {.index = 0};
    pthread_t thread;
    uint64_t stops = 0;

    up_with(locks[_i]);
    self = wr_self();
    crew_begin(&thread, come_and_go, &job);
    /* Ends only if the other is let in, each time, between two stops: nothing
     * here waits for it. */
    while (wr_load_acquire(&over) == 0) {
        wr_stop_world(self);
        stops++;
        wr_store_release(&begun, 1u);
        wr_start_world(self);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    crew_join(thread);
    ck_assert_int_eq(job.error, 0);
    ck_assert_uint_eq(job.seen, wr_test_size(300));
    ck_assert_uint_gt(stops, 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

enum { CROWD = 64, VISITS = 5 };

static struct job crowd[CROWD];
static uint32_t gone;

/* Attach and detach; one in sixteen stops the world, too. */
static void *
visit_in_a_crowd(void *arg)
{
    struct job *job = arg;

    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < VISITS; i++) {
        job->error |= weir_attach();
        job->seen++;
        job->error |= weir_checkpoint();
        if (job->index % 16 == 0) {
            wr_stop_world(wr_self());
            value++;
            wr_start_world(wr_self());
        }
        job->seen++;
        job->error |= weir_detach();
    }
    (void)wr_fetch_add_acq_rel(&gone, 1u);
    return NULL;
}

START_TEST(a_crowd_attaches_while_the_world_stops)
{
    struct wr_thread *self;
    pthread_t threads[CROWD];

    up_with(locks[_i]);
    self = wr_self();
    (void)pthread_barrier_init(&barrier, NULL, CROWD + 1);
    for (int i = 0; i < CROWD; i++) {
        crowd[i].index = i;
        crew_begin(&threads[i], visit_in_a_crowd, &crowd[i]);
    }
    crew_meet(&barrier);
    do {
        uint64_t seen = 0;

        wr_stop_world(self);
        for (int i = 0; i < CROWD; i++) {
            seen += crowd[i].seen;
        }
        ck_assert_uint_le(seen, UINT64_C(2) * CROWD * VISITS);
        wr_start_world(self);
        ck_assert_int_eq(weir_checkpoint(), 0);
    } while (wr_load_acquire(&gone) != CROWD);
    for (int i = 0; i < CROWD; i++) {
        crew_join(threads[i]);
        ck_assert_int_eq(crowd[i].error, 0);
        ck_assert_uint_eq(crowd[i].seen, 2 * VISITS);
    }
    ck_assert_uint_eq(value, CROWD / 16 * VISITS);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_safepoint(void)
{
    Suite *suite = suite_create("safepoint");
    TCase *tc = tcase_create("stop");

    tcase_add_test(tc, a_stopper_is_alone);
    tcase_add_test(tc, stoppers_take_turns);
    tcase_add_test(tc, a_blocked_thread_neither_delays_a_stop_nor_enters_it);
    tcase_add_test(tc, a_new_thread_waits_for_the_end_of_the_stop);
    tcase_add_test(tc, a_sleeper_is_overtaken_once);
    tcase_add_test(tc, a_late_thread_is_named);
    tcase_add_test(tc, a_stop_that_is_over_stops_nobody);
    tcase_add_test(tc, the_world_is_stopped_by_one_thread);
    tcase_add_test(tc, a_stopper_sees_every_record);
    tcase_add_test(tc, the_lock_holder_stops_the_world_by_not_yielding);
    tcase_add_loop_test(tc, repeated_stops_do_not_keep_a_thread_out, 0, LOCKS);
    tcase_add_loop_test(tc, a_crowd_attaches_while_the_world_stops, 0, LOCKS);
    suite_add_tcase(suite, tc);
    return suite;
}
