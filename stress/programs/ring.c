/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/ring.c - whose turn it is at which slot of a bounded queue.
 *
 * A wait begins outside the runtime, so that it holds nobody up, and with a
 * few microseconds of looking: the other side is then usually about to hand a
 * batch over, and to be woken by the system would cost more.
 */
#include "ring.h"

#include <errno.h>
#include <stddef.h>

#include <weir/atomic.h>

/* How often to look before going to sleep: some microseconds. */
#define LOOKS 1000u

bool
wr_ring_init(struct wr_ring *ring, uint32_t batch, uint32_t batches,
             const struct wr_ring_hooks *hooks)
{
    *ring = (struct wr_ring){.batch = batch, .slots = batch * batches};
    if (hooks != NULL) {
        ring->hooks = *hooks;
    }
    if (sem_init(&ring->room, 0, batches) != 0) {
        return false;
    }
    if (sem_init(&ring->filled, 0, 0) != 0) {
        sem_destroy(&ring->room);
        return false;
    }
    return true;
}

void
wr_ring_destroy(struct wr_ring *ring)
{
    sem_destroy(&ring->room);
    sem_destroy(&ring->filled);
}

static bool
look(sem_t *semaphore)
{
    for (uint32_t i = 0; i < LOOKS; i++) {
        if (sem_trywait(semaphore) == 0) {
            return true;
        }
        __builtin_ia32_pause();
    }
    return false;
}

/* Take one batch's worth from the semaphore. */
static bool
wait_for(struct wr_ring *ring, sem_t *semaphore)
{
    if (sem_trywait(semaphore) != 0) {
        if (ring->hooks.pause != NULL) {
            (void)ring->hooks.pause();
        }
        if (!look(semaphore)) {
            /* Ends with the other side's next batch, or when it gives up. */
            while (sem_wait(semaphore) != 0 && errno == EINTR) {
            }
        }
        if (ring->hooks.resume != NULL) {
            (void)ring->hooks.resume();
        }
    }
    return weir_load_acquire(&ring->broken) == 0;
}

bool
wr_ring_begin_in(struct wr_ring *ring)
{
    if (!wait_for(ring, &ring->room)) {
        return false;
    }
    ring->in.left = ring->batch;
    return true;
}

bool
wr_ring_begin_out(struct wr_ring *ring)
{
    if (!wait_for(ring, &ring->filled)) {
        return false;
    }
    ring->out.left = ring->batch;
    return true;
}

void
wr_ring_end_in(struct wr_ring *ring)
{
    (void)sem_post(&ring->filled);
}

void
wr_ring_end_out(struct wr_ring *ring)
{
    (void)sem_post(&ring->room);
}

void
wr_ring_flush(struct wr_ring *ring)
{
    if (ring->in.left != 0 && ring->in.left != ring->batch) {
        ring->in.left = 0;
        wr_ring_end_in(ring);
    }
}

void
wr_ring_break(struct wr_ring *ring)
{
    weir_store_release(&ring->broken, 1u);
    (void)sem_post(&ring->room);
    (void)sem_post(&ring->filled);
}

uint64_t
wr_ring_rest(const struct wr_ring *ring)
{
    return ring->in.used - ring->out.used;
}

uint32_t
wr_ring_rest_slot(const struct wr_ring *ring, uint64_t i)
{
    return (uint32_t)((ring->out.slot + i) % ring->slots);
}
