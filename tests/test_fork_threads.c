/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fork_threads.c - fork() beside threads that are busy.
 *
 * Each test has a crew of one kind, and forks again and again.  Whatever a
 * member was doing, the child is well [inv:fork.all-mutexes].
 */
#include "tests/fixture.h"
#include "tests/forks.h"
#include "tests/sanitized.h"

#include "base/lot.h"
#include "heap/stats.h"
#include "kinds/str.h"
#include "object/immortal.h"
#include "thread/reclaim.h"

#include <sched.h>

enum { CREW = 4, MOST_DEFERRED = 100, MOST_MORTALS = 6, MOST_RINGS = 100 };

/*
 * AddressSanitizer of LLVM 14 does not take its allocator's locks for a fork,
 * and a thread that starts or exits uses that allocator wherever it is: no
 * test may fork beside one.
 */
#if defined(__SANITIZE_ADDRESS__)
#define ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN true
#endif
#endif
#ifndef ASAN
#define ASAN false
#endif

static uint32_t over;
static pthread_barrier_t barrier;

/* The crew rests while the child works: the machine is small. */
static uint32_t resting;

/* What all members have done. */
static uint32_t steps;

/* Owned by the test; members come to it through borrowed references. */
static weir_object *shared_list;
static weir_object *shared_dict;
static weir_type *final_type;

/* Objects of that type that wait for their finalizer; calls deferred; rings
 * made since a collection. */
static uint32_t mortals;
static uint32_t deferred;
static uint32_t rings;

/* ---- what members do --------------------------------------------------- */

static void
run(void)
{
    for (int i = 0; i < 100; i++) {
        (void)weir_checkpoint();
    }
}

static void
allocate(void)
{
    (void)wr_fork_allocates();
}

static void
block(void)
{
    (void)weir_blocking_begin();
    (void)sched_yield();
    (void)weir_blocking_end();
}

static void
attach_and_detach(void)
{
    (void)weir_detach();
    (void)weir_attach();
    (void)weir_attach();
    (void)weir_checkpoint();
    (void)weir_detach();
}

/* Operations that take the locks of containers, one and two at a time. */
static void
use_containers(void)
{
    for (int64_t i = 0; i < 20; i++) {
        weir_object *n = weir_int_new(i);

        (void)weir_dict_set(shared_dict, n, n);
        (void)weir_list_append(shared_list, n);
        weir_xdecref(weir_list_pop(shared_list));
        (void)weir_dict_delete(shared_dict, n);
        weir_decref(n);
    }
}

/* No more garbage than the collector can keep up with. */
static void
collect(void)
{
    if (wr_fetch_add_acq_rel(&rings, 1u) < MOST_RINGS) {
        weir_xdecref(wr_fork_make_ring());
    }
    if (weir_gc_collect(1) > 0) {
        wr_store_release(&rings, 0u);
    }
}

static void
finalize_now(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    (void)weir_checkpoint();
    block();
    (void)wr_fetch_sub_acq_rel(&mortals, 1u);
}

/*
 * Finalizers run by counting and by the collector; no more at a time than the
 * collector can keep up with, for others make garbage while it runs them.
 */
static void
finalize(void)
{
    if (wr_fetch_add_acq_rel(&mortals, 2u) < MOST_MORTALS) {
        weir_object *o = weir_instance_new(final_type);

        (void)weir_instance_set(o, 0, o);
        weir_decref(o);
        weir_decref(weir_instance_new(final_type));
    } else {
        (void)wr_fetch_sub_acq_rel(&mortals, 2u);
    }
    (void)weir_gc_collect(0);
}

static void
free_node(struct wr_reclaim_node *node)
{
    free(node);
    (void)wr_fetch_sub_acq_rel(&deferred, 1u);
}

/* Give the reclaimer work, but no more than it can do. */
static void
defer(void)
{
    if (wr_fetch_add_acq_rel(&deferred, 1u) < MOST_DEFERRED) {
        wr_reclaim_defer(malloc(sizeof(struct wr_reclaim_node)), free_node);
    } else {
        (void)wr_fetch_sub_acq_rel(&deferred, 1u);
    }
}

/* Wait for one's turn to stop the world. */
static void
stop_the_world(void)
{
    wr_stop_world(wr_self());
    wr_start_world(wr_self());
}

/* Take each mutex of the runtime, mostly without being attached. */
static void
meddle(void)
{
    struct wr_lock_stats *stats = malloc(sizeof(*stats));
    struct wr_heap_stats heap;
    int64_t counts[WEIR_GC_GENERATIONS];

    wr_lock_get_stats(stats); /* GIL */
    (void)weir_detach();
    (void)weir_start(NULL);               /* RUNTIME */
    (void)weir_gc_get_count(counts);      /* COLLECT */
    (void)wr_threads_count();             /* THREADS */
    (void)wr_str_interned();              /* KINDS */
    (void)weir_handle_count();            /* HANDLES */
    (void)wr_lot_unpark_one(&over, 0, 0); /* LOT */
    wr_reclaim_wake();                    /* RECLAIM, on its thread */
    wr_heap_get_stats(&heap);             /* HEAPS, ARENA, SIDE, LEAF */
    (void)wr_immortal_alloc(16);          /* LEAF */
    free(stats);
    (void)weir_attach();
}

static void *
attach_and_die(void *arg)
{
    (void)arg;
    if (weir_attach() == 0) {
        (void)wr_fork_allocates();
    }
    return NULL;
}

/* Threads that exit, attached. */
static void
come_and_go(void)
{
    pthread_t thread;

    (void)weir_blocking_begin();
    if (pthread_create(&thread, NULL, attach_and_die, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
    (void)weir_blocking_end();
}

/* The role of a member in a test with index i, and what it needs. */
struct role {
    void (*step)(void);
    /* changes what others see: only where operations are atomic */
    bool shares;
    /* leaves more and more behind where nothing is freed */
    bool fills;
    /* starts threads */
    bool starts;
};

static const struct role roles[] = {
    {.step = run},
    {.step = allocate, .fills = true},
    {.step = block},
    {.step = attach_and_detach},
    {.step = use_containers, .shares = true},
    {.step = collect, .fills = true},
    {.step = finalize, .fills = true},
    {.step = defer},
    {.step = meddle},
    {.step = stop_the_world},
    {.step = come_and_go, .fills = true, .starts = true},
};

enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static bool
is_playable(const struct role *role)
{
    return (wr_test_safe || !role->shares) &&
           (wr_cfg_counted || !role->fills) && (!ASAN || !role->starts);
}

static bool
is_resting(void *ctx)
{
    (void)ctx;
    return wr_load_acquire(&resting) != 0;
}

static void
rest(void)
{
    (void)weir_blocking_begin();
    (void)wr_lot_park(&resting, is_resting, NULL);
    (void)weir_blocking_end();
}

static void
wake_all(void)
{
    wr_store_release(&resting, 0u);
    while (wr_lot_unpark_one(&resting, NULL, NULL) != 0) {
    }
}

static void *
play(void *arg)
{
    const struct role *role = arg;

    if (weir_attach() != 0) {
        return NULL;
    }
    while (wr_load_acquire(&over) == 0) {
        role->step();
        (void)wr_fetch_add_acq_rel(&steps, 1u);
        (void)weir_checkpoint();
        if (is_resting(NULL)) {
            rest();
        }
    }
    (void)weir_detach();
    return NULL;
}

/* ---- the tests ---------------------------------------------------------- */

static void
up(bool gil)
{
    weir_config config;

    weir_config_init(&config);
    config.gil = gil;
    config.switch_interval_us = 200;
    ck_assert_int_eq(weir_start(&config), 0);
    shared_list = weir_list_new();
    shared_dict = weir_dict_new();
    final_type = weir_instance_type("final", 1, 0, finalize_now, NULL);
    ck_assert_ptr_nonnull(final_type);
}

static void
down(void)
{
    weir_decref(shared_list);
    weir_decref(shared_dict);
    ck_assert_int_eq(weir_stop(), 0);
}

/* Fork beside a crew with these roles. */
static void
fork_beside(const struct role *const crew[CREW], uint64_t forks)
{
    pthread_t threads[CREW];
    int worst = 0;

    wr_store_release(&over, 0u);
    for (int i = 0; i < CREW; i++) {
        crew_begin(&threads[i], play, (void *)(uintptr_t)crew[i]);
    }
    for (uint64_t n = 0; worst == 0 && n < forks; n++) {
        struct wr_child child;

        /* They are at work again. */
        crew_until(&steps, wr_load_acquire(&steps) + CREW);
        worst = wr_fork_begin(&child, n % 8 == 0);
        wr_store_release(&resting, 1u);
        if (worst == 0) {
            worst = wr_fork_end(&child);
        }
        wake_all();
    }
    wr_store_release(&over, 1u);
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
    }
    ck_assert_int_eq(worst, 0);
    ck_assert_uint_eq(wr_threads_count(), 1);
}

static void
fork_beside_role(int index, bool gil, uint64_t forks)
{
    const struct role *crew[CREW];

    for (int i = 0; i < CREW; i++) {
        crew[i] = &roles[index];
    }
    if (!is_playable(&roles[index])) {
        return;
    }
    up(gil);
    fork_beside(crew, forks);
    down();
}

START_TEST(the_child_is_well_whatever_the_others_did)
{
    fork_beside_role(_i, false, wr_test_size(20));
}
END_TEST

START_TEST(the_child_is_well_whoever_waited_for_the_lock)
{
    if (wr_cfg_parallel) {
        fork_beside_role(_i, true, wr_test_size(8));
    }
}
END_TEST

START_TEST(the_child_is_well_in_a_mixed_crowd)
{
    const struct role *crew[CREW];

    up(false);
    for (int turn = 0; turn < ROLES; turn += CREW - 1) {
        for (int i = 0; i < CREW; i++) {
            crew[i] = &roles[(turn + i) % ROLES];
            if (!is_playable(crew[i])) {
                crew[i] = &roles[0];
            }
        }
        fork_beside(crew, wr_test_size(8));
    }
    down();
}
END_TEST

static void *
fork_too(void *arg)
{
    int *worst = arg;

    *worst = weir_attach();
    crew_meet(&barrier);
    for (uint64_t n = 0; *worst == 0 && n < wr_test_size(5); n++) {
        *worst = wr_fork_once(0);
    }
    crew_meet(&barrier);
    (void)weir_detach();
    return NULL;
}

START_TEST(several_threads_fork_at_once)
{
    pthread_t threads[CREW];
    int worst[CREW];

    up(false);
    (void)pthread_barrier_init(&barrier, NULL, CREW);
    for (int i = 0; i < CREW; i++) {
        crew_begin(&threads[i], fork_too, &worst[i]);
    }
    for (int i = 0; i < CREW; i++) {
        crew_join(threads[i]);
        ck_assert_int_eq(worst[i], 0);
    }
    down();
}
END_TEST

Suite *
wr_suite_fork_threads(void)
{
    Suite *suite = suite_create("fork_threads");
    TCase *tc = tcase_create("beside");

    tcase_set_timeout(tc, 30);
    /* Some of the others allocate outside of the runtime's sight. */
    if (WR_TEST_MALLOC_FORKS) {
        tcase_add_loop_test(tc, the_child_is_well_whatever_the_others_did, 0,
                            ROLES);
        tcase_add_loop_test(tc, the_child_is_well_whoever_waited_for_the_lock,
                            0, ROLES);
        tcase_add_test(tc, the_child_is_well_in_a_mixed_crowd);
    }
    suite_add_tcase(suite, tc);
    tc = tcase_create("several");
    tcase_add_test(tc, several_threads_fork_at_once);
    suite_add_tcase(suite, tc);
    return suite;
}
