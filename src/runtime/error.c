/* SPDX-License-Identifier: MIT */
/*
 * runtime/error.c - error codes in words, and the thread's last error.
 */
#include "runtime/error.h"

#include "thread/safepoint.h"
#include "thread/thread.h"

#include <weir/runtime.h>

struct unraisable { /* SHARED */
    /* [stw] written; [atomic: plain read by attached threads] */
    weir_unraisable_fn hook;
    /* [stw] as hook */
    void *data;
    /* [stat] [atomic: added relaxed] */
    uint64_t count;
};

static struct unraisable unraisable;

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

void
wr_unraisable_reset(void)
{
    unraisable.hook = NULL;
    unraisable.data = NULL;
    wr_store_relaxed(&unraisable.count, UINT64_C(0));
}

int
weir_set_unraisable(weir_unraisable_fn hook, void *data)
{
    struct wr_thread *self;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    self = wr_self();
    wr_stop_world(self);
    unraisable.hook = hook;
    unraisable.data = data;
    wr_start_world(self);
    return WEIR_OK;
}

void
weir_unraisable(int error, const char *what, weir_object *o)
{
    if (!weir_attached()) {
        return;
    }
    (void)wr_fetch_add_relaxed(&unraisable.count, UINT64_C(1));
    if (unraisable.hook != NULL) {
        unraisable.hook(error, what, o, unraisable.data);
    }
}

uint64_t
weir_unraisable_count(void)
{
    return wr_load_relaxed(&unraisable.count);
}
