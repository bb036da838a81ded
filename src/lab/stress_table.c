/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_table.c - what `weir stress` prints.
 *
 * All tests together get a line each, for what is as it should be needs no
 * reading.  A test that was asked for by name, or in which something forbidden
 * was seen, gets the whole table.
 */
#include "lab/stress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/stats.h"
#include "lab/table.h"
#include "lab/text.h"

/* Where the text goes, and how. */
struct page {
    FILE *out;
    size_t width;
    bool colour;
};

static uint64_t
count_of(const json_t *record, const char *field)
{
    return (uint64_t)json_integer_value(json_object_get(record, field));
}

/* "44.6%", "0.0031%"; never "0%" for what was seen. */
static void
write_percent(double fraction, char *text, size_t size)
{
    double percent = fraction * 100;

    if (percent >= 0.01) {
        snprintf(text, size, "%.*f%%", percent >= 9.995 ? 1 : 2, percent);
    } else {
        snprintf(text, size, "%.1e%%", percent);
    }
}

/* --- one line per test ---------------------------------------------------- */

static void
put_short(struct wr_table *table, const struct wr_trial *trial)
{
    char text[32];

    if (trial->left_out != NULL || trial->record == NULL) {
        wr_table_put(table, "-", WR_FAINT);
    } else if (trial->forbidden > 0) {
        wr_table_put(table, "FORBIDDEN", WR_BAD);
    } else {
        (void)wr_text_count((double)count_of(trial->record, "executions"), text,
                            sizeof(text));
        wr_table_put(table, text, trial->too_few ? WR_BAD : WR_PLAIN);
    }
}

/* The bound that holds in every cell of a test. */
static void
put_bound(struct wr_table *table, const struct wr_trial *trials, size_t n)
{
    double worst = 0;
    char text[32];

    for (size_t i = 0; i < n; i++) {
        const json_t *bound =
            trials[i].record == NULL
                ? NULL
                : json_object_get(trials[i].record, "upper_bound");

        if (trials[i].record != NULL) {
            worst = json_is_number(bound)
                        ? fmax(worst, json_number_value(bound))
                        : INFINITY;
        }
    }
    if (worst > 0 && isfinite(worst)) {
        write_percent(worst, text, sizeof(text));
        wr_table_put(table, text, WR_PLAIN);
    } else {
        wr_table_put(table, "-", WR_FAINT);
    }
}

static void
put_note(struct wr_table *table, const struct wr_trial *trials, size_t n)
{
    bool too_few = false;
    bool forbidden = false;

    for (size_t i = 0; i < n; i++) {
        forbidden = forbidden || trials[i].forbidden > 0;
        too_few = too_few || trials[i].too_few;
    }
    wr_table_put(table,
                 forbidden ? "see below"
                 : too_few ? "too few samples"
                           : "",
                 WR_BAD);
}

static void
print_lines(const struct wr_stress *stress, const struct page *page)
{
    struct wr_table *table = wr_table_new();
    size_t ncells = stress->request->ncells;

    wr_table_column(table, "test", WR_LEFT, WR_COLUMN_KEEP);
    for (size_t i = 0; i < ncells; i++) {
        wr_table_column(table, stress->request->cells[i].name, WR_RIGHT,
                        WR_COLUMN_KEEP);
    }
    wr_table_column(table, "forbidden below", WR_RIGHT, 5);
    wr_table_column(table, "", WR_LEFT, WR_COLUMN_KEEP);
    for (size_t i = 0; i < stress->ntrials; i += ncells) {
        wr_table_row(table);
        wr_table_put(table, wr_trial_name(&stress->trials[i]), WR_PLAIN);
        for (size_t k = 0; k < ncells; k++) {
            put_short(table, &stress->trials[i + k]);
        }
        put_bound(table, &stress->trials[i], ncells);
        put_note(table, &stress->trials[i], ncells);
    }
    wr_table_write(table, page->out, page->width, page->colour);
    wr_table_free(table);
}

/* --- the whole table of a trial ------------------------------------------- */

static void
put_outcome(struct wr_table *table, const json_t *outcome)
{
    const char *grade = wr_catalog_text(outcome, "grade", "?");
    const json_t *low = json_object_get(outcome, "low");
    const json_t *high = json_object_get(outcome, "high");
    bool bad = wr_outcome_is_forbidden(outcome);
    char text[64] = "-";
    char from[16];
    char to[16];

    wr_table_row(table);
    wr_table_put(table, wr_catalog_text(outcome, "values", "?"), WR_STRONG);
    (void)wr_text_grouped(count_of(outcome, "count"), text, sizeof(text));
    wr_table_put(table, text, WR_PLAIN);
    if (json_is_number(low) && count_of(outcome, "count") > 0) {
        write_percent(json_number_value(low), from, sizeof(from));
        write_percent(json_number_value(high), to, sizeof(to));
        snprintf(text, sizeof(text), "%s - %s", from, to);
    } else {
        snprintf(text, sizeof(text), "-");
    }
    wr_table_put(table, text, WR_PLAIN);
    wr_table_put(table, grade, bad ? WR_BAD : WR_PLAIN);
    wr_table_put(table, wr_catalog_text(outcome, "why", ""), WR_PLAIN);
}

/* "0,1": where the actors ran; to be freed. */
static char *
processors_text(const json_t *record)
{
    char *text = wr_lab_copy("");
    size_t i;
    json_t *cpu;

    json_array_foreach(json_object_get(record, "processors"), i, cpu)
    {
        char *longer = wr_lab_print("%s%s%lld", text, i == 0 ? "" : ",",
                                    (long long)json_integer_value(cpu));

        free(text);
        text = longer;
    }
    return text;
}

static void
print_bound(const struct wr_trial *trial, const struct page *page)
{
    const json_t *bound = json_object_get(trial->record, "upper_bound");
    char text[32];

    if (json_is_number(bound)) {
        write_percent(json_number_value(bound), text, sizeof(text));
        fprintf(
            page->out,
            "  Nothing forbidden was seen: less frequent than %s (95 %%).\n",
            text);
    }
}

static void
print_errors(const struct wr_trial *trial, const struct page *page)
{
    const char *p = trial->errors;
    const char *end;

    if (p == NULL || p[0] == '\0') {
        return;
    }
    /* The end of it says most. */
    end = p + strlen(p);
    for (int lines = 0; end > p && (end[-1] != '\n' || lines++ < 12);) {
        end--;
    }
    fputs("  The end of what it wrote on stderr:\n", page->out);
    for (p = end; *p != '\0';) {
        int n = (int)strcspn(p, "\n");

        fprintf(page->out, "    %.*s\n", n, p);
        p += n + (p[n] == '\n');
    }
}

static void
print_trial(const struct wr_trial *trial, const struct page *page)
{
    struct wr_table *table;
    char *cpus;
    char count[32];

    if (trial->left_out != NULL || trial->record == NULL) {
        fprintf(page->out, "\n%s, cell %s: left out: %s\n",
                wr_trial_name(trial), trial->cell->name,
                trial->left_out != NULL ? trial->left_out : "not run");
        return;
    }
    cpus = processors_text(trial->record);
    fprintf(page->out, "\n%s, cell %s: %s samples, actors on processors %s\n",
            wr_trial_name(trial), trial->cell->name,
            wr_text_grouped(count_of(trial->record, "executions"), count,
                            sizeof(count)),
            cpus);
    free(cpus);
    table = wr_table_new();
    wr_table_column(table, "outcome", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "samples", WR_RIGHT, WR_COLUMN_KEEP);
    wr_table_column(table, "frequency (95 %)", WR_RIGHT, 3);
    wr_table_column(table, "grade", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "how", WR_LEFT, WR_COLUMN_KEEP);
    for (size_t i = 0;
         i < json_array_size(json_object_get(trial->record, "outcomes")); i++) {
        put_outcome(table, json_array_get(
                               json_object_get(trial->record, "outcomes"), i));
    }
    wr_table_write(table, page->out, page->width, page->colour);
    wr_table_free(table);
    print_bound(trial, page);
    print_errors(trial, page);
}

/* --- the end -------------------------------------------------------------- */

static void
print_never_seen(const struct wr_trial *trial, const struct page *page)
{
    size_t i;
    json_t *outcome;

    json_array_foreach(json_object_get(trial->record, "outcomes"), i, outcome)
    {
        if (count_of(outcome, "count") == 0 &&
            strcmp(wr_catalog_text(outcome, "grade", ""), "interesting") == 0) {
            fprintf(page->out, "Never seen: %s, cell %s, %s (%s)\n",
                    wr_trial_name(trial), trial->cell->name,
                    wr_catalog_text(outcome, "values", "?"),
                    wr_catalog_text(outcome, "why", "?"));
        }
    }
}

/* The names of what was found, or of everything; to be freed. */
static char *
names_text(const struct wr_stress *stress)
{
    char *text = wr_lab_copy("");

    for (size_t i = 0; i < stress->ntrials; i += stress->request->ncells) {
        bool wanted = false;

        for (size_t k = 0; k < stress->request->ncells; k++) {
            wanted = wanted || stress->trials[i + k].forbidden > 0;
        }
        if (wanted) {
            char *longer =
                wr_lab_print("%s %s", text, wr_trial_name(&stress->trials[i]));

            free(text);
            text = longer;
        }
    }
    return text;
}

/* Where the actors of the widest test ran: actor i on the i-th of these. */
static void
print_placement(const struct wr_stress *stress, const struct page *page)
{
    const json_t *widest = NULL;
    size_t most = 0;
    char *cpus;

    for (size_t i = 0; i < stress->ntrials; i++) {
        const json_t *record = stress->trials[i].record;
        size_t n = json_array_size(json_object_get(record, "processors"));

        if (n > most) {
            most = n;
            widest = record;
        }
    }
    if (widest != NULL) {
        cpus = processors_text(widest);
        fprintf(page->out, "Actors on processors %s, in turn.  ", cpus);
        free(cpus);
    }
}

/* How to run what failed, or everything, again. */
static void
print_again(const struct wr_stress *stress, const struct page *page)
{
    const struct wr_stress_request *request = stress->request;
    char *names = names_text(stress);

    print_placement(stress, page);
    fprintf(page->out,
            "A native run cannot be replayed; again:\n  weir stress%s", names);
    for (size_t i = 0; names[0] == '\0' && i < request->ntests; i++) {
        fprintf(page->out, " %s", request->tests[i]);
    }
    fputs(" --cells ", page->out);
    for (size_t i = 0; i < request->ncells; i++) {
        fprintf(page->out, "%s%s", i == 0 ? "" : ",", request->cells[i].name);
    }
    for (size_t i = 0; i < request->nplants; i++) {
        fprintf(page->out, " --plant %s", request->plants[i]);
    }
    fprintf(page->out, " --seed %llu\n", (unsigned long long)request->seed);
    free(names);
}

static void
print_summary(const struct wr_stress *stress, const struct page *page)
{
    uint64_t samples = 0;
    unsigned run = 0;
    unsigned bad = 0;
    unsigned few = 0;
    char count[32];

    for (size_t i = 0; i < stress->ntrials; i++) {
        const struct wr_trial *trial = &stress->trials[i];

        if (trial->record != NULL) {
            print_never_seen(trial, page);
            samples += count_of(trial->record, "executions");
            run++;
            bad += trial->forbidden > 0;
            few += trial->too_few;
        }
    }
    fprintf(page->out,
            "%zu tests, %u runs, %s samples, seed %llu: %u with forbidden "
            "outcomes, %u with too few samples\n",
            stress->ntrials / stress->request->ncells, run,
            wr_text_grouped(samples, count, sizeof(count)),
            (unsigned long long)stress->request->seed, bad, few);
    print_again(stress, page);
}

void
wr_stress_table(const struct wr_stress *stress, FILE *out)
{
    const struct wr_stress_request *request = stress->request;
    bool full = request->verbose || request->ntests > 0;
    struct page page = {
        .out = out, .width = wr_say_width(out), .colour = wr_say_colour(out)};

    if (stress->ntrials == 0) {
        fputs("No tests in this part.\n", out);
        return;
    }
    if (!full) {
        print_lines(stress, &page);
    }
    for (size_t i = 0; i < stress->ntrials; i++) {
        if (full || stress->trials[i].forbidden > 0) {
            print_trial(&stress->trials[i], &page);
        }
    }
    fputc('\n', out);
    print_summary(stress, &page);
}

void
wr_stress_print_catalog(const struct wr_catalog *catalog, FILE *out)
{
    size_t i;
    json_t *record;
    const char *part = "";
    char *line;

    json_array_foreach(catalog->records, i, record)
    {
        const char *kind = wr_catalog_text(record, "record", "");
        bool test = strcmp(kind, "race-test") == 0;

        if (strcmp(kind, part) != 0) {
            fputs(test ? "Race tests (weir stress)\n"
                       : "\nFaults that can be planted (weir stress --plant)\n",
                  out);
            part = kind;
        }
        line = test ? wr_lab_print("  %-18s %s",
                                   wr_catalog_text(record, "name", "?"),
                                   wr_catalog_text(record, "summary", ""))
                    : wr_lab_print("  %-18s %s: %s",
                                   wr_catalog_text(record, "name", "?"),
                                   wr_catalog_text(record, "class", ""),
                                   wr_catalog_text(record, "origin", ""));
        wr_table_wrap(out, WR_PLAIN, false, wr_say_width(out), 21, line);
        free(line);
    }
}
