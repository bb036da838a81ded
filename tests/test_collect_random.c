/* SPDX-License-Identifier: MIT */
/*
 * tests/test_collect_random.c - random graphs, every collection of which is
 * predicted by the reference collector.
 *
 * A case is a sequence of random steps: make an object of some kind, link two
 * objects, forget one, refer to one some special number of times, collect.
 * After each collection the heap must be what was predicted, counts included.
 * The seed of the run is printed; a failure names the seed of its case, and
 * WEIR_TEST_SEED with WEIR_TEST_SCALE repeats it.
 */
#include "tests/fixture.h"

#include "base/random.h"
#include "collect/collect.h"
#include "heap/stats.h"
#include "tests/bag.h"
#include "tests/reference.h"

#include <inttypes.h>

enum {
    HANDLES = 200,
    TYPES = 9,
    CASES = 40,
    STEPS = 3000,
    WEAK_MAX = 10000 /* with a callback, per case */
};

/* Counts on both sides of what fits a side byte. */
static const unsigned special[] = {
    1, 2, 3, 126, 127, 128, 129, 130, 255, 256, 257, 384, 512,
};

struct handle {
    weir_object *object;
    unsigned references; /* that this handle owns; 0: empty */
    weir_handle known;   /* one more that the runtime owns, or none */
};

struct graph {
    struct wr_random random;
    struct handle handles[HANDLES];
    weir_type *types[TYPES]; /* by slots; the last has attributes */
    weir_type *bag;
    weir_object *names[4];
    uint64_t collections;
    uint64_t found;
    uint64_t seed;
    unsigned calls[WEAK_MAX]; /* by weak reference */
    size_t weak;
    size_t called;
};

static unsigned
below(struct graph *g, unsigned n)
{
    return (unsigned)wr_random_below(&g->random, n);
}

static unsigned
special_count(struct graph *g)
{
    return special[below(g, sizeof(special) / sizeof(special[0]))];
}

static void
forget(struct handle *handle)
{
    for (; handle->references > 0; handle->references--) {
        weir_decref(handle->object);
    }
    if (handle->known != WEIR_HANDLE_NONE) {
        ck_assert_int_eq(weir_handle_free(handle->known), 0);
        handle->known = WEIR_HANDLE_NONE;
    }
    handle->object = NULL;
}

/* Some object that is held, borrowed; or NULL. */
static weir_object *
any(struct graph *g)
{
    /* Bounded tries: the table may be empty. */
    for (unsigned i = 0; i < 16; i++) {
        struct handle *handle = &g->handles[below(g, HANDLES)];

        if (handle->references > 0) {
            return handle->object;
        }
    }
    return NULL;
}

/* A new reference to some object, an atom now and then. */
static weir_object *
any_value(struct graph *g)
{
    weir_object *o = below(g, 8) == 0 ? NULL : any(g);

    if (o != NULL) {
        return weir_newref(o);
    }
    return below(g, 2) == 0 ? wr_test_int(below(g, 100))
                            : weir_newref(g->names[below(g, 4)]);
}

static weir_object *
make_tuple(struct graph *g)
{
    size_t n = below(g, 20) == 0 ? 5000 : 1 + below(g, 6);
    weir_object *tuple = weir_tuple_new(n);

    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(weir_tuple_set_steal(tuple, i, any_value(g)), 0);
    }
    return tuple;
}

static void
count_call(weir_object *weak, weir_object *context, void *data)
{
    (void)weak;
    (void)context;
    ++*(unsigned *)data;
}

/* A weak reference to something that is held; without callback maybe one that
 * there is already. */
static weir_object *
make_weak(struct graph *g)
{
    weir_object *target = any(g);
    weir_object *w;

    if (target == NULL || weir_is_weak(target)) {
        target = weir_list_new();
    } else {
        weir_incref(target);
    }
    if (g->weak == WEAK_MAX || below(g, 2) == 0) {
        w = weir_weak_new(target, NULL, NULL, NULL);
    } else {
        w = weir_weak_new(target, count_call, below(g, 2) == 0 ? NULL : any(g),
                          &g->calls[g->weak++]);
    }
    weir_decref(target);
    return w;
}

static weir_object *
make_object(struct graph *g)
{
    switch (below(g, 13)) {
    case 0:
        return weir_list_new();
    case 1:
        return weir_dict_new();
    case 2:
        return make_tuple(g);
    case 3:
        return weir_cell_new(below(g, 2) == 0 ? any(g) : NULL);
    case 4:
        return weir_foreign_new(g->bag);
    case 5:
        return weir_set_new();
    case 6:
    case 7:
        return make_weak(g);
    default:
        return weir_instance_new(g->types[below(g, TYPES)]);
    }
}

static void
step_make(struct graph *g)
{
    struct handle *handle = &g->handles[below(g, HANDLES)];
    weir_object *o = make_object(g);

    ck_assert_ptr_nonnull(o);
    forget(handle);
    handle->object = o;
    handle->references = 1;
}

/* Take up an object that some other object refers to. */
static void
step_follow(struct graph *g)
{
    struct handle *handle = &g->handles[below(g, HANDLES)];
    weir_object *o = any(g);
    weir_object *child = NULL;

    if (o == NULL) {
        return;
    }
    if (weir_is_list(o) && weir_list_size(o) > 0) {
        child = weir_list_get(o, below(g, (unsigned)weir_list_size(o)));
    } else if (weir_is_tuple(o)) {
        child = weir_tuple_get(o, below(g, (unsigned)weir_tuple_size(o)));
    } else if (weir_is_instance(o)) {
        child = weir_instance_get(o, 0);
    } else if (weir_is_cell(o)) {
        child = weir_cell_get(o);
    } else if (weir_is_foreign(o, g->bag)) {
        child = bag_get(o, below(g, BAG_ITEMS));
    }
    if (child != NULL && weir_gc_is_tracked(child) && !weir_is_tuple(child)) {
        forget(handle);
        handle->object = child;
        handle->references = 1;
    } else {
        weir_xdecref(child);
    }
}

static void
link_instance(struct graph *g, weir_object *o, weir_object *value)
{
    int64_t slots = weir_instance_slots(weir_type_of(o));

    if (slots > 0) {
        size_t i = below(g, (unsigned)slots);

        ck_assert_int_eq(weir_instance_set(o, i, value), 0);
    }
    if (weir_type_of(o) == g->types[TYPES - 1]) {
        ck_assert_int_eq(weir_attr_set(o, g->names[below(g, 4)], value), 0);
    }
}

/* Something that has a hash; a new reference. */
static weir_object *
any_key(struct graph *g)
{
    weir_object *key = any(g);

    return key == NULL || !weir_is_instance(key) || below(g, 2) == 0
               ? weir_int_new(below(g, 50))
               : weir_newref(key);
}

static void
link_set(struct graph *g, weir_object *set)
{
    weir_object *element = any_key(g);

    if (below(g, 4) == 0) {
        (void)weir_set_remove(set, element);
    } else {
        ck_assert_int_ge(weir_set_add(set, element), 0);
    }
    if (below(g, 10) == 0) {
        weir_xdecref(weir_set_pop(set));
    }
    weir_decref(element);
}

static void
link_dict(struct graph *g, weir_object *dict, weir_object *value)
{
    weir_object *key = any_key(g);

    if (below(g, 4) == 0) {
        (void)weir_dict_delete(dict, key);
    } else {
        ck_assert_int_eq(weir_dict_set(dict, key, value), 0);
    }
    weir_decref(key);
}

static void
link_bag(struct graph *g, weir_object *bag, weir_object *value)
{
    if (below(g, 4) == 0) {
        ck_assert(bag_add(bag, value));
    } else {
        bag_put(bag, below(g, BAG_ITEMS), below(g, 4) == 0 ? NULL : value);
    }
}

static void
step_link(struct graph *g)
{
    weir_object *o = any(g);
    weir_object *value;

    if (o == NULL) {
        return;
    }
    value = any_value(g);
    if (weir_is_list(o)) {
        unsigned n = below(g, 12) == 0 ? special_count(g) : 1;

        for (unsigned i = 0; i < n; i++) {
            ck_assert_int_eq(weir_list_append(o, value), 0);
        }
        if (below(g, 10) == 0) {
            ck_assert_int_eq(weir_list_clear(o), 0);
        }
    } else if (weir_is_dict(o)) {
        link_dict(g, o, value);
    } else if (weir_is_set(o)) {
        link_set(g, o);
    } else if (weir_is_instance(o)) {
        link_instance(g, o, value);
    } else if (weir_is_cell(o)) {
        ck_assert_int_eq(weir_cell_set(o, below(g, 4) == 0 ? NULL : value), 0);
    } else if (weir_is_foreign(o, g->bag)) {
        link_bag(g, o, value);
    }
    weir_decref(value);
}

/* Refer to an object a special number of times from here. */
static void
step_hold(struct graph *g)
{
    struct handle *handle = &g->handles[below(g, HANDLES)];
    unsigned n = special_count(g);

    if (handle->references == 0) {
        return;
    }
    for (; handle->references < n; handle->references++) {
        weir_incref(handle->object);
    }
    for (; handle->references > n; handle->references--) {
        weir_decref(handle->object);
    }
}

/* Let the runtime know of an object, or no longer: full collections start from
 * what it knows. */
static void
step_know(struct graph *g)
{
    struct handle *handle = &g->handles[below(g, HANDLES)];

    if (handle->references == 0) {
        return;
    }
    if (handle->known == WEIR_HANDLE_NONE) {
        ck_assert_int_eq(weir_handle_new(handle->object, &handle->known), 0);
    } else {
        ck_assert_int_eq(weir_handle_free(handle->known), 0);
        handle->known = WEIR_HANDLE_NONE;
    }
}

static void
step_collect(struct graph *g, int generation)
{
    struct wr_reference *reference = wr_reference_predict(generation);
    int64_t found = weir_gc_collect(generation);
    const char *wrong = wr_reference_compare(reference);

    ck_assert_msg(wrong == NULL, "%s, case %" PRIu64 ", generation %d", wrong,
                  g->seed, generation);
    ck_assert_int_eq(found, (int64_t)wr_reference_garbage(reference));
    g->collections++;
    g->found += (uint64_t)found;
    wr_reference_free(reference);
}

static void
step(struct graph *g)
{
    unsigned n = below(g, 1000);

    if (n < 400) {
        step_make(g);
    } else if (n < 800) {
        step_link(g);
    } else if (n < 880) {
        step_follow(g);
    } else if (n < 900) {
        step_hold(g);
    } else if (n < 920) {
        step_know(g);
    } else if (n < 990) {
        forget(&g->handles[below(g, HANDLES)]);
    } else {
        step_collect(g, (int)below(g, 8) % 3);
    }
}

static void
start_graph(struct graph *g, uint64_t seed)
{
    memset(g, 0, sizeof(*g));
    g->seed = seed;
    wr_random_seed(&g->random, seed);
    for (uint32_t i = 0; i < TYPES; i++) {
        g->types[i] = weir_instance_type(
            "random", i, i == TYPES - 1 ? WEIR_TYPE_ATTRS : 0, NULL, NULL);
        ck_assert_ptr_nonnull(g->types[i]);
    }
    g->bag = bag_type(NULL, false);
    ck_assert_ptr_nonnull(g->bag);
    for (unsigned i = 0; i < 4; i++) {
        char text[] = "name ?";

        text[5] = (char)('a' + i);
        g->names[i] = weir_str_from(text);
    }
}

static void
end_graph(struct graph *g)
{
    for (unsigned i = 0; i < HANDLES; i++) {
        forget(&g->handles[i]);
    }
    step_collect(g, 2);
    for (unsigned i = 0; i < 4; i++) {
        weir_decref(g->names[i]);
    }
    for (size_t i = 0; i < g->weak; i++) {
        ck_assert_uint_le(g->calls[i], 1);
        g->called += g->calls[i];
    }
}

/* One case in a runtime of its own. */
static void
run_case(uint64_t seed, unsigned steps, const struct wr_collect_caps *caps)
{
    static struct graph g;
    struct wr_test_usage before;
    const char *what = NULL;

    wr_test_start();
    (void)weir_gc_disable();
    before = wr_test_usage();
    if (caps != NULL) {
        wr_collect_set_caps(caps);
    }
    start_graph(&g, seed);
    for (unsigned i = 0; i < steps; i++) {
        step(&g);
    }
    end_graph(&g);
    ck_assert_uint_gt(g.collections, 0);
    ck_assert(g.called > 0 || steps < STEPS);
    wr_test_no_leak(before);
    ck_assert_msg(wr_heap_check(&what) == 0, "%s, case %" PRIu64, what, seed);
    wr_test_stop();
}

START_TEST(random_graphs)
{
    for (uint64_t i = 0; i < wr_test_size(CASES); i++) {
        run_case(wr_test_seed() + i, STEPS, NULL);
    }
}
END_TEST

START_TEST(random_graphs_with_tiny_tables)
{
    static const struct wr_collect_caps caps = {
        .stack = 256, .big = 1, .patience = 1};

    for (uint64_t i = 0; i < wr_test_size(CASES); i++) {
        run_case(wr_test_seed() + 1000000 + i, STEPS, &caps);
    }
}
END_TEST

START_TEST(one_long_random_graph)
{
    run_case(wr_test_seed() + 2000000, (unsigned)wr_test_size(60000), NULL);
}
END_TEST

Suite *
wr_suite_collect_random(void)
{
    Suite *suite = suite_create("collect_random");
    TCase *tcase = tcase_create("random");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, random_graphs);
    tcase_add_test(tcase, random_graphs_with_tiny_tables);
    tcase_add_test(tcase, one_long_random_graph);
    suite_add_tcase(suite, tcase);
    return suite;
}
