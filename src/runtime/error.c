/* SPDX-License-Identifier: MIT */
/*
 * runtime/error.c - error codes in words, and the thread's last error.
 */
#include "thread/thread.h"

#include <weir/error.h>

static const char *const phrases[] = {
    "success",
    "out of memory",
    "invalid argument",
    "object of the wrong type",
    "out of range",
    "not found",
    "not started or not attached",
    "headers and library do not match",
    "limit passed",
    "still in use by other threads",
    "changed while iterated",
    "weak target is dead",
};

const char *
weir_strerror(int code)
{
    size_t n = sizeof(phrases) / sizeof(phrases[0]);

    if (code > 0 || code <= -(int)n) {
        return "unknown error";
    }
    return phrases[-code];
}

int
weir_error(void)
{
    return weir_attached() ? wr_self()->error : WEIR_ESTATE;
}
