/* SPDX-License-Identifier: MIT */
/*
 * tests/test_thread_ends.c - threads of every make, and every way to end one.
 *
 * Whoever made a thread and however it ends: a stop does not wait for it, it
 * holds up no grace period, it holds no lock, and its record goes to the next
 * one.
 */
#include "tests/fixture.h"

#include "tests/crew.h"

#include "base/clock.h"
#include "thread/reclaim.h"
#include "thread/thread.h"

#include <threads.h>
#include <unistd.h>

enum { ROUNDS = 3 };

/* What a thread has done, told by the last thing it did as it should. */
static uint32_t done;
static uint32_t freed;

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

static void
down(void)
{
    ck_assert_int_eq(weir_stop(), 0);
}

/* Objects come and go; one more is done if all went well. */
static void
work(void)
{
    weir_object *list = weir_list_new();
    weir_object *n = weir_int_new(INT64_C(123456));

    if (weir_list_append(list, n) == 0 && weir_list_append(list, list) == 0 &&
        weir_checkpoint() == 0 && weir_list_clear(list) == 0) {
        (void)wr_fetch_add_acq_rel(&done, 1u);
    }
    weir_xdecref(n);
    weir_xdecref(list);
}

static void
count_freed(struct wr_reclaim_node *node)
{
    (void)node;
    (void)wr_fetch_add_acq_rel(&freed, 1u);
}

/* Nothing of the thread that has ended is left: the runtime could stop. */
static void
check_gone(void)
{
    static struct wr_reclaim_node node;
    uint32_t before = wr_load_acquire(&freed);

    ck_assert(weir_attached());
    ck_assert_uint_eq(wr_threads_count(), 1);
    /* The second record serves one after the other [inv:thread.unit]. */
    ck_assert_uint_eq(wr_world.records, 2);
    wr_stop_world(wr_self());
    wr_start_world(wr_self());
    wr_reclaim_defer(&node, count_freed);
    crew_until(&freed, before + 1);
}

/* ---- ends ---------------------------------------------------------------- */

static void *
return_attached(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    return NULL;
}

static void __attribute__((noinline)) exit_from_a_call(void)
{
    work();
    pthread_exit(NULL);
}

static void *
pthread_exit_attached(void *arg)
{
    (void)arg;
    (void)weir_attach();
    (void)weir_attach();
    exit_from_a_call();
    return NULL;
}

static void *
pthread_exit_blocking(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    (void)weir_blocking_begin();
    pthread_exit(NULL);
}

static void *
pthread_exit_detached(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    (void)weir_detach();
    pthread_exit(NULL);
}

static void *
cancel_attached(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return NULL;
}

/* Cancelled by the test, in a system call that would never return. */
static void *
cancel_blocking(void *arg)
{
    uint32_t *ready = arg;

    (void)weir_attach();
    work();
    (void)weir_blocking_begin();
    wr_store_release(ready, 1u);
    while (wr_load_acquire(ready) != 0) {
        (void)pause();
    }
    return NULL;
}

struct end {
    void *(*body)(void *arg);
    /* whom the test cancels */
    bool cancels;
    void *result;
};

static const struct end ends[] = {
    {return_attached, false, NULL},
    {pthread_exit_attached, false, NULL},
    {pthread_exit_blocking, false, NULL},
    {pthread_exit_detached, false, NULL},
    {cancel_attached, false, PTHREAD_CANCELED},
    {cancel_blocking, true, PTHREAD_CANCELED},
};

enum { ENDS = sizeof(ends) / sizeof(ends[0]) };

START_TEST(however_a_thread_ends_it_leaves_nothing)
{
    const struct end *end = &ends[_i];

    up();
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        uint32_t ready = 0;
        void *result = &ready;
        pthread_t thread;

        crew_begin(&thread, end->body, &ready);
        if (end->cancels) {
            crew_until(&ready, 1);
            ck_assert_int_eq(pthread_cancel(thread), 0);
        }
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
        ck_assert_ptr_eq(result, end->result);
        ck_assert_uint_eq(wr_load_acquire(&done), i);
        check_gone();
    }
    down();
}
END_TEST

/* ---- threads of the C library ------------------------------------------- */

static int
thrd_returns(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    return weir_detach() == 0 ? 42 : 0;
}

static int
thrd_exits(void *arg)
{
    (void)arg;
    (void)weir_attach();
    work();
    thrd_exit(42);
}

START_TEST(a_thread_of_the_c_library_is_like_any_other)
{
    static const thrd_start_t bodies[] = {thrd_returns, thrd_exits};

    up();
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        int result = 0;
        thrd_t thread;

        ck_assert_int_eq(thrd_create(&thread, bodies[i % 2], NULL),
                         thrd_success);
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(thrd_join(thread, &result), thrd_success);
        ck_assert_int_eq(weir_blocking_end(), 0);
        ck_assert_int_eq(result, 42);
        ck_assert_uint_eq(wr_load_acquire(&done), i + 1);
        check_gone();
    }
    down();
}
END_TEST

/* ---- destructors -------------------------------------------------------- */

static pthread_key_t keys[2];

/* As a thread_local of C++ would, which drops what it owns. */
static void
attach_at_the_end(void *list)
{
    if (weir_attach() == 0) {
        work();
        weir_decref(list);
        (void)weir_detach();
    }
}

static void *
leave_lists_behind(void *arg)
{
    (void)arg;
    (void)weir_attach();
    for (int i = 0; i < 2; i++) {
        weir_object *list = weir_list_new();

        if (pthread_setspecific(keys[i], list) == 0) {
            (void)wr_fetch_add_acq_rel(&done, 1u);
        }
    }
    return NULL;
}

/* Its destructors run before the runtime's, and after. */
START_TEST(destructors_of_a_thread_may_attach)
{
    struct wr_test_usage before;

    ck_assert_int_eq(pthread_key_create(&keys[0], attach_at_the_end), 0);
    up();
    ck_assert_int_eq(pthread_key_create(&keys[1], attach_at_the_end), 0);
    before = wr_test_usage();
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        pthread_t thread;

        crew_begin(&thread, leave_lists_behind, NULL);
        crew_join(thread);
        ck_assert_uint_eq(wr_load_acquire(&done), 4 * i);
        check_gone();
    }
    wr_test_no_leak(before);
    down();
}
END_TEST

/* ---- cancellation ------------------------------------------------------- */

/* The calls of a life, with cancellation due at the next point.  Counts those
 * that succeed. */
static void *
work_while_cancelled(void *arg)
{
    uint32_t *good = arg;

    (void)pthread_cancel(pthread_self());
    *good += weir_attach() == 0;
    *good += weir_blocking_begin() == 0;
    *good += weir_blocking_end() == 0;
    *good += weir_gc_collect(2) >= 0;
    *good += weir_checkpoint() == 0;
    *good += weir_detach() == 0;
    pthread_testcancel();
    *good = 0;
    return NULL;
}

START_TEST(no_call_is_a_cancellation_point)
{
    void *result = NULL;
    uint32_t good = 0;
    pthread_t thread;

    up();
    crew_begin(&thread, work_while_cancelled, &good);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_uint_eq(good, 6);
    check_gone();
    down();
}
END_TEST

/* Keep the reclaimer busy for longer than a stop takes to come to its join. */
static void
take_long(struct wr_reclaim_node *node)
{
    uint64_t end = wr_clock_ns() + UINT64_C(50000000);

    count_freed(node);
    while (wr_clock_ns() < end) {
        wr_cpu_relax();
    }
}

/* Start and stop with the reclaimer running, which a stop has to join. */
static void *
live_while_cancelled(void *arg)
{
    static struct wr_reclaim_node node;
    uint32_t *good = arg;

    (void)pthread_cancel(pthread_self());
    *good += weir_start(NULL) == 0;
    wr_reclaim_defer(&node, take_long);
    while (wr_load_acquire(&freed) == 0) {
        (void)weir_checkpoint();
    }
    *good += weir_stop() == 0;
    pthread_testcancel();
    *good = 0;
    return NULL;
}

START_TEST(who_is_cancelled_while_it_stops_has_stopped)
{
    void *result = NULL;
    uint32_t good = 0;
    pthread_t thread;

    crew_begin(&thread, live_while_cancelled, &good);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_uint_eq(good, 2);
    ck_assert(!weir_running());
    up();
    down();
}
END_TEST

Suite *
wr_suite_thread_ends(void)
{
    Suite *suite = suite_create("thread_ends");
    TCase *tc = tcase_create("ends");

    tcase_add_loop_test(tc, however_a_thread_ends_it_leaves_nothing, 0, ENDS);
    if (!WR_TEST_SANITIZED) {
        /* The sanitizers know nothing of thrd_create(). */
        tcase_add_test(tc, a_thread_of_the_c_library_is_like_any_other);
    }
    tcase_add_test(tc, destructors_of_a_thread_may_attach);
    suite_add_tcase(suite, tc);
    tc = tcase_create("cancellation");
    tcase_add_test(tc, no_call_is_a_cancellation_point);
    tcase_add_test(tc, who_is_cancelled_while_it_stops_has_stopped);
    suite_add_tcase(suite, tc);
    return suite;
}
