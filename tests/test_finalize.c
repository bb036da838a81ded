/* SPDX-License-Identifier: MIT */
/*
 * tests/test_finalize.c - finalizers of cyclic garbage, and resurrection.
 *
 * The type under test has three slots: two for links, one for an int that
 * names the object.  What a finalizer does is chosen per test; what it saw is
 * logged.
 */
#include "tests/fixture.h"

#include "object/header.h"

enum { NEXT, OTHER, NAME, SLOTS, LOG_MAX = 4096 };

struct script {
    /* what to do, besides logging */
    void (*act)(weir_object *o, struct script *script);
    int64_t log[LOG_MAX];
    size_t logged;
    /* finalizers that found a neighbour incomplete */
    size_t torn;
    weir_object *saved;
    int64_t victim;
    int64_t number;
    weir_type *type;
};

static struct script script;
static weir_type *plain_type;
static struct wr_test_usage before;

static int64_t
name_of(weir_object *o)
{
    weir_object *number = weir_instance_get(o, NAME);
    int64_t name;

    if (number == NULL) {
        return -1;
    }
    name = wr_test_int_is(number);
    weir_decref(number);
    return name;
}

static void
finalize(weir_object *o, void *data)
{
    struct script *s = data;
    weir_object *next = weir_instance_get(o, NEXT);

    if (next != NULL && weir_is_instance(next) && name_of(next) < 0) {
        s->torn++;
    }
    weir_xdecref(next);
    if (s->logged < LOG_MAX) {
        s->log[s->logged] = name_of(o);
    }
    s->logged++;
    if (s->act != NULL) {
        s->act(o, s);
    }
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&script, 0, sizeof(script));
    script.type = weir_instance_type("finalized", SLOTS, 0, finalize, &script);
    plain_type = weir_instance_type("plain", SLOTS, 0, NULL, NULL);
    ck_assert_ptr_nonnull(script.type);
    ck_assert_ptr_nonnull(plain_type);
    before = wr_test_usage();
}

static void
teardown(void)
{
    wr_test_stop();
}

static weir_object *
make(weir_type *type, int64_t name)
{
    weir_object *o = weir_instance_new(type);
    weir_object *number = wr_test_int(name);

    ck_assert_ptr_nonnull(o);
    ck_assert_int_eq(weir_instance_set(o, NAME, number), 0);
    weir_decref(number);
    return o;
}

static void
link_to(weir_object *o, size_t slot, weir_object *value)
{
    ck_assert_int_eq(weir_instance_set(o, slot, value), 0);
}

/* A ring of n objects named first .. first + n - 1; returns the first. */
static weir_object *
make_ring(weir_type *type, size_t n, int64_t first)
{
    weir_object *head = make(type, first);
    weir_object *last = head;

    for (size_t i = 1; i < n; i++) {
        weir_object *next = make(type, first + (int64_t)i);

        link_to(last, NEXT, next);
        weir_decref(next);
        last = next;
    }
    link_to(last, NEXT, head);
    return head;
}

/* Every name from 0 to n - 1 was logged exactly once. */
static void
check_log(size_t n)
{
    static unsigned seen[LOG_MAX];

    ck_assert_uint_eq(script.logged, n);
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_ge(script.log[i], 0);
        ck_assert_int_lt(script.log[i], (int64_t)n);
        seen[script.log[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(seen[i], 1);
    }
}

/* A ring of n objects named first .. is whole, from any of them. */
static void
check_ring(weir_object *head, size_t n, int64_t first)
{
    weir_object *o = weir_newref(head);
    int64_t start = name_of(head) - first;

    for (size_t i = 0; i < n; i++) {
        weir_object *next = weir_instance_get(o, NEXT);

        ck_assert_int_eq(name_of(o), first + (start + (int64_t)i) % (int64_t)n);
        ck_assert_ptr_nonnull(next);
        weir_decref(o);
        o = next;
    }
    ck_assert_ptr_eq(o, head);
    weir_decref(o);
}

/* ---- once, and before any teardown -------------------------------------- */

START_TEST(every_finalizer_runs_once_before_teardown)
{
    weir_decref(make_ring(script.type, 100, 0));
    ck_assert_int_eq(weir_gc_collect(2), 100);
    check_log(100);
    ck_assert_uint_eq(script.torn, 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_uint_eq(script.logged, 100);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(only_some_have_finalizers)
{
    weir_object *ring = make_ring(plain_type, 1000, 5000);
    weir_object *one = make(script.type, 0);

    link_to(one, NEXT, ring);
    link_to(ring, OTHER, one);
    weir_decref(one);
    weir_decref(ring);
    weir_decref(make_ring(plain_type, 10, 0));
    ck_assert_int_eq(weir_gc_collect(0), 1011);
    check_log(1);
    wr_test_no_leak(before);
}
END_TEST

/* Two pauses, with the world running in between. */
START_TEST(finalizers_run_between_two_stops)
{
    weir_gc_pauses pauses;

    weir_decref(make_ring(plain_type, 10, 0));
    ck_assert_int_eq(weir_gc_collect(2), 10);
    ck_assert_int_eq(weir_gc_get_pauses(&pauses), 0);
    ck_assert_uint_eq(pauses.count, 1);
    weir_decref(make_ring(script.type, 10, 0));
    ck_assert_int_eq(weir_gc_collect(2), 10);
    ck_assert_int_eq(weir_gc_get_pauses(&pauses), 0);
    ck_assert_uint_eq(pauses.count, 3);
}
END_TEST

static void
note_count(weir_object *o, struct script *s)
{
    s->number = weir_refcount(o);
    ck_assert(weir_gc_is_finalized(o));
}

/* [inv:collect.biased] is not seen. */
START_TEST(a_finalizer_sees_the_true_count)
{
    weir_object *o = make(script.type, 0);

    script.act = note_count;
    link_to(o, NEXT, o);
    link_to(o, OTHER, o);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(script.number, 2);
    wr_test_no_leak(before);
}
END_TEST

static void
break_cycle(weir_object *o, struct script *s)
{
    (void)s;
    ck_assert_int_eq(weir_instance_set(o, NEXT, NULL), 0);
}

START_TEST(finalizers_that_break_the_cycle_themselves)
{
    script.act = break_cycle;
    weir_decref(make_ring(script.type, 50, 0));
    ck_assert_int_eq(weir_gc_collect(2), 50);
    check_log(50);
    wr_test_no_leak(before);
}
END_TEST

static void
drop_everything(weir_object *o, struct script *s)
{
    (void)s;
    for (size_t i = 0; i < SLOTS; i++) {
        ck_assert_int_eq(weir_instance_set(o, i, NULL), 0);
    }
}

START_TEST(finalizers_that_drop_everything)
{
    script.act = drop_everything;
    for (int i = 0; i < 20; i++) {
        weir_decref(make_ring(script.type, 1, 0));
    }
    ck_assert_int_eq(weir_gc_collect(2), 20);
    ck_assert_uint_eq(script.logged, 20);
    wr_test_no_leak(before);
}
END_TEST

static void
allocate_and_collect(weir_object *o, struct script *s)
{
    (void)o;
    (void)s;
    for (int i = 0; i < 100; i++) {
        weir_decref(make_ring(plain_type, 2, 0));
    }
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_checkpoint(), 0);
}

/* What finalizers make meanwhile is young, and found next time. */
START_TEST(finalizers_that_allocate_and_collect)
{
    script.act = allocate_and_collect;
    weir_decref(make_ring(script.type, 5, 0));
    ck_assert_int_eq(weir_gc_collect(2), 5);
    script.act = NULL;
    ck_assert_int_eq(weir_gc_collect(0), 1000);
    wr_test_no_leak(before);
}
END_TEST

/* The last reference to something outside the garbage. */
START_TEST(teardown_runs_finalizers_of_others)
{
    weir_object *ring = make_ring(plain_type, 10, 100);
    weir_object *outside = make(script.type, 0);

    link_to(ring, OTHER, outside);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(outside);
    weir_decref(ring);
    script.act = allocate_and_collect;
    ck_assert_int_eq(weir_gc_collect(2), 11);
    check_log(1);
    ck_assert_int_eq(weir_gc_collect(0), 200);
    wr_test_no_leak(before);
}
END_TEST

/* As above, but what dies by counting was never a candidate. */
START_TEST(young_garbage_kills_an_old_object_with_a_finalizer)
{
    weir_object *old = make(script.type, 0);
    weir_object *ring;

    ck_assert_int_eq(weir_gc_collect(2), 0);
    ring = make_ring(plain_type, 10, 100);
    link_to(ring, OTHER, old);
    weir_decref(old);
    weir_decref(ring);
    script.act = allocate_and_collect;
    ck_assert_int_eq(weir_gc_collect(0), 10);
    check_log(1);
    ck_assert_int_eq(weir_gc_collect(0), 200);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(counts_around_the_limit_with_the_bias)
{
    for (unsigned n = 125; n <= 130; n++) {
        weir_object *hub = make(script.type, 0);
        weir_object *list = weir_list_new();

        for (unsigned i = 0; i < n; i++) {
            ck_assert_int_eq(weir_list_append(list, hub), 0);
        }
        link_to(hub, NEXT, list);
        weir_decref(list);
        weir_decref(hub);
        ck_assert_int_eq(weir_gc_collect(2), 2);
    }
    ck_assert_uint_eq(script.logged, 6);
    wr_test_no_leak(before);
}
END_TEST

/* ---- resurrection ------------------------------------------------------- */

static void
save_victim(weir_object *o, struct script *s)
{
    if (name_of(o) == s->victim) {
        s->saved = weir_newref(o);
    }
}

START_TEST(resurrected_objects_live_and_are_not_finalized_again)
{
    script.act = save_victim;
    script.victim = 3;
    weir_decref(make_ring(script.type, 10, 0));
    ck_assert_int_eq(weir_gc_collect(2), 0);
    check_log(10);
    ck_assert_ptr_nonnull(script.saved);
    check_ring(script.saved, 10, 0);
    wr_test_count(script.saved, 2);
    ck_assert_uint_eq(wr_flags(script.saved) & WR_FLAG_GEN_MASK, 2);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(script.saved);
    ck_assert_int_eq(weir_gc_collect(1), 0);
    ck_assert_int_eq(weir_gc_collect(2), 10);
    ck_assert_uint_eq(script.logged, 10);
    wr_test_no_leak(before);
}
END_TEST

/* 3.3: what the revived one reaches stays whole; the rest is freed. */
START_TEST(resurrecting_one_of_several_cycles)
{
    weir_object *reached = make_ring(plain_type, 20, 500);
    weir_object *revived = make_ring(script.type, 10, 0);
    weir_object *doomed = make_ring(script.type, 30, 10);

    link_to(revived, OTHER, reached);
    link_to(doomed, OTHER, revived);
    weir_decref(reached);
    weir_decref(revived);
    weir_decref(doomed);
    script.act = save_victim;
    script.victim = 0;
    ck_assert_int_eq(weir_gc_collect(2), 30);
    check_log(40);
    ck_assert_ptr_nonnull(script.saved);
    check_ring(script.saved, 10, 0);
    reached = weir_instance_get(script.saved, OTHER);
    check_ring(reached, 20, 500);
    wr_test_count(reached, 3);
    weir_decref(reached);
    weir_decref(script.saved);
    ck_assert_int_eq(weir_gc_collect(2), 30);
    ck_assert_uint_eq(script.logged, 40);
    wr_test_no_leak(before);
}
END_TEST

static void
save_all(weir_object *o, struct script *s)
{
    ck_assert_int_eq(weir_list_append(s->saved, o), 0);
}

START_TEST(resurrecting_all)
{
    script.saved = weir_list_new();
    script.act = save_all;
    weir_decref(make_ring(script.type, 200, 0));
    weir_decref(make_ring(script.type, 1, 200));
    ck_assert_int_eq(weir_gc_collect(0), 0);
    check_log(201);
    ck_assert_int_eq(weir_list_size(script.saved), 201);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(script.saved);
    ck_assert_int_eq(weir_gc_collect(2), 201);
    check_log(201);
    wr_test_no_leak(before);
}
END_TEST

/* A young object that outlives its maker's finalizer and refers to it. */
static void
refer_from_something_new(weir_object *o, struct script *s)
{
    if (name_of(o) == s->victim) {
        s->saved = make(plain_type, 99);
        ck_assert_int_eq(weir_instance_set(s->saved, NEXT, o), 0);
    }
}

START_TEST(resurrection_through_a_new_object)
{
    script.act = refer_from_something_new;
    weir_decref(make_ring(script.type, 3, 0));
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(script.saved);
    ck_assert_int_eq(weir_gc_collect(2), 3);
    check_log(3);
    wr_test_no_leak(before);
}
END_TEST

/* New, and part of the cycle: a matter for the next collection. */
static void
grow_cycle(weir_object *o, struct script *s)
{
    weir_object *fresh = make(plain_type, 99);

    (void)s;
    ck_assert_int_eq(weir_instance_set(fresh, NEXT, o), 0);
    ck_assert_int_eq(weir_instance_set(o, OTHER, fresh), 0);
    weir_decref(fresh);
}

START_TEST(finalizers_that_extend_the_cycle)
{
    script.act = grow_cycle;
    weir_decref(make_ring(script.type, 3, 0));
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_gc_collect(2), 6);
    check_log(3);
    wr_test_no_leak(before);
}
END_TEST

/* New, referred to by the garbage only: dies with it. */
static void
hang_something_new(weir_object *o, struct script *s)
{
    weir_object *fresh = make(plain_type, 99);

    (void)s;
    ck_assert_int_eq(weir_instance_set(o, OTHER, fresh), 0);
    weir_decref(fresh);
}

START_TEST(finalizers_that_hang_something_on_the_garbage)
{
    script.act = hang_something_new;
    weir_decref(make_ring(script.type, 30, 0));
    ck_assert_int_eq(weir_gc_collect(2), 30);
    check_log(30);
    wr_test_no_leak(before);
}
END_TEST

static void
immortalize_victim(weir_object *o, struct script *s)
{
    if (name_of(o) == s->victim) {
        ck_assert_int_eq(weir_immortalize(weir_newref(o)), 0);
        s->saved = o;
    }
}

START_TEST(resurrection_for_ever)
{
    script.act = immortalize_victim;
    script.victim = 1;
    weir_decref(make_ring(script.type, 4, 0));
    weir_decref(make_ring(plain_type, 4, 50));
    ck_assert_int_eq(weir_gc_collect(2), 4);
    ck_assert(weir_is_immortal(script.saved));
    check_ring(script.saved, 4, 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    check_ring(script.saved, 4, 0);
}
END_TEST

/* Resurrected by a finalizer that a plain drop started. */
START_TEST(a_finalizer_that_a_drop_started_does_not_run_again)
{
    weir_object *o = make(script.type, 0);

    script.act = save_victim;
    weir_decref(o);
    ck_assert_uint_eq(script.logged, 1);
    ck_assert_ptr_eq(script.saved, o);
    ck_assert(weir_gc_is_finalized(o));
    link_to(o, NEXT, o);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_uint_eq(script.logged, 1);
    wr_test_no_leak(before);
}
END_TEST

/* A collection inside a finalizer that a plain drop started. */
static void
collect_now(weir_object *o, struct script *s)
{
    (void)o;
    s->number = weir_gc_collect(2);
}

static int stopped_with[3];

static void
finalize_and_stop(weir_object *o, void *data)
{
    (void)o;
    *(int *)data = weir_stop();
}

static void
stop_in_callback(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    (void)phase;
    (void)info;
    *(int *)data = weir_stop();
}

/* The heap went away under the caller of the finalizer. */
START_TEST(the_runtime_does_not_stop_inside_a_finalizer_or_callback)
{
    weir_type *type =
        weir_instance_type("stops", 1, 0, finalize_and_stop, &stopped_with[0]);
    weir_object *o = weir_instance_new(type);

    weir_decref(o);
    type = weir_instance_type("stops too", 1, 0, finalize_and_stop,
                              &stopped_with[1]);
    o = weir_instance_new(type);
    ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_gc_callback_add(stop_in_callback, &stopped_with[2]),
                     0);
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_gc_collect(0), 1);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(stopped_with[i], WEIR_EBUSY);
        }
    }
}
END_TEST

START_TEST(an_ordinary_finalizer_may_collect)
{
    weir_object *list = weir_list_new();
    weir_object *o = make(script.type, 0);

    script.act = collect_now;
    weir_decref(make_ring(plain_type, 10, 0));
    ck_assert_int_eq(weir_list_append(list, o), 0);
    weir_decref(o);
    /* The list is being torn down when its item's finalizer collects. */
    weir_decref(list);
    ck_assert_int_eq(script.number, 10);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_finalize(void)
{
    Suite *suite = suite_create("finalize");
    TCase *once = tcase_create("once");
    TCase *revive = tcase_create("revive");

    tcase_add_checked_fixture(once, setup, teardown);
    tcase_add_test(once, every_finalizer_runs_once_before_teardown);
    tcase_add_test(once, only_some_have_finalizers);
    tcase_add_test(once, finalizers_run_between_two_stops);
    tcase_add_test(once, a_finalizer_sees_the_true_count);
    tcase_add_test(once, finalizers_that_break_the_cycle_themselves);
    tcase_add_test(once, finalizers_that_drop_everything);
    tcase_add_test(once, finalizers_that_allocate_and_collect);
    tcase_add_test(once, teardown_runs_finalizers_of_others);
    tcase_add_test(once, young_garbage_kills_an_old_object_with_a_finalizer);
    tcase_add_test(once, counts_around_the_limit_with_the_bias);
    suite_add_tcase(suite, once);

    tcase_add_checked_fixture(revive, setup, teardown);
    tcase_add_test(revive,
                   resurrected_objects_live_and_are_not_finalized_again);
    tcase_add_test(revive, resurrecting_one_of_several_cycles);
    tcase_add_test(revive, resurrecting_all);
    tcase_add_test(revive, resurrection_through_a_new_object);
    tcase_add_test(revive, finalizers_that_extend_the_cycle);
    tcase_add_test(revive, finalizers_that_hang_something_on_the_garbage);
    tcase_add_test(revive, resurrection_for_ever);
    tcase_add_test(revive, a_finalizer_that_a_drop_started_does_not_run_again);
    tcase_add_test(revive, an_ordinary_finalizer_may_collect);
    tcase_add_test(revive,
                   the_runtime_does_not_stop_inside_a_finalizer_or_callback);
    suite_add_tcase(suite, revive);
    return suite;
}
