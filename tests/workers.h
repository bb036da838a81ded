/* SPDX-License-Identifier: MIT */
/*
 * tests/workers.h - several threads that do the same to one object.
 *
 * A worker asserts nothing: it ends with the first error, which the test's
 * own thread looks at after the join.
 */
#ifndef WR_TESTS_WORKERS_H
#define WR_TESTS_WORKERS_H

#include "tests/suites.h"

#include <weir/weir.h>

#include <pthread.h>

enum { WR_WORKERS_MAX = 16 };

struct wr_worker {
    pthread_t thread;
    /* what all work on */
    void *shared;
    /* 0, or an error that ends the worker */
    int (*step)(struct wr_worker *me, int64_t round);
    /* 0 to the number of workers - 1 */
    int64_t index;
    int64_t rounds;
    int error;
};

static inline void *
wr_worker_main(void *argument)
{
    struct wr_worker *me = argument;

    me->error = weir_attach();
    if (me->error != 0) {
        return NULL;
    }
    for (int64_t i = 0; i < me->rounds && me->error == 0; i++) {
        me->error = me->step(me, i);
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

/* Let n threads take `rounds` steps each; none may fail.  Caller: attached. */
static inline void
wr_run_workers(void *shared, int n, int64_t rounds,
               int (*step)(struct wr_worker *me, int64_t round))
{
    struct wr_worker who[WR_WORKERS_MAX];

    ck_assert_int_le(n, WR_WORKERS_MAX);
    for (int i = 0; i < n; i++) {
        who[i] = (struct wr_worker){
            .shared = shared, .step = step, .index = i, .rounds = rounds};
        ck_assert_int_eq(
            pthread_create(&who[i].thread, NULL, wr_worker_main, &who[i]), 0);
    }
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(pthread_join(who[i].thread, NULL), 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(who[i].error, 0);
    }
}

#endif
