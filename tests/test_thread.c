/* SPDX-License-Identifier: MIT */
/*
 * tests/test_thread.c - attaching, detaching, blocking, exiting, stopping.
 */
#include "tests/crew.h"

#include "base/mem.h"
#include "thread/lock.h"
#include "thread/safepoint.h"
#include "thread/thread.h"

#include <sched.h>

enum { CREW = 8 };

static pthread_barrier_t barrier;

static void
up(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
}

START_TEST(start_attaches_its_caller)
{
    up();
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_checkpoint(), 0);
    ck_assert_uint_eq(wr_threads_count(), 1);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert(!weir_attached());
}
END_TEST

START_TEST(attach_nests)
{
    up();
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert(!weir_attached());
    ck_assert_int_eq(weir_detach(), WEIR_ESTATE);
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(a_detached_thread_is_refused)
{
    ck_assert_int_eq(weir_attach(), WEIR_ESTATE);
    ck_assert_int_eq(weir_checkpoint(), WEIR_ESTATE);
    up();
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert_int_eq(weir_checkpoint(), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_begin(), WEIR_ESTATE);
    ck_assert_int_eq(weir_blocking_end(), WEIR_ESTATE);
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_blocking_end(), WEIR_ESTATE);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(attach_in_a_blocking_section_comes_back_to_it)
{
    up();
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert(!weir_attached());
    ck_assert_int_eq(weir_blocking_begin(), WEIR_ESTATE);
    ck_assert_int_eq(weir_detach(), WEIR_ESTATE);
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    ck_assert(!weir_attached());
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(blocking_nests_to_a_limit)
{
    int depth;

    up();
    for (depth = 1; weir_blocking_begin() == 0; depth++) {
        ck_assert_int_eq(weir_attach(), 0);
    }
    ck_assert_int_eq(depth, 64);
    ck_assert_int_eq(weir_blocking_begin(), WEIR_ELIMIT);
    ck_assert(weir_attached());
    for (; depth > 1; depth--) {
        ck_assert_int_eq(weir_detach(), 0);
        ck_assert(!weir_attached());
        ck_assert_int_eq(weir_blocking_end(), 0);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

START_TEST(attach_nests_far_but_not_for_ever)
{
    enum { DEEP = 200 };
    struct wr_thread *self;

    up();
    self = wr_self();
    for (int i = 1; i < DEEP; i++) {
        ck_assert_int_eq(weir_attach(), 0);
    }
    ck_assert_int_eq(weir_blocking_begin(), WEIR_ELIMIT);
    ck_assert_int_eq(weir_blocking_end(), WEIR_ESTATE);
    for (int i = 1; i < DEEP; i++) {
        ck_assert_int_eq(weir_detach(), 0);
        ck_assert(weir_attached());
    }
    ck_assert_uint_eq(self->nest, 1);
    wr_store_relaxed(&self->nest, UINT32_MAX);
    ck_assert_int_eq(weir_attach(), WEIR_ELIMIT);
    ck_assert_uint_eq(self->nest, UINT32_MAX);
    wr_store_relaxed(&self->nest, 1u);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

struct seen {
    uint16_t id;
    void *heap;
    int error;
};

static void *
attach_look_detach(void *arg)
{
    struct seen *seen = arg;

    seen->error = weir_attach();
    if (seen->error == 0) {
        seen->id = wr_self()->id;
        seen->heap = wr_self()->heap;
        seen->error = weir_detach();
    }
    return NULL;
}

START_TEST(an_exited_threads_record_goes_to_the_next)
{
    struct seen first = {0};
    struct seen second = {0};
    pthread_t thread;

    up();
    crew_begin(&thread, attach_look_detach, &first);
    crew_join(thread);
    ck_assert_uint_eq(wr_threads_count(), 1);
    crew_begin(&thread, attach_look_detach, &second);
    crew_join(thread);
    ck_assert_int_eq(first.error, 0);
    ck_assert_int_eq(second.error, 0);
    ck_assert_uint_ne(first.id, wr_self()->id);
    /* [inv:thread.unit] */
    ck_assert_uint_eq(first.id, second.id);
    ck_assert_ptr_eq(first.heap, second.heap);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
exit_attached(void *arg)
{
    int *error = arg;

    *error = weir_attach();
    (void)weir_attach();
    return NULL;
}

static void *
exit_blocking(void *arg)
{
    int *error = arg;

    *error = weir_attach();
    (void)weir_blocking_begin();
    return NULL;
}

START_TEST(exiting_while_attached_detaches)
{
    void *(*const bodies[])(void *) = {exit_attached, exit_blocking};
    pthread_t thread;
    int error = 1;

    up();
    for (int i = 0; i < 2; i++) {
        crew_begin(&thread, bodies[i], &error);
        crew_join(thread);
        ck_assert_int_eq(error, 0);
        ck_assert_uint_eq(wr_threads_count(), 1);
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
stay_attached(void *arg)
{
    (void)arg;
    (void)weir_attach();
    crew_meet(&barrier);
    crew_meet(&barrier);
    (void)weir_detach();
    return NULL;
}

START_TEST(stop_is_refused_while_another_thread_is_inside)
{
    pthread_t thread;

    up();
    (void)pthread_barrier_init(&barrier, NULL, 2);
    crew_begin(&thread, stay_attached, NULL);
    crew_meet(&barrier);
    ck_assert_int_eq(weir_stop(), WEIR_EBUSY);
    ck_assert(weir_attached());
    ck_assert_int_eq(weir_attach(), 0);
    ck_assert_int_eq(weir_detach(), 0);
    crew_meet(&barrier);
    crew_join(thread);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static uint32_t inside;

/* Stop the world when it is this thread's turn, which comes second. */
static void *
stop_next(void *arg)
{
    int *error = arg;

    *error = weir_attach();
    /* Attached from here on: a stop waits for this thread. */
    wr_store_release(&inside, 1u);
    while (!wr_world_stopped()) {
        wr_cpu_relax();
    }
    wr_stop_world(wr_self());
    wr_start_world(wr_self());
    *error |= weir_detach();
    return NULL;
}

START_TEST(stop_is_refused_while_another_thread_is_about_to_stop_the_world)
{
    pthread_t thread;
    int error = 1;

    up();
    if (!wr_lock_on()) {
        crew_begin(&thread, stop_next, &error);
        crew_until(&inside, 1);
        /* The other one comes to rest in the queue of stoppers only. */
        wr_stop_world(wr_self());
        wr_start_world(wr_self());
        /* And cannot go on: it waits for this thread's checkpoint. */
        ck_assert_ptr_nonnull(wr_world.stopper);
        ck_assert_int_eq(wr_threads_close(), WEIR_EBUSY);
        ck_assert_int_eq(weir_stop(), WEIR_EBUSY);
        ck_assert(weir_attached());
        crew_join(thread);
        ck_assert_int_eq(error, 0);
        ck_assert_ptr_null(wr_world.stopper);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
attach_in_two_runs(void *arg)
{
    struct seen *seen = arg;

    attach_look_detach(&seen[0]);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    attach_look_detach(&seen[1]);
    return NULL;
}

START_TEST(a_thread_may_outlive_the_runtime)
{
    struct seen seen[2] = {{0}, {0}};
    pthread_t thread;

    up();
    (void)pthread_barrier_init(&barrier, NULL, 2);
    crew_begin(&thread, attach_in_two_runs, seen);
    crew_meet(&barrier);
    ck_assert_int_eq(weir_stop(), 0);
    up();
    crew_meet(&barrier);
    crew_join(thread);
    ck_assert_int_eq(seen[0].error, 0);
    ck_assert_int_eq(seen[1].error, 0);
    ck_assert_uint_eq(wr_threads_count(), 1);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Without heap and kinds nobody attaches, and there is little to take down. */
START_TEST(the_floor_comes_up_alone)
{
    const struct wr_thread_config bad = {.policy = "none"};
    const struct wr_thread_config config = {.late_ns = 5, .gil_on = true};
    uint64_t blocks = wr_mem_get_stats().blocks;

    ck_assert_int_eq(wr_threads_start(&bad), WEIR_EINVAL);
    ck_assert_int_eq(wr_threads_start(&config), 0);
    ck_assert_uint_eq(wr_world.late_ns, 5);
    ck_assert_uint_eq(wr_threads_count(), 0);
    wr_threads_stop();
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    up();
    ck_assert_uint_gt(wr_world.late_ns, 5);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

static void *
attach_with_faults(void *arg)
{
    struct seen *seen = arg;
    uint64_t n = 0;

    /* Ends: every failure is one allocation further on. */
    do {
        wr_fault_arm(++n);
        seen->error = weir_attach();
        wr_fault_disarm();
    } while (seen->error == WEIR_ENOMEM && !weir_attached() && n < 100);
    seen->id = (uint16_t)n;
    if (seen->error == 0) {
        seen->error = weir_detach();
    }
    return NULL;
}

START_TEST(attach_without_memory_changes_nothing)
{
    uint64_t blocks = wr_mem_get_stats().blocks;
    struct seen seen = {0};
    pthread_t thread;

    up();
    crew_begin(&thread, attach_with_faults, &seen);
    crew_join(thread);
    ck_assert_int_eq(seen.error, 0);
    ck_assert_uint_gt(seen.id, 2);
    ck_assert_uint_eq(wr_threads_count(), 1);
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
}
END_TEST

static uint32_t finished;

static void *
come_and_go(void *arg)
{
    int *errors = arg;

    (void)pthread_barrier_wait(&barrier);
    *errors += weir_attach();
    for (int i = 0; i < 20; i++) {
        *errors += weir_checkpoint();
        *errors += weir_blocking_begin();
        *errors += weir_blocking_end();
    }
    (void)wr_fetch_add_acq_rel(&finished, 1u);
    return NULL;
}

/*
 * Many threads created and attached at once deadlocked with a stop in
 * CPython (gh-157666).
 */
START_TEST(threads_come_and_go_while_the_world_stops)
{
    uint64_t rounds = wr_test_size(50);
    pthread_t threads[CREW];
    int errors[CREW] = {0};

    up();
    (void)pthread_barrier_init(&barrier, NULL, CREW + 1);
    for (uint64_t round = 0; round < rounds; round++) {
        wr_store_release(&finished, 0u);
        for (int i = 0; i < CREW; i++) {
            crew_begin(&threads[i], come_and_go, &errors[i]);
        }
        crew_meet(&barrier);
        while (wr_load_acquire(&finished) < CREW) {
            wr_stop_world(wr_self());
            wr_start_world(wr_self());
            ck_assert_int_eq(weir_checkpoint(), 0);
        }
        for (int i = 0; i < CREW; i++) {
            crew_join(threads[i]);
            ck_assert_int_eq(errors[i], 0);
        }
        ck_assert_uint_eq(wr_threads_count(), 1);
    }
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

/* Those who are out stay out. */
static uint32_t closing_time;

enum { PATIENCE = 20 };

/*
 * Attach and detach as often as the runtime is there; some threads exit right
 * after that, attached or not.
 */
static void *
in_and_out(void *arg)
{
    const uint64_t *exits = arg;

    while (wr_load_acquire(&finished) == 0) {
        while (wr_load_acquire(&closing_time) != 0) {
            (void)sched_yield();
        }
        if (weir_attach() == 0) {
            weir_object *list = weir_list_new();

            (void)weir_checkpoint();
            weir_xdecref(list);
            if (*exits == 1) {
                return NULL;
            }
            (void)weir_detach();
            (void)weir_blocking_end();
            (void)weir_detach();
        }
        if (*exits != 0) {
            return NULL;
        }
    }
    return NULL;
}

static void *
in_and_out_anew(void *arg)
{
    pthread_t thread;

    while (wr_load_acquire(&finished) == 0) {
        if (pthread_create(&thread, NULL, in_and_out, arg) == 0) {
            (void)pthread_join(thread, NULL);
        }
    }
    return NULL;
}

/*
 * The runtime stopped beside a thread that was registered but not attached
 * yet, had just detached or was exiting, and that thread went on with a freed
 * record; one that attached while the runtime started found it half built.
 * Run with AddressSanitizer or ThreadSanitizer to be sure.
 */
START_TEST(starts_and_stops_meet_threads_on_their_way)
{
    static const uint64_t exits[4] = {0, 0, 1, 2};
    uint64_t rounds = wr_test_size(200);
    pthread_t threads[4];

    wr_store_release(&finished, 0u);
    for (int i = 0; i < 4; i++) {
        crew_begin(&threads[i], exits[i] == 0 ? in_and_out : in_and_out_anew,
                   (void *)(uintptr_t)&exits[i]);
    }
    for (uint64_t round = 0; round < rounds; round++) {
        int tries = 0;
        int error;

        up();
        /* [inv:thread.inside] Ends when all are out at one moment. */
        while ((error = weir_stop()) == WEIR_EBUSY) {
            if (++tries == PATIENCE) {
                wr_store_release(&closing_time, 1u);
            }
            ck_assert_int_eq(weir_blocking_begin(), 0);
            (void)sched_yield();
            ck_assert_int_eq(weir_blocking_end(), 0);
        }
        ck_assert_int_eq(error, 0);
        wr_store_release(&closing_time, 0u);
    }
    wr_store_release(&finished, 1u);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
}
END_TEST

Suite *
wr_suite_thread(void)
{
    Suite *suite = suite_create("thread");
    TCase *tc = tcase_create("states");

    tcase_add_test(tc, start_attaches_its_caller);
    tcase_add_test(tc, attach_nests);
    tcase_add_test(tc, attach_nests_far_but_not_for_ever);
    tcase_add_test(tc, a_detached_thread_is_refused);
    tcase_add_test(tc, attach_in_a_blocking_section_comes_back_to_it);
    tcase_add_test(tc, blocking_nests_to_a_limit);
    suite_add_tcase(suite, tc);
    tc = tcase_create("records");
    tcase_add_test(tc, an_exited_threads_record_goes_to_the_next);
    tcase_add_test(tc, exiting_while_attached_detaches);
    tcase_add_test(tc, stop_is_refused_while_another_thread_is_inside);
    tcase_add_test(
        tc, stop_is_refused_while_another_thread_is_about_to_stop_the_world);
    tcase_add_test(tc, the_floor_comes_up_alone);
    tcase_add_test(tc, a_thread_may_outlive_the_runtime);
    tcase_add_test(tc, attach_without_memory_changes_nothing);
    tcase_add_test(tc, threads_come_and_go_while_the_world_stops);
    tcase_add_test(tc, starts_and_stops_meet_threads_on_their_way);
    suite_add_tcase(suite, tc);
    return suite;
}
