/* SPDX-License-Identifier: MIT */
/*
 * tests/test_dict_ops.c - dicts: taking entries out, order, two dicts.
 */
#include "tests/dicts.h"

#include "base/random.h"

enum { KEYS = 60, CACHE = 1000, STEPS = 20000 };

static void
set_int(weir_object *dict, int64_t k, int64_t v)
{
    ck_assert_int_eq(wr_test_put(dict, k, v), 0);
}

/* The dict of the keys from first to last; each has its key times `factor`. */
static weir_object *
range(int64_t first, int64_t last, int64_t factor)
{
    weir_object *dict = weir_dict_new();

    for (int64_t i = first; i <= last; i++) {
        set_int(dict, i, i * factor);
    }
    return dict;
}

static weir_object *
pop_int(weir_object *dict, int64_t k)
{
    weir_object *key = wr_test_int(k);
    weir_object *value = weir_dict_pop(dict, key);

    ck_assert_ptr_nonnull(value);
    weir_decref(key);
    return value;
}

static int
move_int(weir_object *dict, int64_t k)
{
    weir_object *key = wr_test_int(k);
    int error = weir_dict_move_to_end(dict, key);

    weir_decref(key);
    return error;
}

/* The entries are these, in this order. */
static void
check_entries(weir_object *dict, const int64_t (*entries)[2], size_t n)
{
    weir_object *key;
    weir_object *value;
    uint64_t pos = 0;
    size_t i = 0;

    ck_assert(wr_test_is_sound(dict));
    while (weir_dict_next(dict, &pos, &key, &value) == 1) {
        ck_assert_uint_lt(i, n);
        ck_assert_int_eq(wr_test_int_is(key), entries[i][0]);
        ck_assert_int_eq(wr_test_int_is(value), entries[i][1]);
        weir_decref(key);
        weir_decref(value);
        i++;
    }
    ck_assert_uint_eq(i, n);
    ck_assert_int_eq(weir_dict_size(dict), (int64_t)n);
}

START_TEST(pop_hands_the_value_over)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_str_from("key");
    weir_object *value = weir_list_new();

    ck_assert_int_eq(weir_dict_set(dict, key, value), 0);
    wr_test_count(key, 2);
    wr_test_count(value, 2);
    ck_assert_ptr_eq(weir_dict_pop(dict, key), value);
    wr_test_count(key, 1);
    wr_test_count(value, 2);
    weir_decref(value);
    ck_assert_ptr_null(weir_dict_pop(dict, key));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_int_eq(weir_dict_size(dict), 0);
    weir_decref(key);
    weir_decref(value);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(pop_first_takes_the_oldest)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = range(0, 9, 2);
    weir_object *key = NULL;
    weir_object *value = NULL;

    for (int64_t i = 0; i < 10; i++) {
        if (i % 3 == 0) {
            ck_assert_int_eq(weir_dict_pop_first(dict, NULL, NULL), 1);
            continue;
        }
        ck_assert_int_eq(weir_dict_pop_first(dict, &key, &value), 1);
        ck_assert_int_eq(wr_test_int_is(key), i);
        ck_assert_int_eq(wr_test_int_is(value), i * 2);
        wr_test_count(key, 1);
        wr_test_count(value, 1);
        weir_decref(key);
        weir_decref(value);
    }
    key = NULL;
    value = NULL;
    ck_assert_int_eq(weir_dict_pop_first(dict, &key, &value), 0);
    ck_assert_ptr_null(key);
    ck_assert_ptr_null(value);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* Oldest out, new one in: the walk from the start and pop_first() begin where
 * the first entry is.  [inv:dict.first] */
START_TEST(the_oldest_entry_is_found_at_once)
{
    weir_object *dict = range(0, CACHE - 1, 1);
    int64_t n = (int64_t)wr_test_size(STEPS);

    for (int64_t i = 0; i < n; i++) {
        const struct wr_dict_table *table;
        weir_object *key = NULL;
        uint64_t pos = 0;

        ck_assert_int_eq(weir_dict_next(dict, &pos, &key, NULL), 1);
        ck_assert_int_eq(wr_test_int_is(key), i);
        ck_assert_int_eq(i % 2 == 0 ? weir_dict_delete(dict, key)
                                    : weir_dict_pop_first(dict, NULL, NULL) - 1,
                         0);
        weir_decref(key);
        table = wr_test_table(dict);
        ck_assert(table->entries[table->first].key != NULL);
        set_int(dict, i + CACHE, 0);
    }
    weir_decref(dict);
}
END_TEST

START_TEST(setdefault_inserts_once)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_str_from("key");
    weir_object *a = weir_list_new();
    weir_object *b = weir_list_new();

    ck_assert_ptr_eq(weir_dict_setdefault(dict, key, a), a);
    wr_test_count(a, 3);
    wr_test_count(key, 2);
    ck_assert_ptr_eq(weir_dict_setdefault(dict, key, b), a);
    wr_test_count(a, 4);
    wr_test_count(b, 1);
    ck_assert_int_eq(weir_dict_size(dict), 1);
    ck_assert_ptr_null(weir_dict_setdefault(dict, key, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_setdefault(dict, a, b));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    weir_decref(a);
    weir_decref(a);
    weir_decref(a);
    weir_decref(b);
    weir_decref(key);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(move_to_end_keeps_all_but_the_order)
{
    struct wr_test_usage before = wr_test_usage();
    static const int64_t after[][2] = {{2, 4}, {4, 8}, {1, 2}, {3, 6}};
    weir_object *dict = range(1, 4, 2);
    weir_object *key = NULL;
    uint64_t pos = 0;
    uint64_t kept;

    ck_assert_int_eq(weir_dict_next(dict, &pos, &key, NULL), 1);
    kept = pos;
    ck_assert_int_eq(weir_dict_move_to_end(dict, key), 0);
    wr_test_count(key, 2);
    weir_decref(key);
    /* The order is another: a walk notices.  [inv:dict.version] */
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), WEIR_ECHANGED);
    ck_assert_int_eq(move_int(dict, 3), 0);
    check_entries(dict, after, 4);
    pos = 0;
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 1);
    ck_assert_uint_ne(pos, kept);
    /* The last one stays where it is: nothing changes. */
    ck_assert_int_eq(move_int(dict, 3), 0);
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 1);
    ck_assert_int_eq(move_int(dict, 5), WEIR_ENOKEY);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* A cache of strings that forgets what was not used for longest. */
START_TEST(least_recently_used_goes_first)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    struct wr_random random;
    uint64_t used_at[KEYS] = {0};
    uint64_t steps = wr_test_size(STEPS) / 4;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t now = 1; now <= steps; now++) {
        int64_t k = (int64_t)wr_random_below(&random, KEYS);

        if (used_at[k] != 0) {
            ck_assert_int_eq(move_int(dict, k), 0);
        } else {
            set_int(dict, k, k);
        }
        used_at[k] = now;
        if (weir_dict_size(dict) > KEYS / 2) {
            weir_object *key = NULL;
            int64_t gone;

            ck_assert_int_eq(weir_dict_pop_first(dict, &key, NULL), 1);
            gone = wr_test_int_is(key);
            weir_decref(key);
            for (int64_t i = 0; i < KEYS; i++) {
                ck_assert(used_at[i] == 0 || used_at[i] >= used_at[gone]);
            }
            used_at[gone] = 0;
        }
        ck_assert_uint_le(wr_test_table(dict)->capacity, 4 * KEYS);
    }
    ck_assert(wr_test_is_sound(dict));
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(copy_is_equal_and_independent)
{
    struct wr_test_usage before = wr_test_usage();
    static const int64_t original[][2] = {{1, 2}, {3, 6}, {4, 8}};
    static const int64_t changed[][2] = {{1, 5}, {3, 6}, {4, 8}, {2, 0}};
    weir_object *dict = range(1, 4, 2);
    weir_object *value = weir_list_new();
    weir_object *copy;

    weir_decref(pop_int(dict, 2));
    copy = weir_dict_copy(dict);
    check_entries(copy, original, 3);
    set_int(copy, 1, 5);
    set_int(copy, 2, 0);
    check_entries(copy, changed, 4);
    check_entries(dict, original, 3);
    weir_decref(copy);
    ck_assert_int_eq(weir_dict_set(dict, weir_int_new(7), value), 0);
    copy = weir_dict_copy(dict);
    wr_test_count(value, 3);
    weir_decref(copy);
    ck_assert_int_eq(weir_dict_clear(dict), 0);
    wr_test_count(value, 1);
    copy = weir_dict_copy(dict);
    ck_assert_int_eq(weir_dict_size(copy), 0);
    ck_assert_ptr_null(weir_dict_copy(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_copy(value));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    weir_decref(copy);
    weir_decref(value);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(update_sets_what_the_other_has)
{
    struct wr_test_usage before = wr_test_usage();
    static const int64_t expected[][2] = {
        {1, 2}, {2, 4}, {3, 9}, {4, 12}, {5, 15}};
    weir_object *dict = range(1, 4, 2);
    weir_object *other = range(3, 5, 3);
    weir_object *empty = weir_dict_new();
    weir_object *set = weir_set_new();

    ck_assert_int_eq(weir_dict_update(dict, other), 0);
    check_entries(dict, expected, 5);
    check_entries(other, expected + 2, 3);
    ck_assert_int_eq(weir_dict_update(dict, dict), 0);
    ck_assert_int_eq(weir_dict_update(dict, empty), 0);
    check_entries(dict, expected, 5);
    ck_assert_int_eq(weir_dict_update(empty, dict), 0);
    check_entries(empty, expected, 5);
    ck_assert_int_eq(weir_dict_update(dict, set), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_update(set, dict), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_update(NULL, dict), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_update(dict, NULL), WEIR_EINVAL);
    check_entries(dict, expected, 5);
    weir_decref(set);
    weir_decref(empty);
    weir_decref(other);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* A finalizer's data: the dict it changes, and how often it ran. */
struct user {
    weir_object *dict;
    int64_t runs;
};

static void
use_dict(weir_object *o, void *data)
{
    struct user *user = data;

    (void)o;
    user->runs++;
    set_int(user->dict, 1000 + user->runs, 0);
}

/* [inv:dict.drop-unlocked] */
START_TEST(finalizer_may_use_the_dict_that_is_updated)
{
    struct user user = {weir_dict_new(), 0};
    weir_type *type = weir_instance_type("user", 0, 0, use_dict, &user);
    weir_object *other = range(0, 3, 1);

    for (int64_t i = 0; i < 4; i++) {
        weir_object *key = wr_test_int(i);
        weir_object *value = weir_instance_new(type);

        ck_assert_int_eq(weir_dict_set(user.dict, key, value), 0);
        weir_decref(key);
        weir_decref(value);
    }
    ck_assert_int_eq(weir_dict_update(user.dict, other), 0);
    ck_assert_int_eq(user.runs, wr_cfg_counted ? 4 : 0);
    ck_assert_int_eq(weir_dict_size(user.dict), 4 + user.runs);
    weir_decref(other);
    weir_decref(user.dict);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *dict = range(0, 3, 1);
    weir_object *list = weir_list_new();
    weir_object *a = wr_test_int(1);
    weir_object *out = NULL;

    ck_assert_ptr_null(weir_dict_pop(NULL, a));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_pop(list, a));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_dict_pop(dict, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_pop(dict, list));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_pop_first(NULL, &out, &out), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_pop_first(list, &out, &out), WEIR_ETYPE);
    ck_assert_ptr_null(out);
    ck_assert_ptr_null(weir_dict_setdefault(NULL, a, a));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_setdefault(list, a, a));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_dict_setdefault(dict, NULL, a));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_move_to_end(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_move_to_end(list, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_move_to_end(dict, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_move_to_end(dict, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_size(dict), 4);
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(list);
    weir_decref(dict);
}
END_TEST

Suite *
wr_suite_dict_ops(void)
{
    Suite *suite = suite_create("dict_ops");
    TCase *tc = tcase_create("dict_ops");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, pop_hands_the_value_over);
    tcase_add_test(tc, pop_first_takes_the_oldest);
    tcase_add_test(tc, the_oldest_entry_is_found_at_once);
    tcase_add_test(tc, setdefault_inserts_once);
    tcase_add_test(tc, move_to_end_keeps_all_but_the_order);
    tcase_add_test(tc, least_recently_used_goes_first);
    tcase_add_test(tc, copy_is_equal_and_independent);
    tcase_add_test(tc, update_sets_what_the_other_has);
    tcase_add_test(tc, finalizer_may_use_the_dict_that_is_updated);
    tcase_add_test(tc, bad_arguments_are_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
