/* SPDX-License-Identifier: MIT */
/*
 * tests/fixture.h - what the suites of the kinds share.
 *
 * The runtime is up during a test and the test's thread attached.  What a
 * test leaves behind is found by comparing the blocks in use before and after.
 */
#ifndef WR_TESTS_FIXTURE_H
#define WR_TESTS_FIXTURE_H

#include "tests/sanitized.h"
#include "tests/suites.h"

#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "thread/gate.h"
#include "thread/safepoint.h"

#include <weir/weir.h>

#include <stdlib.h>
#include <string.h>

/* Operations on containers by several threads keep them whole. */
static const bool wr_test_safe = !wr_cfg_parallel || wr_cfg_locked_objects;

/* The memory in use by objects. */
struct wr_test_usage {
    uint64_t objects;
    uint64_t atoms;
    uint64_t raw_bytes;
};

static inline void
wr_test_start(void)
{
    ck_assert_int_eq(weir_start(NULL), 0);
    /* A heap that grows is collected at a checkpoint, however small it is: a
     * test that means that says so, the others keep still. */
    ck_assert_int_eq(weir_gc_set_bytes(0), 0);
}

static inline void
wr_test_stop(void)
{
    ck_assert_int_eq(weir_stop(), 0);
}

/* True where sizes have to be small: sanitizers, or the checker's heap. */
static inline bool
wr_test_slow(void)
{
    const char *checker = getenv("WEIR_CHECKER");

    return WR_TEST_SANITIZED || (checker != NULL && strcmp(checker, "1") == 0);
}

/* Come to checkpoints until no replaced array or table waits for a grace
 * period.  Caller: no other thread stays attached without a checkpoint. */
static inline void
wr_test_settle(void)
{
    while (wr_retire_bytes() != 0) {
        wr_reclaim_wake();
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
}

/* Blocks that were freed by a thread other than their owner count until the
 * owner takes them back, and the checker's quarantine counts; so that is done
 * away with first. */
static inline struct wr_test_usage
wr_test_usage(void)
{
    weir_memory memory;
    struct wr_test_usage usage;

    wr_test_settle();
    wr_stop_world(wr_self());
    wr_heap_drain_all_stw();
    for (struct wr_heap *h = wr_heaps_all; wr_checker_on && h; h = h->next) {
        wr_checker_flush(h);
    }
    wr_heap_drain_all_stw();
    wr_start_world(wr_self());
    ck_assert_int_eq(weir_memory_stats(&memory), 0);
    usage.objects = memory.objects;
    usage.atoms = memory.atoms;
    usage.raw_bytes = memory.raw_bytes;
    return usage;
}

/* Everything made since `before` is gone, where objects are counted. */
static inline void
wr_test_no_leak(struct wr_test_usage before)
{
    struct wr_test_usage after = wr_test_usage();

    if (wr_cfg_counted) {
        ck_assert_uint_eq(after.objects, before.objects);
        ck_assert_uint_eq(after.atoms, before.atoms);
        ck_assert_uint_eq(after.raw_bytes, before.raw_bytes);
    }
}

/* The number of references is n, where objects are counted. */
static inline void
wr_test_count(const weir_object *o, int64_t n)
{
    if (wr_cfg_counted) {
        ck_assert_int_eq(weir_refcount(o), n);
    }
}

/* An int that is not immortal. */
static inline weir_object *
wr_test_int(int64_t n)
{
    weir_object *o = weir_int_new(INT64_C(1000000) + n);

    ck_assert_ptr_nonnull(o);
    return o;
}

/* The value of wr_test_int(), minus its offset. */
static inline int64_t
wr_test_int_is(const weir_object *o)
{
    int64_t value = 0;

    ck_assert_int_eq(weir_int_value(o, &value), 0);
    return value - INT64_C(1000000);
}

#endif
