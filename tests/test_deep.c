/* SPDX-License-Identifier: MIT */
/*
 * tests/test_deep.c - deep structures die within a bounded C stack.
 *
 * Behaviour 1.4.  A structure is built and dropped by a thread whose whole
 * stack is a small part of the usual 8 MiB: one frame per level, of whatever
 * size, would overrun it many times.  What makes it possible is
 * [inv:obj.link16].
 */
#include "tests/bag.h"
#include "tests/fixture.h"

#include <pthread.h>

enum {
    DEEP = 10000000,
    DEEP_SLOW = 100000,
    STACK_BYTES = 128 * 1024,
    STACK_BYTES_SLOW = 1024 * 1024
};

struct builder {
    pthread_t thread;
    weir_object *(*wrap)(weir_object *inner, int64_t level);
    int64_t depth;
    int64_t reached;
    int error;
};

/* Wrap an object, whose reference is consumed, depth times; drop the head. */
static void *
build_and_drop(void *argument)
{
    struct builder *me = argument;
    weir_object *head;

    me->error = weir_attach();
    if (me->error != 0) {
        return NULL;
    }
    head = weir_list_new();
    for (int64_t i = 0; i < me->depth && head != NULL; i++) {
        head = me->wrap(head, i);
        me->reached++;
    }
    if (head == NULL) {
        me->error = weir_error();
    }
    weir_xdecref(head);
    (void)weir_detach();
    return NULL;
}

static void
drop_deep(weir_object *(*wrap)(weir_object *inner, int64_t level),
          int64_t depth)
{
    struct wr_test_usage before = wr_test_usage();
    struct builder builder = {.wrap = wrap, .depth = depth};
    pthread_attr_t attr;

    if (wr_test_slow() || !wr_cfg_counted) {
        builder.depth = DEEP_SLOW;
    }
    ck_assert_int_eq(pthread_attr_init(&attr), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, wr_test_slow()
                                                          ? STACK_BYTES_SLOW
                                                          : STACK_BYTES),
                     0);
    ck_assert_int_eq(
        pthread_create(&builder.thread, &attr, build_and_drop, &builder), 0);
    pthread_attr_destroy(&attr);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(builder.thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(builder.error, 0);
    ck_assert_int_eq(builder.reached, builder.depth);
    wr_test_no_leak(before);
}

static weir_object *
wrap_list(weir_object *inner, int64_t level)
{
    weir_object *list = weir_list_new();

    (void)level;
    if (list != NULL && weir_list_append(list, inner) != 0) {
        weir_decref(list);
        list = NULL;
    }
    weir_decref(inner);
    return list;
}

START_TEST(nested_lists)
{
    drop_deep(wrap_list, DEEP);
}
END_TEST

static weir_object *
wrap_tuple(weir_object *inner, int64_t level)
{
    weir_object *tuple = weir_tuple_pack(1, &inner);

    (void)level;
    weir_decref(inner);
    return tuple;
}

START_TEST(nested_tuples)
{
    drop_deep(wrap_tuple, DEEP);
}
END_TEST

/* The deep child is the last one, not the field that is dropped early. */
static weir_object *
wrap_tuple_last(weir_object *inner, int64_t level)
{
    weir_object *items[] = {weir_int_new(level % 1000), weir_tuple_new(0),
                            inner};
    weir_object *tuple = weir_tuple_pack(3, items);

    weir_decref(inner);
    return tuple;
}

START_TEST(nested_tuples_in_the_last_place)
{
    drop_deep(wrap_tuple_last, DEEP / 10);
}
END_TEST

static weir_object *
wrap_dict(weir_object *inner, int64_t level)
{
    weir_object *dict = weir_dict_new();

    if (dict != NULL &&
        weir_dict_set(dict, weir_int_new(level % 1000), inner) != 0) {
        weir_decref(dict);
        dict = NULL;
    }
    weir_decref(inner);
    return dict;
}

/* [const] once a test has begun */
static weir_type *pair;

static weir_object *
wrap_instance(weir_object *inner, int64_t level)
{
    weir_object *o = weir_instance_new(pair);

    if (o != NULL) {
        (void)weir_instance_set(o, (size_t)(level % 2), inner);
    }
    weir_decref(inner);
    return o;
}

/* A set of an instance, since not everything can be an element. */
static weir_object *
wrap_set(weir_object *inner, int64_t level)
{
    weir_object *element = wrap_instance(inner, level);
    weir_object *set = weir_set_new();

    if (element == NULL || set == NULL || weir_set_add(set, element) != 1) {
        weir_xdecref(set);
        set = NULL;
    }
    weir_xdecref(element);
    return set;
}

START_TEST(nested_sets)
{
    pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair);
    drop_deep(wrap_set, DEEP / 10);
}
END_TEST

static weir_object *
wrap_cell(weir_object *inner, int64_t level)
{
    weir_object *cell = weir_cell_new(inner);

    (void)level;
    weir_decref(inner);
    return cell;
}

START_TEST(nested_cells)
{
    drop_deep(wrap_cell, DEEP / 10);
}
END_TEST

/* [const] once a test has begun */
static weir_type *bag;

static weir_object *
wrap_bag(weir_object *inner, int64_t level)
{
    weir_object *o = weir_foreign_new(bag);

    if (o != NULL) {
        bag_put(o, (size_t)(level % BAG_ITEMS), inner);
    }
    weir_decref(inner);
    return o;
}

START_TEST(nested_objects_of_a_foreign_type)
{
    bag = bag_type(NULL, false);
    ck_assert_ptr_nonnull(bag);
    drop_deep(wrap_bag, DEEP / 10);
}
END_TEST

static weir_object *
wrap_any(weir_object *inner, int64_t level)
{
    switch (level * 5 % 8) {
    case 0:
        return wrap_list(inner, level);
    case 1:
        return wrap_tuple(inner, level);
    case 2:
        return wrap_tuple_last(inner, level);
    case 3:
        return wrap_dict(inner, level);
    case 4:
        return wrap_cell(inner, level);
    case 5:
        return wrap_bag(inner, level);
    case 6:
        return wrap_set(inner, level);
    default:
        return wrap_instance(inner, level);
    }
}

START_TEST(all_kinds_mixed)
{
    pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair);
    bag = bag_type(NULL, false);
    ck_assert_ptr_nonnull(bag);
    drop_deep(wrap_any, DEEP / 10);
}
END_TEST

/* Two children that are deep: the walk branches. */
static weir_object *
wrap_fork(weir_object *inner, int64_t level)
{
    weir_object *side = weir_list_new();
    weir_object *list = weir_list_new();
    int error = WEIR_ENOMEM;

    if (side != NULL && list != NULL) {
        error = weir_list_append(list, side);
        if (error == 0) {
            error = weir_list_append(list, inner);
        }
        if (error == 0 && level % 2 == 0) {
            error = weir_list_append(side, inner);
        }
    }
    weir_xdecref(side);
    weir_decref(inner);
    if (error != 0) {
        weir_xdecref(list);
        list = NULL;
    }
    return list;
}

START_TEST(shared_and_branching)
{
    drop_deep(wrap_fork, DEEP / 10);
}
END_TEST

/* [owner] the thread that drops: callbacks called */
static int64_t called;

static void
count_call(weir_object *weak, weir_object *context, void *data)
{
    (void)context;
    called++;
    if (data != NULL) {
        /* the reference that nobody else has */
        weir_decref(weak);
    }
}

/*
 * A target whose weak reference has the next target as its context.  The weak
 * reference belongs to the target, or on every other level to the callback:
 * then the last reference to it goes in the middle of the target's death.
 */
static weir_object *
wrap_weak(weir_object *inner, int64_t level)
{
    weir_object *o = weir_instance_new(pair);
    weir_object *weak =
        weir_weak_new(o, count_call, inner, level % 2 == 0 ? &called : NULL);

    weir_decref(inner);
    if (weak == NULL) {
        weir_xdecref(o);
        return NULL;
    }
    if (level % 2 != 0 || !wr_cfg_counted) {
        (void)weir_instance_set(o, 0, weak);
        weir_decref(weak);
    }
    return o;
}

START_TEST(targets_in_the_contexts_of_weak_references)
{
    called = 0;
    pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair);
    drop_deep(wrap_weak, DEEP / 10);
    ck_assert(called >= DEEP_SLOW || !wr_cfg_counted);
}
END_TEST

Suite *
wr_suite_deep(void)
{
    Suite *suite = suite_create("deep");
    TCase *tc = tcase_create("deep");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, nested_lists);
    tcase_add_test(tc, nested_tuples);
    tcase_add_test(tc, nested_tuples_in_the_last_place);
    tcase_add_test(tc, nested_cells);
    tcase_add_test(tc, nested_objects_of_a_foreign_type);
    tcase_add_test(tc, nested_sets);
    tcase_add_test(tc, targets_in_the_contexts_of_weak_references);
    tcase_add_test(tc, all_kinds_mixed);
    tcase_add_test(tc, shared_and_branching);
    suite_add_tcase(suite, tc);
    return suite;
}
