/* SPDX-License-Identifier: MIT */
/*
 * lab/record.c - JSON lines: where they go, and the runs that come in.
 */
#include "lab/record.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lab/catalog.h"
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

/* A number field; not a number when it is null or absent. */
static double
number(const json_t *record, const char *field)
{
    const json_t *value = json_object_get(record, field);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool
is_status(const char *text)
{
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
                is_status(status);

    if (good && strcmp(status, "ok") == 0) {
        good = number(record, "wall_s") > 0 && number(record, "ops") >= 0;
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
    return json_pack("{s:i, s:s, s:s, s:o, s:o, s:I, s:n, s:n, s:n, s:n, s:n,"
                     " s:n, s:n, s:{s:n, s:n, s:{s:n, s:n, s:n}}, s:n, s:s}",
                     "schema", 1, "record", "run", "program", program, "cell",
                     cell, "params", params, "seed", (json_int_t)seed, "wall_s",
                     "cpu_s", "ops", "ops_per_s", "peak_rss_kb", "checksum",
                     "lost_updates", "gc", "collections", "collected",
                     "pause_ns", "p50", "p99", "max", "lock_stats", "status",
                     status);
}

void
wr_record_sample(const json_t *record, struct wr_sample *sample)
{
    const json_t *pause =
        json_object_get(json_object_get(record, "gc"), "pause_ns");

    *sample = (struct wr_sample){
        .wall_s = number(record, "wall_s"),
        .ops = number(record, "ops"),
        .rss_kb = number(record, "peak_rss_kb"),
        .pause_p50_ns = number(pause, "p50"),
        .pause_max_ns = number(pause, "max"),
        .lost = number(record, "lost_updates"),
    };
}
