/* SPDX-License-Identifier: MIT */
/*
 * tests/test_list_threads.c - lists that several threads use at once.
 *
 * Behaviour 4.5 for lists: operations neither tear, nor lose, nor crash.
 * Items are ints whose value says what they are; blocks of dropped ones are
 * used again at once for ints with other values, so that a reader which
 * trusts an address finds the wrong one.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "kinds/list.h"

enum { THREADS = 4, ROUNDS = 20000, BIG = 1000000 };

static weir_object *
new_int(int64_t value)
{
    return weir_int_new(BIG + value);
}

/* The value of an item, which is dropped; INT64_MIN if it is no such int. */
static int64_t
take_int(weir_object *item)
{
    int64_t value = 0;

    if (item == NULL || weir_int_value(item, &value) != 0) {
        value = INT64_MIN + BIG;
    }
    weir_xdecref(item);
    return value - BIG;
}

/* Use the blocks of what was just dropped for something else. */
static void
churn(void)
{
    weir_object *others[4];

    for (int i = 0; i < 4; i++) {
        others[i] = new_int(-1);
    }
    for (int i = 0; i < 4; i++) {
        weir_xdecref(others[i]);
    }
}

static int
append_int(weir_object *list, int64_t value)
{
    weir_object *item = new_int(value);
    int error = item != NULL ? weir_list_append(list, item) : WEIR_ENOMEM;

    weir_xdecref(item);
    return error;
}

static int64_t
rounds(void)
{
    return (int64_t)wr_test_size(ROUNDS);
}

/* ---- appending and popping ----------------------------------------------- */

static int
append_own(struct wr_worker *me, int64_t round)
{
    return append_int(me->shared, me->index * me->rounds + round);
}

START_TEST(appends_of_many_threads_are_all_there)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    int64_t n = rounds();
    int64_t last[THREADS] = {-1, -1, -1, -1};

    wr_run_workers(list, THREADS, n, append_own);
    ck_assert_int_eq(weir_list_size(list), THREADS * n);
    for (int64_t i = 0; i < THREADS * n; i++) {
        int64_t value = take_int(weir_list_get(list, (size_t)i));

        /* Each thread's own are in its order. */
        ck_assert_int_ge(value, 0);
        ck_assert_int_lt(value, THREADS * n);
        ck_assert_int_eq(value % n, last[value / n] + 1);
        last[value / n]++;
    }
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

static struct {
    /* [atomic: add relaxed] */
    uint64_t pushed_sum;
    uint64_t popped_sum;
    uint32_t dead;
} seen;

/* Two append and two pop; what is popped was appended, and only once. */
static int
append_or_pop(struct wr_worker *me, int64_t round)
{
    int64_t value = 1 + me->index * me->rounds + round;
    weir_object *item;

    if (me->index % 2 == 0) {
        (void)wr_fetch_add_relaxed(&seen.pushed_sum, (uint64_t)value);
        return append_int(me->shared, value);
    }
    item = weir_list_pop(me->shared);
    if (item != NULL) {
        value = take_int(item);
        if (value <= 0) {
            return WEIR_ESTATE;
        }
        (void)wr_fetch_add_relaxed(&seen.popped_sum, (uint64_t)value);
        churn();
    }
    value = take_int(weir_list_get(me->shared, (size_t)(round % 4)));
    return value > 0 || value == INT64_MIN ? 0 : WEIR_ESTATE;
}

START_TEST(what_is_popped_was_appended_once)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    wr_run_workers(list, THREADS, rounds(), append_or_pop);
    while (weir_list_size(list) > 0) {
        seen.popped_sum += (uint64_t)take_int(weir_list_pop(list));
    }
    ck_assert_uint_eq(seen.pushed_sum, seen.popped_sum);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* One appends the numbers in order; the others find what the size promises. */
static int
append_or_read(struct wr_worker *me, int64_t round)
{
    int64_t size;

    if (me->index == 0) {
        return append_int(me->shared, round);
    }
    size = weir_list_size(me->shared);
    for (int64_t i = size - 1; i >= 0 && i >= size - 3; i--) {
        if (take_int(weir_list_get(me->shared, (size_t)i)) != i) {
            return WEIR_ESTATE;
        }
    }
    if (size > 0 && take_int(weir_list_get(
                        me->shared, (size_t)(round % size))) != round % size) {
        return WEIR_ESTATE;
    }
    return 0;
}

START_TEST(size_promises_items_while_the_list_grows)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    wr_run_workers(list, THREADS, rounds(), append_or_read);
    ck_assert_int_eq(weir_list_size(list), rounds());
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* ---- readers beside everything ------------------------------------------- */

enum { LENGTH = 40 };

/* Item i of the list is i or i + LENGTH, or the list is being rebuilt. */
static int
replace_items(struct wr_worker *me, int64_t round)
{
    size_t i = (size_t)(round * 7 + me->index) % LENGTH;
    weir_object *item;
    int error;

    if (me->index > 1) {
        for (size_t k = 0; k < 4; k++) {
            int64_t value =
                take_int(weir_list_get(me->shared, (i + k) % LENGTH));

            if (value % LENGTH != (int64_t)(i + k) % LENGTH) {
                return WEIR_ESTATE;
            }
        }
        return 0;
    }
    item = new_int((int64_t)i + (round % 2) * LENGTH);
    error = weir_list_set(me->shared, i, item);
    weir_decref(item);
    churn();
    return error;
}

START_TEST(reader_gets_the_item_of_its_place)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    for (int64_t i = 0; i < LENGTH; i++) {
        ck_assert_int_eq(append_int(list, i), 0);
    }
    wr_run_workers(list, THREADS, rounds(), replace_items);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/*
 * Throw the array away and fill another one, while the blocks of the old items
 * hold something else.
 */
static int
refill(weir_object *list, int64_t n)
{
    weir_object *others[8];
    int error = weir_list_clear(list);

    for (int i = 0; i < 8; i++) {
        others[i] = new_int(-1);
    }
    for (int64_t i = 0; i < n && error == 0; i++) {
        error = append_int(list, i);
    }
    for (int i = 0; i < 8; i++) {
        weir_xdecref(others[i]);
    }
    return error;
}

static int
refill_or_read(struct wr_worker *me, int64_t round)
{
    (void)round;
    if (me->index == 0) {
        return refill(me->shared, 8);
    }
    for (int64_t i = 0; i < 8; i++) {
        int64_t value = take_int(weir_list_get(me->shared, (size_t)i));

        if (value != i && value != INT64_MIN) {
            return WEIR_ESTATE;
        }
    }
    return 0;
}

/* [inv:gate.same-moves] */
START_TEST(array_that_is_gone_gives_no_items)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    wr_run_workers(list, 3, rounds() / 2, refill_or_read);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* The items are the numbers below LENGTH, in some order, perhaps one less. */
static int
reorder(weir_object *list, int64_t round)
{
    weir_object *item;
    weir_object *part;
    int error = 0;

    switch (round % 6) {
    case 0:
        return weir_list_reverse(list);
    case 1:
        return weir_list_sort(list, NULL, NULL);
    case 2:
        item = weir_list_remove(list, (size_t)round % (LENGTH - 1));
        error =
            weir_list_insert(list, (size_t)(round / 6) % (LENGTH - 1), item);
        weir_decref(item);
        return error;
    case 3:
        /* In one step: nobody sees the ends only. */
        part = weir_list_slice(list, 5, 15);
        error = weir_list_set_slice(list, 5, 15, part);
        weir_decref(part);
        return error;
    case 4:
        /* Another object for the same number. */
        item = new_int(take_int(weir_list_get(list, 3)));
        error = weir_list_set(list, 3, item);
        weir_decref(item);
        churn();
        return error;
    default:
        part = weir_list_slice(list, 0, SIZE_MAX);
        error = weir_list_set_slice(list, 0, SIZE_MAX, part);
        weir_decref(part);
        return error;
    }
}

static int
walk(weir_object *list)
{
    weir_object *item;
    uint64_t pos = 0;
    int64_t met = 0;

    while (weir_list_next(list, &pos, &item) == 1) {
        int64_t value = take_int(item);

        if (value < 0 || value >= LENGTH) {
            return WEIR_ESTATE;
        }
        met++;
    }
    return met == LENGTH || met == LENGTH - 1 ? 0 : WEIR_ESTATE;
}

/* All items at one moment: each number once. */
static int
check_copy(weir_object *list)
{
    weir_object *copy = weir_list_slice(list, 0, SIZE_MAX);
    int64_t size = weir_list_size(copy);
    uint64_t found = 0;

    for (int64_t i = 0; i < size; i++) {
        found |= UINT64_C(1) << (take_int(weir_list_get(copy, (size_t)i)) & 63);
    }
    weir_decref(copy);
    return (size == LENGTH || size == LENGTH - 1) &&
                   __builtin_popcountll(found) == size
               ? 0
               : WEIR_ESTATE;
}

/* One thread reorders, so that it knows what there is; the others look. */
static int
reorder_or_look(struct wr_worker *me, int64_t round)
{
    int64_t value;

    if (me->index == 0) {
        return reorder(me->shared, round);
    }
    if (round % 8 == me->index) {
        return walk(me->shared);
    }
    if (round % 8 == 0) {
        return check_copy(me->shared);
    }
    value = take_int(weir_list_get(me->shared, (size_t)round % (LENGTH - 1)));
    return value >= 0 && value < LENGTH ? 0 : WEIR_ESTATE;
}

START_TEST(readers_see_no_list_that_never_was)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    for (int64_t i = 0; i < LENGTH; i++) {
        ck_assert_int_eq(append_int(list, i), 0);
    }
    wr_run_workers(list, THREADS, rounds() / 2, reorder_or_look);
    ck_assert_int_eq(weir_list_size(list), LENGTH);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* Everything at once, from all sides: nothing but sane values, no leak. */
static int
anything(struct wr_worker *me, int64_t round)
{
    weir_object *list = me->shared;
    int64_t value = 0;
    weir_object *item;

    switch ((round * 7 + me->index * 3) % 16) {
    case 0:
        value = take_int(weir_list_pop(list));
        break;
    case 1:
        value = take_int(weir_list_remove(list, (size_t)round % 32));
        break;
    case 2:
        item = new_int(round);
        (void)weir_list_insert(list, (size_t)round % 8, item);
        weir_decref(item);
        break;
    case 3:
        item = new_int(round);
        (void)weir_list_set(list, (size_t)round % 31, item);
        weir_decref(item);
        churn();
        break;
    case 4:
        if (round % 256 < 8) {
            return weir_list_clear(list);
        }
        return weir_list_reverse(list);
    case 5:
        return weir_list_set_slice(list, 20, SIZE_MAX, NULL);
    case 6:
        return weir_list_size(list) < 200 ? weir_list_extend(list, list) : 0;
    case 7:
        return weir_list_sort(list, NULL, NULL);
    case 8:
    case 9:
        return append_int(list, round);
    default:
        value = take_int(weir_list_get(list, (size_t)round % 48));
        break;
    }
    return value >= 0 || value == INT64_MIN ? 0 : WEIR_ESTATE;
}

/* [inv:list.items-set] */
START_TEST(mixed_use_by_many_threads_leaks_nothing)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    wr_run_workers(list, THREADS, rounds(), anything);
    for (int64_t i = 0; i < weir_list_size(list); i++) {
        ck_assert_int_ge(take_int(weir_list_get(list, (size_t)i)), 0);
    }
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* ---- two lists ----------------------------------------------------------- */

static weir_object *pair[2];

static int
extend_each_other(struct wr_worker *me, int64_t round)
{
    weir_object *a = pair[me->index % 2];
    weir_object *b = pair[1 - me->index % 2];
    int error = weir_list_extend(a, b);

    if (error == 0 && weir_list_size(a) > 100) {
        error = weir_list_set_slice(a, 3, SIZE_MAX, NULL);
    }
    if (error == 0 && round % 4 == 0) {
        error = weir_list_set_slice(a, 0, 3, b);
    }
    return error;
}

/* [inv:objlock.order] */
START_TEST(two_lists_extend_each_other_without_deadlock)
{
    struct wr_test_usage before = wr_test_usage();

    for (int i = 0; i < 2; i++) {
        pair[i] = weir_list_new();
        ck_assert_int_eq(append_int(pair[i], i), 0);
    }
    wr_run_workers(NULL, THREADS, rounds() / 4, extend_each_other);
    for (int i = 0; i < 2; i++) {
        weir_decref(pair[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

/* ---- sorting with a user's order ----------------------------------------- */

static int
by_value(weir_object *a, weir_object *b, void *context, int *order)
{
    int64_t x = 0;
    int64_t y = 0;

    (void)context;
    (void)weir_int_value(a, &x);
    (void)weir_int_value(b, &y);
    *order = x < y ? -1 : x > y;
    return weir_checkpoint();
}

static int
sort_or_disturb(struct wr_worker *me, int64_t round)
{
    int error;

    if (me->index != 0) {
        error = round % 3 == 0 ? weir_list_reverse(me->shared) : 0;
        return error;
    }
    error = weir_list_sort(me->shared, by_value, NULL);
    return error == WEIR_ECHANGED ? 0 : error;
}

START_TEST(sorting_beside_writers_keeps_all_items)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    for (int64_t i = 0; i < LENGTH; i++) {
        ck_assert_int_eq(append_int(list, i * 17 % LENGTH), 0);
    }
    wr_run_workers(list, 2, rounds() / 10, sort_or_disturb);
    ck_assert_int_eq(check_copy(list), 0);
    ck_assert_int_eq(weir_list_size(list), LENGTH);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* ---- what readers do to others ------------------------------------------- */

static void
count_death(weir_object *o, void *data)
{
    (void)o;
    (void)wr_fetch_add_relaxed((uint32_t *)data, 1U);
}

static weir_type *mortal;

/* An item may die on the thread of a reader; it dies once. */
static int
replace_or_read_mortals(struct wr_worker *me, int64_t round)
{
    weir_object *item;
    int error;

    if (me->index != 0) {
        weir_xdecref(weir_list_get(me->shared, (size_t)round % 2));
        return 0;
    }
    item = weir_instance_new(mortal);
    error = weir_list_set(me->shared, (size_t)round % 2, item);
    weir_decref(item);
    return error;
}

START_TEST(each_item_dies_once_whoever_drops_it)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    mortal = weir_instance_type("mortal", 1, 0, count_death, &seen.dead);
    ck_assert_int_eq(append_int(list, 0), 0);
    ck_assert_int_eq(append_int(list, 0), 0);
    wr_run_workers(list, THREADS, rounds(), replace_or_read_mortals);
    weir_decref(list);
    if (wr_cfg_counted) {
        ck_assert_int_eq(seen.dead, rounds());
    }
    wr_test_no_leak(before);
}
END_TEST

/* The blocks of the tuples are the ones that the readers come too late for. */
static int
fill_tuples_or_read(struct wr_worker *me, int64_t round)
{
    weir_object *t;
    int error;

    if (me->index != 0) {
        weir_xdecref(weir_list_get(me->shared, 0));
        return 0;
    }
    t = weir_tuple_new(2);
    error = weir_tuple_set_steal(t, 0, new_int(round));
    if (error == 0) {
        error = weir_tuple_set_steal(t, 1, new_int(round));
    }
    if (error == 0) {
        error = weir_list_set(me->shared, 0, t);
    }
    weir_decref(t);
    return error;
}

/* [inv:tuple.const-when-shared] */
START_TEST(late_reader_does_not_turn_a_maker_away)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    ck_assert_int_eq(append_int(list, 0), 0);
    wr_run_workers(list, 3, rounds(), fill_tuples_or_read);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_list_threads(void)
{
    Suite *suite = suite_create("list_threads");
    TCase *tc = tcase_create("list_threads");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_test(tc, appends_of_many_threads_are_all_there);
        tcase_add_test(tc, what_is_popped_was_appended_once);
        tcase_add_test(tc, size_promises_items_while_the_list_grows);
        tcase_add_test(tc, reader_gets_the_item_of_its_place);
        tcase_add_test(tc, array_that_is_gone_gives_no_items);
        tcase_add_test(tc, readers_see_no_list_that_never_was);
        tcase_add_test(tc, mixed_use_by_many_threads_leaks_nothing);
        tcase_add_test(tc, two_lists_extend_each_other_without_deadlock);
        tcase_add_test(tc, sorting_beside_writers_keeps_all_items);
        tcase_add_test(tc, each_item_dies_once_whoever_drops_it);
        tcase_add_test(tc, late_reader_does_not_turn_a_maker_away);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
