/* SPDX-License-Identifier: MIT */
/*
 * tests/test_collect_threads.c - collections while other threads run.
 *
 * Workers fill a slot of their own; the main thread asserts after the join.
 */
#include "tests/fixture.h"

#include "base/random.h"
#include "base/sync.h"
#include "collect/collect.h"
#include "heap/stats.h"

#include <pthread.h>
#include <semaphore.h>

enum { WORKERS = 4 };

static weir_type *pair_type;

static void
setup(void)
{
    wr_test_start();
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
}

static void
teardown(void)
{
    wr_test_stop();
}

static weir_object *
make_cycle(void)
{
    weir_object *a = weir_instance_new(pair_type);
    weir_object *b = weir_instance_new(pair_type);

    (void)weir_instance_set(a, 0, b);
    (void)weir_instance_set(b, 0, a);
    weir_decref(b);
    return a;
}

/* What a worker is given, and what came of it. */
struct worker {
    pthread_t thread;
    uint64_t seed;
    uint64_t turns;
    weir_object *shared;
    uint64_t wrong;
    int64_t found;
    int attached;
};

static void
run_workers(struct worker *workers, unsigned n, void *(*fn)(void *))
{
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(
            pthread_create(&workers[i].thread, NULL, fn, &workers[i]), 0);
    }
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
}

/* ---- everyone makes garbage --------------------------------------------- */

static void *
churn(void *data)
{
    struct worker *w = data;
    weir_object *kept;

    w->attached = weir_attach();
    if (w->attached != 0) {
        return NULL;
    }
    kept = make_cycle();
    for (uint64_t i = 0; i < w->turns; i++) {
        weir_object *cycle = make_cycle();
        weir_object *next;

        (void)weir_instance_set(kept, 1, cycle);
        weir_decref(cycle);
        (void)weir_checkpoint();
        next = weir_instance_get(kept, 1);
        w->wrong += next != cycle;
        weir_xdecref(next);
    }
    weir_decref(kept);
    (void)weir_detach();
    return NULL;
}

START_TEST(garbage_of_several_threads_is_collected)
{
    struct worker workers[WORKERS];
    struct wr_test_usage before = wr_test_usage();
    weir_gc_stats stats;

    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].turns = wr_test_size(200000);
    }
    run_workers(workers, WORKERS, churn);
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(workers[i].attached, 0);
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    ck_assert_int_eq(weir_gc_get_stats(0, &stats), 0);
    ck_assert_uint_gt(stats.collections, 2);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- shared containers -------------------------------------------------- */

/* Random reads, writes and collections on objects that all threads reach. */
static void *
mix(void *data)
{
    struct worker *w = data;
    struct wr_random random;

    w->attached = weir_attach();
    if (w->attached != 0) {
        return NULL;
    }
    wr_random_seed(&random, w->seed);
    for (uint64_t i = 0; i < w->turns; i++) {
        uint64_t n = (uint64_t)weir_list_size(w->shared);
        weir_object *o = weir_list_get(w->shared, wr_random_below(&random, n));
        weir_object *p = weir_list_get(w->shared, wr_random_below(&random, n));

        w->wrong += o == NULL || p == NULL;
        (void)weir_instance_set(o, wr_random_below(&random, 2), p);
        weir_xdecref(p);
        p = weir_instance_get(o, wr_random_below(&random, 2));
        weir_xdecref(p);
        weir_xdecref(o);
        if (wr_random_below(&random, 4) == 0) {
            o = make_cycle();
            w->wrong +=
                weir_list_set(w->shared, wr_random_below(&random, n), o) != 0;
            weir_decref(o);
        }
        if (wr_random_below(&random, 200) == 0) {
            int64_t found = weir_gc_collect((int)wr_random_below(&random, 3));

            w->wrong += found < 0;
            w->found += found;
        }
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(collections_beside_threads_that_change_the_graph)
{
    struct worker workers[WORKERS];
    struct wr_test_usage before = wr_test_usage();
    weir_object *shared = weir_list_new();
    const char *what = NULL;
    int64_t found = 0;

    if (!wr_test_safe) {
        weir_decref(shared);
        return;
    }
    for (int i = 0; i < 200; i++) {
        weir_object *o = make_cycle();

        ck_assert_int_eq(weir_list_append(shared, o), 0);
        weir_decref(o);
    }
    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].turns = wr_test_size(100000);
        workers[i].seed = wr_test_seed() + i;
        workers[i].shared = shared;
    }
    run_workers(workers, WORKERS, mix);
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(workers[i].attached, 0);
        ck_assert_uint_eq(workers[i].wrong, 0);
        found += workers[i].found;
    }
    ck_assert_int_gt(found, 0);
    weir_decref(shared);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
    ck_assert_msg(wr_heap_check(&what) == 0, "%s", what);
}
END_TEST

/* ---- who is stopped, and who is not waited for -------------------------- */

struct sleeper {
    sem_t asleep;
    sem_t wake;
    weir_object *held;
    int error;
};

static void *
sleep_outside(void *data)
{
    struct sleeper *s = data;

    s->error = weir_attach();
    s->held = make_cycle();
    s->error |= weir_blocking_begin();
    (void)sem_post(&s->asleep);
    while (sem_wait(&s->wake) != 0) {
        continue;
    }
    s->error |= weir_blocking_end();
    weir_decref(s->held);
    s->error |= weir_detach();
    return NULL;
}

/* 2.12: it sleeps until the collections are over, and they end. */
START_TEST(a_thread_that_blocks_outside_is_not_waited_for)
{
    struct sleeper sleeper = {.error = 0};
    pthread_t thread;

    ck_assert_int_eq(sem_init(&sleeper.asleep, 0, 0), 0);
    ck_assert_int_eq(sem_init(&sleeper.wake, 0, 0), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_outside, &sleeper), 0);
    while (sem_wait(&sleeper.asleep) != 0) {
        continue;
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    for (int i = 0; i < 100; i++) {
        weir_decref(make_cycle());
        ck_assert_int_eq(weir_gc_collect(i % 3), 2);
    }
    wr_test_count(sleeper.held, 2);
    ck_assert_int_eq(sem_post(&sleeper.wake), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(sleeper.error, 0);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

/* ---- finalizers --------------------------------------------------------- */

struct meeting {
    sem_t in_finalizer;
    sem_t leave;
    int64_t other;
    uint32_t finalized;
};

static struct meeting meeting;

static void
wait_in_finalizer(weir_object *o, void *data)
{
    struct meeting *m = data;

    (void)o;
    m->finalized++;
    (void)weir_blocking_begin();
    (void)sem_post(&m->in_finalizer);
    while (sem_wait(&m->leave) != 0) {
        continue;
    }
    (void)weir_blocking_end();
}

static void *
collect_meanwhile(void *data)
{
    struct meeting *m = data;

    if (weir_attach() != 0) {
        return NULL;
    }
    (void)weir_blocking_begin();
    while (sem_wait(&m->in_finalizer) != 0) {
        continue;
    }
    (void)weir_blocking_end();
    weir_decref(make_cycle());
    m->other = weir_gc_collect(2);
    (void)sem_post(&m->leave);
    (void)weir_detach();
    return NULL;
}

/* [inv:collect.one] */
START_TEST(a_second_collection_is_turned_away)
{
    weir_type *type =
        weir_instance_type("waits", 2, 0, wait_in_finalizer, &meeting);
    weir_object *o = weir_instance_new(type);
    pthread_t thread;

    (void)weir_gc_disable();
    meeting.other = -100;
    ck_assert_int_eq(sem_init(&meeting.in_finalizer, 0, 0), 0);
    ck_assert_int_eq(sem_init(&meeting.leave, 0, 0), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, collect_meanwhile, &meeting),
                     0);
    ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(meeting.other, 0);
    ck_assert_uint_eq(meeting.finalized, 1);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

struct revived {
    weir_object *list;
    uint32_t finalized;
};

/* Every third object is saved in a list that all threads use. */
static void
save_some(weir_object *o, void *data)
{
    struct revived *r = data;
    uint32_t n = wr_fetch_add_relaxed(&r->finalized, 1U);

    if (n % 3 == 0) {
        (void)weir_list_append(r->list, o);
    }
}

static weir_type *saved_type;

static void *
revive(void *data)
{
    struct worker *w = data;

    w->attached = weir_attach();
    if (w->attached != 0) {
        return NULL;
    }
    for (uint64_t i = 0; i < w->turns; i++) {
        weir_object *a = weir_instance_new(saved_type);
        weir_object *b = weir_instance_new(saved_type);

        (void)weir_instance_set(a, 0, b);
        (void)weir_instance_set(b, 0, a);
        weir_decref(a);
        weir_decref(b);
        if (i % 50 == 0) {
            w->wrong += weir_gc_collect((int)(i / 50 % 3)) < 0;
        }
        if (i % 500 == 0) {
            w->wrong += weir_list_clear(w->shared) != 0;
        }
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(finalizers_that_resurrect_beside_running_threads)
{
    struct worker workers[WORKERS];
    static struct revived revived;
    struct wr_test_usage before;
    uint64_t turns = wr_test_size(40000);

    if (!wr_test_safe) {
        return;
    }
    revived.list = weir_list_new();
    saved_type = weir_instance_type("saved", 2, 0, save_some, &revived);
    before = wr_test_usage();
    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].turns = turns;
        workers[i].shared = revived.list;
    }
    run_workers(workers, WORKERS, revive);
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_list_clear(revived.list), 0);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_uint_eq(revived.finalized, (uint32_t)(2 * turns * WORKERS));
    wr_test_usage();
    if (wr_cfg_counted) {
        ck_assert_uint_eq(wr_test_usage().objects, before.objects);
    }
    weir_decref(revived.list);
}
END_TEST

/* ---- settings from everywhere ------------------------------------------- */

static void *
fiddle(void *data)
{
    struct worker *w = data;

    w->attached = weir_attach();
    for (uint64_t i = 0; i < w->turns && w->attached == 0; i++) {
        weir_gc_stats stats;
        weir_gc_pauses pauses;
        int64_t three[3];

        (void)weir_gc_enable();
        w->wrong += weir_gc_set_threshold(500 + (int64_t)i % 3, 5, 5) != 0;
        w->wrong += weir_gc_get_threshold(three) != 0;
        w->wrong += weir_gc_get_count(three) != 0;
        w->wrong += weir_gc_get_stats((int)(i % 3), &stats) != 0;
        w->wrong += weir_gc_get_pauses(&pauses) != 0;
        weir_decref(make_cycle());
        (void)weir_checkpoint();
        if (i % 100 == 0) {
            w->wrong += weir_gc_collect(1) < 0;
        }
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(settings_may_be_used_by_all_threads)
{
    struct worker workers[WORKERS];

    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].turns = wr_test_size(20000);
    }
    run_workers(workers, WORKERS, fiddle);
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
}
END_TEST

Suite *
wr_suite_collect_threads(void)
{
    Suite *suite = suite_create("collect_threads");
    TCase *tcase = tcase_create("threads");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, garbage_of_several_threads_is_collected);
    tcase_add_test(tcase, collections_beside_threads_that_change_the_graph);
    tcase_add_test(tcase, a_thread_that_blocks_outside_is_not_waited_for);
    tcase_add_test(tcase, a_second_collection_is_turned_away);
    tcase_add_test(tcase, finalizers_that_resurrect_beside_running_threads);
    tcase_add_test(tcase, settings_may_be_used_by_all_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}
