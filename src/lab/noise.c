/* SPDX-License-Identifier: MIT */
/*
 * lab/noise.c - how steady this machine is.
 *
 * The loop stays in registers, so what varies is the processor's frequency,
 * its other half, the scheduler and the hypervisor: what no program can help.
 */
#include "lab/noise.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lab/say.h"
#include "lab/stats.h"

#define LOOPS 200
#define STEPS 1500000

/* A fixed amount of dependent arithmetic; the result is kept alive. */
static uint64_t
spin(uint64_t x)
{
    for (unsigned i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

/* Total and stolen time of all processors, in ticks; false: unknown. */
static bool
read_ticks(double *total, double *stolen)
{
    FILE *file = fopen("/proc/stat", "re");
    double t[8] = {0};
    int n;

    if (file == NULL) {
        return false;
    }
    n = fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2],
               &t[3], &t[4], &t[5], &t[6], &t[7]);
    fclose(file);
    *total = 0;
    for (int i = 0; i < 8; i++) {
        *total += t[i];
    }
    *stolen = t[7];
    return n == 8;
}

void
wr_noise_measure(struct wr_noise *noise)
{
    double *times = wr_lab_alloc(LOOPS * sizeof(double));
    double total[2];
    double stolen[2];
    bool known = read_ticks(&total[0], &stolen[0]);
    volatile uint64_t seed = 88172645463325252u;

    seed = spin(seed);
    for (unsigned i = 0; i < LOOPS; i++) {
        uint64_t start = wr_clock_ns();

        seed = spin(seed);
        times[i] = (double)(wr_clock_ns() - start) / 1e9;
    }
    known = known && read_ticks(&total[1], &stolen[1]);
    wr_stats_sort(times, LOOPS);
    noise->loops = LOOPS;
    noise->median_s = wr_stats_quantile_sorted(times, LOOPS, 0.5);
    noise->spread = (wr_stats_quantile_sorted(times, LOOPS, 0.9) -
                     wr_stats_quantile_sorted(times, LOOPS, 0.1)) /
                    noise->median_s;
    noise->worst = times[LOOPS - 1] / noise->median_s - 1;
    noise->stolen = known && total[1] > total[0]
                        ? (stolen[1] - stolen[0]) / (total[1] - total[0])
                        : -1;
    free(times);
}

/* Note a reason, and that it is as bad as this. */
static void
object(enum wr_trust *trust, enum wr_trust bad, const char *reason,
       const char *reasons[8], unsigned *n)
{
    if (bad > *trust) {
        *trust = bad;
    }
    if (*n < 8) {
        reasons[(*n)++] = reason;
    }
}

enum wr_trust
wr_noise_judge(const struct wr_noise *noise, double load, unsigned cores,
               bool power_save, const char *reasons[8], unsigned *n)
{
    enum wr_trust trust = WR_TRUST_GOOD;

    *n = 0;
    if (noise->spread > 0.10) {
        object(&trust, WR_TRUST_POOR, "the same loop varies by more than 10 %",
               reasons, n);
    } else if (noise->spread > 0.03) {
        object(&trust, WR_TRUST_FAIR, "the same loop varies by more than 3 %",
               reasons, n);
    }
    if (noise->stolen > 0.05) {
        object(&trust, WR_TRUST_POOR,
               "the hypervisor takes more than 5 % of the time away", reasons,
               n);
    } else if (noise->stolen > 0.005) {
        object(&trust, WR_TRUST_FAIR, "the hypervisor takes time away", reasons,
               n);
    }
    if (load > cores) {
        object(&trust, WR_TRUST_POOR,
               "more work is waiting than there are processors", reasons, n);
    } else if (load > 0.5 * cores) {
        object(&trust, WR_TRUST_FAIR, "other work is running", reasons, n);
    }
    if (power_save) {
        object(&trust, WR_TRUST_FAIR, "the frequency governor is powersave",
               reasons, n);
    }
    if (cores < 2) {
        object(&trust, WR_TRUST_FAIR,
               "one processor: nothing about parallel threads can be measured",
               reasons, n);
    }
    return trust;
}

const char *
wr_trust_name(enum wr_trust trust)
{
    switch (trust) {
    case WR_TRUST_GOOD:
        return "good";
    case WR_TRUST_FAIR:
        return "fair";
    case WR_TRUST_POOR:
        break;
    }
    return "poor";
}
