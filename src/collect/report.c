/* SPDX-License-Identifier: MIT */
/*
 * collect/report.c - the debug switches and the hook.
 *
 * Function and data of the hook belong together and are read without a lock:
 * so they change only while the world is stopped, and whoever reads them is
 * attached.
 */
#include "collect/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "object/site.h"
#include "thread/safepoint.h"

struct hook { /* SHARED */
    /* [stw] written; [atomic: plain read by attached threads] */
    weir_gc_report_fn fn;
    /* [stw] as fn */
    void *data;
};

uint32_t wr_debug_flags;

static struct hook hook;

void
wr_report_reset(void)
{
    wr_store_relaxed(&wr_debug_flags, 0U);
    hook = (struct hook){.fn = NULL};
}

bool
wr_report_wanted(void)
{
    return hook.fn != NULL;
}

void
wr_report(const weir_gc_report *report)
{
    if (hook.fn != NULL) {
        hook.fn(report, hook.data);
    }
}

void
wr_report_object(weir_gc_event event, int generation, weir_object *o)
{
    const weir_gc_report report = {
        .event = event,
        .generation = generation,
        .object = o,
        .type = wr_type_of(o)->name,
        .count = weir_refcount(o),
    };

    wr_report(&report);
}

int
weir_gc_set_report(weir_gc_report_fn fn, void *data)
{
    struct wr_thread *self;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    self = wr_self();
    wr_stop_world(self);
    hook = (struct hook){.fn = fn, .data = data};
    wr_start_world(self);
    return WEIR_OK;
}

int
weir_gc_set_debug(uint32_t flags)
{
    if ((flags & ~(uint32_t)(WEIR_GC_DEBUG_STATS | WEIR_GC_DEBUG_LEAK)) != 0) {
        return WEIR_EINVAL;
    }
    wr_store_relaxed(&wr_debug_flags, flags);
    return WEIR_OK;
}

uint32_t
weir_gc_get_debug(void)
{
    return wr_load_relaxed(&wr_debug_flags);
}

/* "by a list, a dict", or nothing; where it ends. */
static size_t
put_referrers(const weir_gc_report *r, char *text, size_t size)
{
    size_t used = 0;

    if (size != 0) {
        text[0] = '\0';
    }
    for (unsigned i = 0; i < r->nreferrers && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%s",
                         i == 0 ? " by " : ", ", r->referrers[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    return used;
}

int
weir_gc_report_text(const weir_gc_report *r, char *text, size_t size)
{
    char by[WEIR_GC_REFERRERS_MAX * 72];

    if (r == NULL || (text == NULL && size != 0)) {
        return WEIR_EINVAL;
    }
    switch (r->event) {
    case WEIR_GC_COLLECTABLE:
    case WEIR_GC_UNCOLLECTABLE:
        return snprintf(text, size, "gc: %s %s at %p",
                        r->event == WEIR_GC_COLLECTABLE ? "collectable"
                                                        : "uncollectable",
                        r->type, (const void *)r->object);
    case WEIR_GC_CORRUPT:
        (void)put_referrers(r, by, sizeof(by));
        return snprintf(text, size,
                        "gc: corrupt count: %s at %p has %" PRId64
                        ", but %" PRId64 " references were seen%s",
                        r->type, (const void *)r->object, r->count, r->seen,
                        by);
    case WEIR_GC_STATS:
    default:
        return snprintf(
            text, size,
            "gc: generation %d: %" PRIu64 " %" PRIu64 " %" PRIu64
            " objects, %" PRIu64 " frozen; %" PRId64 " candidates, %" PRId64
            " collected, %" PRId64 " uncollectable, %" PRIu64 " us",
            r->generation, r->objects[0], r->objects[1], r->objects[2],
            r->objects[3], r->totals.candidates, r->totals.collected,
            r->totals.uncollectable, r->totals.duration_ns / 1000);
    }
}
