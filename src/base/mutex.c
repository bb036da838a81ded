/* SPDX-License-Identifier: MIT */
/*
 * base/mutex.c - the waiting half of the mutex, and the rank check.
 *
 * The protocol is Drepper's third mutex ("Futexes Are Tricky"): 2 means that
 * somebody may sleep, so only then does unlocking cost a system call.  A woken
 * thread takes the mutex as 2, for it cannot know whether others still sleep.
 */
#include "base/mutex.h"

#include "base/futex.h"

enum { SPINS = 64, MAX_HELD = 16 };

_Static_assert(WR_RANKS <= 32, "a bit for each rank");

/* [owner] the ranks this thread holds, in the order taken */
static _Thread_local uint16_t held[MAX_HELD];

/* [owner] */
static _Thread_local unsigned held_count;

/* [owner] taken for a fork: how many, the highest rank, a bit for each rank */
static _Thread_local unsigned fork_count;
static _Thread_local uint16_t fork_rank;
static _Thread_local uint32_t fork_ranks;

void
wr_mutex_init(struct wr_mutex *mutex, enum wr_rank rank)
{
    mutex->rank = (uint16_t)rank;
    wr_store_relaxed(&mutex->waits, (uint16_t)0);
    wr_store_relaxed(&mutex->word, 0u);
}

void
wr_mutex_lock_slow(struct wr_mutex *mutex)
{
    uint16_t waits = wr_load_relaxed(&mutex->waits);
    if (waits != UINT16_MAX) {
        wr_store_relaxed(&mutex->waits, (uint16_t)(waits + 1));
    }
    for (int i = 0; i < SPINS; i++) {
        uint32_t word = 0;
        if (wr_load_relaxed(&mutex->word) == 0 &&
            wr_cas_acq_rel(&mutex->word, &word, 1u)) {
            return;
        }
        wr_cpu_relax();
    }
    /* Ends when the holder unlocks: sections are short and bounded. */
    while (wr_exchange_acq_rel(&mutex->word, 2u) != 0) {
        (void)wr_futex_wait(&mutex->word, 2, WR_FUTEX_FOREVER);
    }
}

void
wr_mutex_unlock_slow(struct wr_mutex *mutex)
{
    wr_futex_wake_one(&mutex->word);
}

bool
wr_mutex_any_held(void)
{
    return held_count + fork_count != 0;
}

void
wr_mutex_note_lock_(const struct wr_mutex *mutex, bool ordered)
{
    WEIR_CHECK(mutex->rank != 0);
    WEIR_CHECK(held_count < MAX_HELD);
    if (ordered && fork_count != 0 && fork_rank >= mutex->rank) {
        wr_fatal("mutex of rank %u taken within a fork", (unsigned)mutex->rank);
    }
    for (unsigned i = 0; ordered && i < held_count; i++) {
        if (held[i] >= mutex->rank) {
            wr_fatal("mutex of rank %u taken while holding rank %u",
                     (unsigned)mutex->rank, (unsigned)held[i]);
        }
    }
    held[held_count++] = mutex->rank;
}

void
wr_mutex_note_unlock_(const struct wr_mutex *mutex)
{
    unsigned i = held_count;
    while (i > 0 && held[i - 1] != mutex->rank) {
        i--;
    }
    WEIR_CHECK(i > 0);
    for (; i < held_count; i++) {
        held[i - 1] = held[i];
    }
    held_count--;
}

/* The rank never falls, and nothing else is held [inv:mutex.rank-order]. */
static void
note_fork_lock(const struct wr_mutex *mutex)
{
    WEIR_CHECK(mutex->rank != 0);
    WEIR_CHECK(held_count == 0);
    if (fork_count == 0) {
        fork_rank = 0;
        fork_ranks = 0;
    }
    if (mutex->rank < fork_rank) {
        wr_fatal("mutex of rank %u taken after rank %u for a fork",
                 (unsigned)mutex->rank, (unsigned)fork_rank);
    }
    fork_rank = mutex->rank;
    fork_ranks |= UINT32_C(1) << mutex->rank;
    fork_count++;
}

void
wr_mutex_fork_lock(struct wr_mutex *mutex)
{
    uint32_t word = 0;

    if (wr_cfg_ranks) {
        note_fork_lock(mutex);
    }
    if (!wr_cas_acq_rel(&mutex->word, &word, 1u)) {
        wr_mutex_lock_slow(mutex);
    }
}

uint32_t
wr_mutex_fork_ranks(void)
{
    return wr_cfg_ranks ? fork_ranks : UINT32_MAX;
}

void
wr_mutex_fork_unlock(struct wr_mutex *mutex)
{
    if (wr_cfg_ranks) {
        WEIR_CHECK(fork_count != 0);
        fork_count--;
    }
    if (wr_exchange_acq_rel(&mutex->word, 0u) == 2) {
        wr_mutex_unlock_slow(mutex);
    }
}
