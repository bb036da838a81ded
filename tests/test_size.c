/* SPDX-License-Identifier: MIT */
/*
 * tests/test_size.c - what objects occupy, reach and own.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "base/mem.h"
#include "base/random.h"

enum { NODES = 60, LINKS = 90, CASES = 60, DEPTH = 100000 };

struct size {
    uint64_t bytes;
    uint64_t objects;
};

/* All that objects occupy now. */
static struct size
heap_size(void)
{
    weir_memory memory;

    (void)wr_test_usage();
    ck_assert_int_eq(weir_memory_stats(&memory), 0);
    return (struct size){memory.object_bytes + memory.raw_bytes,
                         memory.objects + memory.atoms};
}

static uint64_t
size_of(weir_object *o)
{
    uint64_t bytes = 0;

    ck_assert_int_eq(weir_size_of(o, &bytes), 0);
    return bytes;
}

static struct size
reachable(weir_object *o)
{
    struct size size = {0, 0};

    ck_assert_int_eq(weir_size_reachable(o, &size.bytes, &size.objects), 0);
    return size;
}

static struct size
owned(weir_object *o)
{
    struct size size = {0, 0};

    ck_assert_int_eq(weir_size_owned(o, &size.bytes, &size.objects), 0);
    return size;
}

static void
same(struct size a, uint64_t bytes, uint64_t objects)
{
    ck_assert_uint_eq(a.objects, objects);
    ck_assert_uint_eq(a.bytes, bytes);
}

/* What is owned, where anything is: without counts nothing dies. */
static void
owns(weir_object *o, uint64_t bytes, uint64_t objects)
{
    same(owned(o), wr_cfg_counted ? bytes : 0, wr_cfg_counted ? objects : 0);
}

/* o is all that was made since `before`. */
static void
is_all(weir_object *o, struct size before)
{
    struct size after = heap_size();

    ck_assert_uint_eq(size_of(o), after.bytes - before.bytes);
    same(reachable(o), after.bytes - before.bytes, 1);
    owns(o, after.bytes - before.bytes, 1);
    weir_decref(o);
}

START_TEST(size_is_what_the_heap_sets_aside)
{
    static char bytes[200000];
    weir_object *one = weir_int_new(1);

    for (size_t n = 1; n < sizeof(bytes); n *= 3) {
        struct size before = heap_size();

        is_all(weir_str_new(bytes, n), before);
        before = heap_size();
        is_all(weir_tuple_new(n), before);
    }
    for (int n = 0; n < 12000; n = n * 2 + 1) {
        struct size before = heap_size();
        weir_object *list = weir_list_new();

        for (int i = 0; i < n; i++) {
            ck_assert_int_eq(weir_list_append(list, one), 0);
        }
        if (wr_cfg_counted) {
            is_all(list, before);
        }
        before = heap_size();
        list = weir_dict_new();
        for (int i = 0; i < n && i < 1000; i++) {
            ck_assert_int_eq(weir_dict_set(list, weir_int_new(i), one), 0);
        }
        if (wr_cfg_counted) {
            is_all(list, before);
        }
    }
}
END_TEST

START_TEST(immortal_has_a_size_and_costs_nobody)
{
    weir_object *s = weir_str_intern("a name", 6);
    weir_object *list = weir_list_new();
    weir_object *held = weir_list_new();
    uint64_t alone = size_of(list);

    ck_assert_uint_eq(size_of(weir_int_new(7)), 32);
    ck_assert_uint_eq(size_of(weir_tuple_new(0)), 16);
    ck_assert_uint_ge(size_of(s), 32 + 7);
    ck_assert_uint_ge(size_of((weir_object *)weir_type_of(s)), 64);
    same(reachable(s), size_of(s), 1);
    owns(s, 0, 0);
    ck_assert_int_eq(weir_list_append(list, s), 0);
    ck_assert_int_eq(weir_list_append(list, weir_int_new(7)), 0);
    ck_assert_uint_gt(size_of(list), alone);
    same(reachable(list), size_of(list), 1);
    owns(list, size_of(list), 1);
    /* What only an immortal object refers to is not looked at. */
    ck_assert_int_eq(weir_list_append(held, list), 0);
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_immortalize(weir_newref(held)), 0);
        same(reachable(held), size_of(held) + size_of(list), 2);
        same(owned(held), 0, 0);
        ck_assert_int_eq(weir_list_append(list, held), 0);
        same(reachable(list), size_of(list), 1);
    }
}
END_TEST

START_TEST(shared_is_counted_once)
{
    weir_object *item = wr_test_int(1);
    weir_object *list = weir_list_new();
    weir_object *both[2] = {list, list};
    weir_object *pair;

    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(weir_list_append(list, item), 0);
    }
    pair = weir_tuple_pack(2, both);
    same(reachable(list), size_of(list) + size_of(item), 2);
    same(reachable(pair), size_of(pair) + size_of(list) + size_of(item), 3);
    /* The test holds the list and the item. */
    owns(pair, size_of(pair), 1);
    owns(list, size_of(list), 1);
    owns(item, size_of(item), 1);
    weir_decref(item);
    owns(list, size_of(list) + size_of(item), 2);
    owns(pair, size_of(pair), 1);
    weir_decref(list);
    owns(pair, size_of(pair) + size_of(list) + size_of(item), 3);
    /* References from wherever they come: those of the pair too. */
    owns(list, size_of(list) + size_of(item), 2);
    owns(item, size_of(item), 1);
    weir_decref(pair);
}
END_TEST

START_TEST(parent_is_not_owned_by_its_child)
{
    weir_object *parent = weir_list_new();
    weir_object *child = weir_list_new();
    weir_object *toy = wr_test_int(1);

    ck_assert_int_eq(weir_list_append(parent, child), 0);
    ck_assert_int_eq(weir_list_append(child, parent), 0);
    ck_assert_int_eq(weir_list_append(child, toy), 0);
    weir_decref(child);
    weir_decref(toy);
    same(reachable(child), size_of(child) + size_of(parent) + size_of(toy), 3);
    same(reachable(parent), reachable(child).bytes, 3);
    owns(child, size_of(child) + size_of(toy), 2);
    owns(parent, reachable(parent).bytes, 3);
    /* Nobody holds the parent any more but the ring. */
    weir_decref(parent);
    owns(child, reachable(child).bytes, 3);
    ck_assert_int_eq(weir_list_clear(parent), 0);
}
END_TEST

START_TEST(attributes_are_an_object_of_their_own)
{
    weir_type *type =
        weir_instance_type("with", 1, WEIR_TYPE_ATTRS, NULL, NULL);
    struct size before = heap_size();
    weir_object *o = weir_instance_new(type);
    weir_object *name = weir_str_intern("name", 4);
    struct size with;

    same(reachable(o), size_of(o), 1);
    ck_assert_int_eq(weir_attr_set(o, name, o), 0);
    with = reachable(o);
    ck_assert_uint_eq(with.objects, 2);
    ck_assert_uint_eq(with.bytes, heap_size().bytes - before.bytes);
    ck_assert_int_eq(weir_attr_delete(o, name), 0);
    owns(o, with.bytes, 2);
    weir_decref(o);
}
END_TEST

START_TEST(bad_questions_are_refused)
{
    weir_object *list = weir_list_new();
    uint64_t bytes = 77;
    uint64_t objects = 78;

    ck_assert_int_eq(weir_size_of(NULL, &bytes), WEIR_EINVAL);
    ck_assert_int_eq(weir_size_of(list, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_size_reachable(NULL, &bytes, &objects), WEIR_EINVAL);
    ck_assert_int_eq(weir_size_owned(NULL, &bytes, &objects), WEIR_EINVAL);
    ck_assert_int_eq(weir_size_owned(list, NULL, NULL), 0);
    ck_assert_int_eq(weir_size_reachable(list, NULL, NULL), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_size_of(list, &bytes), WEIR_ESTATE);
    ck_assert_int_eq(weir_size_reachable(list, &bytes, &objects), WEIR_ESTATE);
    ck_assert_int_eq(weir_size_owned(list, &bytes, &objects), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_uint_eq(bytes, 77);
    ck_assert_uint_eq(objects, 78);
    weir_decref(list);
}
END_TEST

/* ---- random graphs ------------------------------------------------------ */

/* Lists and ints that refer to each other at random; the test holds some. */
struct graph {
    struct wr_random random;
    weir_object *nodes[NODES];
    bool held[NODES];
};

static size_t
below(struct graph *g, uint64_t n)
{
    return (size_t)wr_random_below(&g->random, n);
}

static void
build(struct graph *g)
{
    for (size_t i = 0; i < NODES; i++) {
        g->nodes[i] =
            below(g, 4) == 0 ? wr_test_int((int64_t)i) : weir_list_new();
    }
    for (int i = 0; i < LINKS; i++) {
        weir_object *from = g->nodes[below(g, NODES)];

        if (weir_is_list(from)) {
            ck_assert_int_eq(weir_list_append(from, g->nodes[below(g, NODES)]),
                             0);
        }
    }
}

/* The node whose object that is; NODES for none. */
static size_t
number_of(const struct graph *g, const weir_object *o)
{
    size_t i = 0;

    while (i < NODES && g->nodes[i] != o) {
        i++;
    }
    return i;
}

/* Follow the references from node `root` the slow way; adds to seen[]. */
static struct size
reach_slowly(const struct graph *g, size_t root, bool seen[NODES])
{
    size_t found[NODES] = {root};
    struct size size = {0, 0};
    size_t n = 1;

    seen[root] = true;
    for (size_t i = 0; i < n; i++) {
        weir_object *o = g->nodes[found[i]];
        int64_t items = weir_is_list(o) ? weir_list_size(o) : 0;

        size.bytes += size_of(o);
        size.objects++;
        for (int64_t j = 0; j < items; j++) {
            weir_object *item = weir_list_get(o, (size_t)j);
            size_t number = number_of(g, item);

            weir_decref(item);
            ck_assert_uint_lt(number, NODES);
            if (!seen[number]) {
                seen[number] = true;
                found[n++] = number;
            }
        }
    }
    return size;
}

/* Take every reference to node `root` away. */
static void
drop_everywhere(struct graph *g, size_t root)
{
    weir_object *zero = weir_int_new(0);

    for (size_t i = 0; i < NODES; i++) {
        weir_object *o = g->nodes[i];
        int64_t items;

        if (o == NULL || i == root || !weir_is_list(o)) {
            continue;
        }
        items = weir_list_size(o);
        for (int64_t j = 0; j < items; j++) {
            weir_object *item = weir_list_get(o, (size_t)j);

            if (item == g->nodes[root]) {
                ck_assert_int_eq(weir_list_set(o, (size_t)j, zero), 0);
            }
            weir_decref(item);
        }
    }
}

/* Let go of half of the nodes.  Those that no other holds either are
 * forgotten, and collected. */
static void
forget_some(struct graph *g, size_t but)
{
    bool alive[NODES] = {false};

    for (size_t i = 0; i < NODES; i++) {
        g->held[i] = i == but || below(g, 2) == 0;
        if (g->held[i] && !alive[i]) {
            (void)reach_slowly(g, i, alive);
        }
    }
    for (size_t i = 0; i < NODES; i++) {
        if (!g->held[i]) {
            weir_decref(g->nodes[i]);
        }
        if (!alive[i]) {
            g->nodes[i] = NULL;
        }
    }
    (void)weir_gc_collect(2);
}

/*
 * One case: ask what a node owns, then drop it and see what comes back.  It
 * holds itself, so that it is there until the collection, in whatever order
 * its other references go.
 */
static void
ask_and_drop(struct graph *g)
{
    size_t root = below(g, NODES);
    struct size expected;
    struct size before;
    struct size after;

    build(g);
    for (size_t i = 0; i < NODES; i++) {
        bool seen[NODES] = {false};
        struct size slow = reach_slowly(g, i, seen);

        same(reachable(g->nodes[i]), slow.bytes, slow.objects);
    }
    while (!weir_is_list(g->nodes[root])) {
        root = (root + 1) % NODES;
    }
    ck_assert_int_eq(weir_list_append(g->nodes[root], g->nodes[root]), 0);
    forget_some(g, root);
    expected = owned(g->nodes[root]);
    before = heap_size();
    drop_everywhere(g, root);
    weir_decref(g->nodes[root]);
    (void)weir_gc_collect(2);
    after = heap_size();
    same(expected, before.bytes - after.bytes, before.objects - after.objects);
    /* Away with the rest. */
    for (size_t i = 0; i < NODES; i++) {
        if (g->held[i] && i != root) {
            weir_decref(g->nodes[i]);
        }
    }
    (void)weir_gc_collect(2);
}

START_TEST(owned_is_what_death_gives_back)
{
    static struct graph g;

    if (!wr_cfg_counted) {
        return;
    }
    wr_random_seed(&g.random, wr_test_seed());
    for (uint64_t i = 0; i < wr_test_size(CASES); i++) {
        ask_and_drop(&g);
    }
}
END_TEST

START_TEST(deep_is_walked_without_recursion)
{
    weir_object *head = weir_list_new();
    uint64_t bytes = size_of(head);

    for (int i = 0; i < DEPTH; i++) {
        weir_object *outer = weir_list_new();

        ck_assert_int_eq(weir_list_append(outer, head), 0);
        weir_decref(head);
        head = outer;
        bytes += size_of(outer);
    }
    same(reachable(head), bytes, DEPTH + 1);
    owns(head, bytes, DEPTH + 1);
    weir_decref(head);
}
END_TEST

START_TEST(no_memory_changes_nothing)
{
    weir_object *list = weir_list_new();
    struct size size = {77, 78};
    struct size right;
    uint64_t blocks;
    uint64_t nth = 0;
    int error;

    for (int i = 0; i < 1000; i++) {
        weir_object *item = wr_test_int(i);

        ck_assert_int_eq(weir_list_append(list, item), 0);
        weir_decref(item);
    }
    right = reachable(list);
    ck_assert_uint_eq(right.objects, 1001);
    blocks = wr_mem_get_stats().blocks;
    do {
        nth++;
        wr_fault_arm(nth);
        error = weir_size_reachable(list, &size.bytes, &size.objects);
        wr_fault_disarm();
        ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
        if (error != 0) {
            ck_assert_int_eq(error, WEIR_ENOMEM);
            same(size, 77, 78);
        }
    } while (error != 0);
    /* Nodes and index, for 128, 256, 512 and 1024. */
    ck_assert_uint_eq(nth, 9);
    same(size, right.bytes, right.objects);
    if (wr_cfg_counted) {
        wr_fault_arm(1);
        ck_assert_int_eq(weir_size_owned(list, NULL, NULL), WEIR_ENOMEM);
        wr_fault_disarm();
    }
    weir_decref(list);
}
END_TEST

/* Others change the list; each answer is one that it had at some moment. */
static int
change_and_ask(struct wr_worker *me, int64_t round)
{
    weir_object *list = me->shared;
    uint64_t bytes = 0;
    uint64_t objects = 0;
    weir_object *item;
    int error;

    if (me->index == 0) {
        error = round % 2 == 0 ? weir_size_reachable(list, &bytes, &objects)
                               : weir_size_owned(list, &bytes, &objects);
        if (error == 0) {
            error = weir_size_of(list, &bytes);
        }
        return error != 0 || objects <= 4 ? error : WEIR_ERANGE;
    }
    item = weir_int_new(INT64_C(1000000) + round);
    error = weir_list_append(list, item);
    weir_decref(item);
    item = weir_list_pop(list);
    weir_xdecref(item);
    return error;
}

START_TEST(others_may_run_meanwhile)
{
    weir_object *list = weir_list_new();

    if (!wr_test_safe) {
        return;
    }
    wr_run_workers(list, 4, (int64_t)wr_test_size(1000), change_and_ask);
    ck_assert_int_eq(weir_list_size(list), 0);
    weir_decref(list);
}
END_TEST

Suite *
wr_suite_size(void)
{
    Suite *suite = suite_create("size");
    TCase *tc = tcase_create("size");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, size_is_what_the_heap_sets_aside);
    tcase_add_test(tc, immortal_has_a_size_and_costs_nobody);
    tcase_add_test(tc, shared_is_counted_once);
    tcase_add_test(tc, parent_is_not_owned_by_its_child);
    tcase_add_test(tc, attributes_are_an_object_of_their_own);
    tcase_add_test(tc, bad_questions_are_refused);
    tcase_add_test(tc, owned_is_what_death_gives_back);
    tcase_add_test(tc, deep_is_walked_without_recursion);
    tcase_add_test(tc, no_memory_changes_nothing);
    tcase_add_test(tc, others_may_run_meanwhile);
    suite_add_tcase(suite, tc);
    return suite;
}
