/* SPDX-License-Identifier: MIT */
/*
 * tests/test_weak_collect.c - weak references and collections.
 *
 * Behaviour 3.5, point by point.  The garbage is a ring of two objects, or
 * something around one; the order is read off a log (weak_fixture.h).
 */
#include "tests/weak_fixture.h"

#include "base/mem.h"
#include "collect/collect.h"
#include "object/header.h"

static weir_type *node_type;
static weir_type *final_type;
static struct wr_test_usage before;

/* What the finalizer of final_type does, besides its note. */
static void (*act)(weir_object *o);

static void
finalize(weir_object *o, void *data)
{
    note(data);
    if (act != NULL) {
        act(o);
    }
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&seen, 0, sizeof(seen));
    act = NULL;
    node_type = weir_instance_type("node", SLOTS, 0, NULL, NULL);
    final_type = weir_instance_type("final", SLOTS, 0, finalize, "f");
    before = wr_test_usage();
}

static void
teardown(void)
{
    ck_assert_uint_eq(seen.wrong, 0);
    wr_test_stop();
}

/* Two objects that name each other; the first with one more reference. */
static weir_object *
make_ring(weir_type *type)
{
    weir_object *a = make(type);
    weir_object *b = make(node_type);

    link_to(a, FIRST, b);
    link_to(b, FIRST, a);
    weir_decref(b);
    return a;
}

static uint64_t
pauses(void)
{
    weir_gc_pauses all;

    ck_assert_int_eq(weir_gc_get_pauses(&all), 0);
    return all.count;
}

/* ---- the order ---------------------------------------------------------- */

/* A weak reference without a callback still works for this one. */
static void
ask_saved(weir_object *w, weir_object *context, void *letter)
{
    weir_object *got = weir_weak_get(seen.saved);

    called(w, context, letter);
    seen.wrong += got == NULL;
    weir_xdecref(got);
}

static void
ask_saved_finally(weir_object *o)
{
    weir_object *got = weir_weak_get(seen.saved);

    seen.wrong += got != o;
    weir_xdecref(got);
}

START_TEST(callbacks_then_finalizers_then_the_others_are_cleared)
{
    weir_object *ring = make_ring(final_type);
    weir_object *w = watch_with(ring, ask_saved, NULL, "c");
    weir_object *other = weir_instance_get(ring, FIRST);
    weir_object *v = watch_with(other, ask_saved, NULL, "c");

    seen.saved = weak(ring);
    act = ask_saved_finally;
    weir_decref(other);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "ccf");
    check_dead(seen.saved);
    check_dead(w);
    check_dead(v);
    weir_decref(seen.saved);
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(the_latest_made_is_called_first)
{
    weir_object *ring = make_ring(node_type);
    weir_object *w[5];

    for (size_t i = 0; i < 5; i++) {
        w[i] = watch(ring, &"abcde"[i]);
    }
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "edcba");
    for (size_t i = 0; i < 5; i++) {
        check_dead(w[i]);
        weir_decref(w[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

/* Nobody has anything to say: nothing runs between two stops. */
START_TEST(one_stop_is_enough_without_callbacks)
{
    weir_object *w[100];
    weir_object *ring;

    for (size_t i = 0; i < 100; i++) {
        ring = make_ring(node_type);
        w[i] = weak(ring);
        weir_decref(ring);
    }
    ck_assert_int_eq(weir_gc_collect(0), 200);
    ck_assert_uint_eq(pauses(), 1);
    for (size_t i = 0; i < 100; i++) {
        check_dead(w[i]);
        weir_decref(w[i]);
    }
    ring = make_ring(node_type);
    w[0] = watch(ring, "c");
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    ck_assert_uint_eq(pauses(), 3);
    weir_decref(w[0]);
    wr_test_no_leak(before);
}
END_TEST

/* Every kind, a span among them. */
START_TEST(targets_of_every_kind)
{
    weir_object *list = weir_list_new();
    weir_object *key = weir_str_from("key");
    weir_object *made[] = {
        weir_list_new(),       weir_dict_new(), weir_tuple_new(1),
        weir_tuple_new(20000), make(node_type),
    };
    enum { N = sizeof(made) / sizeof(made[0]) };
    weir_object *plain[N];
    weir_object *loud[N];

    for (size_t i = 0; i < N; i++) {
        plain[i] = weak(made[i]);
        loud[i] = watch(made[i], "x");
    }
    ck_assert_int_eq(weir_list_append(made[0], list), 0);
    ck_assert_int_eq(weir_dict_set(made[1], key, list), 0);
    ck_assert_int_eq(weir_tuple_set_steal(made[2], 0, weir_newref(list)), 0);
    ck_assert_int_eq(weir_tuple_set_steal(made[3], 9, weir_newref(list)), 0);
    link_to(made[4], SECOND, list);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(weir_list_append(list, made[i]), 0);
        weir_decref(made[i]);
    }
    weir_decref(list);
    ck_assert_int_eq(weir_gc_collect(2), N + 1);
    ck_assert_uint_eq(seen.called, N);
    for (size_t i = 0; i < N; i++) {
        check_dead(plain[i]);
        weir_decref(plain[i]);
        weir_decref(loud[i]);
    }
    weir_decref(key);
    wr_test_no_leak(before);
}
END_TEST

/* ---- who is called ------------------------------------------------------ */

/* The garbage holds it. */
START_TEST(weak_references_that_are_garbage_are_not_called)
{
    weir_object *ring = make_ring(node_type);
    weir_object *w = watch(ring, "x");
    weir_object *v = watch(ring, "y");

    link_to(ring, SECOND, w);
    weir_decref(w);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 3);
    ck_assert_str_eq(seen.log, "y");
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

/* The cycle leads through the context only. */
START_TEST(cycles_through_a_context)
{
    weir_object *o = make(node_type);
    weir_object *list = weir_list_new();
    weir_object *w = watch_with(o, called, o, "x");

    link_to(o, FIRST, w);
    weir_decref(w);
    weir_decref(o);
    w = watch_with(list, called, list, "y");
    ck_assert_int_eq(weir_list_append(list, w), 0);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    check_alive(w, list);
    weir_decref(w);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "");
    wr_test_no_leak(before);
}
END_TEST

/* It leaves the table: its target does not know it when it dies. */
START_TEST(garbage_that_names_a_live_target)
{
    weir_object *target = make(node_type);

    for (int i = 0; i < 50; i++) {
        weir_object *list = weir_list_new();
        weir_object *w = watch_with(target, called, list, "x");

        ck_assert_int_eq(weir_list_append(list, w), 0);
        weir_decref(w);
        weir_decref(list);
    }
    ck_assert_int_eq(weir_weak_count(target), 50);
    ck_assert_int_eq(weir_gc_collect(2), 100);
    ck_assert_int_eq(weir_weak_count(target), 0);
    ck_assert_uint_eq(pauses(), 1);
    weir_decref(target);
    ck_assert_uint_eq(seen.called, 0);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(an_old_weak_reference_to_young_garbage)
{
    weir_object *first = make_ring(node_type);
    weir_object *list = weir_list_new();
    weir_object *w[3];

    /* An old list of weak references, the targets of which die young. */
    for (size_t i = 0; i < 3; i++) {
        weir_object *ring = i == 0 ? first : make_ring(node_type);

        w[i] = watch(ring, &"abc"[i]);
        ck_assert_int_eq(weir_list_append(list, w[i]), 0);
        weir_decref(w[i]);
        if (i == 0) {
            ck_assert_int_eq(weir_gc_collect(2), 0);
        }
        weir_decref(ring);
    }
    ck_assert_int_eq(weir_gc_collect(0), 4);
    ck_assert_uint_eq(seen.called, 2);
    check_alive(w[0], first);
    check_dead(w[1]);
    check_dead(w[2]);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(seen.called, 3);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

/* Unreachable itself, which this collection cannot know. */
START_TEST(an_old_unreachable_weak_reference_is_called)
{
    weir_object *list = weir_list_new();
    weir_object *ring = make_ring(node_type);
    weir_object *w;
    weir_object *young;

    ck_assert_int_eq(weir_list_append(list, list), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    young = make_ring(node_type);
    w = watch_with(young, called, list, "x");
    ck_assert_int_eq(weir_list_append(list, w), 0);
    weir_decref(w);
    weir_decref(list);
    weir_decref(ring);
    weir_decref(young);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    ck_assert_str_eq(seen.log, "x");
    ck_assert_int_eq(weir_gc_collect(2), 4);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(immortal_weak_references_are_called)
{
    weir_object *ring = make_ring(node_type);
    weir_object *w = watch(ring, "x");
    weir_object *v = weak(ring);

    ck_assert_int_eq(weir_immortalize(w), 0);
    ck_assert_int_eq(weir_immortalize(v), 0);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "x");
    check_dead(w);
    check_dead(v);
    ck_assert_int_eq(weir_gc_collect(2), 0);
}
END_TEST

/* What the garbage kept from outside dies by counting, as ever. */
START_TEST(targets_that_die_in_the_teardown)
{
    weir_object *old = make(final_type);
    weir_object *w = watch(old, "c");
    weir_object *v = weak(old);
    weir_object *ring;

    ck_assert_int_eq(weir_gc_collect(2), 0);
    ring = make_ring(node_type);
    link_to(ring, SECOND, old);
    weir_decref(old);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    ck_assert_str_eq(seen.log, "fc");
    check_dead(w);
    check_dead(v);
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

/* ---- resurrection ------------------------------------------------------- */

static void
save_from_saved(weir_object *w, weir_object *context, void *letter)
{
    weir_object *got = weir_weak_get(seen.saved);

    called(w, context, letter);
    seen.wrong += got == NULL || seen.list != NULL;
    seen.list = got;
}

/* Through another weak reference, a callback can: it lives, with all it
 * reaches, and keeps what was not cleared. */
START_TEST(a_callback_revives_through_a_weak_reference_without_one)
{
    weir_object *ring = make_ring(node_type);
    weir_object *other = weir_instance_get(ring, FIRST);
    weir_object *w = watch_with(ring, save_from_saved, NULL, "c");
    weir_object *v = weak(other);
    weir_object *lost = make_ring(node_type);
    weir_object *u = watch(lost, "d");

    seen.saved = weak(ring);
    weir_decref(other);
    weir_decref(ring);
    weir_decref(lost);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(seen.called, 2);
    ck_assert_ptr_eq(seen.list, ring);
    wr_test_count(ring, 2);
    ck_assert_uint_eq(wr_flags(ring) & WR_FLAG_IN_GARBAGE, 0);
    check_alive(seen.saved, ring);
    check_alive(v, other);
    check_dead(w);
    check_dead(u);
    ck_assert_int_eq(weir_weak_count(ring), 1);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(seen.called, 2);
    check_dead(seen.saved);
    check_dead(v);
    weir_decref(seen.saved);
    weir_decref(u);
    weir_decref(v);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

static void
save_itself(weir_object *o)
{
    seen.list = weir_newref(o);
}

START_TEST(who_is_revived_keeps_what_was_not_cleared)
{
    weir_object *ring = make_ring(final_type);
    weir_object *w = watch(ring, "c");
    weir_object *v = weak(ring);

    act = save_itself;
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_str_eq(seen.log, "cf");
    check_alive(v, ring);
    check_dead(w);
    weir_decref(w);
    w = watch(ring, "d");
    weir_decref(seen.list);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "cfd");
    check_dead(v);
    check_dead(w);
    weir_decref(v);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:weak.called-once] whatever becomes of the target afterwards. */
START_TEST(each_callback_is_called_once)
{
    weir_object *ring = make_ring(final_type);
    weir_object *w = watch(ring, "c");

    act = save_itself;
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    link_to(ring, FIRST, NULL);
    weir_decref(seen.list);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    check_dead(w);
    weir_decref(w);
    ck_assert_uint_eq(seen.called, 1);
    wr_test_no_leak(before);
}
END_TEST

/* Cleared, not called, and never seen half torn down. */
static void
make_weak(weir_object *o)
{
    weir_object *next = weir_instance_get(o, FIRST);
    weir_object *w = weak(o);
    weir_object *v = weak(next);

    seen.saved = weir_weak_new(o, called, NULL, (void *)(uintptr_t) "x");
    seen.list = weir_list_new();
    seen.wrong += weir_list_append(seen.list, w) != 0;
    seen.wrong += weir_list_append(seen.list, v) != 0;
    weir_decref(w);
    weir_decref(v);
    weir_decref(next);
}

START_TEST(weak_references_made_by_finalizers_are_cleared)
{
    weir_object *w;

    act = make_weak;
    weir_decref(make_ring(final_type));
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "f");
    check_dead(seen.saved);
    for (size_t i = 0; i < 2; i++) {
        w = weir_list_get(seen.list, i);
        check_dead(w);
        weir_decref(w);
    }
    weir_decref(seen.saved);
    weir_decref(seen.list);
    wr_test_no_leak(before);
}
END_TEST

/* It was garbage when its target died in the meantime, and lives on: its
 * callback was called. */
static weir_object *victim;

static void
drop_victim_and_save(weir_object *o)
{
    weir_decref(victim);
    seen.list = weir_newref(o);
}

START_TEST(a_live_target_dies_while_finalizers_run)
{
    weir_object *ring = make_ring(final_type);
    weir_object *w;

    victim = make(node_type);
    w = watch_with(victim, called, ring, "w");
    link_to(ring, SECOND, w);
    weir_decref(w);
    act = drop_victim_and_save;
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_str_eq(seen.log, "fw");
    ck_assert_ptr_eq(seen.list, ring);
    check_dead(w);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 3);
    wr_test_no_leak(before);
}
END_TEST

/* ---- what callbacks may do ---------------------------------------------- */

static void
do_everything(weir_object *w, weir_object *context, void *letter)
{
    weir_object *list = weir_list_new();

    called(w, context, letter);
    /* Others collect later; the runtime does not stop now. */
    seen.wrong += weir_gc_collect(2) != 0 || weir_stop() != WEIR_EBUSY;
    seen.wrong += weir_checkpoint() != 0;
    seen.wrong += weir_list_append(list, list) != 0;
    seen.wrong += weir_list_append(context, list) != 0;
    weir_decref(watch(list, "z"));
    weir_decref(list);
    /* Kills a target, its own weak reference, and one that waits. */
    weir_xdecref(victim);
    weir_xdecref(seen.saved);
    seen.saved = NULL;
    victim = NULL;
}

START_TEST(callbacks_may_do_everything)
{
    weir_object *ring = make_ring(final_type);
    weir_object *list = weir_list_new();
    weir_object *waiting = watch(ring, "b");
    weir_object *v;

    victim = make(node_type);
    link_to(victim, FIRST, waiting);
    weir_decref(waiting);
    v = watch(victim, "v");
    seen.saved = watch_with(ring, do_everything, list, "a");
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_str_eq(seen.log, "avbf");
    ck_assert_int_eq(weir_list_size(list), 1);
    weir_decref(list);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

/* It breaks the cycle: nothing is left but the bias. */
static void
break_ring(weir_object *w, weir_object *context, void *letter)
{
    weir_object *got = weir_weak_get(context);

    called(w, NULL, letter);
    seen.wrong += got == NULL;
    link_to(got, FIRST, NULL);
    weir_decref(got);
}

START_TEST(a_callback_breaks_the_cycle)
{
    weir_object *ring = make_ring(node_type);
    weir_object *plain = weak(ring);
    weir_object *w = watch_with(ring, break_ring, plain, "w");

    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    check_dead(plain);
    check_dead(w);
    weir_decref(plain);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(many_rings_with_many_weak_references)
{
    enum { RINGS = 500, EACH = 6 };
    static weir_object *w[RINGS * EACH];
    size_t due = 0;

    for (size_t i = 0; i < RINGS; i++) {
        weir_object *ring = make_ring(i % 7 == 0 ? final_type : node_type);

        for (size_t j = 0; j < EACH; j++) {
            weir_object **at = &w[i * EACH + j];

            *at = (i + j) % 3 == 0 ? weak(ring) : watch(ring, NULL);
            if (j == 1) {
                link_to(ring, SECOND, *at);
                weir_decref(*at);
                *at = NULL;
            } else {
                due += (i + j) % 3 != 0;
            }
        }
        weir_decref(ring);
    }
    ck_assert_int_ge(weir_gc_collect(2), 2 * RINGS);
    ck_assert_uint_eq(seen.called, due);
    for (size_t i = 0; i < RINGS * EACH; i++) {
        if (w[i] != NULL) {
            check_dead(w[i]);
            weir_decref(w[i]);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

/* ---- without memory ----------------------------------------------------- */

/* A collection that fails has cleared nothing; the table never asks. */
START_TEST(collections_without_memory_clear_nothing)
{
    static const struct wr_collect_caps none;
    weir_object *ring = make_ring(node_type);
    weir_object *w = watch(ring, "c");
    weir_object *v = weak(ring);
    int64_t found = WEIR_ENOMEM;

    weir_decref(ring);
    for (uint64_t nth = 1; found < 0; nth++) {
        ck_assert_uint_lt(nth, 100);
        wr_collect_set_caps(&none);
        wr_fault_arm(nth);
        found = weir_gc_collect(2);
        wr_fault_disarm();
        if (found < 0) {
            ck_assert_int_eq(found, WEIR_ENOMEM);
            ck_assert_uint_eq(seen.called, 0);
            check_alive(w, ring);
            check_alive(v, ring);
            ck_assert_int_eq(weir_weak_count(ring), 2);
        }
    }
    ck_assert_int_eq(found, 2);
    ck_assert_uint_eq(seen.called, 1);
    check_dead(v);
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

/*
 * The heap grows while the callback runs, so that the second detection needs
 * more memory, and gets none: all counts as resurrected.
 */
enum { GROWN_ITEMS = 1 << 18, GROWN_OBJECTS = 70000 };

static void
grow_and_fail(weir_object *w, weir_object *context, void *letter)
{
    weir_object *item = wr_test_int(0);

    called(w, context, letter);
    for (unsigned i = 0; i < GROWN_ITEMS; i++) {
        seen.wrong += weir_list_append(context, item) != 0;
    }
    weir_decref(item);
    wr_fault_arm_from(1);
}

START_TEST(no_memory_after_the_callbacks)
{
    weir_object *ring = make_ring(node_type);
    weir_object *list = weir_list_new();
    weir_object *w = watch_with(ring, grow_and_fail, list, "w");
    weir_object *v = weak(ring);
    weir_object *many = make(node_type);
    weir_object *last = many;

    for (unsigned i = 1; i < GROWN_OBJECTS; i++) {
        weir_object *next = make(node_type);

        (void)weir_instance_set(last, FIRST, next);
        weir_decref(next);
        last = next;
    }
    (void)weir_instance_set(last, FIRST, many);
    weir_decref(many);
    weir_decref(ring);
    ck_assert_int_eq(weir_gc_collect(2), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert_uint_eq(seen.called, 1);
    check_dead(w);
    check_alive(v, ring);
    ck_assert_int_eq(weir_gc_collect(2), GROWN_OBJECTS + 2);
    check_dead(v);
    ck_assert_uint_eq(seen.called, 1);
    weir_decref(v);
    weir_decref(w);
    weir_decref(list);
    wr_test_no_leak(before);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 20);
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *
wr_suite_weak_collect(void)
{
    Suite *suite = suite_create("weak_collect");
    TCase *order = add_case(suite, "order");
    TCase *who = add_case(suite, "who");
    TCase *revive = add_case(suite, "revive");
    TCase *callbacks = add_case(suite, "callbacks");
    TCase *memory = add_case(suite, "memory");

    tcase_add_test(order,
                   callbacks_then_finalizers_then_the_others_are_cleared);
    tcase_add_test(order, the_latest_made_is_called_first);
    tcase_add_test(order, one_stop_is_enough_without_callbacks);
    tcase_add_test(order, targets_of_every_kind);
    tcase_add_test(who, weak_references_that_are_garbage_are_not_called);
    tcase_add_test(who, cycles_through_a_context);
    tcase_add_test(who, garbage_that_names_a_live_target);
    tcase_add_test(who, an_old_weak_reference_to_young_garbage);
    tcase_add_test(who, an_old_unreachable_weak_reference_is_called);
    tcase_add_test(who, immortal_weak_references_are_called);
    tcase_add_test(who, targets_that_die_in_the_teardown);
    tcase_add_test(revive,
                   a_callback_revives_through_a_weak_reference_without_one);
    tcase_add_test(revive, who_is_revived_keeps_what_was_not_cleared);
    tcase_add_test(revive, each_callback_is_called_once);
    tcase_add_test(revive, weak_references_made_by_finalizers_are_cleared);
    tcase_add_test(revive, a_live_target_dies_while_finalizers_run);
    tcase_add_test(callbacks, callbacks_may_do_everything);
    tcase_add_test(callbacks, a_callback_breaks_the_cycle);
    tcase_add_test(callbacks, many_rings_with_many_weak_references);
    tcase_add_test(memory, collections_without_memory_clear_nothing);
    tcase_add_test(memory, no_memory_after_the_callbacks);
    return suite;
}
