/* SPDX-License-Identifier: MIT */
/*
 * stress/record.h - the JSON lines that cells and peers write.
 *
 * The fields are documented in docs/results.md.  Every field is always there;
 * what is not known or does not apply is null.
 */
#ifndef WR_STRESS_RECORD_H
#define WR_STRESS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <weir/program.h>

#include "runner.h"

/* Which cell, or which peer, ran. */
struct wr_record_cell {
    /* NULL for a peer */
    const char *flavour;

    /* the policy; NULL while the lock is off */
    const char *lock;

    bool gil;
    bool gc;

    /* young threshold; negative: none */
    int64_t t0;

    /* bytes that make a collection due; negative: none */
    int64_t bytes;

    /* NULL for a cell */
    const char *peer;
};

/* One finished run. */
struct wr_record_run {
    struct wr_record_cell cell;
    const struct weir_run *run;

    /* NULL: the run did not get to the end */
    const struct wr_runner_times *times;

    bool has_checksum;

    /* negative: unknown */
    int64_t lost_updates;

    /* objects that pass to the record; NULL: null */
    json_t *gc;
    json_t *lock_stats;
    json_t *account;

    /* "ok", "check-failed" or "memory-cap" */
    const char *status;
};

/* The `run` record; NULL without memory.  The caller drops it. */
json_t *wr_record_run(const struct wr_record_run *run);

/* The `params` list of a --list record. */
json_t *wr_record_params(const struct weir_program_param *table);

/*
 * Write one line to `fd` and drop the record.  False, with a line on stderr,
 * when that fails (record NULL included).
 */
bool wr_record_write(json_t *record, int fd);

/* The whole of a --list record of a program; NULL without memory. */
json_t *wr_record_program(const struct weir_program *program,
                          uint32_t threads_max);

#endif
