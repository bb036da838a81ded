/* SPDX-License-Identifier: MIT */
/*
 * tests/test_overflow.c - collect/overflow.h: exact, and all zero at rest.
 */
#include "tests/suites.h"

#include "collect/overflow.h"

enum { ROOM = 5000 };

static struct wr_overflow table;

static void
setup(void)
{
    table = (struct wr_overflow){.size = 0};
    ck_assert_int_eq(wr_overflow_reserve(&table, ROOM), WEIR_OK);
}

static void
teardown(void)
{
    wr_overflow_free(&table);
}

/* The i-th of some objects that nobody looks at. */
static weir_object *
object(size_t i)
{
    return (weir_object *)(((uintptr_t)i + 1) * 32);
}

/* Note i % 5 + 1 times 128 references to each of n objects. */
static void
note(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k <= i % 5; k++) {
            wr_overflow_add(&table, object(i));
        }
    }
}

static size_t
places_in_use(void)
{
    size_t n = 0;

    for (size_t i = 0; i <= table.index_mask; i++) {
        n += table.index[i] != 0;
    }
    return n;
}

static void
check_noted(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(wr_overflow_get(&table, object(i)),
                         128 * ((int64_t)(i % 5) + 1));
    }
    ck_assert_int_eq(wr_overflow_get(&table, object(n)), 0);
    ck_assert_uint_eq(places_in_use(), n);
}

/* One entry, few, many, as many as there is room for. */
static const size_t sizes[] = {1, 20, 1000, ROOM};

START_TEST(clearing_leaves_nothing_behind)
{
    for (int turn = 0; turn < 3; turn++) {
        note(sizes[_i]);
        check_noted(sizes[_i]);
        wr_overflow_clear(&table);
        ck_assert_uint_eq(places_in_use(), 0);
    }
    ck_assert_int_eq(wr_overflow_get(&table, object(0)), 0);
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
    note(ROOM);
    ck_assert(!table.lost);
    wr_overflow_add(&table, object(ROOM));
    ck_assert(table.lost);
    check_noted(ROOM);
    wr_overflow_clear(&table);
    ck_assert(!table.lost);
    ck_assert_uint_eq(places_in_use(), 0);
}
END_TEST

/* Where an entry lies depends on an address: a young collection that used all
 * of the index would touch a page of it for the first time. */
START_TEST(little_room_uses_little_of_the_index)
{
    ck_assert_int_eq(wr_overflow_reserve(&table, 64), WEIR_OK);
    ck_assert_uint_ge(table.capacity, ROOM);
    ck_assert_uint_eq(table.index_mask, 127);
    note(64);
    check_noted(64);
    wr_overflow_add(&table, object(64));
    ck_assert(table.lost);
    wr_overflow_clear(&table);
    ck_assert_int_eq(wr_overflow_reserve(&table, ROOM), WEIR_OK);
    ck_assert_uint_eq(places_in_use(), 0);
    note(ROOM);
    ck_assert(!table.lost);
    check_noted(ROOM);
}
END_TEST

START_TEST(without_room_there_is_nothing_to_clear)
{
    wr_overflow_free(&table);
    wr_overflow_clear(&table);
    ck_assert_uint_eq(table.size, 0);
}
END_TEST

Suite *
wr_suite_overflow(void)
{
    Suite *suite = suite_create("overflow");
    TCase *tc = tcase_create("overflow");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, clearing_leaves_nothing_behind, 0,
                        (int)(sizeof(sizes) / sizeof(sizes[0])));
    tcase_add_test(tc, what_does_not_fit_is_said);
    tcase_add_test(tc, little_room_uses_little_of_the_index);
    tcase_add_test(tc, without_room_there_is_nothing_to_clear);
    suite_add_tcase(suite, tc);
    return suite;
}
