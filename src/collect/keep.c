/* SPDX-License-Identifier: MIT */
/*
 * collect/keep.c - garbage that is kept.
 *
 * Keeping is marking: a legacy object leaves the candidates as a root does,
 * and takes along what it reaches.  The mark bitmap, which is free between the
 * first detection and the second, says what was garbage before.
 */
#include "collect/keep.h"

#include <string.h>

#include "collect/report.h"
#include "object/dealloc.h"
#include "thread/safepoint.h"

/* [stw] owned references, see weir_gc_garbage_count() */
static struct wr_vector kept;

/* Waits for a finalizer that the collector must not run. */
static bool
is_legacy(const weir_object *o)
{
    return (o->flags & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
               WR_FLAG_HAS_FINALIZER &&
           wr_type_of(o)->legacy;
}

/* Without memory nothing happens. */
static void
push(struct wr_vector *list, weir_object *o)
{
    if (wr_vector_push(list, o) == 0) {
        wr_ref_get(o);
    }
}

/* ---- legacy finalizers -------------------------------------------------- */

/* Take the legacy objects of a pool, and what they reach, out of cand. */
static void
keep_pool(struct wr_round *round, const struct wr_pool_ref *ref)
{
    size_t word = (size_t)ref->pool * WR_POOL_WORDS;

    for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
        uint64_t bits = wr_side.mark[word];

        for (; bits != 0; bits &= bits - 1) {
            weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

            if (is_legacy(o)) {
                wr_detect_keep(round, o);
            }
        }
    }
}

/* List what has left the cand bits of a pool, and clear its mark bits. */
static void
list_pool(struct wr_round *round, const struct wr_pool_ref *ref)
{
    size_t word = (size_t)ref->pool * WR_POOL_WORDS;

    for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
        uint64_t bits = wr_side.mark[word] & ~wr_side.cand[word];

        wr_side.mark[word] = 0;
        round->uncollectable += wr_bitmap_popcount_word(bits);
        for (; bits != 0; bits &= bits - 1) {
            weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

            if (is_legacy(o) || (round->debug & WEIR_GC_DEBUG_SAVEALL) != 0) {
                push(&kept, o);
            }
            if ((round->debug & WEIR_GC_DEBUG_UNCOLLECTABLE) != 0) {
                push(&round->told, o);
            }
        }
    }
}

void
wr_keep_legacy_stw(struct wr_round *round)
{
    if (!round->finalizers || wr_load_relaxed(&wr_types_legacy) == 0) {
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        memcpy(wr_side.mark + word, wr_side.cand + word,
               WR_POOL_WORDS * sizeof(uint64_t));
    }
    for (size_t i = 0; i < round->npools; i++) {
        if ((round->pools[i].seen & WR_SEEN_FINALIZER) != 0) {
            keep_pool(round, &round->pools[i]);
        }
    }
    wr_detect_kept(round);
    for (size_t i = 0; i < round->npools; i++) {
        list_pool(round, &round->pools[i]);
    }
    wr_detect_summarise(round);
}

/* ---- everything --------------------------------------------------------- */

/* The objects of a bitmap word go to the list; there is room. */
static void
keep_word(size_t word)
{
    for (uint64_t bits = wr_side.cand[word]; bits != 0; bits &= bits - 1) {
        push(&kept, wr_object_at(word, wr_bitmap_lowest(bits)));
    }
}

int
wr_keep_all_stw(struct wr_round *round)
{
    int error = wr_vector_reserve(&kept, kept.size + round->garbage);

    if (error == WEIR_OK) {
        wr_garbage_forget_weak(round);
    } else {
        round->garbage = 0;
    }
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            if (error == WEIR_OK) {
                keep_word(word);
            }
            wr_side.cand[word] = 0;
        }
    }
    return error == WEIR_OK ? WEIR_OK : WEIR_ENOMEM;
}

/* ---- telling ------------------------------------------------------------ */

void
wr_keep_report(struct wr_round *round, struct wr_thread *self)
{
    for (size_t i = 0; i < round->told.size; i++) {
        weir_object *o = wr_vector_get(&round->told, i);

        wr_report_object(WEIR_GC_UNCOLLECTABLE, round->generation, o);
        wr_drop(self, o);
    }
    wr_vector_free(&round->told);
}

void
wr_keep_report_garbage(const struct wr_round *round)
{
    if ((round->debug & WEIR_GC_DEBUG_COLLECTABLE) == 0) {
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.cand[word];

            for (; bits != 0; bits &= bits - 1) {
                wr_report_object(WEIR_GC_COLLECTABLE, round->generation,
                                 wr_object_at(word, wr_bitmap_lowest(bits)));
            }
        }
    }
}

/* ---- the list, from outside --------------------------------------------- */

int
wr_keep_copy(struct wr_thread *self, struct wr_vector *out)
{
    int error;

    wr_stop_world(self);
    error = wr_vector_reserve(out, kept.size);
    for (size_t i = 0; error == WEIR_OK && i < kept.size; i++) {
        push(out, wr_vector_get(&kept, i));
    }
    wr_start_world(self);
    return error == WEIR_OK ? WEIR_OK : WEIR_ENOMEM;
}

int64_t
weir_gc_garbage_count(void)
{
    int64_t n;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_stop_world(wr_self());
    n = (int64_t)kept.size;
    wr_start_world(wr_self());
    return n;
}

int64_t
weir_gc_garbage_clear(void)
{
    struct wr_thread *self;
    struct wr_vector list;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    self = wr_self();
    wr_stop_world(self);
    list = kept;
    kept = (struct wr_vector)WR_VECTOR_INIT;
    wr_start_world(self);
    for (size_t i = 0; i < list.size; i++) {
        wr_drop(self, wr_vector_get(&list, i));
    }
    wr_mem_free(list.items);
    return (int64_t)list.size;
}

void
wr_keep_stop(void)
{
    wr_vector_free(&kept);
}
