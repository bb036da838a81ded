/* SPDX-License-Identifier: MIT */
/*
 * runtime/memory.c - the heap's figures for embedders.
 */
#include "heap/stats.h"
#include "thread/retire.h"

#include <weir/runtime.h>

/* A block in quarantine is nobody's object any more.  Never less than none:
 * the figures of a thread that runs meanwhile are stale. */
static uint64_t
without(size_t used, size_t kept)
{
    return used > kept ? used - kept : 0;
}

int
weir_memory_stats(weir_memory *out)
{
    struct wr_heap_stats stats;

    if (out == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_heap_get_stats(&stats);
    out->arenas = stats.arenas;
    out->pools = stats.pools;
    out->objects =
        without(stats.blocks_used[WR_SPACE_GC], stats.blocks_kept[WR_SPACE_GC]);
    out->atoms = without(stats.blocks_used[WR_SPACE_ATOM],
                         stats.blocks_kept[WR_SPACE_ATOM]);
    out->object_bytes =
        without(stats.bytes_used[WR_SPACE_GC], stats.bytes_kept[WR_SPACE_GC]) +
        without(stats.bytes_used[WR_SPACE_ATOM],
                stats.bytes_kept[WR_SPACE_ATOM]);
    out->raw_bytes =
        without(stats.bytes_used[WR_SPACE_RAW], stats.bytes_kept[WR_SPACE_RAW]);
    out->retired_bytes = wr_retire_bytes();
    return WEIR_OK;
}
