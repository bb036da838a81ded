/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_table.c - the tables: a section per case, a row per run.
 *
 * Collections on request and collections that come by themselves have
 * different figures, and so a table each.
 */
#include "lab/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/table.h"
#include "lab/text.h"

#define FIELD(field) offsetof(struct wr_collect_sample, field)

static void
put_figures(struct wr_table *table, double value)
{
    char text[32];

    wr_table_put(table,
                 isfinite(value) ? wr_text_figures(value, text, sizeof(text))
                                 : "-",
                 WR_PLAIN);
}

static void
put_time(struct wr_table *table, double ns)
{
    char text[32];

    wr_table_put(table, isfinite(ns) ? wr_text_ns(ns, text, sizeof(text)) : "-",
                 WR_PLAIN);
}

/* "~python3" is a peer. */
static void
put_name(struct wr_table *table, const struct wr_run *run)
{
    char text[WR_CELL_NAME_MAX + 8];

    snprintf(text, sizeof(text), "%s%s", run->peer != NULL ? "~" : "",
             wr_run_name(run));
    wr_table_put(table, text, WR_PLAIN);
    snprintf(text, sizeof(text), "%zu", run->n);
    wr_table_put(table, text, WR_FAINT);
}

/* The median of a field with its interval. */
static void
put_median(struct wr_table *table, const struct wr_run *run, size_t offset)
{
    struct wr_ratio median;
    size_t n;
    double *values = wr_run_values(run, offset, &n);
    char text[64];

    wr_stats_median_interval(values, n, &median);
    free(values);
    wr_table_put(table,
                 n > 0 ? wr_text_ratio(&median, text, sizeof(text)) : "-",
                 WR_PLAIN);
}

static void
put_ratio(struct wr_table *table, const struct wr_run *run, bool first)
{
    char text[64];

    wr_table_put(table,
                 isfinite(run->ratio.ratio)
                     ? wr_text_ratio(&run->ratio, text, sizeof(text))
                     : "-",
                 first ? WR_FAINT : WR_PLAIN);
    wr_table_put(table, first ? "" : wr_verdict_name(run->verdict),
                 first                       ? WR_PLAIN
                 : run->verdict == WR_SLOWER ? WR_BAD
                 : run->verdict == WR_FASTER ? WR_GOOD
                                             : WR_PLAIN);
}

/* The columns that both tables begin with; false: there is nothing to show. */
static bool
put_start(struct wr_table *table, const struct wr_run *run, bool first)
{
    wr_table_row(table);
    put_name(table, run);
    if (run->n == 0) {
        wr_table_put(table, run->failed > 0 ? "failed" : "-", WR_BAD);
        return false;
    }
    put_median(table, run, FIELD(cpu_ns_per_object));
    put_ratio(table, run, first);
    return true;
}

static void
add_start_columns(struct wr_table *table)
{
    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "n", WR_RIGHT, 1);
    wr_table_column(table, "ns/object [95 %]", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "ratio [95 %]", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "verdict", WR_LEFT, 3);
}

/* --- collections on request ----------------------------------------------- */

static void
add_requested_columns(struct wr_table *table)
{
    add_start_columns(table);
    wr_table_column(table, "clock", WR_RIGHT, 2);
    wr_table_column(table, "detect", WR_RIGHT, 5);
    wr_table_column(table, "final.", WR_RIGHT, 2);
    wr_table_column(table, "free", WR_RIGHT, 6);
    wr_table_column(table, "pause", WR_RIGHT, 8);
    wr_table_column(table, "p99", WR_RIGHT, 2);
    wr_table_column(table, "max", WR_RIGHT, 7);
    wr_table_column(table, "mem", WR_RIGHT, 4);
}

static void
put_requested(struct wr_table *table, const struct wr_run *run, bool first)
{
    double objects = (double)run->c->objects;

    if (!put_start(table, run, first)) {
        return;
    }
    put_figures(table, wr_run_median(run, FIELD(ns_per_object)));
    put_figures(table, wr_run_median(run, FIELD(detect)) / objects);
    put_figures(table, wr_run_median(run, FIELD(finalize)) / objects);
    put_figures(table, wr_run_median(run, FIELD(free)) / objects);
    put_time(table, wr_run_median(run, FIELD(pause_p50)));
    put_time(table, wr_run_median(run, FIELD(pause_p99)));
    put_time(table, wr_run_largest(run, FIELD(pause_max)));
    put_figures(table, wr_run_median(run, FIELD(memory_ratio)));
}

/* --- collections that come by themselves ---------------------------------- */

static void
add_automatic_columns(struct wr_table *table)
{
    add_start_columns(table);
    wr_table_column(table, "gc time", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "gcs", WR_RIGHT, 3);
    wr_table_column(table, "p50", WR_RIGHT, 2);
    wr_table_column(table, "p99", WR_RIGHT, 2);
    wr_table_column(table, "longest", WR_RIGHT, 8);
    wr_table_column(table, "backlog", WR_RIGHT, 6);
    wr_table_column(table, "mem", WR_RIGHT, 4);
    wr_table_column(table, "visits n^", WR_RIGHT, 7);
    wr_table_column(table, "time n^", WR_RIGHT, 5);
}

static void
put_exponent(struct wr_table *table, const struct wr_run *run, size_t offset)
{
    double value = wr_run_median(run, offset);
    char text[32] = "-";

    if (isfinite(value)) {
        snprintf(text, sizeof(text), "%.2f", value);
    }
    wr_table_put(table, text, WR_PLAIN);
}

static void
put_automatic(struct wr_table *table, const struct wr_run *run, bool first)
{
    double backlog;
    char text[32];

    if (!put_start(table, run, first)) {
        return;
    }
    put_time(table, wr_run_median(run, FIELD(gc_ns)));
    wr_table_put(table,
                 wr_text_count(wr_run_median(run, FIELD(collections)), text,
                               sizeof(text)),
                 WR_PLAIN);
    put_time(table, wr_run_median(run, FIELD(pause_p50)));
    put_time(table, wr_run_median(run, FIELD(pause_p99)));
    put_time(table, wr_run_largest(run, FIELD(pause_max)));
    backlog = wr_run_median(run, FIELD(backlog_max));
    wr_table_put(table,
                 isfinite(backlog) ? wr_text_count(backlog, text, sizeof(text))
                                   : "-",
                 WR_PLAIN);
    put_figures(table, wr_run_median(run, FIELD(memory_ratio)));
    put_exponent(table, run, FIELD(visited_exponent));
    put_exponent(table, run, FIELD(time_exponent));
}

/* --- both ----------------------------------------------------------------- */

/* "tree: 1M objects, live, full, shuffled, roots known"; to be freed. */
static char *
case_title(const struct wr_case *c)
{
    char objects[32];
    char heap[32];
    char *beside;
    char *title;

    (void)wr_text_count((double)c->objects, objects, sizeof(objects));
    (void)wr_text_count((double)c->live_heap, heap, sizeof(heap));
    if (c->automatic) {
        const char *roots =
            strcmp(c->roots, "known") == 0 ? ", roots known" : "";

        return strcmp(c->graph, "churn") == 0
                   ? wr_lab_print("churn: %s objects in cycles of two, beside "
                                  "%s live%s",
                                  objects, heap, roots)
                   : wr_lab_print("%s: a live heap that grows from %s to %s "
                                  "objects%s",
                                  c->graph, heap, objects, roots);
    }
    beside = c->live_heap > 0 ? wr_lab_print(", beside %s live", heap)
                              : wr_lab_copy("");
    title = wr_lab_print("%s: %s objects, %s, %s, %s order%s%s", c->graph,
                         objects, c->state, c->generation, c->order, beside,
                         strcmp(c->roots, "known") == 0 ? ", roots known" : "");
    free(beside);
    return title;
}

/* The cases of one of the two kinds; nothing when there are none. */
static void
print_kind(const struct wr_collect *collect, bool automatic, FILE *out)
{
    struct wr_table *table = wr_table_new();
    size_t shown = 0;

    if (automatic) {
        add_automatic_columns(table);
    } else {
        add_requested_columns(table);
    }
    for (size_t i = 0; i < collect->ncases; i++) {
        const struct wr_case *c = &collect->cases[i];
        char *title;

        if (c->automatic != automatic || c->count == 0) {
            continue;
        }
        title = case_title(c);
        wr_table_line(table, "", WR_PLAIN);
        wr_table_line(table, title, WR_STRONG);
        free(title);
        for (size_t k = 0; k < c->count; k++) {
            const struct wr_run *run = &collect->runs[c->first + k];

            if (automatic) {
                put_automatic(table, run, k == 0);
            } else {
                put_requested(table, run, k == 0);
            }
        }
        shown++;
    }
    if (shown > 0) {
        wr_table_write(table, out, wr_say_width(out), wr_say_colour(out));
        fputc('\n', out);
    }
    wr_table_free(table);
}

void
wr_collect_table(const struct wr_collect *collect, FILE *out)
{
    size_t width = wr_say_width(out);
    bool colour = wr_say_colour(out);

    print_kind(collect, false, out);
    print_kind(collect, true, out);
    wr_table_wrap(out, WR_FAINT, colour, width, 0,
                  "ns/object: processor time of the collector, which the ratio "
                  "compares; clock: by the clock; detect, final., free: its "
                  "phases, per object, by the clock; mem: peak over live "
                  "memory; ~: a peer.");
}

void
wr_collect_print_graphs(const struct wr_catalog *catalog, FILE *out)
{
    size_t i;
    json_t *record;

    fputs("\nGraphs (weir collect)\n", out);
    json_array_foreach(catalog->records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "record", ""), "graph") == 0) {
            fprintf(out, "  %-9s %s\n", wr_catalog_text(record, "name", "?"),
                    wr_catalog_text(record, "summary", ""));
        }
    }
}
