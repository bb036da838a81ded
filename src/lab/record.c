/* SPDX-License-Identifier: MIT */
/*
 * lab/record.c - JSON lines: where they go, and the runs that come in.
 */
#include "lab/record.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lab/catalog.h"
#include "lab/env.h"
#include "lab/say.h"

bool
wr_sink_open(struct wr_sink *sink, const char *path)
{
    *sink = (struct wr_sink){0};
    if (path == NULL) {
        return true;
    }
    sink->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    return sink->file != NULL;
}

bool
wr_sink_open_results(struct wr_sink *sink, const char *path)
{
    json_t *env;

    if (!wr_sink_open(sink, path)) {
        wr_say("--json: cannot write '%s': %s", path, strerror(errno));
        return false;
    }
    if (path != NULL) {
        env = wr_env_record();
        wr_sink_write(sink, env);
        json_decref(env);
    }
    return true;
}

FILE *
wr_sink_text_stream(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0 ? stderr : stdout;
}

void
wr_sink_write(struct wr_sink *sink, const json_t *record)
{
    if (sink->file == NULL) {
        return;
    }
    if (json_dumpf(record, sink->file,
                   JSON_COMPACT | JSON_REAL_PRECISION(12)) != 0 ||
        fputc('\n', sink->file) == EOF || fflush(sink->file) != 0) {
        if (!sink->failed) {
            wr_say("cannot write the --json file: %s", strerror(errno));
        }
        sink->failed = true;
    }
}

bool
wr_sink_close(struct wr_sink *sink)
{
    if (sink->file != NULL && sink->file != stdout && fclose(sink->file) != 0 &&
        !sink->failed) {
        wr_say("cannot write the --json file: %s", strerror(errno));
        sink->failed = true;
    }
    sink->file = NULL;
    return !sink->failed;
}

double
wr_record_number(const json_t *record, const char *field)
{
    const json_t *value = json_object_get(record, field);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

bool
wr_record_has_status(const json_t *record)
{
    const char *text = wr_catalog_text(record, "status", "");
    static const char *const known[] = {"ok", "crashed", "timeout",
                                        "memory-cap", "check-failed"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(text, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

json_t *
wr_record_parse_run(const char *text)
{
    json_t *record = json_loads(text, 0, NULL);
    const char *status = wr_catalog_text(record, "status", "");
    bool good = strcmp(wr_catalog_text(record, "record", ""), "run") == 0 &&
                json_integer_value(json_object_get(record, "schema")) == 1 &&
                json_is_object(json_object_get(record, "cell")) &&
                wr_record_has_status(record);

    if (good && strcmp(status, "ok") == 0) {
        good = wr_record_number(record, "wall_s") > 0 &&
               wr_record_number(record, "ops") >= 0;
    }
    if (!good) {
        json_decref(record);
        return NULL;
    }
    return record;
}

json_t *
wr_record_failed_run(const char *program, json_t *cell, json_t *params,
                     unsigned long long seed, const char *status)
{
    return json_pack(
        "{s:i, s:s, s:s, s:o, s:o, s:I, s:n, s:n, s:n, s:n, s:n,"
        " s:n, s:n, s:{s:n, s:n, s:{s:n, s:n, s:n}}, s:n, s:n, s:s}",
        "schema", 1, "record", "run", "program", program, "cell", cell,
        "params", params, "seed", (json_int_t)seed, "wall_s", "cpu_s", "ops",
        "ops_per_s", "peak_rss_kb", "checksum", "lost_updates", "gc",
        "collections", "collected", "pause_ns", "p50", "p99", "max",
        "lock_stats", "account", "status", status);
}

void
wr_record_sample(const json_t *record, struct wr_sample *sample)
{
    const json_t *pause =
        json_object_get(json_object_get(record, "gc"), "pause_ns");

    *sample = (struct wr_sample){
        .wall_s = wr_record_number(record, "wall_s"),
        .ops = wr_record_number(record, "ops"),
        .rss_kb = wr_record_number(record, "peak_rss_kb"),
        .pause_p50_ns = wr_record_number(pause, "p50"),
        .pause_max_ns = wr_record_number(pause, "max"),
        .lost = wr_record_number(record, "lost_updates"),
    };
}
