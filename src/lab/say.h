/* SPDX-License-Identifier: MIT */
/*
 * lab/say.h - what goes to stderr: one-line messages and the progress line.
 *
 * The progress line lives on a terminal only and is wiped before anything
 * else is said, so messages never run into it.
 */
#ifndef WR_LAB_SAY_H
#define WR_LAB_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One line on stderr: "weir: ..." */
void wr_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Show progress from now on, if stderr is a terminal and `wanted`. */
void wr_progress_start(bool wanted);

/* Replace the progress line; nothing happens when it is off. */
void wr_progress_show(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Wipe the progress line. */
void wr_progress_clear(void);

/* Columns to use on `stream`: $COLUMNS, else the terminal's, else 80. */
size_t wr_say_width(FILE *stream);

/* Whether colours may be written to `stream`: a terminal, and neither
 * NO_COLOR nor TERM=dumb. */
bool wr_say_colour(FILE *stream);

/* Print the help of a verb on stdout, as `name`. */
struct argp;
void wr_say_help(const struct argp *argp, const char *name);

/* malloc, calloc, realloc, strdup and asprintf which never return NULL: out
 * of memory the command says so and exits.  Free with free(). */
void *wr_lab_alloc(size_t size);
void *wr_lab_grow(void *old, size_t size);
char *wr_lab_copy(const char *text);
char *wr_lab_print(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
