/* SPDX-License-Identifier: MIT */
/*
 * tests/test_list_slice.c - lists: several items at once, search, walks.
 *
 * What a list should hold is kept beside it in a plain array and changed the
 * obvious way; the two are compared after each step.
 */
#include "tests/fixture.h"

#include "kinds/list.h"

#include "base/random.h"

enum { MOST = 400, STEPS = 4000, HUGE_LIST = 20000 };

/* What a list should hold. */
struct mirror {
    int64_t values[2 * MOST];
    size_t size;
};

static weir_object *
list_of(int64_t first, int64_t n)
{
    weir_object *list = weir_list_new();

    for (int64_t i = first; i < first + n; i++) {
        weir_object *item = wr_test_int(i);

        ck_assert_int_eq(weir_list_append(list, item), 0);
        weir_decref(item);
    }
    return list;
}

static int64_t
at(weir_object *list, size_t i)
{
    weir_object *item = weir_list_get(list, i);
    int64_t value;

    ck_assert_ptr_nonnull(item);
    value = wr_test_int_is(item);
    weir_decref(item);
    return value;
}

static void
check_same(weir_object *list, const struct mirror *mirror)
{
    ck_assert_int_eq(weir_list_size(list), (int64_t)mirror->size);
    for (size_t i = 0; i < mirror->size; i++) {
        ck_assert_int_eq(at(list, i), mirror->values[i]);
    }
    ck_assert_ptr_null(weir_list_get(list, mirror->size));
}

/* The obvious way to put n values in the place of `gone`. */
static void
splice(struct mirror *mirror, size_t from, size_t gone, const int64_t *values,
       size_t n)
{
    int64_t copy[2 * MOST];
    size_t rest = mirror->size - from - gone;

    memcpy(copy, values, n * sizeof(copy[0]));
    memmove(&mirror->values[from + n], &mirror->values[from + gone],
            rest * sizeof(copy[0]));
    memcpy(&mirror->values[from], copy, n * sizeof(copy[0]));
    mirror->size += n - gone;
}

START_TEST(insert_and_remove_at_every_place)
{
    struct wr_test_usage before = wr_test_usage();

    for (size_t size = 0; size < 20; size++) {
        for (size_t i = 0; i <= size; i++) {
            weir_object *list = list_of(0, (int64_t)size);
            weir_object *value = wr_test_int(77);
            weir_object *item;

            ck_assert_int_eq(weir_list_insert(list, i, value), 0);
            wr_test_count(value, 2);
            ck_assert_int_eq(weir_list_size(list), (int64_t)size + 1);
            for (size_t j = 0; j <= size; j++) {
                int64_t expected = (int64_t)(j < i ? j : j - 1);

                ck_assert_int_eq(at(list, j), j == i ? 77 : expected);
            }
            item = weir_list_remove(list, i);
            ck_assert_ptr_eq(item, value);
            wr_test_count(value, 2);
            for (size_t j = 0; j < size; j++) {
                ck_assert_int_eq(at(list, j), (int64_t)j);
            }
            weir_decref(item);
            weir_decref(value);
            weir_decref(list);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(slice_copies_and_cuts_off)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(0, 10);
    static const size_t cases[][4] = {{0, 10, 0, 10},   {0, SIZE_MAX, 0, 10},
                                      {3, 7, 3, 7},     {3, 3, 3, 3},
                                      {7, 3, 7, 7},     {9, 11, 9, 10},
                                      {10, 12, 10, 10}, {20, 30, 10, 10},
                                      {0, 1, 0, 1},     {SIZE_MAX, 0, 10, 10}};

    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        weir_object *copy = weir_list_slice(list, cases[c][0], cases[c][1]);
        size_t n = cases[c][3] - cases[c][2];

        ck_assert(weir_is_list(copy));
        wr_test_count(copy, 1);
        ck_assert_int_eq(weir_list_size(copy), (int64_t)n);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(at(copy, i), (int64_t)(cases[c][2] + i));
        }
        /* It is another list. */
        ck_assert_int_eq(weir_list_append(copy, list), 0);
        ck_assert_int_eq(weir_list_size(list), 10);
        weir_decref(copy);
    }
    wr_test_count(list, 1);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* Every range replaced by every length, the list itself included. */
START_TEST(set_slice_replaces_every_range)
{
    struct wr_test_usage before = wr_test_usage();

    for (size_t from = 0; from <= 7; from++) {
        for (size_t to = 0; to <= 8; to++) {
            for (int64_t n = -1; n <= 12; n++) {
                size_t first = from < 6 ? from : 6;
                size_t end = to < 6 ? to : 6;
                weir_object *list = list_of(0, 6);
                weir_object *other = n < 0    ? NULL
                                     : n < 12 ? list_of(50, n)
                                              : list;
                struct mirror mirror = {.values = {0, 1, 2, 3, 4, 5},
                                        .size = 6};
                int64_t values[12];

                for (int64_t i = 0; i < 12; i++) {
                    values[i] = other == list ? i : 50 + i;
                }
                end = end > first ? end : first;
                splice(&mirror, first, end - first, values,
                       n < 0    ? 0
                       : n < 12 ? (size_t)n
                                : 6);
                ck_assert_int_eq(weir_list_set_slice(list, from, to, other), 0);
                check_same(list, &mirror);
                if (other != list) {
                    ck_assert(other == NULL || weir_list_size(other) == n);
                    weir_xdecref(other);
                }
                weir_decref(list);
            }
        }
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(set_slice_gives_back_what_it_removes)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    weir_object *item = wr_test_int(1);
    weir_object *other = weir_list_new();

    for (int i = 0; i < 300; i++) {
        ck_assert_int_eq(weir_list_append(list, item), 0);
    }
    wr_test_count(item, 301);
    /* Few are kept on the C stack, many are not. */
    ck_assert_int_eq(weir_list_set_slice(list, 10, 15, NULL), 0);
    wr_test_count(item, 296);
    ck_assert_int_eq(weir_list_set_slice(list, 10, 210, NULL), 0);
    wr_test_count(item, 96);
    ck_assert_int_eq(weir_list_append(other, item), 0);
    ck_assert_int_eq(weir_list_append(other, item), 0);
    wr_test_count(item, 98);
    ck_assert_int_eq(weir_list_set_slice(list, 0, 95, other), 0);
    wr_test_count(item, 5);
    ck_assert_int_eq(weir_list_set_slice(list, 0, SIZE_MAX, list), 0);
    wr_test_count(item, 5);
    ck_assert_int_eq(weir_list_size(list), 2);
    weir_decref(other);
    weir_decref(list);
    wr_test_count(item, 1);
    weir_decref(item);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(extend_appends_all_also_itself)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(0, 3);
    weir_object *other = list_of(3, 100);
    weir_object *none = weir_list_new();

    ck_assert_int_eq(weir_list_extend(list, none), 0);
    ck_assert_int_eq(weir_list_extend(none, none), 0);
    ck_assert_int_eq(weir_list_size(none), 0);
    ck_assert_int_eq(weir_list_extend(list, other), 0);
    ck_assert_int_eq(weir_list_size(list), 103);
    ck_assert_int_eq(weir_list_extend(list, list), 0);
    ck_assert_int_eq(weir_list_size(list), 206);
    for (size_t i = 0; i < 206; i++) {
        ck_assert_int_eq(at(list, i), (int64_t)(i % 103));
    }
    ck_assert_int_eq(weir_list_extend(none, list), 0);
    ck_assert_int_eq(weir_list_size(none), 206);
    weir_decref(none);
    weir_decref(other);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(reverse_turns_around)
{
    for (int64_t n = 0; n < 10; n++) {
        weir_object *list = list_of(0, n);

        ck_assert_int_eq(weir_list_reverse(list), 0);
        ck_assert_int_eq(weir_list_size(list), n);
        for (int64_t i = 0; i < n; i++) {
            ck_assert_int_eq(at(list, (size_t)i), n - 1 - i);
        }
        weir_decref(list);
    }
}
END_TEST

START_TEST(search_goes_by_value)
{
    weir_object *list = list_of(0, 10);
    weir_object *three = wr_test_int(3);
    weir_object *ten = wr_test_int(10);
    weir_object *text = weir_str_from("text");
    weir_object *same = weir_str_from("text");
    weir_object *inner = weir_list_new();

    ck_assert_int_eq(weir_list_index(list, three), 3);
    ck_assert_int_eq(weir_list_contains(list, three), 1);
    ck_assert_int_eq(weir_list_index(list, ten), WEIR_ENOKEY);
    ck_assert_int_eq(weir_list_contains(list, ten), 0);
    ck_assert_int_eq(weir_list_append(list, three), 0);
    ck_assert_int_eq(weir_list_index(list, three), 3);
    ck_assert_int_eq(weir_list_append(list, text), 0);
    ck_assert_int_eq(weir_list_index(list, same), 11);
    /* Lists are equal to themselves alone. */
    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_int_eq(weir_list_index(list, inner), WEIR_ENOKEY);
    ck_assert_int_eq(weir_list_index(list, list), 12);
    ck_assert_int_eq(weir_list_index(inner, three), WEIR_ENOKEY);
    ck_assert_int_eq(weir_list_clear(list), 0);
    weir_decref(inner);
    weir_decref(same);
    weir_decref(text);
    weir_decref(ten);
    weir_decref(three);
    weir_decref(list);
}
END_TEST

/* Tuples nested more deeply than can be compared. */
static weir_object *
deep_tuple(void)
{
    weir_object *t = weir_tuple_new(1);

    ck_assert_int_eq(weir_tuple_set_steal(t, 0, wr_test_int(1)), 0);
    for (int i = 0; i < WEIR_HASH_DEPTH + 2; i++) {
        weir_object *outer = weir_tuple_new(1);

        ck_assert_int_eq(weir_tuple_set_steal(outer, 0, t), 0);
        t = outer;
    }
    return t;
}

START_TEST(search_says_when_it_cannot_tell)
{
    weir_object *list = weir_list_new();
    weir_object *a = deep_tuple();
    weir_object *b = deep_tuple();

    ck_assert_int_eq(weir_list_append(list, a), 0);
    ck_assert_int_eq(weir_list_index(list, b), WEIR_ELIMIT);
    ck_assert_int_eq(weir_list_contains(list, b), WEIR_ELIMIT);
    ck_assert_int_eq(weir_list_index(list, a), 0);
    weir_decref(b);
    weir_decref(a);
    weir_decref(list);
}
END_TEST

START_TEST(walk_meets_each_item)
{
    weir_object *list = list_of(0, 100);
    weir_object *item = NULL;
    uint64_t pos = 0;

    for (int64_t i = 0; i < 100; i++) {
        ck_assert_int_eq(weir_list_next(list, &pos, &item), 1);
        ck_assert_uint_eq(pos, (uint64_t)i + 1);
        ck_assert_int_eq(wr_test_int_is(item), i);
        wr_test_count(item, 2);
        weir_decref(item);
    }
    item = list;
    ck_assert_int_eq(weir_list_next(list, &pos, &item), 0);
    ck_assert_uint_eq(pos, 100);
    ck_assert_ptr_eq(item, list);
    weir_decref(list);
}
END_TEST

START_TEST(walk_sees_what_changes_on_its_way)
{
    weir_object *list = list_of(0, 3);
    weir_object *more = wr_test_int(3);
    weir_object *item = NULL;
    uint64_t pos = 0;
    int64_t met = 0;

    /* What is appended is met, and no end is in sight until that stops. */
    while (weir_list_next(list, &pos, &item) == 1) {
        if (met < 50) {
            ck_assert_int_eq(weir_list_append(list, more), 0);
        }
        weir_decref(item);
        met++;
    }
    ck_assert_int_eq(met, 53);
    /* Removed in front: one is skipped.  Emptied: over. */
    pos = 0;
    ck_assert_int_eq(weir_list_next(list, &pos, &item), 1);
    weir_decref(item);
    weir_decref(weir_list_remove(list, 0));
    ck_assert_int_eq(weir_list_next(list, &pos, &item), 1);
    ck_assert_int_eq(wr_test_int_is(item), 2);
    weir_decref(item);
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_list_next(list, &pos, &item), 0);
    pos = UINT64_MAX;
    ck_assert_int_eq(weir_list_next(list, &pos, &item), 0);
    weir_decref(more);
    weir_decref(list);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *list = list_of(0, 2);
    weir_object *five = weir_int_new(5);
    weir_object *a = wr_test_int(1);
    weir_object *item = NULL;
    uint64_t pos = 0;

    ck_assert_int_eq(weir_list_insert(NULL, 0, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_insert(list, 0, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_insert(five, 0, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_insert(list, 3, a), WEIR_ERANGE);
    ck_assert_int_eq(weir_list_insert(list, SIZE_MAX, a), WEIR_ERANGE);
    ck_assert_ptr_null(weir_list_remove(NULL, 0));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_list_remove(five, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_list_remove(list, 2));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_ptr_null(weir_list_slice(NULL, 0, 1));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_list_slice(five, 0, 1));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_set_slice(NULL, 0, 1, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_set_slice(five, 0, 1, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_set_slice(list, 0, 1, five), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_extend(NULL, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_extend(list, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_extend(five, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_extend(list, five), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_reverse(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_reverse(five), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_index(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_index(list, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_index(five, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_contains(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_contains(list, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_contains(five, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_list_next(NULL, &pos, &item), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_next(list, NULL, &item), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_next(list, &pos, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_list_next(five, &pos, &item), WEIR_ETYPE);
    wr_test_count(a, 1);
    ck_assert_int_eq(weir_list_size(list), 2);
    weir_decref(a);
    weir_decref(list);
}
END_TEST

/* One random change of both.  Returns how many items the list then has. */
static void
random_step(struct wr_random *random, weir_object *list, struct mirror *mirror)
{
    size_t i = wr_random_below(random, (uint32_t)mirror->size + 1);
    size_t j = wr_random_below(random, (uint32_t)mirror->size + 1);
    int64_t value = (int64_t)wr_random_below(random, 1000000);
    weir_object *o = wr_test_int(value);
    size_t first = i < j ? i : j;
    size_t end = i < j ? j : i;

    switch (wr_random_below(random, 6)) {
    case 0:
    case 1:
        ck_assert_int_eq(weir_list_insert(list, i, o), 0);
        splice(mirror, i, 0, &value, 1);
        break;
    case 2:
        if (i < mirror->size) {
            weir_decref(weir_list_remove(list, i));
            splice(mirror, i, 1, &value, 0);
        }
        break;
    case 3:
        if (mirror->size > MOST / 2) {
            ck_assert_int_eq(weir_list_set_slice(list, first, end, NULL), 0);
            splice(mirror, first, end - first, &value, 0);
        }
        break;
    case 4: {
        weir_object *part = weir_list_slice(list, first, end);
        int64_t values[MOST];
        size_t n = end - first;

        memcpy(values, &mirror->values[first], n * sizeof(values[0]));
        if (mirror->size + n <= MOST) {
            ck_assert_int_eq(weir_list_set_slice(list, j, j, part), 0);
            splice(mirror, j, 0, values, n);
        }
        weir_decref(part);
        break;
    }
    default:
        ck_assert_int_eq(weir_list_reverse(list), 0);
        for (size_t k = 0; k < mirror->size / 2; k++) {
            int64_t swap = mirror->values[k];

            mirror->values[k] = mirror->values[mirror->size - 1 - k];
            mirror->values[mirror->size - 1 - k] = swap;
        }
        break;
    }
    weir_decref(o);
}

START_TEST(any_sequence_does_what_is_obvious)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = weir_list_new();
    struct mirror mirror = {.size = 0};
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t i = 0; i < wr_test_size(STEPS); i++) {
        random_step(&random, list, &mirror);
        ck_assert_uint_le(mirror.size, 2 * MOST - 100);
        if (mirror.size > MOST) {
            ck_assert_int_eq(weir_list_set_slice(list, 100, MOST, NULL), 0);
            splice(&mirror, 100, MOST - 100, mirror.values, 0);
        }
        if (i % 16 == 0) {
            check_same(list, &mirror);
        }
    }
    check_same(list, &mirror);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

static void
append_to_data(weir_object *o, void *data)
{
    (void)o;
    (void)weir_list_append(*(weir_object **)data, weir_int_new(7));
}

/* [inv:list.drop-unlocked] */
START_TEST(finalizer_may_use_the_list_its_slice_was_cut_from)
{
    weir_object *list = weir_list_new();
    weir_type *type =
        weir_instance_type("appender", 0, 0, append_to_data, &list);

    for (int i = 0; i < 100; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        weir_decref(o);
    }
    ck_assert_int_eq(weir_list_set_slice(list, 10, 90, NULL), 0);
    ck_assert_int_eq(weir_list_size(list), wr_cfg_counted ? 100 : 20);
    weir_xdecref(weir_list_remove(list, 0));
    ck_assert_int_eq(weir_list_size(list), wr_cfg_counted ? 100 : 19);
    ck_assert_int_eq(weir_list_set_slice(list, 0, SIZE_MAX, list), 0);
    ck_assert_int_eq(weir_list_size(list), wr_cfg_counted ? 100 : 19);
    ck_assert_int_eq(weir_list_clear(list), 0);
    weir_decref(list);
}
END_TEST

/* Memory does not stay behind when the items go. */
START_TEST(large_lists_shrink_again)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *list = list_of(0, HUGE_LIST);

    ck_assert_int_eq(weir_list_extend(list, list), 0);
    ck_assert_int_eq(weir_list_size(list), 2 * HUGE_LIST);
    ck_assert_int_eq(weir_list_set_slice(list, 5, SIZE_MAX, NULL), 0);
    ck_assert_int_eq(weir_list_size(list), 5);
    ck_assert_uint_lt(wr_list_array(wr_list_of(list))->capacity, 100);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(at(list, i), (int64_t)i);
    }
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_list_slice(void)
{
    Suite *suite = suite_create("list_slice");
    TCase *tc = tcase_create("list_slice");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, insert_and_remove_at_every_place);
    tcase_add_test(tc, slice_copies_and_cuts_off);
    tcase_add_test(tc, set_slice_replaces_every_range);
    tcase_add_test(tc, set_slice_gives_back_what_it_removes);
    tcase_add_test(tc, extend_appends_all_also_itself);
    tcase_add_test(tc, reverse_turns_around);
    tcase_add_test(tc, search_goes_by_value);
    tcase_add_test(tc, search_says_when_it_cannot_tell);
    tcase_add_test(tc, walk_meets_each_item);
    tcase_add_test(tc, walk_sees_what_changes_on_its_way);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, any_sequence_does_what_is_obvious);
    tcase_add_test(tc, finalizer_may_use_the_list_its_slice_was_cut_from);
    tcase_add_test(tc, large_lists_shrink_again);
    suite_add_tcase(suite, tc);
    return suite;
}
