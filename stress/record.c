/* SPDX-License-Identifier: MIT */
/*
 * stress/record.c - the JSON lines that cells and peers write.
 *
 * A record is built whole and written by as few write() calls as the kernel
 * allows: a reader never sees half a record of a run that finished.
 */
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "params.h"

/* A string or null. */
static json_t *
text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

/* A number or, when negative, null. */
static json_t *
count_or_null(int64_t value)
{
    return value < 0 ? json_null() : json_integer((json_int_t)value);
}

static json_t *
object_or_null(json_t *object)
{
    return object == NULL ? json_null() : object;
}

/* Numbers as numbers, words as strings. */
static json_t *
param_value(const struct weir_program_param *param, int64_t number,
            const char *text)
{
    return param->words == NULL ? json_integer((json_int_t)number)
                                : json_string(text);
}

static json_t *
used_params(const struct weir_run *run)
{
    const struct weir_program_param *table = run->program->params;
    json_t *object = json_object();

    for (size_t i = 0; i < wr_params_count(table); i++) {
        json_object_set_new(
            object, table[i].name,
            param_value(&table[i], run->params[i].number, run->params[i].text));
    }
    return object;
}

static json_t *
cell_object(const struct wr_record_cell *cell, uint32_t threads)
{
    return json_pack(
        "{s:o, s:o, s:I, s:b, s:b, s:o, s:o, s:o}", "flavour",
        text_or_null(cell->flavour), "lock", text_or_null(cell->lock),
        "threads", (json_int_t)threads, "gil", cell->gil, "gc", cell->gc, "t0",
        count_or_null(cell->t0), "bytes", count_or_null(cell->bytes), "peer",
        text_or_null(cell->peer));
}

/* wall_s, cpu_s, ops and ops_per_s, null when the run did not end. */
static void
add_times(json_t *record, const struct wr_runner_times *times)
{
    if (times == NULL) {
        json_object_set_new(record, "wall_s", json_null());
        json_object_set_new(record, "cpu_s", json_null());
        json_object_set_new(record, "ops", json_null());
        json_object_set_new(record, "ops_per_s", json_null());
        return;
    }
    json_object_set_new(record, "wall_s", json_real(times->wall_s));
    json_object_set_new(record, "cpu_s", json_real(times->cpu_s));
    json_object_set_new(record, "ops", json_integer((json_int_t)times->ops));
    json_object_set_new(record, "ops_per_s",
                        times->wall_s > 0
                            ? json_real((double)times->ops / times->wall_s)
                            : json_null());
}

json_t *
wr_record_run(const struct wr_record_run *run)
{
    json_t *record =
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:I}", "schema", 1, "record",
                  "run", "program", run->run->program->name, "cell",
                  cell_object(&run->cell, run->run->threads), "params",
                  used_params(run->run), "seed", (json_int_t)run->run->seed);
    int64_t peak = wr_runner_peak_rss_kb();
    char checksum[17];

    if (record == NULL) {
        return NULL;
    }
    add_times(record, run->times);
    json_object_set_new(record, "peak_rss_kb",
                        count_or_null(peak > 0 ? peak : -1));
    snprintf(checksum, sizeof(checksum), "%016" PRIx64, run->run->checksum);
    json_object_set_new(record, "checksum",
                        text_or_null(run->has_checksum ? checksum : NULL));
    json_object_set_new(record, "lost_updates",
                        count_or_null(run->lost_updates));
    json_object_set_new(record, "gc", object_or_null(run->gc));
    json_object_set_new(record, "lock_stats", object_or_null(run->lock_stats));
    json_object_set_new(record, "account", object_or_null(run->account));
    json_object_set_new(record, "status", json_string(run->status));
    return record;
}

json_t *
wr_record_params(const struct weir_program_param *table)
{
    json_t *list = json_array();

    for (size_t i = 0; i < wr_params_count(table); i++) {
        const struct weir_program_param *param = &table[i];
        int64_t number = 0;

        if (param->words == NULL) {
            (void)wr_parse_int(param->initial, param->min, param->max, &number);
        }
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o, s:s, s:o}", "name", param->name,
                      "default", param_value(param, number, param->initial),
                      "unit", text_or_null(param->unit), "help", param->help,
                      "words", text_or_null(param->words)));
    }
    return list;
}

json_t *
wr_record_program(const struct weir_program *program, uint32_t threads_max)
{
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:o}", "schema", 1, "record",
        "program", "name", program->name, "summary", program->summary, "help",
        program->help, "params", wr_record_params(program->params),
        "deterministic", (program->flags & WEIR_PROGRAM_DETERMINISTIC) != 0,
        "timed", (program->flags & WEIR_PROGRAM_TIMED) != 0, "threads_max",
        threads_max == 0 ? json_null() : json_integer((json_int_t)threads_max));
}

static bool
write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, text, length);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        text += done;
        length -= (size_t)done;
    }
    return true;
}

bool
wr_record_write(json_t *record, int fd)
{
    char *text =
        record == NULL
            ? NULL
            : json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(10));
    size_t length;
    bool written;

    json_decref(record);
    if (text == NULL) {
        fprintf(stderr, "cannot make the record: no memory\n");
        return false;
    }
    length = strlen(text);
    /* The terminating zero becomes the end of the line. */
    text[length] = '\n';
    written = write_all(fd, text, length + 1);
    if (!written) {
        fprintf(stderr, "cannot write the record: %s\n", strerror(errno));
    }
    free(text);
    return written;
}
