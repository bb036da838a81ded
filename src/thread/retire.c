/* SPDX-License-Identifier: MIT */
/*
 * thread/retire.c - blocks wait in a stack for the reclaimer.
 *
 * The stack is only pushed to and taken whole.  Waking the reclaimer costs a
 * system call and makes every thread refresh its section, so it is woken once
 * for so many bytes; what is left below that waits for company.
 */
#include "thread/gate.h"

#include "heap/raw.h"

/* Less than this may wait until something else wakes the reclaimer. */
enum { WAKE_BYTES = 64 * 1024 };

enum { LIMIT_BYTES = 32 * 1024 * 1024 };

size_t wr_retire_limit = LIMIT_BYTES;

static struct { /* SHARED */
    /* [atomic: anyone pushes acq_rel; reclaimer takes all acq_rel] */
    void *first;

    /* [atomic: anyone adds relaxed; reclaimer subtracts release, when the
     * blocks have been given back; read acquire] */
    size_t bytes;

    /* [stat] */
    uint64_t count;
} retired;

size_t
wr_retire_bytes(void)
{
    return wr_load_acquire(&retired.bytes);
}

uint64_t
wr_retire_count(void)
{
    return wr_load_relaxed(&retired.count);
}

static inline uint64_t *
word_of(void *block)
{
    return (uint64_t *)(void *)((char *)block + WR_MOVES_OFFSET);
}

static void
push(void *block)
{
    void *head = wr_load_relaxed(&retired.first);

    /* Ends when no other thread pushes meanwhile. */
    do {
        /* Odd: for a late reader the block is moving still. */
        wr_store_relaxed(word_of(block), (uint64_t)(uintptr_t)head | 1);
        /* [pair:retired/rel] */
    } while (!wr_cas_weak_acq_rel(&retired.first, &head, block));
}

/* Let a block wait.  Out of line: most are given back at once. */
static void __attribute__((noinline)) defer(void *block)
{
    size_t bytes = wr_raw_bytes(block);
    size_t before = wr_fetch_add_relaxed(&retired.bytes, bytes);

    (void)wr_fetch_add_relaxed(&retired.count, (uint64_t)1);
    push(block);
    if (before / WAKE_BYTES != (before + bytes) / WAKE_BYTES) {
        wr_reclaim_wake();
    }
}

void
wr_raw_retire(struct wr_thread *self, void *block, size_t bytes, uint64_t gate)
{
    if (wr_gate_is_private(self, gate)) {
        wr_raw_free(self->heap, block, bytes);
        return;
    }
    /* [inv:gate.same-moves] */
    WEIR_ASSERT((*word_of(block) & 1) == 1);
    defer(block);
}

void *
wr_retired_take(void)
{
    /* [pair:retired/acq] */
    return wr_exchange_acq_rel(&retired.first, NULL);
}

void
wr_retired_release(void *first)
{
    /* Ends: each block was pushed once. */
    while (first != NULL) {
        uint64_t link = wr_load_relaxed(word_of(first));
        void *next = (void *)(uintptr_t)(link & ~(uint64_t)1);
        size_t bytes = wr_raw_bytes(first);

        wr_raw_free_foreign(first);
        (void)wr_fetch_sub_acq_rel(&retired.bytes, bytes);
        first = next;
    }
}
