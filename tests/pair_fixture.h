/* SPDX-License-Identifier: MIT */
/*
 * tests/pair_fixture.h - what the suites about the collector's view of the
 * heap share.
 *
 * Collections come on request only, objects are pairs, and what was in use
 * before the test is known.
 */
#ifndef WR_TESTS_PAIR_FIXTURE_H
#define WR_TESTS_PAIR_FIXTURE_H

#include "tests/fixture.h"

static weir_type *pair_type;
static struct wr_test_usage before;

static inline void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    pair_type = weir_instance_type("pair", 2, 0, NULL, NULL);
    ck_assert_ptr_nonnull(pair_type);
    before = wr_test_usage();
}

static inline void
teardown(void)
{
    wr_test_stop();
}

/* A new reference; either may be NULL. */
static inline weir_object *
pair(weir_object *first, weir_object *second)
{
    weir_object *o = weir_instance_new(pair_type);

    /* Not through ck_assert, which writes a file each time. */
    if (o == NULL || weir_instance_set(o, 0, first) != 0 ||
        weir_instance_set(o, 1, second) != 0) {
        abort();
    }
    return o;
}

/* Two pairs that name each other; a new reference to one. */
static inline weir_object *
make_cycle(void)
{
    weir_object *a = pair(NULL, NULL);
    weir_object *b = pair(a, NULL);

    if (weir_instance_set(a, 0, b) != 0) {
        abort();
    }
    weir_decref(b);
    return a;
}

#endif
