/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_collect.c - collections without memory.
 *
 * A whole collection runs again and again; first its first allocation fails,
 * then its second, and so on, until it passes.  One that fails has to say so
 * and leave everything as it was [inv:collect.enomem-no-change]; the next one
 * that gets its memory finds what it should.  [inv:collect.reserved] is what
 * makes this possible.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "collect/collect.h"
#include "object/header.h"
#include "tests/reference.h"

enum { ATTEMPTS_MAX = 200, RINGS = 40, HUB_REFERENCES = 1000 };

struct world {
    weir_object *keep; /* a list of rings that are held */
    size_t garbage;
    unsigned finalized;
    weir_object *saved;
    bool save;
};

static struct world world;
static weir_type *plain_type;
static weir_type *final_type;

static void
finalize(weir_object *o, void *data)
{
    struct world *w = data;

    w->finalized++;
    if (w->save && w->saved == NULL) {
        w->saved = weir_newref(o);
    }
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&world, 0, sizeof(world));
    plain_type = weir_instance_type("plain", 2, 0, NULL, NULL);
    final_type = weir_instance_type("final", 2, 0, finalize, &world);
}

static void
teardown(void)
{
    wr_test_stop();
}

static weir_object *
make_ring(weir_type *type, size_t n)
{
    weir_object *head = weir_instance_new(type);
    weir_object *last = head;

    for (size_t i = 1; i < n; i++) {
        weir_object *next = weir_instance_new(type);

        /* Not through ck_assert, which writes a file each time. */
        if (next == NULL || weir_instance_set(last, 0, next) != 0) {
            abort();
        }
        weir_decref(next);
        last = next;
    }
    ck_assert_int_eq(weir_instance_set(last, 0, head), 0);
    return head;
}

/* A hub with a large count, in a cycle. */
static weir_object *
make_hub(void)
{
    weir_object *hub = weir_instance_new(plain_type);
    weir_object *list = weir_list_new();

    for (unsigned i = 0; i < HUB_REFERENCES; i++) {
        ck_assert_int_eq(weir_list_append(list, hub), 0);
    }
    ck_assert_int_eq(weir_instance_set(hub, 0, list), 0);
    weir_decref(list);
    return hub;
}

static void
build(bool finalizers)
{
    world.keep = weir_list_new();
    world.garbage = 0;
    world.finalized = 0;
    for (unsigned i = 0; i < RINGS; i++) {
        weir_object *ring = make_ring(plain_type, 50);

        ck_assert_int_eq(weir_list_append(world.keep, ring), 0);
        weir_decref(ring);
        weir_decref(make_ring(plain_type, 20));
        weir_decref(make_hub());
        world.garbage += 22;
    }
    if (finalizers) {
        weir_decref(make_ring(final_type, 10));
        world.garbage += 10;
    }
}

/*
 * Start without the tables of earlier collections, fail the nth allocation
 * or all from there, and compare.  Returns what the collection returned.
 */
static int64_t
attempt(int generation, uint64_t nth, bool all, uint64_t *seen)
{
    static const struct wr_collect_caps none;
    struct wr_reference *reference = wr_reference_predict(generation);
    struct wr_test_usage usage = wr_test_usage();
    weir_gc_stats stats[2];
    int64_t counts[2][3];
    int64_t found;

    wr_collect_set_caps(&none);
    ck_assert_int_eq(weir_gc_get_stats(generation, &stats[0]), 0);
    ck_assert_int_eq(weir_gc_get_count(counts[0]), 0);
    if (all) {
        wr_fault_arm_from(nth);
    } else {
        wr_fault_arm(nth);
    }
    found = weir_gc_collect(generation);
    *seen = wr_fault_seen();
    wr_fault_disarm();
    ck_assert_int_eq(weir_gc_get_stats(generation, &stats[1]), 0);
    ck_assert_int_eq(weir_gc_get_count(counts[1]), 0);
    if (found >= 0) {
        const char *wrong = wr_reference_compare(reference);

        ck_assert_msg(wrong == NULL, "%s", wrong);
        ck_assert_int_eq(found, (int64_t)world.garbage);
    } else {
        ck_assert_int_eq(found, WEIR_ENOMEM);
        wr_test_no_leak(usage);
        ck_assert_uint_eq(world.finalized, 0);
        ck_assert_mem_eq(&stats[0], &stats[1], sizeof(stats[0]));
        ck_assert_mem_eq(counts[0], counts[1], sizeof(counts[0]));
    }
    wr_reference_free(reference);
    return found;
}

static void
sweep(int generation, bool finalizers)
{
    for (int all = 0; all < 2; all++) {
        uint64_t failures = 0;
        uint64_t seen = 0;
        int64_t found;

        build(finalizers);
        /* Ends: the attempt in which nothing fails. */
        for (uint64_t nth = 1;; nth++) {
            ck_assert_uint_lt(nth, ATTEMPTS_MAX);
            found = attempt(generation, nth, all != 0, &seen);
            if (found >= 0) {
                break;
            }
            failures++;
        }
        ck_assert_uint_ge(failures, 5);
        ck_assert_uint_eq(world.finalized, finalizers ? 10 : 0);
        ck_assert_int_eq(weir_gc_collect(2), 0);
        weir_decref(world.keep);
        ck_assert_int_eq(weir_gc_collect(2), RINGS * 50);
    }
}

START_TEST(young_collections_fail_clean)
{
    sweep(0, false);
}
END_TEST

START_TEST(middle_collections_fail_clean)
{
    sweep(1, false);
}
END_TEST

START_TEST(full_collections_fail_clean)
{
    sweep(2, false);
}
END_TEST

START_TEST(collections_with_finalizers_fail_clean)
{
    sweep(2, true);
}
END_TEST

/* ---- no memory for the second detection --------------------------------- */

/*
 * The heap grows so much while finalizers run that the second detection needs
 * a larger table, and does not get it: everything is taken as resurrected.
 */
enum { MANY_ITEMS = 1 << 18, MANY_OBJECTS = 70000 };

static weir_object *grown;

static void
grow_heap(void)
{
    weir_object *item = wr_test_int(0);

    grown = weir_list_new();
    for (unsigned i = 0; i < MANY_ITEMS; i++) {
        if (weir_list_append(grown, item) != 0) {
            abort();
        }
    }
    weir_decref(item);
    wr_fault_arm_from(1);
}

static void
grow_and_fail(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    grow_heap();
}

START_TEST(no_memory_after_the_finalizers)
{
    weir_type *type = weir_instance_type("grows", 2, 0, grow_and_fail, NULL);
    struct wr_test_usage before = wr_test_usage();
    weir_object *o = weir_instance_new(type);
    /* So many that not their number bounds the table, but the heap's size. */
    weir_object *ring = make_ring(plain_type, MANY_OBJECTS);

    ck_assert_int_eq(weir_instance_set(o, 0, ring), 0);
    ck_assert_int_eq(weir_instance_set(ring, 1, o), 0);
    weir_decref(ring);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert_int_eq(weir_refcount(o), 1);
    ck_assert_int_eq(wr_ref_value(o), 1);
    ck_assert_uint_eq(wr_flags(o) & WR_FLAG_IN_GARBAGE, 0);
    ck_assert(weir_gc_is_finalized(o));
    ck_assert_int_eq(weir_gc_collect(2), MANY_OBJECTS + 1);
    weir_decref(grown);
    wr_test_no_leak(before);
}
END_TEST

static void
break_grow_and_fail(weir_object *o, void *data)
{
    (void)data;
    ck_assert_int_eq(weir_instance_set(o, 0, NULL), 0);
    grow_heap();
}

/* What only the bias kept dies as if its last reference were dropped. */
START_TEST(no_memory_after_the_finalizers_broke_the_cycle)
{
    weir_type *type =
        weir_instance_type("breaks", 2, 0, break_grow_and_fail, NULL);
    struct wr_test_usage before = wr_test_usage();
    weir_object *o = weir_instance_new(type);
    weir_object *ring = make_ring(plain_type, MANY_OBJECTS);

    ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
    ck_assert_int_eq(weir_instance_set(o, 1, ring), 0);
    weir_decref(o);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), WEIR_ENOMEM);
    wr_fault_disarm();
    /* o is gone, and the ring lost its last reference from outside. */
    ck_assert_int_eq(weir_gc_collect(2), MANY_OBJECTS);
    weir_decref(grown);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_fault_collect(void)
{
    Suite *suite = suite_create("fault_collect");
    TCase *tcase = tcase_create("fault");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, young_collections_fail_clean);
    tcase_add_test(tcase, middle_collections_fail_clean);
    tcase_add_test(tcase, full_collections_fail_clean);
    tcase_add_test(tcase, collections_with_finalizers_fail_clean);
    tcase_add_test(tcase, no_memory_after_the_finalizers);
    tcase_add_test(tcase, no_memory_after_the_finalizers_broke_the_cycle);
    suite_add_tcase(suite, tcase);
    return suite;
}
