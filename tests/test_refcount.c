/* SPDX-License-Identifier: MIT */
/*
 * tests/test_refcount.c - counts: up, down, death, immortals, saturation.
 */
#include "tests/fixture.h"

#include "object/header.h"
#include "tests/bag.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 2, TURNS = 100000 };

/* How many finalizers ran, and in which order the objects died. */
struct deaths {
    int count;
    weir_object *first;
};

static void
note_death(weir_object *o, void *data)
{
    struct deaths *deaths = data;

    if (deaths->count++ == 0) {
        deaths->first = o;
    }
}

/* Behaviour 1.1. */
START_TEST(reference_adds_one_and_drop_takes_one_away)
{
    weir_object *o = weir_list_new();

    wr_test_count(o, 1);
    weir_incref(o);
    wr_test_count(o, 2);
    ck_assert_ptr_eq(weir_newref(o), o);
    wr_test_count(o, 3);
    weir_decref(o);
    wr_test_count(o, 2);
    weir_xdecref(o);
    wr_test_count(o, 1);
    weir_xdecref(NULL);
    weir_decref(o);
}
END_TEST

/* Behaviour 1.1: at once, and what it owned is dropped with it. */
START_TEST(object_dies_at_zero_with_what_it_owned)
{
    struct wr_test_usage before = wr_test_usage();
    struct deaths deaths = {0, NULL};
    weir_type *type = weir_instance_type("node", 2, 0, note_death, &deaths);
    weir_object *outer = weir_instance_new(type);
    weir_object *inner = weir_instance_new(type);
    weir_object *kept = wr_test_int(1);

    ck_assert_int_eq(weir_instance_set(outer, 0, inner), 0);
    ck_assert_int_eq(weir_instance_set(outer, 1, kept), 0);
    ck_assert_int_eq(weir_instance_set(inner, 0, kept), 0);
    weir_decref(inner);
    wr_test_count(kept, 3);
    ck_assert_int_eq(deaths.count, 0);
    weir_decref(outer);
    if (wr_cfg_counted) {
        ck_assert_int_eq(deaths.count, 2);
        ck_assert_ptr_eq(deaths.first, outer);
    }
    wr_test_count(kept, 1);
    weir_decref(kept);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 1.2 for the kinds together: each place holds one reference. */
START_TEST(every_container_holds_one_reference)
{
    weir_object *x = wr_test_int(1);
    weir_object *list = weir_list_new();
    weir_object *dict = weir_dict_new();
    weir_object *tuple = weir_tuple_pack(1, &x);
    weir_object *key = weir_int_new(1);
    weir_object *cell;
    weir_object *bag;
    weir_object *node;

    wr_test_count(x, 2);
    ck_assert_int_eq(weir_list_append(list, x), 0);
    wr_test_count(x, 3);
    ck_assert_int_eq(weir_dict_set(dict, key, x), 0);
    wr_test_count(x, 4);
    ck_assert_int_eq(weir_dict_set(dict, x, key), 0);
    wr_test_count(x, 5);
    cell = weir_cell_new(x);
    wr_test_count(x, 6);
    bag = weir_foreign_new(bag_type(NULL, false));
    bag_put(bag, 0, x);
    wr_test_count(x, 7);
    node = weir_instance_new(weir_instance_type("node", 3, 0, NULL, NULL));
    ck_assert_int_eq(weir_instance_set(node, 2, x), 0);
    wr_test_count(x, 8);
    weir_decref(cell);
    weir_decref(bag);
    weir_decref(node);
    wr_test_count(x, 5);
    weir_decref(tuple);
    wr_test_count(x, 4);
    weir_decref(dict);
    wr_test_count(x, 2);
    weir_decref(list);
    wr_test_count(x, 1);
    weir_decref(x);
}
END_TEST

/* Behaviour 1.3. */
START_TEST(count_can_be_read)
{
    weir_object *o = weir_list_new();

    for (int64_t i = 1; i < 1000; i++) {
        wr_test_count(o, i);
        weir_incref(o);
    }
    for (int64_t i = 1; i < 1000; i++) {
        weir_decref(o);
    }
    wr_test_count(o, 1);
    ck_assert_int_eq(weir_refcount(NULL), 0);
    ck_assert_int_eq(weir_refcount(weir_int_new(0)), INT64_MAX);
    weir_decref(o);
}
END_TEST

/* Change the protection of the pages that hold the size bytes of o. */
static void
protect(const weir_object *o, size_t size, int protection)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)o & ~(page - 1);
    uintptr_t end = ((uintptr_t)o + size + page - 1) & ~(page - 1);

    ck_assert_int_eq(mprotect((void *)start, end - start, protection), 0);
}

/* Do with an immortal object whatever moves the count of another one. */
static void
use_everywhere(weir_object *o)
{
    weir_object *list = weir_list_new();
    weir_object *dict = weir_dict_new();
    weir_object *tuple = weir_tuple_pack(1, &o);
    weir_object *cell = weir_cell_new(NULL);

    for (int i = 0; i < 1000; i++) {
        weir_incref(o);
    }
    for (int i = 0; i < 5000; i++) {
        weir_decref(o);
    }
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(weir_list_append(list, o), 0);
    }
    ck_assert_int_eq(weir_list_set(list, 3, o), 0);
    weir_decref(weir_list_get(list, 3));
    weir_decref(weir_list_pop(list));
    ck_assert_int_eq(weir_dict_set(dict, o, o), 0);
    weir_decref(weir_dict_get(dict, o));
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_int_eq(weir_list_clear(list), 0);
    ck_assert_int_eq(weir_cell_set(cell, o), 0);
    ck_assert_int_eq(weir_cell_replace(cell, o, NULL), 1);
    weir_decref(cell);
    weir_decref(tuple);
    weir_decref(dict);
    weir_decref(list);
}

/* Behaviour 1.5: an object that is mapped read-only keeps working. */
START_TEST(immortals_are_never_written)
{
    weir_object *immortals[] = {
        weir_int_new(WEIR_INT_SMALL_MIN),
        weir_int_new(0),
        weir_int_new(WEIR_INT_SMALL_MAX),
        weir_tuple_new(0),
        weir_str_intern("immortal", 8),
        (weir_object *)(void *)weir_type_of(weir_int_new(0)),
        (weir_object *)(void *)weir_instance_type("t", 1, 0, NULL, NULL),
    };
    size_t n = sizeof(immortals) / sizeof(immortals[0]);

    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_nonnull(immortals[i]);
        protect(immortals[i], 32, PROT_READ);
    }
    for (size_t i = 0; i < n; i++) {
        ck_assert(weir_is_immortal(immortals[i]));
        if (weir_is_int(immortals[i]) || weir_is_str(immortals[i]) ||
            weir_is_tuple(immortals[i])) {
            use_everywhere(immortals[i]);
        } else {
            weir_incref(immortals[i]);
            weir_decref(immortals[i]);
            weir_decref(immortals[i]);
        }
        ck_assert_int_eq(weir_refcount(immortals[i]), INT64_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        protect(immortals[i], 32, PROT_READ | PROT_WRITE);
    }
}
END_TEST

START_TEST(small_ints_of_a_program_are_never_written)
{
    weir_object *low = weir_int_new(WEIR_INT_SMALL_MIN);
    weir_object *high = weir_int_new(WEIR_INT_SMALL_MAX);
    size_t size = (size_t)((char *)high - (char *)low) + 32;
    weir_object *list = weir_list_new();

    protect(low, size, PROT_READ);
    for (int i = 0; i < 100000; i++) {
        weir_object *o = weir_int_new(i % 1152 - 128);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        weir_decref(o);
    }
    weir_decref(list);
    protect(low, size, PROT_READ | PROT_WRITE);
}
END_TEST

/* Behaviour 1.7. */
START_TEST(count_that_would_overflow_becomes_immortal)
{
    weir_object *o = wr_test_int(1);
    weir_object *list = weir_list_new();

    wr_store_relaxed(&o->count, INT64_MAX - 2);
    weir_incref(o);
    ck_assert(!weir_is_immortal(o));
    ck_assert_int_eq(weir_refcount(o), INT64_MAX - 1);
    weir_decref(o);
    ck_assert_int_eq(weir_refcount(o), INT64_MAX - 2);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(weir_list_append(list, o), 0);
    }
    ck_assert(weir_is_immortal(o));
    ck_assert_int_eq(weir_refcount(o), INT64_MAX);
    weir_decref(list);
    ck_assert(weir_is_immortal(o));
    for (int i = 0; i < 10000; i++) {
        weir_decref(o);
    }
    ck_assert(weir_is_immortal(o));
    ck_assert_int_eq(wr_test_int_is(o), 1);
}
END_TEST

START_TEST(container_that_saturates_keeps_its_items)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *item = wr_test_int(1);
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_list_append(list, item), 0);
    wr_store_relaxed(&list->count, INT64_MAX);
    weir_incref(list);
    ck_assert(weir_is_immortal(list));
    for (int i = 0; i < 100; i++) {
        weir_decref(list);
    }
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_count(item, 2);
    ck_assert_int_eq(weir_list_size(list), 1);
    wr_store_relaxed(&list->count, 1);
    wr_store_relaxed(&list->owner, 0);
    weir_decref(list);
    wr_test_count(item, 1);
    weir_decref(item);
    wr_test_no_leak(before);
}
END_TEST

struct turner {
    pthread_t thread;
    weir_object *o;
    int error;
};

static void *
turn(void *argument)
{
    struct turner *me = argument;

    me->error = weir_attach();
    for (int i = 0; i < TURNS && me->error == 0; i++) {
        weir_incref(me->o);
        weir_decref(me->o);
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

/* Run turn() on o in THREADS threads. */
static void
turn_in_threads(weir_object *o)
{
    struct turner who[THREADS];

    for (int i = 0; i < THREADS; i++) {
        who[i].o = o;
        who[i].error = 0;
        ck_assert_int_eq(pthread_create(&who[i].thread, NULL, turn, &who[i]),
                         0);
    }
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(who[i].thread, NULL), 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(who[i].error, 0);
    }
}

/* Behaviour 1.6: no flavour for use loses an update. */
START_TEST(no_update_is_lost_between_threads)
{
    weir_object *o = weir_list_new();

    turn_in_threads(o);
    wr_test_count(o, 1);
    weir_decref(o);
}
END_TEST

START_TEST(saturation_by_many_threads_at_once)
{
    weir_object *o = weir_list_new();

    wr_store_relaxed(&o->count, INT64_MAX - 1);
    turn_in_threads(o);
    /* Either two references met at the top, or they never did. */
    ck_assert(weir_is_immortal(o) || weir_refcount(o) == INT64_MAX - 1);
    wr_store_relaxed(&o->owner, 0);
    wr_store_relaxed(&o->count, INT64_MAX);
    turn_in_threads(o);
    ck_assert(weir_is_immortal(o));
}
END_TEST

Suite *
wr_suite_refcount(void)
{
    Suite *suite = suite_create("refcount");
    TCase *tc = tcase_create("refcount");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, reference_adds_one_and_drop_takes_one_away);
    tcase_add_test(tc, object_dies_at_zero_with_what_it_owned);
    tcase_add_test(tc, every_container_holds_one_reference);
    tcase_add_test(tc, count_can_be_read);
    tcase_add_test(tc, immortals_are_never_written);
    tcase_add_test(tc, small_ints_of_a_program_are_never_written);
    if (wr_cfg_counted) {
        tcase_add_test(tc, count_that_would_overflow_becomes_immortal);
        tcase_add_test(tc, container_that_saturates_keeps_its_items);
    }
    if (wr_cfg_counted && wr_test_safe) {
        tcase_add_test(tc, no_update_is_lost_between_threads);
        tcase_add_test(tc, saturation_by_many_threads_at_once);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
