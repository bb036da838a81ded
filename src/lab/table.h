/* SPDX-License-Identifier: MIT */
/*
 * lab/table.h - columns of text that fit the width there is.
 *
 * Widths follow the contents.  When a line is too wide, the column with the
 * lowest priority is left out, then the next, until it fits or only columns
 * with priority 9 are left.  Texts are ASCII.
 */
#ifndef WR_LAB_TABLE_H
#define WR_LAB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum wr_align { WR_LEFT, WR_RIGHT };

/* How a cell looks on a terminal; nothing elsewhere. */
enum wr_tone { WR_PLAIN, WR_GOOD, WR_BAD, WR_FAINT, WR_STRONG };

/* A priority that is never left out. */
#define WR_COLUMN_KEEP 9

struct wr_table;

struct wr_table *wr_table_new(void);
void wr_table_free(struct wr_table *table);

/* Add a column; all columns come before the first row.  `title` is copied. */
void wr_table_column(struct wr_table *table, const char *title,
                     enum wr_align align, int priority);

/* Start a row of the table, or a line of free text between rows (which is
 * wrapped where it is too long). */
void wr_table_row(struct wr_table *table);
void wr_table_line(struct wr_table *table, const char *text, enum wr_tone tone);

/* Fill the next column of the current row; the text is copied. */
void wr_table_put(struct wr_table *table, const char *text, enum wr_tone tone);

/*
 * Write titles and rows to `out`, lines at most `width` columns where the
 * columns that must stay allow it.
 */
void wr_table_write(const struct wr_table *table, FILE *out, size_t width,
                    bool colour);

/* `text` in a tone; plain when colour is false. */
void wr_table_tone(FILE *out, enum wr_tone tone, bool colour, const char *text);

/*
 * Write `text` and a newline, broken at blanks into lines of at most `width`
 * columns; all but the first are indented by `indent`.
 */
void wr_table_wrap(FILE *out, enum wr_tone tone, bool colour, size_t width,
                   size_t indent, const char *text);

#endif
