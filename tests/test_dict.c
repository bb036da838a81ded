/* SPDX-License-Identifier: MIT */
/*
 * tests/test_dict.c - dicts: entries, order, growth, references, walks.
 */
#include "tests/dicts.h"

#include "base/random.h"

enum { MANY = 50000, KEYS = 200, STEPS = 20000 };

/* Set the int key k, not immortal, to the int v. */
static void
set_int(weir_object *dict, int64_t k, int64_t v)
{
    ck_assert_int_eq(wr_test_put(dict, k, v), 0);
}

/* The int under the int key k, or -1. */
static int64_t
get_int(weir_object *dict, int64_t k)
{
    weir_object *key = wr_test_int(k);
    weir_object *value = weir_dict_get(dict, key);
    int64_t v = -1;

    weir_decref(key);
    if (value == NULL) {
        ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
        return v;
    }
    v = wr_test_int_is(value);
    weir_decref(value);
    return v;
}

static int
delete_int(weir_object *dict, int64_t k)
{
    weir_object *key = wr_test_int(k);
    int error = weir_dict_delete(dict, key);

    weir_decref(key);
    return error;
}

static void
check_sound(weir_object *dict)
{
    ck_assert(wr_test_is_sound(dict));
}

/* The keys of a dict of ints, in order, are these. */
static void
check_keys(weir_object *dict, const int64_t *keys, size_t n)
{
    uint64_t pos = 0;
    weir_object *key;
    size_t i = 0;
    int found;

    while ((found = weir_dict_next(dict, &pos, &key, NULL)) == 1) {
        ck_assert_uint_lt(i, n);
        ck_assert_int_eq(wr_test_int_is(key), keys[i]);
        weir_decref(key);
        i++;
    }
    ck_assert_int_eq(found, 0);
    ck_assert_uint_eq(i, n);
    ck_assert_int_eq(weir_dict_size(dict), (int64_t)n);
}

START_TEST(new_dict_is_empty)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = wr_test_int(1);
    uint64_t pos = 0;

    ck_assert(weir_is_dict(dict));
    ck_assert_str_eq(weir_type_name(weir_type_of(dict)), "dict");
    ck_assert_int_eq(weir_dict_size(dict), 0);
    ck_assert_int_eq(weir_dict_contains(dict, key), 0);
    ck_assert_ptr_null(weir_dict_get(dict, key));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_int_eq(weir_dict_delete(dict, key), WEIR_ENOKEY);
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 0);
    ck_assert_uint_eq(pos, 0);
    ck_assert_int_eq(weir_dict_clear(dict), 0);
    wr_test_count(dict, 1);
    weir_decref(key);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 1.2 for dicts. */
START_TEST(dict_owns_keys_and_values)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = wr_test_int(1);
    weir_object *same = wr_test_int(1);
    weir_object *a = weir_list_new();
    weir_object *b = weir_list_new();

    ck_assert_int_eq(weir_dict_set(dict, key, a), 0);
    wr_test_count(key, 2);
    wr_test_count(a, 2);
    /* An equal key: the old key object stays, the value is replaced. */
    ck_assert_int_eq(weir_dict_set(dict, same, b), 0);
    wr_test_count(key, 2);
    wr_test_count(same, 1);
    wr_test_count(a, 1);
    wr_test_count(b, 2);
    ck_assert_int_eq(weir_dict_set(dict, same, b), 0);
    wr_test_count(b, 2);
    ck_assert_ptr_eq(weir_dict_get(dict, same), b);
    wr_test_count(b, 3);
    weir_decref(b);
    ck_assert_int_eq(weir_dict_delete(dict, same), 0);
    wr_test_count(key, 1);
    wr_test_count(b, 1);
    ck_assert_int_eq(weir_dict_set(dict, key, key), 0);
    wr_test_count(key, 3);
    ck_assert_int_eq(weir_dict_set(dict, a, b), WEIR_ETYPE);
    wr_test_count(a, 1);
    wr_test_count(b, 1);
    weir_decref(dict);
    wr_test_count(key, 1);
    weir_decref(key);
    weir_decref(same);
    weir_decref(a);
    weir_decref(b);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(keys_are_found_by_value)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *items[] = {weir_int_new(1), weir_str_from("one")};
    weir_object *keys[] = {weir_int_new(12345), weir_str_from("apple"),
                           weir_tuple_pack(2, items), weir_tuple_new(0)};
    weir_object *same[] = {weir_int_new(12345), weir_str_from("apple"),
                           weir_tuple_pack(2, items), weir_tuple_new(0)};

    for (int i = 0; i < 4; i++) {
        weir_object *value = wr_test_int(i);

        ck_assert_int_eq(weir_dict_set(dict, keys[i], value), 0);
        weir_decref(value);
    }
    ck_assert_int_eq(weir_dict_size(dict), 4);
    for (int i = 0; i < 4; i++) {
        weir_object *value = weir_dict_get(dict, same[i]);

        ck_assert_int_eq(wr_test_int_is(value), i);
        ck_assert_int_eq(weir_dict_contains(dict, same[i]), 1);
        weir_decref(value);
        ck_assert_int_eq(weir_dict_delete(dict, same[i]), 0);
        ck_assert_int_eq(weir_dict_contains(dict, keys[i]), 0);
        wr_test_count(keys[i], keys[i] == same[i] ? INT64_MAX : 1);
        weir_decref(keys[i]);
        weir_decref(same[i]);
    }
    ck_assert_int_eq(weir_dict_size(dict), 0);
    weir_decref(items[1]);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(order_is_that_of_insertion)
{
    static const int64_t first[] = {5, 3, 9, 1};
    static const int64_t second[] = {5, 9, 1, 7, 3};
    weir_object *dict = weir_dict_new();

    for (int i = 0; i < 4; i++) {
        set_int(dict, first[i], i);
    }
    check_keys(dict, first, 4);
    /* A replaced value keeps its place, a key set again goes to the end. */
    set_int(dict, 9, 100);
    check_keys(dict, first, 4);
    ck_assert_int_eq(delete_int(dict, 3), 0);
    set_int(dict, 7, 0);
    set_int(dict, 3, 0);
    check_keys(dict, second, 5);
    ck_assert_int_eq(get_int(dict, 9), 100);
    weir_decref(dict);
}
END_TEST

/* Slots of one, two and four bytes.  [inv:dict.load] */
START_TEST(dict_grows_through_all_widths)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    int64_t n = (int64_t)wr_test_size(MANY);
    uint64_t pos = 0;
    weir_object *key;
    weir_object *value;

    for (int64_t i = 0; i < n; i++) {
        set_int(dict, i * 3, i);
    }
    check_sound(dict);
    ck_assert_int_eq(weir_dict_size(dict), n);
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(get_int(dict, i * 3), i);
        ck_assert_int_eq(get_int(dict, i * 3 + 1), -1);
    }
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), 1);
        ck_assert_int_eq(wr_test_int_is(key), i * 3);
        ck_assert_int_eq(wr_test_int_is(value), i);
        wr_test_count(key, 2);
        wr_test_count(value, 2);
        weir_decref(key);
        weir_decref(value);
    }
    ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), 0);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(dict_shrinks_when_mostly_deleted)
{
    weir_object *dict = weir_dict_new();
    int64_t n = (int64_t)wr_test_size(MANY);
    uint64_t full;

    for (int64_t i = 0; i < n; i++) {
        set_int(dict, i, i);
    }
    full = wr_test_table(dict)->bytes;
    for (int64_t i = 0; i < n - 10; i++) {
        ck_assert_int_eq(delete_int(dict, i), 0);
        if (i % 1009 == 0) {
            check_sound(dict);
        }
    }
    check_sound(dict);
    ck_assert_uint_lt(wr_test_table(dict)->bytes, full / 16);
    ck_assert_int_eq(weir_dict_size(dict), 10);
    for (int64_t i = n - 10; i < n; i++) {
        ck_assert_int_eq(get_int(dict, i), i);
    }
    weir_decref(dict);
}
END_TEST

/* A queue: keys come at one end and go at the other. */
START_TEST(tombstones_do_not_pile_up)
{
    weir_object *dict = weir_dict_new();
    int64_t n = (int64_t)wr_test_size(MANY);

    for (int64_t i = 0; i < n; i++) {
        set_int(dict, i, i);
        if (i >= 10) {
            ck_assert_int_eq(delete_int(dict, i - 10), 0);
        }
        ck_assert_uint_le(wr_test_table(dict)->capacity, 43);
    }
    check_sound(dict);
    ck_assert_int_eq(weir_dict_size(dict), 10);
    weir_decref(dict);
}
END_TEST

/* One key over and over: its tombstones would lie one behind the other on the
 * way to its slot.  [inv:dict.tombstone] */
START_TEST(key_that_comes_and_goes_keeps_a_short_path)
{
    weir_object *dict = weir_dict_new();
    size_t most = 0;

    for (int64_t i = 0; i < 1000; i++) {
        set_int(dict, i, i);
    }
    for (int64_t i = 0; i < 5000; i++) {
        size_t taken;

        set_int(dict, 1000, i);
        ck_assert_int_eq(delete_int(dict, 1000), 0);
        taken = wr_dict_taken(wr_test_table(dict));
        most = taken > most ? taken : most;
    }
    ck_assert_uint_le(most, 1001);
    check_sound(dict);
    weir_decref(dict);
}
END_TEST

/* What a dict of ints should be: an array of keys in insertion order. */
struct model {
    int64_t order[KEYS];
    int64_t value[KEYS];
    size_t size;
};

static size_t
model_find(const struct model *model, int64_t key)
{
    size_t i = 0;

    while (i < model->size && model->order[i] != key) {
        i++;
    }
    return i;
}

static void
model_step(struct model *model, weir_object *dict, struct wr_random *random)
{
    int64_t key = (int64_t)wr_random_below(random, KEYS);
    size_t i = model_find(model, key);
    int64_t value = (int64_t)wr_random_below(random, 1000000);

    switch (wr_random_below(random, 8)) {
    case 0:
    case 1:
    case 2:
        set_int(dict, key, value);
        model->size += i == model->size ? 1 : 0;
        model->order[i] = key;
        model->value[i] = value;
        break;
    case 3:
    case 4:
    case 5:
        ck_assert_int_eq(delete_int(dict, key),
                         i < model->size ? 0 : WEIR_ENOKEY);
        if (i < model->size) {
            model->size--;
            for (; i < model->size; i++) {
                model->order[i] = model->order[i + 1];
                model->value[i] = model->value[i + 1];
            }
        }
        break;
    default:
        ck_assert_int_eq(get_int(dict, key),
                         i < model->size ? model->value[i] : -1);
        break;
    }
    if (wr_random_below(random, 3000) == 0) {
        ck_assert_int_eq(weir_dict_clear(dict), 0);
        model->size = 0;
    }
}

START_TEST(random_operations_match_a_model)
{
    struct wr_test_usage before = wr_test_usage();
    struct model model = {.size = 0};
    weir_object *dict = weir_dict_new();
    struct wr_random random;
    int steps = (int)wr_test_size(STEPS);

    wr_random_seed(&random, wr_test_seed());
    for (int i = 0; i < steps; i++) {
        model_step(&model, dict, &random);
        ck_assert_int_eq(weir_dict_size(dict), (int64_t)model.size);
        if (i % 50 == 0) {
            check_sound(dict);
            check_keys(dict, model.order, model.size);
        }
    }
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *dict = weir_dict_new();
    weir_object *list = weir_list_new();
    weir_object *five = weir_int_new(5);
    weir_object *a = wr_test_int(1);
    uint64_t pos = 0;
    int64_t sum = 42;

    ck_assert_int_eq(weir_dict_size(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_size(list), WEIR_ETYPE);
    ck_assert_ptr_null(weir_dict_get(NULL, a));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_get(list, a));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_dict_get(dict, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_dict_get(dict, list));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_contains(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_contains(dict, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_contains(five, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_set(NULL, a, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_set(dict, NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_set(dict, a, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_set(five, a, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_set(dict, dict, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_delete(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_delete(dict, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_delete(five, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_add_int(NULL, a, 1, &sum), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_add_int(dict, NULL, 1, &sum), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_add_int(five, a, 1, &sum), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_add_int(dict, list, 1, &sum), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_clear(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_clear(five), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_next(NULL, &pos, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_next(dict, NULL, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_dict_next(five, &pos, NULL, NULL), WEIR_ETYPE);
    ck_assert(!weir_is_dict(NULL));
    ck_assert(!weir_is_dict(list));
    ck_assert_int_eq(weir_dict_size(dict), 0);
    ck_assert_int_eq(sum, 42);
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(list);
    weir_decref(dict);
}
END_TEST

START_TEST(clear_empties_and_the_dict_lives_on)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *value = weir_list_new();

    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < 100; i++) {
            weir_object *key = wr_test_int(i);

            ck_assert_int_eq(weir_dict_set(dict, key, value), 0);
            weir_decref(key);
        }
        wr_test_count(value, 101);
        ck_assert_int_eq(weir_dict_clear(dict), 0);
        wr_test_count(value, 1);
        ck_assert_int_eq(weir_dict_size(dict), 0);
        ck_assert_int_eq(get_int(dict, 5), -1);
        check_sound(dict);
    }
    weir_decref(value);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(walk_allows_new_values_and_notices_new_keys)
{
    weir_object *dict = weir_dict_new();
    weir_object *key = NULL;
    weir_object *value = NULL;
    uint64_t pos = 0;
    uint64_t start = 0;
    uint64_t kept;

    for (int64_t i = 0; i < 5; i++) {
        set_int(dict, i, i);
    }
    for (int64_t i = 0; i < 5; i++) {
        ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), 1);
        ck_assert_int_eq(wr_test_int_is(value), i == 0 ? 0 : i + 100);
        weir_decref(key);
        weir_decref(value);
        set_int(dict, i + 1 < 5 ? i + 1 : 0, i + 101);
    }
    ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), 0);
    ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), 0);
    pos = 0;
    ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 1);
    set_int(dict, 5, 5);
    kept = pos;
    key = NULL;
    value = NULL;
    ck_assert_int_eq(weir_dict_next(dict, &pos, &key, &value), WEIR_ECHANGED);
    ck_assert_uint_eq(pos, kept);
    ck_assert_ptr_null(key);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(weir_dict_next(dict, &start, NULL, NULL), 1);
    ck_assert_int_eq(delete_int(dict, 3), 0);
    ck_assert_int_eq(weir_dict_next(dict, &start, NULL, NULL), WEIR_ECHANGED);
    weir_decref(dict);
}
END_TEST

/* The same keys, in memory that is likely the same, are a new shape.
 * [inv:dict.version] */
START_TEST(walk_notices_clear_and_refill)
{
    weir_object *dict = weir_dict_new();
    uint64_t pos = 0;

    for (int round = 0; round < 50; round++) {
        uint64_t old = pos;

        for (int64_t i = 0; i < 3; i++) {
            set_int(dict, i, i);
        }
        if (round > 0) {
            ck_assert_int_eq(weir_dict_next(dict, &old, NULL, NULL),
                             WEIR_ECHANGED);
        }
        pos = 0;
        ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), 1);
        ck_assert_int_eq(weir_dict_clear(dict), 0);
        ck_assert_int_eq(weir_dict_next(dict, &pos, NULL, NULL), WEIR_ECHANGED);
    }
    weir_decref(dict);
}
END_TEST

/* A finalizer's data: the dict it uses, and how often it ran. */
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
    set_int(user->dict, 1000 + user->runs, user->runs);
    (void)delete_int(user->dict, 0);
    (void)weir_dict_size(user->dict);
}

/* [inv:dict.drop-unlocked] */
START_TEST(finalizer_may_use_the_dict_it_was_dropped_from)
{
    struct user user = {weir_dict_new(), 0};
    weir_type *type = weir_instance_type("user", 0, 0, use_dict, &user);
    weir_object *dict = user.dict;

    for (int64_t i = 0; i < 4; i++) {
        weir_object *key = wr_test_int(i);
        weir_object *value = weir_instance_new(type);

        ck_assert_int_eq(weir_dict_set(dict, key, value), 0);
        weir_decref(key);
        weir_decref(value);
    }
    set_int(dict, 1, 1);
    ck_assert_int_eq(delete_int(dict, 2), 0);
    ck_assert_int_eq(weir_dict_clear(dict), 0);
    if (wr_cfg_counted) {
        ck_assert_int_eq(user.runs, 4);
        /* What the finalizers of clear() put in stays. */
        ck_assert_int_ge(weir_dict_size(dict), 1);
    }
    check_sound(dict);
    weir_decref(dict);
}
END_TEST

/* Behaviour 2.1: never freed by counts alone. */
START_TEST(dict_holding_itself_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_str_from("self");

    ck_assert_int_eq(weir_dict_set(dict, key, dict), 0);
    weir_decref(key);
    wr_test_count(dict, 2);
    weir_decref(dict);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 1);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 1 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 2.1: the key leads back to the dict. */
START_TEST(self_keyed_dict_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = weir_instance_type("key", 1, 0, NULL, NULL);
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_instance_new(type);
    weir_object *tuple = weir_tuple_pack(1, &key);

    ck_assert_int_eq(weir_instance_set(key, 0, dict), 0);
    ck_assert_int_eq(weir_dict_set(dict, key, key), 0);
    ck_assert_int_eq(weir_dict_set(dict, tuple, dict), 0);
    ck_assert_int_eq(weir_dict_contains(dict, key), 1);
    weir_decref(tuple);
    weir_decref(key);
    weir_decref(dict);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 3);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 3 : 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(add_int_adds)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_str_from("hits");
    weir_object *list = weir_list_new();
    weir_object *value;
    int64_t sum = 0;

    ck_assert_int_eq(weir_dict_add_int(dict, key, 5, &sum), 0);
    ck_assert_int_eq(sum, 5);
    value = weir_dict_get(dict, key);
    ck_assert_ptr_eq(value, weir_int_new(5));
    ck_assert_int_eq(weir_dict_add_int(dict, key, 5000000, &sum), 0);
    ck_assert_int_eq(sum, 5000005);
    ck_assert_int_eq(weir_dict_add_int(dict, key, -5000006, NULL), 0);
    value = weir_dict_get(dict, key);
    ck_assert_int_eq(weir_int_value(value, &sum), 0);
    ck_assert_int_eq(sum, -1);
    ck_assert_int_eq(weir_dict_add_int(dict, key, INT64_MIN, &sum),
                     WEIR_ERANGE);
    ck_assert_int_eq(sum, -1);
    ck_assert_int_eq(weir_dict_add_int(dict, key, INT64_MIN + 1, &sum), 0);
    ck_assert_int_eq(sum, INT64_MIN);
    ck_assert_int_eq(weir_dict_add_int(dict, key, INT64_MAX, &sum), 0);
    ck_assert_int_eq(weir_dict_add_int(dict, key, INT64_MAX, &sum), 0);
    ck_assert_int_eq(weir_dict_add_int(dict, key, 1, &sum), 0);
    ck_assert_int_eq(sum, INT64_MAX);
    ck_assert_int_eq(weir_dict_add_int(dict, key, 1, &sum), WEIR_ERANGE);
    ck_assert_int_eq(weir_dict_set(dict, key, list), 0);
    ck_assert_int_eq(weir_dict_add_int(dict, key, 1, &sum), WEIR_ETYPE);
    ck_assert_int_eq(sum, INT64_MAX);
    wr_test_count(list, 2);
    weir_decref(list);
    weir_decref(key);
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_dict(void)
{
    Suite *suite = suite_create("dict");
    TCase *tc = tcase_create("dict");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, new_dict_is_empty);
    tcase_add_test(tc, dict_owns_keys_and_values);
    tcase_add_test(tc, keys_are_found_by_value);
    tcase_add_test(tc, order_is_that_of_insertion);
    tcase_add_test(tc, dict_grows_through_all_widths);
    tcase_add_test(tc, dict_shrinks_when_mostly_deleted);
    tcase_add_test(tc, tombstones_do_not_pile_up);
    tcase_add_test(tc, key_that_comes_and_goes_keeps_a_short_path);
    tcase_add_test(tc, random_operations_match_a_model);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, clear_empties_and_the_dict_lives_on);
    tcase_add_test(tc, walk_allows_new_values_and_notices_new_keys);
    tcase_add_test(tc, walk_notices_clear_and_refill);
    tcase_add_test(tc, finalizer_may_use_the_dict_it_was_dropped_from);
    tcase_add_test(tc, dict_holding_itself_is_freed_by_the_collector);
    tcase_add_test(tc, self_keyed_dict_is_freed_by_the_collector);
    tcase_add_test(tc, add_int_adds);
    suite_add_tcase(suite, tc);
    return suite;
}
