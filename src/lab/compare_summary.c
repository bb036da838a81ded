/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_summary.c - what the table shows, in a few lines.
 *
 * Computed from the verdicts: nothing is said that no interval carries.
 */
#include "lab/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/table.h"
#include "lab/text.h"

#define INDENT 17

/* Where and how to write. */
struct page {
    const struct wr_comparison *comparison;
    FILE *out;
    size_t width;
    bool colour;
};

static void
heading(const struct page *page, const char *text)
{
    fputc('\n', page->out);
    wr_table_wrap(page->out, WR_STRONG, page->colour, page->width, 2, text);
}

/* "  label          text", wrapped; frees the text.  Nothing when it is empty
 * and `always` is false. */
static void
entry(const struct page *page, const char *label, char *text, bool always)
{
    if (text[0] != '\0' || always) {
        char *line = wr_lab_print("  %-*s%s", INDENT - 2, label,
                                  text[0] == '\0' ? "-" : text);

        wr_table_wrap(page->out, WR_PLAIN, page->colour, page->width, INDENT,
                      line);
        free(line);
    }
    free(text);
}

/* Add "name" or "name 1.23x" to a list; frees the old one. */
static char *
add_name(char *list, const struct wr_judgement *judgement, bool ratio)
{
    char room[16];
    char *longer = wr_lab_print(
        "%s%s%s%s%s%s", list, list[0] == '\0' ? "" : ", ",
        judgement->block->task->name, ratio ? " " : "",
        ratio ? wr_text_figures(judgement->ratio.ratio, room, sizeof(room))
              : "",
        ratio ? "x" : "");

    free(list);
    return longer;
}

/* Whether a judgement compares cell b with the first, on so many threads. */
static bool
concerns(const struct wr_judgement *judgement, const struct wr_cell *b,
         unsigned threads)
{
    return !judgement->aa && !judgement->beside && judgement->b->cell == b &&
           judgement->b->peer == NULL && judgement->block->threads == threads;
}

/* The programs with this verdict in cell b; to be freed. */
static char *
names_with(const struct wr_comparison *comparison, const struct wr_cell *b,
           unsigned threads, enum wr_verdict verdict, bool ratio)
{
    char *list = wr_lab_copy("");

    for (size_t i = 0; i < comparison->njudgements; i++) {
        const struct wr_judgement *judgement = &comparison->judgements[i];

        if (concerns(judgement, b, threads) && judgement->verdict == verdict) {
            list = add_name(list, judgement, ratio);
        }
    }
    return list;
}

static bool
any_judgement(const struct wr_comparison *comparison, const struct wr_cell *b,
              unsigned threads)
{
    for (size_t i = 0; i < comparison->njudgements; i++) {
        if (concerns(&comparison->judgements[i], b, threads)) {
            return true;
        }
    }
    return false;
}

/* Atomic counts against plain ones where no two threads run at a time. */
static void
cost_of_counts(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;
    const struct wr_request *request = comparison->request;
    const struct wr_cell *a = &request->cells[0];

    for (size_t i = 1; i < request->ncells; i++) {
        const struct wr_cell *b = &request->cells[i];
        char *title;

        if (strcmp(a->flavour->name, "gil") != 0 ||
            strcmp(b->flavour->name, "atomic") != 0 ||
            !any_judgement(comparison, b, 1)) {
            continue;
        }
        title = wr_lab_print("What atomic counts and object locks cost: time "
                             "of %s over %s, 1 thread",
                             b->name, a->name);
        heading(page, title);
        free(title);
        entry(page, "slower", names_with(comparison, b, 1, WR_SLOWER, true),
              true);
        entry(page, "faster", names_with(comparison, b, 1, WR_FASTER, true),
              false);
        entry(page, "same", names_with(comparison, b, 1, WR_SAME, false),
              false);
        entry(page, "inconclusive",
              names_with(comparison, b, 1, WR_INCONCLUSIVE, false), false);
    }
}

/* The series of a cell on so many threads; NULL: not run. */
static const struct wr_series *
find_series(const struct wr_comparison *comparison, const struct wr_task *task,
            const struct wr_cell *cell, unsigned threads)
{
    for (size_t i = 0; i < comparison->nseries; i++) {
        const struct wr_series *series = &comparison->series[i];

        if (series->task == task && series->cell == cell &&
            series->threads == threads && !series->control) {
            return series;
        }
    }
    return NULL;
}

/* How much more work per second `many` does than `one`. */
static void
put_scaling(struct wr_table *table, const struct wr_series *one,
            const struct wr_series *many, struct wr_random *random)
{
    struct wr_ratio ratio;
    double *t1;
    double *tn;
    char text[64];

    if (one == NULL || many == NULL || one->n == 0 || many->n == 0) {
        wr_table_put(table, "-", WR_PLAIN);
        return;
    }
    t1 = wr_series_times(one, true);
    tn = wr_series_times(many, true);
    wr_stats_ratio(tn, many->n, t1, one->n, WR_STATS_RESAMPLES, random, &ratio);
    wr_table_put(table, wr_text_ratio(&ratio, text, sizeof(text)), WR_PLAIN);
    free(t1);
    free(tn);
}

/* One table: programs by cells, `threads` against one thread. */
static void
scaling_table(const struct page *page, unsigned threads)
{
    const struct wr_comparison *comparison = page->comparison;
    const struct wr_request *request = comparison->request;
    struct wr_table *table = wr_table_new();
    struct wr_random random;

    wr_random_seed(&random, request->seed);
    wr_table_column(table, "", WR_LEFT, WR_COLUMN_KEEP);
    for (size_t c = 0; c < request->ncells && c < 12; c++) {
        wr_table_column(table, request->cells[c].name, WR_RIGHT,
                        8 - (c > 7 ? 7 : (int)c));
    }
    for (size_t t = 0; t < comparison->ntasks; t++) {
        const struct wr_task *task = &comparison->tasks[t];
        char *name = wr_lab_print("  %-13s ", task->name);

        wr_table_row(table);
        wr_table_put(table, name, WR_PLAIN);
        free(name);
        for (size_t c = 0; c < request->ncells && c < 12; c++) {
            const struct wr_cell *cell = &request->cells[c];

            put_scaling(table, find_series(comparison, task, cell, 1),
                        find_series(comparison, task, cell, threads), &random);
        }
    }
    wr_table_write(table, page->out, page->width, page->colour);
    wr_table_free(table);
}

/* Several threads against one: what waiting for each other costs. */
static void
cost_of_the_lock(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;
    const struct wr_request *request = comparison->request;
    bool one = false;

    for (size_t i = 0; i < request->nthreads; i++) {
        one = one || request->threads[i] == 1;
    }
    for (size_t i = 0; one && i < request->nthreads; i++) {
        unsigned threads = request->threads[i];
        char *title;

        if (threads == 1) {
            continue;
        }
        title = wr_lab_print("What the lock costs: work per second of %u "
                             "threads, 1 thread = 1, ideal %u",
                             threads, threads);
        heading(page, title);
        free(title);
        if (threads > comparison->cores) {
            fprintf(page->out,
                    "  not measurable here: %u processor%s for %u threads\n",
                    comparison->cores, comparison->cores == 1 ? "" : "s",
                    threads);
        } else {
            scaling_table(page, threads);
        }
    }
}

/* "gil" wins where b is slower, b where it is faster. */
static void
winners(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;
    const struct wr_request *request = comparison->request;

    for (size_t i = 1; i < request->ncells; i++) {
        const struct wr_cell *a = &request->cells[0];
        const struct wr_cell *b = &request->cells[i];

        for (size_t k = 0; k < request->nthreads; k++) {
            unsigned threads = request->threads[k];
            char *title;

            if (!any_judgement(comparison, b, threads)) {
                continue;
            }
            title =
                wr_lab_print("Where each wins: %s and %s, %u thread%s", a->name,
                             b->name, threads, threads == 1 ? "" : "s");
            heading(page, title);
            free(title);
            entry(page, a->name,
                  names_with(comparison, b, threads, WR_SLOWER, false), true);
            entry(page, b->name,
                  names_with(comparison, b, threads, WR_FASTER, false), true);
            entry(page, "the same",
                  names_with(comparison, b, threads, WR_SAME, false), false);
            entry(page, "inconclusive",
                  names_with(comparison, b, threads, WR_INCONCLUSIVE, false),
                  false);
        }
    }
}

static void
put_beside(struct wr_table *table, const struct wr_judgement *judgement)
{
    char text[64];
    char *name = wr_lab_print("  %s", judgement->block->task->name);

    wr_table_row(table);
    wr_table_put(table, name, WR_PLAIN);
    free(name);
    snprintf(text, sizeof(text), "%u", judgement->block->threads);
    wr_table_put(table, text, WR_PLAIN);
    wr_table_put(table, wr_series_name(judgement->b), WR_PLAIN);
    wr_table_put(table, wr_series_name(judgement->a), WR_PLAIN);
    wr_table_put(table, wr_text_ratio(&judgement->ratio, text, sizeof(text)),
                 WR_PLAIN);
    wr_table_put(table, wr_verdict_name(judgement->verdict), WR_PLAIN);
}

/* Peers against the cell that they are the counterpart of. */
static void
beside_peers(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;
    struct wr_table *table = wr_table_new();
    bool any = false;

    wr_table_column(table, "", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "thr", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "over peer", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "ratio [95 % inter.]", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "verdict", WR_LEFT, 8);
    for (size_t i = 0; i < comparison->njudgements; i++) {
        const struct wr_judgement *judgement = &comparison->judgements[i];

        if (judgement->beside) {
            put_beside(table, judgement);
            any = true;
        }
    }
    if (any) {
        heading(page, "Beside the same work without Weir: time of the cell "
                      "over the peer's");
        wr_table_write(table, page->out, page->width, page->colour);
    }
    wr_table_free(table);
}

/* The cells of a block that counted their losses and had none; to be freed. */
static char *
without_loss(const struct wr_comparison *comparison,
             const struct wr_block *block)
{
    char *list = wr_lab_copy("");

    for (size_t i = 0; i < block->count; i++) {
        const struct wr_series *series = &comparison->series[block->first + i];
        char *longer;

        /* The median of what is never known is no number. */
        if (series->control || series->peer != NULL ||
            wr_series_median(series, offsetof(struct wr_sample, lost)) != 0 ||
            wr_series_sum(series, offsetof(struct wr_sample, lost)) > 0) {
            continue;
        }
        longer = wr_lab_print("%s%s%s", list, list[0] == '\0' ? "" : ", ",
                              wr_series_name(series));
        free(list);
        list = longer;
    }
    return list;
}

/* "unsafe lost 123,456 of 4,000,000 updates (3.1 %) in ..." */
static void
put_loss(const struct page *page, const struct wr_block *block,
         const struct wr_series *series)
{
    double lost = wr_series_sum(series, offsetof(struct wr_sample, lost));
    double ops = wr_series_sum(series, offsetof(struct wr_sample, ops));
    double percent = ops > 0 ? 100 * lost / ops : 100;
    char *others = without_loss(page->comparison, block);
    char a[32];
    char b[32];
    char *line = wr_lab_print(
        "LOST UPDATES: %s lost %s of %s updates (%.*f %%) in %s, %u thread%s%s"
        "%s%s",
        wr_series_name(series), wr_text_grouped((uint64_t)lost, a, sizeof(a)),
        wr_text_grouped((uint64_t)ops, b, sizeof(b)), percent < 0.05 ? 5 : 1,
        percent, series->task->name, series->threads,
        series->threads == 1 ? "" : "s", others[0] == '\0' ? "" : "; ", others,
        others[0] == '\0' ? "" : " lost none");

    fputc('\n', page->out);
    wr_table_wrap(page->out, WR_BAD, page->colour, page->width, 2, line);
    free(line);
    free(others);
}

/* One line per series that lost updates: the loudest thing on the page. */
static void
losses(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;

    for (size_t i = 0; i < comparison->nblocks; i++) {
        const struct wr_block *block = &comparison->blocks[i];

        for (size_t k = 0; k < block->count; k++) {
            const struct wr_series *series =
                &comparison->series[block->first + k];

            if (wr_series_sum(series, offsetof(struct wr_sample, lost)) > 0) {
                put_loss(page, block, series);
            }
        }
    }
}

/* The control: differences between a cell and itself are all false. */
static void
control(const struct page *page)
{
    const struct wr_comparison *comparison = page->comparison;
    unsigned false_differences = 0;
    unsigned n = 0;
    char *line;

    for (size_t i = 0; i < comparison->njudgements; i++) {
        const struct wr_judgement *judgement = &comparison->judgements[i];

        if (judgement->aa && judgement->ratio.known) {
            n++;
            false_differences += judgement->verdict == WR_SLOWER ||
                                 judgement->verdict == WR_FASTER;
        }
    }
    line = wr_lab_print("Control: %s against itself: %u false difference%s of "
                        "%u",
                        comparison->request->cells[0].name, false_differences,
                        false_differences == 1 ? "" : "s", n);
    fputc('\n', page->out);
    wr_table_wrap(page->out, WR_PLAIN, page->colour, page->width, 2, line);
    free(line);
}

void
wr_compare_summary(const struct wr_comparison *comparison, FILE *out)
{
    struct page page = {.comparison = comparison,
                        .out = out,
                        .width = wr_say_width(out),
                        .colour = wr_say_colour(out)};

    cost_of_the_lock(&page);
    cost_of_counts(&page);
    winners(&page);
    beside_peers(&page);
    losses(&page);
    control(&page);
    fprintf(out,
            "Ratios come with 95 %% intervals; within %g %% is \"same\".  "
            "ns/op is per thread.\n",
            comparison->request->delta * 100);
}
