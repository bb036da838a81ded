/* SPDX-License-Identifier: MIT */
/*
 * collect/pace.c - when to collect by itself, and which generation.
 *
 * The heap adds up objects and bytes where it takes new stretches of blocks,
 * pools and buffers, never in the common path of an allocation, and asks for a
 * collection when one of two limits is passed.  Here those limits are set,
 * and at the checkpoint it is decided what the collection is to be.
 */
#include "collect/pace.h"

#include <string.h>

#include "base/mutex.h"
#include "collect/settings.h"
#include "heap/heap.h"

enum {
    OLDEST = WEIR_GC_GENERATIONS - 1,
    /* the young threshold grows up to this: 2 MiB of pairs, a cache's worth */
    YOUNG_MAX = 65536,
    /* so many collections in a row that found next to nothing */
    YOUNG_STREAK = 3,
    /* the middle threshold grows up to so many times what was set */
    MIDDLE_TIMES = 16,
    /* percent of the old that must be pending, at first and at most */
    OLD_PERCENT = 25,
    OLD_PERCENT_MAX = 100,
    BYTES_DEFAULT = 16 << 20,
    /* the oldest is due from this part of that on */
    OLD_LEAST = 256,
    /* exceeded so many times over, a trigger slows its thread down */
    OVERRUN = 4
};

#define ALLOWANCE_MAX (INT64_MAX / (2 * OVERRUN))

struct pace { /* SHARED */
    /* [inner] WR_RANK_COLLECT; protects the rest */
    struct wr_mutex lock;

    /* [lock: lock] automatic collection is wanted */
    bool enabled;

    /* [lock: lock] as set */
    int64_t threshold[WEIR_GC_GENERATIONS];

    /* [lock: lock] collections of the next younger generation since the last
     * of this one; [0] is unused: the heap counts in wr_trigger.net */
    int64_t count[WEIR_GC_GENERATIONS];

    /* [lock: lock] the threshold of the young in effect, and how many
     * collections in a row have been idle */
    int64_t young;
    int idle;

    /* [lock: lock] the threshold of the middle generation in effect */
    int64_t middle;

    /* [lock: lock] survivors of the last full collection, objects promoted to
     * the oldest generation since, and the percentage that makes it due */
    uint64_t old_total;
    uint64_t old_pending;
    unsigned old_percent;

    /* [lock: lock] least growth in bytes that makes the young due; 0: never */
    int64_t bytes;

    /* [lock: lock] bytes held after the last collection of each generation or
     * an older one */
    int64_t base[WEIR_GC_GENERATIONS];
};

static struct pace pace = {.lock = WR_MUTEX_INIT(WR_RANK_COLLECT)};

static int64_t
larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * How much more may be held than after its last collection before a generation
 * is due.  The oldest may wait for as much as is alive, from a size on that is
 * small: a small heap is collected whole, which costs little, so that a growing
 * heap is looked at as often for each object at every size.  The middle one is
 * as rare by bytes as it is by objects.
 */
static int64_t
allowance_locked(int generation)
{
    int64_t live = pace.base[OLDEST];
    int64_t young = larger(pace.bytes, live / 8);
    int64_t times = 2;

    if (generation == OLDEST) {
        return larger(pace.bytes / OLD_LEAST, live);
    }
    if (generation == 0) {
        times = 1;
    } else if (pace.middle > pace.threshold[1] && pace.threshold[1] > 0) {
        times = 2 * pace.middle / pace.threshold[1];
    }
    /* Far from overflow, also when it is exceeded several times over. */
    return young > ALLOWANCE_MAX / times ? ALLOWANCE_MAX : young * times;
}

/* Bytes held beyond which a generation is due. */
static int64_t
due_bytes_locked(int generation)
{
    return pace.base[generation] + allowance_locked(generation);
}

static bool
is_on_locked(void)
{
    return pace.enabled && pace.threshold[0] > 0;
}

/* Tell the heap when to ask for a collection. */
static void
set_limits_locked(void)
{
    bool on = is_on_locked();
    int64_t held = 0;

    for (int g = 0; on && pace.bytes > 0 && g < WEIR_GC_GENERATIONS; g++) {
        int64_t due = due_bytes_locked(g);

        held = held == 0 || due < held ? due : held;
    }
    wr_store_relaxed(&wr_trigger.limit, on ? pace.young : INT64_C(0));
    wr_store_relaxed(&wr_trigger.held_limit, held);
    wr_store_relaxed(&wr_trigger.held_most,
                     pace.base[0] + OVERRUN * allowance_locked(0));
}

void
wr_pace_reset(void)
{
    static const int64_t defaults[WEIR_GC_GENERATIONS] = {2000, 10, 10};

    wr_mutex_lock(&pace.lock);
    pace.enabled = true;
    memcpy(pace.threshold, defaults, sizeof(defaults));
    memset(pace.count, 0, sizeof(pace.count));
    memset(pace.base, 0, sizeof(pace.base));
    pace.young = defaults[0];
    pace.idle = 0;
    pace.middle = defaults[1];
    pace.old_total = 0;
    pace.old_pending = 0;
    pace.old_percent = OLD_PERCENT;
    pace.bytes = BYTES_DEFAULT;
    wr_store_relaxed(&wr_trigger.net, INT64_C(0));
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
}

void
wr_pace_stop(void)
{
    wr_mutex_lock(&pace.lock);
    pace.enabled = false;
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
}

/* ---- what is due -------------------------------------------------------- */

static int
due_by_objects_locked(void)
{
    if (pace.count[2] > pace.threshold[2] &&
        pace.old_pending > pace.old_total * pace.old_percent / 100) {
        return 2;
    }
    if (pace.count[1] > pace.middle) {
        return 1;
    }
    return wr_load_relaxed(&wr_trigger.net) > pace.young ? 0 : -1;
}

/* The oldest that is due, so that memory an old cycle holds is found. */
static int
due_by_bytes_locked(void)
{
    int64_t held = wr_load_relaxed(&wr_trigger.held);
    int generation = pace.bytes > 0 ? OLDEST : -1;

    while (generation >= 0 && held <= due_bytes_locked(generation)) {
        generation--;
    }
    return generation;
}

int
wr_pace_due(enum wr_cause *cause)
{
    int by_objects = -1;
    int by_bytes = -1;

    wr_mutex_lock(&pace.lock);
    if (is_on_locked()) {
        by_objects = due_by_objects_locked();
        by_bytes = due_by_bytes_locked();
    }
    wr_mutex_unlock(&pace.lock);
    *cause = by_bytes > by_objects ? WR_CAUSE_BYTES : WR_CAUSE_OBJECTS;
    return by_bytes > by_objects ? by_bytes : by_objects;
}

bool
wr_pace_overrun(void)
{
    int64_t limit = wr_load_relaxed(&wr_trigger.limit);
    int64_t held_limit = wr_load_relaxed(&wr_trigger.held_limit);

    return (limit > 0 && wr_load_relaxed(&wr_trigger.net) / OVERRUN > limit) ||
           (held_limit > 0 && wr_load_relaxed(&wr_trigger.held) >
                                  wr_load_relaxed(&wr_trigger.held_most));
}

/* ---- what collections came to ------------------------------------------- */

void
wr_pace_restart_counts(int generation)
{
    wr_heap_account_all_stw();
    wr_store_relaxed(&wr_trigger.net, INT64_C(0));
    wr_mutex_lock(&pace.lock);
    for (int i = 1; i <= generation; i++) {
        pace.count[i] = 0;
    }
    if (generation < OLDEST) {
        pace.count[generation + 1]++;
    }
    wr_mutex_unlock(&pace.lock);
}

/* Young collections that find nothing are made rarer, fruitful ones not. */
static void
adapt_young_locked(const weir_gc_last_collection *last)
{
    int64_t most =
        pace.threshold[0] > YOUNG_MAX ? pace.threshold[0] : YOUNG_MAX;

    if (last->collected > last->candidates / 5) {
        pace.idle = 0;
        pace.young = pace.young / 2 > pace.threshold[0] ? pace.young / 2
                                                        : pace.threshold[0];
    } else if (last->collected >= last->candidates / 100) {
        pace.idle = 0;
    } else if (++pace.idle >= YOUNG_STREAK) {
        pace.idle = 0;
        pace.young = pace.young > most / 2 ? most : pace.young * 2;
    }
}

/* The same for the middle ones, by the number of young ones in between.  What
 * a full collection finds says as much about them. */
static void
adapt_middle_locked(const weir_gc_last_collection *last, enum wr_cause cause)
{
    int64_t set = pace.threshold[1];

    if (last->collected > last->candidates / 5) {
        pace.middle = set;
    } else if (cause != WR_CAUSE_ASKED &&
               last->collected < last->candidates / 100 &&
               pace.middle / MIDDLE_TIMES < set &&
               pace.middle < INT64_MAX / 4) {
        pace.middle *= 2;
    }
}

/* The same for full ones, by the percentage that must be pending. */
static void
adapt_old_locked(const weir_gc_last_collection *last, enum wr_cause cause)
{
    if (last->collected > last->candidates / 5) {
        pace.old_percent = OLD_PERCENT;
    } else if (cause != WR_CAUSE_ASKED &&
               last->collected < last->candidates / 20 &&
               pace.old_percent < OLD_PERCENT_MAX) {
        pace.old_percent *= 2;
    }
}

void
wr_pace_note(const weir_gc_last_collection *last, enum wr_cause cause)
{
    uint64_t survivors = last->candidates - last->collected;
    int64_t held = wr_load_relaxed(&wr_trigger.held);

    wr_mutex_lock(&pace.lock);
    if (last->generation == OLDEST) {
        adapt_old_locked(last, cause);
        adapt_middle_locked(last, cause);
        pace.old_total = survivors;
        pace.old_pending = 0;
    } else if (last->generation == OLDEST - 1) {
        pace.old_pending += survivors;
        adapt_middle_locked(last, cause);
    } else if (cause == WR_CAUSE_OBJECTS) {
        /* The others come at any time, and say nothing about the rhythm. */
        adapt_young_locked(last);
    }
    for (int i = 0; i <= last->generation; i++) {
        pace.base[i] = held;
    }
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
}

/* ---- settings ----------------------------------------------------------- */

/* Returns what it was before. */
static int
set_enabled(bool enabled)
{
    int before;

    wr_mutex_lock(&pace.lock);
    before = pace.enabled;
    pace.enabled = enabled;
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
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

    wr_mutex_lock(&pace.lock);
    enabled = pace.enabled;
    wr_mutex_unlock(&pace.lock);
    return enabled;
}

int
weir_gc_set_threshold(int64_t young, int64_t middle, int64_t old)
{
    if (young < 0 || middle < 0 || old < 0) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&pace.lock);
    pace.threshold[0] = young;
    pace.threshold[1] = middle;
    pace.threshold[2] = old;
    pace.young = young;
    pace.middle = middle;
    pace.idle = 0;
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
    return WEIR_OK;
}

int
weir_gc_get_threshold(int64_t out[WEIR_GC_GENERATIONS])
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&pace.lock);
    memcpy(out, pace.threshold, sizeof(pace.threshold));
    wr_mutex_unlock(&pace.lock);
    return WEIR_OK;
}

int
weir_gc_get_count(int64_t out[WEIR_GC_GENERATIONS])
{
    int64_t net = wr_load_relaxed(&wr_trigger.net);

    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&pace.lock);
    memcpy(out, pace.count, sizeof(pace.count));
    wr_mutex_unlock(&pace.lock);
    out[0] = net > 0 ? net : 0;
    return WEIR_OK;
}

int
weir_gc_set_bytes(int64_t bytes)
{
    if (bytes < 0) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&pace.lock);
    pace.bytes = bytes;
    set_limits_locked();
    wr_mutex_unlock(&pace.lock);
    return WEIR_OK;
}

int64_t
weir_gc_get_bytes(void)
{
    int64_t bytes;

    wr_mutex_lock(&pace.lock);
    bytes = pace.bytes;
    wr_mutex_unlock(&pace.lock);
    return bytes;
}

int
weir_gc_get_pace(weir_gc_pace *out)
{
    if (out == NULL) {
        return WEIR_EINVAL;
    }
    wr_mutex_lock(&pace.lock);
    out->young = pace.young;
    out->middle = pace.middle;
    out->old_percent = pace.old_percent;
    out->bytes_held = wr_load_relaxed(&wr_trigger.held);
    for (int g = 0; g < WEIR_GC_GENERATIONS; g++) {
        out->bytes_due[g] = pace.bytes > 0 ? due_bytes_locked(g) : 0;
    }
    wr_mutex_unlock(&pace.lock);
    return WEIR_OK;
}

void
wr_pace_fork_lock(void)
{
    wr_mutex_fork_lock(&pace.lock);
}

void
wr_pace_fork_unlock(void)
{
    wr_mutex_fork_unlock(&pace.lock);
}
