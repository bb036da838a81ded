/* SPDX-License-Identifier: MIT */
/*
 * stress/races/native.c - the arm that lets the machine schedule the actors.
 *
 * The one idea, jcstress's: starting threads for each sample would take a
 * thousand times longer than the race lasts.  So samples are arranged in
 * batches, and each actor sweeps through a whole batch on a thread that lives
 * as long as the run; at each sample the actors wait a moment for each other.
 * How big a batch is, how long they wait and how their steps are shifted
 * against each other is drawn anew for each batch from the seed.
 *
 *   main     arrange all | gate | noise, or sleep        | gate | observe all
 *   actors               | gate | meet, act; meet, act.. | gate |
 *
 * Threads wait at the gate detached, so an actor that sleeps there holds up
 * nobody.  What happens in between depends on the machine: a native run
 * cannot be replayed.
 */
#include "config.h"

#include "runner.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actor.h"
#include "base/clock.h"
#include "level.h"
#include "race.h"
#include "thread/lock.h"
#include "thread/safepoint.h"
#include "watch.h"

/* The most samples of a batch, and the time it may take. */
enum { BATCH_MAX = 256, BATCH_NS = 5000000 };

/* How often the tally is reported, and leaks are looked for. */
enum { INTERIM_NS = 200000000, LEVEL_NS = 250000000 };

/* How long blocks may take to go, before they are left over; and after the
 * first sample, where a mistake only raises the level that is aimed at. */
enum { PATIENCE_NS = 2000000000, PATIENCE_FIRST_NS = 100000000 };

/* A sample's result, on cache lines of its own. */
struct result {
    _Alignas(64) int64_t r[RACE_REGISTERS_MAX];
};

/* How the actors of one batch go about it; drawn by the main thread. */
struct pace { /* SHARED */
    /* [const] during a batch: how often to look for the others, at most */
    unsigned wait;

    /* [const] during a batch: most turns to spin before acting; 0: none */
    uint32_t shift;

    /* [const] during a batch: accesses between disturbances; 0: none */
    uint32_t perturb;
};

struct native { /* SHARED */
    /* [const] */
    const struct wr_race_plan *plan;
    struct wr_race_tally *tally;
    unsigned nactors;
    size_t stride;

    /* [const] during a batch */
    char *states;
    struct result *results;
    size_t batch;
    uint64_t first_sample;
    struct pace pace;
    bool over;

    /* [inner] the gate: all actors and the main thread */
    pthread_barrier_t gate;

    /* [atomic: counted by the actors acq_rel, read acquire] through the batch
     */
    uint32_t done;

    /* [atomic: actor stores release, others read relaxed] where each is */
    struct {
        _Alignas(64) uint64_t at;
    } progress[RACE_ACTORS_MAX];

    /* [owner] the main thread's */
    struct wr_random random;
    double sample_ns;
};

struct thread {
    struct native *native;
    struct wr_race_actor actor;
    pthread_t id;
    bool attached;
};

static struct state *
state_of(const struct native *native, size_t i)
{
    return (struct state *)(void *)(native->states + i * native->stride);
}

/* --- actors --------------------------------------------------------------- */

static bool
all_are_at(const struct native *native, uint64_t at)
{
    for (unsigned i = 0; i < native->nactors; i++) {
        if (weir_load_relaxed(&native->progress[i].at) < at) {
            return false;
        }
    }
    return true;
}

/*
 * Wait until the others have come to this sample too, but not for long: one of
 * them may have lost its processor, and then the others go on.
 */
static void
meet(struct thread *thread, uint64_t at)
{
    struct native *native = thread->native;
    bool crowded = thread->attached && wr_lock_on();

    weir_store_release(&native->progress[thread->actor.index].at, at);
    for (unsigned i = 0; i < native->pace.wait; i++) {
        if (all_are_at(native, at)) {
            return;
        }
        if (crowded || i % 64 == 63) {
            wr_race_give_way();
        }
    }
}

static void
shift(struct thread *thread)
{
    uint32_t most = thread->native->pace.shift;

    if (most != 0) {
        uint64_t turns = wr_random_below(&thread->actor.random, most);

        for (uint64_t i = 0; i < turns; i++) {
            __asm__ volatile("");
        }
    }
}

/* One batch, from the first sample to the last. */
static void
sweep(struct thread *thread)
{
    struct native *native = thread->native;
    unsigned me = thread->actor.index;

    wr_perturb_start(wr_random_next(&thread->actor.random),
                     native->pace.perturb);
    for (size_t i = 0; i < native->batch; i++) {
        uint64_t sample = native->first_sample + i;

        if (thread->attached) {
            (void)weir_checkpoint();
        }
        meet(thread, sample + 1);
        wr_race_sample_set(sample);
        shift(thread);
        native->plan->test->actor[me](state_of(native, i),
                                      native->results[i].r);
    }
    wr_perturb_start(1, 0);
}

static void *
actor_main(void *argument)
{
    struct thread *thread = argument;
    struct native *native = thread->native;

    if (thread->attached) {
        (void)RACE_OK(weir_attach());
        (void)weir_blocking_begin();
    }
    wr_race_actor_be(&thread->actor);
    for (;;) {
        (void)pthread_barrier_wait(&native->gate);
        if (native->over) {
            break;
        }
        if (thread->attached) {
            (void)weir_blocking_end();
        }
        sweep(thread);
        if (thread->attached) {
            (void)weir_blocking_begin();
        }
        (void)weir_fetch_add_acq_rel(&native->done, 1u);
        (void)pthread_barrier_wait(&native->gate);
    }
    wr_race_actor_be(NULL);
    if (thread->attached) {
        (void)weir_blocking_end();
        (void)weir_detach();
    }
    return NULL;
}

static void
place(pthread_attr_t *attributes, unsigned index)
{
    int cpu = wr_race_processor(index);
    cpu_set_t one;

    if (cpu >= 0) {
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        (void)pthread_attr_setaffinity_np(attributes, sizeof(one), &one);
    }
}

static bool
start_actor(struct native *native, struct thread *thread, unsigned index)
{
    pthread_attr_t attributes;
    bool started;

    thread->native = native;
    thread->attached = (native->plan->test->flags & RACE_DETACHED) == 0;
    thread->actor.index = index;
    wr_random_seed(&thread->actor.random, wr_random_next(&native->random));
    pthread_attr_init(&attributes);
    place(&attributes, index);
    started = pthread_create(&thread->id, &attributes, actor_main, thread) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* --- the main thread ------------------------------------------------------ */

static void
draw_pace(struct native *native)
{
    static const uint32_t shifts[] = {0, 16, 64, 256, 1024, 4096};
    static const uint32_t perturbs[] = {0, 16, 64, 256, 1024};
    struct wr_random *random = &native->random;
    bool locked = wr_lock_on();

    native->pace = (struct pace){
        .wait = wr_random_below(random, 8) == 0 ? 0
                : locked                        ? 4
                                                : 512,
        .shift = shifts[wr_random_below(random, 6)],
        .perturb = perturbs[wr_random_below(random, 5)],
    };
}

static size_t
draw_batch(struct native *native, bool shortest)
{
    size_t most = BATCH_MAX;

    if ((native->plan->test->flags & RACE_SLOW) != 0 || shortest) {
        return 1;
    }
    if (native->sample_ns > 0 && BATCH_NS / native->sample_ns < BATCH_MAX) {
        most = (size_t)(BATCH_NS / native->sample_ns);
    }
    return most <= 1 ? 1 : (size_t)wr_random_below(&native->random, most) + 1;
}

/* What the main thread does while the actors are at it. */
static void
make_noise(struct native *native)
{
    unsigned flags = native->plan->test->flags;
    struct wr_thread *self;

    (void)weir_blocking_end();
    self = wr_self();
    /* Ends: the actors come through the batch, or the watch ends us. */
    while (weir_load_acquire(&native->done) < native->nactors) {
        if ((flags & RACE_COLLECTS) != 0) {
            (void)weir_gc_collect((int)wr_random_below(&native->random, 3));
        }
        if ((flags & RACE_STOPS) != 0) {
            wr_stop_world(self);
            wr_start_world(self);
        }
        /* Not all the time, or the actors never get anywhere. */
        for (uint64_t n = wr_random_below(&native->random, 64);
             n > 0 && weir_load_acquire(&native->done) < native->nactors; n--) {
            wr_race_give_way();
        }
    }
    (void)weir_blocking_begin();
}

static void
arrange(struct native *native)
{
    const struct race_test *test = native->plan->test;

    memset(native->states, 0, native->batch * native->stride);
    memset(native->results, 0, native->batch * sizeof(struct result));
    for (size_t i = 0; i < native->batch && test->arrange != NULL; i++) {
        wr_race_sample_set(native->first_sample + i);
        test->arrange(state_of(native, i), native->results[i].r);
        (void)weir_checkpoint();
    }
}

static void
observe(struct native *native)
{
    const struct race_test *test = native->plan->test;

    for (size_t i = 0; i < native->batch; i++) {
        if (test->observe != NULL) {
            wr_race_sample_set(native->first_sample + i);
            test->observe(state_of(native, i), native->results[i].r);
            (void)weir_checkpoint();
        }
        wr_race_tally_add(native->tally, native->results[i].r);
    }
}

/* Arrange a batch, let the actors through it, look at what came out. */
static void
run_batch(struct native *native, bool shortest)
{
    unsigned noisy = native->plan->test->flags & (RACE_COLLECTS | RACE_STOPS);
    uint64_t begin = wr_clock_ns();
    double each;

    native->batch = draw_batch(native, shortest);
    draw_pace(native);
    weir_store_relaxed(&native->done, 0u);
    arrange(native);
    (void)weir_blocking_begin();
    (void)pthread_barrier_wait(&native->gate);
    if (noisy != 0 && (wr_random_next(&native->random) & 1) != 0) {
        make_noise(native);
    }
    (void)pthread_barrier_wait(&native->gate);
    (void)weir_blocking_end();
    observe(native);
    native->first_sample += native->batch;
    wr_race_watch_tick(native->first_sample);
    each = (double)(wr_clock_ns() - begin) / (double)native->batch;
    native->sample_ns =
        native->sample_ns == 0 ? each : (native->sample_ns * 3 + each) / 4;
}

/* A test that has not its minimum goes on for three times its budget, and at
 * least this long: on a busy machine a share of a second is soon over.  Under a
 * sanitizer, where the number of samples is no matter, it does not. */
#define PATIENCE_NS UINT64_C(10000000000)

static uint64_t
patience_ns(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 0;
#endif
#endif
    return PATIENCE_NS;
}

/* Whether there is enough. */
static bool
is_enough(const struct native *native, uint64_t spent_ns)
{
    const struct wr_race_plan *plan = native->plan;
    const struct wr_race_tally *tally = native->tally;

    if (plan->until_found && tally->forbidden > 0) {
        return true;
    }
    if (tally->samples < wr_race_minimum(plan->test)) {
        return spent_ns >= 3 * plan->budget_ns && spent_ns >= patience_ns();
    }
    return spent_ns >= plan->budget_ns;
}

/* A leak that is found is the new level. */
static void
check_level(struct native *native, struct wr_race_level *level)
{
    if (native->plan->until_found && native->tally->forbidden > 0) {
        return;
    }
    if ((native->plan->test->flags & RACE_LEAKS) == 0 &&
        !wr_race_level_is_back(level, PATIENCE_NS)) {
        wr_race_tally_leak(native->tally);
        *level = wr_race_level_now();
    }
}

static void
run_batches(struct native *native,
            void (*interim)(const struct wr_race_tally *tally))
{
    struct wr_race_level level = wr_race_level_now();
    uint64_t begin;
    uint64_t told;
    uint64_t checked;
    const char *damage;
    uint64_t now;

    /* What is made once, at first use, is no leak. */
    run_batch(native, true);
    if (native->tally->forbidden == 0 &&
        !wr_race_level_is_back(&level, PATIENCE_FIRST_NS)) {
        level = wr_race_level_now();
    }
    begin = told = checked = wr_clock_ns();
    while (!is_enough(native, (now = wr_clock_ns()) - begin)) {
        if (now - checked >= LEVEL_NS) {
            check_level(native, &level);
            checked = now;
        }
        if (now - told >= INTERIM_NS) {
            interim(native->tally);
            told = now;
        }
        run_batch(native, false);
    }
    check_level(native, &level);
    damage = wr_race_level_damage();
    if (damage != NULL) {
        wr_race_tally_damage(native->tally, damage);
    }
}

/* Open the gate for the last time. */
static void
end_actors(struct native *native, struct thread *threads)
{
    native->over = true;
    (void)weir_blocking_begin();
    (void)pthread_barrier_wait(&native->gate);
    for (unsigned i = 0; i < native->nactors; i++) {
        (void)pthread_join(threads[i].id, NULL);
    }
    (void)weir_blocking_end();
}

static size_t
round_up(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

static int
run_native(const struct wr_race_plan *plan, struct wr_race_tally *tally,
           void (*interim)(const struct wr_race_tally *tally))
{
    static struct native native;
    static struct thread threads[RACE_ACTORS_MAX];

    native.plan = plan;
    native.tally = tally;
    native.nactors = wr_race_actors(plan->test);
    native.stride = round_up(plan->test->state_size + 1);
    native.states = aligned_alloc(64, BATCH_MAX * native.stride);
    native.results = aligned_alloc(64, BATCH_MAX * sizeof(struct result));
    if (native.states == NULL || native.results == NULL ||
        pthread_barrier_init(&native.gate, NULL, native.nactors + 1) != 0) {
        return WEIR_ENOMEM;
    }
    wr_random_seed(&native.random, plan->seed);
    for (unsigned i = 0; i < native.nactors; i++) {
        /* A barrier cannot be left early, so the process gives up. */
        if (!start_actor(&native, &threads[i], i)) {
            return WEIR_ENOMEM;
        }
    }
    if (!wr_race_watch_start(plan->hang_ns)) {
        return WEIR_ENOMEM;
    }
    run_batches(&native, interim);
    wr_race_watch_stop();
    end_actors(&native, threads);
    (void)pthread_barrier_destroy(&native.gate);
    free(native.states);
    free(native.results);
    return 0;
}

const struct wr_race_arm wr_race_arm_native = {.name = "native",
                                               .run = run_native};
