/* SPDX-License-Identifier: MIT */
/*
 * lab/cell.h - how a cell is written: flavour[/policy][+setting...].
 *
 *   gil   gil/fifo   atomic+gil   atomic/fifo+gil   gil+nogc   gil+t0=2000
 *
 * A policy needs a lock: the flavours gil and nocount always have one, atomic
 * and unsafe only with +gil.
 */
#ifndef WR_LAB_CELL_H
#define WR_LAB_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define WR_CELL_NAME_MAX 96

/* What the lab knows about a flavour. */
struct wr_flavour {
    const char *name;

    /* has the global lock without asking */
    bool always_locked;

    /* may lose updates: neither checksums nor a crash are held against it */
    bool unsafe;

    /* its library is never installed, so nothing can be compiled for it */
    bool lab_only;

    /* never frees: needs a memory cap */
    bool grows;
};

struct wr_cell {
    const struct wr_flavour *flavour;

    /* one of wr_cell_policies(), NULL: the runtime's default */
    const char *policy;

    /* +gil; false where the flavour is always locked */
    bool gil;

    /* +nogc */
    bool nogc;

    /* +account: an account of the threads' time is kept */
    bool account;

    /* t0=N, bytes=N; negative: not given */
    int64_t t0;
    int64_t bytes;

    /* the canonical spelling */
    char name[WR_CELL_NAME_MAX];
};

/* The flavours, the last one with a NULL name. */
const struct wr_flavour *wr_cell_flavours(void);

/* The names of the lock policies, NULL-terminated. */
const char *const *wr_cell_policies(void);

/*
 * Read one cell.
 *
 * Returns true; false with a reason in message[size] and *cell undefined.
 */
bool wr_cell_parse(const char *text, struct wr_cell *cell, char *message,
                   size_t size);

/*
 * Read a list of cells, separated by commas.
 *
 * Returns an array of *count cells, to be freed; NULL with a reason in
 * message[size].
 */
struct wr_cell *wr_cells_parse(const char *list, size_t *count, char *message,
                               size_t size);

/* Give a cell a lock policy, one of wr_cell_policies(), and the lock that it
 * needs. */
void wr_cell_set_policy(struct wr_cell *cell, const char *policy);

/* Whether threads of this cell run one at a time. */
bool wr_cell_locked(const struct wr_cell *cell);

/*
 * Append the options that make a child run this cell ("--policy", "fifo", ...)
 * to argv[*n]; at most 8.  Texts for numbers are written into room[64].
 */
void wr_cell_options(const struct wr_cell *cell, const char **argv, size_t *n,
                     char room[64]);

/* The `cell` object of a run record for a child that wrote none. */
json_t *wr_cell_json(const struct wr_cell *cell, unsigned threads);

#endif
