/* SPDX-License-Identifier: MIT */
/*
 * lab/argument.c - arguments of options that more than one verb has.
 */
#include "lab/argument.h"

#include <stdlib.h>

#include "lab/text.h"

int
wr_argument_cells(struct wr_cell **cells, size_t *n, const char *text)
{
    char message[256];

    free(*cells);
    *cells = wr_cells_parse(text, n, message, sizeof(message));
    return *cells == NULL ? WR_MISUSE("--cells: %s", message) : 0;
}

int
wr_argument_time(uint64_t *out, const char *option, const char *text)
{
    return wr_text_time(text, out)
               ? 0
               : WR_MISUSE("%s: '%s' is not a time such as 500ms, 20s or 2m",
                           option, text);
}

int
wr_argument_seed(uint64_t *out, const char *text)
{
    return wr_text_uint(text, 0, INT64_MAX, out)
               ? 0
               : WR_MISUSE("--seed: '%s' is not a whole number", text);
}

int
wr_argument_runs(unsigned *out, const char *text)
{
    uint64_t value;

    if (!wr_text_uint(text, 1, WR_RUNS_MAX, &value)) {
        return WR_MISUSE("--runs: '%s' is not a number from 1 to %d", text,
                         WR_RUNS_MAX);
    }
    *out = (unsigned)value;
    return 0;
}

int
wr_argument_path(const char **out, const char *option, const char *text)
{
    *out = text;
    return text[0] == '\0' ? WR_MISUSE("%s: the path is empty", option) : 0;
}

void
wr_argument_append(char ***list, size_t *n, const char *text)
{
    *list = wr_lab_grow(*list, (*n + 2) * sizeof(char *));
    (*list)[(*n)++] = wr_lab_copy(text);
    (*list)[*n] = NULL;
}
