/* SPDX-License-Identifier: MIT */
/*
 * base/mutex.h - the only mutex of the runtime, with ranks.
 *
 * The one idea: every mutex has a rank, and a thread takes mutexes in rising
 * rank only [inv:mutex.rank-order].  At WEIR_DEBUG >= 1 each lock checks that
 * against what its thread holds, so a possible deadlock fails on the first
 * run that takes the two locks in the wrong order, not on the unlucky one.
 *
 * A thread may block in wr_mutex_lock() while attached, so a mutex is held for
 * a short, bounded time and never across a checkpoint, a finalizer or a wait.
 */
#ifndef WEIR_BASE_MUTEX_H
#define WEIR_BASE_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/sync.h"

/*
 * From the outermost to the innermost.  Two mutexes of one rank are never
 * held together, but by wr_mutex_fork_lock().
 */
enum wr_rank {
    WR_RANK_RUNTIME = 1, /* start and stop of the whole runtime */
    WR_RANK_COLLECT,     /* callbacks and settings of the collector */
    WR_RANK_THREADS,     /* the list of threads, and who is stopped */
    WR_RANK_GIL,         /* waiters of the global lock */
    WR_RANK_TYPES,       /* the table of types */
    WR_RANK_KINDS,       /* tables of single kinds: interned strings */
    WR_RANK_HANDLES,     /* the table of handles */
    WR_RANK_WEAK,        /* a stripe of the table of weak references */
    WR_RANK_LOT,         /* a bucket of the parking lot */
    WR_RANK_RECLAIM,     /* what the reclaimer has taken */
    WR_RANK_HEAPS,       /* the list of heaps */
    WR_RANK_ARENA,       /* arenas and their pools */
    WR_RANK_SIDE,        /* commitment of side data */
    WR_RANK_LEAF,        /* nothing is ever taken under it */
    WR_RANKS,            /* one more than the last */
};

struct wr_mutex { /* SHARED */
    /* [atomic: CAS and exchange acq_rel] 0 free, 1 held, 2 held, awaited */
    uint32_t word;

    /* [const] enum wr_rank */
    uint16_t rank;

    /* [stat] how often a thread had to wait; stays at its maximum */
    uint16_t waits;
};

#define WR_MUTEX_INIT(r)                                                       \
    {                                                                          \
        .word = 0, .rank = (uint16_t)(r), .waits = 0                           \
    }

/*
 * Make the mutex free.  Caller: nobody else knows the mutex yet, or the child
 * of a fork that has no other thread.
 */
void wr_mutex_init(struct wr_mutex *mutex, enum wr_rank rank);

/*
 * True when this thread holds a mutex.  Always false at WEIR_DEBUG 0, where
 * nobody keeps count: for asserts only.
 */
bool wr_mutex_any_held(void);

/*
 * Take every mutex there is, before a fork: rank by rank, and all those of one
 * rank in any order.  Who holds one of a rank holds none of the ranks below,
 * which are the caller's already, so it waits for nothing the caller holds and
 * gives its own back [inv:mutex.rank-order].  Both sides of the fork unlock.
 *
 * Caller: holds nothing but what these took; one thread at a time.
 */
void wr_mutex_fork_lock(struct wr_mutex *mutex);
void wr_mutex_fork_unlock(struct wr_mutex *mutex);

/*
 * Of which ranks this thread has taken mutexes for a fork: bit r for rank r.
 * At WEIR_DEBUG 0, where nobody keeps count, all bits: for asserts only.
 */
uint32_t wr_mutex_fork_ranks(void);

/* Slow paths and the rank check; called by the inlines below only. */
void wr_mutex_lock_slow(struct wr_mutex *mutex);
void wr_mutex_unlock_slow(struct wr_mutex *mutex);
void wr_mutex_note_lock_(const struct wr_mutex *mutex, bool ordered);
void wr_mutex_note_unlock_(const struct wr_mutex *mutex);

static const bool wr_cfg_ranks = WEIR_DEBUG >= 1;

/*
 * Take the mutex; wait for it if need be.
 *
 * Caller: holds no mutex of this rank or a higher one.
 */
static inline void
wr_mutex_lock(struct wr_mutex *mutex)
{
    if (wr_cfg_ranks) {
        wr_mutex_note_lock_(mutex, true);
    }
    uint32_t word = 0;
    if (wr_unlikely(!wr_cas_acq_rel(&mutex->word, &word, 1u))) {
        wr_mutex_lock_slow(mutex);
    }
}

/*
 * Take the mutex if it is free; true on success.  Cannot deadlock, so any
 * rank is fine.
 */
static inline bool
wr_mutex_trylock(struct wr_mutex *mutex)
{
    uint32_t word = 0;
    if (!wr_cas_acq_rel(&mutex->word, &word, 1u)) {
        return false;
    }
    if (wr_cfg_ranks) {
        wr_mutex_note_lock_(mutex, false);
    }
    return true;
}

/*
 * Give the mutex back; the holder only.  The mutex may be gone when this
 * returns, if the next holder may free it.
 */
static inline void
wr_mutex_unlock(struct wr_mutex *mutex)
{
    if (wr_cfg_ranks) {
        wr_mutex_note_unlock_(mutex);
    }
    if (wr_unlikely(wr_exchange_acq_rel(&mutex->word, 0u) == 2)) {
        wr_mutex_unlock_slow(mutex);
    }
}

#endif
