/* SPDX-License-Identifier: MIT */
/*
 * collect/garbage.c - what happens to the garbage once it is known.
 *
 * While finalizers run the world runs too, and they may make garbage
 * reachable again or drop its references.  So each garbage object gets one
 * reference more, the bias, that only the collector drops: no count reaches
 * zero behind its back [inv:collect.biased].
 *
 * Tearing down needs no stop either: nothing but the garbage refers to the
 * garbage, so no other thread can come to it.  Shared with running threads
 * are only the words of the old bitmaps, which are therefore cleared under
 * the stop, and the blocks' pools, which take frees from any thread.
 *
 * [inv:collect.cand-until-freed] A child is garbage too if its cand bit is
 * set.  The bits stay until all garbage has been torn down, so the test
 * never reads a block that has been freed meanwhile.
 */
#include "collect/round.h"

#include <string.h>

#include "collect/visit.h"
#include "object/dealloc.h"

/* What is done with each object of a bitmap. */
typedef void (*each_fn)(weir_object *o, void *context);

/* Call fn for each set bit of the round's pools, in address order. */
WR_COLLECT_INLINE void
each_object(const struct wr_round *round, const uint64_t *bitmap, each_fn fn,
            void *context)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = bitmap[word];

            for (; bits != 0; bits &= bits - 1) {
                fn(wr_object_at(word, wr_bitmap_lowest(bits)), context);
            }
        }
    }
}

/* ---- finalizers -------------------------------------------------------- */

static inline void
mark_one(weir_object *o, void *context)
{
    (void)context;
    o->flags |= WR_FLAG_IN_GARBAGE;
    wr_ref_adjust(o, 1);
}

void
wr_garbage_mark(struct wr_round *round)
{
    each_object(round, wr_side.cand, mark_one, NULL);
}

static inline void
finalize_one(weir_object *o, void *context)
{
    if ((wr_flags(o) & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
        WR_FLAG_HAS_FINALIZER) {
        wr_finalize_once(context, o);
    }
}

void
wr_garbage_finalize(struct wr_round *round, struct wr_thread *self)
{
    each_object(round, wr_side.cand, finalize_one, self);
}

/* ---- resurrection ------------------------------------------------------ */

/* o is reachable again: it loses flag and bias, and is old from now on. */
static void
release_one(struct wr_round *round, weir_object *o)
{
    size_t granule = wr_granule(o);
    int64_t count = wr_ref_value(o);

    /* [inv:collect.biased] unless it has become immortal */
    WEIR_ASSERT(count < 0 || count >= round->bias);
    o->flags =
        (uint8_t)((o->flags & ~(WR_FLAG_IN_GARBAGE | WR_FLAG_GEN_MASK)) | 2);
    /* old1 is set since o was counted [inv:collect.old-bits]. */
    wr_bitmap_set(wr_side.old2, granule);
    if (count == round->bias) {
        /* Nothing else refers to it: to be dropped when the world runs. */
        round->revived = true;
        return;
    }
    wr_bitmap_clear(wr_side.mark, granule);
    if (count > 0) {
        wr_ref_adjust(o, -round->bias);
    }
}

void
wr_garbage_release(struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.mark[word] & ~wr_side.cand[word];

            wr_side.mark[word] = bits;
            for (; bits != 0; bits &= bits - 1) {
                release_one(round, wr_object_at(word, wr_bitmap_lowest(bits)));
            }
        }
    }
}

/* Drop the bias of what only the bias kept, as any reference is dropped. */
static void
drop_revived(struct wr_round *round, struct wr_thread *self)
{
    for (size_t i = 0; round->revived && i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.mark[word];

            wr_side.mark[word] = 0;
            for (; bits != 0; bits &= bits - 1) {
                wr_drop(self, wr_object_at(word, wr_bitmap_lowest(bits)));
            }
        }
    }
    round->revived = false;
}

/* ---- the end ----------------------------------------------------------- */

/*
 * n blocks of the pool are going to be freed.  Take them off the accounts now:
 * what a collection frees is not to delay the next one.
 */
static void
discount(struct wr_pool *p, uint32_t n)
{
    if (wr_pool_state(p) == WR_POOL_SPAN) {
        (void)wr_fetch_add_relaxed(&wr_trigger.net, (int64_t)n);
    } else {
        p->acct_used -= n;
    }
}

void
wr_garbage_retire(const struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t pool = round->pools[i].pool;
        size_t n = 0;

        for (size_t word = pool * WR_POOL_WORDS;
             word < (pool + 1) * WR_POOL_WORDS; word++) {
            uint64_t bits = wr_side.cand[word];

            if (bits != 0) {
                wr_side.old1[word] &= ~bits;
                wr_side.old2[word] &= ~bits;
                n += wr_bitmap_popcount_word(bits);
            }
        }
        discount(wr_pool_at(pool), (uint32_t)n);
    }
}

/*
 * References out of the garbage that are about to be dropped.  What they are to
 * may be anywhere in the heap, so each is sent for first and dropped when LATER
 * others have been met.
 */
enum { LATER = 32 };

struct later {
    weir_object *objects[LATER]; /* owned; NULL: nothing yet */
    unsigned at;
};

struct freeing {
    struct wr_thread *self;
    struct later *later;
    uintptr_t base;
    size_t bytes;
    const uint64_t *cand;
    const uint8_t *member;
    bool far; /* what is torn down need not be in the cache */
};

/* A child that is not garbage itself has lost its last reference.  May run its
 * finalizer. */
static void __attribute__((noinline))
drop_last(struct wr_thread *self, weir_object *child)
{
    enum wr_quiet before = wr_quiet_swap(WR_QUIET_NOT);

    wr_drop_dead(self, child);
    (void)wr_quiet_swap(before);
}

/* Drop a reference out of the garbage, if there is one. */
WR_COLLECT_INLINE void
drop_outside(const struct freeing *f, weir_object *child)
{
    if (child != NULL) {
        /* [inv:collect.cand-until-freed] what is outside is alive still */
        WEIR_ASSERT(!wr_ref_is_dead(child));
        if (wr_ref_put(child)) {
            drop_last(f->self, child);
        }
    }
}

/* A child: garbage or nothing is left alone. */
WR_COLLECT_INLINE void
drop_child(weir_object *child, void *context)
{
    const struct freeing *f = context;
    size_t offset = (size_t)((uintptr_t)child - f->base);

    if (wr_likely(offset < f->bytes && f->member[offset >> 16] != 0 &&
                  wr_bitmap_test(f->cand, offset >> 4))) {
        return;
    }
    if (child != NULL) {
        struct later *later = f->later;
        weir_object **place = &later->objects[later->at++ % LATER];
        weir_object *due = *place;

        __builtin_prefetch(child, 1);
        *place = child;
        drop_outside(f, due);
    }
}

static void
drop_later(const struct freeing *f)
{
    for (unsigned i = 0; i < LATER; i++) {
        drop_outside(f, f->later->objects[i]);
    }
}

/* Drop what o refers to outside the garbage and give back its arrays. */
static void __attribute__((noinline))
tear_down(const struct freeing *f, weir_object *o)
{
    wr_each_child(o, drop_child, (void *)(uintptr_t)f);
    wr_release_arrays(f->self, o);
}

/*
 * Tear down the garbage of one pool and leave dead blocks, each linked to the
 * next: the memory is written while it is at hand, and not again.
 */
static void
tear_down_pool(const struct freeing *f, size_t pool)
{
    /* A copy whose address stays here is not read again after each store. */
    struct freeing c = *f;
    size_t word = pool * WR_POOL_WORDS;
    weir_object *last = NULL;
    bool arrays = false; /* there were some in this word */

    for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
        uint64_t some = arrays && c.far ? c.cand[word] : 0;

        arrays = false;
        for (; some != 0; some &= some - 1) {
            (void)wr_send_for_array(wr_object_at(word, wr_bitmap_lowest(some)));
        }
        /* Ends: each turn clears a bit. */
        for (uint64_t bits = c.cand[word]; bits != 0; bits &= bits - 1) {
            weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

            /* [inv:collect.outside-keeps] an immortal is never garbage */
            WEIR_ASSERT(wr_ref_value(o) > 0);
            /* [inv:weak.detached-first] */
            WEIR_ASSERT_SLOW(wr_weak_is_forgotten(o));
            if (wr_likely((o->flags & WR_FLAG_PAIR) != 0)) {
                weir_object *const *slots =
                    ((struct wr_instance *)(void *)o)->slots;

                drop_child(slots[0], &c);
                drop_child(slots[1], &c);
            } else {
                arrays |= wr_has_array(o);
                tear_down(f, o);
            }
            o->flags = 0;
            /* [inv:obj.dead-is-zero] nobody else can reach it: no order */
            wr_ref_kill(o);
            if (last != NULL) {
                wr_block_set_next(last, o);
            }
            last = o;
        }
    }
}

void
wr_garbage_free(struct wr_round *round, struct wr_thread *self)
{
    struct later later = {.at = 0};
    const struct freeing f = {
        .self = self,
        .later = &later,
        .base = (uintptr_t)wr_region.base,
        .bytes = round->bytes,
        .cand = wr_side.cand,
        .member = round->member,
        .far = wr_round_is_full(round),
    };

    drop_revived(round, self);
    for (size_t i = 0; i < round->npools; i++) {
        tear_down_pool(&f, round->pools[i].pool);
    }
    drop_later(&f);
    for (size_t i = 0; i < round->npools; i++) {
        size_t pool = round->pools[i].pool;
        uint64_t bits[WR_POOL_WORDS];

        /* The pool, and this piece of the table, may go with the blocks. */
        memcpy(bits, wr_side.cand + pool * WR_POOL_WORDS, sizeof(bits));
        memset(wr_side.cand + pool * WR_POOL_WORDS, 0, sizeof(bits));
        wr_heap_free_batch(self->heap, pool, bits);
    }
}
