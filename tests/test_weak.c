/* SPDX-License-Identifier: MIT */
/*
 * tests/test_weak.c - weak references: making, asking, death by counting.
 *
 * The order in which things happen is read off a log (weak_fixture.h).
 * Collections are in test_weak_collect.c, threads in test_weak_threads.c.
 */
#include "tests/weak_fixture.h"

#include "base/mem.h"

static weir_type *node_type;
static weir_type *final_type;
static weir_type *saving_type;
static struct wr_test_usage before;

static void
finalize(weir_object *o, void *data)
{
    seen.wrong += weir_refcount(o) != 1;
    note(data);
}

static void
save(weir_object *o, void *data)
{
    note(data);
    seen.saved = weir_newref(o);
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    memset(&seen, 0, sizeof(seen));
    node_type = weir_instance_type("node", SLOTS, 0, NULL, NULL);
    final_type = weir_instance_type("final", SLOTS, 0, finalize, "f");
    saving_type = weir_instance_type("saving", SLOTS, 0, save, "s");
    before = wr_test_usage();
}

static void
teardown(void)
{
    ck_assert_uint_eq(seen.wrong, 0);
    wr_test_stop();
}

/* ---- making and asking -------------------------------------------------- */

/* [inv:weak.get] */
START_TEST(get_gives_live_or_nothing)
{
    weir_object *o = make(node_type);
    weir_object *w = weak(o);
    weir_object *got;

    wr_test_count(o, 1);
    got = weir_weak_get(w);
    ck_assert_ptr_eq(got, o);
    wr_test_count(o, 2);
    weir_decref(got);
    weir_decref(o);
    if (wr_cfg_counted) {
        check_dead(w);
        check_dead(w);
    }
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

/* Between the last drop and the clearing, as another thread would see it. */
START_TEST(who_is_about_to_be_detached_is_not_given)
{
    weir_object *o = make(node_type);
    weir_object *w = weak(o);

    wr_ref_kill(o);
    if (wr_cfg_counted) {
        ck_assert_ptr_null(weir_weak_get(w));
        ck_assert_int_eq(weir_error(), WEIR_EDEAD);
        ck_assert_int_eq(wr_ref_value(o), 0);
    }
    wr_ref_revive(o);
    check_alive(w, o);
    weir_decref(o);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

/* As if another thread had just dropped the last reference to it. */
START_TEST(a_dying_weak_reference_is_neither_given_nor_called)
{
    weir_object *o = make(node_type);
    weir_object *w = weak(o);
    weir_object *v = watch(o, "v");
    weir_object *u;

    wr_ref_kill(w);
    wr_ref_kill(v);
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_weak_count(o), 0);
        u = weak(o);
        ck_assert_ptr_ne(u, w);
        ck_assert_int_eq(weir_weak_count(o), 1);
        weir_decref(o);
        check_dead(u);
        weir_decref(u);
        ck_assert_int_eq(wr_ref_value(w), 0);
        ck_assert_int_eq(wr_ref_value(v), 0);
        ck_assert_ptr_null(wr_weak_of(w)->target);
        ck_assert_ptr_null(wr_weak_of(v)->target);
    }
    ck_assert_uint_eq(seen.called, 0);
    wr_ref_revive(w);
    wr_ref_revive(v);
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(one_without_callback_per_target)
{
    weir_object *o = make(node_type);
    weir_object *other = make(node_type);
    weir_object *w = weak(o);
    weir_object *v = weak(other);

    ck_assert_ptr_ne(w, v);
    for (int i = 0; i < 10; i++) {
        ck_assert_ptr_eq(weak(o), w);
    }
    wr_test_count(w, 11);
    ck_assert_int_eq(weir_weak_count(o), 1);
    for (int i = 0; i < 11; i++) {
        weir_decref(w);
    }
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_weak_count(o), 0);
    }
    w = weak(o);
    check_alive(w, o);
    check_alive(v, other);
    weir_decref(o);
    weir_decref(other);
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(each_with_a_callback_is_another)
{
    weir_object *o = make(node_type);
    weir_object *all[10];

    for (int i = 0; i < 10; i++) {
        all[i] = watch(o, "x");
        for (int j = 0; j < i; j++) {
            ck_assert_ptr_ne(all[i], all[j]);
        }
        ck_assert_int_eq(weir_weak_count(o), i + 1);
    }
    for (int i = 0; i < 10; i++) {
        check_alive(all[i], o);
        weir_decref(all[i]);
        if (wr_cfg_counted) {
            ck_assert_int_eq(weir_weak_count(o), 9 - i);
        }
    }
    weir_decref(o);
    ck_assert_uint_eq(seen.called, 0);
    wr_test_no_leak(before);
}
END_TEST

static void
visit_nothing(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)o;
    (void)data;
    visit(NULL, context);
}

/* In the collectable space, or without traverse in that of the atoms. */
static weir_object *
make_foreign(weir_traverse_fn traverse)
{
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "foreign",
        .bytes = 40,
        .traverse = traverse,
    };

    return weir_foreign_new(weir_foreign_type(&spec));
}

START_TEST(what_can_be_a_target)
{
    weir_object *item = weir_str_from("item");
    weir_object *good[] = {
        weir_tuple_new(0),         weir_list_new(),
        weir_dict_new(),           weir_set_new(),
        weir_tuple_pack(1, &item), weir_tuple_new(20000),
        make(node_type),           weir_cell_new(item),
        make_foreign(NULL),        make_foreign(visit_nothing),
    };
    weir_object *bad[] = {
        weir_newref(item),
        weir_int_new(1),
        weir_int_new(INT64_MAX),
        weak(good[1]),
        (weir_object *)(void *)node_type,
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        weir_object *w = weak(good[i]);
        weir_object *v = watch(good[i], "v");

        check_alive(w, good[i]);
        ck_assert(weir_is_weak(w));
        ck_assert(!weir_is_weak(good[i]));
        ck_assert_int_eq(weir_weak_count(good[i]), 2);
        weir_decref(good[i]);
        /* The empty tuple lives for ever. */
        if (wr_cfg_counted && i > 0) {
            check_dead(w);
            check_dead(v);
            ck_assert_uint_eq(seen.called, i);
        }
        weir_decref(w);
        weir_decref(v);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_ptr_null(weir_weak_new(bad[i], NULL, NULL, NULL));
        ck_assert_int_eq(weir_error(), WEIR_ETYPE);
        ck_assert_int_eq(weir_weak_count(bad[i]), 0);
        weir_decref(bad[i]);
    }
    weir_decref(item);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(wrong_arguments)
{
    weir_object *o = make(node_type);
    int number = 0;

    ck_assert_ptr_null(weir_weak_new(NULL, NULL, NULL, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_weak_new(o, NULL, o, NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_weak_new(o, NULL, NULL, &number));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_weak_get(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_weak_get(o));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_int_eq(weir_weak_count(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_weak_count(o), 0);
    ck_assert(!weir_is_weak(NULL));
    ck_assert(!weir_is_weak(o));
    wr_test_count(o, 1);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

/* Not a bit of it is written. */
START_TEST(immortal_targets_live_for_ever)
{
    weir_object *o = make(node_type);
    weir_object header;
    weir_object *w;

    ck_assert_int_eq(weir_immortalize(o), 0);
    header = *o;
    w = weak(o);
    ck_assert_ptr_eq(weak(o), w);
    weir_decref(w);
    check_alive(w, o);
    ck_assert_int_eq(weir_weak_count(o), 1);
    ck_assert_int_eq(memcmp(&header, o, sizeof(header)), 0);
    weir_decref(w);
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_weak_count(o), 0);
    }
}
END_TEST

START_TEST(the_context_is_owned)
{
    weir_object *o = make(node_type);
    weir_object *context = weir_list_new();
    weir_object *w = weir_weak_new(o, called, context, NULL);

    wr_test_count(context, 2);
    ck_assert(weir_gc_is_tracked(w));
    weir_decref(o);
    wr_test_count(context, 2);
    weir_decref(w);
    wr_test_count(context, 1);
    weir_decref(context);
    ck_assert_uint_eq(seen.called, wr_cfg_counted);
    wr_test_no_leak(before);
}
END_TEST

/* ---- the order of death ------------------------------------------------- */

START_TEST(the_latest_made_is_called_first)
{
    weir_object *o = make(node_type);
    weir_object *w[5];

    for (size_t i = 0; i < 5; i++) {
        w[i] = watch(o, &"abcde"[i]);
        weir_decref(weak(o));
    }
    weir_decref(o);
    ck_assert_str_eq(seen.log, "edcba");
    for (size_t i = 0; i < 5; i++) {
        check_dead(w[i]);
        weir_decref(w[i]);
    }
    ck_assert_uint_eq(seen.called, 5);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:weak.detached-first]: finalizer, callbacks, and only then its child. */
START_TEST(finalizer_then_callbacks_then_teardown)
{
    weir_type *child_type = weir_instance_type("child", 0, 0, finalize, "t");
    weir_object *o = make(final_type);
    weir_object *child = make(child_type);
    weir_object *w = watch(o, "c");

    ck_assert_int_eq(weir_instance_set(o, FIRST, child), 0);
    weir_decref(child);
    weir_decref(o);
    ck_assert_str_eq(seen.log, "fct");
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(who_is_revived_keeps_its_weak_references)
{
    weir_object *o = make(saving_type);
    weir_object *w = watch(o, "c");
    weir_object *plain = weak(o);

    weir_decref(o);
    ck_assert_str_eq(seen.log, "s");
    ck_assert_ptr_eq(seen.saved, o);
    check_alive(w, o);
    check_alive(plain, o);
    ck_assert_int_eq(weir_weak_count(o), 2);
    wr_test_count(o, 1);
    weir_decref(o);
    ck_assert_str_eq(seen.log, "sc");
    check_dead(w);
    check_dead(plain);
    weir_decref(w);
    weir_decref(plain);
    wr_test_no_leak(before);
}
END_TEST

static void
ask_itself(weir_object *o, void *data)
{
    weir_object *got = weir_weak_get(seen.saved);

    seen.wrong += got != o;
    weir_xdecref(got);
    /* and makes one more, which is cleared and called as well */
    weir_decref(seen.saved);
    seen.saved = weir_weak_new(o, called, NULL, data);
}

START_TEST(a_finalizer_may_use_and_make_weak_references)
{
    weir_type *type = weir_instance_type("asks", SLOTS, 0, ask_itself, "n");
    weir_object *o = make(type);
    weir_object *w = watch(o, "c");

    seen.saved = weak(o);
    weir_decref(o);
    ck_assert_str_eq(seen.log, "nc");
    check_dead(w);
    check_dead(seen.saved);
    weir_decref(seen.saved);
    weir_decref(w);
    /* The first one, too. */
    o = make(type);
    seen.saved = weir_list_new();
    weir_decref(seen.saved);
    seen.saved = weak(o);
    weir_decref(o);
    check_dead(seen.saved);
    weir_decref(seen.saved);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(a_dead_weak_reference_is_not_called)
{
    weir_object *o = make(node_type);
    weir_object *w = watch(o, "a");
    weir_object *v = watch(o, "b");
    weir_object *u = watch(o, "c");

    weir_decref(v);
    weir_decref(o);
    ck_assert_str_eq(seen.log, "ca");
    weir_decref(u);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

/* The target owns it: it dies later than the target. */
START_TEST(a_weak_reference_of_the_target_itself_is_called)
{
    weir_object *o = make(node_type);
    weir_object *w = watch(o, "a");

    ck_assert_int_eq(weir_instance_set(o, FIRST, w), 0);
    weir_decref(w);
    weir_decref(o);
    ck_assert_str_eq(seen.log, "a");
    wr_test_no_leak(before);
}
END_TEST

/* ---- what callbacks may do ---------------------------------------------- */

static void
drop_saved(weir_object *w, weir_object *context, void *data)
{
    called(w, context, data);
    weir_xdecref(seen.saved);
    seen.saved = NULL;
}

/* All were cleared at once, so each is called, whoever drops it meanwhile. */
START_TEST(a_callback_drops_another_that_waits)
{
    weir_object *o = make(node_type);
    weir_object *w;

    seen.saved = watch(o, "a");
    w = weir_weak_new(o, drop_saved, NULL, "b");
    weir_decref(o);
    ck_assert_str_eq(seen.log, "ba");
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(a_callback_drops_its_own_weak_reference)
{
    weir_object *o = make(node_type);

    seen.saved = weir_weak_new(o, drop_saved, NULL, "a");
    weir_decref(o);
    ck_assert_str_eq(seen.log, "a");
    ck_assert_ptr_null(seen.saved);
    wr_test_no_leak(before);
}
END_TEST

/* Its death is complete when the drop returns, callbacks included. */
START_TEST(a_callback_kills_another_target)
{
    weir_object *o = make(node_type);
    weir_object *w;
    weir_object *v;

    seen.saved = make(final_type);
    v = watch(seen.saved, "v");
    w = weir_weak_new(o, drop_saved, NULL, "w");
    weir_decref(o);
    ck_assert_str_eq(seen.log, "wfv");
    weir_decref(w);
    weir_decref(v);
    wr_test_no_leak(before);
}
END_TEST

static void
busy(weir_object *w, weir_object *context, void *data)
{
    weir_object *list = weir_list_new();
    weir_object *v = weir_weak_new(list, called, w, (void *)"i");

    called(w, context, data);
    seen.result = weir_stop();
    seen.wrong += weir_list_append(list, list) != 0;
    weir_decref(list);
    seen.wrong += weir_checkpoint() != 0;
    seen.wrong += weir_gc_collect(2) != 1;
    weir_decref(v);
    list = weir_list_new();
    weir_decref(weir_weak_new(list, NULL, NULL, NULL));
    seen.wrong += weir_list_append(context, list) != 0;
    weir_decref(list);
}

START_TEST(callbacks_allocate_collect_and_make_weak_references)
{
    weir_object *o = make(node_type);
    weir_object *list = weir_list_new();
    weir_object *w = weir_weak_new(o, busy, list, "b");

    weir_decref(o);
    ck_assert_str_eq(seen.log, "bi");
    ck_assert_int_eq(seen.result, WEIR_EBUSY);
    ck_assert_int_eq(weir_list_size(list), 1);
    weir_decref(list);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

static void
use_the_list(weir_object *w, weir_object *context, void *data)
{
    called(w, context, data);
    seen.wrong += weir_list_append(seen.list, w) != 0;
    seen.wrong += weir_list_size(seen.list) != 1;
}

/* The operation that kills is over, as far as the container goes. */
START_TEST(a_callback_uses_the_container_its_target_was_dropped_from)
{
    weir_object *o = make(node_type);
    weir_object *w;

    seen.list = weir_list_new();
    ck_assert_int_eq(weir_list_append(seen.list, o), 0);
    w = weir_weak_new(o, use_the_list, NULL, "l");
    weir_decref(o);
    ck_assert_int_eq(weir_list_clear(seen.list), 0);
    ck_assert_str_eq(seen.log, "l");
    weir_decref(seen.list);
    weir_decref(w);
    wr_test_no_leak(before);
}
END_TEST

/* Deaths in the middle of a teardown. */
START_TEST(targets_that_die_with_their_container)
{
    weir_object *list = weir_list_new();
    weir_object *all = weir_list_new();

    for (int i = 0; i < 100; i++) {
        weir_object *o = make(i % 2 == 0 ? node_type : final_type);
        weir_object *w = weir_weak_new(o, called, all, NULL);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        ck_assert_int_eq(weir_list_append(all, w), 0);
        weir_decref(o);
        weir_decref(w);
    }
    weir_decref(list);
    ck_assert_uint_eq(seen.called, 100);
    ck_assert_int_eq(weir_list_clear(all), 0);
    weir_decref(all);
    wr_test_no_leak(before);
}
END_TEST

/* ---- the table ---------------------------------------------------------- */

START_TEST(many_to_one_target)
{
    enum { MANY = 5000 };
    static weir_object *w[MANY];
    weir_object *o = make(node_type);
    weir_object *plain = weak(o);

    for (int i = 0; i < MANY; i++) {
        w[i] = watch(o, &"0123456789"[i % 10]);
        weir_decref(weak(o));
    }
    ck_assert_int_eq(weir_weak_count(o), MANY + 1);
    for (int i = 0; i < MANY; i += 2) {
        weir_decref(w[i]);
    }
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_weak_count(o), MANY / 2 + 1);
        weir_decref(o);
        ck_assert_uint_eq(seen.called, MANY / 2);
        for (size_t i = 0; i < LOG_MAX - 1; i++) {
            ck_assert_int_eq(seen.log[i], "97531"[i % 5]);
        }
    }
    for (int i = 1; i < MANY; i += 2) {
        weir_decref(w[i]);
    }
    weir_decref(plain);
    wr_test_no_leak(before);
}
END_TEST

/* [inv:weak.chained] while the chains are dealt out again and again. */
START_TEST(many_targets)
{
    size_t n = (size_t)wr_test_size(50000);
    weir_object **o = calloc(n, sizeof(*o));
    weir_object **w = calloc(3 * n, sizeof(*w));
    uint64_t bytes;

    for (size_t i = 0; i < n; i++) {
        o[i] = make(node_type);
    }
    bytes = wr_mem_get_stats().bytes;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++) {
            w[3 * i + round] =
                round == 0 ? weak(o[i]) : watch(o[i], &" ab"[round]);
        }
    }
    ck_assert_uint_gt(wr_mem_get_stats().bytes, bytes);
    for (size_t i = 0; i < 3 * n; i++) {
        check_alive(w[i], o[i / 3]);
    }
    for (size_t i = 0; wr_cfg_counted && i < n; i++) {
        seen.logged = 0;
        if (i % 3 == 0) {
            weir_decref(w[3 * i + i % 2]);
        }
        ck_assert_int_eq(weir_weak_count(o[i]), i % 3 == 0 ? 2 : 3);
        weir_decref(o[i]);
        seen.log[seen.logged] = '\0';
        ck_assert_str_eq(seen.log, i % 3 == 0 && i % 2 == 1 ? "b" : "ba");
    }
    for (size_t i = 0; wr_cfg_counted && i < 3 * n; i++) {
        if (i / 3 % 3 != 0 || i % 3 != i / 3 % 2) {
            check_dead(w[i]);
            weir_decref(w[i]);
        }
    }
    free(o);
    free(w);
    wr_test_no_leak(before);
    if (wr_cfg_counted) {
        ck_assert_uint_le(wr_mem_get_stats().bytes, bytes + UINT64_C(200000));
    }
}
END_TEST

/* The table starts empty every time, whatever was left in it. */
/* Stripes and buckets are shared: what happens to one target, and to the weak
 * references to it, is nothing to its neighbours. */
START_TEST(neighbours_in_a_chain_stay)
{
    enum { MANY = 400 };
    weir_object *o[MANY];
    weir_object *w[MANY];

    for (size_t i = 0; i < MANY; i++) {
        o[i] = make(node_type);
        w[i] = watch(o[i], "x");
        ck_assert(!wr_weak_is_forgotten(o[i]));
        ck_assert(!wr_weak_is_forgotten(w[i]));
    }
    for (size_t i = 0; wr_cfg_counted && i < MANY; i++) {
        /* In another order than the one they were made in. */
        size_t k = i * 7 % MANY;

        ck_assert_int_eq(weir_weak_count(o[k]), 1);
        weir_decref(o[k]);
        ck_assert_uint_eq(seen.called, i + 1);
        check_dead(w[k]);
        ck_assert(wr_weak_is_forgotten(w[k]));
        k = (i + 1) * 7 % MANY;
        ck_assert(i + 1 == MANY || wr_weak_of(w[k])->target == o[k]);
    }
    for (size_t i = 0; wr_cfg_counted && i < MANY; i++) {
        weir_decref(w[i]);
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(starting_again)
{
    uint64_t blocks;

    wr_test_stop();
    blocks = wr_mem_get_stats().blocks;
    for (int round = 0; round < 4; round++) {
        weir_type *type;
        weir_object *o = NULL;

        wr_test_start();
        type = weir_instance_type("left", 2, 0, NULL, NULL);
        for (int i = 0; i < 1000; i++) {
            o = make(type);
            ck_assert_int_eq(weir_weak_count(o), 0);
            (void)weak(o);
            (void)watch(o, "x");
        }
        ck_assert_int_eq(weir_weak_count(o), 2);
        if (round < 3) {
            wr_test_stop();
            ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
        }
    }
    ck_assert_uint_eq(seen.called, 0);
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
wr_suite_weak(void)
{
    Suite *suite = suite_create("weak");
    TCase *making = add_case(suite, "making");
    TCase *table = add_case(suite, "table");
    TCase *order;
    TCase *callbacks;

    tcase_add_test(making, get_gives_live_or_nothing);
    tcase_add_test(making, who_is_about_to_be_detached_is_not_given);
    tcase_add_test(making, a_dying_weak_reference_is_neither_given_nor_called);
    tcase_add_test(making, one_without_callback_per_target);
    tcase_add_test(making, each_with_a_callback_is_another);
    tcase_add_test(making, what_can_be_a_target);
    tcase_add_test(making, wrong_arguments);
    tcase_add_test(making, immortal_targets_live_for_ever);
    tcase_add_test(making, the_context_is_owned);
    tcase_add_test(table, many_to_one_target);
    tcase_add_test(table, many_targets);
    tcase_add_test(table, neighbours_in_a_chain_stay);
    tcase_add_test(table, starting_again);
    if (!wr_cfg_counted) {
        return suite;
    }
    order = add_case(suite, "order");
    tcase_add_test(order, the_latest_made_is_called_first);
    tcase_add_test(order, finalizer_then_callbacks_then_teardown);
    tcase_add_test(order, who_is_revived_keeps_its_weak_references);
    tcase_add_test(order, a_finalizer_may_use_and_make_weak_references);
    tcase_add_test(order, a_dead_weak_reference_is_not_called);
    tcase_add_test(order, a_weak_reference_of_the_target_itself_is_called);
    callbacks = add_case(suite, "callbacks");
    tcase_add_test(callbacks, a_callback_drops_another_that_waits);
    tcase_add_test(callbacks, a_callback_drops_its_own_weak_reference);
    tcase_add_test(callbacks, a_callback_kills_another_target);
    tcase_add_test(callbacks,
                   callbacks_allocate_collect_and_make_weak_references);
    tcase_add_test(callbacks,
                   a_callback_uses_the_container_its_target_was_dropped_from);
    tcase_add_test(callbacks, targets_that_die_with_their_container);
    return suite;
}
