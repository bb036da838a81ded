/* SPDX-License-Identifier: MIT */
/*
 * tests/test_hash.c - hash values and equality.
 */
#include "tests/fixture.h"

#include "kinds/hash.h"

enum { MANY = 1 << 14 };

static uint64_t
hash_of(weir_object *o)
{
    uint64_t hash = 0;

    ck_assert_int_eq(weir_hash(o, &hash), 0);
    return hash;
}

/* The tuple (((...(item)...))), `depth` levels; drops item. */
static weir_object *
nested(weir_object *item, int depth)
{
    for (int i = 0; i < depth; i++) {
        weir_object *outer = weir_tuple_pack(1, &item);

        ck_assert_ptr_nonnull(outer);
        weir_decref(item);
        item = outer;
    }
    return item;
}

/* A tuple of two; drops the items. */
static weir_object *
pair(weir_object *a, weir_object *b)
{
    weir_object *items[] = {a, b};
    weir_object *tuple = weir_tuple_pack(2, items);

    ck_assert_ptr_nonnull(tuple);
    weir_decref(a);
    weir_decref(b);
    return tuple;
}

static void
check_equal(weir_object *a, weir_object *b)
{
    ck_assert_int_eq(weir_equal(a, b), 1);
    ck_assert_int_eq(weir_equal(b, a), 1);
    ck_assert_uint_eq(hash_of(a), hash_of(b));
    weir_decref(a);
    weir_decref(b);
}

static void
check_different(weir_object *a, weir_object *b)
{
    ck_assert_int_eq(weir_equal(a, b), 0);
    ck_assert_int_eq(weir_equal(b, a), 0);
    ck_assert_uint_ne(hash_of(a), hash_of(b));
    weir_decref(a);
    weir_decref(b);
}

START_TEST(equal_values_have_equal_hashes)
{
    struct wr_test_usage before = wr_test_usage();

    check_equal(weir_int_new(7), weir_int_new(7));
    check_equal(wr_test_int(7), wr_test_int(7));
    check_equal(weir_int_new(INT64_MIN), weir_int_new(INT64_MIN));
    check_equal(weir_str_from("apple"), weir_str_from("apple"));
    check_equal(weir_str_from("apple"), weir_str_intern("apple", 5));
    check_equal(weir_str_new("a\0b", 3), weir_str_new("a\0b", 3));
    check_equal(weir_str_from(""), weir_str_from(""));
    check_equal(weir_tuple_new(0), weir_tuple_new(0));
    check_equal(pair(wr_test_int(1), weir_str_from("x")),
                pair(wr_test_int(1), weir_str_from("x")));
    check_equal(nested(wr_test_int(1), 20), nested(wr_test_int(1), 20));
    wr_test_no_leak(before);
}
END_TEST

START_TEST(different_values_differ)
{
    check_different(weir_int_new(7), weir_int_new(-7));
    check_different(weir_int_new(0), weir_str_from("0"));
    check_different(weir_str_from("apple"), weir_str_from("apples"));
    check_different(weir_str_new("a\0b", 3), weir_str_new("a\0c", 3));
    check_different(weir_str_from(""), weir_tuple_new(0));
    check_different(weir_tuple_new(0), nested(weir_tuple_new(0), 1));
    check_different(pair(weir_int_new(1), weir_int_new(2)),
                    pair(weir_int_new(2), weir_int_new(1)));
    /* ((1,), 2) and (1, (2,)): the same words in the same order. */
    check_different(pair(nested(weir_int_new(1), 1), weir_int_new(2)),
                    pair(weir_int_new(1), nested(weir_int_new(2), 1)));
    check_different(nested(weir_int_new(1), 3), nested(weir_int_new(1), 4));
}
END_TEST

START_TEST(instances_are_themselves_only)
{
    weir_type *type = weir_instance_type("thing", 2, 0, NULL, NULL);
    weir_object *a = weir_instance_new(type);
    weir_object *b = weir_instance_new(type);
    uint64_t hash = hash_of(a);

    ck_assert_int_eq(weir_equal(a, a), 1);
    ck_assert_int_eq(weir_equal(a, b), 0);
    ck_assert_uint_ne(hash, hash_of(b));
    ck_assert_int_eq(weir_instance_set(a, 0, b), 0);
    ck_assert_uint_eq(hash, hash_of(a));
    check_different(pair(weir_newref(a), weir_newref(b)),
                    pair(weir_newref(b), weir_newref(a)));
    check_equal(pair(weir_newref(a), weir_newref(b)),
                pair(weir_newref(a), weir_newref(b)));
    ck_assert_int_eq(weir_equal((weir_object *)(void *)type, a), 0);
    ck_assert_uint_ne(hash_of((weir_object *)(void *)type), hash);
    weir_decref(a);
    weir_decref(b);
}
END_TEST

START_TEST(lists_and_dicts_have_no_hash)
{
    weir_object *list = weir_list_new();
    weir_object *dict = weir_dict_new();
    weir_object *tuple = nested(weir_newref(list), 3);
    uint64_t hash = 42;

    ck_assert_int_eq(weir_hash(list, &hash), WEIR_ETYPE);
    ck_assert_int_eq(weir_hash(dict, &hash), WEIR_ETYPE);
    ck_assert_int_eq(weir_hash(tuple, &hash), WEIR_ETYPE);
    ck_assert_uint_eq(hash, 42);
    ck_assert_int_eq(weir_equal(list, list), 1);
    ck_assert_int_eq(weir_equal(list, dict), 0);
    weir_decref(tuple);
    weir_decref(dict);
    weir_decref(list);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *five = weir_int_new(5);
    weir_object *unset = weir_tuple_new(2);
    uint64_t hash = 42;

    ck_assert_int_eq(weir_hash(NULL, &hash), WEIR_EINVAL);
    ck_assert_int_eq(weir_hash(five, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_hash(unset, &hash), WEIR_ESTATE);
    ck_assert_int_eq(weir_equal(NULL, five), WEIR_EINVAL);
    ck_assert_int_eq(weir_equal(five, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_equal(NULL, NULL), WEIR_EINVAL);
    ck_assert_uint_eq(hash, 42);
    weir_decref(unset);
}
END_TEST

/* Tuples that their maker still fills compare like any others. */
START_TEST(unset_items_are_equal_to_unset_ones_only)
{
    weir_object *unset = weir_tuple_new(2);
    weir_object *other = weir_tuple_new(2);
    weir_object *full = pair(wr_test_int(1), wr_test_int(2));

    ck_assert_int_eq(weir_equal(unset, other), 1);
    ck_assert_int_eq(weir_equal(unset, full), 0);
    ck_assert_int_eq(weir_equal(full, unset), 0);
    weir_decref(unset);
    weir_decref(other);
    weir_decref(full);
}
END_TEST

START_TEST(tuples_inside_tuples_are_compared_by_size_and_kind)
{
    weir_object *one = nested(wr_test_int(1), 2);
    weir_object *two = nested(pair(wr_test_int(1), wr_test_int(2)), 1);
    weir_object *str = nested(weir_str_from("1"), 1);
    weir_object *list = nested(weir_list_new(), 1);
    weir_object *same = nested(weir_list_new(), 1);
    weir_object *wide = pair(wr_test_int(1), wr_test_int(2));

    ck_assert_int_eq(weir_equal(one, two), 0);
    ck_assert_int_eq(weir_equal(two, one), 0);
    ck_assert_int_eq(weir_equal(one, wide), 0);
    ck_assert_int_eq(weir_equal(wide, one), 0);
    ck_assert_int_eq(weir_equal(one, str), 0);
    ck_assert_int_eq(weir_equal(str, one), 0);
    /* Lists are themselves only, in tuples too. */
    ck_assert_int_eq(weir_equal(list, same), 0);
    ck_assert_int_eq(weir_equal(list, str), 0);
    weir_decref(one);
    weir_decref(two);
    weir_decref(str);
    weir_decref(list);
    weir_decref(same);
    weir_decref(wide);
}
END_TEST

START_TEST(deep_tuples_pass_a_limit)
{
    weir_object *a = nested(wr_test_int(1), WEIR_HASH_DEPTH);
    weir_object *b = nested(wr_test_int(1), WEIR_HASH_DEPTH);
    uint64_t hash = 42;

    ck_assert_int_eq(weir_equal(a, b), 1);
    ck_assert_uint_eq(hash_of(a), hash_of(b));
    a = nested(a, 1);
    b = nested(b, 1);
    ck_assert_int_eq(weir_hash(a, &hash), WEIR_ELIMIT);
    ck_assert_int_eq(weir_equal(a, b), WEIR_ELIMIT);
    ck_assert_int_eq(weir_equal(a, a), 1);
    ck_assert_uint_eq(hash, 42);
    weir_decref(a);
    weir_decref(b);
}
END_TEST

/* Each level holds the one below twice: 2^40 tuples to meet. */
START_TEST(shared_tuples_pass_a_limit)
{
    weir_object *a = pair(wr_test_int(1), wr_test_int(2));
    weir_object *b = pair(wr_test_int(1), wr_test_int(2));
    uint64_t hash = 42;

    for (int i = 0; i < 40; i++) {
        a = pair(weir_newref(a), a);
        b = pair(weir_newref(b), b);
    }
    ck_assert_int_eq(weir_hash(a, &hash), WEIR_ELIMIT);
    ck_assert_int_eq(weir_equal(a, b), WEIR_ELIMIT);
    ck_assert_int_eq(weir_equal(a, a), 1);
    weir_decref(a);
    weir_decref(b);
}
END_TEST

/* Tables take the low bits: they are as good as random for runs of ints. */
START_TEST(low_bits_of_int_hashes_are_spread)
{
    static const int shifts[] = {0, 1, 8, 16, 32, 40};
    static uint16_t load[MANY];

    for (size_t s = 0; s < sizeof(shifts) / sizeof(shifts[0]); s++) {
        int empty = 0;

        memset(load, 0, sizeof(load));
        for (int64_t i = 0; i < MANY; i++) {
            weir_object *o = weir_int_new((int64_t)((uint64_t)i << shifts[s]));

            load[hash_of(o) % MANY]++;
            weir_decref(o);
        }
        for (int i = 0; i < MANY; i++) {
            empty += load[i] == 0 ? 1 : 0;
            ck_assert_uint_le(load[i], 16);
        }
        /* Random throws leave 1/e of the places empty: 6,027 +- 62. */
        ck_assert_int_gt(empty, 6027 - 62 * 8);
        ck_assert_int_lt(empty, 6027 + 62 * 8);
    }
}
END_TEST

static void
hashes_with_seed(uint64_t seed, uint64_t out[3])
{
    weir_config config;
    weir_object *o;

    weir_config_init(&config);
    config.hash_seed = seed;
    ck_assert_int_eq(weir_start(&config), 0);
    o = weir_str_from("a string");
    out[0] = hash_of(o);
    weir_decref(o);
    o = wr_test_int(1);
    out[1] = hash_of(o);
    o = pair(o, weir_str_from("another"));
    out[2] = hash_of(o);
    weir_decref(o);
    ck_assert_int_eq(weir_stop(), 0);
}

START_TEST(seed_decides_the_hashes)
{
    uint64_t a[3];
    uint64_t b[3];
    uint64_t c[3];

    hashes_with_seed(12345, a);
    hashes_with_seed(12345, b);
    hashes_with_seed(12346, c);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(a[i], b[i]);
        ck_assert_uint_ne(a[i], c[i]);
    }
    hashes_with_seed(0, a);
    hashes_with_seed(0, b);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_ne(a[i], b[i]);
    }
}
END_TEST

START_TEST(hash_of_a_string_is_kept)
{
    weir_object *o = weir_str_from("kept");
    struct wr_str *s = (struct wr_str *)(void *)o;

    ck_assert_uint_eq(s->hash, 0);
    ck_assert_uint_eq(hash_of(o), s->hash);
    ck_assert_uint_ne(s->hash, 0);
    ck_assert_uint_eq(s->hash, wr_hash_bytes("kept", 4));
    weir_decref(o);
}
END_TEST

Suite *
wr_suite_hash(void)
{
    Suite *suite = suite_create("hash");
    TCase *tc = tcase_create("hash");
    TCase *bare = tcase_create("seed");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, equal_values_have_equal_hashes);
    tcase_add_test(tc, different_values_differ);
    tcase_add_test(tc, instances_are_themselves_only);
    tcase_add_test(tc, lists_and_dicts_have_no_hash);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, unset_items_are_equal_to_unset_ones_only);
    tcase_add_test(tc, tuples_inside_tuples_are_compared_by_size_and_kind);
    tcase_add_test(tc, deep_tuples_pass_a_limit);
    tcase_add_test(tc, shared_tuples_pass_a_limit);
    tcase_add_test(tc, low_bits_of_int_hashes_are_spread);
    tcase_add_test(tc, hash_of_a_string_is_kept);
    suite_add_tcase(suite, tc);
    tcase_add_test(bare, seed_decides_the_hashes);
    suite_add_tcase(suite, bare);
    return suite;
}
