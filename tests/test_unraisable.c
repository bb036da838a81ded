/* SPDX-License-Identifier: MIT */
/*
 * tests/test_unraisable.c - finalizers that fail, block, and start threads;
 * collections that somebody asks for meanwhile.
 */
#include "tests/crew.h"
#include "tests/fixture.h"

static weir_type *type;
static void (*act)(weir_object *o);
static unsigned runs;
static struct wr_test_usage before;

static void
finalize(weir_object *o, void *data)
{
    (void)data;
    runs++;
    if (act != NULL) {
        act(o);
    }
}

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    act = NULL;
    runs = 0;
    type = weir_instance_type("failing", 2, 0, finalize, NULL);
    ck_assert_ptr_nonnull(type);
    before = wr_test_usage();
}

static void
teardown(void)
{
    wr_test_stop();
}

static void
make_garbage(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_ptr_nonnull(o);
        ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
        weir_decref(o);
    }
}

/* ---- errors ------------------------------------------------------------- */

static int heard_error;
static unsigned heard;
static const char *heard_what;
static weir_object *heard_about;

static void
hear(int error, const char *what, weir_object *o, void *data)
{
    ck_assert_ptr_eq(data, &heard);
    heard_error = error;
    heard_what = what;
    heard_about = o;
    heard++;
}

static void
complain(weir_object *o)
{
    /* Any call that fails. */
    if (weir_instance_get(o, 1) == NULL) {
        weir_unraisable(weir_error(), "no second slot", o);
    }
}

START_TEST(an_error_is_reported_and_the_collection_goes_on)
{
    heard = 0;
    act = complain;
    ck_assert_int_eq(weir_set_unraisable(hear, &heard), 0);
    make_garbage(5);
    ck_assert_int_eq(weir_gc_collect(2), 5);
    ck_assert_uint_eq(runs, 5);
    ck_assert_uint_eq(heard, 5);
    ck_assert_int_eq(heard_error, WEIR_ENOKEY);
    ck_assert_str_eq(heard_what, "no second slot");
    ck_assert_ptr_nonnull(heard_about);
    ck_assert_uint_eq(weir_unraisable_count(), 5);
    /* And without a hook it is counted. */
    ck_assert_int_eq(weir_set_unraisable(NULL, NULL), 0);
    weir_decref(weir_instance_new(type));
    ck_assert_uint_eq(heard, 5);
    ck_assert_uint_eq(weir_unraisable_count(), 6);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(the_error_of_the_thread_is_its_own)
{
    weir_object *o = weir_instance_new(type);
    weir_object *list = weir_list_new();

    act = complain;
    ck_assert_ptr_null(weir_list_get(list, 7));
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    weir_decref(o);
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    make_garbage(1);
    ck_assert_ptr_null(weir_list_get(list, 7));
    ck_assert_int_eq(weir_gc_collect(2), 1);
    ck_assert_int_eq(weir_error(), WEIR_ERANGE);
    ck_assert_uint_eq(weir_unraisable_count(), 2);
    weir_decref(list);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    weir_unraisable(WEIR_EINVAL, NULL, NULL);
    ck_assert_int_eq(weir_set_unraisable(hear, NULL), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_uint_eq(weir_unraisable_count(), 2);
}
END_TEST

/* ---- finalizers that block, detach, and start threads ------------------- */

static int64_t inner[2];

static void *
visit(void *arg)
{
    weir_object *list;

    if (weir_attach() != 0) {
        abort();
    }
    list = weir_list_new();
    if (list == NULL || weir_list_append(list, list) != 0) {
        abort();
    }
    weir_decref(list);
    *(int64_t *)arg = weir_gc_collect(2);
    (void)weir_detach();
    return NULL;
}

static void
start_thread(weir_object *o)
{
    pthread_t thread;

    (void)o;
    inner[0] = weir_gc_collect(2);
    if (weir_blocking_begin() != 0 ||
        pthread_create(&thread, NULL, visit, &inner[1]) != 0 ||
        pthread_join(thread, NULL) != 0 || weir_blocking_end() != 0 ||
        weir_checkpoint() != 0) {
        abort();
    }
}

START_TEST(a_finalizer_blocks_while_a_new_thread_comes_and_goes)
{
    inner[0] = inner[1] = -1;
    act = start_thread;
    make_garbage(1);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    /* Both were turned away, and another collection was noted. */
    ck_assert_int_eq(inner[0], 0);
    ck_assert_int_eq(inner[1], 0);
    ck_assert_int_eq(weir_gc_collect(2), 1);
    wr_test_no_leak(before);
}
END_TEST

static void
detach(weir_object *o)
{
    (void)o;
    if (weir_detach() != 0 || weir_attach() != 0) {
        abort();
    }
}

START_TEST(a_finalizer_may_detach_and_come_back)
{
    act = detach;
    make_garbage(3);
    ck_assert_int_eq(weir_gc_collect(2), 3);
    ck_assert_uint_eq(runs, 3);
    wr_test_no_leak(before);
}
END_TEST

/* Rounds of each thread: what a thread makes while it is turned away from
 * collecting is bounded, however the machine schedules. */
enum { ROUNDS = 2000 };

static void *
come_and_go(void *arg)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        weir_object *list;

        if (weir_attach() != 0) {
            abort();
        }
        list = weir_list_new();
        if (list == NULL || weir_list_append(list, list) != 0) {
            abort();
        }
        weir_decref(list);
        (void)weir_gc_collect(0);
        (void)weir_detach();
    }
    return arg;
}

START_TEST(collections_while_threads_begin_and_end)
{
    pthread_t threads[2];

    if (!wr_test_safe) {
        return;
    }
    crew_begin(&threads[0], come_and_go, NULL);
    crew_begin(&threads[1], come_and_go, NULL);
    for (size_t i = 0; i < (size_t)wr_test_size(100); i++) {
        make_garbage(1);
        ck_assert_int_ge(weir_gc_collect(2), 0);
        (void)weir_checkpoint();
    }
    crew_join(threads[0]);
    crew_join(threads[1]);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    ck_assert_uint_eq(runs, wr_test_size(100));
    wr_test_no_leak(before);
}
END_TEST

/* ---- one of many is revived --------------------------------------------- */

static weir_object *saved;
static weir_object *wanted;

static void
save_wanted(weir_object *o)
{
    if (o == wanted && saved == NULL) {
        saved = weir_newref(o);
    }
}

/* Behaviour 3.3: what the revived one reaches lives, what reaches it dies. */
START_TEST(the_revived_keeps_what_it_reaches_and_nothing_else)
{
    weir_object *head = weir_instance_new(type);
    weir_object *middle = weir_instance_new(type);
    weir_object *tail = weir_instance_new(type);
    weir_gc_stats stats;

    /* head <-> head; head -> middle -> tail -> middle */
    ck_assert_int_eq(weir_instance_set(head, 0, head), 0);
    ck_assert_int_eq(weir_instance_set(head, 1, middle), 0);
    ck_assert_int_eq(weir_instance_set(middle, 0, tail), 0);
    ck_assert_int_eq(weir_instance_set(tail, 0, middle), 0);
    saved = NULL;
    wanted = middle;
    act = save_wanted;
    weir_decref(head);
    weir_decref(middle);
    weir_decref(tail);
    make_garbage(4);
    ck_assert_int_eq(weir_gc_collect(2), 5);
    ck_assert_uint_eq(runs, 7);
    ck_assert_int_eq(weir_gc_get_stats(2, &stats), 0);
    ck_assert_uint_eq(stats.collected, 5);
    ck_assert_ptr_eq(saved, middle);
    ck_assert_ptr_eq(weir_instance_borrow(middle, 0), tail);
    ck_assert_ptr_eq(weir_instance_borrow(tail, 0), middle);
    ck_assert_int_eq(weir_refcount(middle), 2);
    ck_assert_int_eq(weir_refcount(tail), 1);
    weir_decref(saved);
    ck_assert_int_eq(weir_gc_collect(2), 2);
    ck_assert_uint_eq(runs, 7);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_unraisable(void)
{
    const TTest *const tests[] = {
        an_error_is_reported_and_the_collection_goes_on,
        the_error_of_the_thread_is_its_own,
        a_finalizer_blocks_while_a_new_thread_comes_and_goes,
        a_finalizer_may_detach_and_come_back,
        collections_while_threads_begin_and_end,
        the_revived_keeps_what_it_reaches_and_nothing_else,
    };
    Suite *s = suite_create("unraisable");
    TCase *c = tcase_create("unraisable");

    tcase_add_checked_fixture(c, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tcase_add_test(c, tests[i]);
    }
    suite_add_tcase(s, c);
    return s;
}
