/* SPDX-License-Identifier: MIT */
/*
 * tests/crew.h - threads for tests of the runtime.
 *
 * The test's own thread is attached, so it must detach around everything that
 * blocks; these helpers do.  No test sleeps: threads meet at barriers, or
 * come to checkpoints until something has happened.
 */
#ifndef WR_TESTS_CREW_H
#define WR_TESTS_CREW_H

#include "tests/suites.h"

#include "base/sync.h"

#include <weir/weir.h>

#include <pthread.h>
#include <string.h>

/* Start the runtime with the global lock on, in every flavour. */
static inline void
crew_start_locked(const char *policy, uint64_t interval_us)
{
    weir_config config;

    weir_config_init(&config);
    config.lock_policy = policy;
    config.switch_interval_us = interval_us;
    config.gil = true;
    ck_assert_int_eq(weir_start(&config), 0);
}

static inline void
crew_begin(pthread_t *thread, void *(*body)(void *), void *arg)
{
    ck_assert_int_eq(pthread_create(thread, NULL, body, arg), 0);
}

/* Wait for a thread's end.  Caller: attached. */
static inline void
crew_join(pthread_t thread)
{
    ck_assert_int_eq(weir_blocking_begin(), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(weir_blocking_end(), 0);
}

/* Meet the others.  Caller: attached; any thread. */
static inline void
crew_meet(pthread_barrier_t *barrier)
{
    (void)weir_blocking_begin();
    (void)pthread_barrier_wait(barrier);
    (void)weir_blocking_end();
}

/* Come to checkpoints until *flag reaches value.  Caller: attached. */
static inline void
crew_until(const uint32_t *flag, uint32_t value)
{
    while (wr_load_acquire(flag) < value) {
        (void)weir_checkpoint();
    }
}

#endif
