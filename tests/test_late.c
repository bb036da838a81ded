/* SPDX-License-Identifier: MIT */
/*
 * tests/test_late.c - reports on threads that hold everybody up.
 */
#include "tests/crew.h"
#include "tests/sanitized.h"

#include "thread/late.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint32_t inside;
static uint32_t over;
static bool deaf;

/* What was written to a file, as one string. */
static char *
text_of(FILE *file)
{
    static char text[8192];
    size_t n;

    rewind(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    return text;
}

/* Where a thread is to be found: no checkpoint, and no call. */
__attribute__((noinline)) static void
linger(void)
{
    wr_store_release(&inside, 1u);
    while (wr_load_acquire(&over) == 0) {
        wr_cpu_relax();
    }
}

static void *
late_thread(void *arg)
{
    sigset_t urgent;

    (void)arg;
    (void)sigemptyset(&urgent);
    (void)sigaddset(&urgent, SIGURG);
    if (deaf) {
        (void)pthread_sigmask(SIG_BLOCK, &urgent, NULL);
    }
    (void)weir_attach();
    linger();
    (void)weir_detach();
    return NULL;
}

static void
start(uint64_t late_us)
{
    weir_config config;

    weir_config_init(&config);
    config.late_us = late_us;
    config.account = WEIR_ACCOUNT_FIGURES;
    ck_assert_int_eq(weir_start(&config), 0);
    inside = 0;
    over = 0;
}

static void
begin_late(pthread_t *thread)
{
    crew_begin(thread, late_thread, NULL);
    (void)weir_blocking_begin();
    while (wr_load_acquire(&inside) == 0) {
        wr_cpu_relax();
    }
}

/* The record of the thread that is not the main one. */
static struct wr_thread *
other_record(void)
{
    struct wr_thread *t = wr_load_acquire(&wr_world.threads);

    while (t->id != 2) {
        t = t->next;
    }
    return t;
}

/* True if one of the addresses in brackets is in linger(). */
static bool
names_linger(const char *text)
{
    for (const char *at = strstr(text, "[0x"); at != NULL;
         at = strstr(at + 1, "[0x")) {
        uintptr_t place = (uintptr_t)strtoull(at + 1, NULL, 16);

        if (place - (uintptr_t)&linger < 256) {
            return true;
        }
    }
    return false;
}

START_TEST(a_thread_says_where_it_is)
{
    pthread_t thread;
    FILE *file = tmpfile();
    const char *text;
    int frames;

    start(1000);
    deaf = false;
    begin_late(&thread);
    frames = wr_late_name(other_record(), UINT64_C(7000000), fileno(file));
    text = text_of(file);
    ck_assert_ptr_nonnull(strstr(text, "thread 2 has not come to a checkpoint "
                                       "for 7 ms"));
    /* ThreadSanitizer holds signals back while a thread computes. */
    if (!WR_TEST_SEES_RACES) {
        ck_assert_int_gt(frames, 0);
        ck_assert_msg(names_linger(text), "%s", text);
    }
    wr_store_release(&over, 1u);
    (void)pthread_join(thread, NULL);
    (void)weir_blocking_end();
    (void)fclose(file);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(a_deaf_thread_is_named_all_the_same)
{
    struct sigaction before = {.sa_handler = SIG_IGN};
    struct sigaction after;
    pthread_t thread;
    FILE *file = tmpfile();

    ck_assert_int_eq(sigaction(SIGURG, &before, NULL), 0);
    start(1000);
    deaf = true;
    begin_late(&thread);
    ck_assert_int_eq(wr_late_name(other_record(), 0, fileno(file)), 0);
    ck_assert_ptr_nonnull(strstr(text_of(file), "does not say where it is"));
    wr_store_release(&over, 1u);
    (void)pthread_join(thread, NULL);
    (void)weir_blocking_end();
    (void)fclose(file);
    /* The program's own handler is back. */
    ck_assert_int_eq(sigaction(SIGURG, NULL, &after), 0);
    ck_assert(after.sa_handler == SIG_IGN);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Let the late one go when it has been called late. */
static void *
release_late(void *arg)
{
    struct wr_stop_stats *stats = arg;

    do {
        wr_stop_get_stats(stats);
    } while (stats->late == 0);
    wr_store_release(&over, 1u);
    return NULL;
}

START_TEST(a_stop_that_waits_too_long_names_who_is_late)
{
    struct wr_stop_stats *stats = malloc(sizeof(*stats));
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    pthread_t thread;
    pthread_t helper;

    start(1000);
    deaf = false;
    if (!wr_lock_on()) {
        begin_late(&thread);
        (void)weir_blocking_end();
        crew_begin(&helper, release_late, stats);
        (void)dup2(fileno(file), STDERR_FILENO);
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
        (void)dup2(saved, STDERR_FILENO);
        crew_join(helper);
        crew_join(thread);
        ck_assert_ptr_nonnull(strstr(text_of(file), "weir: thread 2 has not"));
    }
    (void)close(saved);
    (void)fclose(file);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(everybody_is_reported)
{
    pthread_t thread;
    FILE *file = tmpfile();
    const char *text;

    ck_assert_int_eq(weir_report_threads(fileno(file)), WEIR_ESTATE);
    start(0);
    deaf = false;
    begin_late(&thread);
    ck_assert_int_eq(weir_report_threads(fileno(file)), 0);
    text = text_of(file);
    ck_assert_ptr_nonnull(strstr(text, "the world: runs, 0 to come"));
    ck_assert_ptr_nonnull(strstr(text, "thread 1 (tid"));
    ck_assert_ptr_nonnull(strstr(text, "): detached, blocked for "));
    ck_assert_ptr_nonnull(strstr(text, "thread 2 (tid"));
    ck_assert_ptr_nonnull(strstr(text, wr_lock_on()
                                           ? "): attached, has the lock, "
                                             "running for "
                                           : "): attached, running for "));
    wr_store_release(&over, 1u);
    (void)pthread_join(thread, NULL);
    (void)weir_blocking_end();
    (void)fclose(file);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_late(void)
{
    Suite *suite = suite_create("late");
    TCase *tc = tcase_create("late");

    tcase_add_test(tc, a_thread_says_where_it_is);
    tcase_add_test(tc, a_deaf_thread_is_named_all_the_same);
    tcase_add_test(tc, a_stop_that_waits_too_long_names_who_is_late);
    tcase_add_test(tc, everybody_is_reported);
    suite_add_tcase(suite, tc);
    return suite;
}
