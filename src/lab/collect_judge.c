/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_judge.c - from invocations to medians, intervals and ratios.
 */
#include "lab/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

double *
wr_run_values(const struct wr_run *run, size_t offset, size_t *n)
{
    double *values = wr_lab_alloc(run->n * sizeof(double));

    *n = 0;
    for (size_t i = 0; i < run->n; i++) {
        double value;

        memcpy(&value, (const char *)&run->samples[i] + offset, sizeof(value));
        if (isfinite(value)) {
            values[(*n)++] = value;
        }
    }
    return values;
}

double
wr_run_median(const struct wr_run *run, size_t offset)
{
    size_t n;
    double *values = wr_run_values(run, offset, &n);
    double median = wr_stats_median(values, n);

    free(values);
    return median;
}

double
wr_run_largest(const struct wr_run *run, size_t offset)
{
    size_t n;
    double *values = wr_run_values(run, offset, &n);
    double largest = NAN;

    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, values[i]);
    }
    free(values);
    return largest;
}

static json_t *
real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* A median with its interval, as an object. */
static json_t *
median_object(const struct wr_run *run, size_t offset)
{
    struct wr_ratio median;
    size_t n;
    double *values = wr_run_values(run, offset, &n);

    wr_stats_median_interval(values, n, &median);
    free(values);
    return json_pack("{s:o, s:o, s:o}", "median", real_or_null(median.ratio),
                     "low", real_or_null(median.low), "high",
                     real_or_null(median.high));
}

/* Everything that names a case. */
static json_t *
case_object(const struct wr_case *c, const char *kind)
{
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:b}", "schema", 1, "record",
        kind, "graph", c->graph, "order", c->order, "live",
        c->automatic ? json_null()
                     : json_boolean(strcmp(c->state, "live") == 0),
        "live_heap", (json_int_t)c->live_heap, "objects",
        (json_int_t)c->objects, "generation",
        c->automatic ? json_null()
                     : json_integer(strcmp(c->generation, "full") == 0 ? 2 : 0),
        "roots_known", strcmp(c->roots, "known") == 0);
}

#define MEDIAN(run, field)                                                     \
    median_object(run, offsetof(struct wr_collect_sample, field))

static void
write_summary(struct wr_collect *collect, const struct wr_run *run)
{
    json_t *record = case_object(run->c, "collect-summary");
    json_t *more = json_pack(
        "{s:s, s:s?, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "cell",
        wr_run_name(run), "peer", run->peer, "n", (int)run->n, "ns_per_object",
        MEDIAN(run, ns_per_object), "cpu_ns_per_object",
        MEDIAN(run, cpu_ns_per_object), "pause_max_ns", MEDIAN(run, pause_max),
        "gc_ns", MEDIAN(run, gc_ns), "visited_exponent",
        MEDIAN(run, visited_exponent), "time_exponent",
        MEDIAN(run, time_exponent));

    json_object_update(record, more);
    json_decref(more);
    wr_sink_write(&collect->sink, record);
    json_decref(record);
}

static void
write_verdict(struct wr_collect *collect, const struct wr_run *first,
              const struct wr_run *run)
{
    const struct wr_ratio *ratio = &run->ratio;
    json_t *record = case_object(run->c, "collect-verdict");
    json_t *more =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "a",
                  wr_run_name(first), "b", wr_run_name(run), "metric",
                  "cpu_ns_per_object", "ratio", real_or_null(ratio->ratio),
                  "low", real_or_null(ratio->known ? ratio->low : NAN), "high",
                  real_or_null(ratio->known ? ratio->high : NAN), "verdict",
                  wr_verdict_name(run->verdict));

    json_object_update(record, more);
    json_decref(more);
    wr_sink_write(&collect->sink, record);
    json_decref(record);
}

/* Whether all are above zero, so that there is a ratio. */
static bool
all_positive(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] > 0)) {
            return false;
        }
    }
    return true;
}

/* How much longer `run` takes than the first of its case, in processor time,
 * which other work on the machine disturbs least. */
static void
compare(struct wr_collect *collect, const struct wr_run *first,
        struct wr_run *run)
{
    size_t offset = offsetof(struct wr_collect_sample, cpu_ns_per_object);
    size_t n;
    size_t m;
    double *a = wr_run_values(first, offset, &n);
    double *b = wr_run_values(run, offset, &m);

    /* A cell that never collects takes no time at all. */
    if (!all_positive(a, n) || !all_positive(b, m)) {
        n = 0;
    }
    wr_stats_ratio(a, n, b, m, WR_STATS_RESAMPLES, &collect->random,
                   &run->ratio);
    run->verdict = wr_stats_verdict(&run->ratio, collect->request->delta);
    free(a);
    free(b);
}

void
wr_collect_judge(struct wr_collect *collect)
{
    for (size_t i = 0; i < collect->ncases; i++) {
        const struct wr_case *c = &collect->cases[i];

        for (size_t k = 0; k < c->count; k++) {
            struct wr_run *first = &collect->runs[c->first];
            struct wr_run *run = first + k;

            write_summary(collect, run);
            if (k > 0) {
                compare(collect, first, run);
                write_verdict(collect, first, run);
            }
        }
    }
}
