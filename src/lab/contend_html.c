/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_html.c - --html: one page that needs nothing else.
 *
 * The pictures are drawn by gnuplot where it is installed; without it the page
 * says so and has the tables.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>

#include "lab/say.h"

/* Text with what HTML takes for its own replaced. */
static void
put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* --- tables --------------------------------------------------------------- */

static void
put_number(FILE *out, double value)
{
    if (!isfinite(value)) {
        fputs("<td>-</td>", out);
    } else if (value >= 1000) {
        fprintf(out, "<td>%.0f</td>", value);
    } else {
        fprintf(out, "<td>%.3g</td>", value);
    }
}

static void
put_head(FILE *out, const char *const *titles)
{
    fputs("<table><tr>", out);
    for (; *titles != NULL; titles++) {
        fprintf(out, "<th>%s</th>", *titles);
    }
    fputs("</tr>\n", out);
}

static void
put_side_start(FILE *out, const struct wr_side *side)
{
    fputs("<tr><td class=l>", out);
    put_text(out, side->cell.name);
    fprintf(out, "</td><td>%llu</td>", (unsigned long long)side->interval_us);
}

static void
put_sides(FILE *out, const struct wr_contend *contend,
          const struct wr_match *match)
{
    static const char *const titles[] = {"cell",
                                         "interval, us",
                                         "n",
                                         "wait p50, us",
                                         "p99",
                                         "p99.9",
                                         "max",
                                         "hold p50",
                                         "p99",
                                         "max",
                                         "requests/s",
                                         "ops/s",
                                         "latency p50, us",
                                         "p99",
                                         "CPU share",
                                         "share",
                                         "Jain",
                                         "handoffs/s",
                                         "switches/s",
                                         NULL};
    static const enum wr_figure figures[] = {
        WR_WAIT_P50,  WR_WAIT_P99,    WR_WAIT_P999,      WR_WAIT_MAX,
        WR_HOLD_P50,  WR_HOLD_P99,    WR_HOLD_MAX,       WR_REQUESTS_PER_S,
        WR_OPS_PER_S, WR_LATENCY_P50, WR_LATENCY_P99,    WR_FIGURES,
        WR_SHARE,     WR_JAIN,        WR_HANDOFFS_PER_S, WR_SWITCHES_PER_S};

    put_head(out, titles);
    for (size_t k = 0; k < match->count; k++) {
        const struct wr_side *side = &contend->sides[match->first + k];

        put_side_start(out, side);
        fprintf(out, "<td>%zu</td>", side->n);
        for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
            /* The share of the CPU threads is a ratio, not a figure. */
            put_number(out, figures[i] == WR_FIGURES
                                ? side->cpu_share.ratio
                                : side->summary.median.of[figures[i]]);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void
put_threads(FILE *out, const struct wr_contend *contend,
            const struct wr_match *match)
{
    static const char *const titles[] = {"cell",
                                         "interval, us",
                                         "thread",
                                         "role",
                                         "ops/s",
                                         "running",
                                         "waiting",
                                         "stopped",
                                         "blocked, us per op",
                                         "off CPU",
                                         NULL};

    put_head(out, titles);
    for (size_t k = 0; k < match->count; k++) {
        const struct wr_side *side = &contend->sides[match->first + k];

        for (size_t w = 0; w < side->nworkers; w++) {
            const struct wr_contender *thread = &side->workers[w];
            struct wr_figures_summary summary;

            wr_contend_summarize(thread->samples, thread->n, &summary);
            put_side_start(out, side);
            fprintf(out, "<td>%zu</td><td class=l>", w);
            put_text(out, thread->role[0] == '\0' ? "-" : thread->role);
            fputs("</td>", out);
            put_number(out, summary.median.of[WR_OPS_PER_S]);
            for (int i = WR_RUNNING; i <= WR_OFF_CPU; i++) {
                put_number(out, summary.median.of[i]);
            }
            fputs("</tr>\n", out);
        }
    }
    fputs("</table>\n", out);
}

/* Who had the lock before whom; the darker, the more often. */
static void
put_handoffs(FILE *out, const struct wr_side *side)
{
    size_t n = side->nworkers + 1;
    double most = 0;

    for (size_t i = 0; side->n > 0 && i < n * n; i++) {
        most = fmax(most, side->handoffs[i]);
    }
    if (!(most > 0)) {
        return;
    }
    fputs("<table class=m><caption>Handoffs, ", out);
    put_text(out, side->cell.name);
    fprintf(out, ", %llu us: from row to column</caption><tr><th></th>",
            (unsigned long long)side->interval_us);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, i + 1 < n ? "<th>%zu</th>" : "<th>other</th>", i);
    }
    fputs("</tr>\n", out);
    for (size_t from = 0; from < n; from++) {
        fprintf(out, from + 1 < n ? "<tr><th>%zu %s</th>" : "<tr><th>other",
                from, from + 1 < n ? side->workers[from].role : "");
        for (size_t to = 0; to < n; to++) {
            double count = side->handoffs[from * n + to];

            fprintf(out, "<td style=\"background:rgba(30,100,200,%.2f)\">%.0f",
                    0.75 * count / most, count);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void
put_match(FILE *out, char *gnuplot, const struct wr_contend *contend,
          const struct wr_match *match)
{
    char *title = wr_contend_title(match);

    fputs("<h2>", out);
    put_text(out, title);
    fputs("</h2>\n", out);
    free(title);
    for (size_t k = 0; k < match->count; k++) {
        char *sentence =
            wr_contend_sentence(contend, &contend->sides[match->first + k]);

        if (sentence != NULL) {
            fputs("<p>", out);
            put_text(out, sentence);
            fputs("</p>\n", out);
            free(sentence);
        }
    }
    put_sides(out, contend, match);
    fputs("<div>\n", out);
    wr_contend_draw(out, gnuplot, contend, match, WR_WAIT_P50,
                    "wait for the lock");
    wr_contend_draw(out, gnuplot, contend, match, WR_HOLD_P50, "lock held");
    fputs("</div>\n", out);
    put_threads(out, contend, match);
    for (size_t k = 0; k < match->count; k++) {
        put_handoffs(out, &contend->sides[match->first + k]);
    }
}

bool
wr_contend_html(const struct wr_contend *contend, FILE *out)
{
    char *gnuplot = wr_contend_gnuplot();

    fputs("<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>\n"
          "<title>weir contend</title>\n<style>\n"
          "body{font:14px sans-serif;margin:2em;color:#222}\n"
          "table{border-collapse:collapse;margin:1em 0}\n"
          "th,td{border:1px solid #ccc;padding:2px 8px;text-align:right}\n"
          "th{background:#f2f2f2}.l{text-align:left}\n"
          "caption{text-align:left}\n"
          ".m{display:inline-table;margin-right:2em}\n"
          "svg{width:460px;height:300px}\n</style>\n"
          "<h1>Who held the lock, who waited, how long</h1>\n",
          out);
    if (gnuplot == NULL) {
        fputs("<p>gnuplot is not installed (package gnuplot-nox), so there "
              "are no pictures.</p>\n",
              out);
    }
    for (size_t i = 0; i < contend->nmatches; i++) {
        if (!contend->matches[i].hidden) {
            put_match(out, gnuplot, contend, &contend->matches[i]);
        }
    }
    fputs("</html>\n", out);
    free(gnuplot);
    return ferror(out) == 0;
}
