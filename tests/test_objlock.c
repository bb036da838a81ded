/* SPDX-License-Identifier: MIT */
/*
 * tests/test_objlock.c - the one-byte lock in an object's header.
 *
 * Where objects need no lock (one thread at a time) the functions do nothing
 * and the same tests hold, because a thread keeps the global lock between
 * checkpoints.  `unsafe` promises nothing and only runs the functions.
 */
#include "tests/crew.h"

#include "thread/lock.h"
#include "thread/objlock.h"
#include "thread/safepoint.h"

enum { CREW = 4, LOCKS = 3 };

static const bool safe = !wr_cfg_parallel || wr_cfg_locked_objects;

static pthread_barrier_t barrier;
static uint8_t locks[LOCKS];
static uint64_t plain[LOCKS];
static uint32_t over;

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

START_TEST(one_byte_says_it_all)
{
    struct wr_thread *self;

    up();
    self = wr_self();
    wr_objlock_lock(self, &locks[0]);
    ck_assert(wr_objlock_is_held(&locks[0]));
    ck_assert_uint_eq(locks[0], wr_cfg_locked_objects ? WR_OBJLOCK_HELD
                                                      : WR_OBJLOCK_FREE);
    wr_objlock_unlock(self, &locks[0]);
    ck_assert_uint_eq(locks[0], WR_OBJLOCK_FREE);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(two_locks_may_be_one)
{
    struct wr_thread *self;

    up();
    self = wr_self();
    wr_objlock_lock2(self, &locks[1], &locks[1]);
    ck_assert(wr_objlock_is_held(&locks[1]));
    wr_objlock_unlock2(self, &locks[1], &locks[1]);
    ck_assert_uint_eq(locks[1], WR_OBJLOCK_FREE);
    wr_objlock_lock2(self, &locks[1], &locks[0]);
    ck_assert(wr_objlock_is_held(&locks[0]));
    ck_assert(wr_objlock_is_held(&locks[1]));
    wr_objlock_unlock2(self, &locks[1], &locks[0]);
    ck_assert_uint_eq(locks[0], WR_OBJLOCK_FREE);
    ck_assert_uint_eq(locks[1], WR_OBJLOCK_FREE);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

struct job {
    int index;
    uint64_t rounds;
};

/* Hold long enough that others give up spinning now and then. */
static void
hold_for_a_while(uint64_t i)
{
    for (uint64_t n = 0; i % 16 == 0 && n < 200; n++) {
        wr_cpu_relax();
    }
}

static void *
lock_one(void *arg)
{
    struct job *job = arg;
    struct wr_thread *self;

    (void)weir_attach();
    self = wr_self();
    for (uint64_t i = 0; i < job->rounds; i++) {
        wr_objlock_lock(self, &locks[0]);
        plain[0]++;
        hold_for_a_while(i);
        wr_objlock_unlock(self, &locks[0]);
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(the_holder_is_alone)
{
    pthread_t threads[CREW];
    struct job job = {.rounds = wr_test_size(20000)};

    up();
    for (int i = 0; safe && i < CREW; i++) {
        crew_begin(&threads[i], lock_one, &job);
    }
    for (int i = 0; safe && i < CREW; i++) {
        crew_join(threads[i]);
    }
    ck_assert_uint_eq(plain[0], safe ? CREW * job.rounds : 0);
    ck_assert_uint_eq(locks[0], WR_OBJLOCK_FREE);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Every pair in every order. */
static void *
lock_pairs(void *arg)
{
    struct job *job = arg;
    struct wr_thread *self;

    (void)weir_attach();
    self = wr_self();
    for (uint64_t i = 0; i < job->rounds; i++) {
        unsigned a = (unsigned)((uint64_t)job->index + i) % LOCKS;
        unsigned b = (unsigned)(i / LOCKS) % LOCKS;

        wr_objlock_lock2(self, &locks[a], &locks[b]);
        plain[a]++;
        plain[b]++;
        hold_for_a_while(i);
        wr_objlock_unlock2(self, &locks[a], &locks[b]);
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

static void
run_pairs(bool stop_the_world)
{
    pthread_t threads[CREW];
    struct job jobs[CREW];
    uint64_t rounds = wr_test_size(10000);
    uint64_t sum = 0;

    up();
    for (int i = 0; safe && i < CREW; i++) {
        jobs[i] = (struct job){.index = i, .rounds = rounds};
        crew_begin(&threads[i], lock_pairs, &jobs[i]);
    }
    for (int i = 0; stop_the_world && i < 300; i++) {
        wr_stop_world(wr_self());
        /* Who waits for a lock has stopped, and nobody has stopped in the
         * middle of an operation [inv:objlock.short]. */
        sum = plain[0] + plain[1] + plain[2];
        ck_assert_uint_eq(sum % 2, 0);
        for (int k = 0; k < LOCKS; k++) {
            /* [inv:objlock.order] */
            ck_assert_uint_eq(locks[k], WR_OBJLOCK_FREE);
        }
        wr_start_world(wr_self());
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    for (int i = 0; safe && i < CREW; i++) {
        crew_join(threads[i]);
    }
    sum = plain[0] + plain[1] + plain[2];
    ck_assert_uint_eq(sum, safe ? 2 * CREW * rounds : 0);
    ck_assert_int_eq(weir_stop(), 0);
}

START_TEST(pairs_do_not_deadlock)
{
    run_pairs(false);
}
END_TEST

START_TEST(waiting_does_not_hold_up_a_stop)
{
    run_pairs(true);
}
END_TEST

static void *
wait_for_lock(void *arg)
{
    struct wr_thread *self;

    (void)arg;
    (void)weir_attach();
    self = wr_self();
    (void)pthread_barrier_wait(&barrier);
    wr_objlock_lock(self, &locks[0]);
    plain[0]++;
    wr_objlock_unlock(self, &locks[0]);
    (void)wr_fetch_add_acq_rel(&over, 1u);
    (void)weir_detach();
    return NULL;
}

static void
see_detached(struct wr_thread *thread, void *ctx)
{
    unsigned *detached = ctx;

    *detached += wr_load_acquire(&thread->state) == WR_DETACHED;
}

START_TEST(every_sleeper_is_woken)
{
    pthread_t threads[CREW];
    unsigned detached = 0;

    up();
    if (wr_cfg_locked_objects && !wr_lock_on()) {
        struct wr_thread *self = wr_self();

        (void)pthread_barrier_init(&barrier, NULL, CREW + 1);
        wr_objlock_lock(self, &locks[0]);
        for (int i = 0; i < CREW; i++) {
            crew_begin(&threads[i], wait_for_lock, NULL);
        }
        (void)pthread_barrier_wait(&barrier);
        /* Until all sleep, as far as a stopper is concerned. */
        while (detached != CREW) {
            detached = 0;
            wr_threads_foreach_stw(see_detached, &detached);
        }
        ck_assert_uint_eq(wr_load_acquire(&locks[0]), WR_OBJLOCK_AWAITED);
        wr_objlock_unlock(self, &locks[0]);
        crew_until(&over, CREW);
        for (int i = 0; i < CREW; i++) {
            crew_join(threads[i]);
        }
        ck_assert_uint_eq(plain[0], CREW);
        ck_assert_uint_eq(locks[0], WR_OBJLOCK_FREE);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
lock_downwards(void *arg)
{
    struct wr_thread *self;

    (void)arg;
    (void)weir_attach();
    self = wr_self();
    wr_objlock_lock2(self, &locks[1], &locks[0]);
    wr_objlock_unlock2(self, &locks[1], &locks[0]);
    (void)weir_detach();
    return NULL;
}

START_TEST(the_lower_address_comes_first)
{
    pthread_t thread;

    up();
    if (wr_cfg_locked_objects && !wr_lock_on()) {
        struct wr_thread *self = wr_self();

        wr_objlock_lock(self, &locks[0]);
        crew_begin(&thread, lock_downwards, NULL);
        while (wr_load_acquire(&locks[0]) != WR_OBJLOCK_AWAITED) {
            wr_cpu_relax();
        }
        ck_assert(!wr_objlock_is_held(&locks[1]));
        wr_objlock_unlock(self, &locks[0]);
        crew_join(thread);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_objlock(void)
{
    Suite *suite = suite_create("objlock");
    TCase *tc = tcase_create("byte");

    tcase_add_test(tc, one_byte_says_it_all);
    tcase_add_test(tc, two_locks_may_be_one);
    tcase_add_test(tc, the_holder_is_alone);
    tcase_add_test(tc, pairs_do_not_deadlock);
    tcase_add_test(tc, waiting_does_not_hold_up_a_stop);
    tcase_add_test(tc, every_sleeper_is_woken);
    tcase_add_test(tc, the_lower_address_comes_first);
    suite_add_tcase(suite, tc);
    return suite;
}
