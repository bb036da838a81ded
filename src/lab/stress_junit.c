/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_junit.c - the results as JUnit XML, for build servers.
 *
 * One suite per cell, one case per test, one failure per forbidden outcome.
 */
#include "lab/stress.h"

#include <errno.h>
#include <string.h>

/* Text for an attribute: what XML cannot hold at all becomes '?'. */
static void
put_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        switch (c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\n':
        case '\t':
            fprintf(file, "&#%d;", c);
            break;
        default:
            fputc(c < 0x20 || c > 0x7e ? '?' : c, file);
        }
    }
}

static void
put_failures(FILE *file, const json_t *record)
{
    size_t i;
    json_t *outcome;

    json_array_foreach(json_object_get(record, "outcomes"), i, outcome)
    {
        if (!wr_outcome_is_forbidden(outcome)) {
            continue;
        }
        fputs("      <failure type=\"forbidden\" message=\"", file);
        put_text(file, wr_catalog_text(outcome, "values", "?"));
        fputs(": ", file);
        put_text(file, wr_catalog_text(outcome, "why", "?"));
        fprintf(
            file, " (%lld samples)\"/>\n",
            (long long)json_integer_value(json_object_get(outcome, "count")));
    }
}

static void
put_case(FILE *file, const struct wr_trial *trial)
{
    fputs("    <testcase classname=\"weir.", file);
    put_text(file, trial->cell->name);
    fputs("\" name=\"", file);
    put_text(file, wr_trial_name(trial));
    fprintf(file, "\" time=\"%.3f\">\n", (double)trial->elapsed_ns / 1e9);
    if (trial->left_out != NULL) {
        fputs("      <skipped message=\"", file);
        put_text(file, trial->left_out);
        fputs("\"/>\n", file);
    } else if (trial->record == NULL) {
        fputs("      <error message=\"it was not run\"/>\n", file);
    } else {
        put_failures(file, trial->record);
        if (trial->too_few) {
            fputs("      <error message=\"too few samples\"/>\n", file);
        }
    }
    fputs("    </testcase>\n", file);
}

/* All trials of one cell: they lie ncells apart. */
static void
put_suite(FILE *file, const struct wr_stress *stress, size_t cell)
{
    size_t ncells = stress->request->ncells;
    unsigned tests = 0;
    unsigned failures = 0;
    unsigned errors = 0;
    unsigned skipped = 0;

    for (size_t i = cell; i < stress->ntrials; i += ncells) {
        const struct wr_trial *trial = &stress->trials[i];

        tests++;
        failures += trial->forbidden > 0;
        skipped += trial->left_out != NULL;
        errors += trial->left_out == NULL &&
                  (trial->record == NULL || trial->too_few);
    }
    fputs("  <testsuite name=\"weir stress ", file);
    put_text(file, stress->request->cells[cell].name);
    fprintf(file,
            "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n",
            tests, failures, errors, skipped);
    for (size_t i = cell; i < stress->ntrials; i += ncells) {
        put_case(file, &stress->trials[i]);
    }
    fputs("  </testsuite>\n", file);
}

bool
wr_stress_junit(const struct wr_stress *stress, const char *path)
{
    FILE *file = fopen(path, "we");
    bool good;
    int saved;

    if (file == NULL) {
        return false;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", file);
    for (size_t i = 0; i < stress->request->ncells; i++) {
        put_suite(file, stress, i);
    }
    fputs("</testsuites>\n", file);
    good = ferror(file) == 0;
    saved = errno;
    if (fclose(file) != 0) {
        return false;
    }
    errno = saved;
    return good;
}
