/* SPDX-License-Identifier: MIT */
/*
 * tests/test_boost.c - the lock's policy boost: its accounts, with a clock that
 * the test turns, and its offers, with threads.
 */
#include "tests/crew.h"

#include "thread/boost.h"
#include "thread/safepoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define US UINT64_C(1000)

/* So long that no account is overdrawn and no quantum over within a test. */
#define LONG_US UINT64_C(1000000000)

enum { THREADS = 9, REVOCATIONS = 8 };

/* Threads that wait and hold by the accounts, one at a time. */
struct play { /* SHARED */
    /* [owner] */
    struct wr_boost boost;
    struct wr_thread thread[THREADS];
    uint64_t now;
    uint64_t held[THREADS];
    /* the longest hold, and the longest row of boosted ones in ns */
    uint64_t longest;
};

static struct play play;
static uint64_t old_interval;

static void
play_begin(void)
{
    memset(&play, 0, sizeof(play));
    play.now = 1000 * MS;
    old_interval = wr_load_relaxed(&wr_lock.interval_ns);
    wr_store_relaxed(&wr_lock.interval_ns, 5 * MS);
}

static void
play_end(void)
{
    wr_store_relaxed(&wr_lock.interval_ns, old_interval);
}

static void
wants(int i, bool back)
{
    struct wr_thread *t = &play.thread[i];

    wr_boost_classify(t, back, play.now);
    wr_boost_push(t->lock.boosted ? &play.boost.boosted : &play.boost.plain, t,
                  false);
}

static int
take_next(void)
{
    struct wr_thread *t = wr_boost_pick(&play.boost);

    ck_assert_ptr_nonnull(t);
    wr_boost_begin(&play.boost, t, play.now);
    return (int)(t - play.thread);
}

/* Whether somebody waits and may ask the holder for the lock now. */
static bool
is_asked(int i)
{
    const struct wr_boost *b = &play.boost;
    const struct wr_thread *t = &play.thread[i];

    return (b->boosted.head != NULL && wr_boost_due(b, true, t) <= play.now) ||
           (b->plain.head != NULL && wr_boost_due(b, false, t) <= play.now);
}

/* The holder runs for some time, or until a waiter of the class may ask. */
static void
runs(int i, uint64_t ns)
{
    uint64_t end = play.now + ns;
    struct wr_thread *t = &play.thread[i];

    for (int class = 0; class < 2; class ++) {
        struct wr_thread *first =
            class ? play.boost.boosted.head : play.boost.plain.head;
        uint64_t due = wr_boost_due(&play.boost, class == 1, t);

        if (first != NULL && due < end) {
            end = due > play.now ? due : play.now;
        }
    }
    /* Nobody lets go at once: to its next checkpoint it runs on. */
    end += 100;
    play.held[i] += end - play.now;
    if (end - play.now > play.longest) {
        play.longest = end - play.now;
    }
    play.now = end;
}

START_TEST(who_is_back_stands_first_until_it_has_had_its_share)
{
    struct wr_thread *t = &play.thread[0];

    play_begin();
    wr_boost_classify(t, false, play.now);
    ck_assert(!t->lock.boosted);
    wr_boost_classify(t, true, play.now);
    ck_assert(t->lock.boosted);
    wr_boost_begin(&play.boost, t, play.now);
    ck_assert_uint_eq(wr_boost_left(t), 1 * MS);
    wants(1, false);
    wr_boost_charge(&play.boost, t, false, play.now + MS);
    /* As long as it had the lock it is like the others. */
    ck_assert_uint_eq(wr_boost_left(t), 0);
    wr_boost_classify(t, true, play.now + MS);
    ck_assert(!t->lock.boosted);
    wr_boost_classify(t, true, play.now + MS + 300 * US);
    ck_assert(t->lock.boosted);
    ck_assert_uint_eq(wr_boost_left(t), 300 * US);
    wr_boost_classify(t, true, play.now + 9 * MS);
    ck_assert_uint_eq(wr_boost_left(t), 1 * MS);
    play_end();
}
END_TEST

START_TEST(when_a_waiter_may_ask)
{
    struct wr_boost *b = &play.boost;
    struct wr_thread *plain = &play.thread[0];
    struct wr_thread *fast = &play.thread[1];

    play_begin();
    wr_boost_classify(plain, false, play.now);
    wr_boost_begin(b, plain, play.now);
    ck_assert_uint_eq(wr_boost_due(b, true, plain), play.now);
    ck_assert_uint_eq(wr_boost_due(b, false, plain), play.now + 5 * MS);
    wr_boost_classify(fast, true, play.now);
    wr_boost_begin(b, fast, play.now);
    ck_assert_uint_eq(wr_boost_due(b, true, fast), play.now + MS);
    ck_assert_uint_eq(wr_boost_due(b, false, fast), play.now + MS);
    b->spent_ns = 5 * MS - 200 * US;
    ck_assert_uint_eq(wr_boost_due(b, false, fast), play.now + 200 * US);
    /* Shut: until half is paid back, three for one. */
    b->spent_ns = 5 * MS + 500 * US;
    b->shut = true;
    wr_boost_begin(b, plain, play.now);
    ck_assert_uint_eq(wr_boost_due(b, true, plain), play.now + MS + 1);
    wr_boost_charge(b, plain, true, play.now + MS - 1);
    ck_assert(b->shut);
    wr_boost_charge(b, plain, true, play.now + MS);
    ck_assert(!b->shut);
    play_end();
}
END_TEST

/* [inv:boost.paid-by-running] */
START_TEST(an_offer_that_was_taken_back_pays_nothing)
{
    struct wr_boost *b = &play.boost;

    play_begin();
    wants(0, false);
    b->spent_ns = 4 * MS;
    ck_assert_int_eq(take_next(), 0);
    play.now += 30 * US;
    wr_boost_push(&b->plain, &play.thread[0], true);
    wr_boost_classify(&play.thread[1], true, play.now);
    wr_boost_take_over(b, &play.thread[1], play.now);
    ck_assert_uint_eq(b->spent_ns, 4 * MS);
    wr_boost_charge(b, &play.thread[1], false, play.now + 100 * US);
    /* Who took it back pays for the time it was out. */
    ck_assert_uint_eq(b->spent_ns, 4 * MS + 130 * US);
    ck_assert_uint_eq(play.thread[1].lock.debt_ns, 130 * US);
    ck_assert_uint_eq(play.thread[0].lock.rest_ns, 5 * MS);
    play_end();
}
END_TEST

START_TEST(what_is_owed_to_nobody_is_forgiven)
{
    struct wr_boost *b = &play.boost;
    struct wr_thread *plain = &play.thread[0];

    play_begin();
    wr_boost_classify(plain, false, play.now);
    wr_boost_begin(b, plain, play.now);
    b->spent_ns = 6 * MS;
    b->shut = true;
    /* The only plain one makes room, and still wants the lock. */
    wr_boost_charge(b, plain, true, play.now + 10);
    ck_assert_uint_eq(b->spent_ns, 6 * MS - 30);
    ck_assert(b->shut);
    ck_assert_ptr_null(wr_boost_pick(b));
    /* It goes away. */
    wr_boost_charge(b, plain, false, play.now + 20);
    ck_assert_uint_eq(b->spent_ns, 0);
    ck_assert(!b->shut);
    play_end();
}
END_TEST

START_TEST(a_hold_from_the_fast_path_counts_from_the_first_waiter_on)
{
    struct wr_boost *b = &play.boost;
    struct wr_thread *t = &play.thread[0];

    play_begin();
    wr_boost_meet(b, t, play.now);
    ck_assert(t->lock.boosted);
    ck_assert_uint_eq(b->since_ns, play.now);
    /* A plain hold that is known goes on, the time alone included. */
    wr_boost_classify(t, false, play.now);
    wr_boost_begin(b, t, play.now);
    wr_boost_meet(b, t, play.now + 7 * MS);
    ck_assert(!t->lock.boosted);
    ck_assert_uint_eq(b->since_ns, play.now);
    /* Another hold of the same thread. */
    t->lock_fast++;
    wr_boost_meet(b, t, play.now + 7 * MS);
    ck_assert(t->lock.boosted);
    ck_assert_uint_eq(b->since_ns, play.now + 7 * MS);
    play_end();
}
END_TEST

/* Let the holder make room for the next, as the policy does. */
static int
makes_room(int i)
{
    struct wr_boost *b = &play.boost;
    struct wr_thread *t = &play.thread[i];
    bool robbed;
    int next;

    wr_boost_charge(b, t, true, play.now);
    if ((b->boosted.head == NULL || b->shut) && b->plain.head == NULL) {
        return i;
    }
    next = take_next();
    if (t->lock.boosted) {
        t->lock.boosted = wr_boost_left(t) != 0;
        wr_boost_push(t->lock.boosted ? &b->boosted : &b->plain, t, false);
        return next;
    }
    robbed = play.thread[next].lock.boosted && t->lock.rest_ns != 0;
    if (!robbed) {
        t->lock.rest_ns = wr_boost_quantum();
    }
    wr_boost_push(&b->plain, t, robbed);
    return next;
}

/*
 * Thread 0 computes.  The others work for `burst`, let go of the lock, and
 * want it again `away` later; 1 ns if they only pretend to block.
 */
static void
play_bursts(int others, uint64_t burst, uint64_t away)
{
    uint64_t back[THREADS] = {0};
    uint64_t todo[THREADS];
    uint64_t end = play.now + 2000 * MS;
    int holder;

    wants(0, false);
    holder = take_next();
    for (int i = 1; i <= others; i++) {
        back[i] = play.now + 1;
        todo[i] = burst;
    }
    while (play.now < end) {
        for (int i = 1; i <= others; i++) {
            if (back[i] != 0 && back[i] <= play.now) {
                back[i] = 0;
                wants(i, true);
            }
        }
        if (holder == 0) {
            /* In small steps, so that those who come back are seen. */
            runs(0, US);
            holder = is_asked(0) ? makes_room(0) : 0;
            continue;
        }
        uint64_t before = play.held[holder];

        runs(holder, todo[holder]);
        before = play.held[holder] - before;
        if (before >= todo[holder]) {
            wr_boost_charge(&play.boost, &play.thread[holder], false, play.now);
            todo[holder] = burst;
            back[holder] = play.now + away;
            holder = take_next();
        } else {
            todo[holder] -= before;
            holder = makes_room(holder);
        }
    }
}

START_TEST(a_cheater_gets_no_more_than_its_half)
{
    static const uint64_t bursts[] = {10, 150, 900, 4900};
    uint64_t all;

    play_begin();
    play_bursts(1, bursts[_i] * US, 1);
    all = play.held[0] + play.held[1];
    ck_assert_msg(play.held[1] * 100 <= all * 52, "%" PRIu64 " of %" PRIu64,
                  play.held[1], all);
    ck_assert_uint_ge(play.held[1] * 100, all * 5);
    play_end();
}
END_TEST

START_TEST(who_computes_keeps_a_quarter_beside_any_number)
{
    uint64_t all = 0;

    play_begin();
    play_bursts(THREADS - 1, 20 * US, 30 * US);
    for (int i = 0; i < THREADS; i++) {
        all += play.held[i];
    }
    /* What the limit lets the boosted have at first is within the 1 %. */
    ck_assert_msg(play.held[0] * 100 >= all * 24, "%" PRIu64 " of %" PRIu64,
                  play.held[0], all);
    play_end();
}
END_TEST

static uint32_t got;
static uint32_t blocked;
static uint32_t come;
static unsigned order[4];
static unsigned arrived;
static pthread_barrier_t barrier;

static void *
attach_and_tell(void *arg)
{
    unsigned *number = arg;

    (void)weir_attach();
    order[arrived++] = *number;
    wr_store_release(&got, 1u);
    (void)weir_detach();
    return NULL;
}

static void *
come_back_and_tell(void *arg)
{
    unsigned *number = arg;

    (void)weir_attach();
    (void)weir_blocking_begin();
    wr_store_release(&blocked, 1u);
    while (wr_load_acquire(&come) == 0) {
        wr_cpu_relax();
    }
    (void)weir_blocking_end();
    order[arrived++] = *number;
    (void)weir_detach();
    return NULL;
}

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

START_TEST(who_comes_back_goes_before_who_attaches)
{
    pthread_t threads[3];
    unsigned numbers[3] = {0, 1, 2};

    crew_start_locked("boost", LONG_US);
    ck_assert_int_eq(weir_blocking_begin(), 0);
    crew_begin(&threads[0], come_back_and_tell, &numbers[0]);
    while (wr_load_acquire(&blocked) == 0) {
        wr_cpu_relax();
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    crew_begin(&threads[1], attach_and_tell, &numbers[1]);
    until_waiting(1);
    crew_begin(&threads[2], attach_and_tell, &numbers[2]);
    until_waiting(2);
    wr_store_release(&come, 1u);
    until_waiting(3);
    ck_assert_int_eq(weir_detach(), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_uint_eq(order[0], 0);
    ck_assert_uint_eq(order[1], 1);
    ck_assert_uint_eq(order[2], 2);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/*
 * The waiter is offered the lock; who comes back while it wakes takes the
 * offer back, and has the lock as well as anybody: here it stops the world.
 * [inv:boost.one-taker]
 */
START_TEST(an_offer_is_taken_back_so_many_times_only)
{
    struct wr_thread *self;
    unsigned number = 0;
    unsigned most = 0;

    crew_start_locked("boost", LONG_US);
    self = wr_self();
    while (most == 0) {
        pthread_t thread;
        unsigned revoked = 0;

        arrived = 0;
        wr_store_release(&got, 0u);
        crew_begin(&thread, attach_and_tell, &number);
        until_waiting(1);
        while (wr_load_acquire(&got) == 0) {
            ck_assert_int_eq(weir_blocking_begin(), 0);
            ck_assert_int_eq(weir_blocking_end(), 0);
            if (wr_load_acquire(&got) != 0) {
                break;
            }
            wr_stop_world(self);
            ck_assert_uint_eq(arrived, 0);
            revoked++;
            /* It waits, is not asked for anything, and has not run. */
            wr_mutex_lock(&wr_lock.mutex);
            ck_assert_uint_eq(wr_lock.waiting, 1);
            wr_mutex_unlock(&wr_lock.mutex);
            ck_assert_int_eq(weir_checkpoint(), 0);
            ck_assert_uint_eq(arrived, 0);
            wr_start_world(self);
        }
        ck_assert_uint_le(revoked, REVOCATIONS);
        most = revoked > most ? revoked : most;
        crew_join(thread);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* A waiter whose offer was taken back is not in the child of a fork. */
START_TEST(a_fork_after_an_offer_was_taken_back_leaves_no_waiter)
{
    struct wr_thread *self;
    unsigned number = 0;
    bool forked = false;

    crew_start_locked("boost", LONG_US);
    self = wr_self();
    while (!forked) {
        pthread_t thread;

        wr_store_release(&got, 0u);
        arrived = 0;
        crew_begin(&thread, attach_and_tell, &number);
        until_waiting(1);
        ck_assert_int_eq(weir_blocking_begin(), 0);
        ck_assert_int_eq(weir_blocking_end(), 0);
        if (wr_load_acquire(&got) == 0) {
            pid_t child = weir_fork();
            int status = -1;

            ck_assert_int_ge(child, 0);
            if (child == 0) {
                /* [inv:lock.cont] */
                status = wr_load_relaxed(&wr_lock.word) == (uintptr_t)self &&
                                 wr_lock.waiting == 0 &&
                                 weir_blocking_begin() == 0 &&
                                 weir_blocking_end() == 0
                             ? 0
                             : 1;
                _exit(status);
            }
            forked = true;
            ck_assert_int_eq(waitpid(child, &status, 0), child);
            ck_assert(WIFEXITED(status));
            ck_assert_int_eq(WEXITSTATUS(status), 0);
        }
        crew_join(thread);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* How often each of these took the lock, by their own account. */
static uint64_t taken[4];
static unsigned last;
static uint64_t changes;

struct role {
    unsigned number;
    bool computes;
};

static void
note(unsigned number)
{
    changes += last != number;
    last = number;
}

static void *
play_role(void *arg)
{
    const struct role *role = arg;
    uint64_t *mine = &taken[role->number];

    crew_meet(&barrier);
    (void)weir_attach();
    (*mine)++;
    for (uint64_t i = 0; i < wr_test_size(3000); i++) {
        note(role->number);
        (void)weir_checkpoint();
        /* It may have let others have it in between. */
        note(role->number);
        if (!role->computes) {
            (void)weir_blocking_begin();
            (void)weir_blocking_end();
            (*mine)++;
        }
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(figures_count_each_acquisition_and_no_offer)
{
    pthread_t threads[4];
    struct role roles[4] = {{0, true}, {1, false}, {2, false}, {3, true}};
    struct wr_lock_stats *stats = malloc(sizeof(*stats));
    uint64_t before;
    uint64_t all = 0;

    crew_start_locked("boost", 100);
    wr_lock_get_stats(stats);
    before = stats->acquisitions;
    last = 4;
    ck_assert_int_eq(weir_detach(), 0);
    (void)pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++) {
        crew_begin(&threads[i], play_role, &roles[i]);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_int_eq(weir_attach(), 0);
    wr_lock_get_stats(stats);
    for (int i = 0; i < 4; i++) {
        all += taken[i];
    }
    ck_assert_uint_eq(stats->acquisitions - stats->yields, before + all + 1);
    /* A change of holder that no waiter saw is not counted; one that did not
     * happen must not be.  The last is this thread's. */
    ck_assert_uint_le(stats->handoffs, changes + 1);
    ck_assert_uint_ge(wr_histogram_count(&stats->wait), stats->yields);
    free(stats);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_boost(void)
{
    Suite *suite = suite_create("boost");
    TCase *tc = tcase_create("accounts");

    tcase_add_test(tc, who_is_back_stands_first_until_it_has_had_its_share);
    tcase_add_test(tc, when_a_waiter_may_ask);
    tcase_add_test(tc, an_offer_that_was_taken_back_pays_nothing);
    tcase_add_test(tc, what_is_owed_to_nobody_is_forgiven);
    tcase_add_test(tc,
                   a_hold_from_the_fast_path_counts_from_the_first_waiter_on);
    tcase_add_loop_test(tc, a_cheater_gets_no_more_than_its_half, 0, 4);
    tcase_add_test(tc, who_computes_keeps_a_quarter_beside_any_number);
    suite_add_tcase(suite, tc);
    tc = tcase_create("offers");
    tcase_add_test(tc, who_comes_back_goes_before_who_attaches);
    tcase_add_test(tc, an_offer_is_taken_back_so_many_times_only);
    tcase_add_test(tc, a_fork_after_an_offer_was_taken_back_leaves_no_waiter);
    tcase_add_test(tc, figures_count_each_acquisition_and_no_offer);
    suite_add_tcase(suite, tc);
    return suite;
}
