/* SPDX-License-Identifier: MIT */
/*
 * tests/test_order.c - what is known to be alive from the order of counting:
 * collect/order.h.
 *
 * Whatever is spared a look, what is found must be what the reference finds.
 */
#include "tests/nodes_fixture.h"

#include "collect/order.h"

enum { N = 8000 };

/* n objects of one type in the order of memory, or against it.  The caller owns
 * them. */
static weir_object **
make_nodes(size_t n, weir_type *type, bool downwards)
{
    weir_object **nodes = malloc(n * sizeof(nodes[0]));

    must(nodes != NULL);
    for (size_t i = 0; i < n; i++) {
        nodes[i] = weir_instance_new(type);
        must(nodes[i] != NULL);
    }
    qsort(nodes, n, sizeof(nodes[0]), by_address);
    for (size_t i = 0; downwards && i < n / 2; i++) {
        weir_object *o = nodes[i];

        nodes[i] = nodes[n - 1 - i];
        nodes[n - 1 - i] = o;
    }
    return nodes;
}

/* Drop them all but the first, which is returned. */
static weir_object *
keep_first(weir_object **nodes, size_t n)
{
    weir_object *first = nodes[0];

    for (size_t i = 1; i < n; i++) {
        weir_decref(nodes[i]);
    }
    free(nodes);
    return first;
}

/* A tree of n nodes, level by level along the nodes. */
static void
link_tree(weir_object **nodes, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        refer(nodes[(i - 1) / 2], (i - 1) % 2, nodes[i]);
    }
}

static void
link_chain(weir_object **nodes, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        refer(nodes[i], 0, nodes[i + 1]);
    }
}

/* In a full collection that finds so much, how many were spared a look? */
static uint64_t
spared_by(int64_t found)
{
    uint64_t was = wr_order_spared();

    ck_assert_int_eq(collect_checked(2), found);
    return wr_order_spared() - was;
}

/* ---- all in order -------------------------------------------------------- */

/* [inv:order.exceptions] Either way, and held by its first node or by a list
 * that comes after it in memory. */
START_TEST(a_heap_in_order_is_not_marked)
{
    bool downwards = (_i & 1) != 0;
    weir_type *type = (_i & 2) != 0 ? wide : pair;
    weir_object **nodes = make_nodes(N, type, downwards);
    weir_object *first;

    if ((_i & 4) != 0) {
        link_tree(nodes, N);
    } else {
        link_chain(nodes, N);
    }
    first = keep_first(nodes, N);
    ck_assert_uint_ge(spared_by(0), N - 1);
    if ((_i & 8) != 0) {
        weir_object *list = weir_list_new();

        must(weir_list_append(list, first) == 0);
        weir_decref(first);
        first = list;
        /* All but the first node, which may be looked at. */
        ck_assert_uint_ge(spared_by(0), N - 1);
    }
    weir_decref(first);
    ck_assert_uint_eq(spared_by(0), 0);
    wr_test_no_leak(before);
}
END_TEST

/* All of it garbage: the first is an exception, and nothing comes to it. */
START_TEST(a_dead_heap_in_order_is_found)
{
    weir_object **nodes = make_nodes(N, pair, _i != 0);

    link_tree(nodes, N);
    refer(nodes[N - 1], 0, nodes[0]);
    weir_decref(keep_first(nodes, N));
    ck_assert_uint_eq(spared_by(N), 0);
    wr_test_no_leak(before);
}
END_TEST

/*
 * A list of every second one, last in memory: these are exceptions, since only
 * what is met later refers to them, until marking has come to them.
 */
START_TEST(the_rest_is_spared_when_all_exceptions_are_reached)
{
    weir_object **nodes = make_nodes(N, pair, false);
    weir_object *list = weir_list_new();
    uint64_t spared;

    for (size_t i = 0; i < N; i += 2) {
        refer(nodes[i], 0, nodes[i + 1]);
        refer(nodes[i + 1], 1, nodes[i]);
        must(weir_list_append(list, nodes[i]) == 0);
    }
    weir_decref(keep_first(nodes, N));
    /* It may share a word with the last of them, which are looked at then. */
    spared = spared_by(0);
    ck_assert_uint_le(spared, N / 2);
    ck_assert_uint_ge(spared, N / 2 - 16);
    weir_decref(list);
    ck_assert_uint_eq(spared_by(N), 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- not all ------------------------------------------------------------- */

/* Turn nodes[at] and so many after it into garbage that refers to itself, and
 * to what lives; what they were between is linked without them. */
static void
cut_out(weir_object **nodes, size_t at, size_t n)
{
    refer(nodes[at - 1], 0, nodes[at + n]);
    for (size_t i = at; i < at + n; i++) {
        refer(nodes[i], 0, nodes[i + 1 == at + n ? at : i + 1]);
        refer(nodes[i], 1, nodes[at + n]);
    }
}

/* One piece of a chain in order is dead, of one object and of more, in the
 * first pool, in the last, and in between. */
START_TEST(garbage_in_a_heap_in_order_is_found)
{
    static const size_t places[] = {1, 2, 63, 1000, N / 2, N - 200};
    weir_type *type = (_i & 2) != 0 ? wide : pair;
    size_t n = 1;

    for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
        weir_object **nodes = make_nodes(N, type, (_i & 1) != 0);
        weir_object *first;

        link_chain(nodes, N);
        cut_out(nodes, places[k], n);
        first = keep_first(nodes, N);
        ck_assert_uint_eq(spared_by((int64_t)n), 0);
        /* Now it is in order again. */
        ck_assert_uint_ge(spared_by(0), N - n - 1);
        weir_decref(first);
        ck_assert_int_eq(collect_checked(2), 0);
        n = n * 5 % 102;
    }
    wr_test_no_leak(before);
}
END_TEST

/* A side byte holds 127: what is referred to 128, 256 and 384 times before it
 * is met looks as if nothing referred to it. */
START_TEST(as_many_references_as_a_byte_forgets)
{
    uint64_t spared;
    weir_object **nodes = make_nodes(N, pair, false);
    weir_object *first;

    link_chain(nodes, N);
    for (size_t hub = 1; hub <= 3; hub++) {
        for (size_t i = 0; i < hub * 128 - 1; i++) {
            refer(nodes[hub * 2000 - 1000 + i], 1, nodes[hub * 2000]);
        }
    }
    first = keep_first(nodes, N);
    /* Marking has to come to the first that names the last of them. */
    spared = spared_by(0);
    ck_assert_uint_gt(spared, 0);
    ck_assert_uint_lt(spared, N - 5000);
    weir_decref(first);
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}
END_TEST

/* What a finalizer has seen. */
struct seen {
    unsigned calls;
    uint64_t marks; /* words that are not 0 */
};

static void
count_marks(weir_object *o, void *data)
{
    struct seen *seen = data;

    (void)o;
    seen->calls++;
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        must(wr_side_commit(pool, pool) == 0);
        for (size_t i = 0; i < WR_SIDE_POOL_WORDS; i++) {
            seen->marks +=
                wr_side.mark[pool * WR_SIDE_POOL_WORDS + i] != 0 ? 1 : 0;
        }
    }
}

/* What follows on detection wants the marks for itself. */
START_TEST(no_mark_is_left_when_finalizers_run)
{
    struct seen seen = {.calls = 0};
    weir_type *type = weir_instance_type("finalized", 2, 0, count_marks, &seen);
    weir_object **nodes = make_nodes(N, pair, false);
    weir_object *list = weir_list_new();
    weir_object *o = weir_instance_new(type);

    for (size_t i = 0; i < N; i += 2) {
        refer(nodes[i], 0, nodes[i + 1]);
        must(weir_list_append(list, nodes[i]) == 0);
    }
    refer(o, 0, o);
    weir_decref(o);
    weir_decref(keep_first(nodes, N));
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_uint_eq(seen.calls, 1);
    ck_assert_uint_eq(seen.marks, 0);
    weir_decref(list);
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- nearly in order ----------------------------------------------------- */

/*
 * n nodes, each referred to by the one before it but for one in `odd`.  Of a
 * hundred other slots `full` refer to anything, the rest to what comes soon.
 */
static void
link_nearly(weir_object **nodes, size_t n, size_t odd, size_t full)
{
    for (size_t i = 0; i < n; i++) {
        size_t last = i + 50 < n ? i + 50 : n - 1;

        if (i > 0 && below(odd) != 0) {
            refer(nodes[i - 1], 0, nodes[i]);
        }
        refer(nodes[i], 1,
              below(100) < full ? nodes[below(n)]
                                : nodes[i + below(last - i + 1)]);
    }
}

/* Graphs in which links are missing, or lead anywhere; held by a few nodes,
 * which are let go of one after the other. */
START_TEST(graphs_nearly_in_order)
{
    static const size_t odds[] = {2, 10, 100, 100000};
    uint64_t was = wr_order_spared();
    int64_t found = 0;
    /* blocks that are longer than a word of a bitmap */
    weir_type *huge = weir_instance_type("huge", 200, 0, NULL, NULL);
    weir_type *const types[] = {wide, pair, huge};
    int turns = wr_test_slow() ? 4 : 24;

    for (int turn = 0; turn < turns; turn++) {
        size_t n = 1500 + below(3000);
        size_t held = 1 + below(4);
        weir_object **nodes = make_nodes(n, types[turn % 3], _i != 0);
        const struct wr_collect_caps caps = {.stack =
                                                 turn / 4 % 2 == 0 ? 0 : 256};

        wr_collect_set_caps(&caps);
        link_nearly(nodes, n, odds[turn % 4], turn % 5 == 0 ? 30 : 0);
        for (size_t i = held; i < n; i++) {
            weir_decref(nodes[i]);
        }
        for (size_t i = held; i > 0; i--) {
            found += collect_checked(2);
            weir_decref(nodes[i - 1]);
        }
        free(nodes);
        found += collect_checked(2);
        wr_test_no_leak(before);
    }
    ck_assert_int_gt(found, 0);
    ck_assert_uint_gt(wr_order_spared(), was);
}
END_TEST

/*
 * n nodes and a list that is counted last.  The first `loose` of them refer to
 * nothing, and only the list refers to them: so many exceptions that the order
 * is broken.  The others are a chain in order.  Returns the list; the caller
 * owns the nodes.
 */
static weir_object *
make_half(weir_object ***nodes, size_t n, size_t loose, bool downwards)
{
    weir_object *list = downwards ? weir_list_new() : NULL;

    *nodes = make_nodes(n, pair, downwards);
    list = downwards ? list : weir_list_new();
    for (size_t i = 0; i < loose; i++) {
        must(weir_list_append(list, (*nodes)[i]) == 0);
    }
    link_chain(*nodes + loose, n - loose);
    return list;
}

/* All the exceptions up to then are reached, the rest is alive and in order,
 * and nobody knows. */
START_TEST(a_broken_order_spares_nothing)
{
    enum { MANY = 20000, LOOSE = MANY / 9 };
    weir_object **nodes;
    weir_object *list = make_half(&nodes, MANY, LOOSE, _i != 0);

    must(weir_list_append(list, nodes[LOOSE]) == 0);
    weir_decref(keep_first(nodes, MANY));
    ck_assert_uint_eq(spared_by(0), 0);
    weir_decref(list);
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}
END_TEST

/* The same, but the rest is dead; and the list is so long that there are
 * sweeps. */
START_TEST(a_broken_order_stays_broken)
{
    weir_object **nodes;
    weir_object *list = make_half(&nodes, N, N / 2, _i != 0);

    refer(nodes[N - 1], 0, nodes[N / 2]);
    weir_decref(keep_first(nodes, N));
    ck_assert_uint_eq(spared_by(N / 2), 0);
    weir_decref(list);
    ck_assert_int_eq(collect_checked(2), 0);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_order(void)
{
    Suite *suite = suite_create("order");
    TCase *all = tcase_create("all");
    TCase *some = tcase_create("some");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, a_heap_in_order_is_not_marked, 0, 16);
    tcase_add_loop_test(all, a_dead_heap_in_order_is_found, 0, 2);
    tcase_add_test(all, the_rest_is_spared_when_all_exceptions_are_reached);
    suite_add_tcase(suite, all);

    tcase_add_checked_fixture(some, setup, teardown);
    tcase_set_timeout(some, 60);
    tcase_add_loop_test(some, garbage_in_a_heap_in_order_is_found, 0, 4);
    tcase_add_test(some, as_many_references_as_a_byte_forgets);
    tcase_add_test(some, no_mark_is_left_when_finalizers_run);
    tcase_add_loop_test(some, graphs_nearly_in_order, 0, 2);
    tcase_add_loop_test(some, a_broken_order_spares_nothing, 0, 2);
    tcase_add_loop_test(some, a_broken_order_stays_broken, 0, 2);
    suite_add_tcase(suite, some);
    return suite;
}
