/* SPDX-License-Identifier: MIT */
/*
 * lab/table.c - columns of text that fit the width there is.
 */
#include "lab/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "lab/say.h"

#define COLUMNS_MAX 16

struct column {
    char *title;
    enum wr_align align;
    int priority;
};

/* A row has a text per column, a line only `line` and its tone. */
struct row {
    char *line;
    enum wr_tone line_tone;
    char *texts[COLUMNS_MAX];
    enum wr_tone tones[COLUMNS_MAX];
    size_t used;
};

struct wr_table {
    struct column columns[COLUMNS_MAX];
    size_t ncolumns;
    struct row *rows;
    size_t nrows;
    size_t room;
};

struct wr_table *
wr_table_new(void)
{
    return wr_lab_alloc(sizeof(struct wr_table));
}

void
wr_table_free(struct wr_table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->ncolumns; i++) {
        free(table->columns[i].title);
    }
    for (size_t r = 0; r < table->nrows; r++) {
        free(table->rows[r].line);
        for (size_t i = 0; i < table->rows[r].used; i++) {
            free(table->rows[r].texts[i]);
        }
    }
    free(table->rows);
    free(table);
}

void
wr_table_column(struct wr_table *table, const char *title, enum wr_align align,
                int priority)
{
    WEIR_CHECK(table->ncolumns < COLUMNS_MAX);
    WEIR_CHECK(table->nrows == 0);
    table->columns[table->ncolumns++] =
        (struct column){wr_lab_copy(title), align, priority};
}

static struct row *
new_row(struct wr_table *table)
{
    struct row *row;

    if (table->nrows == table->room) {
        table->room = table->room == 0 ? 16 : table->room * 2;
        table->rows =
            wr_lab_grow(table->rows, table->room * sizeof(struct row));
    }
    row = &table->rows[table->nrows++];
    memset(row, 0, sizeof(*row));
    return row;
}

void
wr_table_row(struct wr_table *table)
{
    (void)new_row(table);
}

void
wr_table_line(struct wr_table *table, const char *text, enum wr_tone tone)
{
    struct row *row = new_row(table);

    row->line = wr_lab_copy(text);
    row->line_tone = tone;
}

void
wr_table_put(struct wr_table *table, const char *text, enum wr_tone tone)
{
    struct row *row;

    WEIR_CHECK(table->nrows > 0);
    row = &table->rows[table->nrows - 1];
    WEIR_CHECK(row->used < table->ncolumns);
    row->texts[row->used] = wr_lab_copy(text);
    row->tones[row->used] = tone;
    row->used++;
}

/* The width of every column, 0 for one in which no row has a text. */
static void
measure(const struct wr_table *table, size_t widths[COLUMNS_MAX])
{
    for (size_t c = 0; c < table->ncolumns; c++) {
        bool any = false;

        widths[c] = strlen(table->columns[c].title);
        for (size_t r = 0; r < table->nrows; r++) {
            const struct row *row = &table->rows[r];
            size_t n = c < row->used ? strlen(row->texts[c]) : 0;

            any = any || n > 0;
            widths[c] = n > widths[c] ? n : widths[c];
        }
        if (!any) {
            widths[c] = 0;
        }
    }
}

/* The width of a line: columns that are shown, one blank between them. */
static size_t
line_width(const struct wr_table *table, const size_t widths[COLUMNS_MAX])
{
    size_t sum = 0;

    for (size_t c = 0; c < table->ncolumns; c++) {
        sum += widths[c] == 0 ? 0 : widths[c] + 1;
    }
    return sum == 0 ? 0 : sum - 1;
}

/* Leave out columns until the line fits. */
static void
fit(const struct wr_table *table, size_t widths[COLUMNS_MAX], size_t width)
{
    /* Every turn leaves out one column or returns. */
    while (line_width(table, widths) > width) {
        size_t victim = COLUMNS_MAX;

        for (size_t c = 0; c < table->ncolumns; c++) {
            if (widths[c] == 0 ||
                table->columns[c].priority == WR_COLUMN_KEEP) {
                continue;
            }
            if (victim == COLUMNS_MAX ||
                table->columns[c].priority < table->columns[victim].priority) {
                victim = c;
            }
        }
        if (victim == COLUMNS_MAX) {
            return;
        }
        widths[victim] = 0;
    }
}

void
wr_table_tone(FILE *out, enum wr_tone tone, bool colour, const char *text)
{
    static const char *const codes[] = {
        [WR_PLAIN] = "",         [WR_GOOD] = "\033[32m",
        [WR_BAD] = "\033[1;31m", [WR_FAINT] = "\033[2m",
        [WR_STRONG] = "\033[1m",
    };

    if (!colour || tone == WR_PLAIN) {
        fputs(text, out);
        return;
    }
    fprintf(out, "%s%s\033[0m", codes[tone], text);
}

/* How many characters of `text` go on a line of `room`: up to a blank. */
static size_t
line_break(const char *text, size_t room)
{
    size_t n = strlen(text);

    if (n <= room) {
        return n;
    }
    n = room;
    while (n > 0 && text[n] != ' ') {
        n--;
    }
    /* A word longer than the line stays in one piece. */
    return n > strspn(text, " ")
               ? n
               : strspn(text, " ") + strcspn(text + strspn(text, " "), " ");
}

static void
blanks(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* One line; texts NULL: the titles.  No blanks at the end of the line. */
static void
write_row(const struct wr_table *table, const struct row *row, FILE *out,
          const size_t widths[COLUMNS_MAX], bool colour)
{
    size_t pending = 0;

    for (size_t c = 0; c < table->ncolumns; c++) {
        const struct column *column = &table->columns[c];
        const char *text = row == NULL     ? column->title
                           : c < row->used ? row->texts[c]
                                           : "";
        size_t fill = widths[c] < strlen(text) ? 0 : widths[c] - strlen(text);

        if (widths[c] == 0) {
            continue;
        }
        if (text[0] == '\0') {
            pending += widths[c] + 1;
            continue;
        }
        blanks(out, pending + (column->align == WR_RIGHT ? fill : 0));
        wr_table_tone(out, row == NULL ? WR_FAINT : row->tones[c], colour,
                      text);
        pending = 1 + (column->align == WR_RIGHT ? 0 : fill);
    }
    fputc('\n', out);
}

void
wr_table_write(const struct wr_table *table, FILE *out, size_t width,
               bool colour)
{
    size_t widths[COLUMNS_MAX];

    measure(table, widths);
    fit(table, widths, width);
    write_row(table, NULL, out, widths, colour);
    for (size_t r = 0; r < table->nrows; r++) {
        const struct row *row = &table->rows[r];

        if (row->line != NULL) {
            wr_table_wrap(out, row->line_tone, colour, width,
                          strspn(row->line, " "), row->line);
        } else {
            write_row(table, row, out, widths, colour);
        }
    }
}

void
wr_table_wrap(FILE *out, enum wr_tone tone, bool colour, size_t width,
              size_t indent, const char *text)
{
    size_t used = 0;

    /* Every turn writes at least one word. */
    do {
        size_t n = line_break(text, width - used);
        char *piece = wr_lab_print("%.*s", (int)n, text);

        blanks(out, used);
        wr_table_tone(out, tone, colour, piece);
        fputc('\n', out);
        free(piece);
        text += n + strspn(text + n, " ");
        used = indent < width / 2 ? indent : 0;
    } while (*text != '\0');
}
