/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/ring.h - whose turn it is at which slot of a bounded queue.
 *
 * One thread puts into a queue, one takes out; both go round the same slots.
 * The ring holds no slots, only numbers: it says which slot comes next, and
 * waits while there is none.  What a slot is (a pointer, an item of a list) is
 * the user's matter, so a program and its peers share the ring.
 *
 * Slots change hands in batches, each with one semaphore operation on either
 * side: with batches of one, the semaphores are most of what is measured.
 *
 *     giver                                taker
 *     slot = wr_ring_next_in(r)            slot = wr_ring_next_out(r)
 *     slots[slot] = item                   item = slots[slot]
 *     wr_ring_put(r)                       wr_ring_taken(r)
 *
 * It knows nothing of the runtime: who waits calls `pause` before and
 * `resume` after, where the program leaves the runtime.
 */
#ifndef WR_STRESS_RING_H
#define WR_STRESS_RING_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

/* Around every wait; either may be NULL. */
struct wr_ring_hooks {
    int (*pause)(void);
    int (*resume)(void);
};

/* One side's place.  Each side has a cache line to itself. */
struct wr_ring_end {
    _Alignas(64) uint32_t slot;

    /* slots of the present batch that are still to be used */
    uint32_t left;

    /* slots used since the start */
    uint64_t used;
};

struct wr_ring { /* SHARED */
    /* [const] */
    uint32_t batch;
    uint32_t slots;
    struct wr_ring_hooks hooks;

    /* [atomic: stored release, loaded acquire by any] one side has given up */
    uint32_t broken;

    /* [inner] batches that may be filled; batches that may be emptied */
    _Alignas(64) sem_t room;
    _Alignas(64) sem_t filled;

    /* [owner] the giver's, and the taker's */
    struct wr_ring_end in;
    struct wr_ring_end out;
};

/* What a ring without a free slot returns, once it is broken. */
#define WR_RING_BROKEN UINT32_MAX

/* A ring of batch * batches slots, which must be below 2^31.  hooks: NULL for
 * none.  False when the system refuses. */
bool wr_ring_init(struct wr_ring *ring, uint32_t batch, uint32_t batches,
                  const struct wr_ring_hooks *hooks);

void wr_ring_destroy(struct wr_ring *ring);

/*
 * Give up: both sides find the ring broken when they next begin a batch, and
 * now if they wait.  What is in the slots then stays there.  Either side.
 */
void wr_ring_break(struct wr_ring *ring);

/* Wait for a batch; false when the ring is broken.  Not for users. */
bool wr_ring_begin_in(struct wr_ring *ring);
bool wr_ring_begin_out(struct wr_ring *ring);

/* Hand the filled slots over now, though the batch is not full: the last call
 * of the giver. */
void wr_ring_flush(struct wr_ring *ring);

/* Used, and not yet given to the other side's end: slots that hold something.
 * Caller: neither side is at work.  The i-th of them is wr_ring_rest_slot(). */
uint64_t wr_ring_rest(const struct wr_ring *ring);
uint32_t wr_ring_rest_slot(const struct wr_ring *ring, uint64_t i);

/* Hand a whole batch over.  Not for users. */
void wr_ring_end_in(struct wr_ring *ring);
void wr_ring_end_out(struct wr_ring *ring);

/* The slot to fill next, or WR_RING_BROKEN.  May wait.  Caller: the giver. */
static inline uint32_t
wr_ring_next_in(struct wr_ring *ring)
{
    if (ring->in.left == 0 && !wr_ring_begin_in(ring)) {
        return WR_RING_BROKEN;
    }
    return ring->in.slot;
}

/* The slot has been filled.  Caller: the giver, once per next_in. */
static inline void
wr_ring_put(struct wr_ring *ring)
{
    ring->in.used++;
    ring->in.slot = ring->in.slot + 1 == ring->slots ? 0 : ring->in.slot + 1;
    if (--ring->in.left == 0) {
        wr_ring_end_in(ring);
    }
}

/* The slot to empty next, or WR_RING_BROKEN.  May wait.  Caller: the taker,
 * who knows how many there will be. */
static inline uint32_t
wr_ring_next_out(struct wr_ring *ring)
{
    if (ring->out.left == 0 && !wr_ring_begin_out(ring)) {
        return WR_RING_BROKEN;
    }
    return ring->out.slot;
}

/* The slot has been emptied.  Caller: the taker, once per next_out. */
static inline void
wr_ring_taken(struct wr_ring *ring)
{
    ring->out.used++;
    ring->out.slot = ring->out.slot + 1 == ring->slots ? 0 : ring->out.slot + 1;
    if (--ring->out.left == 0) {
        wr_ring_end_out(ring);
    }
}

#endif
