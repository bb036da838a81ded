/* SPDX-License-Identifier: MIT */
/*
 * tests/test_inspect.c - which objects there are, and who refers to whom.
 */
#include "tests/crew.h"
#include "tests/pair_fixture.h"

#include "base/mem.h"

/* How often o is in the list, whose reference is consumed. */
static size_t
times_in(weir_object *list, const weir_object *o)
{
    int64_t n = weir_list_size(list);
    size_t times = 0;

    for (size_t i = 0; i < (size_t)n; i++) {
        weir_object *item = weir_list_get(list, i);

        times += item == o ? 1 : 0;
        weir_decref(item);
    }
    weir_decref(list);
    return times;
}

static size_t
times_in_generation(int generation, const weir_object *o)
{
    weir_object *list = weir_gc_get_objects(generation);

    ck_assert_ptr_nonnull(list);
    return times_in(list, o);
}

static size_t
times_in_referrers(weir_object *target, const weir_object *o)
{
    weir_object *list = weir_gc_get_referrers(1, &target);

    ck_assert_ptr_nonnull(list);
    return times_in(list, o);
}

/* ---- objects ------------------------------------------------------------ */

START_TEST(an_object_is_seen_in_its_generation_only)
{
    weir_object *o = pair(NULL, NULL);
    uint64_t n[WEIR_GC_GENERATIONS + 1];

    for (int at = 0; at <= 2; at++) {
        ck_assert_uint_eq(times_in_generation(-1, o), 1);
        ck_assert_int_eq(weir_gc_count_objects(n), 0);
        for (int generation = 0; generation <= 2; generation++) {
            ck_assert_uint_eq(times_in_generation(generation, o),
                              generation == at ? 1 : 0);
            ck_assert_uint_eq(n[generation], generation == at ? 1 : 0);
        }
        ck_assert_uint_eq(n[WEIR_GC_GENERATIONS], 0);
        ck_assert_int_eq(weir_gc_collect(at), 0);
    }
    wr_test_count(o, 1);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(all_kinds_of_containers_are_seen_and_atoms_are_not)
{
    weir_object *number = wr_test_int(7);
    weir_object *all[] = {weir_list_new(),
                          weir_dict_new(),
                          weir_set_new(),
                          weir_cell_new(NULL),
                          pair(NULL, NULL),
                          weir_tuple_new(2),
                          weir_tuple_pack(1, &number)};
    const size_t tracked = 5;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ck_assert_ptr_nonnull(all[i]);
        ck_assert_uint_eq(times_in_generation(-1, all[i]),
                          weir_gc_is_tracked(all[i]) ? 1 : 0);
        ck_assert(weir_gc_is_tracked(all[i]) || i >= tracked);
    }
    ck_assert_uint_eq(times_in_generation(-1, number), 0);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        weir_decref(all[i]);
    }
    weir_decref(number);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(the_list_being_made_is_not_shown)
{
    weir_object *first = weir_gc_get_objects(-1);
    weir_object *second = weir_gc_get_objects(-1);

    ck_assert_int_eq(weir_list_size(second), weir_list_size(first) + 1);
    ck_assert_uint_eq(times_in(weir_newref(first), first), 0);
    ck_assert_uint_eq(times_in(weir_newref(second), second), 0);
    ck_assert_uint_eq(times_in(second, first), 1);
    weir_decref(first);
    wr_test_no_leak(before);
}
END_TEST

/* ---- referrers and referents -------------------------------------------- */

START_TEST(referrers_are_found_wherever_they_are)
{
    weir_object *o = wr_test_int(1);
    weir_object *a = pair(o, o);
    weir_object *b = weir_tuple_pack(1, &o);
    weir_object *old = weir_list_new();
    weir_object *immortal = pair(o, NULL);
    weir_object *other = pair(a, NULL);
    weir_object *both[] = {o, a};
    weir_object *list;

    ck_assert_int_eq(weir_list_append(old, o), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_immortalize(weir_newref(immortal)), 0);
    list = weir_gc_get_referrers(1, &o);
    ck_assert_int_eq(weir_list_size(list), 4);
    ck_assert_uint_eq(times_in(weir_newref(list), a), 1);
    ck_assert_uint_eq(times_in(weir_newref(list), b), 1);
    ck_assert_uint_eq(times_in(weir_newref(list), old), 1);
    ck_assert_uint_eq(times_in(list, immortal), 1);
    ck_assert_uint_eq(times_in_referrers(a, other), 1);
    list = weir_gc_get_referrers(2, both);
    ck_assert_int_eq(weir_list_size(list), 5);
    weir_decref(list);
    ck_assert_int_eq(weir_instance_set(immortal, 0, NULL), 0);
    weir_decref(other);
    weir_decref(old);
    weir_decref(b);
    weir_decref(a);
    wr_test_count(o, 1);
    weir_decref(o);
}
END_TEST

START_TEST(referents_come_in_order_and_as_often_as_they_are_held)
{
    weir_object *one = wr_test_int(1);
    weir_object *two = wr_test_int(2);
    weir_object *o = pair(one, two);
    weir_object *list = weir_list_new();
    weir_object *given[] = {o, list, one};
    weir_object *found;

    ck_assert_int_eq(weir_list_append(list, two), 0);
    ck_assert_int_eq(weir_list_append(list, two), 0);
    found = weir_gc_get_referents(3, given);
    ck_assert_int_eq(weir_list_size(found), 4);
    ck_assert_ptr_eq(weir_list_get(found, 0), one);
    weir_decref(one);
    ck_assert_uint_eq(times_in(found, two), 3);
    found = weir_gc_get_referents(1, &one);
    ck_assert_int_eq(weir_list_size(found), 0);
    weir_decref(found);
    found = weir_gc_get_referents(0, NULL);
    ck_assert_int_eq(weir_list_size(found), 0);
    weir_decref(found);
    weir_decref(list);
    weir_decref(o);
    weir_decref(one);
    weir_decref(two);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_questions_are_refused)
{
    weir_object *none = NULL;

    ck_assert_ptr_null(weir_gc_get_objects(3));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_gc_get_objects(-2));
    ck_assert_ptr_null(weir_gc_get_referrers(1, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_gc_get_referrers(1, &none));
    ck_assert_ptr_null(weir_gc_get_referents(1, &none));
    ck_assert_int_eq(weir_gc_count_objects(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_ptr_null(weir_gc_get_objects(-1));
    ck_assert_ptr_null(weir_gc_get_referents(0, NULL));
    ck_assert_ptr_null(weir_gc_get_referrers(0, NULL));
    ck_assert_int_eq(weir_blocking_end(), 0);
}
END_TEST

/* ---- while a collection runs -------------------------------------------- */

struct look {
    weir_object *trash;
    weir_object *live;
    size_t looked;
    size_t seen_trash;
    size_t seen_live;
    size_t referrers;
    int64_t referents;
};

/* Every question, from a finalizer or callback. */
static void
look_around(struct look *look)
{
    uint64_t n[WEIR_GC_GENERATIONS + 1];
    weir_object *list;

    look->looked++;
    look->seen_trash += times_in_generation(-1, look->trash);
    look->seen_live += times_in_generation(-1, look->live);
    if (weir_gc_count_objects(n) == 0 && n[0] + n[1] + n[2] != 1) {
        look->seen_trash += 1000;
    }
    list = weir_gc_get_referrers(1, &look->live);
    look->referrers += (size_t)weir_list_size(list);
    weir_decref(list);
}

static void
look_from_finalizer(weir_object *o, void *data)
{
    struct look *look = data;
    weir_object *list = weir_gc_get_referents(1, &o);

    look->referents = weir_list_size(list);
    weir_decref(list);
    look_around(look);
}

/* [inv:collect.no-trash-shown] */
START_TEST(a_finalizer_sees_no_trash)
{
    struct look look = {.looked = 0};
    weir_type *type =
        weir_instance_type("looker", 2, 0, look_from_finalizer, &look);
    weir_object *a = weir_instance_new(type);
    weir_object *b = pair(a, NULL);

    look.live = pair(NULL, NULL);
    look.trash = b;
    ck_assert_int_eq(weir_instance_set(a, 0, b), 0);
    ck_assert_int_eq(weir_instance_set(a, 1, look.live), 0);
    weir_decref(a);
    weir_decref(b);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(look.looked, 1);
    ck_assert_uint_eq(look.seen_trash, 0);
    ck_assert_uint_eq(look.seen_live, 1);
    ck_assert_uint_eq(look.referrers, 0);
    /* But its own object it has in hand. */
    ck_assert_int_eq(look.referents, 2);
    weir_decref(look.live);
    wr_test_no_leak(before);
}
END_TEST

/* The garbage is half torn down when this one dies. */
START_TEST(a_finalizer_that_teardown_runs_sees_no_trash)
{
    struct look look = {.looked = 0};
    weir_type *type =
        weir_instance_type("looker", 2, 0, look_from_finalizer, &look);
    weir_object *a = pair(NULL, NULL);
    weir_object *b = pair(a, NULL);
    weir_object *dies = weir_instance_new(type);

    look.live = pair(NULL, NULL);
    look.trash = b;
    /* Not a candidate: old, and only garbage refers to it. */
    ck_assert_int_eq(weir_gc_collect(2), 0);
    weir_decref(b);
    weir_decref(a);
    a = pair(NULL, NULL);
    b = pair(a, NULL);
    look.trash = b;
    ck_assert_int_eq(weir_instance_set(a, 0, b), 0);
    ck_assert_int_eq(weir_instance_set(a, 1, dies), 0);
    weir_decref(dies);
    weir_decref(a);
    weir_decref(b);
    ck_assert_int_eq(weir_gc_collect(0), 2);
    ck_assert_uint_eq(look.looked, 1);
    /* The one that dies is still counted by itself: two, not one. */
    ck_assert_uint_eq(look.seen_trash, 1000);
    ck_assert_uint_eq(look.seen_live, 1);
    ck_assert_uint_eq(look.referrers, 0);
    weir_decref(look.live);
    wr_test_no_leak(before);
}
END_TEST

static void
look_from_callback(weir_object *weak, weir_object *context, void *data)
{
    (void)weak;
    (void)context;
    look_around(data);
}

START_TEST(a_callback_of_a_weak_reference_sees_no_trash)
{
    struct look look = {.looked = 0};
    weir_object *a = pair(NULL, NULL);
    weir_object *weak = weir_weak_new(a, look_from_callback, NULL, &look);

    look.trash = a;
    look.live = weak;
    ck_assert_int_eq(weir_instance_set(a, 0, a), 0);
    weir_decref(a);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_uint_eq(look.looked, 1);
    ck_assert_uint_eq(look.seen_trash, 0);
    ck_assert_uint_eq(look.seen_live, 1);
    weir_decref(weak);
    wr_test_no_leak(before);
}
END_TEST

static void
look_from_phase(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    struct look *look = data;

    (void)info;
    if (phase == WEIR_GC_STOP) {
        look_around(look);
    }
}

START_TEST(a_callback_of_the_collector_may_look)
{
    struct look look = {.looked = 0};

    look.live = pair(NULL, NULL);
    ck_assert_int_eq(weir_gc_callback_add(look_from_phase, &look), 0);
    ck_assert_int_eq(weir_gc_collect(2), 0);
    ck_assert_uint_eq(look.looked, 1);
    ck_assert_uint_eq(look.seen_trash, 0);
    ck_assert_uint_eq(look.seen_live, 1);
    weir_decref(look.live);
}
END_TEST

/* ---- without memory, and with threads ----------------------------------- */

START_TEST(no_memory_changes_nothing)
{
    weir_object *o = pair(NULL, NULL);
    weir_object *holder = pair(o, NULL);
    unsigned failed = 0;

    /* Blocks fail too, not only tables. */
    wr_heap_set_slow_stw(true);
    for (int question = 0; question < 3; question++) {
        for (uint64_t nth = 1;; nth++) {
            weir_object *list;

            wr_fault_arm(nth);
            list = question == 0   ? weir_gc_get_objects(-1)
                   : question == 1 ? weir_gc_get_referrers(1, &o)
                                   : weir_gc_get_referents(1, &holder);
            wr_fault_disarm();
            wr_test_count(o, list != NULL && question != 1 ? 3 : 2);
            if (list != NULL) {
                weir_decref(list);
                break;
            }
            ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
            failed++;
        }
    }
    wr_heap_set_slow_stw(false);
    ck_assert_uint_ge(failed, 9);
    weir_decref(holder);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

/* Rounds of each thread: what a thread makes while it is turned away from
 * collecting is bounded, however the machine schedules. */
enum { ROUNDS = 2000 };

static void *
churn(void *arg)
{
    weir_object *keep;

    if (weir_attach() != 0) {
        abort();
    }
    keep = pair(NULL, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        weir_object *a = pair(keep, NULL);
        weir_object *b = pair(a, a);

        (void)weir_instance_set(a, 1, b);
        weir_decref(a);
        weir_decref(b);
        (void)weir_checkpoint();
    }
    weir_decref(keep);
    (void)weir_detach();
    return arg;
}

START_TEST(others_may_run_meanwhile)
{
    pthread_t threads[2];
    weir_object *o;
    weir_object *holder;

    if (!wr_test_safe) {
        return;
    }
    o = pair(NULL, NULL);
    holder = pair(o, NULL);
    crew_begin(&threads[0], churn, NULL);
    crew_begin(&threads[1], churn, NULL);
    for (size_t i = 0; i < (size_t)wr_test_size(100); i++) {
        ck_assert_uint_eq(times_in_generation(-1, o), 1);
        ck_assert_uint_eq(times_in_referrers(o, holder), 1);
        (void)weir_gc_collect(0);
    }
    crew_join(threads[0]);
    crew_join(threads[1]);
    weir_decref(holder);
    weir_decref(o);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_inspect(void)
{
    const TTest *const tests[] = {
        an_object_is_seen_in_its_generation_only,
        all_kinds_of_containers_are_seen_and_atoms_are_not,
        the_list_being_made_is_not_shown,
        referrers_are_found_wherever_they_are,
        referents_come_in_order_and_as_often_as_they_are_held,
        bad_questions_are_refused,
        a_finalizer_sees_no_trash,
        a_finalizer_that_teardown_runs_sees_no_trash,
        a_callback_of_a_weak_reference_sees_no_trash,
        a_callback_of_the_collector_may_look,
        no_memory_changes_nothing,
        others_may_run_meanwhile,
    };
    Suite *s = suite_create("inspect");
    TCase *c = tcase_create("inspect");

    tcase_add_checked_fixture(c, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tcase_add_test(c, tests[i]);
    }
    suite_add_tcase(s, c);
    return s;
}
