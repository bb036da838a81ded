/* SPDX-License-Identifier: MIT */
/*
 * tests/test_collect_roots.c - marking: from known roots, through the queue,
 * and along arrays that are longer than the stack.
 *
 * A full collection starts from what handles name and counts only the rest.
 * What it finds must be the same with and without that.
 */
#include "tests/nodes_fixture.h"

#include "object/header.h"

/* A handle instead of the caller's reference. */
static weir_handle
hand_over(weir_object *o)
{
    weir_handle handle = WEIR_HANDLE_NONE;

    must(weir_handle_new(o, &handle) == 0);
    weir_decref(o);
    return handle;
}

/* A tree of n instances, linked in an order that is not that of memory. */
static weir_object *
make_tree(weir_type *type, size_t n)
{
    weir_object **nodes = malloc(n * sizeof(nodes[0]));
    struct wr_random random;
    weir_object *root;

    must(nodes != NULL);
    wr_random_seed(&random, wr_test_seed());
    for (size_t i = 0; i < n; i++) {
        nodes[i] = weir_instance_new(type);
        must(nodes[i] != NULL);
    }
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = wr_random_below(&random, i + 1);
        weir_object *o = nodes[i];

        nodes[i] = nodes[j];
        nodes[j] = o;
    }
    for (size_t i = 1; i < n; i++) {
        must(weir_instance_set(nodes[(i - 1) / 2], (i - 1) % 2, nodes[i]) == 0);
        weir_decref(nodes[i]);
    }
    root = nodes[0];
    free(nodes);
    return root;
}

/* n pairs in a ring; dropped. */
static void
drop_ring(size_t n, weir_object *value)
{
    weir_object *first = weir_instance_new(pair);
    weir_object *last = weir_newref(first);

    for (size_t i = 1; i < n; i++) {
        weir_object *o = weir_instance_new(pair);

        must(weir_instance_set(last, 0, o) == 0);
        must(weir_instance_set(last, 1, value) == 0);
        weir_decref(last);
        last = o;
    }
    must(weir_instance_set(last, 0, first) == 0);
    weir_decref(first);
    weir_decref(last);
}

static uint64_t
candidates_of_full(void)
{
    weir_gc_stats stats;

    ck_assert_int_eq(weir_gc_get_stats(2, &stats), 0);
    return stats.candidates;
}

/* ---- known roots --------------------------------------------------------- */

/*
 * Two lists that hold themselves and whose count says that nobody else does:
 * the one that a handle names is not even counted.  [inv:collect.wholly-alive]
 */
START_TEST(what_a_handle_names_is_not_counted)
{
    weir_object *named = weir_list_new();
    weir_object *other = weir_list_new();
    weir_handle handle;

    ck_assert_int_eq(weir_list_append(named, named), 0);
    ck_assert_int_eq(weir_list_append(other, other), 0);
    handle = hand_over(named);
    weir_decref(other);
    wr_ref_adjust(named, -1);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_list_size(named), 1);
    wr_ref_adjust(named, 1);
    ck_assert_int_eq(weir_handle_free(handle), 0);
    ck_assert_int_eq(collect_checked(2), 1);
    wr_test_no_leak(before);
}
END_TEST

static void
try_tree(weir_type *type, size_t n)
{
    uint64_t were = candidates_of_full();
    weir_handle handle = hand_over(make_tree(type, n));

    drop_ring(1000, NULL);
    ck_assert_int_eq(collect_checked(2), 1000);
    ck_assert_uint_eq(candidates_of_full() - were, n + 1000);
    /* Old by now, and alone. */
    ck_assert_int_eq(collect_checked(2), 0);
    ck_assert_uint_eq(candidates_of_full() - were, 2 * n + 1000);
    ck_assert_int_eq(collect_checked(0), 0);
    ck_assert_int_eq(weir_handle_free(handle), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}

START_TEST(what_a_handle_holds_is_kept_and_is_old)
{
    try_tree(pair, 1);
    try_tree(pair, 63);
    try_tree(pair, 64);
    try_tree(pair, 65);
    try_tree(pair, 30000);
    try_tree(wide, 30000);
}
END_TEST

/* The queue and the stack with nothing known: one reference of the test's. */
START_TEST(what_a_reference_holds_is_kept)
{
    static const size_t sizes[] = {1, 2, 63, 64, 65, 128, 129, 30000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        weir_object *tree = make_tree(i % 2 == 0 ? pair : wide, sizes[i]);

        drop_ring(300, tree);
        ck_assert_int_eq(collect_checked(2), 300);
        weir_decref(tree);
        wr_test_no_leak(before);
    }
}
END_TEST

/* A hub that a handle names, in a pool with garbage that refers to it. */
START_TEST(marked_hubs_are_counted_in_vain)
{
    static const unsigned counts[] = {
        1, 126, 127, 128, 129, 254, 255, 256, 257, 384, 512, 1000,
    };
    static const unsigned outside[] = {0, 1, 127, 128, 129, 256};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (size_t j = 0; j < sizeof(outside) / sizeof(outside[0]); j++) {
            weir_object *hub = weir_instance_new(pair);
            weir_handle handle = hand_over(hub);

            for (unsigned k = 0; k < outside[j]; k++) {
                weir_incref(hub);
            }
            drop_ring(counts[i] + 1, hub);
            ck_assert_int_eq(collect_checked(2), counts[i] + 1);
            wr_test_count(hub, 1 + (int64_t)outside[j]);
            for (unsigned k = 0; k < outside[j]; k++) {
                weir_decref(hub);
            }
            ck_assert_int_eq(weir_handle_free(handle), 0);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

/* Atoms, immortal containers, and what is reached through them. */
START_TEST(handles_to_what_is_no_candidate)
{
    weir_object *keeper = weir_instance_new(pair);
    weir_object *tree = make_tree(wide, 500);
    weir_handle handles[4];

    ck_assert_int_eq(weir_instance_set(keeper, 0, tree), 0);
    weir_decref(tree);
    handles[0] = hand_over(weir_int_new(12345678));
    handles[1] = hand_over(weir_str_from("a root"));
    handles[2] = hand_over(weir_tuple_new(0));
    ck_assert_int_eq(weir_immortalize(weir_newref(keeper)), 0);
    handles[3] = hand_over(keeper);
    drop_ring(10, keeper);
    ck_assert_int_eq(collect_checked(2), 10);
    ck_assert_int_eq(collect_checked(2), 0);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(weir_handle_free(handles[i]), 0);
    }
    ck_assert_int_eq(collect_checked(2), 0);
}
END_TEST

/* More handles than the stack has room for. */
START_TEST(more_roots_than_the_stack_holds)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 0};
    weir_handle handles[1000];

    wr_collect_set_caps(&caps);
    for (unsigned i = 0; i < 1000; i++) {
        handles[i] = hand_over(make_tree(i % 2 == 0 ? pair : wide, 9));
    }
    drop_ring(100, NULL);
    ck_assert_int_eq(collect_checked(2), 100);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(weir_handle_free(handles[i]), 0);
    }
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- long arrays --------------------------------------------------------- */

/* A list of n references to some instances, in turn. */
static weir_object *
make_long_list(size_t n)
{
    weir_object *some[1000];
    weir_object *list = weir_list_new();

    for (size_t i = 0; i < 1000; i++) {
        some[i] = make_tree(pair, 1 + i % 3);
    }
    for (size_t i = 0; i < n; i++) {
        must(weir_list_append(list, some[i % 1000]) == 0);
    }
    for (size_t i = 0; i < 1000; i++) {
        weir_decref(some[i]);
    }
    return list;
}

static void
try_long(weir_object *o, uint64_t more)
{
    weir_handle handle = WEIR_HANDLE_NONE;

    for (unsigned i = 0; i < 2; i++) {
        drop_ring(200, NULL);
        ck_assert_int_eq(weir_gc_collect(2), 200);
        if (i == 0) {
            ck_assert_int_eq(weir_handle_new(o, &handle), 0);
        }
    }
    ck_assert_int_eq(weir_handle_free(handle), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), (int64_t)more);
    wr_test_no_leak(before);
}

/* As long as only a release build makes them, the stack as small as can be. */
START_TEST(one_list_longer_than_any_stack)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 0};
    size_t n = wr_test_slow() ? 100000 : (size_t)wr_test_size(10000000);
    weir_object *list = make_long_list(n);

    wr_collect_set_caps(&caps);
    ck_assert_int_eq(weir_list_append(list, list), 0);
    try_long(list, 1000 + 999 + 1);
}
END_TEST

/* A block of many arenas, of which only the first pool takes part. */
START_TEST(one_tuple_longer_than_an_arena)
{
    size_t n = wr_test_slow() ? 100000 : (size_t)wr_test_size(3000000);
    weir_object *item = weir_instance_new(pair);
    weir_object *tuple = weir_tuple_new(n);

    for (size_t i = 0; i < n; i++) {
        must(weir_tuple_set_steal(tuple, i, weir_newref(item)) == 0);
    }
    ck_assert_int_eq(weir_instance_set(item, 0, tuple), 0);
    weir_decref(item);
    try_long(tuple, 2);
}
END_TEST

/* More long arrays at once than may wait for their rest. */
START_TEST(more_long_arrays_than_may_wait)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 0};
    weir_object *lists[600];
    weir_object *item = weir_instance_new(pair);

    wr_collect_set_caps(&caps);
    for (size_t i = 0; i < 600; i++) {
        lists[i] = i % 2 == 0 ? weir_list_new() : weir_dict_new();
    }
    /* Each leads to the next in its first stretch. */
    for (size_t i = 0; i < 600; i++) {
        for (size_t j = 0; j < 400; j++) {
            weir_object *o =
                j == 1 && i + 1 < 600 ? lists[i + 1] : weir_newref(item);

            if (i % 2 == 0) {
                must(weir_list_append(lists[i], o) == 0);
            } else {
                weir_object *key = weir_int_new((int64_t)j);

                must(weir_dict_set(lists[i], key, o) == 0);
                weir_decref(key);
            }
            weir_decref(o);
        }
    }
    ck_assert_int_eq(weir_instance_set(item, 0, lists[0]), 0);
    weir_decref(item);
    drop_ring(200, NULL);
    ck_assert_int_eq(collect_checked(2), 200);
    weir_decref(lists[0]);
    ck_assert_int_eq(collect_checked(2), 601);
    wr_test_no_leak(before);
}
END_TEST

/* ---- any order of links and memory --------------------------------------- */

/* How many of a hundred slots are empty, and how many of a thousand nodes are
 * held. */
static const struct {
    unsigned empty;
    unsigned held;
} heaps[] = {{0, 0},  {0, 1},   {0, 1000}, {50, 0},
             {50, 3}, {50, 30}, {90, 100}, {100, 500}};

/* n pairs and wide nodes that refer to whichever they like; those that are not
 * held are dropped, the others returned. */
static weir_object **
make_heap(size_t n, unsigned empty, size_t held, struct wr_random *random)
{
    weir_object **nodes = malloc(n * sizeof(nodes[0]));

    must(nodes != NULL);
    for (size_t i = 0; i < n; i++) {
        nodes[i] = weir_instance_new(i % 50 == 49 ? wide : pair);
        must(nodes[i] != NULL);
    }
    for (size_t i = 0; i < 2 * n; i++) {
        if (wr_random_below(random, 100) >= empty) {
            weir_object *to = nodes[wr_random_below(random, n)];

            must(weir_instance_set(nodes[i / 2], i % 2, to) == 0);
        }
    }
    for (size_t i = 0; i < held; i++) {
        size_t j = i + wr_random_below(random, n - i);
        weir_object *o = nodes[i];

        nodes[i] = nodes[j];
        nodes[j] = o;
    }
    for (size_t i = held; i < n; i++) {
        weir_decref(nodes[i]);
    }
    return nodes;
}

/* Half of what is held is let go of when the heap is old. */
static void
try_heap(unsigned empty, unsigned held_of_1000, struct wr_random *random)
{
    size_t n = 2000 + wr_random_below(random, 2000);
    size_t held = n * held_of_1000 / 1000;
    weir_object **nodes = make_heap(n, empty, held, random);

    (void)collect_checked(0);
    for (size_t i = held / 2; i < held; i++) {
        weir_decref(nodes[i]);
    }
    (void)collect_checked(2);
    for (size_t i = 0; i < held / 2; i++) {
        weir_decref(nodes[i]);
    }
    free(nodes);
    (void)collect_checked(2);
    wr_test_no_leak(before);
}

/* [inv:collect.left] A young collection ends when it has come to all that is
 * left, a full one sweeps twice. */
START_TEST(links_in_any_order)
{
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed() + (uint64_t)_i);
    for (int turn = 0; turn < (wr_test_slow() ? 2 : 10); turn++) {
        try_heap(heaps[_i].empty, heaps[_i].held, &random);
    }
}
END_TEST

/*
 * The last candidate is met while the stack is full but for what the queue has
 * taken.  Beside a pool that is frozen, so that there is no sweep.
 */
START_TEST(all_is_met_while_the_stack_is_full)
{
    enum { FULL = 256 };
    static const struct wr_collect_caps caps = {.stack = FULL};
    weir_object *frozen = make_tree(pair, 5000);
    weir_object *list;

    ck_assert_int_eq(weir_gc_freeze(0), 5000);
    wr_collect_set_caps(&caps);
    list = weir_list_new();
    for (size_t i = 0; i < FULL; i++) {
        weir_object *o = weir_instance_new(pair);

        must(weir_list_append(list, o) == 0);
        weir_decref(o);
    }
    for (unsigned i = 0; i < 2; i++) {
        weir_object *last = weir_list_get(list, FULL - 1);
        weir_object *o = weir_instance_new(pair);

        must(weir_instance_set(last, i, o) == 0);
        weir_decref(o);
        weir_decref(last);
    }
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_unfreeze(), 5000);
    weir_decref(frozen);
    wr_test_no_leak(before);
}
END_TEST

/* A chain up or down the memory, held by its first node or by a list of all
 * nodes that comes after them. */
START_TEST(links_along_memory_or_against_it)
{
    enum { N = 5000 };
    bool upwards = _i % 2 == 0;
    bool listed = _i / 2 % 2 == 0;
    weir_object **nodes = malloc(N * sizeof(nodes[0]));
    weir_object *holder;

    must(nodes != NULL);
    for (size_t i = 0; i < N; i++) {
        nodes[i] = weir_instance_new(pair);
        must(nodes[i] != NULL);
    }
    for (size_t i = 0; i + 1 < N; i++) {
        size_t from = upwards ? i : i + 1;

        must(weir_instance_set(nodes[from], 1, nodes[2 * i + 1 - from]) == 0);
    }
    if (listed) {
        holder = weir_list_new();
        for (size_t i = 0; i < N; i++) {
            must(weir_list_append(holder, nodes[i]) == 0);
        }
    } else {
        holder = weir_newref(nodes[upwards ? 0 : N - 1]);
    }
    for (size_t i = 0; i < N; i++) {
        weir_decref(nodes[i]);
    }
    free(nodes);
    drop_ring(300, holder);
    ck_assert_int_eq(collect_checked(_i < 4 ? 0 : 2), 300);
    drop_ring(300, holder);
    ck_assert_int_eq(collect_checked(2), 300);
    weir_decref(holder);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_collect_roots(void)
{
    Suite *suite = suite_create("collect_roots");
    TCase *roots = tcase_create("roots");
    TCase *arrays = tcase_create("arrays");
    TCase *order = tcase_create("order");

    tcase_add_checked_fixture(roots, setup, teardown);
    tcase_set_timeout(roots, 60);
    tcase_add_test(roots, what_a_handle_names_is_not_counted);
    tcase_add_test(roots, what_a_handle_holds_is_kept_and_is_old);
    tcase_add_test(roots, what_a_reference_holds_is_kept);
    tcase_add_test(roots, marked_hubs_are_counted_in_vain);
    tcase_add_test(roots, handles_to_what_is_no_candidate);
    tcase_add_test(roots, more_roots_than_the_stack_holds);
    suite_add_tcase(suite, roots);

    tcase_add_checked_fixture(arrays, setup, teardown);
    tcase_set_timeout(arrays, 60);
    tcase_add_test(arrays, one_list_longer_than_any_stack);
    tcase_add_test(arrays, one_tuple_longer_than_an_arena);
    tcase_add_test(arrays, more_long_arrays_than_may_wait);
    suite_add_tcase(suite, arrays);

    tcase_add_checked_fixture(order, setup, teardown);
    tcase_set_timeout(order, 60);
    tcase_add_loop_test(order, links_in_any_order, 0,
                        (int)(sizeof(heaps) / sizeof(heaps[0])));
    tcase_add_test(order, all_is_met_while_the_stack_is_full);
    tcase_add_loop_test(order, links_along_memory_or_against_it, 0, 8);
    suite_add_tcase(suite, order);
    return suite;
}
