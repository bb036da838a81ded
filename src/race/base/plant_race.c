/* SPDX-License-Identifier: MIT */
/*
 * race/base/plant_race.c - the set of planted faults, and time taken out.
 */
#include "base/plant.h"

#include <sched.h>
#include <string.h>

#include "base/random.h"

_Static_assert(WR_PLANTS <= 64 * WR_PLANT_WORDS, "a bit for each fault");

uint64_t wr_plant_bits[WR_PLANT_WORDS];
__thread void (*wr_plant_pause_hook)(void);
__thread uint32_t wr_perturb_left;

static const struct wr_plant_info plants[] = {
#define WR_PLANT(symbol, name, class, arms, origin) {name, class, arms, origin},
#include "base/plants.def"
#undef WR_PLANT
};

/* [owner] zero until the thread takes part. */
static __thread struct wr_random chance;
static __thread uint32_t perturb_mean;

const struct wr_plant_info *
wr_plant_nth(size_t n)
{
    return n < (size_t)WR_PLANTS ? &plants[n] : NULL;
}

bool
wr_plant_set(const char *name)
{
    for (unsigned i = 0; i < (unsigned)WR_PLANTS; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            wr_plant_bits[i / 64] |= UINT64_C(1) << (i % 64);
            return true;
        }
    }
    return false;
}

static void
spin(uint64_t turns)
{
    for (uint64_t i = 0; i < turns; i++) {
        __asm__ volatile("");
    }
}

/* Spin for a while whose length is random by orders of magnitude, or yield. */
static void
pass_time(void)
{
    uint64_t dice = wr_random_next(&chance);

    switch (dice & 7) {
    case 0:
    case 1:
        (void)sched_yield();
        break;
    case 2:
        spin(dice >> 8 & 0x7fff);
        break;
    default:
        spin(dice >> 8 & 0x1ff);
        break;
    }
}

void
wr_perturb(void)
{
    if (perturb_mean == 0) {
        return;
    }
    wr_perturb_left =
        1 + (uint32_t)wr_random_below(&chance, 2 * (uint64_t)perturb_mean);
    pass_time();
}

void
wr_perturb_start(uint64_t seed, uint32_t mean)
{
    wr_random_seed(&chance, seed);
    perturb_mean = mean;
    wr_perturb_left =
        mean == 0 ? 0 : 1 + (uint32_t)wr_random_below(&chance, mean);
}

void
wr_plant_pause(void)
{
    if (chance.state[0] == 0 && chance.state[1] == 0) {
        /* A thread that takes no part in a test. */
        return;
    }
    if (wr_plant_pause_hook != NULL) {
        wr_plant_pause_hook();
    }
    if ((wr_random_next(&chance) & 3) != 0) {
        pass_time();
    }
}
