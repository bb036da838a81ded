/* SPDX-License-Identifier: MIT */
/*
 * heap/arena.h - pools come from arenas, arenas from the system.
 *
 * The one idea: an arena is 4 MiB of a region, 64 pools, and one 64-bit word
 * says which of them are free.  Pools are taken from the lowest arena that has
 * one, so the high end empties and goes back.  One empty arena per region is
 * kept, against going to the system for every second pool.
 */
#ifndef WEIR_HEAP_ARENA_H
#define WEIR_HEAP_ARENA_H

#include "base/mutex.h"
#include "heap/pool.h"

#define WR_NO_POOL SIZE_MAX

/*
 * Protects arenas, the state of pools that change between FREE and in use,
 * and limbo.  System calls are made under it; nothing else is.
 */
extern struct wr_mutex wr_arena_mutex;

struct wr_arena_stats {
    uint64_t committed; /* how often an arena was committed */
    uint64_t returned;  /* how often one was given back */
};

/* Bytes of bookkeeping per arena that wr_arenas_start() wants. */
enum { WR_ARENA_TABLE_BYTES = 16, WR_ARENA_SIDE_BYTES = 4 };

/* Take over the table, zero and WR_ARENA_TABLE_BYTES per arena. */
void wr_arenas_start(void *table);

/* Forget all arenas; their memory is still mapped. */
void wr_arenas_stop(void);

/*
 * Take `count` consecutive free pools, of the gc region or the second one;
 * the caller gives them a state.  Returns the first index, or WR_NO_POOL.
 *
 * Caller: holds wr_arena_mutex.
 */
size_t wr_arena_take_locked(bool gc, size_t count);

/*
 * Give pools back; they become FREE.  Arenas that become empty go back to the
 * system.  Caller: holds wr_arena_mutex.
 */
void wr_arena_give_locked(size_t first, size_t count);

/* True if arena `arena` (pool index / 64) is committed.  Caller: as above. */
bool wr_arena_committed_locked(size_t arena);

/* Its free pools, one bit each; all ones if it is not committed. */
uint64_t wr_arena_free_locked(size_t arena);

/* Number of arenas in both regions. */
size_t wr_arena_count(void);

/* Caller: holds wr_arena_mutex. */
struct wr_arena_stats wr_arena_stats_locked(void);

/*
 * WR_ARENA_SIDE_BYTES per arena for heap/side.c.  [lock: side]
 */
uint8_t *wr_arena_side_bytes(void);

/*
 * Compare the bookkeeping with itself and with the states of pools.  Returns
 * the number of errors.  Caller: holds wr_arena_mutex.
 */
size_t wr_arena_check_locked(const char **what);

#endif
