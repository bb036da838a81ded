/* SPDX-License-Identifier: MIT */
/*
 * lab/trace_read.c - the events of a cell, one JSON object a line.
 */
#include "lab/trace.h"

#include <stdlib.h>
#include <string.h>

#include "lab/catalog.h"
#include "lab/say.h"

static const char *const state_names[] = {"running", "waiting", "stopped",
                                          "blocked"};
static const char *const kind_names[] = {"state",      "queue",      "handoff",
                                         "stop-begin", "stop-world", "stop-end",
                                         "gc-begin",   "gc-end"};

/* The index of `word` among n names; n: it is none. */
static size_t
index_of(const char *word, const char *const *names, size_t n)
{
    size_t i = 0;

    while (i < n && strcmp(names[i], word) != 0) {
        i++;
    }
    return i;
}

static bool
read_event(const char *line, struct wr_trace_event *event)
{
    json_t *record = json_loads(line, 0, NULL);
    const json_t *value = json_object_get(record, "value");
    size_t kind = index_of(wr_catalog_text(record, "kind", ""), kind_names, 8);
    bool good = kind < 8 &&
                json_is_integer(json_object_get(record, "thread")) &&
                json_is_integer(json_object_get(record, "ns"));

    if (good && kind == WR_TRACE_STATE) {
        size_t state =
            index_of(wr_catalog_text(record, "value", ""), state_names, 4);

        good = state < 4;
        event->value = state;
    } else if (good) {
        good = json_is_integer(value);
        event->value = (uint64_t)json_integer_value(value);
    }
    if (good) {
        event->kind = (enum wr_trace_kind)kind;
        event->thread =
            (uint32_t)json_integer_value(json_object_get(record, "thread"));
        event->ns = (uint64_t)json_integer_value(json_object_get(record, "ns"));
    }
    json_decref(record);
    return good;
}

struct wr_trace_event *
wr_trace_read(FILE *in, size_t *n)
{
    struct wr_trace_event *events = wr_lab_alloc(sizeof(*events));
    size_t room = 1;
    char *line = NULL;
    size_t size = 0;

    *n = 0;
    while (events != NULL && getline(&line, &size, in) > 0) {
        if (*n == room) {
            room *= 2;
            events = wr_lab_grow(events, room * sizeof(*events));
        }
        if (!read_event(line, &events[(*n)++])) {
            free(events);
            events = NULL;
        }
    }
    free(line);
    return events;
}
