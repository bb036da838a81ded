/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_weak.c - weak references without memory.
 *
 * A weak reference needs memory for itself only: what fails beyond that makes
 * the table slower.  Clearing and dying need none.
 */
#include "tests/weak_fixture.h"

#include "base/mem.h"
#include "heap/heap.h"

static weir_type *node_type;
static weir_type *final_type;
static struct wr_test_usage before;

static void
finalize(weir_object *o, void *data)
{
    (void)o;
    note(data);
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&seen, 0, sizeof(seen));
    node_type = weir_instance_type("node", SLOTS, 0, NULL, NULL);
    final_type = weir_instance_type("final", SLOTS, 0, finalize, "f");
    before = wr_test_usage();
}

static void
teardown(void)
{
    ck_assert_uint_eq(seen.wrong, 0);
    wr_test_stop();
}

enum { TARGETS = 40 };

/* Make weak references; those that cannot be made change nothing. */
static int
make_some(weir_object *const *targets, weir_object *context)
{
    weir_object *made[4 * TARGETS] = {NULL};
    int error = 0;

    for (size_t i = 0; i < 4 * (size_t)TARGETS; i++) {
        weir_object *o = targets[i % TARGETS];
        int64_t count = weir_weak_count(o);
        int64_t refs = weir_refcount(context);

        made[i] = weir_weak_new(o, i % 2 == 0 ? called : NULL,
                                i % 2 == 0 ? context : NULL, NULL);
        if (made[i] == NULL) {
            error = weir_error();
            ck_assert_int_eq(weir_weak_count(o), count);
            wr_test_count(context, refs);
            continue;
        }
        check_alive(made[i], o);
    }
    for (size_t i = 0; i < 4 * (size_t)TARGETS; i++) {
        weir_xdecref(made[i]);
    }
    wr_test_count(context, 1);
    return error;
}

START_TEST(making_fails_without_memory_and_changes_nothing)
{
    weir_object *targets[TARGETS];
    weir_object *context = weir_list_new();
    size_t failures = 0;
    uint64_t seen_allocations = 1;

    for (size_t i = 0; i < TARGETS; i++) {
        targets[i] = make(node_type);
    }
    for (int all = 0; all < 2; all++) {
        uint64_t nth = 0;

        do {
            int error;

            nth++;
            wr_heap_set_slow_stw(true);
            if (all != 0) {
                wr_fault_arm_from(nth);
            } else {
                wr_fault_arm(nth);
            }
            error = make_some(targets, context);
            seen_allocations = wr_fault_seen();
            wr_fault_disarm();
            wr_heap_set_slow_stw(false);
            ck_assert(error == 0 || error == WEIR_ENOMEM);
            failures += error != 0;
        } while (seen_allocations >= nth);
    }
    ck_assert_uint_gt(failures, 2 * TARGETS);
    for (size_t i = 0; i < TARGETS; i++) {
        weir_decref(targets[i]);
    }
    weir_decref(context);
    wr_test_no_leak(before);
}
END_TEST

/* Longer chains, and nothing else. */
START_TEST(a_table_that_cannot_grow_works)
{
    enum { MANY = 2000 };
    static weir_object *o[MANY];
    static weir_object *w[MANY];
    uint64_t blocks = wr_mem_get_stats().blocks;
    uint64_t failures = 0;

    for (size_t i = 0; i < MANY; i++) {
        o[i] = make(node_type);
    }
    /* The object itself is the first to ask. */
    wr_heap_set_slow_stw(true);
    for (size_t i = 0; i < MANY; i++) {
        wr_fault_arm_from(2);
        w[i] = watch(o[i], "x");
        failures += wr_fault_seen() - 1;
        wr_fault_disarm();
    }
    wr_heap_set_slow_stw(false);
    ck_assert_uint_gt(failures, MANY / 2);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    for (size_t i = 0; i < MANY; i++) {
        check_alive(w[i], o[i]);
        weir_decref(o[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        weir_decref(w[i]);
    }
    ck_assert_uint_eq(seen.called, wr_cfg_counted ? MANY : 0);
    wr_test_no_leak(before);
}
END_TEST

static weir_object *kept;

static void
allocate(weir_object *w, weir_object *context, void *data)
{
    weir_object *list = weir_list_new();

    called(w, context, data);
    weir_xdecref(list);
}

/* Death needs no memory, whatever a callback needs. */
START_TEST(death_needs_no_memory)
{
    weir_object *w[100];
    weir_object *o = make(final_type);

    kept = weir_list_new();
    for (size_t i = 0; i < 100; i++) {
        w[i] = weir_weak_new(o, allocate, kept, NULL);
        ck_assert_ptr_nonnull(w[i]);
    }
    wr_heap_set_slow_stw(true);
    wr_fault_arm_from(1);
    weir_decref(o);
    for (size_t i = 0; i < 100; i++) {
        weir_decref(w[i]);
    }
    ck_assert_uint_ge(wr_fault_seen(), 100);
    wr_fault_disarm();
    wr_heap_set_slow_stw(false);
    ck_assert_uint_eq(seen.called, 100);
    wr_test_count(kept, 1);
    weir_decref(kept);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_fault_weak(void)
{
    Suite *suite = suite_create("fault_weak");
    TCase *tcase = tcase_create("fault");

    tcase_set_timeout(tcase, 20);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, making_fails_without_memory_and_changes_nothing);
    tcase_add_test(tcase, a_table_that_cannot_grow_works);
    if (wr_cfg_counted) {
        tcase_add_test(tcase, death_needs_no_memory);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
