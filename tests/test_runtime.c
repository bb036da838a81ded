/* SPDX-License-Identifier: MIT */
/*
 * tests/test_runtime.c - start, stop, configuration, the ABI guard, errors.
 */
#include "tests/suites.h"

#include "heap/checker.h"

#include <weir/weir.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

START_TEST(start_and_stop_can_be_repeated)
{
    for (int round = 0; round < 5; round++) {
        weir_object *list;

        ck_assert(!weir_running());
        ck_assert_int_eq(weir_start(NULL), 0);
        ck_assert(weir_running());
        ck_assert(weir_attached());
        list = weir_list_new();
        ck_assert_ptr_nonnull(list);
        ck_assert_int_eq(weir_refcount(list), 1);
        ck_assert_int_eq(weir_stop(), 0);
        ck_assert(!weir_attached());
    }
}
END_TEST

START_TEST(second_start_is_refused)
{
    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_int_eq(weir_start(NULL), WEIR_ESTATE);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_int_eq(weir_stop(), WEIR_ESTATE);
}
END_TEST

START_TEST(another_flavour_is_refused)
{
    ck_assert_int_eq(
        weir_start_(NULL, WR_FLAVOUR_ID + 1, WEIR_DEBUG, WEIR_ABI_VERSION),
        WEIR_EABI);
    ck_assert_int_eq(
        weir_start_(NULL, WR_FLAVOUR_ID, WEIR_DEBUG + 1, WEIR_ABI_VERSION),
        WEIR_EABI);
    ck_assert_int_eq(
        weir_start_(NULL, WR_FLAVOUR_ID, WEIR_DEBUG, WEIR_ABI_VERSION + 1),
        WEIR_EABI);
    ck_assert(!weir_running());
}
END_TEST

START_TEST(bad_configuration_is_refused)
{
    weir_config config;

    weir_config_init(&config);
    config.lock_policy = "no-such-policy";
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    weir_config_init(&config);
    config.size = 3;
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    ck_assert_int_eq(setenv("WEIR_SWITCH_INTERVAL_US", "soon", 1), 0);
    ck_assert_int_eq(weir_start(NULL), WEIR_EINVAL);
    ck_assert_int_eq(unsetenv("WEIR_SWITCH_INTERVAL_US"), 0);
    ck_assert_int_eq(setenv("WEIR_GIL", "perhaps", 1), 0);
    ck_assert_int_eq(weir_start(NULL), WEIR_EINVAL);
    ck_assert_int_eq(unsetenv("WEIR_GIL"), 0);
    ck_assert(!weir_running());
}
END_TEST

START_TEST(environment_overrides_the_configuration)
{
    weir_config config;

    weir_config_init(&config);
    config.lock_policy = "cpython";
    config.switch_interval_us = 100;
    config.gil = true;
    ck_assert_int_eq(setenv("WEIR_LOCK_POLICY", "fifo", 1), 0);
    ck_assert_int_eq(setenv("WEIR_SWITCH_INTERVAL_US", "1234", 1), 0);
    ck_assert_int_eq(weir_start(&config), 0);
    ck_assert_str_eq(weir_lock_policy(), "fifo");
    ck_assert_uint_eq(weir_switch_interval(), 1234);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

struct other {
    pthread_barrier_t *barrier;
    int attached;
    int detached;
};

static void *
attach_and_wait(void *argument)
{
    struct other *other = argument;

    other->attached = weir_attach();
    (void)weir_blocking_begin();
    pthread_barrier_wait(other->barrier);
    pthread_barrier_wait(other->barrier);
    (void)weir_blocking_end();
    other->detached = weir_detach();
    return NULL;
}

START_TEST(stop_waits_for_no_thread_but_refuses)
{
    pthread_barrier_t barrier;
    struct other other = {.barrier = &barrier};
    pthread_t thread;

    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, attach_and_wait, &other), 0);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    pthread_barrier_wait(&barrier);
    ck_assert_int_eq(weir_blocking_end(), 0);
    /* The thread is in a blocking section: it will come back. */
    ck_assert_int_eq(weir_stop(), WEIR_EBUSY);
    ck_assert(weir_running());
    ck_assert_int_eq(weir_blocking_begin(), 0);
    pthread_barrier_wait(&barrier);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(other.attached, 0);
    ck_assert_int_eq(other.detached, 0);
    ck_assert_int_eq(weir_stop(), 0);
    pthread_barrier_destroy(&barrier);
}
END_TEST

START_TEST(calls_outside_the_runtime_say_so)
{
    weir_memory memory;

    ck_assert_int_eq(weir_checkpoint(), WEIR_ESTATE);
    ck_assert_int_eq(weir_attach(), WEIR_ESTATE);
    ck_assert_int_eq(weir_detach(), WEIR_ESTATE);
    ck_assert_int_eq(weir_error(), WEIR_ESTATE);
    ck_assert_int_eq(weir_memory_stats(&memory), WEIR_ESTATE);
    ck_assert(!weir_attached());
}
END_TEST

START_TEST(memory_figures_follow_objects)
{
    weir_memory before;
    weir_memory with;
    weir_memory after;
    weir_object *list;

    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_int_eq(weir_memory_stats(NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_memory_stats(&before), 0);
    list = weir_list_new();
    ck_assert_int_eq(weir_memory_stats(&with), 0);
    ck_assert_uint_eq(with.objects, before.objects + 1);
    ck_assert_uint_ge(with.object_bytes, before.object_bytes + 32);
    weir_decref(list);
    ck_assert_int_eq(weir_memory_stats(&after), 0);
    if (!wr_checker_on) {
        ck_assert_uint_eq(with.object_bytes, before.object_bytes + 32);
        ck_assert_uint_eq(after.objects,
                          wr_cfg_counted ? before.objects : with.objects);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(lock_figures_count_acquisitions)
{
    weir_config config;
    weir_lock_figures before;
    weir_lock_figures after;

    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_int_eq(weir_lock_stats(NULL), WEIR_EINVAL);
    if (wr_cfg_parallel) {
        ck_assert_int_eq(weir_lock_stats(&before), WEIR_ESTATE);
    }
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_int_eq(weir_lock_stats(&before), WEIR_ESTATE);
    weir_config_init(&config);
    config.gil = true;
    ck_assert_int_eq(weir_start(&config), 0);
    ck_assert_int_eq(weir_lock_stats(&before), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
    }
    ck_assert_int_eq(weir_lock_stats(&after), 0);
    ck_assert_uint_eq(after.acquisitions, before.acquisitions + 10);
    ck_assert_uint_eq(after.handoffs, before.handoffs);
    ck_assert_uint_eq(after.wait.count, 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(stopping_gives_back_what_is_still_alive)
{
    /* LeakSanitizer and Valgrind see what this forgets. */
    for (int round = 0; round < 3; round++) {
        weir_object *list;

        ck_assert_int_eq(weir_start(NULL), 0);
        list = weir_list_new();
        for (int i = 0; i < 20000; i++) {
            ck_assert_int_eq(weir_list_append(list, list), 0);
        }
        ck_assert_int_eq(weir_stop(), 0);
    }
}
END_TEST

START_TEST(every_code_has_words)
{
    for (int code = 0; code >= WEIR_EDEAD; code--) {
        ck_assert_str_ne(weir_strerror(code), "unknown error");
    }
    ck_assert_str_eq(weir_strerror(1), "unknown error");
    ck_assert_str_eq(weir_strerror(WEIR_EDEAD - 1), "unknown error");
    ck_assert_str_eq(weir_flavour(), WR_FLAVOUR_NAME);
    ck_assert_int_eq(weir_debug_level(), WEIR_DEBUG);
}
END_TEST

Suite *
wr_suite_runtime(void)
{
    Suite *suite = suite_create("runtime");
    TCase *tc = tcase_create("runtime");

    tcase_add_test(tc, start_and_stop_can_be_repeated);
    tcase_add_test(tc, second_start_is_refused);
    tcase_add_test(tc, another_flavour_is_refused);
    tcase_add_test(tc, bad_configuration_is_refused);
    tcase_add_test(tc, environment_overrides_the_configuration);
    tcase_add_test(tc, stop_waits_for_no_thread_but_refuses);
    tcase_add_test(tc, calls_outside_the_runtime_say_so);
    tcase_add_test(tc, memory_figures_follow_objects);
    tcase_add_test(tc, lock_figures_count_acquisitions);
    tcase_add_test(tc, stopping_gives_back_what_is_still_alive);
    tcase_add_test(tc, every_code_has_words);
    suite_add_tcase(suite, tc);
    return suite;
}
