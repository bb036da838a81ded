/* SPDX-License-Identifier: MIT */
/*
 * lab/stress_plan.c - which race tests run in which cells.
 *
 * The lab knows no test by itself: `weir-race-<flavour> --list` says what
 * there is.  Without names every test runs; with faults to plant, those that
 * name one of them as their mutant, in the flavours where it can be found.
 */
#include "lab/stress.h"

#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

const char *
wr_trial_name(const struct wr_trial *trial)
{
    return wr_catalog_text(trial->test, "name", "?");
}

static bool
is_record(const json_t *record, const char *kind)
{
    return strcmp(wr_catalog_text(record, "record", ""), kind) == 0;
}

/* The record of a kind with that name, borrowed; NULL: none. */
static json_t *
find(const struct wr_catalog *catalog, const char *kind, const char *name)
{
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        if (is_record(record, kind) &&
            strcmp(wr_catalog_text(record, "name", ""), name) == 0) {
            return record;
        }
    }
    return NULL;
}

/* "a, b, c": all names of a kind; to be freed. */
static char *
all_names(const struct wr_catalog *catalog, const char *kind)
{
    char *text = wr_lab_copy("");
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        if (is_record(record, kind)) {
            char *longer =
                wr_lab_print("%s%s%s", text, text[0] == '\0' ? "" : ", ",
                             wr_catalog_text(record, "name", "?"));

            free(text);
            text = longer;
        }
    }
    return text;
}

static const struct wr_catalog *
catalog_of(const struct wr_stress *stress, const struct wr_cell *cell)
{
    for (size_t i = 0; i < stress->ncatalogs; i++) {
        if (strcmp(stress->catalogs[i].name, cell->flavour->name) == 0) {
            return &stress->catalogs[i];
        }
    }
    return NULL;
}

static bool
load_catalogs(struct wr_stress *stress)
{
    const struct wr_stress_request *request = stress->request;

    stress->catalogs =
        wr_lab_alloc(request->ncells * sizeof(struct wr_catalog));
    for (size_t i = 0; i < request->ncells; i++) {
        const struct wr_cell *cell = &request->cells[i];
        char *executable;
        char *message = NULL;
        bool good;

        if (catalog_of(stress, cell) != NULL) {
            continue;
        }
        if (cell->flavour->lab_only) {
            wr_say("--cells: there are no race tests for %s",
                   cell->flavour->name);
            return false;
        }
        executable = wr_lab_print("weir-race-%s", cell->flavour->name);
        good = wr_catalog_load(&stress->catalogs[stress->ncatalogs],
                               cell->flavour->name, executable, NULL, false,
                               &message);
        free(executable);
        if (!good) {
            wr_say("%s", message);
            free(message);
            return false;
        }
        stress->ncatalogs++;
    }
    return true;
}

/* Every name that was given must exist. */
static bool
check_names(const struct wr_catalog *catalog, const char *kind,
            const char *what, char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (find(catalog, kind, names[i]) == NULL) {
            char *known = all_names(catalog, kind);

            wr_say("unknown %s '%s' (%s)", what, names[i], known);
            free(known);
            return false;
        }
    }
    return true;
}

static bool
is_in(char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_text(const json_t *array, const char *text)
{
    size_t i;
    json_t *value;

    json_array_foreach(array, i, value)
    {
        if (strcmp(json_string_value(value), text) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Whether one of the planted faults is a mutant of the test, in this flavour
 * (NULL: in any).
 */
static bool
is_mutant(const struct wr_stress_request *request, const json_t *test,
          const char *flavour)
{
    size_t i;
    json_t *mutant;

    json_array_foreach(json_object_get(test, "mutants"), i, mutant)
    {
        if (is_in(request->plants, request->nplants,
                  wr_catalog_text(mutant, "plant", "")) &&
            (flavour == NULL ||
             has_text(json_object_get(mutant, "flavours"), flavour))) {
            return true;
        }
    }
    return false;
}

static bool
is_chosen(const struct wr_stress_request *request, const json_t *test)
{
    if (request->ntests > 0) {
        return is_in(request->tests, request->ntests,
                     wr_catalog_text(test, "name", ""));
    }
    return request->nplants == 0 || is_mutant(request, test, NULL);
}

/* Why a chosen test does not run in a cell; NULL: it does. */
static const char *
reason_against(const struct wr_stress_request *request, const json_t *test,
               const struct wr_cell *cell)
{
    if (wr_cell_locked(cell) &&
        json_is_true(json_object_get(test, "parallel"))) {
        return "needs threads that run in parallel";
    }
    if (request->ntests == 0 && request->nplants > 0 &&
        !is_mutant(request, test, cell->flavour->name)) {
        return "the fault cannot be found there";
    }
    return NULL;
}

static void
add_trials(struct wr_stress *stress, const json_t *test)
{
    const struct wr_stress_request *request = stress->request;

    stress->trials =
        wr_lab_grow(stress->trials, (stress->ntrials + request->ncells) *
                                        sizeof(struct wr_trial));
    for (size_t i = 0; i < request->ncells; i++) {
        const struct wr_cell *cell = &request->cells[i];

        stress->trials[stress->ntrials++] =
            (struct wr_trial){.test = test,
                              .cell = cell,
                              .catalog = catalog_of(stress, cell),
                              .left_out = reason_against(request, test, cell)};
    }
}

bool
wr_stress_plan(struct wr_stress *stress)
{
    const struct wr_stress_request *request = stress->request;
    const struct wr_catalog *first;
    unsigned chosen = 0;
    size_t i;
    json_t *record;

    if (!load_catalogs(stress)) {
        return false;
    }
    /* All flavours have the same tests and the same plants. */
    first = &stress->catalogs[0];
    if (!check_names(first, "race-test", "race test", request->tests,
                     request->ntests) ||
        !check_names(first, "plant", "fault", request->plants,
                     request->nplants)) {
        return false;
    }
    json_array_foreach(first->records, i, record)
    {
        if (is_record(record, "race-test") && is_chosen(request, record) &&
            chosen++ % request->shards == request->shard - 1) {
            add_trials(stress, record);
        }
    }
    return true;
}

void
wr_stress_free(struct wr_stress *stress)
{
    for (size_t i = 0; i < stress->ntrials; i++) {
        json_decref(stress->trials[i].record);
        free(stress->trials[i].errors);
    }
    for (size_t i = 0; i < stress->ncatalogs; i++) {
        wr_catalog_free(&stress->catalogs[i]);
    }
    free(stress->trials);
    free(stress->catalogs);
}
