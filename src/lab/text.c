/* SPDX-License-Identifier: MIT */
/*
 * lab/text.c - numbers from what the user typed, and numbers for the user.
 */
#include "lab/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/say.h"

bool
wr_text_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text[0] == '\0') {
        return false;
    }
    for (const char *p = text; *p != '\0'; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (*p < '0' || *p > '9' || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

/*
 * A plain decimal number (digits, at most one point) at the start of text.
 * strtod alone would also take "inf", "0x1p3", blanks and signs.
 */
static bool
read_decimal(const char *text, double *out, const char **rest)
{
    size_t n = strspn(text, "0123456789.");
    char *end;

    if (n == 0 || n > 30 || (text[0] == '.' && n == 1)) {
        return false;
    }
    if (text[n] == 'e' || text[n] == 'E') {
        return false;
    }
    *out = strtod(text, &end);
    if (end != text + n) {
        return false;
    }
    *rest = end;
    return true;
}

bool
wr_text_time(const char *text, uint64_t *out_ns)
{
    double value;
    double unit;
    const char *rest;

    if (!read_decimal(text, &value, &rest)) {
        return false;
    }
    if (strcmp(rest, "ms") == 0) {
        unit = 1e6;
    } else if (strcmp(rest, "s") == 0) {
        unit = 1e9;
    } else if (strcmp(rest, "m") == 0) {
        unit = 60e9;
    } else {
        return false;
    }
    value *= unit;
    /* A month is more than anybody waits, and far from overflow. */
    if (value < 1 || value > 31 * 86400e9) {
        return false;
    }
    *out_ns = (uint64_t)value;
    return true;
}

bool
wr_text_percent(const char *text, double *out)
{
    double value;
    const char *rest;

    if (!read_decimal(text, &value, &rest) || value > 100) {
        return false;
    }
    if (rest[0] != '\0' && strcmp(rest, "%") != 0) {
        return false;
    }
    *out = value / 100;
    return true;
}

bool
wr_text_size(const char *text, uint64_t *out)
{
    static const char units[] = "kMG";
    size_t n = strlen(text);
    char digits[32];
    unsigned shift = 0;
    uint64_t value;

    if (n == 0 || n >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, text, n + 1);
    for (unsigned i = 0; i < 3; i++) {
        if (digits[n - 1] == units[i]) {
            shift = 10 * (i + 1);
            digits[n - 1] = '\0';
            break;
        }
    }
    if (!wr_text_uint(digits, 1, UINT64_MAX >> (shift + 1), &value)) {
        return false;
    }
    *out = value << shift;
    return true;
}

char **
wr_text_split(const char *list)
{
    size_t n = 1;
    size_t used = 0;
    char **pieces;

    for (const char *p = list; *p != '\0'; p++) {
        n += *p == ',';
    }
    pieces = wr_lab_alloc((n + 1) * sizeof(char *));
    while (true) {
        size_t length = strcspn(list, ",");

        if (length == 0) {
            wr_text_free_list(pieces);
            return NULL;
        }
        pieces[used++] = wr_lab_print("%.*s", (int)length, list);
        if (list[length] == '\0') {
            return pieces;
        }
        list += length + 1;
    }
}

void
wr_text_free_list(char **list)
{
    if (list == NULL) {
        return;
    }
    for (char **p = list; *p != NULL; p++) {
        free(*p);
    }
    free(list);
}

/* `value` with about three digits; unknown values as "-". */
static char *
three_digits(double value, const char *unit, char *text, size_t size)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

    snprintf(text, size, "%.*f%s", decimals, value, unit);
    return text;
}

static bool
unknown(double value, char *text, size_t size)
{
    if (isfinite(value) && value >= 0) {
        return false;
    }
    snprintf(text, size, "-");
    return true;
}

char *
wr_text_ms(double seconds, char *text, size_t size)
{
    double ms = seconds * 1e3;

    if (unknown(seconds, text, size)) {
        return text;
    }
    snprintf(text, size, "%.*f", ms < 9.995 ? 2 : ms < 9999.95 ? 1 : 0, ms);
    return text;
}

/* Divide by 1000 (or 1024) until three digits are enough. */
static char *
scaled(double value, double step, const char *const *units, char *text,
       size_t size)
{
    if (unknown(value, text, size)) {
        return text;
    }
    while (value >= 999.5 && units[1] != NULL) {
        value /= step;
        units++;
    }
    return three_digits(value, units[0], text, size);
}

char *
wr_text_ns(double ns, char *text, size_t size)
{
    static const char *const units[] = {"ns", "us", "ms", "s", NULL};

    return scaled(ns, 1000, units, text, size);
}

char *
wr_text_count(double n, char *text, size_t size)
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};

    return scaled(n, 1000, units, text, size);
}

char *
wr_text_kb(double kb, char *text, size_t size)
{
    static const char *const units[] = {"k", "M", "G", "T", NULL};

    return scaled(kb, 1024, units, text, size);
}

/* Decimals that show three figures of a value below 0.1, up to twelve. */
static int
small_digits(double value)
{
    double digits = 2 - floor(log10(value));

    return digits < 12 ? (int)digits : 12;
}

char *
wr_text_figures(double value, char *text, size_t size)
{
    if (unknown(value, text, size)) {
        return text;
    }
    snprintf(text, size, "%.*f",
             value <= 0       ? 3
             : value < 0.0995 ? small_digits(value)
             : value < 9.9995 ? 3
             : value < 99.995 ? 2
             : value < 999.95 ? 1
                              : 0,
             value);
    return text;
}

char *
wr_text_ratio(const struct wr_ratio *ratio, char *text, size_t size)
{
    char middle[16];
    char low[16];
    char high[16];

    (void)wr_text_figures(ratio->ratio, middle, sizeof(middle));
    if (ratio->known) {
        snprintf(text, size, "%5s [%5s %5s]", middle,
                 wr_text_figures(ratio->low, low, sizeof(low)),
                 wr_text_figures(ratio->high, high, sizeof(high)));
    } else {
        snprintf(text, size, "%5s", middle);
    }
    return text;
}

char *
wr_text_grouped(uint64_t n, char *text, size_t size)
{
    char digits[24];
    int length =
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    size_t used = 0;

    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            text[used++] = ',';
        }
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}
