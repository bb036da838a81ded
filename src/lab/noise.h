/* SPDX-License-Identifier: MIT */
/*
 * lab/noise.h - how steady this machine is, from a loop that never changes.
 */
#ifndef WR_LAB_NOISE_H
#define WR_LAB_NOISE_H

#include <stdbool.h>

struct wr_noise {
    /* how often the loop ran, and what it took in the middle case */
    unsigned loops;
    double median_s;

    /* (90th - 10th percentile) / median */
    double spread;

    /* (largest - median) / median */
    double worst;

    /* processor time that the hypervisor gave to others meanwhile, as a
     * fraction; negative: unknown */
    double stolen;
};

enum wr_trust { WR_TRUST_GOOD, WR_TRUST_FAIR, WR_TRUST_POOR };

/* Measure: about half a second on one processor. */
void wr_noise_measure(struct wr_noise *noise);

/*
 * What the numbers are good for.  `load` is the load average over the last
 * minute, negative when unknown.  Up to 8 reasons (constants) against "good"
 * in reasons[], *n of them.
 */
enum wr_trust wr_noise_judge(const struct wr_noise *noise, double load,
                             unsigned cores, bool power_save,
                             const char *reasons[8], unsigned *n);

/* "good", "fair", "poor" */
const char *wr_trust_name(enum wr_trust trust);

#endif
