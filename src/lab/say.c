/* SPDX-License-Identifier: MIT */
/*
 * lab/say.c - messages, the progress line, and memory that never fails.
 */
#include "lab/say.h"

#include <argp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/lab.h"

/* The lab has one thread; these describe its stderr. */
static bool progress_on;
static bool progress_shown;

void
wr_say(const char *format, ...)
{
    va_list args;

    wr_progress_clear();
    fputs("weir: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void
wr_progress_start(bool wanted)
{
    progress_on = wanted && isatty(STDERR_FILENO) == 1;
}

void
wr_progress_show(const char *format, ...)
{
    va_list args;

    if (!progress_on) {
        return;
    }
    fputs("\r\033[K", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
    progress_shown = true;
}

void
wr_progress_clear(void)
{
    if (progress_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress_shown = false;
    }
}

size_t
wr_say_width(FILE *stream)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (columns != NULL) {
        unsigned long n = strtoul(columns, NULL, 10);

        if (n >= 40 && n <= 1000) {
            return n;
        }
    }
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
        return size.ws_col;
    }
    return 80;
}

bool
wr_say_colour(FILE *stream)
{
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");

    if (no_colour != NULL && no_colour[0] != '\0') {
        return false;
    }
    return isatty(fileno(stream)) == 1 && term != NULL &&
           strcmp(term, "dumb") != 0;
}

void
wr_say_help(const struct argp *argp, const char *name)
{
    char *copy = wr_lab_copy(name);

    argp_help(argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK,
              copy);
    putchar('\n');
    free(copy);
}

static void *
or_exit(void *memory)
{
    if (memory == NULL) {
        wr_say("out of memory");
        exit(WR_EXIT_INTERNAL);
    }
    return memory;
}

void *
wr_lab_alloc(size_t size)
{
    return or_exit(calloc(1, size == 0 ? 1 : size));
}

void *
wr_lab_grow(void *old, size_t size)
{
    return or_exit(realloc(old, size == 0 ? 1 : size));
}

char *
wr_lab_copy(const char *text)
{
    return or_exit(strdup(text));
}

char *
wr_lab_print(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    return or_exit(n < 0 ? NULL : text);
}
