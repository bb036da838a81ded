/* SPDX-License-Identifier: MIT */
/*
 * tests/test_keep.c - garbage that is kept: legacy finalizers, and the debug
 * switches.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "collect/collect.h"
#include "object/header.h"

enum { REPORTS_MAX = 64 };

/* What the hook was told. */
static weir_gc_report reports[REPORTS_MAX];
static size_t nreports;

static weir_type *legacy_type;
static weir_type *modern_type;
static weir_type *plain_type;
static unsigned legacy_runs;
static unsigned modern_runs;
static struct wr_test_usage before;

static void
count_run(weir_object *o, void *data)
{
    (void)o;
    ++*(unsigned *)data;
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    legacy_runs = modern_runs = 0;
    nreports = 0;
    legacy_type = weir_instance_type("legacy", 2, WEIR_TYPE_LEGACY_FINALIZER,
                                     count_run, &legacy_runs);
    modern_type = weir_instance_type("modern", 2, 0, count_run, &modern_runs);
    plain_type = weir_instance_type("plain", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(legacy_type);
    ck_assert_ptr_nonnull(modern_type);
    ck_assert_ptr_nonnull(plain_type);
    before = wr_test_usage();
}

static void
teardown(void)
{
    wr_test_stop();
}

static void
note(const weir_gc_report *report, void *data)
{
    (void)data;
    if (nreports < REPORTS_MAX) {
        reports[nreports] = *report;
    }
    nreports++;
}

/* How many reports of that event, about a type if not NULL. */
static size_t
told(weir_gc_event event, const char *type)
{
    size_t n = 0;

    for (size_t i = 0; i < nreports && i < REPORTS_MAX; i++) {
        n += reports[i].event == event &&
                     (type == NULL || strcmp(reports[i].type, type) == 0)
                 ? 1
                 : 0;
    }
    return n;
}

static weir_object *
make(weir_type *type)
{
    weir_object *o = weir_instance_new(type);

    ck_assert_ptr_nonnull(o);
    return o;
}

static void
set(weir_object *o, size_t slot, weir_object *value)
{
    ck_assert_int_eq(weir_instance_set(o, slot, value), 0);
}

/* a and b name each other; a's is returned, b's reference is the ring's. */
static weir_object *
make_ring(weir_type *a_type, weir_type *b_type)
{
    weir_object *a = make(a_type);
    weir_object *b = make(b_type);

    set(a, 0, b);
    set(b, 0, a);
    weir_decref(b);
    return a;
}

/* Open the rings of what is in the garbage, and let go of it. */
static void
break_garbage(void)
{
    weir_object *list = weir_gc_garbage();
    int64_t n = weir_list_size(list);

    for (size_t i = 0; i < (size_t)n; i++) {
        weir_object *o = weir_list_get(list, i);

        set(o, 0, NULL);
        set(o, 1, NULL);
        weir_decref(o);
    }
    weir_decref(list);
    ck_assert_int_eq(weir_gc_garbage_clear(), n);
    ck_assert_int_eq(weir_gc_garbage_count(), 0);
}

/* ---- legacy finalizers -------------------------------------------------- */

/* [inv:collect.kept] */
START_TEST(a_legacy_finalizer_makes_its_cycle_uncollectable)
{
    weir_object *o = make_ring(legacy_type, plain_type);
    weir_object *list;
    weir_gc_stats stats;

    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    ck_assert_uint_eq(legacy_runs, 0);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    ck_assert_int_eq(weir_gc_get_stats(0, &stats), 0);
    ck_assert_uint_eq(stats.uncollectable, 2);
    ck_assert_uint_eq(stats.collected, 0);

    /* The garbage holds a reference: it is not found again. */
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);

    list = weir_gc_garbage();
    ck_assert_int_eq(weir_list_size(list), 1);
    ck_assert_ptr_eq(weir_list_get(list, 0), o);
    weir_decref(o);
    ck_assert_int_eq(weir_refcount(o), 3);
    weir_decref(list);

    break_garbage();
    ck_assert_uint_eq(legacy_runs, 1);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(what_legacy_objects_reach_stays_whole)
{
    /* legacy <-> plain -> modern <-> plain; and a ring apart */
    weir_object *o = make_ring(legacy_type, plain_type);
    weir_object *inner = make_ring(modern_type, plain_type);
    weir_object *apart = make_ring(modern_type, plain_type);
    weir_object *partner = weir_instance_borrow(o, 0);

    set(partner, 1, inner);
    weir_decref(inner);
    weir_decref(o);
    weir_decref(apart);
    /* Four are kept, two are freed: six are unreachable. */
    ck_assert_int_eq(weir_gc_collect(2), 6);
    ck_assert_uint_eq(modern_runs, 1);
    ck_assert_uint_eq(legacy_runs, 0);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    ck_assert(!weir_gc_is_finalized(inner));
    ck_assert_ptr_eq(weir_instance_borrow(weir_instance_borrow(inner, 0), 0),
                     inner);
    break_garbage();
    ck_assert_uint_eq(legacy_runs, 1);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(modern_runs, 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(what_only_refers_to_legacy_objects_is_freed)
{
    weir_object *o = make_ring(legacy_type, plain_type);
    weir_object *ring = make_ring(modern_type, plain_type);

    set(ring, 1, o);
    weir_decref(o);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert_uint_eq(modern_runs, 1);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    break_garbage();
    ck_assert_uint_eq(legacy_runs, 1);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(a_legacy_finalizer_runs_when_the_count_says_so)
{
    weir_object *o = make(legacy_type);
    weir_object *ring = make_ring(plain_type, plain_type);

    weir_decref(o);
    ck_assert_uint_eq(legacy_runs, 1);
    /* One that garbage refers to is itself reachable from garbage only. */
    o = make(legacy_type);
    set(ring, 1, o);
    weir_decref(o);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 3);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    ck_assert_uint_eq(legacy_runs, 1);
    ck_assert_int_eq(weir_gc_garbage_clear(), 1);
    ck_assert_uint_eq(legacy_runs, 2);
    wr_test_no_leak(before);
}
END_TEST

static void
keep_in(weir_object *o, void *data)
{
    *(weir_object **)data = weir_newref(o);
}

START_TEST(a_legacy_object_whose_finalizer_has_run_is_ordinary)
{
    weir_object *saved = NULL;
    weir_type *type = weir_instance_type(
        "stubborn", 2, WEIR_TYPE_LEGACY_FINALIZER, keep_in, &saved);
    weir_object *o = make(type);

    weir_decref(o);
    ck_assert_ptr_eq(saved, o);
    set(saved, 0, saved);
    weir_decref(saved);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(weir_gc_garbage_count(), 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(weak_references_to_uncollectable_objects_stay)
{
    weir_object *o = make_ring(legacy_type, plain_type);
    weir_object *weak = weir_weak_new(o, NULL, NULL, NULL);
    weir_object *got = NULL;

    ck_assert_ptr_nonnull(weak);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    got = weir_weak_get(weak);
    ck_assert_ptr_eq(got, o);
    weir_decref(got);
    break_garbage();
    ck_assert_ptr_null(weir_weak_get(weak));
    weir_decref(weak);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(a_cleared_list_is_filled_again)
{
    weir_object *o = make_ring(legacy_type, plain_type);

    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_int_eq(weir_gc_garbage_clear(), 1);
    ck_assert_uint_eq(legacy_runs, 0);
    ck_assert_int_eq(weir_gc_collect(0), 0);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    break_garbage();
    ck_assert_uint_eq(legacy_runs, 1);
    wr_test_no_leak(before);
}
END_TEST

/* Long chains behind a legacy object, and a mark stack that is too small. */
START_TEST(a_small_stack_keeps_all_that_legacy_objects_reach)
{
    static const struct wr_collect_caps caps = {.stack = 256, .big = 0};
    static const struct wr_collect_caps none = {.stack = 0, .big = 0};
    const size_t n = (size_t)wr_test_size(2000);
    weir_object *o = make_ring(legacy_type, plain_type);
    weir_object *wide = weir_list_new();

    for (size_t i = 0; i < n; i++) {
        weir_object *list = weir_list_new();
        weir_object *leaf = make(plain_type);

        ck_assert_int_eq(weir_list_append(list, leaf), 0);
        ck_assert_int_eq(weir_list_append(wide, list), 0);
        weir_decref(leaf);
        weir_decref(list);
    }
    set(o, 1, wide);
    weir_decref(wide);
    weir_decref(o);
    wr_collect_set_caps(&caps);
    ck_assert_int_eq(weir_gc_collect(2), (int64_t)(2 * n + 3));
    wr_collect_set_caps(&none);
    ck_assert_int_eq(weir_gc_garbage_count(), 1);
    ck_assert_int_eq(weir_list_size(wide), (int64_t)n);
    break_garbage();
    wr_test_no_leak(before);
}
END_TEST

START_TEST(foreign_types_may_have_one_too)
{
    weir_foreign_spec spec = {.size = sizeof(spec),
                              .name = "old",
                              .bytes = 16,
                              .finalize = count_run,
                              .data = &legacy_runs,
                              .flags = WEIR_TYPE_LEGACY_FINALIZER};
    weir_type *type = weir_foreign_type(&spec);
    weir_object *o;

    ck_assert_ptr_nonnull(type);
    o = weir_foreign_new(type);
    ck_assert_ptr_nonnull(o);
    weir_decref(o);
    ck_assert_uint_eq(legacy_runs, 1);
    spec.flags = WEIR_TYPE_ATTRS;
    ck_assert_ptr_null(weir_foreign_type(&spec));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
}
END_TEST

/* ---- the switches ------------------------------------------------------- */

START_TEST(switches_are_set_and_read)
{
    ck_assert_uint_eq(weir_gc_get_debug(), 0);
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_LEAK), 0);
    ck_assert_uint_eq(weir_gc_get_debug(), WEIR_GC_DEBUG_LEAK);
    ck_assert_int_eq(WEIR_GC_DEBUG_LEAK & WEIR_GC_DEBUG_STATS, 0);
    ck_assert_int_eq(weir_gc_set_debug(1U << 20), WEIR_EINVAL);
    ck_assert_uint_eq(weir_gc_get_debug(), WEIR_GC_DEBUG_LEAK);
    ck_assert_int_eq(weir_gc_set_debug(0), 0);
}
END_TEST

START_TEST(nothing_is_told_unless_asked)
{
    ck_assert_int_eq(weir_gc_set_report(note, NULL), 0);
    weir_decref(make_ring(plain_type, plain_type));
    weir_decref(make_ring(legacy_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert_uint_eq(nreports, 0);
    /* And who is not listening is not told. */
    ck_assert_int_eq(weir_gc_set_report(NULL, NULL), 0);
    ck_assert_int_eq(weir_gc_set_debug(15), 0);
    weir_decref(make_ring(plain_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(nreports, 0);
    break_garbage();
}
END_TEST

START_TEST(a_collection_is_reported)
{
    weir_object *live = make_ring(plain_type, plain_type);
    char text[200];

    ck_assert_int_eq(weir_gc_set_report(note, NULL), 0);
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_STATS), 0);
    weir_decref(make_ring(plain_type, plain_type));
    weir_decref(make_ring(legacy_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(1), 4);
    ck_assert_uint_eq(nreports, 1);
    ck_assert_int_eq(reports[0].event, WEIR_GC_STATS);
    ck_assert_int_eq(reports[0].generation, 1);
    ck_assert_int_eq(reports[0].totals.candidates, 6);
    ck_assert_int_eq(reports[0].totals.collected, 2);
    ck_assert_int_eq(reports[0].totals.uncollectable, 2);
    ck_assert_uint_eq(reports[0].objects[0], 0);
    ck_assert_uint_eq(reports[0].objects[2], 4);
    ck_assert_int_gt(weir_gc_report_text(&reports[0], text, sizeof(text)), 0);
    ck_assert_ptr_eq(strstr(text, "gc: generation 1: 0 0 4 objects, 0 frozen; "
                                  "6 candidates, 2 collected, 2 "
                                  "uncollectable, "),
                     text);
    weir_decref(live);
    break_garbage();
}
END_TEST

START_TEST(collectable_and_uncollectable_objects_are_named)
{
    char text[200];

    ck_assert_int_eq(weir_gc_set_report(note, NULL), 0);
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_COLLECTABLE |
                                       WEIR_GC_DEBUG_UNCOLLECTABLE),
                     0);
    weir_decref(make_ring(plain_type, plain_type));
    weir_decref(make_ring(legacy_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert_uint_eq(nreports, 4);
    ck_assert_uint_eq(told(WEIR_GC_COLLECTABLE, "plain"), 2);
    ck_assert_uint_eq(told(WEIR_GC_UNCOLLECTABLE, "plain"), 1);
    ck_assert_uint_eq(told(WEIR_GC_UNCOLLECTABLE, "legacy"), 1);
    ck_assert_int_gt(weir_gc_report_text(&reports[0], text, sizeof(text)), 0);
    ck_assert_ptr_eq(strstr(text, "gc: collectable plain at 0x"), text);
    ck_assert_int_eq(weir_gc_report_text(NULL, text, sizeof(text)),
                     WEIR_EINVAL);
    break_garbage();
    wr_test_no_leak(before);
}
END_TEST

static weir_object *revived;

static void
revive(const weir_gc_report *report, void *data)
{
    (void)data;
    if (report->event == WEIR_GC_COLLECTABLE && revived == NULL) {
        revived = weir_newref(report->object);
    }
}

START_TEST(who_is_told_may_revive)
{
    revived = NULL;
    ck_assert_int_eq(weir_gc_set_report(revive, NULL), 0);
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_COLLECTABLE), 0);
    weir_decref(make_ring(modern_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_ptr_nonnull(revived);
    ck_assert_int_eq(weir_gc_set_report(NULL, NULL), 0);
    weir_decref(revived);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(save_all_keeps_what_would_be_freed)
{
    weir_object *o = make_ring(modern_type, plain_type);
    weir_object *weak = weir_weak_new(o, NULL, NULL, NULL);
    weir_gc_stats stats;

    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_SAVEALL), 0);
    weir_decref(o);
    weir_decref(make_ring(plain_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert_int_eq(weir_gc_garbage_count(), 4);
    ck_assert_int_eq(weir_gc_get_stats(2, &stats), 0);
    ck_assert_uint_eq(stats.collected, 4);
    ck_assert_uint_eq(modern_runs, 1);
    /* Whole, finalized, and with no weak reference left. */
    ck_assert_int_eq(weir_refcount(o), 2);
    ck_assert_uint_eq(wr_flags(o) & WR_FLAG_GEN_MASK, 2);
    ck_assert_uint_eq(wr_flags(o) & WR_FLAG_IN_GARBAGE, 0);
    ck_assert_ptr_null(weir_weak_get(weak));
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_garbage_count(), 4);
    ck_assert_int_eq(weir_gc_set_debug(0), 0);
    ck_assert_int_eq(weir_gc_garbage_clear(), 4);
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert_uint_eq(modern_runs, 1);
    weir_decref(weak);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(save_all_saves_what_legacy_objects_reach)
{
    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_SAVEALL), 0);
    weir_decref(make_ring(legacy_type, plain_type));
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_int_eq(weir_gc_garbage_count(), 2);
    ck_assert_int_eq(weir_gc_set_debug(0), 0);
    break_garbage();
    wr_test_no_leak(before);
}
END_TEST

START_TEST(without_memory_nothing_is_saved_and_all_lives)
{
    unsigned failed = 0;

    ck_assert_int_eq(weir_gc_set_debug(WEIR_GC_DEBUG_SAVEALL), 0);
    for (uint64_t nth = 1;; nth++) {
        int64_t n;

        weir_decref(make_ring(plain_type, plain_type));
        wr_fault_arm(nth);
        n = weir_gc_collect(2);
        wr_fault_disarm();
        if (n != WEIR_ENOMEM) {
            ck_assert_int_eq(n, (int64_t)(2 * (failed + 1)));
            break;
        }
        failed++;
        ck_assert_int_eq(weir_gc_garbage_count(), 0);
    }
    ck_assert_uint_gt(failed, 0);
    ck_assert_int_eq(weir_gc_set_debug(0), 0);
    (void)weir_gc_garbage_clear();
    ck_assert_int_gt(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(only_attached_threads_may_ask)
{
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_gc_garbage_count(), WEIR_ESTATE);
    ck_assert_int_eq(weir_gc_garbage_clear(), WEIR_ESTATE);
    ck_assert_ptr_null(weir_gc_garbage());
    ck_assert_int_eq(weir_gc_set_report(note, NULL), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
}
END_TEST

static void
add_all(TCase *c, const TTest *const *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tcase_add_test(c, tests[i]);
    }
}

Suite *
wr_suite_keep(void)
{
    const TTest *const legacy[] = {
        a_legacy_finalizer_makes_its_cycle_uncollectable,
        what_legacy_objects_reach_stays_whole,
        what_only_refers_to_legacy_objects_is_freed,
        a_legacy_finalizer_runs_when_the_count_says_so,
        a_legacy_object_whose_finalizer_has_run_is_ordinary,
        weak_references_to_uncollectable_objects_stay,
        a_cleared_list_is_filled_again,
        a_small_stack_keeps_all_that_legacy_objects_reach,
        foreign_types_may_have_one_too,
    };
    const TTest *const debug[] = {
        switches_are_set_and_read,
        nothing_is_told_unless_asked,
        a_collection_is_reported,
        collectable_and_uncollectable_objects_are_named,
        who_is_told_may_revive,
        save_all_keeps_what_would_be_freed,
        save_all_saves_what_legacy_objects_reach,
        without_memory_nothing_is_saved_and_all_lives,
        only_attached_threads_may_ask,
    };
    Suite *s = suite_create("keep");
    TCase *c = tcase_create("legacy");

    tcase_add_checked_fixture(c, setup, teardown);
    add_all(c, legacy, sizeof(legacy) / sizeof(legacy[0]));
    suite_add_tcase(s, c);
    c = tcase_create("debug");
    tcase_add_checked_fixture(c, setup, teardown);
    add_all(c, debug, sizeof(debug) / sizeof(debug[0]));
    suite_add_tcase(s, c);
    return s;
}
