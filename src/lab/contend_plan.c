/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_plan.c - which programs run how, under which policies.
 *
 * All sides of all matches are laid out in the same order, so that side k of
 * a match and side k of its match without I/O threads are one cell, policy
 * and interval.
 */
#include "lab/contend.h"

#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/text.h"

/* Threads of either kind that convoy can have. */
#define CONVOY_MAX 8

static const struct wr_catalog *
find_catalog(const struct wr_contend *contend, const struct wr_cell *cell)
{
    char name[WR_CELL_NAME_MAX];

    snprintf(name, sizeof(name), "%s%s", cell->flavour->name,
             cell->gil ? "+gil" : "");
    for (size_t i = 0; i < contend->ncatalogs; i++) {
        if (strcmp(contend->catalogs[i].name, name) == 0) {
            return &contend->catalogs[i];
        }
    }
    return NULL;
}

/* The list of a cell's flavour, with the lock or without, unless it is there
 * already. */
static bool
add_catalog(struct wr_contend *contend, const struct wr_cell *cell)
{
    char *executable;
    char *name;
    char *message;
    bool good;

    if (find_catalog(contend, cell) != NULL) {
        return true;
    }
    executable = wr_lab_print("weir-cell-%s", cell->flavour->name);
    name = wr_lab_print("%s%s", cell->flavour->name, cell->gil ? "+gil" : "");
    good = wr_catalog_load(&contend->catalogs[contend->ncatalogs], name,
                           executable, NULL, cell->gil, &message);
    free(executable);
    free(name);
    if (!good) {
        wr_say("%s", message);
        free(message);
        return false;
    }
    contend->ncatalogs++;
    return true;
}

/* The cell of a side: with the lock and the policy, or without either. */
static struct wr_cell
cell_with(const struct wr_cell *cell, const char *policy)
{
    struct wr_cell with = *cell;

    if (strcmp(policy, "none") != 0) {
        wr_cell_set_policy(&with, policy);
    }
    return with;
}

static bool
load_catalogs(struct wr_contend *contend)
{
    const struct wr_contend_request *request = contend->request;

    contend->catalogs =
        wr_lab_alloc(2 * request->ncells * sizeof(struct wr_catalog));
    for (size_t i = 0; i < request->ncells; i++) {
        for (size_t k = 0; request->policies[k] != NULL; k++) {
            struct wr_cell cell =
                cell_with(&request->cells[i], request->policies[k]);

            if (!add_catalog(contend, &cell)) {
                return false;
            }
        }
    }
    return true;
}

/* Where a parameter's key begins, and whether it concerns the program. */
static const char *
key_for(const char *text, const char *program)
{
    size_t n = strcspn(text, ".=");

    if (text[n] != '.') {
        return text;
    }
    return strlen(program) == n && strncmp(text, program, n) == 0 ? text + n + 1
                                                                  : NULL;
}

/* The value of a convoy's parameter, a list, and how it ends; its default when
 * it is not given.  Own parameters hold over those for all. */
static const char *
list_of(const struct wr_contend *contend, const char *key)
{
    const struct wr_contend_request *request = contend->request;
    const char *found = "1";
    bool found_own = false;
    size_t n = strlen(key);

    for (size_t i = 0; i < request->nparams; i++) {
        const char *text = request->params[i];
        const char *start = key_for(text, "convoy");

        if (start != NULL && strncmp(start, key, n) == 0 && start[n] == '=' &&
            (start != text || !found_own)) {
            found = start + n + 1;
            found_own = start != text;
        }
    }
    return found;
}

/* Numbers of threads; NULL after one line. */
static uint64_t *
convoy_threads(const struct wr_contend *contend, const char *key, size_t *n)
{
    const char *text = list_of(contend, key);
    char **pieces = wr_text_split(text);
    uint64_t *numbers = NULL;

    for (*n = 0; pieces != NULL && pieces[*n] != NULL; (*n)++) {
        numbers = wr_lab_grow(numbers, (*n + 1) * sizeof(uint64_t));
        if (!wr_text_uint(pieces[*n], 0, CONVOY_MAX, &numbers[*n])) {
            free(numbers);
            numbers = NULL;
            break;
        }
    }
    wr_text_free_list(pieces);
    if (numbers == NULL) {
        wr_say("--param %s: '%s' is not a list of numbers from 0 to %d", key,
               text, CONVOY_MAX);
    }
    return numbers;
}

/* Whether some chosen program uses each parameter. */
static bool
check_params(const struct wr_contend *contend, char *const *programs)
{
    const struct wr_contend_request *request = contend->request;

    for (size_t i = 0; i < request->nparams; i++) {
        const char *text = request->params[i];
        bool used = false;

        for (size_t k = 0; programs[k] != NULL; k++) {
            const char *key = key_for(text, programs[k]);

            used = used ||
                   (key != NULL &&
                    wr_catalog_has_param(
                        wr_catalog_program(&contend->catalogs[0], programs[k]),
                        key, strcspn(key, "=")));
        }
        if (!used) {
            wr_say("--param: no program that was chosen has the parameter "
                   "'%.*s'",
                   (int)strcspn(text, "="), text);
            return false;
        }
    }
    return true;
}

/* The parameters that concern a match, its own after those for all. */
static void
add_params(const struct wr_contend *contend, struct wr_match *match)
{
    const struct wr_contend_request *request = contend->request;

    match->params = wr_lab_alloc((request->nparams + 3) * sizeof(char *));
    for (int own = 0; own < 2; own++) {
        for (size_t i = 0; i < request->nparams; i++) {
            const char *text = request->params[i];
            const char *key = key_for(text, match->program);

            if (key == NULL || (key != text) != (own == 1) ||
                !wr_catalog_has_param(match->record, key, strcspn(key, "="))) {
                continue;
            }
            if (match->io >= 0 &&
                (strncmp(key, "io=", 3) == 0 || strncmp(key, "cpu=", 4) == 0)) {
                continue;
            }
            match->params[match->nparams++] = wr_lab_copy(key);
        }
    }
    if (match->io >= 0) {
        match->params[match->nparams++] =
            wr_lab_print("io=%lld", (long long)match->io);
        match->params[match->nparams++] =
            wr_lab_print("cpu=%lld", (long long)match->cpu);
    }
}

/* Lay out a match and its sides. */
static size_t
add_match(struct wr_contend *contend, struct wr_match match)
{
    const struct wr_contend_request *request = contend->request;

    match.record = wr_catalog_program(&contend->catalogs[0], match.program);
    match.first = contend->nsides;
    match.alone = SIZE_MAX;
    add_params(contend, &match);
    for (size_t c = 0; c < request->ncells; c++) {
        for (size_t i = 0; i < request->nintervals; i++) {
            for (size_t p = 0; request->policies[p] != NULL; p++) {
                struct wr_side side = {.match = contend->nmatches};

                side.cell = cell_with(&request->cells[c], request->policies[p]);
                side.catalog = find_catalog(contend, &side.cell);
                side.interval_us =
                    wr_cell_locked(&side.cell) ? request->intervals[i] : 0;
                /* Without a lock there is no interval, so once is enough. */
                if (side.interval_us == 0 && i > 0) {
                    continue;
                }
                contend->sides =
                    wr_lab_grow(contend->sides,
                                (contend->nsides + 1) * sizeof(struct wr_side));
                contend->sides[contend->nsides++] = side;
                match.count++;
            }
        }
    }
    contend->matches = wr_lab_grow(
        contend->matches, (contend->nmatches + 1) * sizeof(struct wr_match));
    contend->matches[contend->nmatches] = match;
    return contend->nmatches++;
}

/* The convoy of so many threads, if it is laid out; else SIZE_MAX. */
static size_t
find_convoy(const struct wr_contend *contend, int64_t io, int64_t cpu)
{
    for (size_t i = 0; i < contend->nmatches; i++) {
        if (contend->matches[i].io == io && contend->matches[i].cpu == cpu) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool
add_convoy(struct wr_contend *contend, const char *program, uint64_t io,
           uint64_t cpu)
{
    if (io + cpu == 0) {
        wr_say("--param: convoy needs a thread: io=0 and cpu=0 have none");
        return false;
    }
    if (find_convoy(contend, (int64_t)io, (int64_t)cpu) == SIZE_MAX) {
        (void)add_match(contend,
                        (struct wr_match){.program = program,
                                          .threads = (unsigned)(io + cpu),
                                          .io = (int64_t)io,
                                          .cpu = (int64_t)cpu});
    }
    return true;
}

/* Every convoy with threads of both kinds is compared with its CPU threads
 * alone, which run too when nobody asked for them. */
static void
add_alone(struct wr_contend *contend, const char *program)
{
    size_t n = contend->nmatches;

    for (size_t i = 0; i < n; i++) {
        int64_t cpu = contend->matches[i].cpu;
        size_t alone;

        if (contend->matches[i].io <= 0 || cpu <= 0) {
            continue;
        }
        alone = find_convoy(contend, 0, cpu);
        if (alone == SIZE_MAX) {
            alone =
                add_match(contend, (struct wr_match){.program = program,
                                                     .threads = (unsigned)cpu,
                                                     .cpu = cpu,
                                                     .hidden = true});
        }
        contend->matches[i].alone = alone;
    }
}

static bool
add_convoys(struct wr_contend *contend, const char *program)
{
    size_t nio;
    size_t ncpu;
    uint64_t *io = convoy_threads(contend, "io", &nio);
    uint64_t *cpu = io == NULL ? NULL : convoy_threads(contend, "cpu", &ncpu);
    bool good = cpu != NULL;

    for (size_t i = 0; good && i < nio; i++) {
        for (size_t k = 0; good && k < ncpu; k++) {
            good = add_convoy(contend, program, io[i], cpu[k]);
        }
    }
    if (good) {
        add_alone(contend, program);
    }
    free(io);
    free(cpu);
    return good;
}

/* A program that takes the number of threads it is given. */
static bool
add_other(struct wr_contend *contend, const char *program)
{
    const struct wr_contend_request *request = contend->request;
    bool cheater = strcmp(program, "cheater") == 0;
    const json_t *max = json_object_get(
        wr_catalog_program(&contend->catalogs[0], program), "threads_max");

    for (size_t i = 0; i < (cheater ? 1 : request->nthreads); i++) {
        unsigned threads = cheater ? 2 : (unsigned)request->threads[i];

        if (json_is_integer(max) &&
            json_integer_value(max) < (json_int_t)threads) {
            wr_say("--threads: %s cannot run on %u threads", program, threads);
            return false;
        }
        (void)add_match(contend, (struct wr_match){.program = program,
                                                   .threads = threads,
                                                   .io = -1,
                                                   .cpu = -1});
    }
    return true;
}

static bool
add_program(struct wr_contend *contend, const char *program)
{
    for (size_t c = 0; c < contend->ncatalogs; c++) {
        if (wr_catalog_program(&contend->catalogs[c], program) == NULL) {
            wr_say("unknown program '%s' (weir list shows them all)", program);
            return false;
        }
    }
    return strcmp(program, "convoy") == 0 ? add_convoys(contend, program)
                                          : add_other(contend, program);
}

bool
wr_contend_plan(struct wr_contend *contend)
{
    static char convoy[] = "convoy";
    static char *const standard[] = {convoy, NULL};
    char *const *programs = contend->request->programs == NULL
                                ? standard
                                : contend->request->programs;

    if (!load_catalogs(contend)) {
        return false;
    }
    for (size_t i = 0; programs[i] != NULL; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(programs[k], programs[i]) == 0) {
                wr_say("the program '%s' is there twice", programs[i]);
                return false;
            }
        }
        if (!add_program(contend, programs[i])) {
            return false;
        }
    }
    if (contend->nsides > WR_CONTEND_SIDES_MAX) {
        wr_say("the lists make %zu combinations; %d is the most",
               contend->nsides, WR_CONTEND_SIDES_MAX);
        return false;
    }
    return check_params(contend, programs);
}
