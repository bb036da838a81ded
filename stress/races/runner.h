/* SPDX-License-Identifier: MIT */
/*
 * stress/races/runner.h - run one race test, many samples.
 *
 * An *arm* is a way to bring actors together.  The native arm lets the
 * machine schedule them; an arm that schedules them itself would be a second
 * entry here, with the same tests and the same tally.
 *
 * Read first: race.h, then native.c.
 */
#ifndef WR_RACES_RUNNER_H
#define WR_RACES_RUNNER_H

#include "races.h"
#include "tally.h"

/* What to run, and for how long. */
struct wr_race_plan {
    const struct race_test *test;
    uint64_t seed;

    /* time after which no new batch is begun, unless the minimum has not been
     * reached: then at most three times that */
    uint64_t budget_ns;

    /* end with the first forbidden outcome */
    bool until_found;

    /* a batch that takes longer is a hang, and ends the process */
    uint64_t hang_ns;
};

struct wr_race_arm {
    const char *name;

    /*
     * Run the test: the runtime runs, the caller is attached and no other
     * thread is.  `interim` is called now and then with the tally so far.
     * Returns 0; a negative WEIR_E* when threads cannot be started.
     */
    int (*run)(const struct wr_race_plan *plan, struct wr_race_tally *tally,
               void (*interim)(const struct wr_race_tally *tally));
};

extern const struct wr_race_arm wr_race_arm_native;

/*
 * How the process ends early: after a hang; when a call failed that cannot
 * fail; when there is no memory, no thread, nowhere to write, which is nobody's
 * outcome.  1 is a sanitizer's.
 */
enum { RACE_EXIT_HUNG = 4, RACE_EXIT_FAILED = 5, RACE_EXIT_UNABLE = 6 };

#endif
