/* SPDX-License-Identifier: MIT */
/*
 * lab/compare_plan.c - what will be run: checked before anything is measured.
 */
#include "lab/compare.h"

#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

static const char *const default_programs[] = {
    "refs-private", "refs-shared", "trees", "gcbench",
    "graph-churn",  "dict-mixed",  NULL};

/* The catalogue of a flavour (or "peer"); NULL: not loaded. */
static const struct wr_catalog *
find_catalog(const struct wr_comparison *comparison, const char *name)
{
    for (size_t i = 0; i < comparison->ncatalogs; i++) {
        if (strcmp(comparison->catalogs[i].name, name) == 0) {
            return &comparison->catalogs[i];
        }
    }
    return NULL;
}

/* The name of a cell's catalogue: the lock may change what it can run. */
static const char *
catalog_name(const struct wr_cell *cell, char text[WR_CELL_NAME_MAX])
{
    snprintf(text, WR_CELL_NAME_MAX, "%s%s", cell->flavour->name,
             cell->gil ? "+gil" : "");
    return text;
}

static const struct wr_catalog *
catalog_of(const struct wr_comparison *comparison, const struct wr_cell *cell)
{
    char name[WR_CELL_NAME_MAX];

    return find_catalog(comparison, catalog_name(cell, name));
}

/* The path of --load for a flavour: %f replaced.  To be freed. */
static char *
load_path(const char *pattern, const char *flavour)
{
    const char *mark = strstr(pattern, "%f");

    if (mark == NULL) {
        return wr_lab_copy(pattern);
    }
    return wr_lab_print("%.*s%s%s", (int)(mark - pattern), pattern, flavour,
                        mark + 2);
}

static bool
add_catalog(struct wr_comparison *comparison, const char *name,
            const char *executable, const char *load, bool gil)
{
    char *message;
    struct wr_catalog *catalog = &comparison->catalogs[comparison->ncatalogs];

    if (!wr_catalog_load(catalog, name, executable, load, gil, &message)) {
        wr_say("%s", message);
        free(message);
        return false;
    }
    comparison->ncatalogs++;
    return true;
}

/* The catalogue of a cell, unless it is there already. */
static bool
add_cell_catalog(struct wr_comparison *comparison, const struct wr_cell *cell)
{
    const char *pattern = comparison->request->load;
    const char *flavour = cell->flavour->name;
    char name[WR_CELL_NAME_MAX];
    char *executable;
    char *load;
    bool good;

    if (catalog_of(comparison, cell) != NULL) {
        return true;
    }
    executable = wr_lab_print("weir-cell-%s", flavour);
    load = pattern == NULL ? NULL : load_path(pattern, flavour);
    good = add_catalog(comparison, catalog_name(cell, name), executable, load,
                       cell->gil);
    free(executable);
    if (good) {
        comparison->catalogs[comparison->ncatalogs - 1].load = load;
    } else {
        free(load);
    }
    return good;
}

static bool
load_catalogs(struct wr_comparison *comparison)
{
    const struct wr_request *request = comparison->request;

    comparison->catalogs =
        wr_lab_alloc((request->ncells + 1) * sizeof(struct wr_catalog));
    for (size_t i = 0; i < request->ncells; i++) {
        if (!add_cell_catalog(comparison, &request->cells[i])) {
            return false;
        }
    }
    return !request->peers ||
           add_catalog(comparison, "peer", "weir-peer", NULL, false);
}

/*
 * The programs that are run: those named, else the loaded one (the last of a
 * list), else the default ones.  A NULL-terminated list, to be freed; the
 * names live as long as the request and the catalogues.
 */
static const char **
chosen_programs(const struct wr_comparison *comparison)
{
    const struct wr_request *request = comparison->request;
    const json_t *records = comparison->catalogs[0].records;
    size_t n = request->nprograms;
    const char **names = wr_lab_alloc((n + 8) * sizeof(char *));

    if (n > 0) {
        memcpy(names, request->programs, n * sizeof(char *));
    } else if (request->load != NULL && json_array_size(records) > 0) {
        names[0] = wr_catalog_text(
            json_array_get(records, json_array_size(records) - 1), "name", "?");
    } else {
        memcpy(names, default_programs, sizeof(default_programs));
    }
    return names;
}

/* Fill in the task of one program; false when a cell does not have it. */
static bool
add_task(struct wr_comparison *comparison, const char *name)
{
    struct wr_task *task = &comparison->tasks[comparison->ntasks];

    for (size_t c = 0; c < comparison->ncatalogs; c++) {
        const struct wr_catalog *catalog = &comparison->catalogs[c];
        const json_t *record = wr_catalog_program(catalog, name);

        if (record == NULL && strcmp(catalog->name, "peer") != 0) {
            wr_say("unknown program '%s' (weir list shows them all)", name);
            return false;
        }
        task->record = c == 0 ? record : task->record;
    }
    if (json_is_true(json_object_get(task->record, "timed"))) {
        wr_say("%s works for a fixed time: there is nothing to compare (weir "
               "contend runs it)",
               name);
        return false;
    }
    task->name = wr_catalog_text(task->record, "name", "?");
    task->params =
        wr_lab_alloc((comparison->request->nparams + 1) * sizeof(char *));
    comparison->ntasks++;
    return true;
}

static bool
add_tasks(struct wr_comparison *comparison)
{
    const char **names = chosen_programs(comparison);
    size_t n = 0;
    bool good = true;

    while (names[n] != NULL) {
        n++;
    }
    comparison->tasks = wr_lab_alloc(n * sizeof(struct wr_task));
    for (size_t i = 0; i < n && good; i++) {
        good = add_task(comparison, names[i]);
    }
    free(names);
    return good;
}

/* Split "program.key=value"; *program is NULL for "key=value". */
static void
split_param(const char *text, const char **program, size_t *length,
            const char **key)
{
    size_t n = strcspn(text, ".=");

    *program = text[n] == '.' ? text : NULL;
    *length = n;
    *key = text[n] == '.' ? text + n + 1 : text;
}

/*
 * Give every task the parameters that concern it: first those for all
 * programs, then its own, so that its own hold.
 */
static bool
add_params(struct wr_comparison *comparison, bool own)
{
    const struct wr_request *request = comparison->request;

    for (size_t i = 0; i < request->nparams; i++) {
        const char *program;
        const char *key;
        size_t length;
        bool used = false;

        split_param(request->params[i], &program, &length, &key);
        if ((program != NULL) != own) {
            continue;
        }
        for (size_t t = 0; t < comparison->ntasks; t++) {
            struct wr_task *task = &comparison->tasks[t];

            if (own && (strlen(task->name) != length ||
                        strncmp(task->name, program, length) != 0)) {
                continue;
            }
            if (wr_catalog_has_param(task->record, key, strcspn(key, "="))) {
                task->params[task->nparams++] = wr_lab_copy(key);
                used = true;
            }
        }
        if (!used) {
            wr_say("--param: no program that was chosen has the parameter "
                   "'%.*s'",
                   (int)strcspn(request->params[i], "="), request->params[i]);
            return false;
        }
    }
    return true;
}

/* Whether the program can run with so many threads in this catalogue. */
static bool
can_run(const struct wr_catalog *catalog, const struct wr_task *task,
        unsigned threads)
{
    const json_t *record = wr_catalog_program(catalog, task->name);
    const json_t *max = json_object_get(record, "threads_max");

    return !json_is_integer(max) ||
           json_integer_value(max) >= (json_int_t)threads;
}

static void
add_series(struct wr_comparison *comparison, struct wr_block *block,
           struct wr_series series)
{
    series.task = block->task;
    series.threads = block->threads;
    comparison->series[comparison->nseries++] = series;
    block->count++;
}

/* The peers of one block. */
static void
add_peers(struct wr_comparison *comparison, struct wr_block *block)
{
    const struct wr_catalog *catalog = find_catalog(comparison, "peer");
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "program", ""), block->task->name) ==
                0 &&
            json_is_true(json_object_get(record, "available"))) {
            add_series(comparison, block,
                       (struct wr_series){
                           .peer = wr_catalog_text(record, "impl", "?"),
                           .against = wr_catalog_text(record, "against", NULL),
                           .catalog = catalog});
        }
    }
}

/* One program with one number of threads. */
static void
add_block(struct wr_comparison *comparison, struct wr_task *task,
          unsigned threads)
{
    const struct wr_request *request = comparison->request;
    struct wr_block *block = &comparison->blocks[comparison->nblocks];

    *block = (struct wr_block){
        .task = task, .threads = threads, .first = comparison->nseries};
    for (size_t i = 0; i < request->ncells; i++) {
        const struct wr_cell *cell = &request->cells[i];
        const struct wr_catalog *catalog = catalog_of(comparison, cell);

        if (!can_run(catalog, task, threads)) {
            free(task->note);
            task->note = wr_lab_print("%s cannot run it on %u threads",
                                      cell->name, threads);
            if (i == 0) {
                return;
            }
            continue;
        }
        add_series(comparison, block,
                   (struct wr_series){.cell = cell, .catalog = catalog});
        if (i == 0) {
            add_series(comparison, block,
                       (struct wr_series){
                           .cell = cell, .catalog = catalog, .control = true});
        }
    }
    if (request->peers) {
        add_peers(comparison, block);
    }
    comparison->nblocks++;
}

static bool
add_blocks(struct wr_comparison *comparison)
{
    const struct wr_request *request = comparison->request;
    size_t most = comparison->ntasks * request->nthreads;
    size_t per_block = request->ncells + 1;

    if (request->peers) {
        per_block += json_array_size(find_catalog(comparison, "peer")->records);
    }
    comparison->blocks = wr_lab_alloc(most * sizeof(struct wr_block));
    comparison->series =
        wr_lab_alloc(most * per_block * sizeof(struct wr_series));
    for (size_t t = 0; t < comparison->ntasks; t++) {
        struct wr_task *task = &comparison->tasks[t];
        size_t before = comparison->nblocks;

        for (size_t i = 0; i < request->nthreads; i++) {
            add_block(comparison, task, request->threads[i]);
        }
        if (comparison->nblocks == before) {
            wr_say("--threads: %s: %s", task->name, task->note);
            return false;
        }
    }
    return true;
}

bool
wr_compare_plan(struct wr_comparison *comparison)
{
    return load_catalogs(comparison) && add_tasks(comparison) &&
           add_params(comparison, false) && add_params(comparison, true) &&
           add_blocks(comparison);
}

void
wr_compare_free(struct wr_comparison *comparison)
{
    for (size_t i = 0; i < comparison->nseries; i++) {
        free(comparison->series[i].samples);
    }
    for (size_t i = 0; i < comparison->ntasks; i++) {
        struct wr_task *task = &comparison->tasks[i];

        for (size_t k = 0; k < task->nparams; k++) {
            free(task->params[k]);
        }
        free(task->params);
        free(task->note);
    }
    for (size_t i = 0; i < comparison->ncatalogs; i++) {
        wr_catalog_free(&comparison->catalogs[i]);
    }
    free(comparison->series);
    free(comparison->blocks);
    free(comparison->tasks);
    free(comparison->judgements);
    free(comparison->catalogs);
}
