/* SPDX-License-Identifier: MIT */
/*
 * tests/test_slot.c - a slot that is read without a lock.
 *
 * The objects that stand in the slot are even ints.  Between two of them the
 * writer makes odd ones, which get the blocks of those just dropped: a reader
 * that trusts an address finds an odd one.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "object/slot.h"
#include "thread/objlock.h"

enum { ROUNDS = 20000, READERS = 2, BIG = 1000000 };

START_TEST(empty_slot_reads_as_nothing)
{
    weir_object *slot = NULL;
    weir_object *out = NULL;

    ck_assert_int_eq(wr_slot_try(&slot, &out), WR_SLOT_EMPTY);
    ck_assert(wr_slot_read(&slot, &out));
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(reading_takes_a_reference)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *slot = wr_test_int(1);
    weir_object *out = NULL;

    ck_assert_int_eq(wr_slot_try(&slot, &out), WR_SLOT_TAKEN);
    ck_assert_ptr_eq(out, slot);
    wr_test_count(slot, 2);
    weir_decref(out);
    ck_assert(wr_slot_read(&slot, &out));
    ck_assert_ptr_eq(out, slot);
    wr_test_count(slot, 2);
    weir_decref(out);
    out = wr_slot_swap(&slot, NULL);
    ck_assert_ptr_null(slot);
    wr_test_count(out, 1);
    weir_decref(out);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(immortal_is_read_without_a_write)
{
    weir_object *slot = weir_int_new(5);
    int64_t count = slot->count;
    weir_object *out = NULL;

    ck_assert(weir_is_immortal(slot));
    ck_assert_int_eq(wr_slot_try(&slot, &out), WR_SLOT_TAKEN);
    ck_assert_ptr_eq(out, slot);
    ck_assert_int_eq(slot->count, count);
}
END_TEST

/* A late reader: what the slot pointed to has died meanwhile. */
START_TEST(dead_object_is_not_taken)
{
    weir_object *slot = wr_test_int(1);
    weir_object *out = NULL;

    if (!wr_cfg_locked_objects) {
        weir_decref(slot);
        return;
    }
    weir_decref(slot);
    ck_assert_int_eq(wr_slot_try(&slot, &out), WR_SLOT_AGAIN);
    ck_assert(!wr_slot_read(&slot, &out));
    ck_assert_ptr_null(out);
    /* In the checker's heap the block waits in quarantine. */
    if (!wr_checker_on) {
        weir_object *next = wr_test_int(2);

        /* The block lives again: only the second look tells, and the slot
         * says so here. */
        ck_assert_ptr_eq(next, slot);
        ck_assert_int_eq(wr_slot_try(&slot, &out), WR_SLOT_TAKEN);
        weir_decref(out);
        weir_decref(next);
    }
}
END_TEST

/* What the threads share: as an instance would be, but bare. */
static struct {
    uint8_t lock;
    weir_object *slot;
    uint32_t over;
} shared;

static weir_object *
even(int64_t n)
{
    return weir_int_new(BIG + 2 * n);
}

/* Replace the object, drop the old one, use its block for something else. */
static int
replace(struct wr_worker *me, int64_t round)
{
    struct wr_thread *self = wr_self();
    weir_object *fresh = even(round);
    weir_object *others[3];
    weir_object *old;

    wr_objlock_lock(self, &shared.lock);
    old = wr_slot_swap(&shared.slot, fresh);
    wr_objlock_unlock(self, &shared.lock);
    weir_decref(old);
    for (int i = 0; i < 3; i++) {
        others[i] = weir_int_new(BIG + 2 * round + 1);
    }
    for (int i = 0; i < 3; i++) {
        weir_decref(others[i]);
    }
    if (round == me->rounds - 1) {
        wr_store_release(&shared.over, 1u);
    }
    return 0;
}

static int
read_even(void)
{
    weir_object *out = NULL;
    int64_t value = 1;

    if (!wr_slot_read(&shared.slot, &out)) {
        return 0;
    }
    if (out == NULL || weir_int_value(out, &value) != 0 || value % 2 != 0) {
        return WEIR_ESTATE;
    }
    weir_decref(out);
    return 0;
}

static int
write_or_read(struct wr_worker *me, int64_t round)
{
    int error = 0;

    if (me->index == 0) {
        return replace(me, round);
    }
    if (wr_load_acquire(&shared.over) == 0) {
        for (int i = 0; i < 4 && error == 0; i++) {
            error = read_even();
        }
    }
    return error;
}

/* [inv:slot.current] */
START_TEST(reader_gets_what_was_in_the_slot)
{
    struct wr_test_usage before = wr_test_usage();

    shared.slot = even(0);
    wr_run_workers(NULL, 1 + READERS, (int64_t)wr_test_size(ROUNDS),
                   write_or_read);
    wr_test_count(shared.slot, 1);
    weir_decref(shared.slot);
    wr_test_no_leak(before);
}
END_TEST

/* Each thread replaces and reads. */
static int
replace_and_read(struct wr_worker *me, int64_t round)
{
    int error = replace(me, round);

    return error == 0 ? read_even() : error;
}

START_TEST(writers_replace_each_others_objects)
{
    struct wr_test_usage before = wr_test_usage();

    shared.slot = even(0);
    wr_run_workers(NULL, 3, (int64_t)wr_test_size(ROUNDS) / 2,
                   replace_and_read);
    wr_test_count(shared.slot, 1);
    weir_decref(shared.slot);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_slot(void)
{
    Suite *suite = suite_create("slot");
    TCase *tc = tcase_create("slot");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, empty_slot_reads_as_nothing);
    tcase_add_test(tc, reading_takes_a_reference);
    tcase_add_test(tc, immortal_is_read_without_a_write);
    tcase_add_test(tc, dead_object_is_not_taken);
    if (wr_test_safe) {
        tcase_add_test(tc, reader_gets_what_was_in_the_slot);
        tcase_add_test(tc, writers_replace_each_others_objects);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
