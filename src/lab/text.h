/* SPDX-License-Identifier: MIT */
/*
 * lab/text.h - numbers from what the user typed, and numbers for the user.
 *
 * Reading is strict: the whole text must be the number; no sign, no blank, no
 * overflow.  Every reader returns false, *out untouched, when it is not.
 */
#ifndef WR_LAB_TEXT_H
#define WR_LAB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/stats.h"

/* Decimal digits, between min and max. */
bool wr_text_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* A number with `ms`, `s` or `m`, a fraction allowed; nanoseconds, > 0. */
bool wr_text_time(const char *text, uint64_t *out_ns);

/* A number, a fraction and a final % allowed, between 0 and 100; as a
 * fraction of 1. */
bool wr_text_percent(const char *text, double *out);

/* Bytes; k, M and G multiply by 1024 each. > 0. */
bool wr_text_size(const char *text, uint64_t *out);

/*
 * Cut `list` at commas; each piece is a copy.
 *
 * Returns a NULL-terminated array, to be freed with wr_text_free_list(); NULL
 * when a piece is empty.
 */
char **wr_text_split(const char *list);
void wr_text_free_list(char **list);

/*
 * Numbers for people, into text[size], which is also returned.  16 bytes are
 * always enough.  A negative or not finite value is written "-": unknown.
 */
char *wr_text_ms(double seconds, char *text, size_t size);    /* "183.2" */
char *wr_text_ns(double ns, char *text, size_t size);         /* "1.2ms" */
char *wr_text_count(double n, char *text, size_t size);       /* "22.2M" */
char *wr_text_kb(double kb, char *text, size_t size);         /* "12M" */
char *wr_text_figures(double value, char *text, size_t size); /* "1.102" */

/* "1.102 [1.081 1.125]", or the ratio alone without an interval; 64 bytes. */
char *wr_text_ratio(const struct wr_ratio *ratio, char *text, size_t size);

/* "1,234,567"; 32 bytes are enough. */
char *wr_text_grouped(uint64_t n, char *text, size_t size);

#endif
