/* SPDX-License-Identifier: MIT */
/*
 * tests/test_lock.c - the global lock and its policies.
 *
 * All tests switch the lock on, in the parallel flavours too.
 */
#include "tests/crew.h"

#include "thread/lock.h"
#include "thread/safepoint.h"

#include <stdlib.h>

enum { CREW = 4 };

/* examples/policy/ticket.c */
extern const struct wr_lock_policy wr_lock_policy_ticket;

static const char *const policy_names[] = {"cpython", "fifo", "barging",
                                           "boost", "ticket"};
/* What part of an interval a thread waits at least for one that holds on. */
static const unsigned patience[] = {1, 1, 1, 5, 1};

enum { POLICIES = sizeof(policy_names) / sizeof(policy_names[0]) };

static pthread_barrier_t barrier;

/* Plain memory, for the lock to protect. */
static uint64_t counter;
static unsigned order[CREW];
static unsigned arrived;

static uint32_t over;

START_TEST(interval_can_be_read_and_set)
{
    crew_start_locked(NULL, 0);
    ck_assert_uint_eq(weir_switch_interval(), 5000);
    ck_assert_str_eq(weir_lock_policy(), "boost");
    ck_assert_int_eq(weir_set_switch_interval(100), 0);
    ck_assert_uint_eq(weir_switch_interval(), 100);
    ck_assert_int_eq(weir_set_switch_interval(0), WEIR_EINVAL);
    ck_assert_int_eq(weir_set_switch_interval(UINT64_MAX), WEIR_EINVAL);
    ck_assert_uint_eq(weir_switch_interval(), 100);
    ck_assert_int_eq(weir_stop(), 0);
    crew_start_locked("fifo", 700);
    ck_assert_uint_eq(weir_switch_interval(), 700);
    ck_assert_str_eq(weir_lock_policy(), "fifo");
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_str_eq(weir_lock_policy(), "none");
}
END_TEST

START_TEST(threads_in_parallel_have_no_policy_and_no_figures)
{
    struct wr_lock_stats *stats = malloc(sizeof(*stats));

    ck_assert_int_eq(weir_start(NULL), 0);
    ck_assert_str_eq(weir_lock_policy(), wr_lock_on() ? "boost" : "none");
    if (!wr_lock_on()) {
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
        wr_lock_get_stats(stats);
        ck_assert_uint_eq(stats->acquisitions, 0);
        ck_assert_uint_eq(wr_histogram_count(&stats->wait), 0);
    }
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(an_unknown_policy_is_refused)
{
    weir_config config;

    weir_config_init(&config);
    config.lock_policy = "nonsense";
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    config.lock_policy = NULL;
    config.switch_interval_us = UINT64_MAX;
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    ck_assert(!weir_running());
}
END_TEST

START_TEST(every_policy_has_a_name)
{
    const struct wr_lock_policy *const *policies = wr_lock_policies();

    ck_assert_str_eq(policies[0]->name, WR_LOCK_DEFAULT_POLICY);
    for (size_t i = 0; policies[i] != NULL; i++) {
        ck_assert_ptr_eq(wr_lock_find_policy(policies[i]->name), policies[i]);
        ck_assert_ptr_nonnull(policies[i]->summary);
    }
    ck_assert_ptr_null(wr_lock_find_policy(""));
}
END_TEST

START_TEST(an_uncontended_lock_asks_no_policy)
{
    struct wr_lock_stats *stats = malloc(sizeof(*stats));
    uint64_t before;

    crew_start_locked(policy_names[_i], 0);
    wr_lock_get_stats(stats);
    before = stats->acquisitions;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_uint_eq(wr_load_relaxed(&wr_lock.word), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
        ck_assert(wr_lock_held(wr_self()));
    }
    wr_lock_get_stats(stats);
    ck_assert_uint_eq(stats->acquisitions, before + 10);
    ck_assert_uint_eq(wr_histogram_count(&stats->wait), 0);
    ck_assert_uint_eq(stats->handoffs, 0);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/*
 * Who met the holder on the fast path may find nobody on the slow one, and the
 * last who waited may be gone when the holder lets go: [inv:lock.cont] holds
 * from the first step to the last.
 */
START_TEST(slow_paths_without_company_do_what_fast_ones_do)
{
    struct wr_lock_stats *stats = malloc(sizeof(*stats));
    struct wr_thread *self;

    crew_start_locked(policy_names[_i], 0);
    self = wr_self();
    ck_assert_int_eq(weir_blocking_begin(), 0);
    wr_lock_acquire_slow(self, WR_LOCK_RETURN);
    ck_assert_uint_eq(wr_load_relaxed(&wr_lock.word), (uintptr_t)self);
    ck_assert_uint_eq(wr_lock.waiting, 0);
    ck_assert_ptr_eq(wr_lock.last_holder, self);
    (void)wr_pending_set(&self->pub.pending, WR_PENDING_DROP);
    wr_lock_release_slow(self);
    ck_assert_uint_eq(wr_load_relaxed(&wr_lock.word), 0);
    /* [inv:lock.drop] */
    ck_assert_uint_eq(wr_load_relaxed(&self->pub.pending) & WR_PENDING_DROP, 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    (void)wr_pending_set(&self->pub.pending, WR_PENDING_DROP);
    wr_lock_yield(self);
    ck_assert_uint_eq(wr_load_relaxed(&wr_lock.word), (uintptr_t)self);
    ck_assert_uint_eq(wr_load_relaxed(&self->pub.pending) & WR_PENDING_DROP, 0);
    wr_lock_get_stats(stats);
    ck_assert_uint_eq(stats->handoffs, 1);
    ck_assert_uint_eq(stats->yields, 1);
    ck_assert_uint_eq(stats->drop_requests, 0);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Count under the lock, giving it up in every way there is. */
static void *
count_under_lock(void *arg)
{
    uint64_t *rounds = arg;

    (void)weir_attach();
    for (uint64_t i = 1; i <= *rounds; i++) {
        counter++;
        (void)weir_checkpoint();
        if (i % 32 == 0) {
            (void)weir_blocking_begin();
            (void)weir_blocking_end();
        }
        if (i % 1024 == 0) {
            (void)weir_detach();
            (void)weir_attach();
        }
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(the_holder_is_alone)
{
    uint64_t rounds = wr_test_size(100000);
    pthread_t threads[CREW];
    struct wr_lock_stats *stats = malloc(sizeof(*stats));

    crew_start_locked(policy_names[_i], 50);
    for (int i = 0; i < CREW; i++) {
        crew_begin(&threads[i], count_under_lock, &rounds);
    }
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
    }
    ck_assert_uint_eq(counter, CREW * rounds);
    /* [inv:lock.cont] nobody waits, so the word says so */
    ck_assert_uint_eq(wr_load_relaxed(&wr_lock.word), (uintptr_t)wr_self());
    wr_lock_get_stats(stats);
    ck_assert_uint_ge(stats->acquisitions, CREW * rounds / 32);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
want_the_lock(void *arg)
{
    (void)arg;
    (void)weir_attach();
    counter = 1;
    (void)weir_detach();
    return NULL;
}

START_TEST(a_holder_yields_at_a_checkpoint)
{
    pthread_t thread;
    struct wr_lock_stats *stats = malloc(sizeof(*stats));

    crew_start_locked(policy_names[_i], 1000);
    crew_begin(&thread, want_the_lock, NULL);
    /* Ends only if the waiter asks and this thread lets it have the lock:
     * nothing here blocks. */
    while (counter == 0) {
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    crew_join(thread);
    wr_lock_get_stats(stats);
    ck_assert_uint_ge(stats->drop_requests, 1);
    ck_assert_uint_ge(stats->yields, 1);
    ck_assert_uint_ge(stats->handoffs, 2);
    /* One waited an interval, the other until it was done. */
    ck_assert_uint_ge(wr_histogram_max(&stats->wait), 1000000 / patience[_i]);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Wait, holding the lock, until n threads wait for it. */
static void
until_waiting(unsigned n)
{
    unsigned waiting = 0;

    while (waiting != n) {
        wr_mutex_lock(&wr_lock.mutex);
        waiting = wr_lock.waiting;
        wr_mutex_unlock(&wr_lock.mutex);
    }
}

static void *
stand_in_line(void *arg)
{
    unsigned *number = arg;

    (void)weir_attach();
    order[arrived++] = *number;
    (void)weir_detach();
    return NULL;
}

/* Those that promise it. */
static const char *const orderly[] = {"fifo", "ticket"};

START_TEST(waiters_are_served_in_order_of_arrival)
{
    pthread_t threads[CREW];
    unsigned numbers[CREW];

    crew_start_locked(orderly[_i], 1000000000);
    for (unsigned i = 0; i < CREW; i++) {
        numbers[i] = i;
        crew_begin(&threads[i], stand_in_line, &numbers[i]);
        until_waiting(i + 1);
    }
    /* Only the first of them watches the clock. */
    wr_mutex_lock(&wr_lock.mutex);
    for (struct wr_thread *t = wr_lock.head; t != NULL; t = t->lock.next) {
        ck_assert_uint_eq(wr_load_relaxed(&t->lock.timed),
                          t == wr_lock.head ? 1 : 0);
    }
    wr_mutex_unlock(&wr_lock.mutex);
    /* Whoever comes back from blocking stands at the end. */
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_uint_eq(arrived, CREW);
    for (unsigned i = 0; i < CREW; i++) {
        ck_assert_uint_eq(order[i], i);
        crew_join(threads[i]);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
want_and_tell(void *arg)
{
    (void)arg;
    (void)weir_attach();
    wr_store_release(&over, 1u);
    (void)weir_detach();
    return NULL;
}

/* Let go and come back at once: a sleeper is slower than that. */
START_TEST(barging_lets_a_thread_overtake_a_sleeper)
{
    bool overtaken = false;

    crew_start_locked("barging", 1000000000);
    while (!overtaken) {
        pthread_t thread;

        wr_store_release(&over, 0u);
        crew_begin(&thread, want_and_tell, NULL);
        until_waiting(1);
        while (wr_load_acquire(&over) == 0) {
            ck_assert_int_eq(weir_blocking_begin(), 0);
            ck_assert_int_eq(weir_blocking_end(), 0);
            /* Its turn came and went: it waits for the lock still. */
            wr_mutex_lock(&wr_lock.mutex);
            overtaken = overtaken ||
                        (wr_lock.waiting == 1 && wr_load_relaxed(&over) == 0);
            wr_mutex_unlock(&wr_lock.mutex);
        }
        crew_join(thread);
    }
    ck_assert(overtaken);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
take_turns(void *arg)
{
    uint64_t *mine = arg;

    (void)weir_attach();
    while (wr_load_acquire(&over) == 0) {
        ++*mine;
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(cpython_holder_waits_for_the_switch_it_was_asked_for)
{
    uint64_t theirs = 0;
    unsigned switches = 0;
    pthread_t thread;
    struct wr_lock_stats *stats = malloc(sizeof(*stats));

    crew_start_locked("cpython", 200);
    crew_begin(&thread, take_turns, &theirs);
    while (switches < 10) {
        uint64_t before = theirs;
        bool asked =
            (wr_load_relaxed(&wr_self()->pub.pending) & WR_PENDING_DROP) != 0;

        ck_assert_int_eq(weir_checkpoint(), 0);
        if (asked) {
            switches++;
            /* It came back after the other had had the lock, not before. */
            ck_assert_uint_gt(theirs, before);
        }
    }
    wr_store_release(&over, 1u);
    crew_join(thread);
    wr_lock_get_stats(stats);
    ck_assert_uint_ge(stats->forced_switches, switches);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(who_lets_go_is_asked_no_more)
{
    const uint32_t *pending;
    pthread_t thread;

    crew_start_locked(policy_names[_i], 100);
    pending = &wr_self()->pub.pending;
    crew_begin(&thread, want_the_lock, NULL);
    while ((wr_load_relaxed(pending) & WR_PENDING_DROP) == 0) {
        wr_cpu_relax();
    }
    /* Not at a checkpoint: it blocks, and that will do.  [inv:lock.drop] */
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_uint_eq(wr_load_relaxed(pending) & WR_PENDING_DROP, 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_uint_eq(counter, 1);
    ck_assert_uint_eq(wr_load_relaxed(pending) & WR_PENDING_DROP, 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static uint64_t turns[CREW];

/* CPU-bound until everybody has had several turns. */
static void *
insist(void *arg)
{
    unsigned *number = arg;
    unsigned before;
    bool all = false;

    (void)weir_attach();
    while (!all) {
        before = arrived;
        (void)weir_checkpoint();
        if (arrived != before || turns[*number] == 0) {
            turns[*number]++;
            arrived++;
        }
        all = true;
        for (int i = 0; i < CREW; i++) {
            all = all && turns[i] >= 3;
        }
    }
    arrived++;
    (void)weir_detach();
    return NULL;
}

START_TEST(every_cpu_bound_thread_gets_its_turn)
{
    pthread_t threads[CREW];
    unsigned numbers[CREW];

    crew_start_locked(policy_names[_i], 100);
    for (unsigned i = 0; i < CREW; i++) {
        numbers[i] = i;
        crew_begin(&threads[i], insist, &numbers[i]);
    }
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
leave_holding(void *arg)
{
    (void)arg;
    (void)weir_attach();
    crew_meet(&barrier);
    return NULL;
}

START_TEST(a_thread_that_exits_holding_the_lock_gives_it_up)
{
    pthread_t thread;

    crew_start_locked(policy_names[_i], 0);
    (void)pthread_barrier_init(&barrier, NULL, 2);
    crew_begin(&thread, leave_holding, NULL);
    crew_meet(&barrier);
    crew_join(thread);
    ck_assert(wr_lock_held(wr_self()));
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_lock(void)
{
    Suite *suite = suite_create("lock");
    TCase *tc = tcase_create("settings");

    wr_lock_add_policy(&wr_lock_policy_ticket);
    tcase_add_test(tc, interval_can_be_read_and_set);
    tcase_add_test(tc, threads_in_parallel_have_no_policy_and_no_figures);
    tcase_add_test(tc, an_unknown_policy_is_refused);
    tcase_add_test(tc, every_policy_has_a_name);
    suite_add_tcase(suite, tc);
    tc = tcase_create("policies");
    tcase_add_loop_test(tc, an_uncontended_lock_asks_no_policy, 0, POLICIES);
    tcase_add_loop_test(tc, slow_paths_without_company_do_what_fast_ones_do, 0,
                        POLICIES);
    tcase_add_loop_test(tc, the_holder_is_alone, 0, POLICIES);
    tcase_add_loop_test(tc, a_holder_yields_at_a_checkpoint, 0, POLICIES);
    tcase_add_loop_test(tc, who_lets_go_is_asked_no_more, 0, POLICIES);
    tcase_add_loop_test(tc, every_cpu_bound_thread_gets_its_turn, 0, POLICIES);
    tcase_add_loop_test(tc, a_thread_that_exits_holding_the_lock_gives_it_up, 0,
                        POLICIES);
    tcase_add_loop_test(tc, waiters_are_served_in_order_of_arrival, 0, 2);
    tcase_add_test(tc, barging_lets_a_thread_overtake_a_sleeper);
    tcase_add_test(tc, cpython_holder_waits_for_the_switch_it_was_asked_for);
    suite_add_tcase(suite, tc);
    return suite;
}
