/* SPDX-License-Identifier: MIT */
/*
 * tests/test_instance.c - instances: types, slots, attributes, finalizers.
 */
#include "tests/fixture.h"
#include "tests/workers.h"

#include "kinds/attrs.h"

enum { FEW = 1000, THREADS = 4, ROUNDS = 20000, SLOTS = 3 };

static weir_type *
make_type(uint32_t nslots, uint32_t flags)
{
    weir_type *type = weir_instance_type("node", nslots, flags, NULL, NULL);

    ck_assert_ptr_nonnull(type);
    return type;
}

START_TEST(new_instance_has_empty_slots)
{
    static const uint32_t sizes[] = {
        0, 1, 2, 3, 7, 100, WEIR_INSTANCE_SLOTS_MAX};
    struct wr_test_usage before = wr_test_usage();

    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (uint32_t flags = 0; flags <= WEIR_TYPE_ATTRS; flags++) {
            weir_type *type = make_type(sizes[s], flags);
            weir_object *o = weir_instance_new(type);

            ck_assert_int_eq(weir_instance_slots(type), sizes[s]);
            ck_assert_ptr_nonnull(o);
            ck_assert(weir_is_instance(o));
            ck_assert_ptr_eq(weir_type_of(o), type);
            ck_assert_str_eq(weir_type_name(weir_type_of(o)), "node");
            wr_test_count(o, 1);
            ck_assert_ptr_null(wr_instance_of(o)->slots[0]);
            for (size_t i = 0; i < sizes[s]; i++) {
                ck_assert_ptr_null(weir_instance_get(o, i));
                ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
            }
            ck_assert_ptr_null(weir_instance_get(o, sizes[s]));
            ck_assert_int_eq(weir_error(), WEIR_ERANGE);
            weir_decref(o);
        }
    }
    wr_test_no_leak(before);
}
END_TEST

/* The header is 16 bytes, so a node with two fields is one small block. */
START_TEST(two_slots_are_32_bytes)
{
    ck_assert_uint_eq(make_type(0, 0)->size, 32);
    ck_assert_uint_eq(make_type(2, 0)->size, 32);
    ck_assert_uint_eq(make_type(1, WEIR_TYPE_ATTRS)->size, 32);
    ck_assert_uint_eq(make_type(2, WEIR_TYPE_ATTRS)->size, 40);
    ck_assert_uint_eq(make_type(3, 0)->size, 40);
}
END_TEST

/* Behaviour 1.2 for instances. */
START_TEST(instance_owns_its_slots)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = make_type(SLOTS, 0);
    weir_object *o = weir_instance_new(type);
    weir_object *a = wr_test_int(1);
    weir_object *b = wr_test_int(2);

    for (size_t i = 0; i < SLOTS; i++) {
        ck_assert_int_eq(weir_instance_set(o, i, a), 0);
        wr_test_count(a, 2 + (int64_t)i);
    }
    ck_assert_ptr_eq(weir_instance_get(o, 1), a);
    wr_test_count(a, 2 + SLOTS);
    weir_decref(a);
    ck_assert_int_eq(weir_instance_set(o, 1, b), 0);
    wr_test_count(a, SLOTS);
    wr_test_count(b, 2);
    ck_assert_int_eq(weir_instance_set(o, 1, b), 0);
    wr_test_count(b, 2);
    ck_assert_int_eq(weir_instance_set(o, 1, NULL), 0);
    wr_test_count(b, 1);
    ck_assert_ptr_null(weir_instance_get(o, 1));
    weir_decref(o);
    wr_test_count(a, 1);
    weir_decref(a);
    weir_decref(b);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(borrowed_slot_keeps_its_count)
{
    weir_type *type = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_object *list = weir_list_new();
    weir_object *values[2] = {list, NULL};
    weir_object *o = weir_instance_make(type, 2, values);

    ck_assert_ptr_eq(weir_instance_borrow(o, 0), list);
    ck_assert_int_eq(weir_refcount(list), 1);
    ck_assert_ptr_null(weir_instance_borrow(o, 1));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_ptr_null(weir_instance_borrow(o, 2));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_ptr_null(weir_instance_borrow(list, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_instance_borrow(NULL, 0));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    weir_decref(o);
}
END_TEST

START_TEST(make_consumes_its_values)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = make_type(SLOTS, WEIR_TYPE_ATTRS);
    weir_object *a = wr_test_int(1);
    weir_object *values[] = {weir_newref(a), NULL, weir_newref(a), NULL};
    weir_object *o = weir_instance_make(type, SLOTS, values);

    ck_assert_ptr_nonnull(o);
    wr_test_count(a, 3);
    ck_assert_ptr_null(weir_instance_get(o, 1));
    ck_assert_ptr_eq(weir_instance_get(o, 2), a);
    weir_decref(a);
    weir_decref(o);
    wr_test_count(a, 1);
    values[0] = weir_newref(a);
    o = weir_instance_make(type, 1, values);
    wr_test_count(a, 2);
    ck_assert_ptr_null(weir_instance_get(o, 2));
    weir_decref(o);
    o = weir_instance_make(type, 0, NULL);
    ck_assert_ptr_nonnull(o);
    weir_decref(o);
    /* The hidden slot is not for values. */
    values[0] = weir_newref(a);
    values[2] = NULL;
    ck_assert_ptr_null(weir_instance_make(type, SLOTS + 1, values));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    wr_test_count(a, 1);
    values[0] = weir_newref(a);
    ck_assert_ptr_null(weir_instance_make(NULL, 1, values));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    wr_test_count(a, 1);
    values[0] = weir_newref(a);
    values[1] = NULL;
    ck_assert_ptr_null(weir_instance_make(NULL, 2, values));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    wr_test_count(a, 1);
    ck_assert_ptr_null(weir_instance_make(type, 1, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_instance_make(type, 2, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    weir_decref(a);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    static char name[66];
    weir_type *type = make_type(1, 0);
    weir_object *o = weir_instance_new(type);
    weir_object *list = weir_list_new();
    weir_object *text = weir_str_from("x");

    memset(name, 'x', 64);
    ck_assert_ptr_null(weir_instance_type(NULL, 0, 0, NULL, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_instance_type(name, 0, 0, NULL, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_instance_type("x", 0, 4, NULL, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(
        weir_instance_type("x", WEIR_INSTANCE_SLOTS_MAX + 1, 0, NULL, NULL));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_int_eq(weir_instance_slots(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_instance_slots(weir_type_of(list)), WEIR_ETYPE);
    ck_assert_ptr_null(weir_instance_new(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_instance_new(weir_type_of(list)));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_ptr_null(weir_instance_get(NULL, 0));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_instance_get(list, 0));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_instance_set(NULL, 0, o), WEIR_EINVAL);
    ck_assert_int_eq(weir_instance_set(list, 0, o), WEIR_ETYPE);
    ck_assert_int_eq(weir_instance_set(o, 1, list), WEIR_ERANGE);
    ck_assert_int_eq(weir_instance_set(o, SIZE_MAX, list), WEIR_ERANGE);
    wr_test_count(list, 1);
    /* A type without attributes. */
    ck_assert_ptr_null(weir_attr_get(o, text));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_set(o, text, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_delete(o, text), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_set(list, text, list), WEIR_ETYPE);
    weir_decref(o);
    o = weir_instance_new(make_type(0, WEIR_TYPE_ATTRS));
    ck_assert_ptr_null(weir_attr_get(NULL, text));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_attr_get(o, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_attr_get(o, list));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_attr_set(o, NULL, list), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_set(o, text, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_attr_delete(o, list), WEIR_ETYPE);
    ck_assert_ptr_null(wr_attrs_or_null(o));
    ck_assert(!weir_is_instance(NULL));
    ck_assert(!weir_is_instance(list));
    weir_decref(o);
    weir_decref(list);
    weir_decref(text);
}
END_TEST

START_TEST(attributes_come_and_go)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = make_type(1, WEIR_TYPE_ATTRS);
    weir_object *o = weir_instance_new(type);
    weir_object *x = weir_str_from("x");
    weir_object *same = weir_str_from("x");
    weir_object *y = weir_str_from("y");
    weir_object *value = wr_test_int(1);

    ck_assert_ptr_null(weir_attr_get(o, x));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_int_eq(weir_attr_delete(o, x), WEIR_ENOKEY);
    /* No table before the first attribute. */
    ck_assert_ptr_null(wr_attrs_or_null(o));
    ck_assert_int_eq(weir_attr_set(o, x, value), 0);
    ck_assert_int_eq(weir_attr_set(o, y, value), 0);
    wr_test_count(value, 3);
    wr_test_count(x, 2);
    ck_assert_ptr_eq(weir_attr_get(o, same), value);
    weir_decref(value);
    ck_assert_ptr_null(weir_instance_get(o, 0));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    ck_assert_ptr_null(weir_instance_get(o, 1));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_int_eq(weir_attr_delete(o, same), 0);
    ck_assert_ptr_null(weir_attr_get(o, x));
    ck_assert_int_eq(weir_error(), WEIR_ENOKEY);
    wr_test_count(value, 2);
    weir_decref(o);
    wr_test_count(value, 1);
    weir_decref(value);
    weir_decref(x);
    weir_decref(same);
    weir_decref(y);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 2.1: never freed by counts alone. */
START_TEST(ring_through_attributes_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = make_type(0, WEIR_TYPE_ATTRS);
    weir_object *a = weir_instance_new(type);
    weir_object *b = weir_instance_new(type);
    weir_object *name = weir_str_from("other");

    ck_assert_int_eq(weir_attr_set(a, name, b), 0);
    ck_assert_int_eq(weir_attr_set(b, name, a), 0);
    weir_decref(name);
    weir_decref(a);
    weir_decref(b);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 4);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 4 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* Behaviour 2.1: two nodes naming each other, and one itself. */
START_TEST(ring_through_slots_is_freed_by_the_collector)
{
    struct wr_test_usage before = wr_test_usage();
    weir_type *type = make_type(2, 0);
    weir_object *a = weir_instance_new(type);
    weir_object *values[] = {a, NULL};
    weir_object *b = weir_instance_make(type, 2, values);

    ck_assert_int_eq(weir_instance_set(a, 0, b), 0);
    ck_assert_int_eq(weir_instance_set(a, 1, a), 0);
    weir_decref(b);
    ck_assert_uint_eq(wr_test_usage().objects, before.objects + 2);
    ck_assert_int_eq(weir_gc_collect(2), wr_cfg_counted ? 2 : 0);
    wr_test_no_leak(before);
}
END_TEST

/* What a finalizer saw. */
struct seen {
    int runs;
    int64_t slot;
    int64_t attr;
    weir_object *saved;
    bool save;
};

static void
look(weir_object *o, void *data)
{
    struct seen *seen = data;
    weir_object *name = weir_str_from("x");
    weir_object *slot = weir_instance_get(o, 0);
    weir_object *attr = weir_attr_get(o, name);

    seen->runs++;
    seen->slot = wr_test_int_is(slot);
    seen->attr = wr_test_int_is(attr);
    if (seen->save) {
        seen->saved = weir_newref(o);
    }
    weir_decref(name);
    weir_decref(slot);
    weir_decref(attr);
}

/* Behaviours 3.1 and 3.2 for death by counts. */
START_TEST(finalizer_sees_the_instance_whole_and_runs_once)
{
    struct wr_test_usage before = wr_test_usage();
    struct seen seen = {.save = true};
    weir_type *type =
        weir_instance_type("seen", 1, WEIR_TYPE_ATTRS, look, &seen);
    weir_object *values[] = {wr_test_int(7)};
    weir_object *o = weir_instance_make(type, 1, values);
    weir_object *name = weir_str_from("x");
    weir_object *value = wr_test_int(8);

    ck_assert_int_eq(weir_attr_set(o, name, value), 0);
    weir_decref(value);
    weir_decref(o);
    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(seen.runs, 1);
    ck_assert_int_eq(seen.slot, 7);
    ck_assert_int_eq(seen.attr, 8);
    ck_assert_ptr_eq(seen.saved, o);
    wr_test_count(o, 1);
    value = weir_attr_get(o, name);
    ck_assert_int_eq(wr_test_int_is(value), 8);
    weir_decref(value);
    weir_decref(name);
    weir_decref(o);
    ck_assert_int_eq(seen.runs, 1);
    wr_test_no_leak(before);
}
END_TEST

/* A finalizer's data: the instance its object was dropped from. */
static void
use_instance(weir_object *o, void *data)
{
    weir_object *owner = *(weir_object **)data;
    weir_object *name = weir_str_from("x");
    weir_object *value = wr_test_int(9);

    (void)o;
    ck_assert_int_eq(weir_instance_set(owner, 0, value), 0);
    ck_assert_int_eq(weir_attr_set(owner, name, value), 0);
    weir_decref(name);
    weir_decref(value);
}

/* [inv:instance.one-step] */
START_TEST(finalizer_may_use_the_instance_it_was_dropped_from)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *owner = weir_instance_new(make_type(1, WEIR_TYPE_ATTRS));
    weir_type *type =
        weir_instance_type("user", 0, 0, use_instance, (void *)&owner);
    weir_object *name = weir_str_from("x");
    weir_object *value;

    for (int i = 0; i < 2; i++) {
        value = weir_instance_new(type);
        ck_assert_int_eq(i == 0 ? weir_instance_set(owner, 0, value)
                                : weir_attr_set(owner, name, value),
                         0);
        weir_decref(value);
        if (i == 0) {
            ck_assert_int_eq(weir_instance_set(owner, 0, NULL), 0);
        } else {
            ck_assert_int_eq(weir_attr_delete(owner, name), 0);
        }
        if (wr_cfg_counted) {
            value = weir_attr_get(owner, name);
            ck_assert_int_eq(wr_test_int_is(value), 9);
            weir_decref(value);
        }
    }
    weir_decref(name);
    weir_decref(owner);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(many_types_and_instances)
{
    struct wr_test_usage before = wr_test_usage();
    static weir_object *all[FEW];

    for (uint32_t i = 0; i < FEW; i++) {
        weir_type *type = make_type(i % 50, i % 2);

        all[i] = weir_instance_new(type);
        for (size_t s = 0; s < i % 50; s++) {
            ck_assert_int_eq(weir_instance_set(all[i], s, all[i / 2]), 0);
        }
    }
    for (uint32_t i = 0; i < FEW; i++) {
        for (size_t s = 0; s < i % 50; s++) {
            weir_object *value = weir_instance_get(all[i], s);

            ck_assert_ptr_eq(value, all[i / 2]);
            weir_decref(value);
        }
    }
    for (uint32_t i = 0; i < FEW; i++) {
        weir_decref(all[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

/* Replace a slot and read another of a shared instance. */
static int
churn_slots(struct wr_worker *me, int64_t round)
{
    weir_object *o = me->shared;
    weir_object *fresh = weir_int_new(1000000 + round);
    weir_object *value = weir_instance_get(o, (size_t)round % SLOTS);
    int64_t number = 0;
    int error;

    if (value != NULL &&
        (weir_int_value(value, &number) != 0 || number < 1000000)) {
        me->error = WEIR_ETYPE;
    }
    weir_xdecref(value);
    error = weir_instance_set(o, (size_t)(round + me->index) % SLOTS,
                              round % 5 == 0 ? NULL : fresh);
    weir_xdecref(fresh);
    return error != 0 ? error : me->error;
}

START_TEST(slots_are_whole_under_many_threads)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *o = weir_instance_new(make_type(SLOTS, 0));

    wr_run_workers(o, THREADS, (int64_t)wr_test_size(ROUNDS), churn_slots);
    wr_test_count(o, 1);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

/* All threads give the same fresh instances their first attributes.
 * [inv:attrs.once] */
static int
first_attribute(struct wr_worker *me, int64_t round)
{
    const char letter = (char)('a' + me->index);
    weir_object *name = weir_str_new(&letter, 1);
    weir_object *value = weir_int_new(1000000 + round);
    weir_object **objects = me->shared;
    int error = weir_attr_set(objects[round], name, value);

    weir_xdecref(name);
    weir_xdecref(value);
    return error;
}

START_TEST(first_attributes_of_many_threads_are_all_there)
{
    struct wr_test_usage before = wr_test_usage();
    static weir_object *objects[ROUNDS];
    weir_type *type = make_type(0, WEIR_TYPE_ATTRS);
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);

    for (int64_t i = 0; i < rounds; i++) {
        objects[i] = weir_instance_new(type);
    }
    wr_run_workers(objects, THREADS, rounds, first_attribute);
    for (int64_t i = 0; i < rounds; i++) {
        ck_assert_int_eq(weir_dict_size(wr_attrs_or_null(objects[i])), THREADS);
        for (int t = 0; t < THREADS; t++) {
            const char letter = (char)('a' + t);
            weir_object *name = weir_str_new(&letter, 1);
            weir_object *value = weir_attr_get(objects[i], name);

            ck_assert_int_eq(wr_test_int_is(value), i);
            wr_test_count(value, 2);
            weir_decref(name);
            weir_decref(value);
        }
        weir_decref(objects[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_instance(void)
{
    Suite *suite = suite_create("instance");
    TCase *tc = tcase_create("instance");
    TCase *threads = tcase_create("threads");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, new_instance_has_empty_slots);
    tcase_add_test(tc, two_slots_are_32_bytes);
    tcase_add_test(tc, instance_owns_its_slots);
    tcase_add_test(tc, borrowed_slot_keeps_its_count);
    tcase_add_test(tc, make_consumes_its_values);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, attributes_come_and_go);
    tcase_add_test(tc, ring_through_attributes_is_freed_by_the_collector);
    tcase_add_test(tc, ring_through_slots_is_freed_by_the_collector);
    tcase_add_test(tc, finalizer_sees_the_instance_whole_and_runs_once);
    tcase_add_test(tc, finalizer_may_use_the_instance_it_was_dropped_from);
    tcase_add_test(tc, many_types_and_instances);
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(threads, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_test(threads, slots_are_whole_under_many_threads);
        tcase_add_test(threads, first_attributes_of_many_threads_are_all_there);
    }
    suite_add_tcase(suite, threads);
    return suite;
}
