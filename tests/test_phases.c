/* SPDX-License-Identifier: MIT */
/*
 * tests/test_phases.c - what a collection tells of itself when it is over.
 */
#include "tests/crew.h"
#include "tests/fixture.h"

#include <time.h>

#include "base/clock.h"

enum { RING = 100 };

static weir_type *pair_type;
static weir_type *slow_type;

/* A finalizer that takes some milliseconds. */
static void
dawdle(weir_object *o, void *data)
{
    struct timespec span = {.tv_nsec = 5000000};

    (void)o;
    (void)data;
    (void)nanosleep(&span, NULL);
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
    slow_type = weir_instance_type("slow", 2, 0, dawdle, NULL);
    ck_assert_ptr_nonnull(pair_type);
    ck_assert_ptr_nonnull(slow_type);
}

static void
teardown(void)
{
    wr_test_stop();
}

/* A ring of n objects that nothing else refers to. */
static void
drop_ring(weir_type *type, unsigned n)
{
    weir_object *first = weir_instance_new(type);
    weir_object *last = weir_newref(first);

    for (unsigned i = 1; i < n; i++) {
        weir_object *next = weir_instance_new(pair_type);

        ck_assert_int_eq(weir_instance_set(last, 0, next), 0);
        weir_decref(last);
        last = next;
    }
    ck_assert_int_eq(weir_instance_set(last, 0, first), 0);
    weir_decref(last);
    weir_decref(first);
}

static weir_gc_last_collection
last_of_all(void)
{
    weir_gc_last_collection last;

    ck_assert_int_eq(weir_gc_last(&last), 0);
    return last;
}

START_TEST(at_the_start_there_was_none)
{
    ck_assert_int_eq(last_of_all().generation, -1);
    ck_assert_int_eq(weir_gc_last(NULL), WEIR_EINVAL);
}
END_TEST

START_TEST(the_last_one_is_remembered)
{
    weir_gc_last_collection last;

    drop_ring(pair_type, RING);
    ck_assert_int_eq(weir_gc_collect(1), RING);
    last = last_of_all();
    ck_assert_int_eq(last.generation, 1);
    ck_assert_uint_eq(last.candidates, RING);
    ck_assert_uint_eq(last.collected, RING);
    ck_assert_uint_gt(last.detect_ns, 0);
    ck_assert_uint_eq(last.finalize_ns, 0);
    ck_assert_uint_gt(last.free_ns, 0);
    /* The stop begins with the first phase and ends in the last. */
    ck_assert_uint_gt(last.pause_ns, 0);
    ck_assert_uint_le(last.pause_ns, last.detect_ns + last.free_ns);
    ck_assert_uint_lt(last.halt_ns + last.resume_ns, last.pause_ns);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    last = last_of_all();
    ck_assert_int_eq(last.generation, 0);
    ck_assert_uint_eq(last.candidates, 0);
    ck_assert_uint_eq(last.collected, 0);
}
END_TEST

/* A thread comes to its checkpoint late: how long that takes is told apart. */
enum { LATE_NS = 5000000 };

/* [atomic: seq_cst] */
static uint32_t at_work;

static void *
come_late(void *arg)
{
    struct wr_thread *self;
    uint64_t begin;

    if (weir_attach() != 0) {
        abort();
    }
    self = wr_self();
    wr_store_seq_cst(&at_work, 1U);
    /* Ends: the test collects. */
    while ((wr_load_relaxed(&self->pub.pending) & WR_PENDING_STOP) == 0) {
        wr_cpu_relax();
    }
    begin = wr_clock_ns();
    while (wr_clock_ns() - begin < LATE_NS) {
        wr_cpu_relax();
    }
    (void)weir_detach();
    return arg;
}

START_TEST(who_comes_late_is_waited_for)
{
    weir_gc_last_collection last;
    pthread_t thread;

    drop_ring(pair_type, RING);
    if (wr_cfg_parallel) {
        crew_begin(&thread, come_late, NULL);
        while (wr_load_seq_cst(&at_work) == 0) {
            wr_cpu_relax();
        }
    }
    ck_assert_int_eq(weir_gc_collect(2), RING);
    last = last_of_all();
    if (wr_cfg_parallel) {
        crew_join(thread);
        ck_assert_uint_ge(last.halt_ns, LATE_NS);
    }
    ck_assert_uint_lt(last.halt_ns + last.resume_ns, last.pause_ns);
}
END_TEST

/* Finalizers run between two stops and are no pause. */
START_TEST(finalizers_have_a_phase_of_their_own)
{
    const uint64_t span = 5000000;
    weir_gc_last_collection last;

    drop_ring(slow_type, RING);
    ck_assert_int_eq(weir_gc_collect(2), RING);
    last = last_of_all();
    ck_assert_uint_ge(last.finalize_ns, span);
    ck_assert_uint_le(last.pause_ns,
                      last.detect_ns + last.finalize_ns - span + last.free_ns);
}
END_TEST

/* Of each generation; together the phases are the whole. */
START_TEST(totals_add_up)
{
    weir_gc_stats stats;
    weir_gc_last_collection sum = {.generation = 2};

    for (unsigned i = 0; i < 3; i++) {
        weir_gc_last_collection last;

        drop_ring(i == 1 ? slow_type : pair_type, RING);
        ck_assert_int_eq(weir_gc_collect(2), RING);
        last = last_of_all();
        sum.detect_ns += last.detect_ns;
        sum.finalize_ns += last.finalize_ns;
        sum.free_ns += last.free_ns;
        ck_assert_int_eq(weir_gc_collect(0), 0);
    }
    ck_assert_int_eq(weir_gc_get_stats(2, &stats), 0);
    ck_assert_uint_eq(stats.collections, 3);
    ck_assert_uint_eq(stats.detect_ns, sum.detect_ns);
    ck_assert_uint_eq(stats.finalize_ns, sum.finalize_ns);
    ck_assert_uint_eq(stats.free_ns, sum.free_ns);
    ck_assert_uint_eq(stats.duration_ns,
                      sum.detect_ns + sum.finalize_ns + sum.free_ns);
}
END_TEST

Suite *
wr_suite_phases(void)
{
    Suite *suite = suite_create("phases");
    TCase *last = tcase_create("last");

    tcase_add_checked_fixture(last, setup, teardown);
    tcase_add_test(last, at_the_start_there_was_none);
    tcase_add_test(last, the_last_one_is_remembered);
    tcase_add_test(last, who_comes_late_is_waited_for);
    tcase_add_test(last, finalizers_have_a_phase_of_their_own);
    tcase_add_test(last, totals_add_up);
    suite_add_tcase(suite, last);
    return suite;
}
