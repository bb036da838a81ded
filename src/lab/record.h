/* SPDX-License-Identifier: MIT */
/*
 * lab/record.h - JSON lines: where they go, and the runs that come in.
 *
 * docs/results.md describes every record.
 */
#ifndef WR_LAB_RECORD_H
#define WR_LAB_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* The numbers of one invocation that tables and statistics use; not a number
 * where the record has null. */
struct wr_sample {
    double wall_s;
    double ops;
    double rss_kb;
    double pause_p50_ns;
    double pause_max_ns;
    double lost;
};

/* Where records go.  file NULL: nowhere. */
struct wr_sink {
    FILE *file;
    bool failed;
};

/*
 * Open `path` ("-": stdout; NULL: nowhere) for writing, from the start.
 *
 * Returns true; false with errno set.
 */
bool wr_sink_open(struct wr_sink *sink, const char *path);

/*
 * The same for the results of a verb: one line on stderr when it cannot be
 * opened, and the machine is the first record.  Before anything is measured.
 */
bool wr_sink_open_results(struct wr_sink *sink, const char *path);

/* Where the text of a verb goes that writes its records to `path`: stdout, but
 * stderr beside `--json -`. */
FILE *wr_sink_text_stream(const char *path);

/* Write one line and flush it.  The first failure is said on stderr and
 * remembered; the record stays the caller's. */
void wr_sink_write(struct wr_sink *sink, const json_t *record);

/* Close the file; false when anything could not be written. */
bool wr_sink_close(struct wr_sink *sink);

/*
 * The run record in `text`, to be dropped; NULL when it is none, or lacks a
 * field without which nothing can be compared (status; wall_s and ops of a
 * run that is ok).
 */
json_t *wr_record_parse_run(const char *text);

/*
 * The record of a run that wrote none, to be dropped.  Takes over `cell` and
 * `params`.
 */
json_t *wr_record_failed_run(const char *program, json_t *cell, json_t *params,
                             unsigned long long seed, const char *status);

/* Whether a record's status is one that docs/results.md has. */
bool wr_record_has_status(const json_t *record);

/* A number field; not a number when it is null or absent. */
double wr_record_number(const json_t *record, const char *field);

/* The numbers of a run record. */
void wr_record_sample(const json_t *record, struct wr_sample *sample);

#endif
