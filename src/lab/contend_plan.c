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

/* Lay out a match and its sides. */
static size_t
add_match(struct wr_contend *contend, struct wr_match match)
{
    const struct wr_contend_request *request = contend->request;

    match.record = wr_catalog_program(&contend->catalogs[0], match.program);
    match.first = contend->nsides;
    match.alone = SIZE_MAX;
    wr_contend_add_params(contend, &match);
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
    uint64_t *io = wr_contend_convoy_threads(contend, "io", &nio);
    uint64_t *cpu =
        io == NULL ? NULL : wr_contend_convoy_threads(contend, "cpu", &ncpu);
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
    return wr_contend_check_params(contend, programs);
}
