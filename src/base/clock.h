/* SPDX-License-Identifier: MIT */
/*
 * base/clock.h - time, in nanoseconds, always as uint64_t.
 *
 * All calls are safe from any thread and cost 20-100 ns; wr_clock_cost_ns()
 * says how much here.
 */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stdint.h>

/* Time since some fixed moment; never goes back. */
uint64_t wr_clock_ns(void);

/* Processor time this thread has used. */
uint64_t wr_clock_thread_cpu_ns(void);

/* Processor time this process has used, all threads. */
uint64_t wr_clock_process_cpu_ns(void);

/*
 * What one wr_clock_ns() costs on this machine: the smallest of several
 * averages.  Takes about a millisecond each time it is asked.
 */
uint64_t wr_clock_cost_ns(void);

#endif
