/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fork.c - what holds on both sides of weir_fork().
 *
 * A child never asserts: it exits with 0 or with the number of what was wrong.
 * Beside busy threads: test_fork_threads.c.
 */
#include "tests/fixture.h"
#include "tests/forks.h"

#include "base/mem.h"
#include "thread/reclaim.h"

static pthread_barrier_t barrier;
static uint32_t over;

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

START_TEST(both_sides_go_on)
{
    weir_object *list;

    up();
    list = weir_list_new();
    for (int i = 0; i < 3; i++) {
        struct wr_child child;
        weir_object *n = wr_test_int(i);

        ck_assert_int_eq(weir_list_append(list, n), 0);
        weir_decref(n);
        child.line = wr_fork_open();
        child.pid = weir_fork();
        if (child.pid == 0) {
            bool same = weir_list_size(list) == i + 1;

            weir_decref(list);
            wr_fork_exit(same ? wr_fork_prove(1) : 1);
        }
        ck_assert_int_gt(child.pid, 0);
        ck_assert_int_eq(wr_fork_end(&child), 0);
        ck_assert_int_eq(weir_list_size(list), i + 1);
        ck_assert(weir_attached());
    }
    weir_decref(list);
    ck_assert(wr_fork_collects());
    down();
}
END_TEST

START_TEST(only_an_attached_thread_forks)
{
    ck_assert_int_eq(weir_fork(), WEIR_ESTATE);
    up();
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_fork(), WEIR_ESTATE);
    /* Nested, within a blocking section, it may. */
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(wr_fork_once(0), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    down();
}
END_TEST

START_TEST(who_has_stopped_the_world_cannot_fork)
{
    up();
    wr_stop_world(wr_self());
    ck_assert_int_eq(weir_fork(), WEIR_EBUSY);
    wr_start_world(wr_self());
    ck_assert_int_eq(wr_fork_once(0), 0);
    down();
}
END_TEST

/* sigset_t has bytes that nobody sets. */
static bool
same_signals(const sigset_t *a, const sigset_t *b)
{
    bool same = true;

    for (int i = 1; i < NSIG; i++) {
        same = same && sigismember(a, i) == sigismember(b, i);
    }
    return same;
}

static void *
come_to_checkpoints(void *arg)
{
    uint32_t *steps = arg;

    (void)weir_attach();
    while (wr_load_acquire(&over) == 0) {
        (void)weir_checkpoint();
        (void)wr_fetch_add_acq_rel(steps, 1u);
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(a_failed_fork_changes_nothing)
{
    pthread_t thread;
    uint32_t steps = 0;
    sigset_t before;
    sigset_t after;

    up();
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    crew_begin(&thread, come_to_checkpoints, &steps);
    crew_until(&steps, 1);
    wr_fault_arm(1);
    errno = 0;
    ck_assert_int_eq(weir_fork(), -1);
    ck_assert_int_eq(errno, ENOMEM);
    wr_fault_disarm();
    ck_assert(weir_attached());
    ck_assert(!wr_world_stopped());
    ck_assert(!wr_mutex_any_held());
    ck_assert(!wr_collect_running());
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    ck_assert(same_signals(&before, &after));
    /* The other one goes on, too. */
    crew_until(&steps, wr_load_acquire(&steps) + 1);
    ck_assert(wr_fork_collects());
    ck_assert_int_eq(wr_fork_once(0), 0);
    wr_store_release(&over, 1u);
    crew_join(thread);
    down();
}
END_TEST

START_TEST(signals_are_as_before_on_both_sides)
{
    struct wr_child child;
    sigset_t before;
    sigset_t after;

    up();
    (void)sigemptyset(&before);
    (void)sigaddset(&before, SIGUSR1);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    child.line = wr_fork_open();
    child.pid = weir_fork();
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    if (child.pid == 0) {
        wr_fork_exit(!same_signals(&before, &after));
    }
    ck_assert(same_signals(&before, &after));
    ck_assert_int_eq(wr_fork_end(&child), 0);
    down();
}
END_TEST

START_TEST(the_child_may_stop_and_start_anew)
{
    struct wr_child child;

    up();
    child.line = wr_fork_open();
    child.pid = weir_fork();
    if (child.pid == 0) {
        if (weir_stop() != 0 || weir_start(NULL) != 0) {
            wr_fork_exit(1);
        }
        wr_fork_exit(wr_fork_prove(1));
    }
    ck_assert_int_eq(wr_fork_end(&child), 0);
    down();
    up();
    ck_assert_int_eq(wr_fork_once(1), 0);
    down();
}
END_TEST

/* ---- records, heaps, what was owed -------------------------------------- */

enum { KEEPERS = 4, KEPT = 100 };

static weir_object *kept[KEEPERS];

/* Make objects, and be there, detached, while others fork. */
static void *
keep_some(void *arg)
{
    weir_object **mine = arg;

    (void)weir_attach();
    *mine = weir_list_new();
    for (int64_t i = 0; i < KEPT; i++) {
        weir_object *n = weir_int_new(INT64_C(1000000) + i);

        (void)weir_list_append(*mine, n);
        weir_xdecref(n);
    }
    crew_meet(&barrier);
    crew_meet(&barrier);
    weir_decref(*mine);
    (void)weir_detach();
    return NULL;
}

/* All that the keepers made is there, and can be dropped. */
static bool
all_is_kept(void)
{
    bool good = true;

    for (int k = 0; k < KEEPERS; k++) {
        for (size_t i = 0; i < KEPT; i++) {
            weir_object *n = weir_list_get(kept[k], i);
            int64_t value = 0;

            good = good && weir_int_value(n, &value) == 0 &&
                   value == INT64_C(1000000) + (int64_t)i;
            weir_xdecref(n);
        }
        weir_decref(kept[k]);
    }
    return good;
}

static void *
attach_and_go(void *arg)
{
    (void)arg;
    (void)weir_attach();
    return NULL;
}

/* Records that are the next thread's. */
static unsigned
count_spare(void)
{
    unsigned n = 0;

    for (struct wr_thread *t = wr_world.spare; t != NULL; t = t->spare_next) {
        n++;
    }
    return n;
}

START_TEST(what_the_others_made_lives_on)
{
    pthread_t threads[KEEPERS];
    pthread_t gone;
    struct wr_child child;
    unsigned records;

    up();
    (void)pthread_barrier_init(&barrier, NULL, KEEPERS + 1);
    for (int i = 0; i < KEEPERS; i++) {
        crew_begin(&threads[i], keep_some, &kept[i]);
    }
    crew_meet(&barrier);
    /* One that is not there any more, and more records than threads. */
    crew_begin(&gone, attach_and_go, NULL);
    crew_join(gone);
    ck_assert_uint_eq(count_spare(), 1);
    records = wr_world.records;
    child.line = wr_fork_open();
    child.pid = weir_fork();
    if (child.pid == 0) {
        /* Records, ids and heaps can be taken over [inv:thread.unit]. */
        if (count_spare() != records - 1) {
            wr_fork_exit(2);
        }
        wr_fork_exit(all_is_kept() ? wr_fork_prove(1) : 1);
    }
    ck_assert_int_eq(wr_fork_end(&child), 0);
    crew_meet(&barrier);
    for (int i = 0; i < KEEPERS; i++) {
        crew_join(threads[i]);
    }
    down();
}
END_TEST

static uint32_t freed;

static void
count_and_free(struct wr_reclaim_node *node)
{
    free(node);
    (void)wr_fetch_add_acq_rel(&freed, 1u);
}

START_TEST(the_child_does_what_the_reclaimer_owed)
{
    enum { OWED = 20 };

    up();
    for (uint32_t round = 1; round <= 5; round++) {
        struct wr_child child;

        /* This thread keeps the grace period from ending until it forks. */
        for (int i = 0; i < OWED; i++) {
            wr_reclaim_defer(malloc(sizeof(struct wr_reclaim_node)),
                             count_and_free);
        }
        while (wr_reclaim_on() && (wr_load_acquire(&weir_self_->pending) &
                                   WR_PENDING_RECLAIM) == 0) {
            wr_cpu_relax();
        }
        child.line = wr_fork_open();
        child.pid = weir_fork();
        if (child.pid == 0) {
            if (wr_load_acquire(&freed) != round * OWED) {
                wr_fork_exit(1);
            }
            /* Who asked for it is gone. */
            if ((wr_load_acquire(&weir_self_->pending) & WR_PENDING_RECLAIM) !=
                0) {
                wr_fork_exit(2);
            }
            /* And it starts a reclaimer of its own. */
            wr_reclaim_defer(malloc(sizeof(struct wr_reclaim_node)),
                             count_and_free);
            crew_until(&freed, round * OWED + 1);
            wr_fork_exit(wr_fork_prove(0));
        }
        ck_assert_int_eq(wr_fork_end(&child), 0);
        crew_until(&freed, round * OWED);
    }
    down();
}
END_TEST

/* ---- the lock ------------------------------------------------------------ */

/* 0 if the lock is self's alone and its figures begin anew. */
static int
look_at_lock(void)
{
    weir_lock_figures figures;

    if (!wr_lock_held(wr_self()) ||
        (wr_load_acquire(&wr_lock.word) & WR_LOCK_CONT) != 0) {
        return 1;
    }
    if (wr_lock.waiting != 0 || wr_lock.head != NULL ||
        wr_lock.forced != NULL) {
        return 2;
    }
    /* [inv:lock.drop] nobody is there who could have asked */
    if ((wr_load_acquire(&weir_self_->pending) & WR_PENDING_DROP) != 0) {
        return 3;
    }
    if (weir_lock_stats(&figures) != 0 || figures.handoffs != 0 ||
        figures.drop_requests != 0 || figures.wait.count != 0) {
        return 4;
    }
    return 0;
}

START_TEST(the_lock_is_the_childs_own)
{
    const struct wr_lock_policy *policy = wr_lock_policies()[_i];
    pthread_t threads[KEEPERS];
    uint32_t steps = 0;

    crew_start_locked(policy->name, 100);
    for (int i = 0; i < KEEPERS; i++) {
        crew_begin(&threads[i], come_to_checkpoints, &steps);
    }
    for (uint64_t n = 0; n < wr_test_size(8); n++) {
        struct wr_child child;

        crew_until(&steps, wr_load_acquire(&steps) + 50);
        /* Until somebody asks for the lock. */
        while ((wr_load_acquire(&weir_self_->pending) & WR_PENDING_DROP) == 0) {
            wr_cpu_relax();
        }
        child.line = wr_fork_open();
        child.pid = weir_fork();
        if (child.pid == 0) {
            int status = look_at_lock();

            wr_fork_exit(status != 0 ? status : wr_fork_prove(0));
        }
        ck_assert_int_eq(wr_fork_end(&child), 0);
    }
    wr_store_release(&over, 1u);
    for (int i = 0; i < KEEPERS; i++) {
        crew_join(threads[i]);
    }
    down();
}
END_TEST

/* ---- finalizers, callbacks, collections ---------------------------------- */

/* What a fork in somebody's callback came to, in this process. */
static struct wr_child callback_child;
static uint32_t forks;

static void
fork_here(void)
{
    if (wr_load_acquire(&forks) == 0) {
        wr_store_release(&forks, 1u);
        callback_child.line = wr_fork_open();
        callback_child.pid = weir_fork();
    }
}

static void
fork_in_finalizer(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    fork_here();
}

/* After the call that forked: the child ends here, the parent waits for it. */
static void
both_are_well(bool good)
{
    ck_assert_uint_eq(wr_load_acquire(&forks), 1);
    if (callback_child.pid == 0) {
        wr_fork_exit(good ? wr_fork_prove(1) : 1);
    }
    ck_assert_int_gt(callback_child.pid, 0);
    ck_assert_int_eq(wr_fork_end(&callback_child), 0);
    ck_assert(good);
    ck_assert(wr_fork_collects());
}

START_TEST(a_finalizer_may_fork)
{
    weir_type *type;
    weir_object *o;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    type = weir_instance_type("forks", 1, 0, fork_in_finalizer, NULL);
    o = weir_instance_new(type);
    ck_assert_ptr_nonnull(o);
    weir_decref(o);
    both_are_well(true);
    down();
}
END_TEST

START_TEST(a_finalizer_of_a_collection_may_fork)
{
    struct wr_test_usage before;
    weir_type *type;
    int64_t found;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    before = wr_test_usage();
    type = weir_instance_type("forks", 1, 0, fork_in_finalizer, NULL);
    for (int i = 0; i < 10; i++) {
        weir_object *o = weir_instance_new(type);

        ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
        weir_decref(o);
    }
    /* Both processes finish the collection. */
    found = weir_gc_collect(2);
    both_are_well(found == 10 && !wr_collect_running());
    wr_test_no_leak(before);
    down();
}
END_TEST

static void
fork_in_weak_callback(weir_object *weak, weir_object *context, void *data)
{
    (void)weak;
    (void)context;
    (void)data;
    fork_here();
}

START_TEST(a_callback_of_a_weak_reference_may_fork)
{
    bool ring = _i == 1;
    weir_object *list;
    weir_object *weak;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    list = ring ? wr_fork_make_ring() : weir_list_new();
    weak = weir_weak_new(list, fork_in_weak_callback, NULL, NULL);
    ck_assert_ptr_nonnull(weak);
    weir_decref(list);
    both_are_well(!ring || weir_gc_collect(2) == 2);
    weir_decref(weak);
    down();
}
END_TEST

START_TEST(a_finalizer_may_fork_while_the_runtime_ends)
{
    weir_type *type;
    int status;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    type = weir_instance_type("forks", 0, 0, fork_in_finalizer, NULL);
    ck_assert_ptr_nonnull(weir_instance_new(type));
    status = weir_stop_full(NULL);
    ck_assert_uint_eq(wr_load_acquire(&forks), 1);
    if (callback_child.pid == 0) {
        if (status != 0 || weir_start(NULL) != 0) {
            wr_fork_exit(1);
        }
        wr_fork_exit(wr_fork_prove(0));
    }
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(wr_fork_reap(callback_child.pid, callback_child.line), 0);
}
END_TEST

static void
fork_in_callback(weir_gc_phase phase, const weir_gc_info *info, void *data)
{
    const weir_gc_phase *when = data;

    (void)info;
    if (phase == *when) {
        fork_here();
    }
}

START_TEST(a_callback_of_the_collector_may_fork)
{
    weir_gc_phase when = _i == 0 ? WEIR_GC_START : WEIR_GC_STOP;
    int64_t found;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    ck_assert_int_eq(weir_gc_callback_add(fork_in_callback, &when), 0);
    weir_decref(wr_fork_make_ring());
    found = weir_gc_collect(2);
    both_are_well(found == 2 && !wr_collect_running());
    down();
}
END_TEST

static uint32_t in_finalizer;
static uint32_t after_finalizer;

/* Take long, and come to checkpoints, until somebody wants to fork. */
static void
finalize_slowly(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    wr_store_release(&in_finalizer, 1u);
    crew_until(&over, 1);
    for (int i = 0; i < 1000; i++) {
        (void)weir_checkpoint();
    }
    wr_store_release(&after_finalizer, 1u);
}

static void *
collect_slowly(void *arg)
{
    weir_type *type = arg;
    weir_object *o;

    (void)weir_attach();
    o = weir_instance_new(type);
    (void)weir_instance_set(o, 0, o);
    weir_decref(o);
    (void)weir_gc_collect(2);
    (void)weir_detach();
    return NULL;
}

START_TEST(fork_waits_for_the_collection_of_another_thread)
{
    struct wr_child child;
    pthread_t thread;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    crew_begin(&thread, collect_slowly,
               weir_instance_type("slow", 1, 0, finalize_slowly, NULL));
    crew_until(&in_finalizer, 1);
    wr_store_release(&over, 1u);
    child.line = wr_fork_open();
    child.pid = weir_fork();
    if (child.pid == 0) {
        bool waited = wr_load_acquire(&after_finalizer) == 1;

        wr_fork_exit(waited ? wr_fork_prove(1) : 1);
    }
    ck_assert_int_eq(wr_fork_end(&child), 0);
    crew_join(thread);
    down();
}
END_TEST

static pthread_t forker;
static int forker_status;
static uint32_t about_to_fork;

static void *
fork_soon(void *arg)
{
    int *status = arg;

    (void)weir_attach();
    wr_store_release(&about_to_fork, 1u);
    *status = wr_fork_once(0);
    (void)weir_detach();
    return NULL;
}

static void
count_detached(struct wr_thread *thread, void *ctx)
{
    unsigned *detached = ctx;

    *detached += wr_load_acquire(&thread->state) == WR_DETACHED;
}

/* Another thread waits to fork until this collection is over. */
static void
fork_before_another(weir_object *o, void *data)
{
    unsigned detached;

    (void)o;
    (void)data;
    (void)pthread_create(&forker, NULL, fork_soon, &forker_status);
    crew_until(&about_to_fork, 1);
    /* Until it sleeps: it does not come out before this collection ends. */
    do {
        (void)weir_blocking_begin();
        detached = 0;
        wr_threads_foreach_stw(count_detached, &detached);
        (void)weir_blocking_end();
    } while (detached != 2);
    fork_here();
}

START_TEST(who_waits_to_fork_is_not_in_the_child)
{
    weir_type *type;
    weir_object *o;
    int64_t found;

    if (!wr_cfg_counted) {
        return;
    }
    up();
    type = weir_instance_type("forks", 1, 0, fork_before_another, NULL);
    o = weir_instance_new(type);
    ck_assert_int_eq(weir_instance_set(o, 0, o), 0);
    weir_decref(o);
    found = weir_gc_collect(2);
    both_are_well(found == 1);
    crew_join(forker);
    ck_assert_int_eq(forker_status, 0);
    down();
}
END_TEST

Suite *
wr_suite_fork(void)
{
    Suite *suite = suite_create("fork");
    int policies = 0;
    TCase *tc = tcase_create("laws");

    tcase_add_test(tc, both_sides_go_on);
    tcase_add_test(tc, only_an_attached_thread_forks);
    tcase_add_test(tc, who_has_stopped_the_world_cannot_fork);
    tcase_add_test(tc, a_failed_fork_changes_nothing);
    tcase_add_test(tc, signals_are_as_before_on_both_sides);
    tcase_add_test(tc, the_child_may_stop_and_start_anew);
    tcase_add_test(tc, what_the_others_made_lives_on);
    tcase_add_test(tc, the_child_does_what_the_reclaimer_owed);
    while (wr_lock_policies()[policies] != NULL) {
        policies++;
    }
    tcase_add_loop_test(tc, the_lock_is_the_childs_own, 0, policies);
    suite_add_tcase(suite, tc);
    tc = tcase_create("collector");
    tcase_add_test(tc, a_finalizer_may_fork);
    tcase_add_test(tc, a_finalizer_of_a_collection_may_fork);
    tcase_add_loop_test(tc, a_callback_of_the_collector_may_fork, 0, 2);
    tcase_add_loop_test(tc, a_callback_of_a_weak_reference_may_fork, 0, 2);
    tcase_add_test(tc, a_finalizer_may_fork_while_the_runtime_ends);
    tcase_add_test(tc, fork_waits_for_the_collection_of_another_thread);
    tcase_add_test(tc, who_waits_to_fork_is_not_in_the_child);
    suite_add_tcase(suite, tc);
    return suite;
}
