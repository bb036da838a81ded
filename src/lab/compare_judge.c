/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_judge.c - from samples to ratios, intervals and verdicts.
 */
#include "lab/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

const char *
wr_series_name(const struct wr_series *series)
{
    return series->peer != NULL ? series->peer : series->cell->name;
}

double *
wr_series_times(const struct wr_series *series, bool per_op)
{
    double *times = wr_lab_alloc(series->n * sizeof(double));

    for (size_t i = 0; i < series->n; i++) {
        const struct wr_sample *sample = &series->samples[i];

        times[i] = per_op ? sample->wall_s / sample->ops : sample->wall_s;
    }
    return times;
}

/* A field of a sample by its offset. */
static double
field(const struct wr_sample *sample, size_t offset)
{
    double value;

    memcpy(&value, (const char *)sample + offset, sizeof(value));
    return value;
}

double
wr_series_median(const struct wr_series *series, size_t offset)
{
    double *values = wr_lab_alloc(series->n * sizeof(double));
    size_t n = 0;
    double median;

    for (size_t i = 0; i < series->n; i++) {
        double value = field(&series->samples[i], offset);

        if (isfinite(value)) {
            values[n++] = value;
        }
    }
    median = wr_stats_median(values, n);
    free(values);
    return median;
}

double
wr_series_largest(const struct wr_series *series, size_t offset)
{
    double largest = NAN;

    for (size_t i = 0; i < series->n; i++) {
        /* fmax() prefers a number to what is none. */
        largest = fmax(largest, field(&series->samples[i], offset));
    }
    return largest;
}

double
wr_series_sum(const struct wr_series *series, size_t offset)
{
    double sum = 0;

    for (size_t i = 0; i < series->n; i++) {
        double value = field(&series->samples[i], offset);

        sum += isfinite(value) ? value : 0;
    }
    return sum;
}

/*
 * Whether the two count different amounts of work; a peer may.  Operations
 * are then compared one by one.
 */
static bool
work_differs(const struct wr_series *a, const struct wr_series *b)
{
    double x = wr_series_median(a, offsetof(struct wr_sample, ops));
    double y = wr_series_median(b, offsetof(struct wr_sample, ops));

    return (a->peer != NULL || b->peer != NULL) && x > 0 && y > 0 &&
           fabs(x - y) > x * 1e-3;
}

static void
write_judgement(struct wr_comparison *comparison,
                const struct wr_judgement *judgement)
{
    const struct wr_ratio *ratio = &judgement->ratio;
    bool known = ratio->known;
    json_t *record = json_pack(
        "{s:i, s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "schema", 1,
        "record", judgement->aa ? "aa" : "verdict", "program",
        judgement->block->task->name, "threads", (int)judgement->block->threads,
        "a", wr_series_name(judgement->a), "b", wr_series_name(judgement->b),
        "metric", judgement->metric, "ratio",
        isfinite(ratio->ratio) ? json_real(ratio->ratio) : json_null(), "low",
        known ? json_real(ratio->low) : json_null(), "high",
        known ? json_real(ratio->high) : json_null(), "verdict",
        wr_verdict_name(judgement->verdict));

    wr_sink_write(&comparison->sink, record);
    json_decref(record);
}

static void
judge_pair(struct wr_comparison *comparison, const struct wr_block *block,
           const struct wr_series *a, const struct wr_series *b, bool beside)
{
    bool per_op = work_differs(a, b);
    double *x = wr_series_times(a, per_op);
    double *y = wr_series_times(b, per_op);
    struct wr_judgement *judgement =
        &comparison->judgements[comparison->njudgements++];

    *judgement = (struct wr_judgement){
        .block = block,
        .a = a,
        .b = b,
        .metric = per_op ? "wall_s_per_op" : "wall_s",
        .aa = b->control,
        .beside = beside,
    };
    wr_stats_ratio(x, a->n, y, b->n, WR_STATS_RESAMPLES, &comparison->random,
                   &judgement->ratio);
    judgement->verdict =
        wr_stats_verdict(&judgement->ratio, comparison->request->delta);
    write_judgement(comparison, judgement);
    free(x);
    free(y);
}

/* The unlocked cell of a flavour in a block, else a locked one; NULL: none. */
static const struct wr_series *
counterpart(const struct wr_comparison *comparison,
            const struct wr_block *block, const char *flavour)
{
    const struct wr_series *found = NULL;

    for (size_t i = 0; i < block->count; i++) {
        const struct wr_series *series = &comparison->series[block->first + i];

        if (series->cell == NULL || series->control ||
            strcmp(series->cell->flavour->name, flavour) != 0) {
            continue;
        }
        if (found == NULL || found->cell->gil) {
            found = series;
        }
    }
    return found;
}

void
wr_compare_judge(struct wr_comparison *comparison)
{
    comparison->judgements =
        wr_lab_alloc(2 * comparison->nseries * sizeof(struct wr_judgement));
    for (size_t i = 0; i < comparison->nblocks; i++) {
        const struct wr_block *block = &comparison->blocks[i];
        const struct wr_series *series = &comparison->series[block->first];

        for (size_t k = 1; k < block->count; k++) {
            judge_pair(comparison, block, &series[0], &series[k], false);
        }
        for (size_t k = 1; k < block->count; k++) {
            const struct wr_series *cell =
                series[k].against == NULL
                    ? NULL
                    : counterpart(comparison, block, series[k].against);

            if (cell != NULL) {
                judge_pair(comparison, block, &series[k], cell, true);
            }
        }
    }
}
