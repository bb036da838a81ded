/* SPDX-License-Identifier: MIT */
/*
 * collect/detect.c - which candidates does nothing outside refer to?
 *
 * Trial deletion without lists.  Each 16-byte granule of the region has a
 * signed side byte.  For a candidate it ends up as the references found
 * inside the candidate set less the object's count, so it is zero exactly
 * where no reference comes from outside:
 *
 *   count     one pass in address order, up or down: subtract each
 *             candidate's count from its byte, add one to the byte of each of
 *             its children
 *   resolve   the few whose count does not fit a byte, exactly
 *   split     compare bytes with zero, 64 at a time: the others are roots, and
 *             leave the candidate bitmap
 *   mark      so does what the roots reach
 *
 * What is left in the bitmap is the garbage.  References from anywhere else
 * (older generations, atoms, C variables) are never looked at: they are in
 * the count and nobody subtracts them [inv:collect.outside-keeps].
 */
#include "collect/round.h"

#include <string.h>

#include "collect/count.h"
#include "collect/mark.h"
#include "collect/order.h"
#include "collect/scan.h"

/* ---- resolve ----------------------------------------------------------- */

/*
 * Replace the byte of an object with a large count by the answer: 0 if all
 * references are internal, 2 if there are more of those than it counts, else
 * 1.  A count that has turned negative (immortal since) never matches.
 */
static void
resolve(const struct wr_round *round, weir_object *o)
{
    int8_t *byte = &wr_side.count[wr_granule(o)];
    int64_t internal = *byte + wr_overflow_get(&round->overflow, o);
    int64_t expected = wr_ref_value(o) - round->bias;

    *byte = internal == expected && !round->overflow.lost ? 0
            : internal > expected                         ? 2
                                                          : 1;
}

/* True where note_big() was told of o. */
static inline bool
is_big(const struct wr_round *round, const weir_object *o)
{
    int64_t count = wr_ref_value(o) - round->bias;

    return count < 0 || count >= WR_BIG_COUNT;
}

/* The list of the big ones was too short: look for them all. */
static void
resolve_by_walking(struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;

        if ((round->pools[i].seen & WR_SEEN_BIG) == 0) {
            continue;
        }
        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            uint64_t bits = wr_side.cand[word];

            for (; bits != 0; bits &= bits - 1) {
                weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

                if (is_big(round, o)) {
                    resolve(round, o);
                }
            }
        }
    }
}

static void
resolve_all(struct wr_round *round)
{
    struct wr_overflow *overflow = &round->overflow;

    /* [inv:collect.reserved] */
    WEIR_ASSERT(!overflow->lost);
    if (round->big_lost) {
        resolve_by_walking(round);
    } else {
        for (size_t i = 0; i < round->nbig; i++) {
            resolve(round, round->big[i]);
        }
    }
    /* A small count with 128 references too many is corrupt: keep it. */
    for (size_t i = 0; i < overflow->size; i++) {
        weir_object *o = overflow->entries[i].object;

        if (!is_big(round, o)) {
            wr_side.count[wr_granule(o)] = 1;
        }
    }
    wr_overflow_clear(overflow);
    round->nbig = 0;
    round->big_lost = false;
}

/* ---- split ------------------------------------------------------------- */

/*
 * Take the roots of one pool out of the candidates: what a byte that is not
 * zero is left for.  All of them, before the first is looked at: roots that
 * refer to each other are then not looked for again.
 */
static void
split_pool(struct wr_round *round, const struct wr_pool_ref *ref)
{
    const struct wr_blocks blocks = wr_round_blocks(ref->pool);
    uint64_t *cand = wr_side.cand;
    int8_t *count = wr_side.count;
    uint64_t left = 0;
    size_t end = wr_round_side_end(&blocks);

    for (size_t word = blocks.first >> 10; word << 10 < end; word++) {
        int8_t *bytes = count + word * WR_SCAN_STEP;
        uint64_t some = wr_scan_all_zero(bytes) ? 0 : ~wr_scan_zeros(bytes);
        uint64_t strays = some & ~cand[word];

        cand[word] &= ~some;
        left += wr_bitmap_popcount_word(cand[word]);
        /* Counted as children, and no candidates: no roots either. */
        for (; wr_unlikely(strays != 0); strays &= strays - 1) {
            bytes[wr_bitmap_lowest(strays)] = 0;
        }
    }
    round->left += left;
}

static void
split_all(struct wr_round *round)
{
    round->left = 0;
    for (size_t i = 0; i < round->npools; i++) {
        split_pool(round, &round->pools[i]);
    }
    wr_mark_roots(round);
}

/* ---- all together ------------------------------------------------------ */

/*
 * A pool with garbage and, somewhere, an unstarted finalizer: is the one the
 * other's?
 */
static bool
garbage_waits(const struct wr_pool_ref *ref)
{
    size_t word = (size_t)ref->pool * WR_POOL_WORDS;

    for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
        uint64_t bits = wr_side.cand[word];

        for (; bits != 0; bits &= bits - 1) {
            weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

            if ((o->flags & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
                WR_FLAG_HAS_FINALIZER) {
                return true;
            }
        }
    }
    return false;
}

/* Count the garbage and keep only the pools that have some. */
void
wr_detect_summarise(struct wr_round *round)
{
    size_t kept = 0;

    round->garbage = 0;
    round->finalizers = false;
    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref ref = round->pools[i];
        size_t n = wr_bitmap_popcount(
            wr_side.cand + (size_t)ref.pool * WR_POOL_WORDS, WR_POOL_WORDS);

        if (n == 0) {
            continue;
        }
        round->garbage += n;
        if ((ref.seen & WR_SEEN_FINALIZER) != 0 && garbage_waits(&ref)) {
            round->finalizers = true;
        } else {
            ref.seen &= (uint8_t)~WR_SEEN_FINALIZER;
        }
        ref.seen &= (uint8_t)~WR_SEEN_BIG;
        ref.seen |= WR_SEEN_GARBAGE;
        wr_round_keep(round, &kept, i, ref);
    }
    round->npools = kept;
    /* [inv:collect.left] */
    WEIR_ASSERT(round->garbage == round->left);
}

void
wr_detect(struct wr_round *round)
{
    round->bias = 0;
    round->candidates = 0;
    if (round->whole) {
        wr_mark_known(round);
    }
    wr_round_populate(round, WR_SIDE_COUNT);
    wr_round_populate(round, WR_SIDE_BITMAPS);
    wr_count(round);
    resolve_all(round);
    if (WEIR_DEBUG >= 1) {
        wr_suspect_stw(round);
    }
    split_all(round);
    wr_mark_rescan(round);
    wr_order_end(round);
    wr_round_untouch(round);
    wr_detect_summarise(round);
}

void
wr_detect_keep(struct wr_round *round, weir_object *o)
{
    size_t granule = wr_granule(o);

    if (wr_bitmap_test(wr_side.cand, granule)) {
        wr_bitmap_clear(wr_side.cand, granule);
        round->left--;
        round->stack[round->top++] = o;
        wr_mark_stack(round);
    }
}

void
wr_detect_kept(struct wr_round *round)
{
    wr_mark_rescan(round);
}

/* Move the garbage of the first detection to the mark bitmap; keep a copy. */
static void
copy_to_mark(const struct wr_round *round, bool keep)
{
    for (size_t i = 0; i < round->npools; i++) {
        size_t word = (size_t)round->pools[i].pool * WR_POOL_WORDS;
        size_t bytes = WR_POOL_WORDS * sizeof(uint64_t);

        memcpy(wr_side.mark + word, wr_side.cand + word, bytes);
        if (!keep) {
            memset(wr_side.cand + word, 0, bytes);
        }
    }
}

static uint64_t
count_garbage(const struct wr_round *round)
{
    uint64_t n = 0;

    for (size_t i = 0; i < round->npools; i++) {
        n += wr_bitmap_popcount(wr_side.cand + (size_t)round->pools[i].pool *
                                                   WR_POOL_WORDS,
                                WR_POOL_WORDS);
    }
    return n;
}

int
wr_detect_again(struct wr_round *round)
{
    round->bias = 1;
    round->whole = false;
    if (wr_round_reserve_overflow(round) != WEIR_OK) {
        copy_to_mark(round, false);
        round->garbage = 0;
        return WEIR_ENOMEM;
    }
    copy_to_mark(round, true);
    wr_count_again(round);
    resolve_all(round);
    split_all(round);
    wr_mark_rescan(round);
    round->garbage = count_garbage(round);
    /* [inv:collect.left] */
    WEIR_ASSERT(round->garbage == round->left);
    return WEIR_OK;
}
