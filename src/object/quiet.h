/* SPDX-License-Identifier: MIT */
/*
 * object/quiet.h - user code that may call next to nothing of the interface.
 *
 * Two pieces of user code run where a call into the runtime would deadlock or
 * find the heap half looked at: what stands between weir_object_lock() and
 * weir_object_unlock(), and a traverse function.  A debug build remembers for
 * each thread that it is in one of them, and stops the process when it calls
 * what it must not.  Without checks nothing of this is compiled.
 */
#ifndef WR_OBJECT_QUIET_H
#define WR_OBJECT_QUIET_H

#include "object/type.h"

enum wr_quiet { WR_QUIET_NOT, WR_QUIET_LOCKED, WR_QUIET_TRAVERSE };

/* [owner] what this thread is in */
extern __thread enum wr_quiet wr_quiet_now
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Say which rule was broken, and die. */
_Noreturn void wr_quiet_broken(void) __attribute__((cold));

/* Enter or leave.  Returns what the thread was in before. */
static inline enum wr_quiet
wr_quiet_swap(enum wr_quiet quiet)
{
    enum wr_quiet before = WR_QUIET_NOT;

    if (WEIR_DEBUG >= 1) {
        before = wr_quiet_now;
        wr_quiet_now = quiet;
    }
    return before;
}

/* Called by whatever user code in such a place must not call. */
static inline void
wr_quiet_check(void)
{
    if (WEIR_DEBUG >= 1 && wr_unlikely(wr_quiet_now != WR_QUIET_NOT)) {
        wr_quiet_broken();
    }
}

/*
 * Let the type of a foreign object visit its references.  A visitor that may
 * run user code makes the thread WR_QUIET_NOT meanwhile.
 */
static inline void
wr_traverse(weir_object *o, weir_visit_fn visit, void *context)
{
    const struct weir_type *type = wr_type_of(o);

    if (type->traverse != NULL) {
        enum wr_quiet before = wr_quiet_swap(WR_QUIET_TRAVERSE);

        type->traverse(o, visit, context, type->data);
        (void)wr_quiet_swap(before);
    }
}

#endif
