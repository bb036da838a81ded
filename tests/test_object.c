/* SPDX-License-Identifier: MIT */
/*
 * tests/test_object.c - types, death at zero, finalizers, immortality.
 */
#include "tests/fixture.h"

#include "heap/checker.h"
#include "object/header.h"
#include "object/type.h"

#include <weir/weir.h>

#include <string.h>

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

static void
down(void)
{
    ck_assert_int_eq(weir_stop(), 0);
}

/* Objects alive, what waits in a quarantine or for its owner not counted. */
static uint64_t
live(void)
{
    struct wr_test_usage usage = wr_test_usage();

    return usage.objects + usage.atoms;
}

START_TEST(header_is_sixteen_bytes_in_every_flavour)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_memory before;
    weir_memory after;
    weir_object *o;

    ck_assert_uint_eq(sizeof(weir_object), 16);
    ck_assert_int_eq(weir_memory_stats(&before), 0);
    o = weir_instance_new(pair);
    ck_assert_int_eq(weir_memory_stats(&after), 0);
    if (!wr_checker_on) {
        ck_assert_uint_eq(after.object_bytes - before.object_bytes, 32);
    }
    weir_decref(o);
}
END_TEST

START_TEST(type_names_its_objects)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_object *o = weir_instance_new(pair);
    weir_object *list = weir_list_new();

    ck_assert_ptr_eq(weir_type_of(o), pair);
    ck_assert_str_eq(weir_type_name(pair), "pair");
    ck_assert_str_eq(weir_type_name(weir_type_of(list)), "list");
    ck_assert_ptr_null(weir_type_of(NULL));
    ck_assert_str_eq(weir_type_name(NULL), "");
    ck_assert_int_eq((int)wr_kind_of(o), WR_KIND_INSTANCE);
    ck_assert_ptr_eq(wr_type_of(o), pair);
    weir_decref(o);
    weir_decref(list);
}
END_TEST

START_TEST(types_are_immortal)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_object *o = (weir_object *)(void *)pair;

    ck_assert(weir_is_immortal(o));
    ck_assert_int_eq(weir_refcount(o), INT64_MAX);
    for (int i = 0; i < 10; i++) {
        weir_decref(o);
    }
    ck_assert(weir_is_immortal(o));
    ck_assert_str_eq(weir_type_name(weir_type_of(o)), "type");
}
END_TEST

START_TEST(type_errors_are_told)
{
    char name[100];
    int error = 0;
    struct wr_type_spec spec = {.name = name};

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_ptr_null(wr_type_new(&spec, &error));
    ck_assert_int_eq(error, WEIR_EINVAL);
    error = 0;
    spec.name = NULL;
    ck_assert_ptr_null(wr_type_new(&spec, &error));
    ck_assert_int_eq(error, WEIR_EINVAL);
    spec.name = "ok";
    for (error = 0; error == 0;) {
        if (wr_type_new(&spec, &error) == NULL) {
            break;
        }
    }
    ck_assert_int_eq(error, WEIR_ELIMIT);
}
END_TEST

struct seen {
    int calls;
    int64_t refcount;
    weir_object *slot;
    weir_object *keep;
    bool revive;
};

static void
note(weir_object *o, void *data)
{
    struct seen *seen = data;

    seen->calls++;
    seen->refcount = weir_refcount(o);
    weir_xdecref(seen->slot);
    seen->slot = weir_instance_get(o, 0);
    if (seen->revive) {
        seen->keep = weir_newref(o);
    }
}

START_TEST(last_drop_finalizes_before_teardown)
{
    struct seen seen = {0};
    weir_type *type = weir_instance_type("noted", 2, 0, note, &seen);
    uint64_t before = live();
    weir_object *child = weir_list_new();
    weir_object *o = weir_instance_new(type);

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_instance_set(o, 0, child), 0);
    weir_incref(o);
    weir_decref(o);
    ck_assert_int_eq(seen.calls, 0);
    weir_decref(o);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_int_eq(seen.refcount, 1);
    ck_assert_ptr_eq(seen.slot, child);
    /* Ours and the one the finalizer took; the dead object's is gone. */
    ck_assert_int_eq(weir_refcount(child), 2);
    weir_decref(child);
    weir_decref(seen.slot);
    ck_assert_uint_eq(live(), before);
}
END_TEST

START_TEST(finalizer_may_revive_and_does_not_run_again)
{
    struct seen seen = {.revive = true};
    weir_type *type = weir_instance_type("noted", 1, 0, note, &seen);
    uint64_t before = live();
    weir_object *child = weir_list_new();
    weir_object *o = weir_instance_new(type);

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_instance_set(o, 0, child), 0);
    weir_decref(o);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_ptr_eq(seen.keep, o);
    ck_assert_int_eq(weir_refcount(o), 1);
    weir_decref(seen.slot);
    seen.slot = NULL;
    ck_assert_int_eq(weir_refcount(child), 2);
    weir_decref(o);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_int_eq(weir_refcount(child), 1);
    weir_decref(child);
    ck_assert_uint_eq(live(), before);
}
END_TEST

struct nested {
    weir_object *victim;
    uint64_t live_before;
    uint64_t live_after;
};

static void
drop_another(weir_object *o, void *data)
{
    struct nested *nested = data;
    weir_object *victim = nested->victim;

    (void)o;
    nested->victim = NULL;
    if (victim != NULL) {
        nested->live_before = live();
        weir_decref(victim);
        nested->live_after = live();
    }
}

START_TEST(what_a_finalizer_drops_is_gone_at_once)
{
    struct nested nested = {0};
    weir_type *type =
        weir_instance_type("dropper", 1, 0, drop_another, &nested);
    weir_object *outer = weir_list_new();
    weir_object *victim = weir_list_new();
    weir_object *item = weir_list_new();
    weir_object *o = weir_instance_new(type);

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_list_append(victim, item), 0);
    weir_decref(item);
    nested.victim = victim;
    /* The finalizer runs inside the teardown of a list. */
    ck_assert_int_eq(weir_list_append(outer, o), 0);
    weir_decref(o);
    weir_decref(outer);
    ck_assert_ptr_null(nested.victim);
    ck_assert_uint_eq(nested.live_after, nested.live_before - 2);
}
END_TEST

START_TEST(immortalized_object_keeps_its_count)
{
    weir_object *list = weir_list_new();

    ck_assert_int_eq(weir_immortalize(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_immortalize(list), 0);
    ck_assert(weir_is_immortal(list) || !wr_cfg_counted);
    for (int i = 0; i < 3; i++) {
        weir_decref(list);
    }
    ck_assert_int_eq(weir_list_size(list), 0);
}
END_TEST

/* What a counter in line hands over: the value before its drop.  A debug build
 * ends the process at this. */
START_TEST(a_drop_too_many_is_taken_back)
{
    weir_object *list = weir_list_new();

    if (WEIR_DEBUG == 0 && wr_cfg_counted) {
        ck_assert(!weir_refcount_settle_(list, 0));
        ck_assert_int_eq(weir_refcount(list), 2);
        weir_decref(list);
        /* But one that has reached the end of the numbers is immortal. */
        ck_assert(!weir_is_immortal(list));
        ck_assert(!weir_refcount_settle_(list, INT64_MIN + 1));
        ck_assert(weir_is_immortal(list));
    }
    weir_decref(list);
}
END_TEST

/* [inv:obj.dead-is-zero] */
START_TEST(freed_block_looks_dead_until_it_is_reused)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_object *o = weir_instance_new(pair);
    weir_object *again;

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert(!wr_ref_is_dead(o));
    weir_decref(o);
    /* The first 16 bytes of a free block stay readable. */
    ck_assert(wr_ref_is_dead(o));
    ck_assert(!wr_ref_try_get(o));
    ck_assert(wr_ref_is_dead(o));
    again = weir_instance_new(pair);
    ck_assert(!wr_ref_is_dead(again));
    weir_decref(again);
}
END_TEST

START_TEST(null_is_tolerated_where_documented)
{
    ck_assert_int_eq(weir_refcount(NULL), 0);
    ck_assert(!weir_is_immortal(NULL));
    weir_xdecref(NULL);
}
END_TEST

Suite *
wr_suite_object(void)
{
    Suite *suite = suite_create("object");
    TCase *tc = tcase_create("object");

    tcase_add_checked_fixture(tc, up, down);
    tcase_add_test(tc, header_is_sixteen_bytes_in_every_flavour);
    tcase_add_test(tc, type_names_its_objects);
    tcase_add_test(tc, types_are_immortal);
    tcase_add_test(tc, type_errors_are_told);
    tcase_add_test(tc, last_drop_finalizes_before_teardown);
    tcase_add_test(tc, finalizer_may_revive_and_does_not_run_again);
    tcase_add_test(tc, what_a_finalizer_drops_is_gone_at_once);
    tcase_add_test(tc, immortalized_object_keeps_its_count);
    tcase_add_test(tc, a_drop_too_many_is_taken_back);
    tcase_add_test(tc, freed_block_looks_dead_until_it_is_reused);
    tcase_add_test(tc, null_is_tolerated_where_documented);
    suite_add_tcase(suite, tc);
    return suite;
}
