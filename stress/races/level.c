/* SPDX-License-Identifier: MIT */
/*
 * stress/races/level.c - what the heap holds, and whether it is in order.
 */
#include "level.h"

#include <time.h>

#include <weir/weir.h>

#include "base/clock.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/stats.h"
#include "thread/reclaim.h"
#include "thread/safepoint.h"

/* Replaced arrays go after a grace period, which takes milliseconds. */
enum { NAP_NS = 1000000 };

/*
 * What was freed by another thread than its owner counts until the owner takes
 * it back, and so does the quarantine of checker mode.
 */
static void
take_back(void)
{
    struct wr_thread *self = wr_self();

    wr_stop_world(self);
    wr_heap_drain_all_stw();
    for (struct wr_heap *h = wr_heaps_all; wr_checker_on && h; h = h->next) {
        wr_checker_flush(h);
    }
    wr_heap_drain_all_stw();
    wr_start_world(self);
}

static struct wr_race_level
read_level(void)
{
    weir_memory memory = {0};

    take_back();
    (void)weir_memory_stats(&memory);
    return (struct wr_race_level){.objects = memory.objects,
                                  .atoms = memory.atoms,
                                  .raw_bytes = memory.raw_bytes};
}

struct wr_race_level
wr_race_level_now(void)
{
    (void)weir_gc_collect(2);
    return read_level();
}

static bool
is_back(const struct wr_race_level *before, const struct wr_race_level *now)
{
    return now->objects <= before->objects && now->atoms <= before->atoms &&
           now->raw_bytes <= before->raw_bytes;
}

static void
nap(void)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = NAP_NS};

    wr_reclaim_wake();
    (void)weir_blocking_begin();
    (void)nanosleep(&time, NULL);
    (void)weir_blocking_end();
    (void)weir_checkpoint();
}

bool
wr_race_level_is_back(const struct wr_race_level *before, uint64_t patience_ns)
{
    uint64_t end = wr_clock_ns() + patience_ns;
    struct wr_race_level now = wr_race_level_now();

    while (!is_back(before, &now) && wr_clock_ns() < end) {
        nap();
        now = read_level();
    }
    return is_back(before, &now);
}

const char *
wr_race_level_damage(void)
{
    struct wr_thread *self = wr_self();
    const char *what = "no reason given";
    size_t wrong;

    wr_stop_world(self);
    wrong = wr_heap_check(&what);
    wr_start_world(self);
    return wrong == 0 ? NULL : what;
}
