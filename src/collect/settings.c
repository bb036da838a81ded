/* SPDX-License-Identifier: MIT */
/*
 * collect/settings.c - thresholds, counts, totals, pauses and callbacks.
 *
 * When to collect: docs/collector.md, "Generations and triggers".
 */
#include "collect/settings.h"

#include <string.h>

#include "base/histogram.h"
#include "base/mutex.h"
#include "collect/collect.h"
#include "heap/heap.h"
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

    /* [lock: lock] automatic collection is wanted */
    bool enabled;

    /* [lock: lock] */
    int64_t threshold[WEIR_GC_GENERATIONS];

    /* [lock: lock] collections of the next younger generation since the last
     * of this one; [0] is unused: the heap counts in wr_trigger.net */
    int64_t count[WEIR_GC_GENERATIONS];

    /* [lock: lock] survivors of the last full collection, and objects that
     * were promoted to the oldest generation since */
    uint64_t old_total;
    uint64_t old_pending;

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

/* Tell the heap when to ask for a collection. */
static void
set_limit_locked(void)
{
    wr_store_relaxed(&wr_trigger.limit,
                     settings.enabled ? settings.threshold[0] : INT64_C(0));
}

void
wr_settings_reset(void)
{
    static const int64_t defaults[WEIR_GC_GENERATIONS] = {2000, 10, 10};

    wr_mutex_lock(&settings.lock);
    settings.enabled = true;
    memcpy(settings.threshold, defaults, sizeof(defaults));
    memset(settings.count, 0, sizeof(settings.count));
    memset(settings.stats, 0, sizeof(settings.stats));
    settings.last = (weir_gc_last_collection){.generation = -1};
    settings.old_total = 0;
    settings.old_pending = 0;
    settings.ncallbacks = 0;
    wr_histogram_reset(&settings.pauses);
    wr_store_relaxed(&wr_trigger.net, INT64_C(0));
    set_limit_locked();
    wr_mutex_unlock(&settings.lock);
}

void
wr_settings_stop(void)
{
    wr_mutex_lock(&settings.lock);
    settings.enabled = false;
    settings.ncallbacks = 0;
    set_limit_locked();
    wr_mutex_unlock(&settings.lock);
}

/* ---- when --------------------------------------------------------------- */

int
wr_settings_due(void)
{
    int64_t net = wr_load_relaxed(&wr_trigger.net);
    int due = -1;

    wr_mutex_lock(&settings.lock);
    if (settings.enabled && settings.threshold[0] > 0) {
        if (settings.count[2] > settings.threshold[2] &&
            settings.old_pending > settings.old_total / 4) {
            due = 2;
        } else if (settings.count[1] > settings.threshold[1]) {
            due = 1;
        } else if (net > settings.threshold[0]) {
            due = 0;
        }
    }
    wr_mutex_unlock(&settings.lock);
    return due;
}

void
wr_settings_restart_counts(int generation)
{
    wr_heap_account_all_stw();
    wr_store_relaxed(&wr_trigger.net, INT64_C(0));
    wr_mutex_lock(&settings.lock);
    for (int i = 1; i <= generation; i++) {
        settings.count[i] = 0;
    }
    if (generation < OLDEST) {
        settings.count[generation + 1]++;
    }
    wr_mutex_unlock(&settings.lock);
}

/* Returns what it was before. */
static int
set_enabled(bool enabled)
{
    int before;

    wr_mutex_lock(&settings.lock);
    before = settings.enabled;
    settings.enabled = enabled;
    set_limit_locked();
    wr_mutex_unlock(&settings.lock);
    return before;
}

int
weir_gc_enable(void)
{
    return set_enabled(true);
}

int
weir_gc_disable(void)
{
    return set_enabled(false);
}

bool
weir_gc_is_enabled(void)
{
    bool enabled;

    wr_mutex_lock(&settings.lock);
    enabled = settings.enabled;
    wr_mutex_unlock(&settings.lock);
    return enabled;
}

int
weir_gc_set_threshold(int64_t young, int64_t middle, int64_t old)
{
    if (young < 0 || middle < 0 || old < 0) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    settings.threshold[0] = young;
    settings.threshold[1] = middle;
    settings.threshold[2] = old;
    set_limit_locked();
    wr_mutex_unlock(&settings.lock);
    return WEIR_OK;
}

int
weir_gc_get_threshold(int64_t out[WEIR_GC_GENERATIONS])
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    memcpy(out, settings.threshold, sizeof(settings.threshold));
    wr_mutex_unlock(&settings.lock);
    return WEIR_OK;
}

int
weir_gc_get_count(int64_t out[WEIR_GC_GENERATIONS])
{
    int64_t net = wr_load_relaxed(&wr_trigger.net);

    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&settings.lock);
    memcpy(out, settings.count, sizeof(settings.count));
    wr_mutex_unlock(&settings.lock);
    out[0] = net > 0 ? net : 0;
    return WEIR_OK;
}

/* ---- what came of it ---------------------------------------------------- */

void
wr_settings_note(const weir_gc_last_collection *last)
{
    uint64_t survivors = last->candidates - last->collected;
    weir_gc_stats *stats = &settings.stats[last->generation];

    wr_mutex_lock(&settings.lock);
    settings.last = *last;
    stats->collections++;
    stats->candidates += last->candidates;
    stats->collected += last->collected;
    stats->uncollectable += last->uncollectable;
    stats->duration_ns += last->detect_ns + last->finalize_ns + last->free_ns;
    stats->detect_ns += last->detect_ns;
    stats->finalize_ns += last->finalize_ns;
    stats->free_ns += last->free_ns;
    if (last->generation == OLDEST) {
        settings.old_total = survivors;
        settings.old_pending = 0;
    } else if (last->generation == OLDEST - 1) {
        settings.old_pending += survivors;
    }
    wr_mutex_unlock(&settings.lock);
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
}

void
wr_settings_fork_unlock(void)
{
    wr_mutex_fork_unlock(&settings.lock);
}
