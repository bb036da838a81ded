/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_plan.c - which graphs are collected how, in which cells.
 *
 * The lab knows no graph by itself: `weir-cell-<flavour> --list` says what
 * there is, and a peer's --list what that can build as well.
 */
#include "lab/collect.h"

#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

/* Executables of the peers, and their names. */
static const char *const peers[][2] = {
    {"weir-collect-python3", "python3"},
    {"weir-collect-boehm", "boehm"},
};

#define PEERS (sizeof(peers) / sizeof(peers[0]))

/* Collections that one invocation measures. */
enum { REPEATS_LIVE = 3, REPEATS_YOUNG = 51 };

const char *
wr_collect_peer(size_t i, const char **executable)
{
    if (i >= PEERS) {
        return NULL;
    }
    *executable = peers[i][0];
    return peers[i][1];
}

const char *
wr_run_name(const struct wr_run *run)
{
    return run->peer != NULL ? run->peer : run->cell->name;
}

/* The record of a graph in a list, borrowed; NULL: it has none. */
static const json_t *
find_graph(const struct wr_catalog *catalog, const char *name)
{
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "record", ""), "graph") == 0 &&
            strcmp(wr_catalog_text(record, "name", ""), name) == 0) {
            return record;
        }
    }
    return NULL;
}

static bool
load_catalogs(struct wr_collect *collect)
{
    const struct wr_collect_request *request = collect->request;
    char *message;

    collect->catalogs =
        wr_lab_alloc((request->ncells + PEERS) * sizeof(struct wr_catalog));
    for (size_t i = 0; i < request->ncells; i++) {
        const struct wr_cell *cell = &request->cells[i];
        char *executable = wr_lab_print("weir-cell-%s", cell->flavour->name);
        bool good =
            wr_catalog_load(&collect->catalogs[collect->ncatalogs], cell->name,
                            executable, NULL, cell->gil, &message);

        free(executable);
        if (!good) {
            wr_say("%s", message);
            free(message);
            return false;
        }
        collect->ncatalogs++;
    }
    collect->ncells = collect->ncatalogs;
    /* Peers are optional: what is not there is said, and left out. */
    for (size_t i = 0; request->peers && i < PEERS; i++) {
        if (wr_catalog_load(&collect->catalogs[collect->ncatalogs], peers[i][1],
                            peers[i][0], NULL, false, &message)) {
            collect->ncatalogs++;
        } else {
            wr_say("peer %s is left out: %s", peers[i][1], message);
            free(message);
        }
    }
    return true;
}

/* The cases of a list whose words are not given twice. */
static void
add_case(struct wr_collect *collect, struct wr_case c)
{
    collect->cases = wr_lab_grow(collect->cases, (collect->ncases + 1) *
                                                     sizeof(struct wr_case));
    collect->cases[collect->ncases++] = c;
}

/* A heap in which collections come by themselves. */
static void
add_automatic(struct wr_collect *collect, const char *graph, uint64_t size)
{
    bool scale = strcmp(graph, "scale") == 0;

    for (size_t r = 0; collect->request->roots[r] != NULL; r++) {
        add_case(collect,
                 (struct wr_case){.graph = graph,
                                  .order = "build",
                                  .state = "live",
                                  .generation = "full",
                                  .roots = collect->request->roots[r],
                                  .objects = scale ? 10 * size : 4 * size,
                                  .live_heap = scale ? size / 10 : size,
                                  .repeats = 1,
                                  .automatic = true});
    }
}

/* One graph, collected on request, in one order and state. */
static void
add_requested(struct wr_collect *collect, const struct wr_case *c,
              uint64_t size)
{
    const struct wr_collect_request *request = collect->request;
    bool young = strcmp(c->generation, "young") == 0;
    bool live = strcmp(c->state, "live") == 0;
    struct wr_case next = *c;

    next.objects = young ? request->young : size;
    next.live_heap = request->live_heap >= 0 ? (uint64_t)request->live_heap
                     : young                 ? size
                                             : 0;
    next.repeats = young ? REPEATS_YOUNG : live ? REPEATS_LIVE : 1;
    for (size_t r = 0; request->roots[r] != NULL; r++) {
        /* Without anything alive there are no roots to be known. */
        if (!live && next.live_heap == 0 && r > 0) {
            continue;
        }
        next.roots = request->roots[r];
        add_case(collect, next);
    }
}

static void
add_graph(struct wr_collect *collect, const char *graph, uint64_t size)
{
    const struct wr_collect_request *request = collect->request;
    struct wr_case c = {.graph = graph};

    for (size_t g = 0; request->generations[g] != NULL; g++) {
        for (size_t o = 0; request->orders[o] != NULL; o++) {
            c.generation = request->generations[g];
            c.order = request->orders[o];
            /* Young objects are few, and lie where there was room. */
            if (strcmp(c.generation, "young") == 0 && o > 0) {
                continue;
            }
            for (size_t s = 0; request->states[s] != NULL; s++) {
                c.state = request->states[s];
                add_requested(collect, &c, size);
            }
        }
    }
}

/* All cases of one graph; false when there is no such graph. */
static bool
add_cases(struct wr_collect *collect, const char *name)
{
    const json_t *record = find_graph(&collect->catalogs[0], name);

    if (record == NULL) {
        wr_say("--graphs: unknown graph '%s' (weir list shows them all)", name);
        return false;
    }
    for (size_t i = 0; i < collect->request->nobjects; i++) {
        uint64_t size = collect->request->objects[i];

        if (json_is_true(json_object_get(record, "automatic"))) {
            add_automatic(collect, name, size);
        } else {
            add_graph(collect, name, size);
        }
    }
    return true;
}

static bool
add_all_cases(struct wr_collect *collect)
{
    const struct wr_collect_request *request = collect->request;
    size_t i;
    json_t *record;

    for (i = 0; request->graphs != NULL && request->graphs[i] != NULL; i++) {
        if (!add_cases(collect, request->graphs[i])) {
            return false;
        }
    }
    if (request->graphs != NULL) {
        return true;
    }
    json_array_foreach(collect->catalogs[0].records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "record", ""), "graph") == 0 &&
            !add_cases(collect, wr_catalog_text(record, "name", "?"))) {
            return false;
        }
    }
    return true;
}

/* Whether a peer can do what a case asks for. */
static bool
peer_can(const struct wr_catalog *catalog, const struct wr_case *c)
{
    const json_t *record = find_graph(catalog, c->graph);

    return record != NULL && (strcmp(c->generation, "young") != 0 ||
                              json_is_true(json_object_get(record, "young")));
}

static void
add_run(struct wr_collect *collect, struct wr_case *c, struct wr_run run)
{
    run.c = c;
    run.ratio = (struct wr_ratio){.ratio = 1};
    collect->runs = wr_lab_grow(collect->runs,
                                (collect->nruns + 1) * sizeof(struct wr_run));
    collect->runs[collect->nruns++] = run;
    c->count++;
}

static bool
add_runs(struct wr_collect *collect)
{
    const struct wr_collect_request *request = collect->request;

    for (size_t i = 0; i < collect->ncases; i++) {
        struct wr_case *c = &collect->cases[i];

        c->first = collect->nruns;
        for (size_t k = 0; k < request->ncells; k++) {
            if (c->automatic || !request->cells[k].nogc) {
                add_run(collect, c,
                        (struct wr_run){.cell = &request->cells[k],
                                        .catalog = &collect->catalogs[k]});
            }
        }
        for (size_t k = collect->ncells; k < collect->ncatalogs; k++) {
            if (c->count > 0 && peer_can(&collect->catalogs[k], c)) {
                add_run(collect, c,
                        (struct wr_run){.peer = collect->catalogs[k].name,
                                        .catalog = &collect->catalogs[k]});
            }
        }
    }
    if (collect->nruns == 0) {
        wr_say("--cells: with +nogc only churn, grow and scale can be run");
        return false;
    }
    return true;
}

bool
wr_collect_plan(struct wr_collect *collect)
{
    return load_catalogs(collect) && add_all_cases(collect) &&
           add_runs(collect);
}

void
wr_collect_free(struct wr_collect *collect)
{
    for (size_t i = 0; i < collect->nruns; i++) {
        free(collect->runs[i].samples);
    }
    for (size_t i = 0; i < collect->ncatalogs; i++) {
        wr_catalog_free(&collect->catalogs[i]);
    }
    free(collect->runs);
    free(collect->cases);
    free(collect->catalogs);
}
