/* SPDX-License-Identifier: MIT */
/*
 * lab/argument.h - the arguments of options that more than one verb has.
 *
 * Each of these reads one argument and returns what an argp parser returns:
 * 0, or EINVAL after one line on stderr that names the option.
 */
#ifndef WR_LAB_ARGUMENT_H
#define WR_LAB_ARGUMENT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/cell.h"
#include "lab/say.h"

/* The most invocations of a series. */
#define WR_RUNS_MAX 1000

/* One complaint; what argp expects back. */
#define WR_MISUSE(...) (wr_say(__VA_ARGS__), EINVAL)

/* --cells LIST: replaces *cells, which is freed; NULL after an error. */
int wr_argument_cells(struct wr_cell **cells, size_t *n, const char *text);

/* TIME, in nanoseconds. */
int wr_argument_time(uint64_t *out, const char *option, const char *text);

/* --seed N, and --runs N from 1 to 1000 (WR_RUNS_MAX). */
int wr_argument_seed(uint64_t *out, const char *text);
int wr_argument_runs(unsigned *out, const char *text);

/* FILE: *out is text itself, not a copy. */
int wr_argument_path(const char **out, const char *option, const char *text);

/* Append a copy to a list that ends with NULL; *list is NULL at first. */
void wr_argument_append(char ***list, size_t *n, const char *text);

#endif
