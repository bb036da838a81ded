/* SPDX-License-Identifier: MIT */
/*
 * base/clock.c - the clocks of the operating system.
 */
#include "base/clock.h"

#include <time.h>

#include "base/assert.h"

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec now = {0, 0};
    int rc = clock_gettime(clock, &now);
    WEIR_CHECK(rc == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t
wr_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t
wr_clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t
wr_clock_process_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
wr_clock_cost_ns(void)
{
    enum { ROUNDS = 9, CALLS = 2000 };
    uint64_t best = UINT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = wr_clock_ns();
        for (int i = 0; i < CALLS; i++) {
            (void)wr_clock_ns();
        }
        uint64_t cost = (wr_clock_ns() - start) / CALLS;
        best = cost < best ? cost : best;
    }
    return best;
}
