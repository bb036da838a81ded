/* SPDX-License-Identifier: MIT */
/*
 * lab/list.c - `weir list`: programs, graphs, cells, lock policies, peers, race
 * tests and the faults that can be planted.
 */
#include "lab/lab.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/catalog.h"
#include "lab/cell.h"
#include "lab/collect.h"
#include "lab/record.h"
#include "lab/say.h"
#include "lab/stress.h"
#include "lab/table.h"

enum { OPT_JSON = 256, OPT_HELP };

struct request {
    const char *json;
};

/* Where the text goes, and how. */
struct page {
    FILE *out;
    size_t width;
    bool colour;
};

static const struct argp_option option_table[] = {
    {"json", OPT_JSON, "FILE", 0,
     "write the records as lines of JSON; -: stdout, text to stderr", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        wr_say("list: unexpected argument '%s'", text);
        return EINVAL;
    case OPT_JSON:
        request->json = text;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir list");
        exit(WR_EXIT_OK);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The records of a catalogue as they came. */
static void
write_records(struct wr_sink *sink, const struct wr_catalog *catalog)
{
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        wr_sink_write(sink, record);
    }
}

/* One parameter: "depth=16   levels; how deep each tree is". */
static void
print_param(const struct page *page, const json_t *param)
{
    const json_t *value = json_object_get(param, "default");
    const char *unit = wr_catalog_text(param, "unit", NULL);
    const char *words = wr_catalog_text(param, "words", NULL);
    char *set =
        json_is_string(value)
            ? wr_lab_print("%s=%s", wr_catalog_text(param, "name", "?"),
                           json_string_value(value))
            : wr_lab_print("%s=%lld", wr_catalog_text(param, "name", "?"),
                           (long long)json_integer_value(value));
    char *line = wr_lab_print(
        "    %-20s %s%s%s%s%s%s", set, unit == NULL ? "" : unit,
        unit == NULL ? "" : ": ", wr_catalog_text(param, "help", ""),
        words == NULL ? "" : " (", words == NULL ? "" : words,
        words == NULL ? "" : ")");

    wr_table_wrap(page->out, WR_PLAIN, page->colour, page->width, 25, line);
    free(line);
    free(set);
}

static void
print_program(const struct page *page, const json_t *program)
{
    const json_t *max = json_object_get(program, "threads_max");
    size_t i;
    json_t *param;
    char *title = wr_lab_print("  %s", wr_catalog_text(program, "name", "?"));
    char *summary =
        wr_lab_print("    %s", wr_catalog_text(program, "summary", ""));

    wr_table_wrap(page->out, WR_STRONG, page->colour, page->width, 2, title);
    wr_table_wrap(page->out, WR_PLAIN, page->colour, page->width, 4, summary);
    json_array_foreach(json_object_get(program, "params"), i, param)
    {
        print_param(page, param);
    }
    if (json_is_true(json_object_get(program, "timed"))) {
        fputs("    (works for a fixed time; for weir contend)\n", page->out);
    }
    if (json_is_integer(max)) {
        fprintf(page->out, "    (at most %lld thread%s)\n",
                (long long)json_integer_value(max),
                json_integer_value(max) == 1 ? "" : "s");
    }
    free(summary);
    free(title);
}

/* What a flavour is, and whether it was built. */
static void
print_flavours(FILE *out)
{
    static const char *const notes[] = {
        "gil",     "plain counts, one thread at a time",
        "atomic",  "atomic counts, threads in parallel, a lock per object",
        "unsafe",  "plain counts in parallel: shows the race; lab only",
        "nocount", "no counts, nothing freed: a floor; lab only",
        NULL};

    fputs("\nFlavours (a cell is FLAVOUR[/POLICY][+SETTING...])\n", out);
    for (size_t i = 0; notes[i] != NULL; i += 2) {
        char *executable = wr_lab_print("weir-cell-%s", notes[i]);
        struct wr_child_path path = {0};
        bool built = wr_child_find(executable, &path);

        fprintf(out, "  %-10s %s%s\n", notes[i], notes[i + 1],
                built ? "" : " (not built)");
        wr_child_path_free(&path);
        free(executable);
    }
    fputs("\nLock policies:", out);
    for (const char *const *p = wr_cell_policies(); *p != NULL; p++) {
        fprintf(out, " %s", *p);
    }
    fputs("\nSettings: gil (take the lock), nogc, t0=N (young threshold), "
          "bytes=N,\naccount (of the threads' time)\n",
          out);
}

static void
print_peers(FILE *out, const struct wr_catalog *catalog)
{
    size_t i;
    json_t *record;

    fputs("\nPeers (weir compare --peers)\n", out);
    json_array_foreach(catalog->records, i, record)
    {
        bool here = json_is_true(json_object_get(record, "available"));

        fprintf(out, "  %-14s %s%s\n", wr_catalog_text(record, "impl", "?"),
                wr_catalog_text(record, "program", "?"),
                here ? "" : " (not installed)");
    }
}

/* The names of the graphs in a peer's list. */
static json_t *
graph_names(const struct wr_catalog *catalog)
{
    json_t *names = json_array();
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        (void)json_array_append_new(
            names, json_string(wr_catalog_text(record, "name", "?")));
    }
    return names;
}

static void
print_collect_peer(const struct page *page, const char *name,
                   const json_t *graphs)
{
    char *line = wr_lab_print("  %-14s", name);
    size_t i;
    json_t *graph;

    json_array_foreach(graphs, i, graph)
    {
        char *longer = wr_lab_print("%s%s%s", line, i == 0 ? " " : ", ",
                                    json_string_value(graph));

        free(line);
        line = longer;
    }
    if (graphs == NULL) {
        fprintf(page->out, "%s (not installed)\n", line);
    } else {
        wr_table_wrap(page->out, WR_PLAIN, page->colour, page->width, 17, line);
    }
    free(line);
}

/* Peers of `weir collect`: each says itself which graphs it can build. */
static void
list_collect_peers(const struct page *page, struct wr_sink *sink)
{
    const char *executable = NULL;
    const char *name;

    fputs("\nPeers (weir collect --peers)\n", page->out);
    for (size_t i = 0; (name = wr_collect_peer(i, &executable)) != NULL; i++) {
        struct wr_catalog catalog;
        char *message = NULL;
        bool there =
            wr_catalog_load(&catalog, name, executable, NULL, false, &message);
        json_t *graphs = there ? graph_names(&catalog) : NULL;
        json_t *record = json_pack(
            "{s:i, s:s, s:s, s:b, s:O?}", "schema", 1, "record", "collect-peer",
            "name", name, "available", there ? 1 : 0, "graphs", graphs);

        print_collect_peer(page, name, graphs);
        wr_sink_write(sink, record);
        json_decref(record);
        json_decref(graphs);
        if (there) {
            wr_catalog_free(&catalog);
        }
        free(message);
    }
}

/* The first flavour that is there says which programs there are. */
static bool
load_programs(struct wr_catalog *catalog)
{
    char *message = NULL;

    for (const struct wr_flavour *f = wr_cell_flavours(); f->name != NULL;
         f++) {
        char *executable = wr_lab_print("weir-cell-%s", f->name);
        bool found = wr_catalog_load(catalog, f->name, executable, NULL, false,
                                     &message);

        free(executable);
        if (found) {
            return true;
        }
        if (f[1].name != NULL) {
            free(message);
        }
    }
    wr_say("%s", message);
    free(message);
    return false;
}

static void
list_programs(const struct page *page, struct wr_sink *sink,
              const struct wr_catalog *programs)
{
    size_t i;
    json_t *record;

    write_records(sink, programs);
    fputs("Programs\n", page->out);
    json_array_foreach(programs->records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "record", ""), "program") == 0) {
            print_program(page, record);
        }
    }
    wr_collect_print_graphs(programs, page->out);
    print_flavours(page->out);
}

/* The first flavour that has race tests says which; they are optional. */
static void
list_races(const struct page *page, struct wr_sink *sink)
{
    for (const struct wr_flavour *f = wr_cell_flavours(); f->name != NULL;
         f++) {
        char *executable = wr_lab_print("weir-race-%s", f->name);
        char *message = NULL;
        struct wr_catalog catalog;
        bool found = wr_catalog_load(&catalog, f->name, executable, NULL, false,
                                     &message);

        free(message);
        free(executable);
        if (found) {
            write_records(sink, &catalog);
            fputc('\n', page->out);
            wr_stress_print_catalog(&catalog, page->out);
            wr_catalog_free(&catalog);
            return;
        }
    }
}

static int
list(const struct request *request)
{
    bool to_stdout = request->json != NULL && strcmp(request->json, "-") == 0;
    struct page page = {.out = to_stdout ? stderr : stdout};
    struct wr_sink sink;
    struct wr_catalog catalog;
    char *message;

    page.width = wr_say_width(page.out);
    page.colour = wr_say_colour(page.out);
    if (!wr_sink_open(&sink, request->json)) {
        wr_say("--json: cannot write '%s': %s", request->json, strerror(errno));
        return WR_EXIT_USAGE;
    }
    if (!load_programs(&catalog)) {
        (void)wr_sink_close(&sink);
        return WR_EXIT_USAGE;
    }
    list_programs(&page, &sink, &catalog);
    wr_catalog_free(&catalog);
    /* Peers are optional. */
    if (wr_catalog_load(&catalog, "peer", "weir-peer", NULL, false, &message)) {
        write_records(&sink, &catalog);
        print_peers(page.out, &catalog);
        wr_catalog_free(&catalog);
    } else {
        free(message);
    }
    list_collect_peers(&page, &sink);
    list_races(&page, &sink);
    return wr_sink_close(&sink) ? WR_EXIT_OK : WR_EXIT_CRASH;
}

int
wr_list_main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "What there is to run: programs with their parameters, cells, "
               "lock policies, peers, race tests and the faults they find."};
    struct request request = {0};

    if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &request) != 0) {
        return WR_EXIT_USAGE;
    }
    return list(&request);
}
