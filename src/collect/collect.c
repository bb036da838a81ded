/* SPDX-License-Identifier: MIT */
/*
 * collect/collect.c - the sequence of one collection.
 *
 *   claim -> callbacks -> STOP -> drain, prepare, detect, clear the weak
 *                                 references that have callbacks
 *                                   | callbacks or finalizers wait?
 *                                   | yes: mark, START, call, finalize, STOP,
 *                                   |      detect again, release
 *                                   v
 *                                 clear the other weak references, retire
 *                                   -> START -> free -> callbacks
 *
 * One collection runs at a time [inv:collect.one]: whoever comes second, from
 * another thread or from a finalizer, gets 0 and leaves a note, so that the
 * first looks once more when it is done.
 *
 * Read first: docs/collector.md; then round.h, detect.c, garbage.c.
 */
#include "collect/collect.h"

#include "base/clock.h"
#include "base/lot.h"
#include "base/mutex.h"
#include "base/plant.h"
#include "base/probe.h"
#include "base/sync.h"
#include "collect/keep.h"
#include "collect/report.h"
#include "collect/round.h"
#include "collect/settings.h"
#include "collect/trace.h"
#include "thread/account.h"
#include "thread/safepoint.h"
#include "thread/thread.h"

struct wr_collector { /* SHARED */
    /* [atomic: CAS and store seq_cst] FREE, or somebody is in.  seq_cst
     * with `again`: the second sets again, then looks here; the first leaves
     * here, then looks at again. */
    uint32_t collecting;

    /* [atomic: written relaxed by who is in; anyone compares with itself] */
    struct wr_thread *owner;

    /* [atomic: seq_cst] somebody was turned away meanwhile */
    uint32_t again;

    /* [atomic: seq_cst] somebody waits for the end, as await_end() says.
     * seq_cst with `collecting`: who waits sets this, then looks there; who
     * leaves there then looks here */
    uint32_t slowed;

    /* [atomic: seq_cst] no collection may begin.  seq_cst with `collecting`:
     * who claims looks here after that; who sets this may then be sure */
    uint32_t shut;

    /* [owner] of the thread that set collecting: */
    struct wr_round round;
    uint64_t stop_asked_ns;
};

/* Values of `collecting`.  AWAITED: in, and threads wait for it in the parking
 * lot (base/lot.h). */
enum { FREE = 0, TAKEN = 1, AWAITED = 2 };

/* The longest a thread is slowed down at one checkpoint: 10 ms. */
enum { SLOWED_NS = 10 * 1000 * 1000 };

static struct wr_collector collector;

int
wr_collect_start(void)
{
    wr_store_seq_cst(&collector.collecting, (uint32_t)FREE);
    wr_store_seq_cst(&collector.again, 0U);
    wr_store_seq_cst(&collector.slowed, 0U);
    wr_settings_reset();
    wr_report_reset();
    return WEIR_OK;
}

void
wr_collect_stop(void)
{
    WEIR_ASSERT(!wr_collect_running());
    wr_settings_stop();
    wr_keep_stop();
    wr_report_reset();
    wr_round_free(&collector.round);
}

bool
wr_collect_running(void)
{
    return wr_load_relaxed(&collector.collecting) != FREE;
}

void
wr_collect_shut(void)
{
    wr_store_seq_cst(&collector.shut, 1U);
}

bool
wr_collect_is_trash(const weir_object *o)
{
    const struct wr_round *round = &collector.round;
    size_t offset = (size_t)((uintptr_t)o - (uintptr_t)wr_region.base);

    /* The bits are zero at rest, and usable where a round has been. */
    return wr_collect_running() && offset < round->bytes &&
           round->member[offset >> WR_POOL_SHIFT] != 0 &&
           wr_bitmap_test(wr_side.cand, offset >> WR_GRANULE_SHIFT);
}

void
wr_collect_set_caps(const struct wr_collect_caps *caps)
{
    wr_round_free(&collector.round);
    wr_round_set_caps(caps);
}

void
wr_collect_set_roots(wr_roots_fn roots)
{
    wr_round_set_roots(roots);
}

/* ---- one at a time ------------------------------------------------------ */

/* The planted claim: what was free may be taken by now. */
static bool
claim_planted(struct wr_thread *self)
{
    if (wr_load_seq_cst(&collector.collecting) != FREE) {
        return false;
    }
    wr_plant_pause();
    wr_store_seq_cst(&collector.collecting, (uint32_t)TAKEN);
    wr_store_relaxed(&collector.owner, self);
    return true;
}

/* Nobody is in: go in. */
static bool
try_claim(struct wr_thread *self)
{
    uint32_t word = FREE;

    if (wr_plant(claim_torn)) {
        return claim_planted(self);
    }
    if (!wr_cas_seq_cst(&collector.collecting, &word, (uint32_t)TAKEN)) {
        return false;
    }
    wr_store_relaxed(&collector.owner, self);
    return true;
}

/* Become the thread that collects.  False: another one is. */
static bool
claim(struct wr_thread *self)
{
    /* Ends: the loop repeats only when a collection has just ended. */
    for (;;) {
        if (try_claim(self)) {
            return true;
        }
        wr_store_seq_cst(&collector.again, 1U);
        if (wr_load_seq_cst(&collector.collecting) != FREE) {
            return false;
        }
    }
}

/* Under the lot's mutex: whom it wakes is in, else nobody is. */
static void
pass_on(void *ctx, bool found, bool more)
{
    uint32_t word = FREE;

    (void)ctx;
    if (found) {
        word = more ? AWAITED : TAKEN;
    }
    wr_store_seq_cst(&collector.collecting, word);
}

/* Let the next one in; look again if somebody was turned away. */
static void
unclaim(struct wr_thread *self)
{
    uint32_t word = TAKEN;

    /* [inv:collect.one] */
    WEIR_ASSERT(wr_load_relaxed(&collector.owner) == self);
    wr_store_relaxed(&collector.owner, (struct wr_thread *)NULL);
    if (!wr_cas_seq_cst(&collector.collecting, &word, (uint32_t)FREE)) {
        (void)wr_lot_unpark_one(&collector.collecting, pass_on, NULL);
    }
    if (wr_exchange_seq_cst(&collector.slowed, 0U) != 0) {
        /* Ends: who comes now finds nobody in, or waits for the next. */
        while (wr_lot_unpark_one(&collector.slowed, NULL, NULL) != 0) {
        }
    }
    if (wr_exchange_seq_cst(&collector.again, 0U) != 0) {
        (void)wr_pending_set(&self->pub.pending, WR_PENDING_COLLECT);
    }
}

/* Under the lot's mutex: sleep only while somebody must wake us. */
static bool
still_awaited(void *ctx)
{
    (void)ctx;
    return wr_load_relaxed(&collector.collecting) == AWAITED;
}

/* Somebody is in: wait, detached.  True when it has let this thread in. */
static bool
await_turn(struct wr_thread *self)
{
    uint32_t word = TAKEN;
    bool in;

    (void)wr_cas_seq_cst(&collector.collecting, &word, (uint32_t)AWAITED);
    wr_thread_detach_fast(self);
    in = wr_lot_park(&collector.collecting, still_awaited, NULL);
    wr_thread_attach_fast(self);
    return in;
}

/* Under the lot's mutex: somebody is in still. */
static bool
still_in(void *ctx)
{
    (void)ctx;
    return wr_load_seq_cst(&collector.collecting) != FREE;
}

/*
 * This thread makes garbage faster than the one that is in frees it: wait,
 * detached, until that has ended.  Not for long: it may be running a finalizer
 * that waits for this thread.
 */
static void
await_end(struct wr_thread *self)
{
    if (wr_load_relaxed(&collector.owner) == self) {
        return; /* in a finalizer */
    }
    wr_store_seq_cst(&collector.slowed, 1U);
    wr_thread_detach_fast(self);
    (void)wr_lot_park_until(&collector.slowed, still_in, NULL,
                            wr_clock_ns() + SLOWED_NS);
    wr_thread_attach_fast(self);
}

bool
wr_collect_keep_out(struct wr_thread *self)
{
    WEIR_ASSERT(!wr_mutex_any_held());
    if (wr_load_relaxed(&collector.owner) == self || wr_plant(fork_impatient)) {
        return false;
    }
    /* Ends: those who wait are let in one by one, before newcomers. */
    while (!try_claim(self)) {
        if (await_turn(self)) {
            wr_store_relaxed(&collector.owner, self);
            break;
        }
    }
    return true;
}

void
wr_collect_let_in(struct wr_thread *self)
{
    unclaim(self);
}

/* True after wr_collect_shut().  Caller: has claimed. */
static bool
is_shut(void)
{
    return wr_load_seq_cst(&collector.shut) != 0;
}

/* ---- the sequence ------------------------------------------------------- */

static void
stop_world(struct wr_thread *self, weir_gc_last_collection *last)
{
    collector.stop_asked_ns = wr_clock_ns();
    wr_stop_world(self);
    last->halt_ns += wr_clock_ns() - collector.stop_asked_ns;
}

static void
start_world(struct wr_thread *self, weir_gc_last_collection *last)
{
    uint64_t begin = wr_clock_ns();
    uint64_t end;

    wr_start_world(self);
    end = wr_clock_ns();
    last->resume_ns += end - begin;
    last->pause_ns += end - collector.stop_asked_ns;
    wr_settings_note_pause(end - collector.stop_asked_ns);
}

/*
 * The first half: find the garbage.  Caller: world stopped.
 * 0, or WEIR_ENOMEM or WEIR_ELIMIT and nothing has changed
 * [inv:collect.enomem-no-change].
 */
static int
detect_stw(struct wr_round *round, int generation)
{
    wr_heap_drain_all_stw();
    if (generation == WEIR_GC_GENERATIONS - 1) {
        wr_heap_trim_stw();
    }
    if (wr_round_prepare(round, generation) != WEIR_OK) {
        return WEIR_ENOMEM;
    }
    if (round->trace != NULL) {
        int error = wr_trace_take_stw(round->trace, round);

        if (error != WEIR_OK) {
            return error;
        }
    }
    wr_detect(round);
    WEIR_ASSERT(round->trace == NULL || wr_trace_agrees_stw(round->trace));
    wr_heap_retouch_stw();
    wr_pace_restart_counts(generation);
    return WEIR_OK;
}

/* Code of the user's is to see the garbage before it goes. */
static bool
user_waits(const struct wr_round *round)
{
    return round->finalizers || round->due.first != NULL ||
           (round->garbage != 0 &&
            (round->debug &
             (WEIR_GC_DEBUG_COLLECTABLE | WEIR_GC_DEBUG_SAVEALL)) != 0);
}

/*
 * Run the callbacks and finalizers that wait for the garbage with the world
 * running, and find out what is garbage still.  Caller: world stopped; it is
 * stopped again on return.  As wr_detect_again().
 */
static int
finalize_and_detect_again(struct wr_round *round, struct wr_thread *self,
                          weir_gc_last_collection *last)
{
    int error;

    wr_garbage_mark(round);
    start_world(self, last);
    wr_keep_report_garbage(round);
    wr_garbage_call_weak(round, self);
    wr_garbage_finalize(round, self);
    stop_world(self, last);
    wr_heap_drain_all_stw();
    wr_heap_account_all_stw();
    error = wr_plant(saved_freed) ? WEIR_OK : wr_detect_again(round);
    if (error == WEIR_OK && (round->debug & WEIR_GC_DEBUG_SAVEALL) != 0) {
        error = wr_keep_all_stw(round);
    }
    wr_garbage_release(round);
    return error;
}

/* Nanoseconds since *begin, which becomes now: one phase ends there. */
static uint64_t
lap(uint64_t *begin)
{
    uint64_t now = wr_clock_ns();
    uint64_t ns = now - *begin;

    *begin = now;
    return ns;
}

/* Collect.  Caller: attached, has claimed.  What was freed, or WEIR_ENOMEM. */
static int64_t
collect(struct wr_thread *self, weir_gc_last_collection *last)
{
    struct wr_round *round = &collector.round;
    uint64_t begin = wr_clock_ns();
    int error;

    stop_world(self, last);
    error = detect_stw(round, last->generation);
    last->detect_ns = lap(&begin);
    if (error == WEIR_OK) {
        wr_keep_legacy_stw(round);
        wr_garbage_clear_called(round);
        if (user_waits(round)) {
            error = finalize_and_detect_again(round, self, last);
            last->finalize_ns = lap(&begin);
        }
        wr_garbage_forget_weak(round);
        wr_garbage_retire(round);
        if (last->generation == WEIR_GC_GENERATIONS - 1 && !round->revived) {
            wr_side_release();
        }
        last->candidates = round->candidates;
        last->collected = round->garbage;
        last->uncollectable = round->uncollectable;
    } else {
        /* [inv:collect.enomem-no-change] */
        WEIR_ASSERT(round->candidates == 0);
        round->npools = 0;
        round->bytes = 0;
    }
    start_world(self, last);
    wr_garbage_free(round, self);
    /* [inv:collect.clean-at-rest] */
    WEIR_ASSERT_SLOW(wr_round_is_clean(round));
    wr_suspect_report(round);
    wr_keep_report(round, self);
    wr_round_finish(round);
    last->free_ns = lap(&begin);
    return error == WEIR_OK ? (int64_t)(last->collected + last->uncollectable)
                            : error;
}

/* WEIR_GC_DEBUG_STATS: tell what it came to, and what there is now. */
static void
report_stats(const weir_gc_info *info)
{
    weir_gc_report report = {
        .event = WEIR_GC_STATS,
        .generation = info->generation,
        .totals = *info,
    };

    if (wr_report_wanted() && weir_gc_count_objects(report.objects) == 0) {
        wr_report(&report);
    }
}

/* A whole collection with all that belongs to it. */
static int64_t
run(struct wr_thread *self, int generation, enum wr_cause cause)
{
    weir_gc_info info = {.generation = generation};
    weir_gc_last_collection last = {.generation = generation};
    int64_t result;
    /* What users' code leaves is no news to who came to a checkpoint. */
    int error = self->error;

    wr_settings_call(WEIR_GC_START, &info);
    wr_account_note(self, WEIR_EVENT_GC_BEGIN, (uint64_t)generation);
    WR_PROBE1(gc_begin, generation);
    result = collect(self, &last);
    WR_PROBE2(gc_end, generation, last.collected);
    wr_account_note(self, WEIR_EVENT_GC_END, last.collected);
    if (result >= 0) {
        wr_settings_note(&last, cause);
    }
    info.collected = (int64_t)last.collected;
    info.uncollectable = (int64_t)last.uncollectable;
    info.candidates = (int64_t)last.candidates;
    info.duration_ns = last.detect_ns + last.finalize_ns + last.free_ns;
    if ((collector.round.debug & WEIR_GC_DEBUG_STATS) != 0) {
        report_stats(&info);
    }
    wr_settings_call(WEIR_GC_STOP, &info);
    self->error = error;
    return result;
}

/* trace: where to write the steps down, or NULL. */
static int64_t
collect_now(int generation, struct wr_trace *trace)
{
    struct wr_thread *self;
    int64_t result;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    if (generation < 0 || generation >= WEIR_GC_GENERATIONS) {
        return WEIR_EINVAL;
    }
    self = wr_self();
    if (!wr_cfg_counted || !claim(self)) {
        return 0;
    }
    collector.round.trace = trace;
    result = is_shut() ? WEIR_ESTATE : run(self, generation, WR_CAUSE_ASKED);
    collector.round.trace = NULL;
    unclaim(self);
    return result;
}

int64_t
weir_gc_collect(int generation)
{
    return collect_now(generation, NULL);
}

int64_t
weir_gc_collect_traced(int generation, weir_gc_trace_fn fn, void *data)
{
    struct wr_trace trace = {.steps = NULL};
    int64_t result;

    if (fn == NULL) {
        return WEIR_EINVAL;
    }
    result = collect_now(generation, &trace);
    if (result >= 0) {
        wr_trace_tell(&trace, fn, data);
    }
    wr_trace_free(&trace);
    return result;
}

void
wr_collect_due(struct wr_thread *self)
{
    enum wr_cause cause;
    int generation;

    /* [inv:collect.at-checkpoint] */
    WEIR_ASSERT(!wr_mutex_any_held());
    (void)wr_pending_clear(&self->pub.pending, WR_PENDING_COLLECT);
    if (!wr_cfg_counted) {
        return;
    }
    if (!claim(self)) {
        if (wr_pace_overrun()) {
            await_end(self);
        }
        return;
    }
    generation = wr_pace_due(&cause);
    if (generation >= 0 && !is_shut()) {
        (void)run(self, generation, cause);
    }
    unclaim(self);
}
