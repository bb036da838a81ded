/* SPDX-License-Identifier: MIT */
/*
 * tests/test_bench.c - the collector benchmark, from inside.
 *
 * Every graph in every state measures clean and leaves nothing behind; survives
 * that memory runs out anywhere; and notices when the runtime does the wrong
 * thing once.  tests/cli/test-collect.sh runs it as a user does.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "stress/collect/measure.h"
#include "tests/lies.h"

/* The n-th way to measure: 10 graphs in 16 states. */
static struct wr_plan
nth_plan(int n)
{
    struct wr_plan plan = {
        .graph = (enum wr_graph)(n / 16),
        .objects = 300,
        .live_heap = (n & 1) != 0 ? 100 : 0,
        .shuffled = (n & 2) != 0,
        .live = (n & 4) != 0,
        .generation = (n & 8) != 0 ? 0 : 2,
        .roots_known = (n & 3) != 0,
        .repeats = 2,
        .seed = 5,
    };

    if (wr_graph_is_automatic(plan.graph)) {
        plan.objects = 6000;
    }
    return plan;
}

enum { PLANS = WR_GRAPHS * 16 };

static struct wr_test_usage
start(void)
{
    weir_config config;

    weir_config_init(&config);
    config.hash_seed = 1;
    config.gc_disabled = true;
    ck_assert_int_eq(weir_start(&config), 0);
    return wr_test_usage();
}

static void
check_nothing_left(struct wr_test_usage before)
{
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}

/* Objects of the graph, the holder included. */
static int64_t
garbage_of(const struct wr_plan *plan)
{
    struct wr_shape shape;

    wr_shape_init(&shape, plan->graph, plan->objects, false, 1);
    return (int64_t)(shape.nodes + shape.held);
}

START_TEST(a_plan_measures_clean_and_leaves_nothing)
{
    struct wr_test_usage before = start();
    struct wr_plan plan = nth_plan(_i);
    struct wr_result result;
    int64_t expected = 0;

    ck_assert_int_eq(wr_collect_measure(&plan, true, &result), 0);
    ck_assert_msg(result.failure == NULL, "plan %d: %s", _i, result.failure);
    if (plan.graph == WR_GRAPH_CHURN) {
        expected = 6000;
    } else if (!plan.live && !wr_graph_is_automatic(plan.graph)) {
        expected = 2 * garbage_of(&plan);
    }
    ck_assert_int_eq(result.expected, expected);
    ck_assert_int_eq(result.collected, expected);
    if (!wr_graph_is_automatic(plan.graph)) {
        ck_assert_double_gt(result.ns_per_object, 0);
        ck_assert_int_eq(result.collections, 2);
        ck_assert_int_ge(result.pause_max_ns, result.pause_p50_ns);
        ck_assert_int_ge(result.visited, 2 * (int64_t)plan.objects);
    }
    check_nothing_left(before);
    wr_test_stop();
}
END_TEST

/* Sizes, and the total looked at, which never shrinks. */
START_TEST(growth_is_sampled_up_to_the_end)
{
    struct wr_plan plan = nth_plan(WR_GRAPH_GROW * 16 + 1);
    struct wr_result result;

    (void)start();
    ck_assert_int_eq(wr_collect_measure(&plan, true, &result), 0);
    ck_assert_uint_gt(result.ngrowth, 20);
    ck_assert_uint_eq(result.growth[0].objects, 100);
    for (uint64_t i = 1; i < result.ngrowth; i++) {
        ck_assert_uint_gt(result.growth[i].objects,
                          result.growth[i - 1].objects);
        ck_assert_int_ge(result.growth[i].visited,
                         result.growth[i - 1].visited);
    }
    ck_assert_uint_eq(result.growth[result.ngrowth - 1].objects, 6000);
    ck_assert_int_gt(result.growth[result.ngrowth - 1].visited, 2000);
    wr_test_stop();
}
END_TEST

START_TEST(churn_without_collecting_keeps_all_of_it)
{
    struct wr_plan plan = nth_plan(WR_GRAPH_CHURN * 16);
    struct wr_result with;
    struct wr_result without;

    (void)start();
    ck_assert_int_eq(wr_collect_measure(&plan, true, &with), 0);
    ck_assert_int_eq(wr_collect_measure(&plan, false, &without), 0);
    ck_assert_int_gt(with.collections, 0);
    ck_assert_int_lt(with.backlog[with.nbacklog - 1], 6000);
    ck_assert_int_eq(without.collections, 0);
    ck_assert_int_eq(without.backlog[without.nbacklog - 1], 6000);
    wr_test_stop();
}
END_TEST

/* The logical graph is the same wherever it lies. */
START_TEST(order_does_not_change_the_checksum)
{
    struct wr_plan plan = nth_plan(_i * 16 + 4);
    struct wr_result build;
    struct wr_result shuffled;

    (void)start();
    ck_assert_int_eq(wr_collect_measure(&plan, true, &build), 0);
    plan.shuffled = true;
    ck_assert_int_eq(wr_collect_measure(&plan, true, &shuffled), 0);
    ck_assert_uint_ne(build.checksum, 0);
    ck_assert_uint_eq(build.checksum, shuffled.checksum);
    plan.seed++;
    ck_assert_int_eq(wr_collect_measure(&plan, true, &shuffled), 0);
    /* Only two of the graphs are random. */
    ck_assert_int_eq(build.checksum != shuffled.checksum,
                     plan.graph == WR_GRAPH_LISTS ||
                         plan.graph == WR_GRAPH_DICTS);
    wr_test_stop();
}
END_TEST

/* Every size, however small, refers to nodes that exist, and no tuple refers
 * to a tuple. */
START_TEST(edges_lead_to_nodes)
{
    for (uint64_t nodes = 2; nodes < 130; nodes++) {
        struct wr_shape shape;

        wr_shape_init(&shape, (enum wr_graph)_i, nodes, true, nodes);
        for (uint64_t i = 0; i < shape.nodes; i++) {
            uint64_t to[WR_EDGES_MAX];
            unsigned n = wr_shape_edges(&shape, i, to);

            ck_assert_uint_le(n, WR_EDGES_MAX);
            for (unsigned k = 0; k < n; k++) {
                ck_assert_uint_lt(to[k], shape.nodes);
                ck_assert(wr_shape_kind(&shape, i) != WR_NODE_TUPLE ||
                          wr_shape_kind(&shape, to[k]) != WR_NODE_TUPLE);
            }
        }
    }
}
END_TEST

START_TEST(a_shuffle_has_every_node_once)
{
    struct wr_shape shape;
    uint32_t *order;
    bool seen[1000] = {false};
    uint32_t moved = 0;

    wr_shape_init(&shape, WR_GRAPH_TREE, 1000, true, 3);
    order = wr_shape_shuffle(&shape);
    ck_assert_ptr_nonnull(order);
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert_uint_lt(order[i], 1000);
        ck_assert(!seen[order[i]]);
        seen[order[i]] = true;
        moved += order[i] != i;
    }
    ck_assert_uint_gt(moved, 900);
    free(order);
}
END_TEST

START_TEST(a_plan_survives_lack_of_memory)
{
    struct wr_plan plan = nth_plan(_i * 16 + 1 + 4 * (_i % 2));
    uint64_t nth = 1;
    bool failed;

    do {
        struct wr_test_usage before = start();
        struct wr_result result;
        int error;

        wr_heap_set_slow_stw(true);
        wr_fault_arm(nth);
        error = wr_collect_measure(&plan, true, &result);
        failed = wr_fault_seen() >= nth;
        wr_fault_disarm();
        wr_heap_set_slow_stw(false);
        ck_assert_msg(error == 0 || error == WEIR_ENOMEM, "plan %d: %d", _i,
                      error);
        check_nothing_left(before);
        wr_test_stop();
        /* The first ones one by one, then further and further apart. */
        nth += 1 + nth / 4;
    } while (failed);
}
END_TEST

/* What goes wrong, and what the run says then. */
static const struct row {
    enum wr_graph graph;
    bool live;
    uint64_t live_heap;
    enum wr_lie lie;
    uint64_t nth;
    const char *says;
} rows[] = {
    {WR_GRAPH_TREE, true, 0, WR_LIE_INSTANCE_SET_LOST, 7, "objects appeared"},
    {WR_GRAPH_TREE, true, 0, WR_LIE_REFCOUNT_LOW, 9, "graph was changed"},
    {WR_GRAPH_LISTS, true, 0, WR_LIE_LIST_GET_NEXT, 70, "graph was changed"},
    {WR_GRAPH_LISTS, true, 0, WR_LIE_APPEND_TWICE, 70, "graph was changed"},
    {WR_GRAPH_DICTS, true, 0, WR_LIE_DICT_SET_LOST, 7, "graph was changed"},
    {WR_GRAPH_DICTS, true, 0, WR_LIE_DICT_GET_FIRST, 8, "graph was changed"},
    {WR_GRAPH_RING, true, 0, WR_LIE_COLLECT_MORE, 2, "live objects were"},
    {WR_GRAPH_TREE, true, 0, WR_LIE_MEMORY_HIGH, 2, "objects appeared"},
    {WR_GRAPH_RING, false, 0, WR_LIE_COLLECT_MORE, 1, "not the garbage built"},
    {WR_GRAPH_HUB, false, 0, WR_LIE_COLLECT_NOTHING, 1, "not the garbage"},
    {WR_GRAPH_CYCLES, false, 90, WR_LIE_MEMORY_HIGH, 2, "left over"},
    {WR_GRAPH_CYCLES, false, 90, WR_LIE_REFCOUNT_LOW, 5, "live heap beside"},
    {WR_GRAPH_CHURN, false, 90, WR_LIE_REFCOUNT_LOW, 5, "live heap beside"},
    {WR_GRAPH_CHURN, false, 0, WR_LIE_COLLECT_MORE, 1, "not the garbage"},
    {WR_GRAPH_CHURN, false, 90, WR_LIE_MEMORY_HIGH, 2, "left over"},
    {WR_GRAPH_GROW, true, 9, WR_LIE_REFCOUNT_LOW, 9, "graph was changed"},
};

START_TEST(a_plan_notices_a_wrong_result)
{
    const struct row *row = &rows[_i];
    struct wr_plan plan = nth_plan((int)row->graph * 16);
    struct wr_result result;
    bool lied;
    int error;

    (void)start();
    plan.live = row->live;
    plan.live_heap = row->live_heap;
    plan.roots_known = false;
    plan.repeats = 1;
    wr_lie_arm(row->lie, row->nth);
    error = wr_collect_measure(&plan, true, &result);
    lied = wr_lie_disarm();
    ck_assert_msg(lied, "row %d: nothing lied", _i);
    ck_assert_msg(error == 0, "row %d: returned %d", _i, error);
    ck_assert_msg(result.failure != NULL && strstr(result.failure, row->says),
                  "row %d: says \"%s\"", _i,
                  result.failure != NULL ? result.failure : "nothing");
    wr_test_stop();
}
END_TEST

Suite *
wr_suite_bench(void)
{
    Suite *suite = suite_create("bench");
    TCase *runs = tcase_create("runs");
    TCase *memory = tcase_create("memory");
    TCase *checks = tcase_create("checks");

    tcase_add_loop_test(runs, a_plan_measures_clean_and_leaves_nothing, 0,
                        PLANS);
    tcase_add_test(runs, growth_is_sampled_up_to_the_end);
    tcase_add_test(runs, churn_without_collecting_keeps_all_of_it);
    tcase_add_loop_test(runs, order_does_not_change_the_checksum, 0,
                        WR_GRAPH_CHURN);
    tcase_add_loop_test(runs, edges_lead_to_nodes, 0, WR_GRAPH_CHURN);
    tcase_add_test(runs, a_shuffle_has_every_node_once);
    suite_add_tcase(suite, runs);
    tcase_add_loop_test(memory, a_plan_survives_lack_of_memory, 0,
                        WR_TEST_SEES_RACES ? 1 : WR_GRAPHS);
    suite_add_tcase(suite, memory);
    tcase_add_loop_test(checks, a_plan_notices_a_wrong_result, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    suite_add_tcase(suite, checks);
    return suite;
}
