/* SPDX-License-Identifier: MIT */
/*
 * stress/params.c - parameters of a run: a table, defaults, and k=v.
 *
 * A value that is out of range or is not one of the words is refused; nothing
 * is clamped, so what a record says is what was run.
 */
#include "params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
wr_params_count(const struct weir_program_param *table)
{
    size_t n = 0;

    while (table != NULL && table[n].name != NULL) {
        n++;
    }
    return n;
}

bool
wr_parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    long long value;

    if (text[0] != '-' && (text[0] < '0' || text[0] > '9')) {
        return false;
    }
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min ||
        value > max) {
        return false;
    }
    *out = value;
    return true;
}

/* The index of `text` in a list of words separated by '|', or -1. */
static int64_t
find_word(const char *words, const char *text)
{
    size_t length = strlen(text);
    int64_t index = 0;

    for (;;) {
        size_t word = strcspn(words, "|");

        if (word == length && memcmp(words, text, length) == 0) {
            return index;
        }
        if (words[word] == '\0') {
            return -1;
        }
        words += word + 1;
        index++;
    }
}

static bool
set_value(const struct weir_program_param *param, const char *text,
          struct weir_program_value *value, char *message, size_t size)
{
    value->text = text;
    if (param->words != NULL) {
        value->number = find_word(param->words, text);
        if (value->number >= 0) {
            return true;
        }
        snprintf(message, size, "--param %s=%s: must be one of %s", param->name,
                 text, param->words);
        return false;
    }
    if (wr_parse_int(text, param->min, param->max, &value->number)) {
        return true;
    }
    snprintf(message, size,
             "--param %s=%s: must be a number from %" PRId64 " to %" PRId64,
             param->name, text, param->min, param->max);
    return false;
}

/* Store one "key=value". */
static bool
set_given(const struct weir_program_param *table, size_t count,
          const char *given, struct weir_program_value *values, char *message,
          size_t size)
{
    const char *equals = strchr(given, '=');

    if (equals == NULL || equals == given) {
        snprintf(message, size, "--param %s: must be KEY=VALUE", given);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(table[i].name);

        if (length == (size_t)(equals - given) &&
            memcmp(table[i].name, given, length) == 0) {
            return set_value(&table[i], equals + 1, &values[i], message, size);
        }
    }
    snprintf(message, size, "--param %.*s: no such parameter",
             (int)(equals - given), given);
    return false;
}

struct weir_program_value *
wr_params_parse(const struct weir_program_param *table,
                const char *const *given, size_t n, char *message, size_t size)
{
    size_t count = wr_params_count(table);
    struct weir_program_value *values =
        calloc(count + 1, sizeof(struct weir_program_value));

    if (values == NULL) {
        snprintf(message, size, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!set_value(&table[i], table[i].initial, &values[i], message,
                       size)) {
            free(values);
            return NULL;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!set_given(table, count, given[i], values, message, size)) {
            free(values);
            return NULL;
        }
    }
    return values;
}
