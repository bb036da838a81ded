/* SPDX-License-Identifier: MIT */
/*
 * tests/sweep.h - run something again and again, each time with less luck.
 *
 * First the first allocation of a scenario fails, then its second, and so on
 * until it passes; then the same with all allocations failing from there on.
 * After every attempt nothing may have leaked.
 */
#ifndef WR_TESTS_SWEEP_H
#define WR_TESTS_SWEEP_H

#include "tests/fixture.h"

#include "base/mem.h"
#include "heap/heap.h"

enum { WR_SWEEP_MAX = 5000 };

/* Returns 0, or the error after which it gave up and cleaned up. */
typedef int (*wr_scenario_fn)(void);

/* Run a scenario whose nth allocation fails, or all from the nth on. */
static inline int
wr_sweep_attempt(wr_scenario_fn scenario, uint64_t nth, bool all,
                 uint64_t *seen)
{
    struct wr_test_usage before = wr_test_usage();
    uint64_t blocks = wr_mem_get_stats().blocks;
    int error;

    wr_heap_set_slow_stw(true);
    if (all) {
        wr_fault_arm_from(nth);
    } else {
        wr_fault_arm(nth);
    }
    error = scenario();
    *seen = wr_fault_seen();
    wr_fault_disarm();
    wr_heap_set_slow_stw(false);
    wr_test_no_leak(before);
    if (wr_cfg_counted) {
        ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    }
    return error;
}

/* must_fail: a failed allocation makes the scenario fail.  Returns how many
 * allocations it makes. */
static inline uint64_t
wr_sweep(wr_scenario_fn scenario, bool must_fail)
{
    uint64_t seen = 0;

    for (int all = 0; all < 2; all++) {
        uint64_t nth = 0;
        int error;

        do {
            nth++;
            ck_assert_uint_lt(nth, WR_SWEEP_MAX);
            error = wr_sweep_attempt(scenario, nth, all != 0, &seen);
            if (seen >= nth && must_fail) {
                ck_assert_int_eq(error, WEIR_ENOMEM);
            }
        } while (seen >= nth);
        ck_assert_int_eq(error, 0);
    }
    return seen;
}

#endif
