/* SPDX-License-Identifier: MIT */
/*
 * collect/weak.c - what a collection does to weak references.
 *
 * Twice, with the world stopped, and never with memory:
 *
 *   before user code runs   references to garbage that have a callback are
 *                           cleared; the callbacks of those that are not
 *                           garbage themselves will be called
 *   when it is known what   all references to it are cleared, and those that
 *   is garbage for good     are garbage leave the table
 *
 * In between a reference without a callback still gives its target: to a
 * callback, a finalizer, or another thread.  That makes the target reachable
 * again, and the second detection sees it.
 *
 * The table knows what it has to do with by one flag, which is looked for in
 * pools where detection has seen it.
 */
#include "collect/round.h"

#include "object/dealloc.h"

/* The world ran after the first detection: the flag may stand anywhere. */
static inline bool
may_have_weak(const struct wr_round *round, const struct wr_pool_ref *ref)
{
    return round->bias != 0 || (ref->seen & WR_SEEN_WEAK) != 0;
}

/* Not garbage of this round, so not only garbage refers to it. */
static bool
is_outside(const struct wr_weak *w, const void *context)
{
    const struct wr_round *round = context;
    size_t offset = (size_t)((uintptr_t)w - (uintptr_t)wr_region.base);

    return offset >= round->bytes ||
           round->member[offset >> WR_POOL_SHIFT] == 0 ||
           !wr_bitmap_test(wr_side.cand, offset >> WR_GRANULE_SHIFT);
}

static void
clear_called(weir_object *o, struct wr_round *round)
{
    if (wr_kind_of(o) != WR_KIND_WEAK) {
        wr_weak_clear_called_stw(o, is_outside, round, &round->due);
    }
}

static void
forget(weir_object *o, struct wr_round *round)
{
    (void)round;
    wr_weak_forget_stw(o);
}

/* Call fn for each garbage object that the table may know. */
static void
each_known(struct wr_round *round, void (*fn)(weir_object *, struct wr_round *))
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        if (!may_have_weak(round, &round->pools[i])) {
            continue;
        }
        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.cand[word];

            for (; bits != 0; bits &= bits - 1) {
                weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

                if (wr_unlikely((o->flags & WR_FLAG_HAS_WEAK) != 0)) {
                    fn(o, round);
                }
            }
        }
    }
}

void
wr_garbage_clear_called(struct wr_round *round)
{
    WEIR_ASSERT(round->due.first == NULL && round->bias == 0);
    each_known(round, clear_called);
}

void
wr_garbage_forget_weak(struct wr_round *round)
{
    each_known(round, forget);
}

void
wr_garbage_call_weak(struct wr_round *round, struct wr_thread *self)
{
    weir_object *w;

    /* Ends: nobody adds to the queue. */
    while ((w = wr_weak_call_next(self, &round->due)) != NULL) {
        wr_drop(self, w);
    }
}
