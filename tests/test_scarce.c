/* SPDX-License-Identifier: MIT */
/*
 * tests/test_scarce.c - when the system has no more: thread keys, threads,
 * pages, numbers.
 *
 * Each test takes the system to its limit, as another part of the program
 * might, sees a call refuse, and gives way: then the same call works.
 */
#include "tests/fixture.h"

#include "tests/crew.h"

#include "base/mem.h"
#include "object/immortal.h"
#include "thread/reclaim.h"
#include "thread/thread.h"

#include <limits.h>
#include <sys/resource.h>

static uint32_t freed;

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

/* No page more for this process; *before undoes it. */
static void
end_of_memory(struct rlimit *before)
{
    struct rlimit none;

    (void)getrlimit(RLIMIT_AS, before);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before->rlim_max};
    (void)setrlimit(RLIMIT_AS, &none);
}

static void
memory_again(const struct rlimit *before)
{
    (void)setrlimit(RLIMIT_AS, before);
}

/* ---- thread keys -------------------------------------------------------- */

START_TEST(start_without_a_thread_key_is_refused)
{
    static pthread_key_t keys[PTHREAD_KEYS_MAX];
    uint64_t blocks = wr_mem_get_stats().blocks;
    size_t n = 0;

    while (n < PTHREAD_KEYS_MAX && pthread_key_create(&keys[n], NULL) == 0) {
        n++;
    }
    ck_assert_uint_gt(n, 0);
    ck_assert_int_eq(weir_start(NULL), WEIR_ENOMEM);
    ck_assert(!weir_running());
    ck_assert(!weir_attached());
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    ck_assert_int_eq(pthread_key_delete(keys[0]), 0);
    up();
    down();
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
}
END_TEST

/* Take what the C library has; the blocks in a list. */
static void *
take_all(void)
{
    void *all = NULL;

    for (size_t size = 1U << 20; size >= sizeof(void *); size /= 2) {
        void *block;

        /* Ends: no page more can be had. */
        while ((block = malloc(size)) != NULL) {
            *(void **)block = all;
            all = block;
        }
    }
    return all;
}

static void
give_back(void *all)
{
    while (all != NULL) {
        void *next = *(void **)all;

        free(all);
        all = next;
    }
}

struct attempt {
    int without;
    bool attached;
    int with;
};

/* The thread gets a record that was used before: no other memory is asked for
 * than the C library's, for the value of a late key. */
static void *
attach_without_memory(void *arg)
{
    struct attempt *attempt = arg;
    struct rlimit before;
    void *all;

    end_of_memory(&before);
    all = take_all();
    attempt->without = weir_attach();
    attempt->attached = weir_attached();
    give_back(all);
    memory_again(&before);
    attempt->with = weir_attach();
    (void)weir_detach();
    return NULL;
}

static void *
come_and_go(void *arg)
{
    int *error = arg;

    *error = weir_attach();
    (void)weir_detach();
    return NULL;
}

START_TEST(attach_without_room_for_a_key_is_refused)
{
    /* glibc has room for so many in each thread. */
    enum { EARLY_KEYS = 32 };
    struct attempt attempt = {.without = 1};
    pthread_key_t key;
    pthread_t thread;
    int error = 1;

    for (int i = 0; i < EARLY_KEYS; i++) {
        ck_assert_int_eq(pthread_key_create(&key, NULL), 0);
    }
    up();
    crew_begin(&thread, come_and_go, &error);
    crew_join(thread);
    ck_assert_int_eq(error, 0);
    crew_begin(&thread, attach_without_memory, &attempt);
    crew_join(thread);
    ck_assert_int_eq(attempt.without, WEIR_ENOMEM);
    ck_assert(!attempt.attached);
    ck_assert_int_eq(attempt.with, 0);
    ck_assert_uint_eq(wr_threads_count(), 1);
    down();
}
END_TEST

/* ---- threads ------------------------------------------------------------ */

static void
count_freed(struct wr_reclaim_node *node)
{
    (void)node;
    (void)wr_fetch_add_acq_rel(&freed, 1u);
}

START_TEST(without_a_reclaimer_things_wait_for_the_next_try)
{
    static struct wr_reclaim_node nodes[3];
    struct rlimit before;

    up();
    if (wr_reclaim_on()) {
        end_of_memory(&before);
        wr_reclaim_defer(&nodes[0], count_freed);
        wr_reclaim_defer(&nodes[1], count_freed);
        memory_again(&before);
        ck_assert_int_eq(weir_checkpoint(), 0);
        ck_assert_uint_eq(wr_reclaim_grace_periods(), 0);
        ck_assert_uint_eq(wr_load_acquire(&freed), 0);
        wr_reclaim_defer(&nodes[2], count_freed);
        crew_until(&freed, 3);
    }
    down();
}
END_TEST

START_TEST(stop_makes_the_calls_that_no_reclaimer_made)
{
    static struct wr_reclaim_node node;
    struct rlimit before;

    up();
    end_of_memory(&before);
    wr_reclaim_defer(&node, count_freed);
    memory_again(&before);
    down();
    ck_assert_uint_eq(wr_load_acquire(&freed), 1);
}
END_TEST

/* ---- numbers ------------------------------------------------------------ */

START_TEST(a_thread_too_many_is_refused)
{
    pthread_t thread;
    unsigned records;
    int error = 1;

    up();
    wr_mutex_lock(&wr_world.lock);
    records = wr_world.records;
    wr_world.records = WR_THREAD_ID_MAX;
    wr_mutex_unlock(&wr_world.lock);
    crew_begin(&thread, come_and_go, &error);
    crew_join(thread);
    ck_assert_int_eq(error, WEIR_ELIMIT);
    ck_assert_uint_eq(wr_threads_count(), 1);
    wr_mutex_lock(&wr_world.lock);
    wr_world.records = records;
    wr_mutex_unlock(&wr_world.lock);
    crew_begin(&thread, come_and_go, &error);
    crew_join(thread);
    ck_assert_int_eq(error, 0);
    /* Whoever comes after one that has gone needs no number of its own. */
    wr_mutex_lock(&wr_world.lock);
    records = wr_world.records;
    wr_world.records = WR_THREAD_ID_MAX;
    wr_mutex_unlock(&wr_world.lock);
    crew_begin(&thread, come_and_go, &error);
    crew_join(thread);
    ck_assert_int_eq(error, 0);
    wr_world.records = records;
    down();
}
END_TEST

/* ---- pages -------------------------------------------------------------- */

START_TEST(immortal_pages_that_cannot_be_had_are_refused)
{
    char *a;
    char *b;

    up();
    a = wr_immortal_alloc(16);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(wr_immortal_alloc(SIZE_MAX));
    ck_assert_ptr_null(wr_immortal_alloc(SIZE_MAX / 2));
    /* The pages that are there go on being used. */
    b = wr_immortal_alloc(16);
    ck_assert_ptr_eq(b, a + 16);
    /* What is larger than the usual pages gets its own. */
    b = wr_immortal_alloc(1000000);
    ck_assert_ptr_nonnull(b);
    memset(b, 1, 1000000);
    down();
}
END_TEST

Suite *
wr_suite_scarce(void)
{
    Suite *suite = suite_create("scarce");
    TCase *tc = tcase_create("system");

    tcase_add_test(tc, start_without_a_thread_key_is_refused);
    tcase_add_test(tc, a_thread_too_many_is_refused);
    tcase_add_test(tc, immortal_pages_that_cannot_be_had_are_refused);
    if (!WR_TEST_SANITIZED) {
        /* The sanitizers end the process when they get no page. */
        tcase_add_test(tc, attach_without_room_for_a_key_is_refused);
        tcase_add_test(tc, without_a_reclaimer_things_wait_for_the_next_try);
        tcase_add_test(tc, stop_makes_the_calls_that_no_reclaimer_made);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
