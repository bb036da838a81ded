/* SPDX-License-Identifier: MIT */
/*
 * base/random.c - seeding, ranges and entropy.
 */
#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/assert.h"
#include "base/clock.h"

void
wr_random_seed(struct wr_random *random, uint64_t seed)
{
    /* splitmix64: its outputs are all different, so never four zeros. */
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        random->state[i] = z ^ (z >> 31);
    }
}

uint64_t
wr_random_below(struct wr_random *random, uint64_t bound)
{
    WEIR_ASSERT(bound > 0);
    /* Numbers below 2^64 mod bound would make small results more likely. */
    uint64_t reject = (0 - bound) % bound;
    uint64_t number;
    do { /* ends: each turn succeeds with probability above one half */
        number = wr_random_next(random);
    } while (number < reject);
    return number % bound;
}

double
wr_random_unit(struct wr_random *random)
{
    return (double)(wr_random_next(random) >> 11) * 0x1.0p-53;
}

/* A cancellation point of the C library must not be one of its callers: they
 * hold locks. */
uint64_t
wr_random_entropy(void)
{
    uint64_t seed;
    ssize_t got;
    int before;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    got = getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
    (void)pthread_setcancelstate(before, NULL);
    if (got != (ssize_t)sizeof(seed)) {
        seed = wr_clock_ns() ^ (uint64_t)(uintptr_t)&seed;
    }
    return seed;
}
