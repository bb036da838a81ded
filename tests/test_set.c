/* SPDX-License-Identifier: MIT */
/*
 * tests/test_set.c - sets: elements, growth, references, two sets, cycles.
 */
#include "tests/dicts.h"

#include "base/random.h"

enum { MANY = 50000, VALUES = 100, STEPS = 10000 };

/* Add the int n, not immortal. */
static int
add_int(weir_object *set, int64_t n)
{
    weir_object *o = wr_test_int(n);
    int added = weir_set_add(set, o);

    weir_decref(o);
    return added;
}

static int
remove_int(weir_object *set, int64_t n)
{
    weir_object *o = wr_test_int(n);
    int error = weir_set_remove(set, o);

    weir_decref(o);
    return error;
}

static int
has_int(weir_object *set, int64_t n)
{
    weir_object *o = wr_test_int(n);
    int found = weir_set_contains(set, o);

    weir_decref(o);
    return found;
}

/* The set of the ints from first to last, by step. */
static weir_object *
range(int64_t first, int64_t last, int64_t step)
{
    weir_object *set = weir_set_new();

    for (int64_t i = first; i <= last; i += step) {
        ck_assert_int_eq(add_int(set, i), 1);
    }
    return set;
}

static void
check_sound(weir_object *set)
{
    ck_assert(wr_test_is_sound(set));
}

/* The set has the ints below `limit` that are members, and no more. */
static void
check_members(weir_object *set, const bool *members, int64_t limit)
{
    uint64_t pos = 0;
    weir_object *element;
    int64_t n = 0;
    int found;

    while ((found = weir_set_next(set, &pos, &element)) == 1) {
        int64_t i = wr_test_int_is(element);

        ck_assert(i >= 0 && i < limit && members[i]);
        weir_decref(element);
        n++;
    }
    ck_assert_int_eq(found, 0);
    for (int64_t i = 0; i < limit; i++) {
        n -= members[i] ? 1 : 0;
    }
    ck_assert_int_eq(n, 0);
    check_sound(set);
}

START_TEST(new_set_is_empty)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *set = weir_set_new();
    uint64_t pos = 0;

    ck_assert(weir_is_set(set));
    ck_assert(!weir_is_dict(set));
    ck_assert_str_eq(weir_type_name(weir_type_of(set)), "set");
    ck_assert_int_eq(weir_set_size(set), 0);
    ck_assert_int_eq(has_int(set, 1), 0);
    ck_assert_int_eq(remove_int(set, 1), WEIR_ENOKEY);
    ck_assert_ptr_null(weir_set_pop(set));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_int_eq(weir_set_next(set, &pos, NULL), 0);
    ck_assert_uint_eq(pos, 0);
    ck_assert_int_eq(weir_set_clear(set), 0);
    wr_test_count(set, 1);
    weir_decref(set);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 1.2 for sets. */
START_TEST(set_owns_its_elements)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *set = weir_set_new();
    weir_object *a = weir_str_from("element");
    weir_object *same = weir_str_from("element");
    weir_object *b = wr_test_int(1);

    ck_assert_int_eq(weir_set_add(set, a), 1);
    wr_test_count(a, 2);
    /* An equal element: the one that is there stays. */
    ck_assert_int_eq(weir_set_add(set, same), 0);
    ck_assert_int_eq(weir_set_add(set, a), 0);
    wr_test_count(a, 2);
    wr_test_count(same, 1);
    ck_assert_int_eq(weir_set_contains(set, same), 1);
    ck_assert_int_eq(weir_set_remove(set, same), 0);
    wr_test_count(a, 1);
    ck_assert_int_eq(weir_set_add(set, a), 1);
    ck_assert_int_eq(weir_set_add(set, b), 1);
    ck_assert_ptr_eq(weir_set_pop(set), a);
    wr_test_count(a, 2);
    weir_decref(a);
    wr_test_count(b, 2);
    weir_decref(set);
    wr_test_count(b, 1);
    weir_decref(a);
    weir_decref(b);
    weir_decref(same);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(elements_are_found_by_value)
{
    weir_object *set = weir_set_new();
    weir_object *items[] = {weir_int_new(1), weir_str_from("one")};
    weir_object *tuple = weir_tuple_pack(2, items);
    weir_object *same = weir_tuple_pack(2, items);
    weir_type *type = weir_instance_type("thing", 0, 0, NULL, NULL);
    weir_object *thing = weir_instance_new(type);
    weir_object *other = weir_instance_new(type);

    ck_assert_int_eq(weir_set_add(set, tuple), 1);
    ck_assert_int_eq(weir_set_contains(set, same), 1);
    ck_assert_int_eq(weir_set_add(set, thing), 1);
    ck_assert_int_eq(weir_set_contains(set, thing), 1);
    ck_assert_int_eq(weir_set_contains(set, other), 0);
    ck_assert_int_eq(weir_set_add(set, weir_tuple_new(0)), 1);
    ck_assert_int_eq(weir_set_add(set, weir_tuple_new(0)), 0);
    ck_assert_int_eq(weir_set_size(set), 3);
    check_sound(set);
    weir_decref(items[1]);
    weir_decref(tuple);
    weir_decref(same);
    weir_decref(thing);
    weir_decref(other);
    weir_decref(set);
}
END_TEST

/* Slots of one, two and four bytes, and back.  [inv:dict.load] */
START_TEST(set_grows_and_shrinks)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *set = weir_set_new();
    int64_t n = (int64_t)wr_test_size(MANY);
    uint64_t full;

    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(add_int(set, i * 3), 1);
    }
    check_sound(set);
    ck_assert_int_eq(weir_set_size(set), n);
    full = wr_test_table(set)->bytes;
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(has_int(set, i * 3), 1);
        ck_assert_int_eq(has_int(set, i * 3 + 1), 0);
    }
    for (int64_t i = 0; i < n - 10; i++) {
        weir_object *element = weir_set_pop(set);

        ck_assert_int_eq(wr_test_int_is(element), i * 3);
        weir_decref(element);
    }
    ck_assert_int_eq(weir_set_size(set), 10);
    ck_assert_uint_lt(wr_test_table(set)->bytes, full / 16);
    check_sound(set);
    weir_decref(set);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(walk_notices_what_is_added_and_removed)
{
    weir_object *set = range(0, 4, 1);
    weir_object *element = NULL;
    uint64_t pos = 0;
    uint64_t start = 0;

    for (int64_t i = 0; i < 5; i++) {
        ck_assert_int_eq(weir_set_next(set, &pos, &element), 1);
        ck_assert_int_eq(wr_test_int_is(element), i);
        weir_decref(element);
        /* It is there: nothing changes. */
        ck_assert_int_eq(add_int(set, i), 0);
    }
    ck_assert_int_eq(weir_set_next(set, &pos, NULL), 0);
    ck_assert_int_eq(weir_set_next(set, &start, NULL), 1);
    ck_assert_int_eq(add_int(set, 5), 1);
    element = NULL;
    ck_assert_int_eq(weir_set_next(set, &start, &element), WEIR_ECHANGED);
    ck_assert_ptr_null(element);
    start = 0;
    ck_assert_int_eq(weir_set_next(set, &start, NULL), 1);
    weir_decref(weir_set_pop(set));
    ck_assert_int_eq(weir_set_next(set, &start, NULL), WEIR_ECHANGED);
    weir_decref(set);
}
END_TEST

START_TEST(clear_empties_and_the_set_lives_on)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *set = weir_set_new();
    weir_object *element = weir_str_from("element");

    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < 100; i++) {
            ck_assert_int_eq(add_int(set, i), 1);
        }
        ck_assert_int_eq(weir_set_add(set, element), 1);
        wr_test_count(element, 2);
        ck_assert_int_eq(weir_set_clear(set), 0);
        wr_test_count(element, 1);
        ck_assert_int_eq(weir_set_size(set), 0);
        ck_assert_int_eq(has_int(set, 5), 0);
        check_sound(set);
    }
    weir_decref(element);
    weir_decref(set);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(copy_is_equal_and_independent)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *empty = weir_set_new();
    weir_object *set = range(1, 20, 1);
    weir_object *element = weir_str_from("element");
    weir_object *copy;

    ck_assert_int_eq(weir_set_add(set, element), 1);
    ck_assert_int_eq(remove_int(set, 3), 0);
    copy = weir_set_copy(set);
    wr_test_count(element, 3);
    check_sound(copy);
    ck_assert_int_eq(weir_set_equal(set, copy), 1);
    ck_assert_int_eq(remove_int(copy, 4), 0);
    ck_assert_int_eq(has_int(set, 4), 1);
    ck_assert_int_eq(weir_set_equal(set, copy), 0);
    weir_decref(set);
    wr_test_count(element, 2);
    ck_assert_int_eq(weir_set_size(copy), 19);
    weir_decref(copy);
    wr_test_count(element, 1);
    copy = weir_set_copy(empty);
    ck_assert_int_eq(weir_set_size(copy), 0);
    ck_assert_int_eq(add_int(copy, 1), 1);
    ck_assert_int_eq(weir_set_size(empty), 0);
    weir_decref(copy);
    weir_decref(empty);
    weir_decref(element);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(two_sets_compare_by_their_elements)
{
    weir_object *all = range(0, 9, 1);
    weir_object *even = range(0, 8, 2);
    weir_object *odd = range(1, 9, 2);
    weir_object *empty = weir_set_new();
    weir_object *backwards = weir_set_new();

    for (int64_t i = 8; i >= 0; i -= 2) {
        ck_assert_int_eq(add_int(backwards, i), 1);
    }
    ck_assert_int_eq(weir_set_is_subset(even, all), 1);
    ck_assert_int_eq(weir_set_is_subset(all, even), 0);
    ck_assert_int_eq(weir_set_is_subset(even, odd), 0);
    ck_assert_int_eq(weir_set_is_subset(even, backwards), 1);
    ck_assert_int_eq(weir_set_is_subset(empty, odd), 1);
    ck_assert_int_eq(weir_set_is_subset(empty, empty), 1);
    ck_assert_int_eq(weir_set_is_subset(odd, empty), 0);
    ck_assert_int_eq(weir_set_equal(even, backwards), 1);
    ck_assert_int_eq(weir_set_equal(even, odd), 0);
    ck_assert_int_eq(weir_set_equal(even, all), 0);
    ck_assert_int_eq(weir_set_equal(empty, odd), 0);
    ck_assert_int_eq(weir_set_equal(empty, empty), 1);
    ck_assert_int_eq(weir_equal(even, backwards), 0);
    weir_decref(all);
    weir_decref(even);
    weir_decref(odd);
    weir_decref(empty);
    weir_decref(backwards);
}
END_TEST

START_TEST(set_and_itself)
{
    weir_object *set = range(0, 9, 1);

    ck_assert_int_eq(weir_set_update(set, set), 0);
    ck_assert_int_eq(weir_set_intersect(set, set), 0);
    ck_assert_int_eq(weir_set_is_subset(set, set), 1);
    ck_assert_int_eq(weir_set_equal(set, set), 1);
    ck_assert_int_eq(weir_set_size(set), 10);
    ck_assert_int_eq(weir_set_subtract(set, set), 0);
    ck_assert_int_eq(weir_set_size(set), 0);
    weir_decref(set);
}
END_TEST

/* A random set and which ints it has. */
static weir_object *
random_set(struct wr_random *random, bool *members)
{
    weir_object *set = weir_set_new();
    uint64_t density = wr_random_below(random, 5);

    for (int64_t i = 0; i < VALUES; i++) {
        members[i] = wr_random_below(random, 4) < density;
        if (members[i]) {
            ck_assert_int_eq(add_int(set, i), 1);
        }
    }
    /* Tombstones in between. */
    for (int64_t i = 0; i < VALUES; i += 7) {
        if (members[i]) {
            ck_assert_int_eq(remove_int(set, i), 0);
            members[i] = false;
        }
    }
    return set;
}

START_TEST(two_sets_match_a_model)
{
    struct wr_test_usage before = wr_test_usage();
    struct wr_random random;
    bool in_a[VALUES];
    bool in_b[VALUES];
    int rounds = (int)wr_test_size(STEPS) / 50;

    wr_random_seed(&random, wr_test_seed());
    for (int round = 0; round < rounds; round++) {
        weir_object *a = random_set(&random, in_a);
        weir_object *b = random_set(&random, in_b);
        bool subset = true;
        bool equal = true;

        for (int i = 0; i < VALUES; i++) {
            subset = subset && (!in_a[i] || in_b[i]);
            equal = equal && in_a[i] == in_b[i];
        }
        ck_assert_int_eq(weir_set_is_subset(a, b), subset ? 1 : 0);
        ck_assert_int_eq(weir_set_equal(a, b), equal ? 1 : 0);
        switch (round % 3) {
        case 0:
            ck_assert_int_eq(weir_set_update(a, b), 0);
            break;
        case 1:
            ck_assert_int_eq(weir_set_intersect(a, b), 0);
            break;
        default:
            ck_assert_int_eq(weir_set_subtract(a, b), 0);
            break;
        }
        for (int i = 0; i < VALUES; i++) {
            bool both[] = {in_a[i] || in_b[i], in_a[i] && in_b[i],
                           in_a[i] && !in_b[i]};

            in_a[i] = both[round % 3];
        }
        check_members(a, in_a, VALUES);
        check_members(b, in_b, VALUES);
        weir_decref(a);
        weir_decref(b);
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(random_operations_match_a_model)
{
    struct wr_test_usage before = wr_test_usage();
    bool members[VALUES] = {false};
    weir_object *set = weir_set_new();
    struct wr_random random;
    int steps = (int)wr_test_size(STEPS);

    wr_random_seed(&random, wr_test_seed());
    for (int i = 0; i < steps; i++) {
        int64_t n = (int64_t)wr_random_below(&random, VALUES);

        switch (wr_random_below(&random, 3)) {
        case 0:
            ck_assert_int_eq(add_int(set, n), members[n] ? 0 : 1);
            members[n] = true;
            break;
        case 1:
            ck_assert_int_eq(remove_int(set, n), members[n] ? 0 : WEIR_ENOKEY);
            members[n] = false;
            break;
        default:
            ck_assert_int_eq(has_int(set, n), members[n] ? 1 : 0);
            break;
        }
        if (i % 50 == 0) {
            check_members(set, members, VALUES);
        }
    }
    weir_decref(set);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *set = range(0, 3, 1);
    weir_object *dict = weir_dict_new();
    weir_object *list = weir_list_new();
    weir_object *a = wr_test_int(1);
    uint64_t pos = 0;

    ck_assert_int_eq(weir_set_size(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_size(dict), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_add(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_add(dict, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_add(set, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_add(set, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_add(set, set), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_contains(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_contains(dict, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_contains(set, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_contains(set, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_remove(NULL, a), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_remove(dict, a), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_remove(set, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_remove(set, dict), WEIR_ETYPE);
    ck_assert_ptr_null(weir_set_pop(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_set_pop(dict));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_clear(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_clear(dict), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_next(NULL, &pos, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_next(set, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_next(dict, &pos, NULL), WEIR_ETYPE);
    ck_assert_ptr_null(weir_set_copy(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_set_copy(dict));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert(!weir_is_set(NULL));
    ck_assert(!weir_is_set(dict));
    /* A set is no dict either. */
    ck_assert_int_eq(weir_dict_size(set), WEIR_ETYPE);
    ck_assert_int_eq(weir_dict_set(set, a, a), WEIR_ETYPE);
    ck_assert_ptr_null(weir_dict_copy(set));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_set_size(set), 4);
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(list);
    weir_decref(dict);
    weir_decref(set);
}
END_TEST

START_TEST(bad_pairs_are_refused)
{
    static int (*const calls[])(weir_object *, weir_object *) = {
        weir_set_update, weir_set_intersect, weir_set_subtract,
        weir_set_is_subset, weir_set_equal};
    weir_object *set = range(0, 3, 1);
    weir_object *dict = weir_dict_new();

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        ck_assert_int_eq(calls[i](NULL, set), WEIR_EINVAL);
        ck_assert_int_eq(calls[i](set, NULL), WEIR_EINVAL);
        ck_assert_int_eq(calls[i](NULL, NULL), WEIR_EINVAL);
        ck_assert_int_eq(calls[i](set, dict), WEIR_ETYPE);
        ck_assert_int_eq(calls[i](dict, set), WEIR_ETYPE);
        ck_assert_int_eq(calls[i](dict, dict), WEIR_ETYPE);
    }
    ck_assert_int_eq(weir_set_size(set), 4);
    weir_decref(dict);
    weir_decref(set);
}
END_TEST

/* A finalizer's data: the set it uses, and how often it ran. */
struct user {
    weir_object *set;
    int64_t runs;
};

static void
use_set(weir_object *o, void *data)
{
    struct user *user = data;

    (void)o;
    user->runs++;
    (void)add_int(user->set, user->runs);
    (void)weir_set_size(user->set);
}

/* Two instances of this type, in a set; the set has the only references. */
static weir_object *
two_users(weir_type *type)
{
    weir_object *set = weir_set_new();

    for (int i = 0; i < 2; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_int_eq(weir_set_add(set, o), 1);
        weir_decref(o);
    }
    return set;
}

/* [inv:dict.drop-unlocked] */
START_TEST(finalizer_may_use_the_set_it_was_dropped_from)
{
    struct user user = {NULL, 0};
    weir_type *type = weir_instance_type("user", 0, 0, use_set, &user);
    weir_object *empty = weir_set_new();

    user.set = two_users(type);
    ck_assert_int_eq(weir_set_clear(user.set), 0);
    check_sound(user.set);
    weir_decref(user.set);
    user.set = two_users(type);
    ck_assert_int_eq(weir_set_intersect(user.set, empty), 0);
    check_sound(user.set);
    weir_decref(user.set);
    user.set = two_users(type);
    weir_decref(weir_set_pop(user.set));
    weir_decref(weir_set_pop(user.set));
    check_sound(user.set);
    ck_assert_int_eq(user.runs, wr_cfg_counted ? 6 : 0);
    weir_decref(user.set);
    weir_decref(empty);
}
END_TEST

/* Behaviour 2.1: an element refers to its set. */
START_TEST(cycle_through_a_set_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = weir_instance_type("node", 1, 0, NULL, NULL);
    weir_object *set = weir_set_new();
    weir_object *node = weir_instance_new(type);
    weir_object *tuple = weir_tuple_pack(1, &node);

    ck_assert_int_eq(weir_instance_set(node, 0, set), 0);
    ck_assert_int_eq(weir_set_add(set, node), 1);
    ck_assert_int_eq(weir_set_add(set, tuple), 1);
    weir_decref(tuple);
    weir_decref(node);
    wr_test_count(set, 2);
    weir_decref(set);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 3);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 3 : 0);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_set(void)
{
    Suite *suite = suite_create("set");
    TCase *tc = tcase_create("set");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, new_set_is_empty);
    tcase_add_test(tc, set_owns_its_elements);
    tcase_add_test(tc, elements_are_found_by_value);
    tcase_add_test(tc, set_grows_and_shrinks);
    tcase_add_test(tc, walk_notices_what_is_added_and_removed);
    tcase_add_test(tc, clear_empties_and_the_set_lives_on);
    tcase_add_test(tc, copy_is_equal_and_independent);
    tcase_add_test(tc, two_sets_compare_by_their_elements);
    tcase_add_test(tc, set_and_itself);
    tcase_add_test(tc, two_sets_match_a_model);
    tcase_add_test(tc, random_operations_match_a_model);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, bad_pairs_are_refused);
    tcase_add_test(tc, finalizer_may_use_the_set_it_was_dropped_from);
    tcase_add_test(tc, cycle_through_a_set_is_freed_by_the_collector);
    suite_add_tcase(suite, tc);
    return suite;
}
