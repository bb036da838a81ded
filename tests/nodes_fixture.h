/* SPDX-License-Identifier: MIT */
/*
 * tests/nodes_fixture.h - what the suites about marking share: graphs of
 * instances, and collections that are compared with the reference.
 *
 * Collections come on request only, and what was in use before the test is
 * known.
 */
#ifndef WR_TESTS_NODES_FIXTURE_H
#define WR_TESTS_NODES_FIXTURE_H

#include <stdlib.h>

#include "base/random.h"
#include "collect/collect.h"
#include "tests/checked_collect.h"

static struct wr_test_usage before;
static weir_type *pair;
static weir_type *wide; /* eight slots: five granules, across lines and words */
static struct wr_random random_state;

static inline void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    wide = weir_instance_type("wide", 8, 0, NULL, NULL);
    ck_assert(pair != NULL && wide != NULL);
    before = wr_test_usage();
    wr_random_seed(&random_state, wr_test_seed());
}

static inline void
teardown(void)
{
    static const struct wr_collect_caps none = {.stack = 0};

    wr_collect_set_caps(&none);
    wr_test_stop();
}

/* For what is done many thousands of times: no bookkeeping. */
static inline void
must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static inline size_t
below(size_t n)
{
    return (size_t)wr_random_below(&random_state, n);
}

static inline void
refer(weir_object *from, unsigned slot, weir_object *to)
{
    must(weir_instance_set(from, slot, to) == 0);
}

static inline int
by_address(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t) * (weir_object *const *)left;
    uintptr_t b = (uintptr_t) * (weir_object *const *)right;

    return (a > b) - (a < b);
}

#endif
