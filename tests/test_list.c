/* SPDX-License-Identifier: MIT */
/*
 * tests/test_list.c - lists: single items, growth, references.
 */
#include "tests/fixture.h"

#include "kinds/list.h"

enum { MANY = 100000, FEW = 10000 };

static weir_object *
list_of(int64_t n)
{
    weir_object *list = weir_list_new();

    ck_assert_ptr_nonnull(list);
    for (int64_t i = 0; i < n; i++) {
        weir_object *item = wr_test_int(i);

        ck_assert_int_eq(weir_list_append(list, item), 0);
        weir_decref(item);
    }
    return list;
}

START_TEST(items_come_back_in_order)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(FEW);

    ck_assert(weir_is_list(list));
    ck_assert_str_eq(weir_type_name(weir_type_of(list)), "list");
    ck_assert_int_eq(weir_list_size(list), FEW);
    for (int64_t i = 0; i < FEW; i++) {
        weir_object *item = weir_list_get(list, (size_t)i);

        ck_assert_int_eq(wr_test_int_is(item), i);
        wr_test_count(item, 2);
        weir_decref(item);
    }
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 1.2 for lists. */
START_TEST(list_owns_its_items)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    weir_object *item = wr_test_int(1);

    for (int i = 1; i <= 100; i++) {
        ck_assert_int_eq(weir_list_append(list, item), 0);
        wr_test_count(item, 1 + i);
    }
    weir_decref(list);
    wr_test_count(item, 1);
    weir_decref(item);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(set_replaces_and_drops_the_old)
{
    weir_object *list = list_of(3);
    weir_object *a = wr_test_int(77);
    weir_object *old = weir_list_get(list, 1);

    wr_test_count(old, 2);
    ck_assert_int_eq(weir_list_set(list, 1, a), 0);
    wr_test_count(old, 1);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_list_set(list, 1, a), 0);
    wr_test_count(a, 2);
    ck_assert_int_eq(weir_list_size(list), 3);
    weir_decref(old);
    weir_decref(list);
    wr_test_count(a, 1);
    weir_decref(a);
}
END_TEST

START_TEST(pop_hands_over_the_lists_reference)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(FEW);

    for (int64_t i = FEW - 1; i >= 0; i--) {
        weir_object *item = weir_list_pop(list);

        ck_assert_int_eq(wr_test_int_is(item), i);
        wr_test_count(item, 1);
        weir_decref(item);
        ck_assert_int_eq(weir_list_size(list), i);
    }
    ck_assert_ptr_null(weir_list_pop(list));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(clear_empties_and_the_list_lives_on)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(100);
    weir_object *item = weir_list_get(list, 50);

    wr_test_count(item, 2);
    ck_assert_int_eq(weir_list_clear(list), 0);
    wr_test_count(item, 1);
    ck_assert_int_eq(weir_list_size(list), 0);
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_list_append(list, item), 0);
    ck_assert_int_eq(weir_list_size(list), 1);
    weir_decref(item);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

static uint64_t
capacity_of(weir_object *list)
{
    struct wr_array *array = wr_list_array(wr_list_of(list));

    return array != NULL ? array->capacity : 0;
}

/* Growth is geometric, so appending is amortised constant time. */
START_TEST(array_grows_by_an_eighth_and_shrinks)
{
    weir_object *list = weir_list_new();
    weir_object *item = weir_int_new(1);
    uint64_t capacity = capacity_of(list);
    int changes = 0;

    ck_assert_uint_eq(capacity, 0);
    for (uint64_t i = 1; i <= MANY; i++) {
        ck_assert_int_eq(weir_list_append(list, item), 0);
        if (capacity_of(list) != capacity) {
            capacity = capacity_of(list);
            changes++;
        }
        ck_assert_uint_ge(capacity, i);
        ck_assert_uint_le(capacity, i + i / 2 + 8);
    }
    ck_assert_int_le(changes, 100);
    for (uint64_t i = MANY; i > 0; i--) {
        weir_decref(weir_list_pop(list));
        ck_assert_uint_ge(capacity_of(list), i - 1);
        ck_assert_uint_le(capacity_of(list), 2 * i + 20);
    }
    weir_decref(list);
}
END_TEST

START_TEST(a_list_has_an_end)
{
    weir_object *o = weir_list_new();
    struct wr_list *list = (struct wr_list *)(void *)o;
    struct wr_thread *self = wr_self();
    uint64_t gate;

    ck_assert_int_eq(weir_list_append(o, weir_int_new(1)), 0);
    gate = list->gate;
    wr_objlock_lock(self, &o->lock);
    ck_assert_int_eq(wr_list_reserve_locked(self, list, WR_LIST_MAX),
                     WEIR_ELIMIT);
    wr_objlock_unlock(self, &o->lock);
    ck_assert_uint_eq(list->gate, gate);
    ck_assert_int_eq(weir_list_size(o), 1);
    weir_decref(o);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *list = list_of(2);
    weir_object *five = weir_int_new(5);
    weir_object *a = wr_test_int(1);

    ck_assert_int_eq(weir_list_size(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_size(five), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_append(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_append(list, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_append(five, a), WEIR_ETYPE);
    ck_assert_ptr_null(weir_list_get(NULL, 0));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_list_get(five, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_list_get(list, 2));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_ptr_null(weir_list_get(list, SIZE_MAX));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_int_eq(weir_list_set(NULL, 0, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_set(list, 0, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_set(five, 0, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_set(list, 2, a), WEIR_ERANGE);
    ck_assert_ptr_null(weir_list_pop(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_list_pop(five));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_clear(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_clear(five), WEIR_ETYPE);
    ck_assert(!weir_is_list(NULL));
    ck_assert(!weir_is_list(five));
    wr_test_count(a, 1);
    ck_assert_int_eq(weir_list_size(list), 2);
    weir_decref(a);
    weir_decref(list);
}
END_TEST

/* Behaviour 2.1: never freed by counts alone. */
START_TEST(list_holding_itself_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_list_append(list, list), 0);
    wr_test_count(list, 2);
    weir_decref(list);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 1);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 1 : 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(list_holding_itself_can_be_cleared)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_int_eq(weir_list_clear(list), 0);
    wr_test_count(list, 1);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

static void
append_to_data(weir_object *o, void *data)
{
    weir_object *list = *(weir_object **)data;
    weir_object *item = weir_int_new(weir_list_size(list));

    (void)o;
    (void)weir_list_append(list, item);
    weir_decref(item);
}

/* [inv:list.drop-unlocked] */
START_TEST(finalizer_may_use_the_list_it_was_dropped_from)
{
    weir_object *list = weir_list_new();
    weir_type *type =
        weir_instance_type("appender", 0, 0, append_to_data, &list);

    if (!wr_cfg_counted) {
        weir_decref(list);
        return;
    }
    for (int i = 0; i < 3; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        weir_decref(o);
    }
    ck_assert_int_eq(weir_list_set(list, 0, weir_int_new(0)), 0);
    ck_assert_int_eq(weir_list_size(list), 4);
    /* The last two append to the list after it has been emptied. */
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_list_size(list), 2);
    for (int64_t i = 0; i < 2; i++) {
        weir_object *item = weir_list_get(list, (size_t)i);

        ck_assert_ptr_eq(item, weir_int_new(i));
        weir_decref(item);
    }
    weir_decref(list);
}
END_TEST

Suite *
wr_suite_list(void)
{
    Suite *suite = suite_create("list");
    TCase *tc = tcase_create("list");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, items_come_back_in_order);
    tcase_add_test(tc, list_owns_its_items);
    tcase_add_test(tc, set_replaces_and_drops_the_old);
    tcase_add_test(tc, pop_hands_over_the_lists_reference);
    tcase_add_test(tc, clear_empties_and_the_list_lives_on);
    tcase_add_test(tc, array_grows_by_an_eighth_and_shrinks);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, a_list_has_an_end);
    tcase_add_test(tc, list_holding_itself_is_freed_by_the_collector);
    tcase_add_test(tc, list_holding_itself_can_be_cleared);
    tcase_add_test(tc, finalizer_may_use_the_list_it_was_dropped_from);
    suite_add_tcase(suite, tc);
    return suite;
}
