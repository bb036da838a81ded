/* SPDX-License-Identifier: MIT */
/*
 * lab/catalog.h - which programs and peers there are, asked of the children.
 *
 * The lab knows no program by itself: `weir-cell-<flavour> --list` and
 * `weir-peer --list` print one record per line, and every question about
 * parameters is answered from these before anything is measured.
 */
#ifndef WR_LAB_CATALOG_H
#define WR_LAB_CATALOG_H

#include <stdbool.h>

#include <jansson.h>

#include "lab/child.h"

/* What one executable offers. */
struct wr_catalog {
    /* "gil", "atomic+gil", or "peer" */
    char *name;

    /* for --load; NULL: none */
    char *load;
    struct wr_child_path path;

    /* an array of `program` or `peer` records */
    json_t *records;
};

/*
 * Ask `executable` (weir-cell-gil, weir-peer) for its list; `load` (NULL:
 * none) is passed as --load, `gil` as --gil.
 *
 * Returns true; false with a line for the user in *message, to be freed.
 */
bool wr_catalog_load(struct wr_catalog *catalog, const char *name,
                     const char *executable, const char *load, bool gil,
                     char **message);
void wr_catalog_free(struct wr_catalog *catalog);

/* The record of a program, borrowed; NULL: there is none. */
json_t *wr_catalog_program(const struct wr_catalog *catalog, const char *name);

/* Whether the program has such a parameter. */
bool wr_catalog_has_param(const json_t *program, const char *name, size_t n);

/* Effective parameters as a JSON object: the defaults under `given`, n texts
 * "key=value", of which the last holds. */
json_t *wr_catalog_effective(const json_t *program, char *const *given,
                             size_t n);

/* A string field; `otherwise` when it is absent or no string. */
const char *wr_catalog_text(const json_t *record, const char *field,
                            const char *otherwise);

/* What a child said when it refused, as one line without its own name (of
 * `executable`, a path or not) in front; to be freed. */
char *wr_catalog_complaint(const struct wr_child_result *result,
                           const char *executable);

#endif
