/* SPDX-License-Identifier: MIT */
/*
 * heap/region.c - reserve and release the range of addresses.
 *
 * The reservation costs no memory: it is PROT_NONE, and arenas are made usable
 * one by one.  Where the address space is limited (RLIMIT_AS, a tool) both
 * regions are halved until they fit.
 */
#include "heap/region.h"

#include <sys/mman.h>

#include "base/mem.h"
#include "heap/poison.h"
#include "heap/pool.h"

enum { DEFAULT_SHIFT = 36, VALGRIND_SHIFT = 33, LARGEST_SHIFT = 45 };

struct wr_region wr_region;
struct wr_pool *wr_pools;
uint8_t *wr_touched;

/* How the reservation is divided, in bytes. */
struct plan {
    size_t gc;
    size_t other;
    size_t pools;
    size_t touched;
    size_t arenas;
    size_t side;
    size_t total;
};

static size_t
round_to_arenas(size_t bytes)
{
    const size_t largest = (size_t)1 << LARGEST_SHIFT;

    if (bytes == 0) {
        bytes = (size_t)1 << (wr_poison_valgrind() ? VALGRIND_SHIFT
                                                   : DEFAULT_SHIFT);
    }
    if (bytes > largest) {
        bytes = largest;
    }
    return (bytes + WR_ARENA_BYTES - 1) & ~(WR_ARENA_BYTES - 1);
}

static size_t
round_to_pages(size_t bytes)
{
    return (bytes + 65535) & ~(size_t)65535;
}

static struct plan
plan_for(size_t gc, size_t other, size_t arenas_per)
{
    struct plan plan = {.gc = gc, .other = other};
    size_t pools = (gc + other) >> WR_POOL_SHIFT;
    size_t arenas = pools / WR_ARENA_POOLS;

    plan.pools = round_to_pages(pools * sizeof(struct wr_pool));
    plan.touched = round_to_pages(pools);
    plan.arenas = round_to_pages(arenas * arenas_per);
    plan.side = gc / 16 + 4 * (gc / 128);
    /* one arena more, to align the base */
    plan.total = gc + other + plan.pools + plan.touched + plan.arenas +
                 plan.side + WR_ARENA_BYTES;
    return plan;
}

static void *
reserve(size_t bytes)
{
    void *map = mmap(NULL, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return map == MAP_FAILED ? NULL : map;
}

/*
 * Reserve the plan.  When the first wish was refused the address space is
 * scarce, and then half as much again must be left for everybody else.
 */
static void *
reserve_plan(const struct plan *plan, bool scarce)
{
    void *map = reserve(plan->total);

    if (map != NULL && scarce) {
        void *rest = reserve(plan->total / 2);

        if (rest == NULL) {
            munmap(map, plan->total);
            return NULL;
        }
        munmap(rest, plan->total / 2);
    }
    return map;
}

static void
publish(const struct plan *plan, void *map, char *base,
        struct wr_region_tables *tables)
{
    char *next = base + plan->gc + plan->other;

    /* First, so that they are aligned as an arena is, for large pages. */
    tables->side = next;
    next += plan->side;
    tables->pools = next;
    next += plan->pools;
    tables->touched = next;
    next += plan->touched;
    tables->arenas = next;
    tables->arenas_bytes = plan->arenas;

    wr_pools = tables->pools;
    wr_touched = tables->touched;
    wr_region.base = base;
    wr_region.size = plan->gc;
    wr_region.end_all = base + plan->gc + plan->other;
    wr_region.size_all = plan->gc + plan->other;
    wr_region.pools_gc = plan->gc >> WR_POOL_SHIFT;
    wr_region.pools_all = wr_region.size_all >> WR_POOL_SHIFT;
    wr_region.pool_bias =
        (uintptr_t)tables->pools -
        ((uintptr_t)base >> WR_POOL_SHIFT) * sizeof(struct wr_pool);
    wr_region.map = map;
    wr_region.map_bytes = plan->total;
}

int
wr_region_reserve(size_t gc_bytes, size_t other_bytes, size_t arenas_per,
                  struct wr_region_tables *tables)
{
    size_t gc = round_to_arenas(gc_bytes);
    size_t other = round_to_arenas(other_bytes);
    bool scarce = false;

    WEIR_ASSERT(wr_region.base == NULL);
    if (wr_fault_hit()) {
        return WR_ENOMEM;
    }
    /* Ends: one of the sizes is halved each time, down to one arena each. */
    for (;;) {
        struct plan plan = plan_for(gc, other, arenas_per);
        void *map = reserve_plan(&plan, scarce);

        if (map != NULL) {
            uintptr_t aligned = ((uintptr_t)map + WR_ARENA_BYTES - 1) &
                                ~(uintptr_t)(WR_ARENA_BYTES - 1);
            char *base = (char *)map + (aligned - (uintptr_t)map);
            char *rw = base + gc + other + plan.side;

            if (mprotect(rw, plan.pools + plan.touched + plan.arenas,
                         PROT_READ | PROT_WRITE) == 0) {
                publish(&plan, map, base, tables);
                return 0;
            }
            munmap(map, plan.total);
        }
        if (gc == WR_ARENA_BYTES && other == WR_ARENA_BYTES) {
            return WR_ENOMEM;
        }
        scarce = true;
        gc = gc == WR_ARENA_BYTES ? gc : round_to_arenas(gc / 2);
        other = other == WR_ARENA_BYTES ? other : round_to_arenas(other / 2);
    }
}

void
wr_region_unmap(void)
{
    static const struct wr_region none;

    munmap(wr_region.map, wr_region.map_bytes);
    wr_region = none;
    wr_pools = NULL;
    wr_touched = NULL;
}
