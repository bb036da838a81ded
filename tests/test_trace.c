/* SPDX-License-Identifier: MIT */
/*
 * tests/test_trace.c - the three steps, as an embedder sees them, and counts
 * that are wrong.
 */
#include "tests/fixture.h"

#include "base/mem.h"

#include <sys/wait.h>
#include <unistd.h>

enum { A, B, C, D, E, F, OBJECTS };

static weir_object *objects[OBJECTS];
static weir_gc_trace steps[OBJECTS];
static size_t told;
static weir_type *pair_type;

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    told = 0;
    memset(steps, 0, sizeof(steps));
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair_type);
}

static void
teardown(void)
{
    wr_test_stop();
}

static void
refer(int from, size_t slot, int to)
{
    ck_assert_int_eq(weir_instance_set(objects[from], slot, objects[to]), 0);
}

/* The six objects of docs/collector.md; the program holds A only. */
static void
make_six(void)
{
    for (int i = A; i < OBJECTS; i++) {
        objects[i] = weir_instance_new(pair_type);
        ck_assert_ptr_nonnull(objects[i]);
    }
    refer(A, 0, B);
    refer(B, 0, E);
    refer(C, 0, B);
    refer(C, 1, D);
    refer(D, 0, C);
    refer(F, 0, F);
    for (int i = B; i < OBJECTS; i++) {
        weir_decref(objects[i]);
    }
}

static void
note(const weir_gc_trace *step, void *data)
{
    ck_assert_ptr_eq(data, &told);
    told++;
    for (int i = A; i < OBJECTS; i++) {
        if (step->object == objects[i]) {
            steps[i] = *step;
        }
    }
}

static void
check(int i, int64_t count, int64_t internal, weir_gc_verdict verdict)
{
    ck_assert_ptr_eq(steps[i].object, objects[i]);
    ck_assert_str_eq(steps[i].type, "pair");
    ck_assert_int_eq(steps[i].count, count);
    ck_assert_int_eq(steps[i].internal, internal);
    ck_assert_int_eq(steps[i].left, count - internal);
    ck_assert_int_eq(steps[i].verdict, verdict);
}

START_TEST(the_three_steps_are_those_of_the_document)
{
    make_six();
    ck_assert_int_eq(weir_gc_collect_traced(0, note, &told), 3);
    ck_assert_uint_eq(told, 6);
    check(A, 1, 0, WEIR_GC_ROOT);
    check(B, 2, 2, WEIR_GC_REACHED);
    check(C, 1, 1, WEIR_GC_UNREACHABLE);
    check(D, 1, 1, WEIR_GC_UNREACHABLE);
    check(E, 1, 1, WEIR_GC_REACHED);
    check(F, 1, 1, WEIR_GC_UNREACHABLE);
    ck_assert_ptr_eq(steps[B].by, objects[A]);
    ck_assert_ptr_eq(steps[E].by, objects[B]);
    ck_assert_ptr_null(steps[A].by);
    ck_assert_int_eq(weir_refcount(objects[B]), 1);
    weir_decref(objects[A]);
}
END_TEST

START_TEST(older_generations_are_not_traced)
{
    make_six();
    ck_assert_int_eq(weir_gc_collect(0), 3);
    objects[C] = weir_instance_new(pair_type);
    refer(C, 0, A);
    ck_assert_int_eq(weir_gc_collect_traced(0, note, &told), 0);
    ck_assert_uint_eq(told, 1);
    check(C, 1, 0, WEIR_GC_ROOT);
    told = 0;
    ck_assert_int_eq(weir_gc_collect_traced(2, note, &told), 0);
    ck_assert_uint_eq(told, 4);
    check(A, 2, 1, WEIR_GC_ROOT);
    weir_decref(objects[C]);
    weir_decref(objects[A]);
}
END_TEST

START_TEST(a_trace_without_memory_collects_nothing)
{
    unsigned failed = 0;

    make_six();
    for (uint64_t nth = 1;; nth++) {
        int64_t n;

        wr_fault_arm(nth);
        n = weir_gc_collect_traced(0, note, &told);
        wr_fault_disarm();
        if (n != WEIR_ENOMEM) {
            ck_assert_int_eq(n, 3);
            break;
        }
        failed++;
        ck_assert_uint_eq(told, 0);
    }
    ck_assert_uint_gt(failed, 2);
    ck_assert_uint_eq(told, 6);
    weir_decref(objects[A]);
}
END_TEST

START_TEST(bad_arguments)
{
    ck_assert_int_eq(weir_gc_collect_traced(0, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_collect_traced(3, note, &told), WEIR_EINVAL);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_gc_collect_traced(0, note, &told), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_gc_collect_traced(0, note, &told), 0);
    ck_assert_uint_eq(told, 0);
}
END_TEST

/* ---- counts that are wrong ---------------------------------------------- */

/* A ring whose second object counts one reference too few or too many. */
static void
make_wrong_ring(int64_t excess)
{
    objects[A] = weir_instance_new(pair_type);
    objects[B] = weir_instance_new(pair_type);
    refer(A, 0, B);
    refer(A, 1, B);
    refer(B, 0, A);
    weir_decref(objects[A]);
    weir_decref(objects[B]);
    wr_ref_adjust(objects[B], excess);
}

/* What the process said that collects an object with a count too low. */
static int
last_words(char *words, size_t size)
{
    int ends[2];
    ssize_t got;
    size_t used = 0;
    int status;
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        make_wrong_ring(-1);
        (void)weir_gc_collect(2);
        _exit(0);
    }
    (void)close(ends[1]);
    while (used < size - 1 &&
           (got = read(ends[0], words + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    words[used] = '\0';
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* Behaviour 1.8 */
START_TEST(a_debug_build_dies_of_a_count_that_is_too_low)
{
    char words[1024];
    int status = last_words(words, sizeof(words));

    if (WEIR_DEBUG == 0) {
        ck_assert(WIFEXITED(status));
        ck_assert_str_eq(words, "");
        return;
    }
    ck_assert(WIFSIGNALED(status));
    ck_assert_ptr_eq(
        strstr(words, "weir: fatal: gc: corrupt count: pair at 0x"), words);
    ck_assert_ptr_nonnull(strstr(
        words, " has 1, but 2 references were seen by pair, allocated at "));
}
END_TEST

START_TEST(an_object_whose_count_is_too_high_lives)
{
    make_wrong_ring(1);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_refcount(objects[B]), 3);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    wr_ref_adjust(objects[B], -1);
    ck_assert_int_eq(weir_gc_collect(2), 2);
}
END_TEST

Suite *
wr_suite_trace(void)
{
    const TTest *const tests[] = {
        the_three_steps_are_those_of_the_document,
        older_generations_are_not_traced,
        a_trace_without_memory_collects_nothing,
        bad_arguments,
        a_debug_build_dies_of_a_count_that_is_too_low,
        an_object_whose_count_is_too_high_lives,
    };
    Suite *s = suite_create("trace");
    TCase *c = tcase_create("trace");

    tcase_add_checked_fixture(c, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tcase_add_test(c, tests[i]);
    }
    suite_add_tcase(s, c);
    return s;
}
