/* SPDX-License-Identifier: MIT */
/*
 * lab/cell.c - how a cell is written.
 */
#include "lab/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/text.h"

/* In the order in which `weir list` shows them. */
static const struct wr_flavour flavours[] = {
    {.name = "gil", .always_locked = true},
    {.name = "atomic"},
    {.name = "unsafe", .unsafe = true, .lab_only = true},
    {.name = "nocount", .always_locked = true, .lab_only = true, .grows = true},
    {.name = NULL},
};

static const char *const policies[] = {"boost", "cpython", "fifo", "barging",
                                       NULL};

const struct wr_flavour *
wr_cell_flavours(void)
{
    return flavours;
}

const char *const *
wr_cell_policies(void)
{
    return policies;
}

bool
wr_cell_locked(const struct wr_cell *cell)
{
    return cell->flavour->always_locked || cell->gil;
}

/* Whether text[0 .. length) is `word`. */
static bool
is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

static const struct wr_flavour *
find_flavour(const char *text, size_t length)
{
    for (const struct wr_flavour *f = flavours; f->name != NULL; f++) {
        if (is_word(text, length, f->name)) {
            return f;
        }
    }
    return NULL;
}

static const char *
find_policy(const char *text, size_t length)
{
    for (size_t i = 0; policies[i] != NULL; i++) {
        if (is_word(text, length, policies[i])) {
            return policies[i];
        }
    }
    return NULL;
}

/* "KEY=N"; N is everything up to `length`. */
static bool
read_setting(const char *text, size_t length, const char *key, int64_t *out)
{
    size_t skip = strlen(key);
    char digits[24];
    uint64_t value;

    if (length <= skip || strncmp(text, key, skip) != 0 ||
        length - skip >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, text + skip, length - skip);
    digits[length - skip] = '\0';
    if (!wr_text_uint(digits, 0, INT64_MAX, &value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

static bool
apply_setting(struct wr_cell *cell, const char *text, size_t length)
{
    if (is_word(text, length, "gil")) {
        cell->gil = !cell->flavour->always_locked;
        return true;
    }
    if (is_word(text, length, "nogc")) {
        cell->nogc = true;
        return true;
    }
    if (is_word(text, length, "account")) {
        cell->account = true;
        return true;
    }
    return read_setting(text, length, "t0=", &cell->t0) ||
           read_setting(text, length, "bytes=", &cell->bytes);
}

static void
write_name(struct wr_cell *cell)
{
    char t0[32] = "";
    char bytes[32] = "";

    if (cell->t0 >= 0) {
        snprintf(t0, sizeof(t0), "+t0=%lld", (long long)cell->t0);
    }
    if (cell->bytes >= 0) {
        snprintf(bytes, sizeof(bytes), "+bytes=%lld", (long long)cell->bytes);
    }
    snprintf(cell->name, sizeof(cell->name), "%s%s%s%s%s%s%s%s",
             cell->flavour->name, cell->policy == NULL ? "" : "/",
             cell->policy == NULL ? "" : cell->policy, cell->gil ? "+gil" : "",
             cell->nogc ? "+nogc" : "", t0, bytes,
             cell->account ? "+account" : "");
}

void
wr_cell_set_policy(struct wr_cell *cell, const char *policy)
{
    cell->policy = find_policy(policy, strlen(policy));
    cell->gil = !cell->flavour->always_locked;
    write_name(cell);
}

bool
wr_cell_parse(const char *text, struct wr_cell *cell, char *message,
              size_t size)
{
    const char *p = text;
    size_t length = strcspn(p, "/+");

    *cell = (struct wr_cell){.t0 = -1, .bytes = -1};
    cell->flavour = find_flavour(p, length);
    if (cell->flavour == NULL) {
        snprintf(message, size,
                 "unknown flavour '%.*s' (gil, atomic, unsafe, nocount)",
                 (int)length, p);
        return false;
    }
    p += length;
    if (*p == '/') {
        length = strcspn(++p, "+");
        cell->policy = find_policy(p, length);
        if (cell->policy == NULL) {
            snprintf(message, size,
                     "unknown lock policy '%.*s' in '%s' (boost, cpython, "
                     "fifo, barging)",
                     (int)length, p, text);
            return false;
        }
        p += length;
    }
    /* Ends at the terminator: every turn consumes a '+' and what follows. */
    while (*p == '+') {
        length = strcspn(++p, "+");
        if (!apply_setting(cell, p, length)) {
            snprintf(message, size,
                     "unknown setting '%.*s' in '%s' (gil, nogc, t0=N, "
                     "bytes=N, account)",
                     (int)length, p, text);
            return false;
        }
        p += length;
    }
    if (cell->policy != NULL && !wr_cell_locked(cell)) {
        snprintf(message, size, "'%s' has a policy but no lock (add +gil)",
                 text);
        return false;
    }
    write_name(cell);
    return true;
}

struct wr_cell *
wr_cells_parse(const char *list, size_t *count, char *message, size_t size)
{
    char **pieces = wr_text_split(list);
    struct wr_cell *cells;
    size_t n = 0;

    if (pieces == NULL) {
        snprintf(message, size, "'%s' names an empty cell", list);
        return NULL;
    }
    while (pieces[n] != NULL) {
        n++;
    }
    cells = wr_lab_alloc(n * sizeof(struct wr_cell));
    for (size_t i = 0; i < n; i++) {
        if (!wr_cell_parse(pieces[i], &cells[i], message, size)) {
            free(cells);
            cells = NULL;
            break;
        }
    }
    wr_text_free_list(pieces);
    *count = n;
    return cells;
}

void
wr_cell_options(const struct wr_cell *cell, const char **argv, size_t *n,
                char room[64])
{
    if (cell->policy != NULL) {
        argv[(*n)++] = "--policy";
        argv[(*n)++] = cell->policy;
    }
    if (cell->gil) {
        argv[(*n)++] = "--gil";
    }
    if (cell->nogc) {
        argv[(*n)++] = "--nogc";
    }
    if (cell->t0 >= 0) {
        snprintf(room, 32, "%lld", (long long)cell->t0);
        argv[(*n)++] = "--t0";
        argv[(*n)++] = room;
    }
    if (cell->bytes >= 0) {
        snprintf(room + 32, 32, "%lld", (long long)cell->bytes);
        argv[(*n)++] = "--bytes";
        argv[(*n)++] = room + 32;
    }
    if (cell->account) {
        argv[(*n)++] = "--account";
        argv[(*n)++] = "figures";
    }
}

json_t *
wr_cell_json(const struct wr_cell *cell, unsigned threads)
{
    return json_pack(
        "{s:s, s:s?, s:i, s:b, s:b, s:o, s:o, s:n}", "flavour",
        cell->flavour->name, "lock", cell->policy, "threads", (int)threads,
        "gil", wr_cell_locked(cell) ? 1 : 0, "gc", cell->nogc ? 0 : 1, "t0",
        cell->t0 < 0 ? json_null() : json_integer(cell->t0), "bytes",
        cell->bytes < 0 ? json_null() : json_integer(cell->bytes), "peer");
}
