/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_judge.c - from invocations to medians, ratios and records.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

/* One figure of n invocations, where it is known; an array to be freed. */
static double *
values_of(const struct wr_figures *samples, size_t n, enum wr_figure figure,
          size_t *known)
{
    double *values = wr_lab_alloc(n * sizeof(double));

    *known = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(samples[i].of[figure])) {
            values[(*known)++] = samples[i].of[figure];
        }
    }
    return values;
}

void
wr_contend_summarize(const struct wr_figures *samples, size_t n,
                     struct wr_figures_summary *summary)
{
    for (size_t k = 0; k < WR_FIGURES; k++) {
        size_t known;
        double *values = values_of(samples, n, (enum wr_figure)k, &known);

        wr_stats_sort(values, known);
        summary->median.of[k] = wr_stats_median(values, known);
        summary->low.of[k] = known == 0 ? NAN : values[0];
        summary->high.of[k] = known == 0 ? NAN : values[known - 1];
        free(values);
    }
}

const struct wr_side *
wr_contend_base(const struct wr_contend *contend, const struct wr_side *side)
{
    const struct wr_match *match = &contend->matches[side->match];

    for (size_t i = 0; i < match->count; i++) {
        const struct wr_side *other = &contend->sides[match->first + i];

        if (other->interval_us == side->interval_us &&
            other->cell.flavour == side->cell.flavour &&
            other->cell.nogc == side->cell.nogc &&
            other->cell.t0 == side->cell.t0 &&
            other->cell.bytes == side->cell.bytes) {
            return other;
        }
    }
    return side;
}

/* The ratio b/a of a figure; without an interval, and without a ratio, where
 * some invocation has none that is above zero. */
static struct wr_ratio
ratio_of(struct wr_contend *contend, const struct wr_side *a,
         const struct wr_side *b, enum wr_figure figure)
{
    struct wr_ratio ratio;
    size_t n;
    size_t m;
    double *x = values_of(a->samples, a->n, figure, &n);
    double *y = values_of(b->samples, b->n, figure, &m);

    for (size_t i = 0; i < n; i++) {
        n = x[i] > 0 ? n : 0;
    }
    for (size_t i = 0; i < m; i++) {
        m = y[i] > 0 ? m : 0;
    }
    wr_stats_ratio(x, n, y, m, WR_STATS_RESAMPLES, &contend->random, &ratio);
    free(x);
    free(y);
    return ratio;
}

/* --- records -------------------------------------------------------------- */

static json_t *
real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *
percentiles(const double *of)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "p50", real(of[0]), "p99",
                     real(of[1]), "p999", real(of[2]), "max", real(of[3]));
}

json_t *
wr_contend_figures_json(const struct wr_figures *figures)
{
    const double *of = figures->of;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "wait_us", percentiles(&of[WR_WAIT_P50]), "hold_us",
        percentiles(&of[WR_HOLD_P50]), "latency_us",
        percentiles(&of[WR_LATENCY_P50]), "ops_per_s", real(of[WR_OPS_PER_S]),
        "requests_per_s", real(of[WR_REQUESTS_PER_S]), "cpu_ops_per_s",
        real(of[WR_CPU_OPS_PER_S]), "jain", real(of[WR_JAIN]), "share",
        real(of[WR_SHARE]), "handoffs", real(of[WR_HANDOFFS]), "handoffs_per_s",
        real(of[WR_HANDOFFS_PER_S]), "context_switches", real(of[WR_SWITCHES]),
        "context_switches_per_s", real(of[WR_SWITCHES_PER_S]));
}

static json_t *
three(const double *of)
{
    return json_pack("{s:o, s:o, s:o}", "p50", real(of[0]), "p99", real(of[1]),
                     "max", real(of[2]));
}

json_t *
wr_contend_stops_json(const struct wr_figures *figures)
{
    const double *of = figures->of;

    return json_pack("{s:o, s:o, s:o, s:o}", "stops", real(of[WR_STOPS]),
                     "to_safepoint_us", three(&of[WR_ARRIVAL_P50]), "work_us",
                     three(&of[WR_WORK_P50]), "resume_us",
                     three(&of[WR_RESUME_P50]));
}

/* Everything that names a side. */
static json_t *
side_object(const struct wr_contend *contend, const struct wr_side *side,
            const char *kind)
{
    const struct wr_match *match = &contend->matches[side->match];

    return json_pack(
        "{s:i, s:s, s:s, s:o, s:s, s:s?, s:i, s:o, s:o, s:o, s:i}", "schema", 1,
        "record", kind, "program", match->program, "params",
        wr_catalog_effective(match->record, match->params, match->nparams),
        "cell", side->cell.name, "policy", side->cell.policy, "threads",
        (int)match->threads, "io",
        match->io < 0 ? json_null() : json_integer(match->io), "cpu",
        match->cpu < 0 ? json_null() : json_integer(match->cpu), "interval_us",
        side->interval_us == 0 ? json_null()
                               : json_integer((json_int_t)side->interval_us),
        "n", (int)side->n);
}

/* Takes over `record`. */
static void
write_record(struct wr_contend *contend, json_t *record)
{
    wr_sink_write(&contend->sink, record);
    json_decref(record);
}

static void
merge(json_t *record, json_t *more)
{
    json_object_update(record, more);
    json_decref(more);
}

static void
write_side(struct wr_contend *contend, const struct wr_side *side)
{
    const struct wr_ratio *share = &side->cpu_share;
    json_t *record = side_object(contend, side, "contend");
    json_t *low = wr_contend_figures_json(&side->summary.low);
    json_t *high = wr_contend_figures_json(&side->summary.high);

    merge(record, wr_contend_figures_json(&side->summary.median));
    json_object_set_new(record, "cpu_share", real(share->ratio));
    json_object_set_new(low, "cpu_share",
                        real(share->known ? share->low : NAN));
    json_object_set_new(high, "cpu_share",
                        real(share->known ? share->high : NAN));
    json_object_set_new(record, "low", low);
    json_object_set_new(record, "high", high);
    write_record(contend, record);
}

static void
write_thread(struct wr_contend *contend, const struct wr_side *side,
             size_t worker)
{
    const struct wr_contender *thread = &side->workers[worker];
    struct wr_figures_summary summary;
    const double *of = summary.median.of;
    json_t *record = side_object(contend, side, "contend");

    wr_contend_summarize(thread->samples, thread->n, &summary);
    merge(record, wr_contend_figures_json(&summary.median));
    merge(record,
          json_pack(
              "{s:n, s:i, s:o, s:{s:o, s:o, s:o, s:o, s:o}}", "cpu_share",
              "thread", (int)worker, "role",
              thread->role[0] == '\0' ? json_null() : json_string(thread->role),
              "split_us", "running", real(of[WR_RUNNING]), "waiting",
              real(of[WR_WAITING]), "stopped", real(of[WR_STOPPED]), "blocked",
              real(of[WR_BLOCKED]), "off_cpu", real(of[WR_OFF_CPU])));
    json_object_set_new(record, "low", wr_contend_figures_json(&summary.low));
    json_object_set_new(record, "high", wr_contend_figures_json(&summary.high));
    write_record(contend, record);
}

static void
write_stops(struct wr_contend *contend, const struct wr_side *side)
{
    json_t *record = side_object(contend, side, "stop");
    json_t *laggards = json_array();

    for (size_t i = 0; i < side->nlaggards; i++) {
        const struct wr_laggard *laggard = &side->laggards[i];

        json_array_append_new(
            laggards, json_pack("{s:s, s:I, s:f}", "place", laggard->place,
                                "times", (json_int_t)laggard->times,
                                "longest_us", laggard->longest_us));
    }
    merge(record, wr_contend_stops_json(&side->summary.median));
    json_object_set_new(record, "laggards", laggards);
    json_object_set_new(record, "low",
                        wr_contend_stops_json(&side->summary.low));
    json_object_set_new(record, "high",
                        wr_contend_stops_json(&side->summary.high));
    write_record(contend, record);
}

static void
write_verdict(struct wr_contend *contend, const struct wr_side *a,
              const struct wr_side *side, int which)
{
    const struct wr_ratio *ratio = &side->wait[which];
    json_t *record = side_object(contend, side, "contend-verdict");

    merge(record, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "a", a->cell.name,
                            "b", side->cell.name, "metric",
                            which == 0 ? "wait_us.p50" : "wait_us.p99", "ratio",
                            real(ratio->ratio), "low",
                            real(ratio->known ? ratio->low : NAN), "high",
                            real(ratio->known ? ratio->high : NAN)));
    write_record(contend, record);
}

/* Everything about one side; the summaries of all are known. */
static void
judge_side(struct wr_contend *contend, struct wr_side *side)
{
    const struct wr_match *match = &contend->matches[side->match];
    const struct wr_side *base = wr_contend_base(contend, side);

    side->cpu_share = (struct wr_ratio){.ratio = NAN};
    if (match->alone != SIZE_MAX) {
        size_t k = (size_t)(side - contend->sides) - match->first;
        size_t first = contend->matches[match->alone].first;

        side->cpu_share = ratio_of(contend, &contend->sides[first + k], side,
                                   WR_CPU_OPS_PER_S);
    }
    write_side(contend, side);
    for (size_t i = 0; i < side->nworkers; i++) {
        write_thread(contend, side, i);
    }
    if (side->summary.median.of[WR_STOPS] > 0) {
        write_stops(contend, side);
    }
    side->wait[0] = ratio_of(contend, base, side, WR_WAIT_P50);
    side->wait[1] = ratio_of(contend, base, side, WR_WAIT_P99);
    if (base != side) {
        write_verdict(contend, base, side, 0);
        write_verdict(contend, base, side, 1);
    }
}

void
wr_contend_judge(struct wr_contend *contend)
{
    for (size_t i = 0; i < contend->nsides; i++) {
        struct wr_side *side = &contend->sides[i];

        wr_contend_summarize(side->samples, side->n, &side->summary);
    }
    for (size_t i = 0; i < contend->nsides; i++) {
        struct wr_side *side = &contend->sides[i];

        if (!contend->matches[side->match].hidden) {
            judge_side(contend, side);
        }
    }
}
