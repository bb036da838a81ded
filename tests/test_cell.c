/* SPDX-License-Identifier: MIT */
/*
 * tests/test_cell.c - a box that holds one reference, or none.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "heap/heap.h"
#include "object/header.h"
#include "tests/bag.h"
#include "tests/workers.h"

enum { WORKERS = 4, ROUNDS = 5000 };

/* What a cell holds is x; NULL: nothing. */
static void
expect_holds(weir_object *cell, weir_object *x)
{
    weir_object *got = weir_cell_get(cell);

    ck_assert_ptr_eq(got, x);
    if (got == NULL) {
        ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    }
    weir_xdecref(got);
}

START_TEST(cell_holds_one_reference_or_none)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *x = wr_test_int(1);
    weir_object *full = weir_cell_new(x);
    weir_object *empty = weir_cell_new(NULL);

    wr_test_count(x, 2);
    expect_holds(full, x);
    expect_holds(empty, NULL);
    wr_test_count(x, 2);
    ck_assert_int_eq(weir_cell_set(empty, x), 0);
    wr_test_count(x, 3);
    expect_holds(empty, x);
    ck_assert_int_eq(weir_cell_set(empty, x), 0);
    wr_test_count(x, 3);
    ck_assert_int_eq(weir_cell_set(empty, NULL), 0);
    wr_test_count(x, 2);
    ck_assert_int_eq(weir_cell_set(empty, NULL), 0);
    expect_holds(empty, NULL);
    weir_decref(full);
    weir_decref(empty);
    wr_test_count(x, 1);
    weir_decref(x);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(swap_gives_back_what_was_there)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *a = wr_test_int(1);
    weir_object *b = wr_test_int(2);
    weir_object *cell = weir_cell_new(NULL);
    weir_object *old = b;

    ck_assert_int_eq(weir_cell_swap(cell, a, &old), 0);
    ck_assert_ptr_null(old);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_cell_swap(cell, b, &old), 0);
    ck_assert_ptr_eq(old, a);
    wr_test_count(a, 2);
    wr_test_count(b, 2);
    weir_decref(old);
    ck_assert_int_eq(weir_cell_swap(cell, NULL, &old), 0);
    ck_assert_ptr_eq(old, b);
    wr_test_count(b, 2);
    weir_decref(old);
    expect_holds(cell, NULL);
    weir_decref(cell);
    weir_decref(a);
    weir_decref(b);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(replace_only_what_was_expected)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *a = wr_test_int(1);
    weir_object *same = wr_test_int(1);
    weir_object *cell = weir_cell_new(NULL);

    ck_assert_int_eq(weir_cell_replace(cell, a, same), 0);
    expect_holds(cell, NULL);
    ck_assert_int_eq(weir_cell_replace(cell, NULL, a), 1);
    expect_holds(cell, a);
    /* Equal is not the same. */
    ck_assert_int_eq(weir_equal(a, same), 1);
    ck_assert_int_eq(weir_cell_replace(cell, same, same), 0);
    ck_assert_int_eq(weir_cell_replace(cell, NULL, same), 0);
    wr_test_count(a, 2);
    wr_test_count(same, 1);
    ck_assert_int_eq(weir_cell_replace(cell, a, a), 1);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_cell_replace(cell, a, same), 1);
    wr_test_count(a, 1);
    wr_test_count(same, 2);
    ck_assert_int_eq(weir_cell_replace(cell, same, NULL), 1);
    ck_assert_int_eq(weir_cell_replace(cell, NULL, NULL), 1);
    expect_holds(cell, NULL);
    weir_decref(cell);
    weir_decref(a);
    weir_decref(same);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_change_nothing)
{
    weir_object *cell = weir_cell_new(NULL);
    weir_object *list = weir_list_new();
    weir_object *old = list;

    ck_assert(weir_is_cell(cell));
    ck_assert(!weir_is_cell(list));
    ck_assert(!weir_is_cell(NULL));
    ck_assert(!weir_is_instance(cell));
    ck_assert_str_eq(weir_type_name(weir_type_of(cell)), "cell");
    ck_assert_ptr_null(weir_cell_get(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_cell_get(list));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_cell_set(NULL, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_cell_set(list, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_cell_swap(NULL, list, &old), WEIR_EINVAL);
    ck_assert_int_eq(weir_cell_swap(list, cell, &old), WEIR_ETYPE);
    ck_assert_int_eq(weir_cell_swap(cell, list, NULL), WEIR_EINVAL);
    ck_assert_ptr_eq(old, list);
    ck_assert_int_eq(weir_cell_replace(NULL, NULL, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_cell_replace(list, NULL, cell), WEIR_ETYPE);
    expect_holds(cell, NULL);
    wr_test_count(list, 1);
    wr_test_count(cell, 1);
    weir_decref(list);
    weir_decref(cell);
}
END_TEST

/* The header says so to deallocation: [inv:obj.link16] for a pair. */
START_TEST(cell_is_as_small_as_a_pair)
{
    weir_object *cell = weir_cell_new(NULL);
    uint64_t hash = 0;

    ck_assert((wr_flags(cell) & WR_FLAG_PAIR) != 0);
    ck_assert(weir_gc_is_tracked(cell));
    ck_assert_int_eq(weir_hash(cell, &hash), 0);
    ck_assert_int_eq(weir_equal(cell, cell), 1);
    weir_decref(cell);
}
END_TEST

/* [inv:cell.drop-unlocked] */
static void
use_cell(weir_object *o, void *data)
{
    weir_object *cell = *(weir_object **)data;
    weir_object *got = weir_cell_get(cell);

    (void)o;
    weir_xdecref(got);
    if (got == NULL) {
        (void)weir_cell_set(cell, weir_int_new(1));
    }
}

START_TEST(finalizer_may_use_the_cell_it_was_dropped_from)
{
    weir_object *cell = weir_cell_new(NULL);
    weir_type *type = weir_instance_type("user", 1, 0, use_cell, &cell);
    weir_object *o = weir_instance_new(type);

    ck_assert_int_eq(weir_cell_set(cell, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_cell_set(cell, NULL), 0);
    expect_holds(cell, wr_cfg_counted ? weir_int_new(1) : NULL);
    o = weir_instance_new(type);
    ck_assert_int_eq(weir_cell_set(cell, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_cell_replace(cell, o, NULL), 1);
    expect_holds(cell, wr_cfg_counted ? weir_int_new(1) : NULL);
    weir_decref(cell);
}
END_TEST

/* ---- cycles: behaviour 2.1, "closures/cells" ---------------------------- */

START_TEST(cell_that_holds_itself)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *cell = weir_cell_new(NULL);

    ck_assert_int_eq(weir_cell_set(cell, cell), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(cell);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted);
    wr_test_no_leak(before);
}
END_TEST

/*
 * A function that calls itself: its closure is a tuple of cells, one of which
 * holds the function; another is shared with a second function.
 */
START_TEST(closures_that_refer_to_themselves_are_collected)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *function =
        weir_instance_type("function", 2, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_object *outside = wr_test_int(1);
    weir_object *self_cell = weir_cell_new(NULL);
    weir_object *shared = weir_cell_new(outside);
    weir_object *cells[] = {self_cell, shared};
    weir_object *closure = weir_tuple_pack(2, cells);
    weir_object *f = weir_instance_new(function);
    weir_object *g = weir_instance_new(function);

    ck_assert_int_eq(weir_instance_set(f, 0, closure), 0);
    ck_assert_int_eq(weir_instance_set(g, 0, shared), 0);
    ck_assert_int_eq(weir_cell_set(self_cell, f), 0);
    weir_decref(closure);
    weir_decref(self_cell);
    weir_decref(shared);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(f);
    /* f, its closure, its own cell; g keeps the cell they shared. */
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 3 : 0);
    expect_holds(shared, outside);
    weir_decref(g);
    wr_test_count(outside, 1);
    weir_decref(outside);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(rings_of_cells_and_others)
{
    struct wr_test_usage before = wr_test_usage();
    struct bag_log log = {0};
    weir_type *bag = bag_type(&log, true);
    weir_object *first = weir_cell_new(NULL);
    weir_object *last = first;

    for (int i = 0; i < 1000; i++) {
        weir_object *o =
            i % 2 == 0 ? weir_foreign_new(bag) : weir_cell_new(last);

        if (i % 2 == 0) {
            bag_put(o, 1, last);
        }
        if (i != 0) {
            weir_decref(last);
        }
        last = o;
    }
    ck_assert_int_eq(weir_cell_set(first, last), 0);
    weir_decref(last);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(first);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 1001 : 0);
    ck_assert_int_eq(log.released, wr_cfg_counted ? 500 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- threads ------------------------------------------------------------ */

/* Bring in a token and take one out: tokens are neither lost nor doubled. */
static int
swap_tokens(struct wr_worker *me, int64_t round)
{
    weir_object *token = weir_int_new(1000000 + round * 16 + me->index);
    weir_object *old = NULL;
    int64_t value = 0;
    int error;

    if (token == NULL) {
        return weir_error();
    }
    error = weir_cell_swap(me->shared, token, &old);
    weir_decref(token);
    if (error == 0 && old != NULL) {
        error = weir_int_value(old, &value);
        weir_decref(old);
    }
    return error;
}

START_TEST(swapped_references_are_neither_lost_nor_doubled)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *cell = weir_cell_new(NULL);

    wr_run_workers(cell, WORKERS, (int64_t)wr_test_size(ROUNDS), swap_tokens);
    weir_decref(cell);
    wr_test_no_leak(before);
}
END_TEST

/* Add one to the number in the cell by compare and set. */
static int
add_one(struct wr_worker *me, int64_t round)
{
    (void)round;
    /* Ends: when it fails another worker has got on. */
    for (;;) {
        weir_object *old = weir_cell_get(me->shared);
        weir_object *sum;
        int64_t value = 0;
        int done;

        if (old == NULL || weir_int_value(old, &value) != 0) {
            return WEIR_ESTATE;
        }
        sum = weir_int_new(value + 1);
        if (sum == NULL) {
            weir_decref(old);
            return weir_error();
        }
        done = weir_cell_replace(me->shared, old, sum);
        weir_decref(old);
        weir_decref(sum);
        if (done != 0) {
            return done == 1 ? 0 : done;
        }
        (void)weir_checkpoint();
    }
}

START_TEST(compare_and_set_loses_no_update)
{
    struct wr_test_usage before = wr_test_usage();
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);
    weir_object *zero = wr_test_int(0);
    weir_object *cell = weir_cell_new(zero);
    weir_object *sum;

    weir_decref(zero);
    wr_run_workers(cell, WORKERS, rounds, add_one);
    sum = weir_cell_get(cell);
    ck_assert_int_eq(wr_test_int_is(sum), WORKERS * rounds);
    weir_decref(sum);
    weir_decref(cell);
    wr_test_no_leak(before);
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

START_TEST(without_memory_there_is_no_cell)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *x = wr_test_int(1);
    weir_object *cell;

    wr_heap_set_slow_stw(true);
    wr_fault_arm(1);
    ck_assert_ptr_null(weir_cell_new(x));
    ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
    wr_fault_disarm();
    wr_test_count(x, 1);
    cell = weir_cell_new(x);
    ck_assert_ptr_nonnull(cell);
    /* Nothing else allocates. */
    wr_fault_arm_from(1);
    ck_assert_int_eq(weir_cell_set(cell, x), 0);
    ck_assert_int_eq(weir_cell_replace(cell, x, NULL), 1);
    expect_holds(cell, NULL);
    ck_assert_uint_eq(wr_fault_seen(), 0);
    wr_fault_disarm();
    wr_heap_set_slow_stw(false);
    weir_decref(cell);
    weir_decref(x);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_cell(void)
{
    Suite *suite = suite_create("cell");
    TCase *tc = tcase_create("cell");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, cell_holds_one_reference_or_none);
    tcase_add_test(tc, swap_gives_back_what_was_there);
    tcase_add_test(tc, replace_only_what_was_expected);
    tcase_add_test(tc, bad_arguments_change_nothing);
    tcase_add_test(tc, cell_is_as_small_as_a_pair);
    tcase_add_test(tc, finalizer_may_use_the_cell_it_was_dropped_from);
    tcase_add_test(tc, cell_that_holds_itself);
    tcase_add_test(tc, closures_that_refer_to_themselves_are_collected);
    tcase_add_test(tc, rings_of_cells_and_others);
    if (wr_test_safe) {
        tcase_add_test(tc, swapped_references_are_neither_lost_nor_doubled);
        tcase_add_test(tc, compare_and_set_loses_no_update);
    }
    tcase_add_test(tc, without_memory_there_is_no_cell);
    suite_add_tcase(suite, tc);
    return suite;
}
