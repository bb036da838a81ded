/* SPDX-License-Identifier: MIT */
/*
 * lab/collect_record.c - `collect` records: read, completed, made up.
 */
#include "lab/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

/* The slope of a field of the points over their objects, on logarithms;
 * null when it cannot be known. */
static json_t *
exponent(const json_t *points, const char *field)
{
    size_t n = json_array_size(points);
    double *x = wr_lab_alloc(n * sizeof(double));
    double *y = wr_lab_alloc(n * sizeof(double));
    double slope;
    size_t used = 0;
    size_t i;
    json_t *point;

    json_array_foreach(points, i, point)
    {
        double objects = wr_record_number(point, "objects");
        double value = wr_record_number(point, field);

        if (objects > 0 && value > 0) {
            x[used] = log(objects);
            y[used++] = log(value);
        }
    }
    slope = wr_stats_slope(x, y, used);
    free(x);
    free(y);
    return isfinite(slope) ? json_real(slope) : json_null();
}

static void
complete_growth(json_t *growth)
{
    const json_t *points = json_object_get(growth, "points");

    if (json_is_array(points)) {
        json_object_set_new(growth, "visited_exponent",
                            exponent(points, "visited"));
        json_object_set_new(growth, "time_exponent", exponent(points, "gc_ns"));
    }
}

json_t *
wr_collect_parse_record(const char *text)
{
    json_t *record = json_loads(text, 0, NULL);
    const char *status = wr_catalog_text(record, "status", "");
    bool good = strcmp(wr_catalog_text(record, "record", ""), "collect") == 0 &&
                json_integer_value(json_object_get(record, "schema")) == 1 &&
                json_is_object(json_object_get(record, "cell")) &&
                wr_record_has_status(record);

    if (good && strcmp(status, "ok") == 0) {
        good = wr_record_number(record, "ns_per_object") >= 0;
    }
    if (!good) {
        json_decref(record);
        return NULL;
    }
    complete_growth(json_object_get(record, "growth"));
    return record;
}

char *
wr_collect_check(const json_t *record)
{
    const json_t *expected = json_object_get(record, "expected");
    const json_t *collected = json_object_get(record, "collected");

    if (!json_is_integer(expected) || !json_is_integer(collected)) {
        return wr_lab_copy("says nothing of what was collected");
    }
    if (json_integer_value(expected) != json_integer_value(collected)) {
        return wr_lab_print("collected %lld objects, where %lld were garbage",
                            (long long)json_integer_value(collected),
                            (long long)json_integer_value(expected));
    }
    return NULL;
}

json_t *
wr_collect_failed_record(const struct wr_run *run, json_t *cell, uint64_t seed,
                         const char *status)
{
    const struct wr_case *c = run->c;
    json_t *record = json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:s?, s:o, s:o, s:s?, s:I}",
        "schema", 1, "record", "collect", "graph", c->graph, "order", c->order,
        "live",
        c->automatic ? json_null()
                     : json_boolean(strcmp(c->state, "live") == 0),
        "live_heap", (json_int_t)c->live_heap, "objects",
        (json_int_t)c->objects, "generation",
        c->automatic ? json_null()
                     : json_integer(strcmp(c->generation, "full") == 0 ? 2 : 0),
        "flavour", run->cell == NULL ? NULL : run->cell->flavour->name,
        "roots_known",
        run->cell == NULL ? json_null()
                          : json_boolean(strcmp(c->roots, "known") == 0),
        "cell", cell, "peer", run->peer, "seed", (json_int_t)seed);
    json_t *unknown = json_pack(
        "{s:n, s:n, s:{s:n, s:n, s:n}, s:{s:n, s:n, s:n}, s:{s:n, s:n, s:n},"
        " s:n, s:n, s:n, s:n, s:n, s:n, s:{s:n, s:n, s:n}, s:n, s:n, s:n, s:s}",
        "ns_per_object", "cpu_ns_per_object", "pause_ns", "p50", "p99", "max",
        "phase_ns", "detect", "finalize", "free", "stop_ns", "halt", "look",
        "resume", "gc_ns", "collections", "visited", "collected", "expected",
        "wall_s", "memory", "live_kb", "peak_kb", "ratio", "backlog", "growth",
        "checksum", "status", status);

    json_object_update(record, unknown);
    json_decref(unknown);
    return record;
}
