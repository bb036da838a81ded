/* SPDX-License-Identifier: MIT */
/*
 * runtime/memory.c - the heap's figures for embedders.
 */
#include "heap/stats.h"
#include "thread/retire.h"

#include <weir/runtime.h>

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
    out->objects = stats.blocks_used[WR_SPACE_GC];
    out->atoms = stats.blocks_used[WR_SPACE_ATOM];
    out->object_bytes =
        stats.bytes_used[WR_SPACE_GC] + stats.bytes_used[WR_SPACE_ATOM];
    out->raw_bytes = stats.bytes_used[WR_SPACE_RAW];
    out->retired_bytes = wr_retire_bytes();
    return WEIR_OK;
}
