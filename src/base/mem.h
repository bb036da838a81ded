/* SPDX-License-Identifier: MIT */
/*
 * base/mem.h - memory from the C library, counted, and made to fail on demand.
 *
 * The one idea: every allocator of the runtime asks wr_fault_hit() exactly once
 * per allocation, so a test can fail the first, the second, ... the n-th one
 * and look at what is left behind.
 *
 * All calls are safe from any thread and take no lock.
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sync.h"

/* What base/ and heap/ return for "no memory"; equal to WEIR_ENOMEM. */
enum { WR_ENOMEM = -1 };

/*
 * Like malloc, calloc, realloc and free, with two differences: a size of 0
 * gives a block of one byte, so NULL always means "no memory"; and calloc
 * checks its product.  realloc leaves the old block alone when it fails.
 */
void *wr_mem_alloc(size_t size);
void *wr_mem_calloc(size_t count, size_t size);
void *wr_mem_realloc(void *block, size_t size);
void wr_mem_free(void *block);

/*
 * The same as wr_mem_alloc() for what is written at once and soon given back: a
 * block of WR_MEM_HUGE bytes or more is aligned to that, and of huge pages
 * where the system has some, so that it takes a fault per 2 MiB and not per
 * 4 KiB.
 */
enum { WR_MEM_HUGE = 2 << 20 };
void *wr_mem_alloc_huge(size_t size);

/* What is live now.  Bytes are what the C library handed out, in bytes. */
struct wr_mem_stats {
    uint64_t bytes;
    uint64_t blocks;
};

/*
 * The counters, each exact when no other thread allocates.
 */
struct wr_mem_stats wr_mem_get_stats(void);

/*
 * Fail the nth allocation from now, 1-based, and only that one.
 */
void wr_fault_arm(uint64_t nth);

/*
 * Fail every allocation from the nth on.
 */
void wr_fault_arm_from(uint64_t nth);

/*
 * Stop failing.  wr_fault_seen() keeps its value.
 */
void wr_fault_disarm(void);

/*
 * How many allocations were attempted since the last arm, up to the disarm.
 */
uint64_t wr_fault_seen(void);

/*
 * Ask whether this allocation must fail.  Called once per allocation by each
 * allocator; it counts the allocation.
 */
bool wr_fault_hit(void);

/* [atomic: anyone reads relaxed; arm and disarm write seq_cst] 0: off. */
extern uint32_t wr_fault_mode_;

static inline bool
wr_fault_armed(void)
{
    return wr_load_relaxed(&wr_fault_mode_) != 0;
}

#endif
