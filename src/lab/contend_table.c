/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_table.c - the tables: a section per match, a row per side; a
 * row per thread; stops of the world; and what it comes to in words.
 */
#include "lab/contend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/table.h"
#include "lab/text.h"

/* So wide, threads have their table without being asked for. */
#define WIDE 120

static void
put_us(struct wr_table *table, double us)
{
    char text[32];

    wr_table_put(table, wr_text_ns(us * 1e3, text, sizeof(text)), WR_PLAIN);
}

static void
put_count(struct wr_table *table, double n)
{
    char text[32];

    wr_table_put(table, wr_text_count(n, text, sizeof(text)), WR_PLAIN);
}

static void
put_fraction(struct wr_table *table, double value)
{
    char text[32] = "-";

    if (isfinite(value)) {
        snprintf(text, sizeof(text), "%.3f", value);
    }
    wr_table_put(table, text, WR_PLAIN);
}

static void
put_interval(struct wr_table *table, const struct wr_side *side)
{
    char text[32] = "-";

    if (side->interval_us > 0) {
        snprintf(text, sizeof(text), "%llu",
                 (unsigned long long)side->interval_us);
    }
    wr_table_put(table, text, WR_FAINT);
}

/* Cell, interval and number of invocations; false: there is no more. */
static bool
put_start(struct wr_table *table, const struct wr_side *side)
{
    char text[32];

    wr_table_row(table);
    wr_table_put(table, side->cell.name, WR_PLAIN);
    put_interval(table, side);
    snprintf(text, sizeof(text), "%zu", side->n);
    wr_table_put(table, text, WR_FAINT);
    if (side->n == 0) {
        wr_table_put(table, side->failed > 0 ? "failed" : "-", WR_BAD);
    }
    return side->n > 0;
}

static void
add_start(struct wr_table *table)
{
    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "int us", WR_RIGHT, 7);
    wr_table_column(table, "n", WR_RIGHT, 1);
}

static void
add_wait(struct wr_table *table)
{
    wr_table_column(table, "wait p50", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "p99", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "p99.9", WR_RIGHT, 4);
    wr_table_column(table, "max", WR_RIGHT, 6);
}

static void
put_wait(struct wr_table *table, const double *of)
{
    put_us(table, of[WR_WAIT_P50]);
    put_us(table, of[WR_WAIT_P99]);
    put_us(table, of[WR_WAIT_P999]);
    put_us(table, of[WR_WAIT_MAX]);
}

static void
add_title(struct wr_table *table, const struct wr_match *match)
{
    char *title = wr_contend_title(match);

    wr_table_line(table, "", WR_PLAIN);
    wr_table_line(table, title, WR_STRONG);
    free(title);
}

static void
put_side(struct wr_table *table, const struct wr_side *side, bool convoy)
{
    const double *of = side->summary.median.of;

    if (!put_start(table, side)) {
        return;
    }
    put_wait(table, of);
    put_count(table, of[convoy ? WR_REQUESTS_PER_S : WR_OPS_PER_S]);
    if (convoy) {
        put_us(table, of[WR_LATENCY_P50]);
        put_us(table, of[WR_LATENCY_P99]);
        put_fraction(table, side->cpu_share.ratio);
    } else {
        put_fraction(table, of[WR_SHARE]);
    }
    put_fraction(table, of[WR_JAIN]);
    put_count(table, of[WR_HANDOFFS_PER_S]);
    put_count(table, of[WR_SWITCHES_PER_S]);
}

/* The matches of convoy, or all others; nothing when there are none. */
static void
print_sides(const struct wr_contend *contend, bool convoy, FILE *out)
{
    struct wr_table *table = wr_table_new();
    bool any = false;

    add_start(table);
    add_wait(table);
    wr_table_column(table, convoy ? "req/s" : "ops/s", WR_RIGHT, 8);
    if (convoy) {
        wr_table_column(table, "lat p50", WR_RIGHT, 5);
        wr_table_column(table, "p99", WR_RIGHT, 5);
        wr_table_column(table, "cpu share", WR_RIGHT, 8);
    } else {
        wr_table_column(table, "share", WR_RIGHT, 8);
    }
    wr_table_column(table, "Jain", WR_RIGHT, 3);
    wr_table_column(table, "handoffs/s", WR_RIGHT, 3);
    wr_table_column(table, "switches/s", WR_RIGHT, 2);
    for (size_t i = 0; i < contend->nmatches; i++) {
        const struct wr_match *match = &contend->matches[i];

        if (match->hidden || (match->io >= 0) != convoy) {
            continue;
        }
        any = true;
        add_title(table, match);
        for (size_t k = 0; k < match->count; k++) {
            put_side(table, &contend->sides[match->first + k], convoy);
        }
    }
    if (any) {
        wr_table_write(table, out, wr_say_width(out), wr_say_colour(out));
        fputc('\n', out);
    }
    wr_table_free(table);
}

/* --- threads -------------------------------------------------------------- */

static void
put_thread(struct wr_table *table, const struct wr_side *side, size_t worker)
{
    const struct wr_contender *thread = &side->workers[worker];
    struct wr_figures_summary summary;
    const double *of = summary.median.of;
    char text[32];

    wr_contend_summarize(thread->samples, thread->n, &summary);
    wr_table_row(table);
    wr_table_put(table, side->cell.name, WR_PLAIN);
    put_interval(table, side);
    snprintf(text, sizeof(text), "%zu", worker);
    wr_table_put(table, text, WR_PLAIN);
    wr_table_put(table, thread->role[0] == '\0' ? "-" : thread->role, WR_PLAIN);
    put_count(table, of[WR_OPS_PER_S]);
    put_us(table, of[WR_RUNNING]);
    put_us(table, of[WR_WAITING]);
    put_us(table, of[WR_STOPPED]);
    put_us(table, of[WR_BLOCKED]);
    put_us(table, of[WR_OFF_CPU]);
    put_wait(table, of);
}

static void
print_threads(const struct wr_contend *contend, FILE *out)
{
    struct wr_table *table = wr_table_new();

    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "int us", WR_RIGHT, 7);
    wr_table_column(table, "thr", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "role", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "ops/s", WR_RIGHT, 7);
    wr_table_column(table, "running", WR_RIGHT, 8);
    wr_table_column(table, "waiting", WR_RIGHT, 8);
    wr_table_column(table, "stopped", WR_RIGHT, 5);
    wr_table_column(table, "blocked", WR_RIGHT, 8);
    wr_table_column(table, "off cpu", WR_RIGHT, 6);
    add_wait(table);
    for (size_t i = 0; i < contend->nmatches; i++) {
        const struct wr_match *match = &contend->matches[i];

        if (match->hidden) {
            continue;
        }
        add_title(table, match);
        for (size_t k = 0; k < match->count; k++) {
            const struct wr_side *side = &contend->sides[match->first + k];

            for (size_t w = 0; w < side->nworkers; w++) {
                put_thread(table, side, w);
            }
        }
    }
    fputs("Threads; running to off cpu: time per operation\n", out);
    wr_table_write(table, out, wr_say_width(out), wr_say_colour(out));
    fputc('\n', out);
    wr_table_free(table);
}

/* --- stops ---------------------------------------------------------------- */

static void
put_stops(struct wr_table *table, const struct wr_contend *contend,
          const struct wr_side *side)
{
    const double *of = side->summary.median.of;
    char text[32];

    wr_table_row(table);
    wr_table_put(table, contend->matches[side->match].program, WR_PLAIN);
    wr_table_put(table, side->cell.name, WR_PLAIN);
    snprintf(text, sizeof(text), "%u", contend->matches[side->match].threads);
    wr_table_put(table, text, WR_PLAIN);
    put_count(table, of[WR_STOPS]);
    for (size_t i = 0; i < 9; i++) {
        put_us(table, of[WR_ARRIVAL_P50 + i]);
    }
    for (size_t i = 0; i < side->nlaggards; i++) {
        const struct wr_laggard *laggard = &side->laggards[i];
        char *line;

        (void)wr_text_ns(laggard->longest_us * 1e3, text, sizeof(text));
        line = wr_lab_print("    waited for at %s: %llu times, at most %s",
                            laggard->place, (unsigned long long)laggard->times,
                            text);
        wr_table_line(table, line, WR_FAINT);
        free(line);
    }
}

static void
print_stops(const struct wr_contend *contend, FILE *out)
{
    static const char *const groups[] = {"arrive", "work", "resume"};
    struct wr_table *table = wr_table_new();
    bool any = false;

    wr_table_column(table, "program", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "thr", WR_RIGHT, 6);
    wr_table_column(table, "stops", WR_RIGHT, 8);
    for (int i = 0; i < 3; i++) {
        wr_table_column(table, groups[i], WR_RIGHT, WR_COLUMN_KEEP);
        wr_table_column(table, "p99", WR_RIGHT, 7 - i);
        wr_table_column(table, "max", WR_RIGHT, 4 - i);
    }
    for (size_t i = 0; i < contend->nsides; i++) {
        const struct wr_side *side = &contend->sides[i];

        if (!contend->matches[side->match].hidden &&
            side->summary.median.of[WR_STOPS] > 0) {
            put_stops(table, contend, side);
            any = true;
        }
    }
    if (any) {
        fputs("Stops of the world: p50, p99 and the longest\n", out);
        wr_table_write(table, out, wr_say_width(out), wr_say_colour(out));
        fputc('\n', out);
    }
    wr_table_free(table);
}

/* --- words ---------------------------------------------------------------- */

static void
print_sentences(const struct wr_contend *contend, FILE *out)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < contend->nsides; i++) {
        const struct wr_side *side = &contend->sides[i];
        char *sentence = contend->matches[side->match].hidden
                             ? NULL
                             : wr_contend_sentence(contend, side);

        if (sentence == NULL) {
            continue;
        }
        if (side->match != last) {
            char *title = wr_contend_title(&contend->matches[side->match]);

            wr_table_wrap(out, WR_STRONG, wr_say_colour(out), wr_say_width(out),
                          2, title);
            free(title);
            last = side->match;
        }
        fprintf(out, "  %llu us, ", (unsigned long long)side->interval_us);
        wr_table_wrap(out, WR_PLAIN, wr_say_colour(out), wr_say_width(out) - 16,
                      4, sentence);
        free(sentence);
    }
}

void
wr_contend_table(const struct wr_contend *contend, FILE *out)
{
    print_sides(contend, true, out);
    print_sides(contend, false, out);
    if (contend->request->threads_table || wr_say_width(out) >= WIDE) {
        print_threads(contend, out);
    }
    print_stops(contend, out);
    print_sentences(contend, out);
}
