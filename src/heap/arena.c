/* SPDX-License-Identifier: MIT */
/*
 * heap/arena.c - commit, give out pools, give back.
 *
 * Both regions share one numbering of arenas; a zone is one region's part of
 * it.  All that is known about arenas is bitmaps, so a pool is found with a
 * few word operations, and a run of pools for a span with shifts.
 */
#include "heap/arena.h"

#include <sys/mman.h>

#include "base/bitmap.h"
#include "base/mem.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/poison.h"

#define NO_ARENA SIZE_MAX

struct zone { /* SHARED */
    /* [const] arenas of the zone: first .. end - 1 */
    size_t first;
    size_t end;

    /* [lock: arena] no arena below this one has a free pool committed */
    size_t hint;

    /* [lock: arena] the one empty committed arena, or NO_ARENA */
    size_t spare;

    /* [lock: arena] one past the highest committed arena; anyone: relaxed */
    size_t high;
};

struct wr_mutex wr_arena_mutex = WR_MUTEX_INIT(WR_RANK_ARENA);

/* [lock: arena] the gc region, the second region */
static struct zone zones[2];

/* [lock: arena] per arena, one bit per free pool; all ones if uncommitted */
static uint64_t *free_pools;

/* [lock: arena] bit per arena */
static uint64_t *committed;

/* [lock: arena] bit per arena: committed, and has a free pool */
static uint64_t *available;

/* [lock: side] */
static uint8_t *side_bytes;

/* [lock: arena] */
static struct wr_arena_stats stats;

static inline struct zone *
zone_of(size_t arena)
{
    return &zones[arena >= zones[0].end];
}

static inline char *
arena_start(size_t arena)
{
    return wr_region.base + (arena << WR_ARENA_SHIFT);
}

void
wr_arenas_start(void *table)
{
    static const struct wr_arena_stats none;
    size_t gc = wr_region.pools_gc / WR_ARENA_POOLS;
    size_t all = wr_region.pools_all / WR_ARENA_POOLS;

    free_pools = table;
    committed = free_pools + all;
    available = committed + wr_bitmap_words(all);
    side_bytes = (uint8_t *)(available + wr_bitmap_words(all));
    /* However few arenas, the table has a page. */
    WEIR_ASSERT(all < WR_ARENA_POOLS ||
                side_bytes + WR_ARENA_SIDE_BYTES * all <=
                    (uint8_t *)table + WR_ARENA_TABLE_BYTES * all);
    for (size_t i = 0; i < all; i++) {
        free_pools[i] = UINT64_MAX;
    }
    zones[0] = (struct zone){0, gc, 0, NO_ARENA, 0};
    zones[1] = (struct zone){gc, all, gc, NO_ARENA, gc};
    stats = none;
}

void
wr_arenas_stop(void)
{
    static const struct zone none;

    for (size_t i = 0; i < zones[1].end; i++) {
        if (!wr_bitmap_test(committed, i)) {
            continue;
        }
        if (wr_checker_on) {
            wr_unpoison(arena_start(i), WR_ARENA_BYTES);
        }
        wr_poison_root(arena_start(i), WR_ARENA_BYTES, 0);
    }
    zones[0] = zones[1] = none;
    free_pools = committed = available = NULL;
    side_bytes = NULL;
}

size_t
wr_arena_count(void)
{
    return zones[1].end;
}

bool
wr_arena_committed_locked(size_t arena)
{
    return wr_bitmap_test(committed, arena);
}

uint64_t
wr_arena_free_locked(size_t arena)
{
    return free_pools[arena];
}

struct wr_arena_stats
wr_arena_stats_locked(void)
{
    return stats;
}

uint8_t *
wr_arena_side_bytes(void)
{
    return side_bytes;
}

size_t
wr_pool_count_gc(void)
{
    return wr_load_relaxed(&zones[0].high) * WR_ARENA_POOLS;
}

size_t
wr_pool_count_all(void)
{
    return wr_load_relaxed(&zones[1].high) * WR_ARENA_POOLS;
}

/* Make an arena usable.  Small heaps stay on small pages. */
static bool
arena_commit(struct zone *zone, size_t arena)
{
    char *start = arena_start(arena);

    WEIR_ASSERT(!wr_bitmap_test(committed, arena));
    WEIR_ASSERT(free_pools[arena] == UINT64_MAX);
    if (wr_fault_hit() ||
        mprotect(start, WR_ARENA_BYTES, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    if (arena > zone->first) {
        (void)madvise(start, WR_ARENA_BYTES, MADV_HUGEPAGE);
    }
    if (wr_checker_on) {
        wr_poison(start, WR_ARENA_BYTES);
    }
    wr_poison_root(start, WR_ARENA_BYTES, 1);
    wr_bitmap_set(committed, arena);
    wr_bitmap_set(available, arena);
    if (arena < zone->hint) {
        zone->hint = arena;
    }
    if (arena >= zone->high) {
        wr_store_relaxed(&zone->high, arena + 1);
    }
    stats.committed++;
    return true;
}

/* Give an empty arena back to the system. */
static void
arena_return(struct zone *zone, size_t arena)
{
    char *start = arena_start(arena);

    WEIR_ASSERT(free_pools[arena] == UINT64_MAX);
    if (wr_checker_on) {
        wr_unpoison(start, WR_ARENA_BYTES);
    }
    wr_poison_root(start, WR_ARENA_BYTES, 0);
    if (madvise(start, WR_ARENA_BYTES, MADV_DONTNEED) == 0) {
        size_t pool = arena * WR_ARENA_POOLS;

        for (size_t i = 0; i < WR_ARENA_POOLS; i++) {
            wr_pools[pool + i].flags = 0;
        }
    }
    /* If this fails (too many mappings) the pages are gone all the same. */
    (void)mprotect(start, WR_ARENA_BYTES, PROT_NONE);
    wr_bitmap_clear(committed, arena);
    wr_bitmap_clear(available, arena);
    stats.returned++;
    if (arena + 1 == zone->high) {
        size_t high = arena;

        while (high > zone->first && !wr_bitmap_test(committed, high - 1)) {
            high--;
        }
        wr_store_relaxed(&zone->high, high);
    }
}

/* An arena has just become empty: keep the lower of it and the spare. */
static void
arena_emptied(struct zone *zone, size_t arena)
{
    size_t spare = zone->spare;

    if (spare == NO_ARENA) {
        zone->spare = arena;
        return;
    }
    WEIR_ASSERT(spare != arena);
    zone->spare = arena < spare ? arena : spare;
    arena_return(zone, arena < spare ? spare : arena);
}

/* Mark pools of one arena as taken. */
static void
arena_mark(struct zone *zone, size_t arena, uint64_t pools)
{
    WEIR_ASSERT((free_pools[arena] & pools) == pools);
    if (zone->spare == arena) {
        zone->spare = NO_ARENA;
    }
    free_pools[arena] &= ~pools;
    if (free_pools[arena] == 0) {
        wr_bitmap_clear(available, arena);
    }
}

/* Bit i is set if bits i .. i + count - 1 of the word are; count <= 64. */
static uint64_t
runs_of(uint64_t word, size_t count)
{
    /* Ends: each round halves the rest. */
    while (count > 1) {
        size_t step = count / 2;

        word &= word >> step;
        count -= step;
    }
    return word;
}

static uint64_t
low_bits(size_t count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/* Up to 64 pools, within one arena. */
static size_t
take_within(struct zone *zone, size_t count)
{
    size_t arena = wr_bitmap_next_set(available, zone->hint, zone->end);
    uint64_t runs = 0;

    zone->hint = arena != WR_BITMAP_NONE ? arena : zone->end;
    while (arena != WR_BITMAP_NONE) {
        runs = runs_of(free_pools[arena], count);
        if (runs != 0) {
            break;
        }
        arena = wr_bitmap_next_set(available, arena + 1, zone->end);
    }
    if (arena == WR_BITMAP_NONE) {
        arena = wr_bitmap_next_clear(committed, zone->first, zone->end);
        if (arena == WR_BITMAP_NONE || !arena_commit(zone, arena)) {
            return WR_NO_POOL;
        }
        runs = 1;
    }
    unsigned bit = wr_bitmap_lowest(runs);
    arena_mark(zone, arena, low_bits(count) << bit);
    return arena * WR_ARENA_POOLS + bit;
}

/* The first of `count` consecutive arenas without a pool in use. */
static size_t
find_empty_arenas(const struct zone *zone, size_t count)
{
    size_t run = 0;

    for (size_t i = zone->first; i < zone->end; i++) {
        run = free_pools[i] == UINT64_MAX ? run + 1 : 0;
        if (run == count) {
            return i + 1 - count;
        }
    }
    return NO_ARENA;
}

/* More than 64 pools: from the start of an arena on. */
static size_t
take_arenas(struct zone *zone, size_t count)
{
    size_t arenas = (count + WR_ARENA_POOLS - 1) / WR_ARENA_POOLS;
    size_t first = find_empty_arenas(zone, arenas);

    if (first == NO_ARENA) {
        return WR_NO_POOL;
    }
    for (size_t i = first; i < first + arenas; i++) {
        if (wr_bitmap_test(committed, i)) {
            /* Only the spare is committed and empty. */
            WEIR_ASSERT(zone->spare == i);
            zone->spare = NO_ARENA;
        } else if (!arena_commit(zone, i)) {
            while (i-- > first) {
                arena_emptied(zone, i);
            }
            return WR_NO_POOL;
        }
    }
    for (size_t i = first; i < first + arenas; i++) {
        arena_mark(zone, i, low_bits(count - (i - first) * WR_ARENA_POOLS));
    }
    return first * WR_ARENA_POOLS;
}

size_t
wr_arena_take_locked(bool gc, size_t count)
{
    struct zone *zone = &zones[!gc];

    WEIR_ASSERT(count > 0);
    if (count > (zone->end - zone->first) * WR_ARENA_POOLS) {
        return WR_NO_POOL;
    }
    return count <= WR_ARENA_POOLS ? take_within(zone, count)
                                   : take_arenas(zone, count);
}

void
wr_arena_give_locked(size_t first, size_t count)
{
    struct zone *zone = zone_of(first / WR_ARENA_POOLS);

    for (size_t i = first; i < first + count; i++) {
        struct wr_pool *p = &wr_pools[i];

        WEIR_ASSERT(wr_pool_state(p) != WR_POOL_FREE);
        WEIR_ASSERT(wr_load_relaxed(&p->remote) == NULL);
        wr_pool_set_state(p, WR_POOL_FREE);
        p->flags = WR_POOL_DIRTY;
        p->heap = NULL;
        wr_store_relaxed(&p->carved, 0U);
    }
    /* Ends: count shrinks by what lies in one arena. */
    while (count > 0) {
        size_t arena = first / WR_ARENA_POOLS;
        size_t bit = first % WR_ARENA_POOLS;
        size_t here = WR_ARENA_POOLS - bit;

        here = here < count ? here : count;
        WEIR_ASSERT((free_pools[arena] & (low_bits(here) << bit)) == 0);
        free_pools[arena] |= low_bits(here) << bit;
        wr_bitmap_set(available, arena);
        zone->hint = arena < zone->hint ? arena : zone->hint;
        if (free_pools[arena] == UINT64_MAX) {
            arena_emptied(zone, arena);
        }
        first += here;
        count -= here;
    }
}

static bool
arena_is_sound(const struct zone *zone, size_t arena)
{
    uint64_t bits = free_pools[arena];
    bool empty = bits == UINT64_MAX;

    if (!wr_bitmap_test(committed, arena)) {
        return empty && !wr_bitmap_test(available, arena);
    }
    if (wr_bitmap_test(available, arena) != (bits != 0) ||
        (bits != 0 && arena < zone->hint) || arena >= zone->high ||
        empty != (zone->spare == arena)) {
        return false;
    }
    for (size_t i = 0; i < WR_ARENA_POOLS; i++) {
        bool is_free = wr_pool_state(&wr_pools[arena * WR_ARENA_POOLS + i]) ==
                       WR_POOL_FREE;

        if (is_free != ((bits >> i) & 1)) {
            return false;
        }
    }
    return true;
}

size_t
wr_arena_check_locked(const char **what)
{
    size_t errors = 0;

    for (size_t i = 0; i < zones[1].end; i++) {
        if (!arena_is_sound(zone_of(i), i)) {
            *what = "arena and its pools disagree";
            errors++;
        }
    }
    return errors;
}

void
wr_arena_fork_lock(void)
{
    wr_mutex_fork_lock(&wr_arena_mutex);
}

void
wr_arena_fork_unlock(void)
{
    wr_mutex_fork_unlock(&wr_arena_mutex);
}
