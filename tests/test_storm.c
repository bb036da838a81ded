/* SPDX-License-Identifier: MIT */
/*
 * tests/test_storm.c - many threads that come and go, stop each other, collect
 * and fork, all at once; and a watchdog for the case that they stop moving.
 *
 * WEIR_STORM_SECONDS=n lets it blow for so long: ./dev storm.
 */
#include "tests/fixture.h"

#include "tests/crew.h"
#include "tests/forks.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdio.h>

enum { THREADS = 64, FORKS = 4, DEPTH = 3 };

/* The watchdog barks when nothing has moved for so long. */
#define PATIENCE_NS UINT64_C(60000000000)

static struct { /* SHARED */
    /* [atomic: relaxed] steps done by all */
    uint64_t steps;

    /* [atomic: written release, read acquire] enough */
    uint32_t over;

    /* [atomic: relaxed] forks that may still be made */
    uint32_t forks;

    /* [atomic: relaxed] what went wrong, of which there should be nothing */
    uint32_t faults;

    /* [const] all hold it while they work */
    weir_object *shared;

    /* [const] when it is enough; 0: after so many steps of each thread */
    uint64_t end_ns;
    uint64_t steps_each;
} storm;

/* ---- the watchdog -------------------------------------------------------- */

struct watchdog { /* SHARED */
    pthread_t thread;

    /* [const] */
    uint64_t patience_ns;
    int fd;

    /* [atomic: written release, read acquire] */
    uint32_t enough;

    /* [atomic: relaxed] how often it barked */
    uint32_t barks;
};

/* Bark once per time that nothing moved in: everybody's state goes to fd. */
static void *
watch(void *arg)
{
    struct watchdog *dog = arg;
    uint64_t seen = wr_load_relaxed(&storm.steps);
    uint64_t since = wr_clock_ns();

    while (wr_load_acquire(&dog->enough) == 0) {
        struct timespec nap = {.tv_nsec = 1000000};
        uint64_t now;

        (void)nanosleep(&nap, NULL);
        now = wr_clock_ns();
        if (wr_load_relaxed(&storm.steps) != seen) {
            seen = wr_load_relaxed(&storm.steps);
            since = now;
        } else if (now - since > dog->patience_ns) {
            (void)dprintf(dog->fd, "weir: nothing has moved for %llu ms\n",
                          (unsigned long long)((now - since) / 1000000));
            (void)weir_report_threads(dog->fd);
            (void)wr_fetch_add_relaxed(&dog->barks, 1u);
            since = now;
        }
    }
    return NULL;
}

static void
begin_watch(struct watchdog *dog, uint64_t patience_ns, int fd)
{
    *dog = (struct watchdog){.patience_ns = patience_ns, .fd = fd};
    crew_begin(&dog->thread, watch, dog);
}

static uint32_t
end_watch(struct watchdog *dog)
{
    wr_store_release(&dog->enough, 1u);
    crew_join(dog->thread);
    return wr_load_relaxed(&dog->barks);
}

/* A storm that stands still is told of: or the watchdog of the other test
 * might be asleep. */
START_TEST(the_watchdog_barks_when_nothing_moves)
{
    FILE *file = tmpfile();
    struct watchdog dog;
    char text[4096];
    size_t n;

    wr_test_start();
    begin_watch(&dog, UINT64_C(5000000), fileno(file));
    ck_assert_int_eq(weir_blocking_begin(), 0);
    /* Ends: the watchdog is there for it. */
    while (wr_load_relaxed(&dog.barks) == 0) {
        wr_cpu_relax();
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    ck_assert_uint_ge(end_watch(&dog), 1);
    rewind(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "nothing has moved for "));
    ck_assert_ptr_nonnull(strstr(text, "thread 1 (tid"));
    (void)fclose(file);
    wr_test_stop();
}
END_TEST

/* ---- the storm ----------------------------------------------------------- */

static void
expect(bool good)
{
    if (!good) {
        (void)wr_fetch_add_relaxed(&storm.faults, 1u);
    }
}

static void
attach_and_leave(struct wr_random *random)
{
    int depth = 1 + (int)wr_random_below(random, DEPTH);

    for (int i = 0; i < depth; i++) {
        expect(weir_attach() == 0);
    }
    for (int i = 0; i < depth; i++) {
        expect(weir_detach() == 0);
    }
}

static void
make_garbage(void)
{
    weir_object *ring = wr_fork_make_ring();

    expect(ring != NULL);
    weir_xdecref(ring);
}

static void
stop_and_start(void)
{
    wr_stop_world(wr_self());
    wr_start_world(wr_self());
}

static void
fork_a_child(void)
{
    if (WR_TEST_MALLOC_FORKS &&
        (int32_t)wr_fetch_sub_relaxed(&storm.forks, 1u) > 0) {
        expect(wr_fork_once(0) == 0);
    }
}

/* One step of a thread that is attached, holding the shared object. */
static void
step(struct wr_random *random)
{
    uint64_t what = wr_random_below(random, 100);

    weir_incref(storm.shared);
    if (what < 30) {
        make_garbage();
    } else if (what < 55) {
        expect(weir_blocking_begin() == 0);
        expect(weir_blocking_end() == 0);
    } else if (what < 70) {
        attach_and_leave(random);
    } else if (what < 80) {
        stop_and_start();
    } else if (what < 90) {
        expect(weir_gc_collect(what < 88 ? 0 : 2) >= 0 || !wr_test_safe);
    } else if (what < 91) {
        fork_a_child();
    } else {
        expect(weir_checkpoint() == 0);
    }
    weir_decref(storm.shared);
    (void)wr_fetch_add_relaxed(&storm.steps, UINT64_C(1));
}

static bool
is_over(uint64_t steps)
{
    return storm.end_ns != 0 ? wr_clock_ns() >= storm.end_ns
                             : steps >= storm.steps_each;
}

/* A thread's life: it leaves and comes back as another thread now and then. */
static void *
one_of_many(void *arg)
{
    uint64_t steps = 0;
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed() + (uintptr_t)arg);
    while (!is_over(steps)) {
        expect(weir_attach() == 0);
        for (int i = 0; i < 50 && !is_over(steps); i++) {
            step(&random);
            steps++;
        }
        expect(weir_detach() == 0);
    }
    return NULL;
}

/* Threads that end and begin while the storm blows. */
static void *
passer_by(void *arg)
{
    (void)arg;
    expect(weir_attach() == 0);
    make_garbage();
    expect(weir_detach() == 0);
    return NULL;
}

static void
let_pass(void)
{
    pthread_t thread;

    crew_begin(&thread, passer_by, NULL);
    crew_join(thread);
}

START_TEST(nothing_hangs_and_nothing_is_lost)
{
    const char *seconds = getenv("WEIR_STORM_SECONDS");
    struct wr_test_usage before;
    pthread_t crew[THREADS];
    struct watchdog dog;
    weir_config config;

    weir_config_init(&config);
    config.account = WEIR_ACCOUNT_FIGURES;
    config.gil = _i != 0;
    ck_assert_int_eq(weir_start(&config), 0);
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
    storm.forks = FORKS;
    storm.steps_each = wr_test_size(300);
    if (seconds != NULL) {
        storm.end_ns =
            wr_clock_ns() + strtoull(seconds, NULL, 10) * UINT64_C(1000000000);
        storm.forks = UINT32_C(1) << 30;
    }
    storm.shared = weir_list_new();
    before = wr_test_usage();
    begin_watch(&dog, PATIENCE_NS, STDERR_FILENO);
    for (int i = 0; i < THREADS; i++) {
        crew_begin(&crew[i], one_of_many, (void *)(uintptr_t)(i + 1));
    }
    for (int i = 0; i < 20 || (storm.end_ns != 0 && !is_over(0)); i++) {
        let_pass();
    }
    for (int i = 0; i < THREADS; i++) {
        crew_join(crew[i]);
    }
    ck_assert_uint_eq(end_watch(&dog), 0);
    ck_assert_uint_eq(storm.faults, 0);
    ck_assert_uint_ge(storm.steps, THREADS);
    wr_test_count(storm.shared, 1);
    (void)weir_gc_collect(2);
    wr_test_no_leak(before);
    printf("storm: %llu steps\n", (unsigned long long)storm.steps);
    weir_decref(storm.shared);
    ck_assert_int_eq(weir_stop(), 0);
}
END_TEST

Suite *
wr_suite_storm(void)
{
    Suite *suite = suite_create("storm");
    TCase *dog = tcase_create("watchdog");
    TCase *tc = tcase_create("storm");
    const char *seconds = getenv("WEIR_STORM_SECONDS");

    tcase_add_test(dog, the_watchdog_barks_when_nothing_moves);
    suite_add_tcase(suite, dog);
    if (seconds != NULL) {
        tcase_set_timeout(tc, 60 + strtod(seconds, NULL) * 2);
    }
    /* Counts are right only where they are atomic, or the lock is on. */
    tcase_add_loop_test(tc, nothing_hangs_and_nothing_is_lost,
                        wr_test_safe ? 0 : 1, wr_cfg_parallel ? 2 : 1);
    suite_add_tcase(suite, tc);
    return suite;
}
