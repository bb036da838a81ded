/* SPDX-License-Identifier: MIT */
/*
 * collect/settings.c - totals, pauses and callbacks.
 */
#include "collect/settings.h"

#include <string.h>

#include "base/histogram.h"
#include "base/mutex.h"
#include "collect/collect.h"
#include "object/site.h"

enum { OLDEST = WEIR_GC_GENERATIONS - 1 };

struct callback {
    weir_gc_callback fn;
    void *data;
};

/* The settings there are. */
struct wr_settings { /* SHARED */
    /* [inner] WR_RANK_COLLECT; protects the rest */
    struct wr_mutex lock;

    /* [lock: lock] */
    weir_gc_stats stats[WEIR_GC_GENERATIONS];

    /* [lock: lock] */
    weir_gc_last_collection last;

    /* [lock: lock] */
    struct callback callbacks[WEIR_GC_CALLBACKS_MAX];
    unsigned ncallbacks;

    /* [lock: lock] */
    struct wr_histogram pauses;
};

static struct wr_settings settings = {
    .lock = WR_MUTEX_INIT(WR_RANK_COLLECT),
};

void
wr_settings_reset(void)
{
    wr_mutex_lock(&settings.lock);
    memset(settings.stats, 0, sizeof(settings.stats));
    settings.last = (weir_gc_last_collection){.generation = -1};
    settings.ncallbacks = 0;
    wr_histogram_reset(&settings.pauses);
    wr_mutex_unlock(&settings.lock);
    wr_pace_reset();
}

void
wr_settings_stop(void)
{
    wr_mutex_lock(&settings.lock);
    settings.ncallbacks = 0;
    wr_mutex_unlock(&settings.lock);
    wr_pace_stop();
}

/* ---- what came of it ---------------------------------------------------- */

void
wr_settings_note(const weir_gc_last_collection *last, enum wr_cause cause)
{
    weir_gc_stats *stats = &settings.stats[last->generation];

    wr_mutex_lock(&settings.lock);
    settings.last = *last;
    stats->collections++;
    stats->by_bytes += cause == WR_CAUSE_BYTES;
    stats->candidates += last->candidates;
    stats->collected += last->collected;
    stats->uncollectable += last->uncollectable;
    stats->duration_ns += last->detect_ns + last->finalize_ns + last->free_ns;
    stats->detect_ns += last->detect_ns;
    stats->finalize_ns += last->finalize_ns;
    stats->free_ns += last->free_ns;
    wr_mutex_unlock(&settings.lock);
    wr_pace_note(last, cause);
}

int
weir_gc_last(weir_gc_last_collection *out)
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    *out = settings.last;
    wr_mutex_unlock(&settings.lock);
    return WEIR_OK;
}

int
weir_gc_get_stats(int generation, weir_gc_stats *out)
{
    if (out == NULL || generation < 0 || generation > OLDEST) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    *out = settings.stats[generation];
    wr_mutex_unlock(&settings.lock);
    return WEIR_OK;
}

void
wr_settings_note_pause(uint64_t ns)
{
    wr_mutex_lock(&settings.lock);
    wr_histogram_record(&settings.pauses, ns);
    wr_mutex_unlock(&settings.lock);
}

void
wr_collect_pauses(struct wr_histogram *into)
{
    wr_mutex_lock(&settings.lock);
    wr_histogram_merge(into, &settings.pauses);
    wr_mutex_unlock(&settings.lock);
}

int
weir_gc_get_pauses(weir_gc_pauses *out)
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    out->count = wr_histogram_count(&settings.pauses);
    out->p50 = wr_histogram_percentile(&settings.pauses, 50);
    out->p99 = wr_histogram_percentile(&settings.pauses, 99);
    out->max = wr_histogram_max(&settings.pauses);
    wr_mutex_unlock(&settings.lock);
    return WEIR_OK;
}

/* ---- callbacks ---------------------------------------------------------- */

int
weir_gc_callback_add(weir_gc_callback callback, void *data)
{
    int error = WEIR_ELIMIT;

    if (callback == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    if (settings.ncallbacks < WEIR_GC_CALLBACKS_MAX) {
        settings.callbacks[settings.ncallbacks++] =
            (struct callback){.fn = callback, .data = data};
        error = WEIR_OK;
    }
    wr_mutex_unlock(&settings.lock);
    return error;
}

int
weir_gc_callback_remove(weir_gc_callback callback, void *data)
{
    int error = WEIR_ENOKEY;

    wr_mutex_lock(&settings.lock);
    for (unsigned i = 0; i < settings.ncallbacks; i++) {
        struct callback *at = &settings.callbacks[i];

        if (at->fn == callback && at->data == data) {
            settings.ncallbacks--;
            memmove(at, at + 1, (settings.ncallbacks - i) * sizeof(*at));
            error = WEIR_OK;
            break;
        }
    }
    wr_mutex_unlock(&settings.lock);
    return error;
}

void
wr_settings_call(weir_gc_phase phase, const weir_gc_info *info)
{
    struct callback callbacks[WEIR_GC_CALLBACKS_MAX];
    unsigned n;

    /* A copy: the callbacks run without the lock, and may add or remove. */
    wr_mutex_lock(&settings.lock);
    n = settings.ncallbacks;
    memcpy(callbacks, settings.callbacks, sizeof(callbacks));
    wr_mutex_unlock(&settings.lock);
    for (unsigned i = 0; i < n; i++) {
        callbacks[i].fn(phase, info, callbacks[i].data);
    }
}

/* ---- questions about objects -------------------------------------------- */

bool
weir_gc_is_tracked(const weir_object *o)
{
    if (o == NULL) {
        return false;
    }
    wr_check_alive(o);
    return (wr_flags(o) & WR_FLAG_TRACKED) != 0 || wr_is_frozen(o);
}

bool
weir_gc_is_finalized(const weir_object *o)
{
    if (o == NULL) {
        return false;
    }
    wr_check_alive(o);
    return (wr_flags(o) & WR_FLAG_FINALIZED) != 0;
}

void
wr_settings_fork_lock(void)
{
    wr_mutex_fork_lock(&settings.lock);
    wr_pace_fork_lock();
}

void
wr_settings_fork_unlock(void)
{
    wr_pace_fork_unlock();
    wr_mutex_fork_unlock(&settings.lock);
}
