/* SPDX-License-Identifier: MIT */
/*
 * tests/test_account.c - the accounts of the threads' time.
 *
 * Times are compared with each other, never with how long something should
 * take.
 */
#include "tests/crew.h"

#include "base/clock.h"
#include "tests/forks.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <stdlib.h>

enum { CREW = 4, ROUNDS = 200 };

static pthread_barrier_t barrier;
static uint32_t turn;
static uint32_t number;
static uint32_t over;

static void
start(int level, bool gil, uint32_t events)
{
    weir_config config;

    weir_config_init(&config);
    config.account = level;
    config.account_events = events;
    config.gil = gil;
    config.lock_policy = gil || !wr_cfg_parallel ? "fifo" : NULL;
    ck_assert_int_eq(weir_start(&config), 0);
    turn = 0;
    number = 0;
    over = 0;
}

/* One thread's account, by the number of its record. */
static weir_thread_account
account_of(uint32_t thread)
{
    weir_thread_account all[CREW + 2];
    int64_t n = weir_account_threads(all, CREW + 2);

    ck_assert_int_ge(n, thread);
    ck_assert_int_le(n, CREW + 2);
    ck_assert_uint_eq(all[thread - 1].thread, thread);
    return all[thread - 1];
}

static uint64_t
sum(const uint64_t *values, int n)
{
    uint64_t total = 0;

    for (int i = 0; i < n; i++) {
        total += values[i];
    }
    return total;
}

static void
block_a_little(int times)
{
    for (int i = 0; i < times; i++) {
        (void)weir_blocking_begin();
        (void)weir_blocking_end();
    }
}

START_TEST(without_an_account_there_is_nothing_to_read)
{
    weir_thread_account all[1];
    uint64_t matrix[1];
    weir_stop_record stops[1];

    ck_assert_uint_eq(weir_account_self(), 0);
    start(WEIR_ACCOUNT_OFF, false, 0);
    ck_assert_int_eq(weir_account_threads(all, 1), WEIR_ESTATE);
    ck_assert_int_eq(weir_account_handoffs(matrix, 1), WEIR_ESTATE);
    ck_assert_int_eq(weir_account_stops(stops, 1), WEIR_ESTATE);
    ck_assert_uint_eq(weir_account_self(), 1);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static int
nothing(const weir_event *event, void *context)
{
    (void)event;
    (void)context;
    return 0;
}

START_TEST(bad_levels_and_arguments_are_refused)
{
    weir_config config;

    weir_config_init(&config);
    config.account = WEIR_ACCOUNT_EVENTS + 1;
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    config.account = -1;
    ck_assert_int_eq(weir_start(&config), WEIR_EINVAL);
    ck_assert(!weir_running());
    start(WEIR_ACCOUNT_FIGURES, false, 0);
    ck_assert_int_eq(weir_account_threads(NULL, 1), WEIR_EINVAL);
    ck_assert_int_eq(weir_account_threads(NULL, 0), 1);
    ck_assert_int_eq(weir_account_handoffs(NULL, 1), WEIR_EINVAL);
    ck_assert_int_eq(weir_account_stops(NULL, 1), WEIR_EINVAL);
    ck_assert_int_eq(weir_account_events(NULL, NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_account_events(nothing, NULL, NULL), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_account_threads(NULL, 0), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* What the events of one thread add up to. */
struct totals {
    uint32_t thread;
    uint64_t state_ns[WEIR_STATES];
    uint64_t state;
    uint64_t since;
    uint64_t events;
};

static int
add_up(const weir_event *event, void *context)
{
    struct totals *totals = context;

    if (event->thread != totals->thread) {
        return 0;
    }
    /* [inv:account.events] in the order of time */
    ck_assert_uint_ge(event->ns, totals->since);
    if (event->kind != WEIR_EVENT_STATE) {
        return 0;
    }
    ck_assert_uint_lt(event->value, WEIR_STATES);
    if (totals->events++ != 0) {
        totals->state_ns[totals->state] += event->ns - totals->since;
    }
    totals->state = event->value;
    totals->since = event->ns;
    return 0;
}

/* Figures and events of a thread say the same, to the nanosecond
 * [inv:account.whole]. */
static void
check_totals(uint32_t thread)
{
    struct totals totals = {.thread = thread};
    weir_thread_account account = account_of(thread);
    uint64_t lost = 1;

    ck_assert_int_eq(weir_account_events(add_up, &totals, &lost), 0);
    ck_assert_uint_eq(lost, 0);
    ck_assert_uint_gt(totals.events, 1);
    for (int i = 0; i < WEIR_STATES; i++) {
        ck_assert_uint_eq(account.state_ns[i], totals.state_ns[i]);
    }
}

START_TEST(states_are_whole)
{
    uint64_t begin = wr_clock_ns();
    weir_thread_account account;

    start(WEIR_ACCOUNT_EVENTS, _i != 0, 0);
    block_a_little(ROUNDS);
    account = account_of(weir_account_self());
    ck_assert_uint_gt(account.state_ns[WEIR_STATE_RUNNING], 0);
    ck_assert_uint_gt(account.state_ns[WEIR_STATE_BLOCKED], 0);
    ck_assert_uint_eq(account.state_ns[WEIR_STATE_WAITING], 0);
    ck_assert_uint_le(sum(account.state_ns, WEIR_STATES),
                      wr_clock_ns() - begin);
    check_totals(weir_account_self());
    if (wr_lock_on()) {
        ck_assert_uint_eq(account.acquisitions, ROUNDS + 1);
        ck_assert_uint_eq(account.uncontended, ROUNDS + 1);
        ck_assert_uint_eq(account.releases, ROUNDS);
        ck_assert_uint_eq(account.hold.count, ROUNDS);
        ck_assert_uint_le(account.hold.sum,
                          account.state_ns[WEIR_STATE_RUNNING]);
    } else {
        ck_assert_uint_eq(account.acquisitions, 0);
        ck_assert_uint_eq(account.hold.count, 0);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Wait for the lock while the main thread has it. */
static void *
waiter(void *arg)
{
    (void)arg;
    (void)weir_attach();
    wr_store_release(&number, weir_account_self());
    crew_meet(&barrier);
    (void)weir_detach();
    return NULL;
}

static void
until_waiting(void)
{
    unsigned waiting = 0;

    /* Ends when the other thread has come. */
    while (waiting == 0) {
        wr_mutex_lock(&wr_lock.mutex);
        waiting = wr_lock.waiting;
        wr_mutex_unlock(&wr_lock.mutex);
    }
}

START_TEST(a_handoff_is_in_both_accounts)
{
    weir_thread_account mine;
    weir_thread_account theirs;
    uint64_t matrix[4] = {0};
    pthread_t thread;

    start(WEIR_ACCOUNT_EVENTS, true, 0);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    crew_begin(&thread, waiter, NULL);
    until_waiting();
    crew_meet(&barrier);
    crew_join(thread);
    ck_assert_uint_eq(number, 2);
    mine = account_of(1);
    theirs = account_of(2);
    ck_assert(mine.attached);
    ck_assert(!theirs.attached);
    /* It waited for the first attach at least. */
    ck_assert_uint_ge(theirs.handoffs, 1);
    ck_assert_uint_ge(theirs.wait.count, theirs.handoffs);
    ck_assert_uint_eq(theirs.acquisitions,
                      theirs.uncontended + theirs.wait.count);
    ck_assert_uint_ge(theirs.queue.max, 1);
    ck_assert_uint_gt(theirs.wait.max, 0);
    ck_assert_uint_eq(theirs.state_ns[WEIR_STATE_WAITING], theirs.wait.sum);
    ck_assert_uint_eq(theirs.releases + theirs.yields, theirs.hold.count);
    ck_assert_uint_eq(theirs.acquisitions, theirs.hold.count);
    ck_assert_int_eq(weir_account_handoffs(matrix, 2), 0);
    ck_assert_uint_eq(matrix[0 * 2 + 1], theirs.handoffs);
    ck_assert_uint_eq(matrix[1 * 2 + 0], mine.handoffs);
    ck_assert_uint_eq(matrix[0] + matrix[3], 0);
    check_totals(1);
    check_totals(2);
    (void)pthread_barrier_destroy(&barrier);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Compute until told to end. */
static void *
busy(void *arg)
{
    (void)arg;
    (void)weir_attach();
    (void)wr_fetch_add_acq_rel(&number, 1u);
    crew_until(&over, 1);
    (void)weir_detach();
    return NULL;
}

static void
begin_crew(pthread_t *crew, void *(*body)(void *))
{
    for (int i = 0; i < CREW; i++) {
        crew_begin(&crew[i], body, NULL);
    }
    crew_until(&number, CREW);
}

static void
end_crew(const pthread_t *crew)
{
    wr_store_release(&over, 1u);
    for (int i = 0; i < CREW; i++) {
        crew_join(crew[i]);
    }
}

/* Reading does not wait for those that write: ThreadSanitizer watches. */
START_TEST(accounts_are_read_while_others_run)
{
    pthread_t crew[CREW];
    weir_thread_account all[CREW + 1];
    uint64_t matrix[(CREW + 1) * (CREW + 1)];

    start(WEIR_ACCOUNT_EVENTS, _i != 0, 0);
    ck_assert_int_eq(weir_set_switch_interval(50), 0);
    begin_crew(crew, busy);
    for (int i = 0; i < 20; i++) {
        uint64_t lost;

        ck_assert_int_eq(weir_account_threads(all, CREW + 1), CREW + 1);
        ck_assert_int_eq(weir_account_handoffs(matrix, CREW + 1), 0);
        ck_assert_int_eq(weir_account_events(nothing, NULL, &lost), 0);
        (void)weir_checkpoint();
    }
    end_crew(crew);
    ck_assert_int_eq(weir_account_threads(all, CREW + 1), CREW + 1);
    ck_assert_int_eq(weir_account_handoffs(matrix, CREW + 1), 0);
    for (uint32_t i = 0; i <= CREW; i++) {
        uint64_t in = 0;

        for (uint32_t from = 0; from <= CREW; from++) {
            in += matrix[from * (CREW + 1) + i];
        }
        ck_assert_uint_eq(in, all[i].handoffs);
        ck_assert_uint_eq(all[i].state_ns[WEIR_STATE_WAITING], all[i].wait.sum);
        check_totals(i + 1);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static int
find_stops(const weir_event *event, void *context)
{
    uint64_t *seen = context;

    if (event->kind >= WEIR_EVENT_STOP_BEGIN &&
        event->kind <= WEIR_EVENT_GC_END) {
        seen[event->kind]++;
    }
    return 0;
}

START_TEST(stops_have_records)
{
    enum { STOPS = 10 };
    uint64_t seen[WEIR_EVENT_GC_END + 1] = {0};
    weir_stop_record stops[STOPS + 1];
    pthread_t crew[CREW];
    int64_t n;

    start(WEIR_ACCOUNT_EVENTS, false, 0);
    begin_crew(crew, busy);
    for (int i = 0; i < STOPS; i++) {
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
    }
    ck_assert_int_ge(weir_gc_collect(0), 0);
    end_crew(crew);
    n = weir_account_stops(stops, STOPS + 1);
    for (int64_t i = 0; i < n && i < STOPS; i++) {
        ck_assert_uint_eq(stops[i].stopper, weir_account_self());
        ck_assert_uint_le(stops[i].late, stops[i].asked);
        ck_assert_uint_ge(stops[i].late, stops[i].asked < WEIR_ARRIVALS
                                             ? stops[i].asked
                                             : WEIR_ARRIVALS);
        for (unsigned k = 0; k < stops[i].late; k++) {
            ck_assert_uint_ge(stops[i].last[k].thread, 2);
            ck_assert_uint_le(stops[i].last[k].thread, CREW + 1);
        }
        ck_assert(stops[i].late == 0 ||
                  stops[i].arrival_ns >= stops[i].last[0].ns);
    }
    ck_assert_int_ge(n, wr_lock_on() ? 0 : STOPS);
    ck_assert_int_eq(weir_account_events(find_stops, seen, NULL), 0);
    ck_assert_uint_ge(seen[WEIR_EVENT_STOP_BEGIN], STOPS);
    ck_assert_uint_eq(seen[WEIR_EVENT_STOP_WORLD], seen[WEIR_EVENT_STOP_END]);
    ck_assert_uint_eq(seen[WEIR_EVENT_STOP_WORLD], seen[WEIR_EVENT_STOP_BEGIN]);
    /* Without counts nothing is ever collected. */
    ck_assert_uint_ge(seen[WEIR_EVENT_GC_BEGIN], wr_cfg_counted ? 1 : 0);
    ck_assert_uint_eq(seen[WEIR_EVENT_GC_BEGIN], seen[WEIR_EVENT_GC_END]);
    check_totals(2);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Its checkpoint is where it arrives. */
__attribute__((noinline)) static void *
named(void *arg)
{
    (void)arg;
    (void)weir_attach();
    wr_store_release(&number, 1u);
    while (wr_load_acquire(&over) == 0) {
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(a_late_thread_is_named_with_its_place)
{
    weir_stop_record stop;
    pthread_t thread;
    uintptr_t place;

    start(WEIR_ACCOUNT_FIGURES, false, 0);
    crew_begin(&thread, named, NULL);
    crew_until(&number, 1);
    wr_stop_world(wr_self());
    wr_start_world(wr_self());
    wr_store_release(&over, 1u);
    crew_join(thread);
    if (!wr_lock_on()) {
        ck_assert_int_eq(weir_account_stops(&stop, 1), 1);
        ck_assert_uint_eq(stop.asked, 1);
        ck_assert_uint_eq(stop.late, 1);
        ck_assert_uint_eq(stop.last[0].thread, 2);
        ck_assert_uint_gt(stop.last[0].ns, 0);
        place = (uintptr_t)stop.last[0].place - (uintptr_t)&named;
        ck_assert_uint_gt(place, 0);
        ck_assert_uint_lt(place, 2000);
        ck_assert_uint_eq(account_of(2).arrival.count, 1);
        ck_assert_uint_gt(account_of(2).state_ns[WEIR_STATE_STOPPED], 0);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* The record of a stop that is under way takes the place of none that is
 * kept. */
START_TEST(a_stop_under_way_leaves_the_records_alone)
{
    enum { KEPT = 1024, MORE = 30 };
    weir_stop_record *stops = calloc(KEPT, sizeof(*stops));

    ck_assert_ptr_nonnull(stops);
    start(WEIR_ACCOUNT_FIGURES, false, 0);
    if (wr_lock_on()) {
        /* Who holds the lock stops nobody: there are no records. */
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
        ck_assert_int_eq(weir_account_stops(stops, KEPT), 0);
    }
    for (int i = 0; i < KEPT + MORE && !wr_lock_on(); i++) {
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
        if (i < KEPT) {
            continue;
        }
        wr_stop_world(wr_self());
        ck_assert_int_gt(weir_account_stops(stops, KEPT), KEPT);
        wr_start_world(wr_self());
        for (int k = 0; k < KEPT; k++) {
            ck_assert_uint_gt(stops[k].begin_ns,
                              k == 0 ? 0 : stops[k - 1].begin_ns);
            ck_assert_uint_eq(stops[k].stopper, weir_account_self());
        }
    }
    free(stops);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Use the processor, and say how long. */
static void *
burn(void *arg)
{
    uint64_t *cpu_ns = arg;

    (void)weir_attach();
    *cpu_ns = wr_clock_thread_cpu_ns();
    wr_store_release(&number, weir_account_self());
    block_a_little(ROUNDS);
    (void)weir_detach();
    *cpu_ns = wr_clock_thread_cpu_ns() - *cpu_ns;
    return NULL;
}

START_TEST(the_next_thread_of_a_record_has_an_account_of_its_own)
{
    weir_thread_account account;
    uint64_t cpu_ns = 0;
    pthread_t thread;

    start(WEIR_ACCOUNT_FIGURES, true, 0);
    for (int i = 0; i < 3; i++) {
        crew_begin(&thread, burn, &cpu_ns);
        crew_join(thread);
        ck_assert_uint_eq(number, 2);
        account = account_of(2);
        ck_assert(!account.attached);
        ck_assert_uint_eq(account.acquisitions, ROUNDS + 1);
        ck_assert_uint_eq(account.releases, ROUNDS + 1);
        ck_assert_uint_gt(account.cpu_ns, 0);
        ck_assert_uint_gt(cpu_ns, 0);
        /* It began before the thread looked, and ended after. */
        ck_assert_uint_ge(account.cpu_ns, cpu_ns);
    }
    /* The main thread lives: its clock runs. */
    cpu_ns = account_of(1).cpu_ns;
    block_a_little(ROUNDS);
    ck_assert_uint_gt(account_of(1).cpu_ns, cpu_ns);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static int
count(const weir_event *event, void *context)
{
    uint64_t *n = context;

    (void)event;
    return ++*n == 5 ? 7 : 0;
}

START_TEST(events_without_room_are_counted)
{
    uint64_t lost = 0;
    uint64_t n = 0;

    start(WEIR_ACCOUNT_EVENTS, true, 10);
    block_a_little(ROUNDS);
    ck_assert_int_eq(weir_account_events(nothing, NULL, &lost), 0);
    /* The beginning, the first attach, two a section. */
    ck_assert_uint_eq(lost, 2 + 2 * ROUNDS - 10);
    ck_assert_int_eq(weir_account_events(count, &n, &lost), 7);
    ck_assert_uint_eq(n, 5);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* In the child: only this thread, and its account is new.  0, or which step
 * failed. */
static int
look_at_child(void)
{
    weir_thread_account all[CREW + 1];
    uint64_t lost = 1;
    uint64_t n = 0;

    if (weir_account_threads(all, CREW + 1) != CREW + 1) {
        return 1;
    }
    if (!all[0].attached || all[0].wait.count != 0 || all[0].releases != 0) {
        return 2;
    }
    for (int i = 1; i <= CREW; i++) {
        if (all[i].attached || all[i].acquisitions != 0 || all[i].cpu_ns != 0 ||
            sum(all[i].state_ns, WEIR_STATES) != 0) {
            return 3;
        }
    }
    /* The end of the stop that the fork was made in. */
    if (weir_account_events(count, &n, &lost) != 0 || lost != 0 || n > 1) {
        return 4;
    }
    block_a_little(ROUNDS);
    if (weir_account_threads(all, 1) != CREW + 1 ||
        all[0].releases != (wr_lock_on() ? ROUNDS : 0)) {
        return 5;
    }
    return all[0].state_ns[WEIR_STATE_BLOCKED] != 0 ? 0 : 6;
}

START_TEST(the_child_of_a_fork_begins_anew)
{
    pthread_t crew[CREW];
    struct wr_child child;

    start(WEIR_ACCOUNT_EVENTS, _i != 0, 0);
    begin_crew(crew, busy);
    child.line = wr_fork_open();
    child.pid = weir_fork();
    if (child.pid == 0) {
        wr_fork_exit(look_at_child());
    }
    end_crew(crew);
    ck_assert_int_gt(child.pid, 0);
    ck_assert_int_eq(wr_fork_end(&child), 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_account(void)
{
    Suite *suite = suite_create("account");
    TCase *tc = tcase_create("account");

    tcase_add_test(tc, without_an_account_there_is_nothing_to_read);
    tcase_add_test(tc, bad_levels_and_arguments_are_refused);
    tcase_add_loop_test(tc, states_are_whole, 0, 2);
    tcase_add_test(tc, a_handoff_is_in_both_accounts);
    tcase_add_loop_test(tc, accounts_are_read_while_others_run, 0, 2);
    tcase_add_test(tc, stops_have_records);
    tcase_add_test(tc, a_late_thread_is_named_with_its_place);
    tcase_add_test(tc, a_stop_under_way_leaves_the_records_alone);
    tcase_add_test(tc, the_next_thread_of_a_record_has_an_account_of_its_own);
    tcase_add_test(tc, events_without_room_are_counted);
    tcase_add_loop_test(tc, the_child_of_a_fork_begins_anew, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
