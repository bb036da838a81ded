/* SPDX-License-Identifier: MIT */
/*
 * tests/test_stop_fast.c - the end that does nothing, and many ends.
 */
#include "tests/numbered.h"

#include "base/mem.h"
#include "object/dealloc.h"

#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 300 };

/* ---- weir_stop_fast() --------------------------------------------------- */

START_TEST(fast_stop_leaves_everything_as_it_is)
{
    weir_object *list = weir_list_new();
    struct wr_mem_stats before;
    struct wr_mem_stats after;
    weir_memory with;
    weir_memory still;

    for (int i = 0; i < 50000; i++) {
        weir_object *o = make_numbered(i);

        ck_assert_int_eq(weir_list_append(list, o), 0);
        weir_decref(o);
    }
    before = wr_mem_get_stats();
    ck_assert_int_eq(weir_memory_stats(&with), 0);
    wr_fault_arm(1);
    ck_assert_int_eq(weir_stop_fast(), 0);
    ck_assert_uint_eq(wr_fault_seen(), 0);
    wr_fault_disarm();
    after = wr_mem_get_stats();
    ck_assert_int_eq(weir_memory_stats(&still), 0);
    ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
    ck_assert_int_eq(memcmp(&with, &still, sizeof(with)), 0);
    ck_assert_int_eq(finalized.n, 0);
    ck_assert(!weir_running());
    /* The caller is attached still, and so its objects are there. */
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_list_size(list), 50000);
    ck_assert_int_eq(weir_checkpoint(), 0);
}
END_TEST

/* Memory that only a word inside an object knows.  Not inline: nothing of it
 * stays on the stack. */
static void __attribute__((noinline)) make_owner(void)
{
    struct wr_type_spec spec = {
        .name = "owner", .kind = WR_KIND_FOREIGN, .size = 64};
    int error = 0;
    struct weir_type *type = wr_type_new(&spec, &error);
    weir_object *o = wr_object_alloc(wr_self(), type, WR_SPACE_ATOM, 64);
    void **word = weir_foreign_fields(o);

    for (int i = 0; i < 3; i++) {
        word[i] = calloc(1, 100);
    }
    wr_ref_init(o);
}

START_TEST(leak_checker_finds_what_is_alive)
{
    for (int i = 0; i < 100; i++) {
        make_owner();
    }
    ck_assert_int_eq(weir_stop_fast(), 0);
    /* The process ends here: arenas are roots of LeakSanitizer still. */
}
END_TEST

START_TEST(after_a_fast_stop_nothing_begins)
{
    weir_object *ring = make_numbered(1);
    weir_gc_stats stats;

    ck_assert_int_eq(weir_instance_set(ring, 1, ring), 0);
    weir_decref(ring);
    ck_assert_int_eq(weir_stop_fast(), 0);
    ck_assert_int_eq(weir_stop_fast(), WEIR_ESTATE);
    ck_assert_int_eq(weir_stop_full(NULL), WEIR_ESTATE);
    ck_assert_int_eq(weir_stop(), WEIR_ESTATE);
    ck_assert_int_eq(weir_start(NULL), WEIR_ESTATE);
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_gc_collect(2), WEIR_ESTATE);
    }
    /* Enough of them to make a collection due. */
    for (int i = 0; i < 10000; i++) {
        ring = weir_list_new();
        ck_assert_int_eq(weir_list_append(ring, ring), 0);
        weir_decref(ring);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    ck_assert_int_eq(weir_gc_get_stats(0, &stats), 0);
    ck_assert_uint_eq(stats.collections, 0);
    ck_assert_int_eq(finalized.n, 0);
    /* Inside still, so this is no new thread. */
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_attach(), WEIR_ESTATE);
}
END_TEST

START_TEST(fast_stop_needs_no_attached_thread)
{
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_stop_fast(), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_stop_fast(), WEIR_ESTATE);
}
END_TEST

START_TEST(fast_stop_of_what_does_not_run_is_refused)
{
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_int_eq(weir_stop_fast(), WEIR_ESTATE);
    wr_test_start();
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void
stop_fast_in_finalizer(weir_object *o, void *data)
{
    (void)o;
    *(int *)data = weir_stop_fast();
}

START_TEST(fast_stop_is_allowed_in_a_finalizer)
{
    int error = 77;
    weir_type *type =
        weir_instance_type("exit", 0, 0, stop_fast_in_finalizer, &error);
    weir_object *list = weir_list_new();
    weir_object *o = weir_instance_new(type);

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_list_append(list, o), 0);
    weir_decref(o);
    weir_decref(list);
    ck_assert_int_eq(error, 0);
    ck_assert(!weir_running());
}
END_TEST

/* Threads that use objects for as long as the process lives. */
struct eternal { /* SHARED */
    /* [const] */
    weir_object *list;
    /* [atomic: relaxed] what they have done since the stop */
    uint64_t steps[4];
    /* [atomic: acquire and release] the runtime has ended */
    uint32_t over;
    /* [atomic: acquire and release] how many run */
    uint32_t ready;
    /* [atomic: relaxed] errors of those inside */
    uint64_t errors;
};

static void
step(struct eternal *eternal, int index)
{
    weir_object *item = weir_int_new(INT64_C(1000000));

    if (item == NULL || weir_list_append(eternal->list, item) != 0) {
        (void)wr_fetch_add_relaxed(&eternal->errors, 1);
    }
    weir_xdecref(item);
    weir_xdecref(weir_list_pop(eternal->list));
    (void)weir_checkpoint();
    if (weir_blocking_begin() != 0 || weir_blocking_end() != 0) {
        (void)wr_fetch_add_relaxed(&eternal->errors, 1);
    }
    if (wr_load_acquire(&eternal->over) != 0) {
        (void)wr_fetch_add_relaxed(&eternal->steps[index], 1);
    }
}

static void *
live_for_ever(void *argument)
{
    struct eternal *eternal = argument;
    int index;

    (void)weir_attach();
    index = (int)wr_fetch_add_acq_rel(&eternal->ready, 1U);
    /* Ends with the process. */
    for (;;) {
        step(eternal, index);
    }
    return NULL;
}

static void *
attach_once(void *argument)
{
    *(int *)argument = weir_attach();
    return NULL;
}

START_TEST(others_run_on_after_a_fast_stop)
{
    static struct eternal eternal;
    pthread_t thread;
    int error = 77;

    if (!wr_test_safe) {
        return;
    }
    eternal.list = weir_list_new();
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&thread, NULL, live_for_ever, &eternal),
                         0);
        ck_assert_int_eq(pthread_detach(thread), 0);
    }
    while (wr_load_acquire(&eternal.ready) < 4) {
        wr_cpu_relax();
    }
    ck_assert_int_eq(weir_stop_fast(), 0);
    wr_store_release(&eternal.over, 1U);
    for (int i = 0; i < 4; i++) {
        while (wr_load_relaxed(&eternal.steps[i]) < 100) {
            wr_cpu_relax();
        }
    }
    ck_assert_uint_eq(wr_load_relaxed(&eternal.errors), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, attach_once, &error), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(error, WEIR_ESTATE);
    /* The process exits while they run. */
}
END_TEST

static void *
exit_when_told(void *argument)
{
    uint32_t *step = argument;

    (void)weir_attach();
    if (wr_load_relaxed(&step[1]) == 1) {
        (void)weir_detach();
    }
    wr_store_release(&step[0], 1U);
    while (wr_load_acquire(&step[0]) == 1) {
        if (wr_load_relaxed(&step[1]) == 0) {
            (void)weir_checkpoint();
        }
    }
    return NULL;
}

/* Attached, or not any more. */
START_TEST(a_thread_that_exits_after_a_fast_stop_is_left_alone)
{
    uint32_t step[2] = {0, (uint32_t)_i};
    unsigned inside;
    pthread_t thread;

    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, exit_when_told, step), 0);
    while (wr_load_acquire(&step[0]) == 0) {
        wr_cpu_relax();
    }
    ck_assert_int_eq(weir_stop_fast(), 0);
    inside = wr_threads_count();
    wr_store_release(&step[0], 2U);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    /* Its record is as it was. */
    ck_assert_uint_eq(wr_threads_count(), inside);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_checkpoint(), 0);
}
END_TEST

/* ---- again and again ---------------------------------------------------- */

static void *
use_for_a_moment(void *argument)
{
    int *error = argument;
    weir_object *list;

    *error = weir_attach();
    if (*error != 0) {
        return NULL;
    }
    list = weir_list_new();
    for (int i = 0; i < 100 && *error == 0; i++) {
        *error = weir_list_append(list, list);
    }
    weir_xdecref(list);
    *error = *error == 0 ? weir_detach() : *error;
    return NULL;
}

static void
use_with_threads(void)
{
    pthread_t threads[2];
    int errors[2];

    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, use_for_a_moment, &errors[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(errors[i], 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
}

/* One life of the runtime, with something of everything. */
static void
live_once(int round)
{
    weir_object *dict;
    weir_object *s;

    start();
    for (int i = 0; i < 20; i++) {
        weir_handle handle;

        s = weir_str_format("name %d of round %d", i, round);
        ck_assert_ptr_nonnull(weir_str_intern(weir_str_data(s, NULL), 10));
        ck_assert_int_eq(weir_handle_new(s, &handle), 0);
        weir_decref(s);
        (void)make_numbered(i);
        ck_assert_ptr_nonnull(weir_instance_type("more", 2, 0, NULL, NULL));
    }
    dict = weir_dict_new();
    ck_assert_int_eq(weir_dict_set(dict, weir_int_new(1), dict), 0);
    use_with_threads();
    ck_assert_int_eq(round % 2 == 0 ? weir_stop_full(NULL) : weir_stop(), 0);
}

/* Address space in use, in pages. */
static long
pages_mapped(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = -1;

    if (file != NULL) {
        if (fscanf(file, "%ld", &pages) != 1) {
            pages = -1;
        }
        (void)fclose(file);
    }
    return pages;
}

START_TEST(hundreds_of_lives_cost_no_memory)
{
    struct wr_mem_stats before;
    struct wr_mem_stats after;
    long pages;

    ck_assert_int_eq(weir_stop(), 0);
    for (int i = 0; i < 10; i++) {
        live_once(i);
    }
    before = wr_mem_get_stats();
    pages = pages_mapped();
    for (uint64_t i = 0; i < wr_test_size(ROUNDS); i++) {
        live_once((int)i);
    }
    after = wr_mem_get_stats();
    ck_assert_uint_eq(after.blocks, before.blocks);
    ck_assert_uint_eq(after.bytes, before.bytes);
    if (!WR_TEST_SANITIZED) {
        /* A stack that the C library keeps, a malloc arena: a few MiB, not
         * one per life. */
        ck_assert_int_le(pages_mapped() - pages, 32 * 1024);
    }
}
END_TEST

Suite *
wr_suite_stop_fast(void)
{
    Suite *suite = suite_create("stop_fast");
    TCase *tc;

    tc = tcase_create("fast");
    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_test(tc, fast_stop_leaves_everything_as_it_is);
    tcase_add_test(tc, leak_checker_finds_what_is_alive);
    tcase_add_test(tc, after_a_fast_stop_nothing_begins);
    tcase_add_test(tc, fast_stop_needs_no_attached_thread);
    tcase_add_test(tc, fast_stop_of_what_does_not_run_is_refused);
    tcase_add_test(tc, fast_stop_is_allowed_in_a_finalizer);
    tcase_add_test(tc, others_run_on_after_a_fast_stop);
    tcase_add_loop_test(tc, a_thread_that_exits_after_a_fast_stop_is_left_alone,
                        0, 2);
    suite_add_tcase(suite, tc);
    tc = tcase_create("lives");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_test(tc, hundreds_of_lives_cost_no_memory);
    suite_add_tcase(suite, tc);
    return suite;
}
