/* SPDX-License-Identifier: MIT */
/*
 * collect/round.h - what one collection works with, and its phases in order.
 *
 * A round lives on the thread that collects; nobody else looks at it.  Its
 * tables are kept from one round to the next.
 *
 *   world       phase
 *   stopped     wr_round_prepare    which pools; reserve all memory
 *   stopped     wr_detect           the cand bitmap becomes the garbage; a full
 *                                   collection marks from known roots first
 *   stopped     wr_garbage_clear_called  weak references with a callback
 *   (only if callbacks or finalizers wait:
 *   stopped     wr_garbage_mark     bias and flag what was found
 *   running     wr_garbage_call_weak  call the callbacks
 *   running     wr_garbage_finalize run the finalizers
 *   stopped     wr_detect_again     what is still unreachable
 *   stopped     wr_garbage_release  give the resurrected back)
 *   stopped     wr_garbage_forget_weak  no weak reference names the garbage
 *   stopped     wr_garbage_retire   forget that the garbage was ever old
 *   running     wr_garbage_free     tear down and free
 *   running     wr_round_finish     give large tables back
 *
 * [inv:collect.clean-at-rest] Between rounds every count byte and every bit
 * of cand and mark is zero.
 * [inv:collect.reserved] Between wr_round_prepare and the end of detection
 * nothing allocates.
 */
#ifndef WR_COLLECT_ROUND_H
#define WR_COLLECT_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/vector.h"
#include "collect/collect.h"
#include "collect/order.h"
#include "collect/overflow.h"
#include "heap/heap.h"
#include "heap/region.h"
#include "heap/side.h"
#include "object/header.h"
#include "object/weak.h"

/* What has been seen in a pool. */
enum {
    WR_SEEN_BIG = 1,       /* a candidate with a large count */
    WR_SEEN_FINALIZER = 2, /* one whose finalizer has not been started */
    WR_SEEN_GARBAGE = 4,   /* cand bits are left */
    WR_SEEN_WEAK = 8,      /* one that the table of weak references may know */
    WR_SEEN_MARKED = 16    /* mark bits, of objects that are alive or of
                            * exceptions of the order */
};

/* A pool's place in `member`: 0, or that it takes part and whether a block's
 * first words may lie in two lines of the cache. */
enum { WR_MEMBER_ALIGNED = 1, WR_MEMBER_STRADDLES = 2 };

/* Bitmap words of a pool. */
enum { WR_POOL_WORDS = WR_SIDE_POOL_WORDS };

/* Counts from here on do not fit a side byte. */
enum { WR_BIG_COUNT = 128 };

/* Long arrays that can wait for their rest to be marked. */
enum { WR_ROWS_MAX = 256 };

/* A long array whose items from `next` on have not been looked at. */
struct wr_row {
    weir_object *object;
    uint64_t next;
};

/* Objects with corrupt counts that one collection reports. */
enum { WR_SUSPECTS_MAX = 4 };

struct wr_trace;

/* A pool that takes part, in address order. */
struct wr_pool_ref {
    uint32_t pool;
    uint8_t seen;
};

struct wr_round {
    int generation;

    /* Region bytes in use at the first stop.  What lies beyond was made
     * later and is never looked at. */
    size_t bytes;

    /* By pool number: WR_MEMBER_*; 0: takes no part.  All 0 at rest. */
    uint8_t *member;
    size_t member_capacity;

    struct wr_pool_ref *pools;
    size_t npools;
    size_t pools_capacity;

    /* Behind those npools stand the members that have left; with them. */
    size_t nmembers;

    /* Marking: found alive, children not yet looked at. */
    weir_object **stack;
    size_t top;
    size_t stack_capacity;

    /* [inv:collect.left] From the split on: cand bits that are set.  When there
     * are none marking ends, whatever waits. */
    uint64_t left;

    /* During a sweep: the bitmap word from which on it will come by. */
    size_t ahead;

    struct wr_order order;

    /* Items of the list, tuple, dict or set that has most, if the whole heap
     * has been counted. */
    uint64_t longest;

    /* Objects that it looks at one by one before it leaves that to others. */
    size_t patience;

    /* Long arrays of which it has begun. */
    struct wr_row rows[WR_ROWS_MAX];
    size_t nrows;

    /* All pools with blocks take part, but for those that marking has found
     * wholly alive, and none is wholly frozen; partial: marking had roots, so
     * there may be such that are alive, and marks in others. */
    bool whole;
    bool partial;

    /* Region offsets between which an object did not fit the stack. */
    bool lost;
    size_t lost_low;
    size_t lost_high;

    /* Candidates with a large count; too many: walk the pools with BIG. */
    weir_object **big;
    size_t nbig;
    size_t big_capacity;
    bool big_lost;

    struct wr_overflow overflow;

    /* How much each count exceeds the references that exist: 0 or 1. */
    int64_t bias;

    uint64_t candidates;
    uint64_t garbage;
    uint64_t uncollectable;
    /* WEIR_GC_DEBUG_* as they were when the collection began */
    uint32_t debug;
    /* uncollectable objects of which the hook is to be told, owned */
    struct wr_vector told;
    /* reports about corrupt counts that wait for the world to run */
    weir_gc_report suspects[WR_SUSPECTS_MAX];
    unsigned nsuspects;
    /* where to write the three steps down, or NULL */
    struct wr_trace *trace;
    bool finalizers; /* some garbage waits for its finalizer */
    bool revived;    /* mark bits name objects whose bias must be dropped */

    /* Cleared weak references whose callbacks wait. */
    struct wr_weak_queue due;
};

/* A pool's blocks: the first at `first`, the last before `end`, in bytes from
 * the region's base. */
struct wr_blocks {
    size_t first;
    size_t end;
    size_t size;
};

/* Where the blocks of a pool lie that were ever handed out. */
struct wr_blocks wr_round_blocks(uint32_t pool);

/* Where those of them end that are sure to have side bytes: of a span's only
 * the ones of its first pool. */
static inline size_t
wr_round_side_end(const struct wr_blocks *blocks)
{
    size_t end = blocks->first + WR_POOL_BYTES;

    return blocks->end < end ? blocks->end : end;
}

/*
 * Choose the pools of a generation and reserve everything detection needs.
 * Caller: world stopped.  0 or WEIR_ENOMEM; then the heap is untouched.
 */
int wr_round_prepare(struct wr_round *round, int generation);

/* After how many objects that come one at a time scouts set out. */
size_t wr_round_patience(const struct wr_round *round);

/* Make room in the overflow table for the heap as it is now.  As above. */
int wr_round_reserve_overflow(struct wr_round *round);

/*
 * All that was new is no longer: clear the touched marks of the pools that
 * were looked at.  Caller: world stopped, after wr_detect.
 */
void wr_round_untouch(const struct wr_round *round);

/* All generations take part, so what is looked at need not be in the cache. */
static inline bool
wr_round_is_full(const struct wr_round *round)
{
    return round->generation == WEIR_GC_GENERATIONS - 1;
}

/* Have the pages ready that a part of detection writes. */
void wr_round_populate(const struct wr_round *round, enum wr_side_part part);

/* Visit what the runtime knows to be alive.  Caller: world stopped. */
void wr_round_each_root(void (*visit)(weir_object *o, void *context),
                        void *context);

/* No mark is left in the pool. */
static inline void
wr_round_clear_marks(uint32_t pool)
{
    memset(wr_side.mark + (size_t)pool * WR_POOL_WORDS, 0,
           WR_POOL_WORDS * sizeof(uint64_t));
}

/* The same, if it is known to have some. */
static inline void
wr_round_unmark(struct wr_pool_ref *ref)
{
    if ((ref->seen & WR_SEEN_MARKED) != 0) {
        ref->seen &= (uint8_t)~WR_SEEN_MARKED;
        wr_round_clear_marks(ref->pool);
    }
}

/* Of a loop over the pools: the one at place i stays, behind *kept others; what
 * was there has left. */
static inline void
wr_round_keep(struct wr_round *round, size_t *kept, size_t i,
              struct wr_pool_ref ref)
{
    round->pools[i] = round->pools[*kept];
    round->pools[(*kept)++] = ref;
}

/* No pool takes part any more, and what is too large to keep goes.  Caller:
 * the collecting thread. */
void wr_round_finish(struct wr_round *round);

/* Give everything back. */
void wr_round_free(struct wr_round *round);

/* Set the caps of the tables, and the source of roots: see collect.h. */
void wr_round_set_caps(const struct wr_collect_caps *caps);
void wr_round_set_roots(wr_roots_fn roots);

/*
 * Find the garbage among the candidates and promote them all.  Afterwards the
 * cand bits of the round's pools are the garbage, exactly.  Caller: world
 * stopped, round prepared.
 */
void wr_detect(struct wr_round *round);

/*
 * Find the candidates with more references than they count, after they have
 * been counted and before the roots are taken out, and die of the first if
 * there is no hook.  Caller: wr_detect().
 */
void wr_suspect_stw(struct wr_round *round);

/* Tell the hook of them.  Caller: attached, world running. */
void wr_suspect_report(struct wr_round *round);

/*
 * o, which is garbage, is alive with all it reaches: those leave the cand bits.
 * After the last of them wr_detect_kept(); then wr_detect_summarise() counts
 * the garbage anew and forgets the pools that have none.  Caller: world
 * stopped, after wr_detect().
 */
void wr_detect_keep(struct wr_round *round, weir_object *o);
void wr_detect_kept(struct wr_round *round);
void wr_detect_summarise(struct wr_round *round);

/*
 * The same over the cand bits only, whose objects carry a bias of 1.  The
 * mark bits keep what cand was before.  Caller: world stopped.
 * 0, or WEIR_ENOMEM: then cand is empty, as if all had been resurrected.
 */
int wr_detect_again(struct wr_round *round);

/*
 * Clear the weak references to garbage that have a callback, and queue those
 * that are not garbage.  Caller: world stopped, after wr_detect.
 */
void wr_garbage_clear_called(struct wr_round *round);

/* Call the callbacks of the queue.  Caller: attached, world running. */
void wr_garbage_call_weak(struct wr_round *round, struct wr_thread *self);

/*
 * No weak reference names the garbage any more, and those that are garbage
 * name nothing.  Caller: world stopped; what is garbage now will be freed.
 */
void wr_garbage_forget_weak(struct wr_round *round);

/* Give each garbage object the bias and the flag.  Caller: world stopped. */
void wr_garbage_mark(struct wr_round *round);

/* Run the finalizers of the garbage, each once.  Caller: attached, world
 * running. */
void wr_garbage_finalize(struct wr_round *round, struct wr_thread *self);

/*
 * Take bias and flag from what is no longer garbage, and make it old.  Those
 * that only the bias keeps stay in the mark bitmap for wr_garbage_free().
 * Caller: world stopped, after wr_detect_again.
 */
void wr_garbage_release(struct wr_round *round);

/*
 * Clear the old bits of the garbage.  Caller: world stopped; with the world
 * running the words would be shared with threads that free other objects.
 */
void wr_garbage_retire(const struct wr_round *round);

/*
 * Tear the garbage down and free its blocks.  Afterwards cand and mark are
 * empty.  Caller: attached, world running.
 */
void wr_garbage_free(struct wr_round *round, struct wr_thread *self);

/* WEIR_DEBUG 2: is the side data of the round's pools all zero? */
bool wr_round_is_clean(const struct wr_round *round);

/* The object at a bit of a bitmap word. */
static inline weir_object *
wr_object_at(size_t word, unsigned bit)
{
    return (weir_object *)(void *)(wr_region.base + (word * 64 + bit) * 16);
}

/* Do the header of o and the bitmaps say the same?  [inv:collect.old-bits] */
static inline bool
wr_old_bits_agree(const weir_object *o)
{
    int generation = o->flags & WR_FLAG_GEN_MASK;
    size_t granule = wr_granule(o);

    return wr_bitmap_test(wr_side.old1, granule) == (generation >= 1) &&
           wr_bitmap_test(wr_side.old2, granule) == (generation >= 2);
}

#endif
