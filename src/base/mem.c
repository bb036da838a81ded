/* SPDX-License-Identifier: MIT */
/*
 * base/mem.c - the C library's allocator, counted, with fault injection.
 *
 * Sizes are asked back from the C library at free time, so no block carries a
 * header of ours and tools that look at malloc see the addresses they expect.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/assert.h"

enum { FAULT_OFF = 0, FAULT_ONE = 1, FAULT_FROM = 2 };

uint32_t wr_fault_mode_ = FAULT_OFF;

/* [atomic: arm writes relaxed before the mode; hit reads relaxed] */
static uint64_t fault_nth;

/* [atomic: hit adds relaxed; each allocation gets its own number] */
static uint64_t fault_seen;

/* [stat] */
static uint64_t live_bytes;

/* [stat] */
static uint64_t live_blocks;

static void
fault_arm_as(uint32_t mode, uint64_t nth)
{
    WEIR_ASSERT(nth > 0);
    wr_store_relaxed(&fault_nth, nth);
    wr_store_relaxed(&fault_seen, 0);
    wr_store_seq_cst(&wr_fault_mode_, mode);
}

void
wr_fault_arm(uint64_t nth)
{
    fault_arm_as(FAULT_ONE, nth);
}

void
wr_fault_arm_from(uint64_t nth)
{
    fault_arm_as(FAULT_FROM, nth);
}

void
wr_fault_disarm(void)
{
    wr_store_seq_cst(&wr_fault_mode_, (uint32_t)FAULT_OFF);
}

uint64_t
wr_fault_seen(void)
{
    return wr_load_relaxed(&fault_seen);
}

bool
wr_fault_hit(void)
{
    uint32_t mode = wr_load_acquire(&wr_fault_mode_);
    if (wr_likely(mode == FAULT_OFF)) {
        return false;
    }
    uint64_t number = wr_fetch_add_relaxed(&fault_seen, 1) + 1;
    uint64_t nth = wr_load_relaxed(&fault_nth);
    return mode == FAULT_ONE ? number == nth : number >= nth;
}

static void *
count_block(void *block)
{
    if (block != NULL) {
        wr_fetch_add_relaxed(&live_bytes, malloc_usable_size(block));
        wr_fetch_add_relaxed(&live_blocks, 1);
    }
    return block;
}

void *
wr_mem_alloc(size_t size)
{
    if (wr_fault_hit()) {
        return NULL;
    }
    return count_block(malloc(size != 0 ? size : 1));
}

void *
wr_mem_alloc_huge(size_t size)
{
    void *block;

    if (size < WR_MEM_HUGE) {
        return wr_mem_alloc(size);
    }
    if (size > SIZE_MAX - WR_MEM_HUGE || wr_fault_hit()) {
        return NULL;
    }
    size = (size + WR_MEM_HUGE - 1) & ~(size_t)(WR_MEM_HUGE - 1);
    block = aligned_alloc(WR_MEM_HUGE, size);
    if (block != NULL) {
        /* Where there are none, small pages do. */
        (void)madvise(block, size, MADV_HUGEPAGE);
    }
    return count_block(block);
}

void *
wr_mem_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (wr_fault_hit() || __builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return count_block(calloc(1, bytes != 0 ? bytes : 1));
}

void *
wr_mem_realloc(void *block, size_t size)
{
    if (block == NULL) {
        return wr_mem_alloc(size);
    }
    if (wr_fault_hit()) {
        return NULL;
    }
    size_t old = malloc_usable_size(block);
    void *grown = realloc(block, size != 0 ? size : 1);
    if (grown != NULL) {
        wr_fetch_add_relaxed(&live_bytes, malloc_usable_size(grown) - old);
    }
    return grown;
}

void
wr_mem_free(void *block)
{
    if (block == NULL) {
        return;
    }
    wr_fetch_sub_relaxed(&live_bytes, malloc_usable_size(block));
    wr_fetch_sub_relaxed(&live_blocks, 1);
    free(block);
}

struct wr_mem_stats
wr_mem_get_stats(void)
{
    struct wr_mem_stats stats = {
        .bytes = wr_load_relaxed(&live_bytes),
        .blocks = wr_load_relaxed(&live_blocks),
    };
    return stats;
}
