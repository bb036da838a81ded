/* SPDX-License-Identifier: MIT */
/*
 * stress/races/report.h - the JSON records of race tests.
 *
 * The fields are documented in docs/results.md.  The `weir` command adds the
 * intervals and passes the record on.
 */
#ifndef WR_RACES_REPORT_H
#define WR_RACES_REPORT_H

#include <jansson.h>

#include "../options.h"
#include "runner.h"

/* What stays the same from one record of a run to the next. */
struct wr_race_report {
    const struct wr_options *options;
    const struct wr_race_arm *arm;
    const struct race_test *test;
};

/* The `race` record as it stands; NULL without memory. */
json_t *wr_race_record(const struct wr_race_report *report,
                       const struct wr_race_tally *tally, const char *status);

/* The records of a --list; NULL without memory. */
json_t *wr_race_list_test(const struct race_test *test);
json_t *wr_race_list_plant(const struct wr_plant_info *plant);

#endif
