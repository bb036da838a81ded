/* SPDX-License-Identifier: MIT */
/*
 * collect/freeze.c - the permanent generation.
 *
 * A frozen object has all generation bits set and is not tracked
 * [inv:collect.frozen]; so the loops of the collector, which ask for the
 * tracked, need not know of it.  It is old in the bitmaps.  What it refers to
 * has a count that no collection explains, and lives
 * [inv:collect.outside-keeps].  A pool in which nothing else is tracked takes
 * no part in collections [inv:collect.frozen-pool].
 *
 * Collections are kept out meanwhile, so no object is garbage of one.
 */
#include <string.h>

#include "collect/collect.h"
#include "collect/inspect.h"
#include "collect/settings.h"
#include "object/children.h"
#include "object/dealloc.h"
#include "thread/safepoint.h"

/* The side tables of all that will be old.  Caller: world stopped. */
static int
commit_side(void)
{
    size_t pools = wr_pool_count_gc();

    return pools == 0 ? WEIR_OK : wr_side_commit(0, pools - 1);
}

/* Immortal already: not written, its page may be shared. */
static void
immortalize(weir_object *o, void *context)
{
    (void)context;
    if (!weir_is_immortal(o)) {
        (void)weir_immortalize(o);
    }
}

static void
freeze_one(weir_object *o)
{
    o->flags = (uint8_t)((o->flags & ~WR_FLAG_TRACKED) | WR_FLAG_GEN_MASK);
    wr_bitmap_set(wr_side.old1, wr_granule(o));
    wr_bitmap_set(wr_side.old2, wr_granule(o));
}

/* Nothing is young now, and nothing tracked that is not frozen.  Caller: world
 * stopped. */
static void
mark_pools(void)
{
    memset(wr_touched, WR_TOUCHED_FROZEN, wr_pool_count_gc());
    /* From these, blocks are handed out without a word. */
    wr_heap_retouch_stw();
}

/* All pools take part again.  What was frozen is old: none is touched. */
static void
unmark_pools(void)
{
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        if (wr_touched[pool] == WR_TOUCHED_FROZEN) {
            wr_touched[pool] = 0;
        }
    }
}

/* How many were frozen, or WEIR_ENOMEM.  Caller: world stopped, no collection
 * under way. */
static int64_t
freeze_stw(uint32_t flags)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;
    int64_t n = 0;

    wr_heap_drain_all_stw();
    if (commit_side() != WEIR_OK) {
        return WEIR_ENOMEM;
    }
    while ((o = wr_inspect_next(&walk)) != NULL) {
        if ((o->flags & WR_FLAG_TRACKED) != 0) {
            freeze_one(o);
            n++;
        }
        /* Untracked tuples too: what they hold would be counted. */
        if ((flags & WEIR_GC_FREEZE_IMMORTAL) != 0) {
            wr_children_visit(o, immortalize, NULL);
            immortalize(o, NULL);
        }
    }
    mark_pools();
    wr_pace_restart_counts(WEIR_GC_GENERATIONS - 1);
    return n;
}

/* How many were frozen and are not any more.  Caller: world stopped, no
 * collection under way. */
static int64_t
unfreeze_stw(uint32_t flags)
{
    struct wr_walk walk = {.pool = 0};
    weir_object *o;
    int64_t n = 0;

    (void)flags;
    while ((o = wr_inspect_next(&walk)) != NULL) {
        if (wr_is_frozen(o)) {
            o->flags =
                (uint8_t)((o->flags & ~WR_FLAG_GEN_MASK) | WR_FLAG_TRACKED | 2);
            /* [inv:collect.old-bits] */
            WEIR_ASSERT(wr_old_bits_agree(o));
            n++;
        }
    }
    unmark_pools();
    return n;
}

/* Do that with collections kept out and the world stopped. */
static int64_t
undisturbed(int64_t (*work)(uint32_t flags), uint32_t flags)
{
    struct wr_thread *self;
    int64_t n;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    self = wr_self();
    if (!wr_collect_keep_out(self)) {
        return WEIR_ESTATE;
    }
    wr_stop_world(self);
    n = work(flags);
    wr_start_world(self);
    wr_collect_let_in(self);
    return n;
}

int64_t
weir_gc_freeze(uint32_t flags)
{
    if ((flags & ~(uint32_t)WEIR_GC_FREEZE_IMMORTAL) != 0) {
        return WEIR_EINVAL;
    }
    return undisturbed(freeze_stw, flags);
}

int64_t
weir_gc_unfreeze(void)
{
    return undisturbed(unfreeze_stw, 0);
}

int64_t
weir_gc_freeze_count(void)
{
    uint64_t n[WEIR_GC_GENERATIONS + 1];
    int error = weir_gc_count_objects(n);

    return error == WEIR_OK ? (int64_t)n[WEIR_GC_GENERATIONS] : error;
}
