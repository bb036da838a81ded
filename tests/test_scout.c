/* SPDX-License-Identifier: MIT */
/*
 * tests/test_scout.c - marking along chains: collect/scout.h.
 *
 * Whatever scouts do, what is found must be what the reference finds.  With a
 * patience of 1 they set out wherever two objects in a row come alone.
 */
#include "tests/nodes_fixture.h"

#include "collect/scout.h"
#include "object/header.h"

static void
be_impatient(void)
{
    static const struct wr_collect_caps caps = {.patience = 1};

    wr_collect_set_caps(&caps);
}

/* n new nodes in an order that is not that of memory; the caller owns them. */
static weir_object **
make_nodes(size_t n)
{
    weir_object **nodes = malloc(n * sizeof(nodes[0]));

    must(nodes != NULL);
    for (size_t i = 0; i < n; i++) {
        size_t j = below(i + 1);

        nodes[i] = nodes[j];
        nodes[j] = weir_instance_new(below(4) == 0 ? wide : pair);
        must(nodes[j] != NULL);
    }
    return nodes;
}

/*
 * The same, no two in the same word of a bitmap, and by turns the highest and
 * the lowest of those that are left: whichever way memory is gone through, of a
 * chain of them a sweep looks at three, and every second is an exception
 * (collect/order.h).
 */
static weir_object **
make_nodes_apart(size_t n)
{
    enum { APART = 40 }; /* more than there are in a word */
    weir_object **all = make_nodes(n * APART);
    weir_object **nodes = malloc(n * sizeof(nodes[0]));

    must(nodes != NULL);
    qsort(all, n * APART, sizeof(all[0]), by_address);
    for (size_t i = 0; i < n * APART; i++) {
        size_t k = i / APART;

        if (i % APART == 0) {
            nodes[k < n / 2 ? 2 * k + 1 : 2 * (n - 1 - k)] = all[i];
        } else {
            weir_decref(all[i]);
        }
    }
    free(all);
    return nodes;
}

/* Drop them all but for the first `held`. */
static void
let_go(weir_object **nodes, size_t held, size_t n)
{
    for (size_t i = held; i < n; i++) {
        weir_decref(nodes[i]);
    }
}

/* ---- one chain ----------------------------------------------------------- */

/* A chain of these nodes; `most` of them are not left to scouts. */
static void
try_chain(weir_object **nodes, size_t n, bool closed, size_t most)
{
    struct wr_scouted were = wr_scout_total();
    weir_object *first = nodes[0];

    for (size_t i = 0; i + 1 < n; i++) {
        refer(nodes[i], 0, nodes[i + 1]);
    }
    if (closed) {
        refer(nodes[n - 1], 0, first);
    }
    let_go(nodes, 1, n);
    free(nodes);
    ck_assert_int_eq(collect_checked(2), 0);
    ck_assert_uint_eq(wr_scout_total().vain, were.vain);
    if (n > most) {
        ck_assert_uint_ge(wr_scout_total().alive - were.alive, n - most);
    }
    weir_decref(first);
    ck_assert_int_eq(collect_checked(2), closed ? (int64_t)n : 0);
    wr_test_no_leak(before);
}

START_TEST(all_of_a_chain_is_found_alive)
{
    be_impatient();
    for (size_t n = 1; n < 200; n += 1 + n / 8) {
        try_chain(make_nodes_apart(n), n, false, 9);
        try_chain(make_nodes_apart(n), n, true, 9);
    }
    try_chain(make_nodes(20000), 20000, false, 100);
    try_chain(make_nodes(20000), 20000, true, 100);
}
END_TEST

/* Nothing special: as long as a chain must be for scouts to be worth it. */
START_TEST(scouts_set_out_on_their_own)
{
    try_chain(make_nodes(50000), 50000, true, 3000);
}
END_TEST

/* In a tree there is always something else to look at meanwhile. */
START_TEST(no_scouts_for_a_tree)
{
    struct wr_scouted were = wr_scout_total();
    weir_object **nodes = make_nodes(50000);
    weir_object *root = nodes[0];

    for (size_t i = 1; i < 50000; i++) {
        refer(nodes[(i - 1) / 2], (i - 1) % 2, nodes[i]);
    }
    let_go(nodes, 1, 50000);
    free(nodes);
    ck_assert_int_eq(collect_checked(2), 0);
    ck_assert_uint_eq(wr_scout_total().alive, were.alive);
    weir_decref(root);
    wr_test_no_leak(before);
}
END_TEST

/* ---- many ---------------------------------------------------------------- */

/*
 * Pieces of chains that end in nothing, in each other, or where chains fork;
 * some of them held, the others garbage.
 */
static void
link_pieces(weir_object **nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        weir_object *o = nodes[i];
        size_t what = below(100);

        if (what < 90) {
            refer(o, 1, nodes[(i + 1) % n]);
        } else if (what < 94) {
            refer(o, 0, nodes[below(n)]);
        } else if (what < 96) {
            refer(o, 0, nodes[below(n)]);
            refer(o, 1, nodes[(i + 1) % n]);
        } else if (what < 97) {
            /* Two references to the same, or to itself. */
            refer(o, 0, nodes[(i + 1) % n]);
            refer(o, 1, nodes[below(2) == 0 ? (i + 1) % n : i]);
        } else if (what < 98) {
            /* Through something that no scout walks along. */
            weir_object *list = weir_list_new();

            must(list != NULL &&
                 weir_list_append(list, nodes[(i + 1) % n]) == 0);
            refer(o, 0, list);
            weir_decref(list);
        }
    }
}

static void
try_pieces(size_t n, size_t held)
{
    weir_object **nodes = make_nodes(n);

    link_pieces(nodes, n);
    let_go(nodes, held, n);
    (void)collect_checked(2);
    (void)collect_checked(2);
    let_go(nodes, 0, held);
    free(nodes);
    (void)collect_checked(2);
    wr_test_no_leak(before);
}

/* [inv:scout.one-way] Who may be claimed decides what is kept. */
START_TEST(chains_of_all_sorts)
{
    struct wr_scouted were = wr_scout_total();
    size_t rounds = wr_test_slow() ? 60 : (size_t)wr_test_size(400);

    be_impatient();
    for (size_t i = 0; i < rounds; i++) {
        size_t n = 2 + below(2000);

        try_pieces(n, below(n < 6 ? n : 6));
    }
    ck_assert_uint_gt(wr_scout_total().alive, were.alive);
    ck_assert_uint_gt(wr_scout_total().vain, were.vain);
}
END_TEST

/* A chain that lives beside one that does not, of which as much is walked. */
START_TEST(what_was_walked_along_in_vain_is_garbage)
{
    struct wr_scouted were = wr_scout_total();
    weir_object **alive = make_nodes(10000);
    weir_object **dead = make_nodes(10000);

    for (size_t i = 0; i < 10000; i++) {
        refer(alive[i], 0, alive[(i + 1) % 10000]);
        refer(dead[i], 0, dead[(i + 1) % 10000]);
        refer(dead[i], 1, alive[0]);
    }
    let_go(alive, 1, 10000);
    let_go(dead, 0, 10000);
    free(dead);
    be_impatient();
    ck_assert_int_eq(collect_checked(2), 10000);
    ck_assert_uint_gt(wr_scout_total().vain, were.vain);
    weir_decref(alive[0]);
    free(alive);
    ck_assert_int_eq(collect_checked(2), 10000);
    wr_test_no_leak(before);
}
END_TEST

/* Chains that all end at trees: more ends than the stack has room for. */
START_TEST(more_exits_than_the_stack_holds)
{
    static const struct wr_collect_caps caps = {.stack = 256, .patience = 1};
    weir_object **nodes = make_nodes(20000);

    wr_collect_set_caps(&caps);
    for (size_t i = 0; i + 1 < 20000; i++) {
        refer(nodes[i], 0, nodes[i + 1]);
        if (i % 3 == 0) {
            refer(nodes[i], 1, nodes[below(20000)]);
        }
    }
    let_go(nodes, 1, 20000);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(nodes[0]);
    free(nodes);
    (void)collect_checked(2);
    wr_test_no_leak(before);
}
END_TEST

/* With some of the heap marked from a handle, the rest is counted alone. */
START_TEST(beside_what_a_handle_holds)
{
    weir_object **named = make_nodes(3000);
    weir_object **nodes = make_nodes(3000);
    weir_handle handle = WEIR_HANDLE_NONE;

    be_impatient();
    for (size_t i = 0; i < 3000; i++) {
        refer(named[i], 0, named[(i + 1) % 3000]);
        refer(nodes[i], 0, nodes[(i + 1) % 3000]);
        if (i % 100 == 0) {
            refer(nodes[i], 1, named[i]);
        }
    }
    ck_assert_int_eq(weir_handle_new(named[7], &handle), 0);
    let_go(named, 0, 3000);
    let_go(nodes, 1, 3000);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(nodes[0]);
    ck_assert_int_eq(collect_checked(2), 3000);
    ck_assert_int_eq(weir_handle_free(handle), 0);
    ck_assert_int_eq(collect_checked(2), 3000);
    free(named);
    free(nodes);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_scout(void)
{
    Suite *suite = suite_create("scout");
    TCase *tc = tcase_create("scout");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_of_a_chain_is_found_alive);
    tcase_add_test(tc, scouts_set_out_on_their_own);
    tcase_add_test(tc, no_scouts_for_a_tree);
    tcase_add_test(tc, chains_of_all_sorts);
    tcase_add_test(tc, what_was_walked_along_in_vain_is_garbage);
    tcase_add_test(tc, more_exits_than_the_stack_holds);
    tcase_add_test(tc, beside_what_a_handle_holds);
    suite_add_tcase(suite, tc);
    return suite;
}
