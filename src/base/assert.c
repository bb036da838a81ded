/* SPDX-License-Identifier: MIT */
/*
 * base/assert.c - how the process dies when a check fails.
 *
 * The message is built in a buffer on the stack and written with one system
 * call, so that it works without memory and two dying threads do not mix.
 */
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void
wr_fatal(const char *format, ...)
{
    char line[512];
    int used = snprintf(line, sizeof(line), "weir: fatal: ");

    va_list args;
    va_start(args, format);
    size_t left = sizeof(line) - (size_t)used;
    int more = vsnprintf(line + used, left, format, args);
    va_end(args);
    size_t size = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (size > sizeof(line) - 1) {
        size = sizeof(line) - 1;
    }
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
    abort();
}

_Noreturn void
wr_check_failed(const char *condition, const char *file, int line,
                const char *function)
{
    wr_fatal("%s:%d: %s: check failed: %s", file, line, function, condition);
}
