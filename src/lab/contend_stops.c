/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_stops.c - stops of the world, and who came late to them.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

/* p50, p99 and the longest of a field of the stops, in us. */
static void
stop_spread(const json_t *stops, const char *field, double out[3])
{
    size_t n = json_array_size(stops);
    double *values = wr_lab_alloc(n * sizeof(double));
    size_t i;
    json_t *stop;

    json_array_foreach(stops, i, stop)
    {
        values[i] = wr_record_number(stop, field) / 1e3;
    }
    if (n > 0) {
        wr_stats_sort(values, n);
        out[0] = wr_stats_quantile_sorted(values, n, 0.5);
        out[1] = wr_stats_quantile_sorted(values, n, 0.99);
        out[2] = values[n - 1];
    }
    free(values);
}

static void
add_laggard(struct wr_side *side, const char *place, double us)
{
    size_t i = 0;

    while (i < side->nlaggards && strcmp(side->laggards[i].place, place) != 0) {
        i++;
    }
    if (i == side->nlaggards) {
        side->laggards = wr_lab_grow(
            side->laggards, (side->nlaggards + 1) * sizeof(struct wr_laggard));
        side->laggards[side->nlaggards++] =
            (struct wr_laggard){.place = wr_lab_copy(place)};
    }
    side->laggards[i].times++;
    side->laggards[i].longest_us = fmax(side->laggards[i].longest_us, us);
}

void
wr_contend_keep_stops(struct wr_side *side, const json_t *account, double *of)
{
    const json_t *stops = json_object_get(account, "stops");
    size_t i;
    json_t *stop;

    of[WR_STOPS] = wr_record_number(account, "stops_total");
    stop_spread(stops, "arrival_ns", &of[WR_ARRIVAL_P50]);
    stop_spread(stops, "work_ns", &of[WR_WORK_P50]);
    stop_spread(stops, "resume_ns", &of[WR_RESUME_P50]);
    json_array_foreach(stops, i, stop)
    {
        size_t k;
        json_t *last;

        json_array_foreach(json_object_get(stop, "last"), k, last)
        {
            add_laggard(side, wr_catalog_text(last, "place", "(detached)"),
                        wr_record_number(last, "ns") / 1e3);
        }
    }
}
