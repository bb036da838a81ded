/* SPDX-License-Identifier: MIT */
/*
 * heap/side.c - commit and give back the collector's tables.
 *
 * A byte per arena says what its part of the tables is: usable, and used since
 * the last release.  Neighbouring arenas are handled in one system call.
 */
#include "heap/side.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14 */
#endif

#include "base/mem.h"
#include "heap/arena.h"
#include "heap/heap_internal.h"

enum { SIDE_USABLE = 1, SIDE_USED = 2 };

/* Pools whose part of a bitmap is one page of 4 KiB; a bit of a byte stands for
 * so many pools of an arena. */
enum { GROUP = 8 };

_Static_assert(WR_ARENA_POOLS / GROUP == 8, "a byte per arena");

/* Bytes per arena: of count, and of one bitmap. */
#define COUNT_BYTES (WR_ARENA_BYTES >> WR_GRANULE_SHIFT)
#define BITMAP_BYTES (COUNT_BYTES / 8)

struct wr_side wr_side;

static struct wr_mutex side_mutex = WR_MUTEX_INIT(WR_RANK_SIDE);

/* [lock: side] per arena: SIDE_*; [atomic: also read relaxed] */
static uint8_t *side_state;

/* [lock: side] per arena and part: groups whose pages are there */
static uint8_t *ready[WR_SIDE_PARTS];

/* [lock: side] arenas that may be SIDE_USED: from .. end - 1 */
static size_t used_from;
static size_t used_end;

void
wr_side_start(void *tables, uint8_t *arena_bytes)
{
    static const struct wr_side none;
    size_t granules = wr_region.size >> WR_GRANULE_SHIFT;

    side_state = arena_bytes;
    for (unsigned part = 0; part < WR_SIDE_PARTS; part++) {
        ready[part] = arena_bytes == NULL
                          ? NULL
                          : arena_bytes + (part + 1) * (wr_region.pools_all /
                                                        WR_ARENA_POOLS);
    }
    used_from = used_end = 0;
    wr_side = none;
    if (tables != NULL) {
        uint64_t *bitmaps = (uint64_t *)(void *)((char *)tables + granules);

        wr_side.count = tables;
        wr_side.cand = bitmaps;
        wr_side.mark = wr_side.cand + granules / 64;
        wr_side.old1 = wr_side.mark + granules / 64;
        wr_side.old2 = wr_side.old1 + granules / 64;
        /* Given back after each full collection, so touched anew in each: 2 MiB
         * a time, where the heap is large enough for that. */
        (void)madvise(tables, granules, MADV_HUGEPAGE);
    }
}

static char *
count_of(size_t arena)
{
    return (char *)wr_side.count + arena * COUNT_BYTES;
}

static char *
bits_of(uint64_t *bitmap, size_t arena)
{
    return (char *)bitmap + arena * BITMAP_BYTES;
}

static int
commit_run(size_t from, size_t end)
{
    const int rw = PROT_READ | PROT_WRITE;
    uint64_t *bitmaps[] = {wr_side.cand, wr_side.mark, wr_side.old1,
                           wr_side.old2};

    if (wr_fault_hit() ||
        mprotect(count_of(from), (end - from) * COUNT_BYTES, rw) != 0) {
        return WR_ENOMEM;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (mprotect(bits_of(bitmaps[i], from), (end - from) * BITMAP_BYTES,
                     rw) != 0) {
            return WR_ENOMEM;
        }
    }
    for (size_t a = from; a < end; a++) {
        wr_store_relaxed(&side_state[a], (uint8_t)SIDE_USABLE);
    }
    return 0;
}

static int
commit_locked(size_t from, size_t end)
{
    /* Ends: `from` moves on each round. */
    while (from < end) {
        size_t stop = from;

        while (stop < end && side_state[stop] == 0) {
            stop++;
        }
        if (stop > from && commit_run(from, stop) != 0) {
            return WR_ENOMEM;
        }
        from = stop;
        while (from < end && side_state[from] != 0) {
            from++;
        }
    }
    return 0;
}

int
wr_side_commit(size_t first_pool, size_t last_pool)
{
    size_t from = first_pool / WR_ARENA_POOLS;
    size_t end = last_pool / WR_ARENA_POOLS + 1;

    WEIR_ASSERT(first_pool <= last_pool && last_pool < wr_region.pools_gc);
    wr_mutex_lock(&side_mutex);
    int rc = commit_locked(from, end);
    if (rc == 0) {
        for (size_t a = from; a < end; a++) {
            wr_store_relaxed(&side_state[a],
                             (uint8_t)(SIDE_USABLE | SIDE_USED));
        }
        used_from = used_end == 0 || from < used_from ? from : used_from;
        used_end = end > used_end ? end : used_end;
    }
    wr_mutex_unlock(&side_mutex);
    return rc;
}

/* Have the pages of groups from .. end - 1 ready. */
static void
populate_run(size_t from, size_t end, enum wr_side_part part)
{
    const size_t page = BITMAP_BYTES * GROUP / WR_ARENA_POOLS;
    uint64_t *bitmaps[] = {wr_side.cand, wr_side.old1, wr_side.old2};

    switch (part) {
    case WR_SIDE_COUNT:
        (void)madvise((char *)wr_side.count + from * page * 8,
                      (end - from) * page * 8, MADV_POPULATE_WRITE);
        break;
    case WR_SIDE_MARK:
        (void)madvise((char *)wr_side.mark + from * page, (end - from) * page,
                      MADV_POPULATE_WRITE);
        break;
    default:
        for (unsigned i = 0; i < 3; i++) {
            (void)madvise((char *)bitmaps[i] + from * page, (end - from) * page,
                          MADV_POPULATE_WRITE);
        }
    }
}

void
wr_side_populate(size_t first_pool, size_t last_pool, enum wr_side_part part)
{
    size_t end = last_pool / GROUP + 1;
    uint8_t *have = ready[part];
    size_t run = end;

    wr_mutex_lock(&side_mutex);
    for (size_t group = first_pool / GROUP; group < end; group++) {
        uint8_t bit = (uint8_t)(1U << group % 8);

        WEIR_ASSERT((side_state[group / 8] & SIDE_USED) != 0);
        if ((have[group / 8] & bit) == 0) {
            have[group / 8] = (uint8_t)(have[group / 8] | bit);
            run = run < group ? run : group;
        } else if (run < group) {
            populate_run(run, group, part);
            run = end;
        }
    }
    if (run < end) {
        populate_run(run, end, part);
    }
    wr_mutex_unlock(&side_mutex);
}

static void
forget(char *start, size_t bytes)
{
    (void)madvise(start, bytes, MADV_DONTNEED);
}

void
wr_side_release(void)
{
    wr_mutex_lock(&wr_arena_mutex);
    wr_mutex_lock(&side_mutex);
    for (size_t a = used_from; a < used_end;) {
        size_t end = a;

        while (end < used_end && (side_state[end] & SIDE_USED) != 0) {
            wr_store_relaxed(&side_state[end], (uint8_t)SIDE_USABLE);
            ready[WR_SIDE_COUNT][end] = 0;
            ready[WR_SIDE_MARK][end] = 0;
            if (!wr_arena_committed_locked(end)) {
                ready[WR_SIDE_BITMAPS][end] = 0;
                forget(bits_of(wr_side.cand, end), BITMAP_BYTES);
                forget(bits_of(wr_side.old1, end), BITMAP_BYTES);
                forget(bits_of(wr_side.old2, end), BITMAP_BYTES);
            }
            end++;
        }
        if (end > a) {
            forget(count_of(a), (end - a) * COUNT_BYTES);
            forget(bits_of(wr_side.mark, a), (end - a) * BITMAP_BYTES);
        } else {
            end++;
        }
        a = end;
    }
    used_from = used_end = 0;
    wr_mutex_unlock(&side_mutex);
    wr_mutex_unlock(&wr_arena_mutex);
}

size_t
wr_side_committed_bytes(void)
{
    size_t arenas = wr_region.size >> WR_ARENA_SHIFT;
    size_t usable = 0;

    for (size_t a = 0; a < arenas; a++) {
        usable += (wr_load_relaxed(&side_state[a]) & SIDE_USABLE) != 0;
    }
    return usable * (COUNT_BYTES + 4 * BITMAP_BYTES);
}

void
wr_side_fork_lock(void)
{
    wr_mutex_fork_lock(&side_mutex);
}

void
wr_side_fork_unlock(void)
{
    wr_mutex_fork_unlock(&side_mutex);
}
