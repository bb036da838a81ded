/* SPDX-License-Identifier: MIT */
/*
 * tests/test_collect.c - cycles of every kind are found, nothing else is.
 *
 * Most tests build a graph, compare a collection with the prediction of the
 * reference collector, and look for leaks.
 */
#include "tests/checked_collect.h"

#include "base/random.h"
#include "collect/collect.h"
#include "collect/scan.h"
#include "heap/side.h"
#include "object/header.h"

#include <pthread.h>

static struct wr_test_usage before;

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    before = wr_test_usage();
}

static void
teardown(void)
{
    wr_test_stop();
}

/* A type with n slots, the same one each time. */
static weir_type *
node_type(uint32_t n)
{
    static weir_type *types[65];

    if (types[n] == NULL) {
        types[n] = weir_instance_type("node", n, 0, NULL, NULL);
        if (types[n] == NULL) {
            abort();
        }
    }
    return types[n];
}

/* For what is done millions of times, or by other threads: no bookkeeping. */
static void
must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static weir_object *
node(uint32_t slots)
{
    weir_object *o = weir_instance_new(node_type(slots));

    must(o != NULL);
    return o;
}

/* o[slot] = value, keeping the caller's references. */
static void
link_to(weir_object *o, size_t slot, weir_object *value)
{
    must(weir_instance_set(o, slot, value) == 0);
}

/* ---- what is a cycle ---------------------------------------------------- */

START_TEST(list_that_holds_itself)
{
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(list);
    ck_assert_int_eq(collect_checked(2), 1);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(two_instances_that_name_each_other)
{
    weir_object *a = node(2);
    weir_object *b = node(2);

    link_to(a, 0, b);
    link_to(b, 1, a);
    weir_decref(b);
    ck_assert_int_eq(collect_checked(0), 0);
    weir_decref(a);
    ck_assert_int_eq(collect_checked(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(dict_that_holds_itself)
{
    weir_object *dict = weir_dict_new();
    weir_object *one = weir_int_new(1);

    ck_assert_int_eq(weir_dict_set(dict, one, dict), 0);
    weir_decref(one);
    weir_decref(dict);
    ck_assert_int_eq(collect_checked(2), 1);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(dict_keyed_by_its_owner)
{
    weir_object *dict = weir_dict_new();
    weir_object *owner = node(1);

    link_to(owner, 0, dict);
    ck_assert_int_eq(weir_dict_set(dict, owner, owner), 0);
    weir_decref(dict);
    weir_decref(owner);
    ck_assert_int_eq(collect_checked(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(dict_with_deleted_entries)
{
    weir_object *dict = weir_dict_new();

    for (int i = 0; i < 100; i++) {
        weir_object *key = weir_int_new(i);

        ck_assert_int_eq(weir_dict_set(dict, key, dict), 0);
        weir_decref(key);
    }
    for (int i = 0; i < 100; i += 3) {
        weir_object *key = weir_int_new(i);

        ck_assert_int_eq(weir_dict_delete(dict, key), 0);
        weir_decref(key);
    }
    weir_decref(dict);
    ck_assert_int_eq(collect_checked(2), 1);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(instance_through_its_attribute_table)
{
    weir_type *type =
        weir_instance_type("open", 0, WEIR_TYPE_ATTRS, NULL, NULL);
    weir_object *name = weir_str_from("self");
    weir_object *o = weir_instance_new(type);

    ck_assert_int_eq(weir_attr_set(o, name, o), 0);
    weir_decref(name);
    weir_decref(o);
    /* The instance and its table. */
    ck_assert_int_eq(collect_checked(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(tuple_and_list)
{
    weir_object *list = weir_list_new();
    weir_object *tuple = weir_tuple_pack(1, &list);

    ck_assert_int_eq(weir_list_append(list, tuple), 0);
    weir_decref(list);
    weir_decref(tuple);
    ck_assert_int_eq(collect_checked(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(objects_larger_than_a_pool)
{
    enum { N = 20000 };
    weir_object *tuple = weir_tuple_new(N);
    weir_object *list = weir_list_new();

    for (size_t i = 0; i < N; i++) {
        weir_object *item =
            i % 2 == 0 ? weir_newref(list) : wr_test_int((int64_t)i);

        ck_assert_int_eq(weir_tuple_set_steal(tuple, i, item), 0);
    }
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(weir_list_append(list, tuple), 0);
    }
    weir_decref(list);
    ck_assert_int_eq(collect_checked(0), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(tuple);
    ck_assert_int_eq(collect_checked(1), 0);
    ck_assert_int_eq(collect_checked(2), 2);
    wr_test_no_leak(before);
}
END_TEST

/* A ring of n instances; returns one of them. */
static weir_object *
make_ring(size_t n)
{
    weir_object *first = node(2);
    weir_object *last = first;

    for (size_t i = 1; i < n; i++) {
        weir_object *next = node(2);

        link_to(last, 0, next);
        weir_decref(next);
        last = next;
    }
    link_to(last, 0, first);
    return first;
}

START_TEST(rings)
{
    static const size_t sizes[] = {1, 2, 3, 64, 1000, 5000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        weir_object *ring = make_ring(sizes[i]);

        ck_assert_int_eq(collect_checked(2), 0);
        weir_decref(ring);
        ck_assert_int_eq(collect_checked(2), (int64_t)sizes[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

/* What the thread with a small stack works on. */
struct big_ring {
    uint64_t size;
    int64_t found;
};

static void *
collect_big_ring(void *data)
{
    struct big_ring *big = data;
    weir_object *ring;

    if (weir_attach() != 0) {
        return NULL;
    }
    ring = make_ring(big->size);
    weir_decref(ring);
    big->found = weir_gc_collect(2);
    (void)weir_detach();
    return NULL;
}

/* 10,000,000 objects within a stack of 8 MiB, and nothing like recursion. */
START_TEST(huge_ring)
{
    struct big_ring big = {.size = wr_test_slow() ? 100000 : 10000000};
    pthread_attr_t attributes;
    pthread_t thread;

    (void)node_type(2);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 8 << 20), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(
        pthread_create(&thread, &attributes, collect_big_ring, &big), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    (void)pthread_attr_destroy(&attributes);
    ck_assert_int_eq(big.found, (int64_t)big.size);
    wr_test_no_leak(before);
}
END_TEST

/* ---- what keeps objects alive ------------------------------------------- */

/* [inv:collect.outside-keeps] */
START_TEST(held_from_outside_is_kept_with_all_it_reaches)
{
    weir_object *ring = make_ring(100);
    weir_object *other = make_ring(50);
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_list_append(list, ring), 0);
    link_to(ring, 1, list);
    weir_decref(list);
    weir_decref(other);
    ck_assert_int_eq(collect_checked(2), 50);
    weir_decref(ring);
    ck_assert_int_eq(collect_checked(2), 101);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:collect.cand-until-freed] */
START_TEST(children_outside_are_dropped_once)
{
    weir_object *a = node(4);
    weir_object *name = weir_str_from("shared by garbage and by me");
    weir_object *number = wr_test_int(7);
    weir_object *mine = weir_list_new();

    link_to(a, 0, a);
    link_to(a, 1, name);
    link_to(a, 2, number);
    link_to(a, 3, mine);
    weir_decref(number);
    weir_decref(a);
    wr_test_count(name, 2);
    ck_assert_int_eq(collect_checked(2), 1);
    wr_test_count(name, 1);
    wr_test_count(mine, 1);
    weir_decref(name);
    weir_decref(mine);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(immortal_containers_keep_their_children)
{
    weir_object *keeper = node(1);
    weir_object *ring = make_ring(10);

    link_to(keeper, 0, ring);
    weir_decref(ring);
    ck_assert_int_eq(weir_immortalize(weir_newref(keeper)), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    /* Not a candidate itself. */
    link_to(keeper, 0, keeper);
    ck_assert_int_eq(collect_checked(2), 10);
    ck_assert(weir_is_immortal(keeper));
}
END_TEST

/* A hub with `internal` references from a cycle and one of the caller's. */
static weir_object *
make_hub(unsigned internal)
{
    weir_object *hub = node(1);
    weir_object *list = weir_list_new();

    for (unsigned n = 0; n < internal; n++) {
        must(weir_list_append(list, hub) == 0);
    }
    link_to(hub, 0, list);
    weir_decref(list);
    return hub;
}

/*
 * One object referred to `internal` times from within a cycle and `external`
 * times from outside, on both sides of what a side byte can hold.
 */
static void
try_counts(unsigned internal, unsigned external)
{
    weir_object *hub = make_hub(internal);

    for (unsigned i = 0; i < external; i++) {
        weir_incref(hub);
    }
    weir_decref(hub);
    ck_assert_int_eq(collect_checked(0), external == 0 ? 2 : 0);
    for (unsigned i = 1; i <= external; i++) {
        weir_decref(hub);
        if (i == external - 1 || i == external) {
            ck_assert_int_eq(collect_checked(2), i == external ? 2 : 0);
        }
    }
    wr_test_no_leak(before);
}

START_TEST(counts_around_the_limits_of_a_byte)
{
    static const unsigned counts[] = {
        1, 2, 126, 127, 128, 129, 254, 255, 256, 257, 383, 384, 385, 512, 1000,
    };
    static const unsigned outside[] = {0, 1, 2, 127, 128, 129, 256, 257};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (size_t j = 0; j < sizeof(outside) / sizeof(outside[0]); j++) {
            try_counts(counts[i], outside[j]);
        }
    }
}
END_TEST

/*
 * A count below what the heap shows is corrupt; such an object is kept, also
 * where the difference is what a side byte cannot tell from zero.
 */
static size_t corrupt;
static weir_gc_report latest;

static void
note_corrupt(const weir_gc_report *report, void *data)
{
    (void)data;
    if (report->event == WEIR_GC_CORRUPT) {
        latest = *report;
        corrupt++;
    }
}

START_TEST(counts_that_are_too_low_keep_the_object)
{
    static const unsigned differences[] = {1, 49, 127, 128, 129, 255, 256};
    static const unsigned counts[] = {1, 72, 127, 128, 129, 300};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (size_t j = 0; j < sizeof(differences) / sizeof(unsigned); j++) {
            unsigned internal = counts[i] + differences[j];
            weir_object *hub = make_hub(internal);
            int64_t excess = weir_refcount(hub) - (int64_t)counts[i];

            corrupt = 0;
            ck_assert_int_eq(weir_gc_set_report(note_corrupt, NULL), 0);
            wr_ref_adjust(hub, -excess);
            ck_assert_int_eq(weir_gc_collect(2), 0);
            ck_assert_int_eq(weir_gc_set_report(NULL, NULL), 0);
            /* Behaviour 1.8: a debug build says which, and who refers to it. */
            ck_assert_uint_eq(corrupt, WEIR_DEBUG >= 1 ? 1 : 0);
            if (WEIR_DEBUG >= 1) {
                ck_assert_ptr_eq(latest.object, hub);
                ck_assert_int_eq(latest.count, (int64_t)counts[i]);
                ck_assert_int_eq(latest.seen, (int64_t)internal);
                ck_assert_uint_eq(latest.nreferrers, 1);
                ck_assert_str_eq(latest.referrers[0], "list");
            }
            ck_assert_int_eq(weir_refcount(hub), (int64_t)counts[i]);
            wr_ref_adjust(hub, excess);
            weir_decref(hub);
            ck_assert_int_eq(collect_checked(2), 2);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

/* ---- when a table is too small ------------------------------------------ */

/* A tree of lists, wide enough for any small stack. */
static weir_object *
make_tree(unsigned depth, unsigned width)
{
    weir_object *list = weir_list_new();

    ck_assert_ptr_nonnull(list);
    for (unsigned i = 0; depth > 0 && i < width; i++) {
        /* Bounded: the depth is a constant of the test. */
        weir_object *child = make_tree(depth - 1, width);

        ck_assert_int_eq(weir_list_append(list, child), 0);
        weir_decref(child);
    }
    return list;
}

START_TEST(a_full_mark_stack_loses_nothing)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 0};
    weir_object *wide;
    weir_object *tree;

    wr_collect_set_caps(&caps);
    wide = weir_list_new();
    for (unsigned i = 0; i < 3000; i++) {
        weir_object *pair = make_ring(2);

        ck_assert_int_eq(weir_list_append(wide, pair), 0);
        weir_decref(pair);
    }
    tree = make_tree(3, 20);
    ck_assert_int_eq(weir_list_append(tree, tree), 0);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(tree);
    ck_assert_int_eq(collect_checked(2), 1 + 20 + 400 + 8000);
    ck_assert_int_eq(collect_checked(2), 0);
    weir_decref(wide);
    ck_assert_int_eq(collect_checked(2), 6000);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(more_large_counts_than_the_list_of_them_holds)
{
    static const struct wr_collect_caps caps = {.stack = 0, .big = 2};
    enum { HUBS = 40 };
    weir_object *hubs[HUBS];
    weir_object *list = weir_list_new();

    wr_collect_set_caps(&caps);
    for (unsigned i = 0; i < HUBS; i++) {
        hubs[i] = node(1);
        for (unsigned n = 0; n < 120 + i; n++) {
            ck_assert_int_eq(weir_list_append(list, hubs[i]), 0);
        }
        link_to(hubs[i], 0, list);
    }
    weir_decref(list);
    for (unsigned i = 0; i < HUBS; i++) {
        ck_assert_int_eq(collect_checked(2), 0);
        weir_decref(hubs[i]);
    }
    ck_assert_int_eq(collect_checked(2), HUBS + 1);
    wr_test_no_leak(before);
}
END_TEST

/* ---- the calls ---------------------------------------------------------- */

START_TEST(bad_arguments)
{
    weir_gc_stats stats = {.collections = 77};

    ck_assert_int_eq(weir_gc_collect(-1), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_collect(3), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_stats(-1, &stats), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_stats(3, &stats), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_stats(0, NULL), WEIR_EINVAL);
    ck_assert_uint_eq(stats.collections, 77);
    ck_assert_int_eq(weir_gc_get_pauses(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_count(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_get_threshold(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_gc_callback_add(NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_gc_collect(2), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
}
END_TEST

START_TEST(statistics_add_up)
{
    weir_gc_stats stats;
    weir_gc_pauses pauses;
    weir_object *ring = make_ring(10);

    ck_assert_int_eq(weir_gc_collect(0), 0);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(1), 10);
    ring = make_ring(20);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 20);

    ck_assert_int_eq(weir_gc_get_stats(0, &stats), 0);
    ck_assert_uint_eq(stats.collections, 2);
    ck_assert_uint_eq(stats.collected, 0);
    ck_assert_uint_eq(stats.candidates, 10);
    ck_assert_uint_gt(stats.duration_ns, 0);
    ck_assert_int_eq(weir_gc_get_stats(1, &stats), 0);
    ck_assert_uint_eq(stats.collections, 1);
    ck_assert_uint_eq(stats.collected, 10);
    ck_assert_uint_eq(stats.candidates, 10);
    ck_assert_int_eq(weir_gc_get_stats(2, &stats), 0);
    ck_assert_uint_eq(stats.collections, 1);
    ck_assert_uint_eq(stats.collected, 20);
    ck_assert_uint_eq(stats.uncollectable, 0);
    ck_assert_int_eq(weir_gc_get_pauses(&pauses), 0);
    ck_assert_uint_eq(pauses.count, 4);
    ck_assert_uint_gt(pauses.p50, 0);
    ck_assert_uint_le(pauses.p50, pauses.max);
}
END_TEST

struct log {
    unsigned starts;
    unsigned stops;
    int64_t nested;
    weir_gc_info last;
};

static void
log_phase(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    struct log *log = data;

    if (phase == WEIR_GC_START) {
        log->starts++;
        ck_assert_int_eq(info->collected, 0);
    } else {
        log->stops++;
        log->last = *info;
    }
    log->nested += weir_gc_collect(2);
}

START_TEST(callbacks_are_told)
{
    struct log log = {.starts = 0};
    struct log other = {.starts = 0};

    weir_decref(make_ring(5));
    ck_assert_int_eq(weir_gc_callback_add(log_phase, &log), 0);
    ck_assert_int_eq(weir_gc_callback_add(log_phase, &other), 0);
    ck_assert_int_eq(weir_gc_collect(1), 5);
    ck_assert_uint_eq(log.starts, 1);
    ck_assert_uint_eq(log.stops, 1);
    ck_assert_int_eq(log.nested, 0);
    ck_assert_int_eq(log.last.generation, 1);
    ck_assert_int_eq(log.last.collected, 5);
    ck_assert_int_eq(log.last.candidates, 5);
    ck_assert_int_eq(log.last.uncollectable, 0);
    ck_assert_uint_gt(log.last.duration_ns, 0);
    ck_assert_int_eq(weir_gc_callback_remove(log_phase, &log), 0);
    ck_assert_int_eq(weir_gc_callback_remove(log_phase, &log), WEIR_ENOKEY);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_uint_eq(log.starts, 1);
    ck_assert_uint_eq(other.starts, 2);
    for (int i = 1; i < WEIR_GC_CALLBACKS_MAX; i++) {
        ck_assert_int_eq(weir_gc_callback_add(log_phase, &log), 0);
    }
    ck_assert_int_eq(weir_gc_callback_add(log_phase, &log), WEIR_ELIMIT);
}
END_TEST

START_TEST(what_is_tracked)
{
    weir_object *list = weir_list_new();
    weir_object *number = wr_test_int(3);
    weir_object *empty = weir_tuple_new(0);

    ck_assert(weir_gc_is_tracked(list));
    ck_assert(!weir_gc_is_tracked(number));
    ck_assert(!weir_gc_is_tracked(empty));
    ck_assert(!weir_gc_is_tracked(NULL));
    ck_assert(!weir_gc_is_finalized(list));
    ck_assert(!weir_gc_is_finalized(NULL));
    weir_decref(list);
    weir_decref(number);
    weir_decref(empty);
}
END_TEST

/* [inv:collect.clean-at-rest] */
START_TEST(side_data_is_zero_at_rest)
{
    weir_object *ring = make_ring(3000);

    weir_decref(make_ring(500));
    ck_assert_int_eq(weir_gc_collect(0), 500);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        ck_assert_int_eq(wr_side_commit(pool, pool), 0);
        for (size_t i = 0; i < WR_SIDE_POOL_WORDS; i++) {
            ck_assert_uint_eq(wr_side.cand[pool * WR_SIDE_POOL_WORDS + i], 0);
            ck_assert_uint_eq(wr_side.mark[pool * WR_SIDE_POOL_WORDS + i], 0);
        }
        for (size_t i = 0; i < WR_SIDE_POOL_COUNTS; i++) {
            ck_assert_int_eq(wr_side.count[pool * WR_SIDE_POOL_COUNTS + i], 0);
        }
    }
    weir_decref(ring);
}
END_TEST

START_TEST(both_ways_of_comparing_agree)
{
    _Alignas(64) int8_t bytes[WR_SCAN_STEP];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (unsigned n = 0; n < 10000; n++) {
        uint64_t expected = 0;

        for (unsigned i = 0; i < WR_SCAN_STEP; i++) {
            static const int8_t values[] = {0, 1, -1, -128, 127, 0, 2, 64};

            bytes[i] = values[wr_random_below(&random, 8)];
            expected |= (uint64_t)(bytes[i] == 0) << i;
        }
        ck_assert_uint_eq(wr_scan_zeros(bytes), expected);
        ck_assert_uint_eq(wr_scan_zeros_portable(bytes), expected);
    }
}
END_TEST

START_TEST(one_byte_of_any_value_is_seen)
{
    _Alignas(64) int8_t bytes[WR_SCAN_STEP] = {0};

    ck_assert(wr_scan_all_zero(bytes));
    for (unsigned i = 0; i < WR_SCAN_STEP; i++) {
        for (int value = INT8_MIN; value <= INT8_MAX; value++) {
            bytes[i] = (int8_t)value;
            ck_assert_int_eq(wr_scan_all_zero(bytes), value == 0);
        }
        bytes[i] = 0;
    }
}
END_TEST

Suite *
wr_suite_collect(void)
{
    Suite *suite = suite_create("collect");
    TCase *kinds = tcase_create("kinds");
    TCase *alive = tcase_create("alive");
    TCase *calls = tcase_create("calls");
    TCase *big = tcase_create("big");

    tcase_add_checked_fixture(kinds, setup, teardown);
    tcase_add_test(kinds, list_that_holds_itself);
    tcase_add_test(kinds, two_instances_that_name_each_other);
    tcase_add_test(kinds, dict_that_holds_itself);
    tcase_add_test(kinds, dict_keyed_by_its_owner);
    tcase_add_test(kinds, dict_with_deleted_entries);
    tcase_add_test(kinds, instance_through_its_attribute_table);
    tcase_add_test(kinds, tuple_and_list);
    tcase_add_test(kinds, objects_larger_than_a_pool);
    tcase_add_test(kinds, rings);
    suite_add_tcase(suite, kinds);

    tcase_add_checked_fixture(alive, setup, teardown);
    tcase_add_test(alive, held_from_outside_is_kept_with_all_it_reaches);
    tcase_add_test(alive, children_outside_are_dropped_once);
    tcase_add_test(alive, immortal_containers_keep_their_children);
    tcase_add_test(alive, counts_around_the_limits_of_a_byte);
    tcase_add_test(alive, counts_that_are_too_low_keep_the_object);
    tcase_add_test(alive, a_full_mark_stack_loses_nothing);
    tcase_add_test(alive, more_large_counts_than_the_list_of_them_holds);
    suite_add_tcase(suite, alive);

    tcase_add_checked_fixture(calls, setup, teardown);
    tcase_add_test(calls, bad_arguments);
    tcase_add_test(calls, statistics_add_up);
    tcase_add_test(calls, callbacks_are_told);
    tcase_add_test(calls, what_is_tracked);
    tcase_add_test(calls, side_data_is_zero_at_rest);
    tcase_add_test(calls, both_ways_of_comparing_agree);
    tcase_add_test(calls, one_byte_of_any_value_is_seen);
    suite_add_tcase(suite, calls);

    tcase_add_checked_fixture(big, setup, teardown);
    tcase_set_timeout(big, 60);
    tcase_add_test(big, huge_ring);
    suite_add_tcase(suite, big);
    return suite;
}
