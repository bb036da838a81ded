/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_table.c - the table: a section per program, a row per series.
 */
#include "lab/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/table.h"
#include "lab/text.h"

#define MEDIAN(series, field)                                                  \
    wr_series_median(series, offsetof(struct wr_sample, field))

static void
add_columns(struct wr_table *table)
{
    wr_table_column(table, "thr", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "n", WR_RIGHT, 1);
    wr_table_column(table, "wall ms", WR_RIGHT, 8);
    wr_table_column(table, "ns/op", WR_RIGHT, 7);
    wr_table_column(table, "ops/s", WR_RIGHT, 3);
    wr_table_column(table, "ratio [95 % inter.]", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "verdict", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "rss", WR_RIGHT, 5);
    wr_table_column(table, "gc p50", WR_RIGHT, 2);
    wr_table_column(table, "gc max", WR_RIGHT, 4);
}

/* The judgement that compares this series with the first; NULL: none. */
static const struct wr_judgement *
judgement_of(const struct wr_comparison *comparison,
             const struct wr_series *series)
{
    for (size_t i = 0; i < comparison->njudgements; i++) {
        const struct wr_judgement *judgement = &comparison->judgements[i];

        if (judgement->b == series && !judgement->beside) {
            return judgement;
        }
    }
    return NULL;
}

static enum wr_tone
verdict_tone(const struct wr_judgement *judgement)
{
    if (judgement->verdict == WR_SLOWER) {
        return WR_BAD;
    }
    return judgement->verdict == WR_FASTER ? WR_GOOD : WR_PLAIN;
}

/* The ratio to the first cell, and the verdict. */
static void
put_ratio(struct wr_table *table, const struct wr_judgement *judgement)
{
    const struct wr_ratio one = {.ratio = 1};
    char text[64];

    if (judgement == NULL) {
        wr_table_put(table, wr_text_ratio(&one, text, sizeof(text)), WR_FAINT);
        wr_table_put(table, "", WR_PLAIN);
        return;
    }
    wr_table_put(table, wr_text_ratio(&judgement->ratio, text, sizeof(text)),
                 WR_PLAIN);
    wr_table_put(table, wr_verdict_name(judgement->verdict),
                 verdict_tone(judgement));
}

/* "gil", "gil again" for the control, "~malloc" for a peer. */
static void
put_name(struct wr_table *table, const struct wr_series *series)
{
    char text[WR_CELL_NAME_MAX + 8];

    snprintf(text, sizeof(text), "%s%s%s", series->peer != NULL ? "~" : "",
             wr_series_name(series), series->control ? " again" : "");
    wr_table_put(table, text, series->control ? WR_FAINT : WR_PLAIN);
}

/* A run that never collected has pauses of 0. */
static void
put_pause(struct wr_table *table, double ns)
{
    char text[32];

    wr_table_put(table, ns > 0 ? wr_text_ns(ns, text, sizeof(text)) : "-",
                 WR_PLAIN);
}

static void
put_series(struct wr_table *table, const struct wr_comparison *comparison,
           const struct wr_series *series)
{
    double wall = MEDIAN(series, wall_s);
    double ops = MEDIAN(series, ops);
    double per_op = ops > 0 ? wall * 1e9 * series->threads / ops : NAN;
    char text[32];

    wr_table_row(table);
    snprintf(text, sizeof(text), "%u", series->threads);
    wr_table_put(table, text, WR_PLAIN);
    put_name(table, series);
    snprintf(text, sizeof(text), "%zu", series->n);
    wr_table_put(table, text, WR_FAINT);
    if (series->n == 0) {
        wr_table_put(table, series->failed > 0 ? "failed" : "-", WR_BAD);
        return;
    }
    wr_table_put(table, wr_text_ms(wall, text, sizeof(text)), WR_PLAIN);
    wr_table_put(table, wr_text_figures(per_op, text, sizeof(text)), WR_PLAIN);
    wr_table_put(table, wr_text_count(ops / wall, text, sizeof(text)),
                 WR_PLAIN);
    put_ratio(table, judgement_of(comparison, series));
    wr_table_put(table, wr_text_kb(MEDIAN(series, rss_kb), text, sizeof(text)),
                 WR_PLAIN);
    put_pause(table, MEDIAN(series, pause_p50_ns));
    put_pause(table, wr_series_largest(
                         series, offsetof(struct wr_sample, pause_max_ns)));
}

/* "depth=16 words=tight"; to be freed. */
static char *
params_text(const struct wr_task *task)
{
    json_t *params =
        wr_catalog_effective(task->record, task->params, task->nparams);
    char *text = wr_lab_copy("     ");
    const char *name;
    json_t *value;

    json_object_foreach(params, name, value)
    {
        char *longer =
            json_is_string(value)
                ? wr_lab_print("%s %s=%s", text, name, json_string_value(value))
                : wr_lab_print("%s %s=%lld", text, name,
                               (long long)json_integer_value(value));

        free(text);
        text = longer;
    }
    json_decref(params);
    return text;
}

static void
put_title(struct wr_table *table, const struct wr_task *task)
{
    char *title = wr_lab_print("%s: %s", task->name,
                               wr_catalog_text(task->record, "summary", ""));
    char *params = params_text(task);

    wr_table_line(table, "", WR_PLAIN);
    wr_table_line(table, title, WR_STRONG);
    if (params[strspn(params, " ")] != '\0') {
        wr_table_line(table, params, WR_FAINT);
    }
    free(title);
    free(params);
    if (task->note != NULL) {
        char *note = wr_lab_print("      (%s)", task->note);

        wr_table_line(table, note, WR_FAINT);
        free(note);
    }
}

static void
put_task(struct wr_table *table, const struct wr_comparison *comparison,
         const struct wr_task *task)
{
    put_title(table, task);
    for (size_t i = 0; i < comparison->nblocks; i++) {
        const struct wr_block *block = &comparison->blocks[i];

        for (size_t k = 0; block->task == task && k < block->count; k++) {
            put_series(table, comparison,
                       &comparison->series[block->first + k]);
        }
    }
}

void
wr_compare_table(const struct wr_comparison *comparison, FILE *out)
{
    struct wr_table *table = wr_table_new();

    add_columns(table);
    for (size_t i = 0; i < comparison->ntasks; i++) {
        put_task(table, comparison, &comparison->tasks[i]);
    }
    wr_table_write(table, out, wr_say_width(out), wr_say_colour(out));
    wr_table_free(table);
}
