/* SPDX-License-Identifier: MIT */
/*
 * base/random.h - seeded random numbers: xoshiro256** (Blackman and Vigna).
 *
 * The one idea: the same seed gives the same numbers on every machine and in
 * every flavour.  Not for secrets.  A generator belongs to one thread.
 */
#ifndef WEIR_BASE_RANDOM_H
#define WEIR_BASE_RANDOM_H

#include <stdint.h>

struct wr_random {
    uint64_t state[4];
};

/* Start the sequence that belongs to the seed; every seed is good. */
void wr_random_seed(struct wr_random *random, uint64_t seed);

/* The next number, uniform over all of uint64_t. */
static inline uint64_t
wr_random_next(struct wr_random *random)
{
    uint64_t *s = random->state;
    uint64_t scrambled = s[1] * 5;
    uint64_t result = ((scrambled << 7) | (scrambled >> 57)) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform over 0 .. bound - 1, without bias.  bound > 0. */
uint64_t wr_random_below(struct wr_random *random, uint64_t bound);

/* Uniform over [0, 1). */
double wr_random_unit(struct wr_random *random);

/* A seed from the operating system, or from the clock where that fails. */
uint64_t wr_random_entropy(void);

#endif
