/* SPDX-License-Identifier: MIT */
/*
 * tests/test_handle.c - handles: what they name, and what they do not.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "base/mem.h"
#include "base/random.h"

enum { MANY = 5000, GENERATIONS = (1 << 20) - 1 };

static weir_handle
handle_to(weir_object *o)
{
    weir_handle handle = WEIR_HANDLE_NONE;

    ck_assert_int_eq(weir_handle_new(o, &handle), 0);
    ck_assert_uint_ne(handle, WEIR_HANDLE_NONE);
    return handle;
}

static void
names_nothing(weir_handle handle)
{
    ck_assert_ptr_null(weir_handle_get(handle));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_int_eq(weir_handle_free(handle), WEIR_ENOKEY);
}

START_TEST(handle_keeps_its_object)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    weir_handle handle;

    ck_assert_int_eq(weir_list_append(list, list), 0);
    handle = handle_to(list);
    wr_test_count(list, 3);
    weir_decref(list);
    /* Only a cycle and the handle hold it: no collection takes it. */
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_ptr_eq(weir_handle_get(handle), list);
    ck_assert_int_eq(weir_list_size(list), 1);
    ck_assert_uint_eq(weir_handle_count(), 1);
    weir_decref(list);
    ck_assert_int_eq(weir_handle_free(handle), 0);
    ck_assert_uint_eq(weir_handle_count(), 0);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 1 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:handle.one-life] */
START_TEST(freed_handle_names_nothing)
{
    weir_object *a = wr_test_int(1);
    weir_object *b = wr_test_int(2);
    weir_handle first = handle_to(a);
    weir_handle second;

    ck_assert_int_eq(weir_handle_free(first), 0);
    names_nothing(first);
    /* The slot is used again, the number is not. */
    second = handle_to(b);
    ck_assert_uint_ne(second, first);
    names_nothing(first);
    ck_assert_ptr_eq(weir_handle_get(second), b);
    weir_decref(b);
    ck_assert_int_eq(weir_handle_free(second), 0);
    wr_test_count(a, 1);
    wr_test_count(b, 1);
    weir_decref(a);
    weir_decref(b);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *o = wr_test_int(1);
    weir_handle handle = 77;

    ck_assert_int_eq(weir_handle_new(NULL, &handle), WEIR_EINVAL);
    ck_assert_int_eq(weir_handle_new(o, NULL), WEIR_EINVAL);
    ck_assert_uint_eq(handle, 77);
    names_nothing(WEIR_HANDLE_NONE);
    names_nothing(UINT64_MAX);
    wr_test_count(o, 1);
    weir_decref(o);
}
END_TEST

/* Each number that differs from a living handle in one bit, and random ones. */
START_TEST(forged_handle_names_nothing)
{
    weir_object *o = wr_test_int(1);
    weir_handle handle = handle_to(o);
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned bit = 0; bit < 64; bit++) {
        names_nothing(handle ^ UINT64_C(1) << bit);
    }
    for (int i = 0; i < 10000; i++) {
        weir_handle forged = wr_random_next(&random);

        if (forged != handle) {
            names_nothing(forged);
        }
    }
    /* Slots beyond those that were ever used. */
    for (uint64_t i = 1; i < WEIR_HANDLES_MAX; i *= 2) {
        names_nothing(handle + i);
    }
    wr_test_count(o, 2);
    ck_assert_int_eq(weir_handle_free(handle), 0);
    weir_decref(o);
}
END_TEST

START_TEST(handles_of_another_run_name_nothing)
{
    weir_handle old[10];

    for (int run = 0; run < 10; run++) {
        weir_object *o = wr_test_int(run);

        /* The same slot every time, and the same generation. */
        old[run] = handle_to(o);
        weir_decref(o);
        for (int i = 0; i < run; i++) {
            ck_assert_uint_ne(old[i], old[run]);
            names_nothing(old[i]);
        }
        ck_assert_uint_eq(weir_handle_count(), 1);
        wr_test_stop();
        ck_assert_uint_eq(weir_handle_count(), 0);
        ck_assert_ptr_null(weir_handle_get(old[run]));
        ck_assert_int_eq(weir_error(), WEIR_ESTATE);
        ck_assert_int_eq(weir_handle_free(old[run]), WEIR_ESTATE);
        wr_test_start();
    }
}
END_TEST

START_TEST(table_grows_and_slots_are_used_again)
{
    static weir_handle handles[MANY];
    static weir_object *objects[MANY];
    struct wr_test_usage before = wr_test_usage();
    uint64_t blocks = 0;

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < MANY; i++) {
            objects[i] = wr_test_int(i);
            handles[i] = handle_to(objects[i]);
            weir_decref(objects[i]);
        }
        ck_assert_uint_eq(weir_handle_count(), MANY);
        blocks = round == 0 ? wr_mem_get_stats().blocks : blocks;
        ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
        /* Every second one first, so that the free list is not in order. */
        for (int i = 0; i < 2 * MANY; i += 2) {
            int at = i < MANY ? i : i - MANY + 1 - MANY % 2;

            ck_assert_ptr_eq(weir_handle_get(handles[at]), objects[at]);
            weir_decref(objects[at]);
            ck_assert_int_eq(weir_handle_free(handles[at]), 0);
            names_nothing(handles[at]);
        }
        ck_assert_uint_eq(weir_handle_count(), 0);
    }
    wr_test_no_leak(before);
}
END_TEST

/* [inv:handle.one-life] */
START_TEST(slot_that_is_spent_is_not_used_again)
{
    weir_object *o = weir_int_new(1);
    weir_handle first = handle_to(o);
    weir_handle last = first;

    ck_assert_int_eq(weir_handle_free(first), 0);
    for (int i = 1; i < GENERATIONS; i++) {
        last = WEIR_HANDLE_NONE;
        (void)weir_handle_new(o, &last);
        (void)weir_handle_free(last);
    }
    /* The same slot to the end. */
    ck_assert_uint_eq(last & (WEIR_HANDLES_MAX - 1),
                      first & (WEIR_HANDLES_MAX - 1));
    names_nothing(first);
    names_nothing(last);
    last = handle_to(o);
    ck_assert_uint_ne(last & (WEIR_HANDLES_MAX - 1),
                      first & (WEIR_HANDLES_MAX - 1));
    names_nothing(first);
    ck_assert_int_eq(weir_handle_free(last), 0);
}
END_TEST

struct tale {
    weir_handle handle;
    int freed;
    int again;
    int64_t count;
};

/* Frees its own handle once more, and looks at the table. */
static void
use_handles(weir_object *o, void *data)
{
    struct tale *tale = data;

    (void)o;
    tale->freed++;
    tale->again = weir_handle_free(tale->handle);
    tale->count = (int64_t)weir_handle_count();
}

START_TEST(finalizer_of_a_freed_handle_may_use_handles)
{
    struct tale tale = {.freed = 0};
    weir_type *type = weir_instance_type("tale", 0, 0, use_handles, &tale);
    weir_object *o = weir_instance_new(type);

    if (!wr_cfg_counted) {
        return;
    }
    tale.handle = handle_to(o);
    weir_decref(o);
    ck_assert_int_eq(tale.freed, 0);
    ck_assert_int_eq(weir_handle_free(tale.handle), 0);
    ck_assert_int_eq(tale.freed, 1);
    ck_assert_int_eq(tale.again, WEIR_ENOKEY);
    ck_assert_int_eq(tale.count, 0);
}
END_TEST

/* Each worker makes handles and frees those of the next one; what a get gives
 * is always the object that belongs to the number. */
enum { SHARED = 64 };

struct board { /* SHARED */
    /* [atomic: exchange acq_rel] */
    weir_handle handles[SHARED];
    /* [atomic: relaxed] */
    uint64_t got;
};

static int
swap_one(struct wr_worker *me, int64_t round)
{
    struct board *board = me->shared;
    size_t at = (size_t)(round * 7 + me->index * 13) % SHARED;
    weir_handle mine = WEIR_HANDLE_NONE;
    weir_object *o = weir_int_new(INT64_C(1000000) + (int64_t)at);
    int64_t value = 0;
    int error = weir_handle_new(o, &mine);

    weir_decref(o);
    if (error != 0) {
        return error;
    }
    o = weir_handle_get(wr_load_acquire(&board->handles[at]));
    if (o != NULL) {
        if (weir_int_value(o, &value) != 0 ||
            value != INT64_C(1000000) + (int64_t)at) {
            return WEIR_ETYPE;
        }
        weir_decref(o);
        (void)wr_fetch_add_relaxed(&board->got, 1);
    }
    mine = wr_exchange_acq_rel(&board->handles[at], mine);
    return mine == WEIR_HANDLE_NONE ? 0 : weir_handle_free(mine);
}

START_TEST(threads_swap_handles)
{
    static struct board board;
    struct wr_test_usage before;

    if (!wr_test_safe) {
        return;
    }
    before = wr_test_usage();
    wr_run_workers(&board, 4, (int64_t)wr_test_size(20000), swap_one);
    ck_assert_uint_gt(board.got, 0);
    for (size_t i = 0; i < SHARED; i++) {
        if (board.handles[i] != WEIR_HANDLE_NONE) {
            ck_assert_int_eq(weir_handle_free(board.handles[i]), 0);
        }
    }
    ck_assert_uint_eq(weir_handle_count(), 0);
    wr_test_no_leak(before);
}
END_TEST

/* All free the same handles; each is freed by one of them. */
static int
free_all(struct wr_worker *me, int64_t round)
{
    struct board *board = me->shared;
    int error = weir_handle_free(board->handles[round]);

    if (error == 0) {
        (void)wr_fetch_add_relaxed(&board->got, 1);
    }
    return error == WEIR_ENOKEY ? 0 : error;
}

START_TEST(one_of_many_frees_a_handle)
{
    static struct board board;
    weir_object *o = wr_test_int(5);

    if (!wr_test_safe) {
        return;
    }
    for (int i = 0; i < SHARED; i++) {
        board.handles[i] = handle_to(o);
    }
    wr_run_workers(&board, 4, SHARED, free_all);
    ck_assert_uint_eq(board.got, SHARED);
    wr_test_count(o, 1);
    weir_decref(o);
}
END_TEST

START_TEST(no_memory_leaves_nothing_behind)
{
    weir_object *o = wr_test_int(1);
    uint64_t failures = 0;

    for (int i = 0; i < 1000; i++) {
        size_t living = weir_handle_count();
        weir_handle handle = WEIR_HANDLE_NONE;

        wr_fault_arm(1);
        if (weir_handle_new(o, &handle) == WEIR_ENOMEM) {
            failures++;
            ck_assert_uint_eq(handle, WEIR_HANDLE_NONE);
            ck_assert_uint_eq(weir_handle_count(), living);
            wr_test_count(o, 1 + (int64_t)living);
            handle = handle_to(o);
        }
        wr_fault_disarm();
        ck_assert_uint_eq(weir_handle_count(), living + 1);
    }
    /* Segments of 64, 128, 256, 512, 1024. */
    ck_assert_uint_eq(failures, 5);
    weir_decref(o);
}
END_TEST

Suite *
wr_suite_handle(void)
{
    Suite *suite = suite_create("handle");
    TCase *tc = tcase_create("handle");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, handle_keeps_its_object);
    tcase_add_test(tc, freed_handle_names_nothing);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, forged_handle_names_nothing);
    tcase_add_test(tc, handles_of_another_run_name_nothing);
    tcase_add_test(tc, table_grows_and_slots_are_used_again);
    tcase_add_test(tc, slot_that_is_spent_is_not_used_again);
    tcase_add_test(tc, finalizer_of_a_freed_handle_may_use_handles);
    tcase_add_test(tc, threads_swap_handles);
    tcase_add_test(tc, one_of_many_frees_a_handle);
    tcase_add_test(tc, no_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tc);
    return suite;
}
