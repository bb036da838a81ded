/* SPDX-License-Identifier: MIT */
/*
 * collect/detect.c - which candidates does nothing outside refer to?
 *
 * Trial deletion without lists.  Each 16-byte granule of the region has a
 * signed side byte.  For a candidate it ends up as the references found
 * inside the candidate set less the object's count, so it is zero exactly
 * where no reference comes from outside:
 *
 *   count     one pass in address order: subtract each candidate's count
 *             from its byte, add one to the byte of each of its children
 *   resolve   the few whose count does not fit a byte, exactly
 *   split     compare bytes with zero, 64 at a time: the others are roots, and
 *             leave the candidate bitmap
 *   mark      so does what the roots reach
 *
 * What is left in the bitmap is the garbage.  References from anywhere else
 * (older generations, atoms, C variables) are never looked at: they are in
 * the count and nobody subtracts them [inv:collect.outside-keeps].
 *
 * The loops copy what they use into locals: a store to a side byte could
 * alias any global, and reloading them costs a factor of two.
 */
#include "collect/round.h"

#include <string.h>

#include "collect/mark.h"
#include "collect/scan.h"
#include "collect/visit.h"

/* ---- count ------------------------------------------------------------- */

struct counting {
    uintptr_t base;
    size_t bytes;
    int8_t *count;
    const uint8_t *member;
    /* references to these only; whose count, COUNT_AGAIN asks */
    const uint64_t *only;
    struct wr_overflow *overflow;
};

/* To which pools a reference is counted. */
enum mode {
    COUNT_WHOLE, /* all pools take part */
    COUNT_SOME,  /* those that do */
    COUNT_AGAIN  /* those that do, and there to objects of `only` */
};

static inline struct counting
counting_of(struct wr_round *round)
{
    return (struct counting){
        .base = (uintptr_t)wr_region.base,
        .bytes = round->bytes,
        .count = wr_side.count,
        .member = round->member,
        .only = wr_side.mark,
        .overflow = &round->overflow,
    };
}

/* One more internal reference to what lies there, if that takes part. */
WR_COLLECT_INLINE void
count_at(const struct counting *c, size_t offset, enum mode mode)
{
    int8_t n;

    if (mode != COUNT_WHOLE && c->member[offset >> 16] == 0) {
        return;
    }
    if (mode == COUNT_AGAIN && !wr_bitmap_test(c->only, offset >> 4)) {
        return;
    }
    /* One more than 127 [WR_BIG_COUNT]. */
    if (wr_unlikely(__builtin_add_overflow(c->count[offset >> 4], 1, &n))) {
        wr_overflow_add(c->overflow, (weir_object *)(c->base + offset));
        n = 0;
    }
    c->count[offset >> 4] = n;
}

/* The same of a child.  False: it is NULL, or an atom, an immortal constant or
 * too new, which lie outside as well. */
WR_COLLECT_INLINE bool
count_child(const struct counting *c, weir_object *child, enum mode mode)
{
    size_t offset = (size_t)((uintptr_t)child - c->base);

    if (offset >= c->bytes) {
        return false;
    }
    count_at(c, offset, mode);
    return true;
}

/*
 * What the slots of the pairs of a bitmap word refer to, in bytes from the
 * base.  Whether a slot is empty is anybody's guess, and in the cache a wrong
 * guess costs as much as all the rest.  So there is no jump for it, and what is
 * there is counted when the word has been looked at.  That takes a few
 * instructions more, so after a word without an empty slot none is expected.
 */
struct slots {
    size_t offsets[2 * WR_SCAN_STEP];
    unsigned n;       /* noted */
    unsigned of;      /* slots they are of */
    bool full;        /* none is expected to be empty */
    bool found_empty; /* one was, all the same */
};

WR_COLLECT_INLINE void
note_slot(const struct counting *c, struct slots *slots, weir_object *child)
{
    size_t offset = (size_t)((uintptr_t)child - c->base);

    slots->offsets[slots->n] = offset;
    slots->n += offset < c->bytes ? 1 : 0;
}

/* The pairs of a word have been met. */
WR_COLLECT_INLINE void
count_slots(const struct counting *c, struct slots *slots, enum mode mode)
{
    for (unsigned i = 0; i < slots->n; i++) {
        count_at(c, slots->offsets[i], mode);
    }
    slots->full = slots->full ? !slots->found_empty : slots->n == slots->of;
    slots->found_empty = false;
    slots->n = 0;
    slots->of = 0;
}

/* The functions of a mode: for a child, and for a foreign object. */
#define WR_COUNT_FUNCTIONS(name, mode)                                         \
    WR_COLLECT_INLINE void count_##name(weir_object *child, void *context)     \
    {                                                                          \
        (void)count_child(context, child, mode);                               \
    }                                                                          \
    static void out_##name(weir_object *child, void *context)                  \
    {                                                                          \
        (void)count_child(context, child, mode);                               \
    }                                                                          \
    WR_COLLECT_INLINE void foreign_##name(weir_object *o, void *context)       \
    {                                                                          \
        struct counting copy = *(const struct counting *)context;              \
                                                                               \
        wr_traverse(o, out_##name, &copy);                                     \
    }

WR_COUNT_FUNCTIONS(whole, COUNT_WHOLE)
WR_COUNT_FUNCTIONS(some, COUNT_SOME)
WR_COUNT_FUNCTIONS(again_child, COUNT_AGAIN)

/* Remember a candidate whose count does not fit a byte. */
static void
note_big(struct wr_round *round, struct wr_pool_ref *ref, weir_object *o)
{
    ref->seen |= WR_SEEN_BIG;
    if (round->nbig < round->big_capacity) {
        round->big[round->nbig++] = o;
    } else {
        round->big_lost = true;
    }
}

/* Remember that a candidate will need more than freeing. */
static inline void
note_special(struct wr_pool_ref *ref, const weir_object *o)
{
    if ((o->flags & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
        WR_FLAG_HAS_FINALIZER) {
        ref->seen |= WR_SEEN_FINALIZER;
    }
    if ((o->flags & WR_FLAG_HAS_WEAK) != 0) {
        ref->seen |= WR_SEEN_WEAK;
    }
}

/* The bitmap of what is no candidate: too old, or marked from known roots. */
static inline const uint64_t *
passed_over(int generation)
{
    return generation == 0   ? wr_side.old1
           : generation == 1 ? wr_side.old2
                             : wr_side.mark;
}

/* The objects of `bits` have become candidates and are promoted. */
static inline void
flush_word(struct wr_round *round, size_t word, uint64_t bits)
{
    if (bits == 0) {
        return;
    }
    wr_side.cand[word] = bits;
    round->candidates += wr_bitmap_popcount_word(bits);
    /* Not written when nothing changes: a forked child shares the page. */
    if ((wr_side.old1[word] & bits) != bits) {
        wr_side.old1[word] |= bits;
    }
    if (round->generation > 0 && (wr_side.old2[word] & bits) != bits) {
        wr_side.old2[word] |= bits;
    }
}

/*
 * Where blocks start, a word of a bitmap at a time: every `stride` granules
 * from the pool's first on.  Blocks are taken from a word of bits rather than
 * one after the other, so that what is passed over costs next to nothing.
 */
struct starts {
    uint64_t pattern; /* of a word whose first granule starts a block */
    size_t stride;
    size_t first; /* of the word at hand: granule of the first start */
};

static inline struct starts
starts_of(const struct wr_blocks *blocks)
{
    struct starts starts = {.stride = blocks->size >> WR_GRANULE_SHIFT};

    for (size_t at = 0; at < 64; at += starts.stride) {
        starts.pattern |= UINT64_C(1) << at;
    }
    return starts;
}

/* The starts of the word at hand; go on to the next word. */
static inline uint64_t
next_starts(struct starts *starts)
{
    uint64_t bits = 0;

    if (starts->first >= 64) {
        starts->first -= 64;
        return 0;
    }
    bits = starts->pattern << starts->first;
    starts->first = starts->stride - 1 - (63 - starts->first) % starts->stride;
    return bits;
}

/* Send for the arrays of the living among the blocks of a word.  Always
 * inlined: gcc takes calls of a function that only prefetches for idle. */
WR_COLLECT_INLINE void
send_for_arrays(size_t word, uint64_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        const weir_object *o = wr_object_at(word, wr_bitmap_lowest(bits));

        if (wr_ref_value(o) > 0) {
            (void)wr_send_for_array(o);
        }
    }
}

/* What the loop over the blocks knows of each. */
struct promoting {
    /* the flags of most pairs of the generation, before and after */
    uint8_t usual;
    uint8_t usual_after;
    uint8_t generation; /* after */
    bool arrays;        /* there were some in this word */
};

static inline struct promoting
promoting_of(const struct wr_round *round)
{
    uint8_t after = round->generation == 0 ? 1 : 2;

    return (struct promoting){
        .usual = (uint8_t)(WR_FLAGS_PLAIN_PAIR | round->generation),
        .usual_after = (uint8_t)(WR_FLAGS_PLAIN_PAIR | after),
        .generation = after,
    };
}

/* Count what is no usual pair, and promote it.  False: it takes no part. */
WR_COLLECT_INLINE bool
count_other(struct wr_round *round, struct wr_pool_ref *ref, struct counting *c,
            weir_object *o, int8_t *byte, struct promoting *p, wr_each_fn visit,
            wr_each_foreign_fn foreign)
{
    int64_t count = wr_ref_value(o);
    uint8_t flags = o->flags;

    /* Dead or free, immortal, or not to be looked at. */
    if (count <= 0 || (flags & WR_FLAG_TRACKED) == 0) {
        return false;
    }
    if ((flags & WR_FLAG_GEN_MASK) != p->generation) {
        o->flags = (uint8_t)((flags & ~WR_FLAG_GEN_MASK) | p->generation);
    }
    if ((flags & (WR_FLAG_HAS_FINALIZER | WR_FLAG_HAS_WEAK)) != 0) {
        note_special(ref, o);
    }
    if (wr_likely(count < WR_BIG_COUNT)) {
        *byte = (int8_t)(*byte - (int8_t)count);
    } else {
        note_big(round, ref, o);
    }
    p->arrays |= wr_has_array(o);
    (void)wr_each_child_of(o, 0, UINT64_MAX, visit, foreign, c);
    return true;
}

/*
 * Count the object in a block, if there is one that takes part, and promote it.
 * False: there is none.  One compare of the flags is enough for most.
 */
WR_COLLECT_INLINE bool
count_block(struct wr_round *round, struct wr_pool_ref *ref, struct counting *c,
            weir_object *o, int8_t *byte, struct promoting *p,
            struct slots *slots, enum mode mode, wr_each_fn visit,
            wr_each_foreign_fn foreign)
{
    struct wr_instance *pair = (struct wr_instance *)(void *)o;
    int64_t count = wr_ref_value(o);
    weir_object *first, *second;

    /* [inv:collect.old-bits] */
    WEIR_ASSERT_SLOW(count <= 0 || (o->flags & WR_FLAG_TRACKED) == 0 ||
                     wr_old_bits_agree(o));
    if ((uint64_t)count - 1 >= WR_BIG_COUNT - 1 || o->flags != p->usual) {
        return count_other(round, ref, c, o, byte, p, visit, foreign);
    }
    first = pair->slots[0];
    second = pair->slots[1];
    if (p->usual != p->usual_after) {
        o->flags = p->usual_after;
    }
    *byte = (int8_t)(*byte - (int8_t)count);
    if (mode == COUNT_WHOLE) {
        /* Not in the cache: it waits for that, and not for guesses. */
        visit(first, c);
        visit(second, c);
    } else if (slots->full) {
        if (wr_unlikely(!count_child(c, first, mode))) {
            slots->found_empty = true;
        }
        if (wr_unlikely(!count_child(c, second, mode))) {
            slots->found_empty = true;
        }
    } else {
        note_slot(c, slots, first);
        note_slot(c, slots, second);
        slots->of += 2;
    }
    return true;
}

/* Enumerate the candidates of one pool, promote them, and count. */
WR_COLLECT_INLINE void
count_pool(struct wr_round *round, struct wr_pool_ref *ref, enum mode mode,
           wr_each_fn visit, wr_each_foreign_fn foreign)
{
    struct counting c = counting_of(round);
    const struct wr_blocks blocks = wr_round_blocks(ref->pool);
    const uint64_t *passed = passed_over(round->generation);
    struct promoting p = promoting_of(round);
    struct starts starts = starts_of(&blocks);
    struct slots slots;
    size_t last = (blocks.end - blocks.size) >> WR_GRANULE_SHIFT;

    slots.n = slots.of = 0;
    slots.full = slots.found_empty = false;
    if (blocks.end == blocks.first) {
        return;
    }
    for (size_t word = blocks.first >> 10; word <= last / 64; word++) {
        uint64_t bits = next_starts(&starts);
        uintptr_t start = c.base + (word << 10);
        int8_t *bytes = c.count + word * WR_SCAN_STEP;

        if (word == last / 64) {
            bits &= UINT64_MAX >> (63 - last % 64);
        }
        if (mode != COUNT_WHOLE) {
            bits &= ~passed[word];
        }
        if (p.arrays && wr_round_is_full(round)) {
            send_for_arrays(word, bits);
        }
        p.arrays = false;
        /* Ends: each turn clears a bit. */
        for (uint64_t rest = bits; rest != 0; rest &= rest - 1) {
            unsigned bit = wr_bitmap_lowest(rest);
            weir_object *o = (weir_object *)(start + ((size_t)bit << 4));

            if (!count_block(round, ref, &c, o, &bytes[bit], &p, &slots, mode,
                             visit, foreign)) {
                bits &= ~(UINT64_C(1) << bit);
            }
        }
        if (mode != COUNT_WHOLE) {
            count_slots(&c, &slots, mode);
        }
        flush_word(round, word, bits);
    }
}

static void
count_all(struct wr_round *round)
{
    if (round->whole && !round->partial) {
        for (size_t i = 0; i < round->npools; i++) {
            count_pool(round, &round->pools[i], COUNT_WHOLE, count_whole,
                       foreign_whole);
        }
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref *ref = &round->pools[i];

        count_pool(round, ref, COUNT_SOME, count_some, foreign_some);
        if ((ref->seen & WR_SEEN_MARKED) != 0) {
            ref->seen &= (uint8_t)~WR_SEEN_MARKED;
            memset(wr_side.mark + (size_t)ref->pool * WR_POOL_WORDS, 0,
                   WR_POOL_WORDS * sizeof(uint64_t));
        }
    }
}

/* Count once more, among the objects of the mark bitmap. */
static void
count_again(struct wr_round *round)
{
    struct counting c = counting_of(round);

    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref *ref = &round->pools[i];
        size_t word = (size_t)ref->pool * WR_POOL_WORDS;

        for (size_t end = word + WR_POOL_WORDS; word < end; word++) {
            /* Ends: each turn clears a bit. */
            for (uint64_t bits = c.only[word]; bits != 0; bits &= bits - 1) {
                unsigned bit = wr_bitmap_lowest(bits);
                weir_object *o = wr_object_at(word, bit);
                int8_t *byte = &c.count[word * 64 + bit];
                int64_t count = wr_ref_value(o) - round->bias;

                if (count >= 0 && count < WR_BIG_COUNT) {
                    *byte = (int8_t)(*byte - (int8_t)count);
                } else {
                    note_big(round, ref, o);
                }
                (void)wr_each_child_of(o, 0, UINT64_MAX, count_again_child,
                                       foreign_again_child, &c);
            }
        }
    }
}

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
    count_all(round);
    resolve_all(round);
    if (WEIR_DEBUG >= 1) {
        wr_suspect_stw(round);
    }
    split_all(round);
    wr_mark_rescan(round);
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
    count_again(round);
    resolve_all(round);
    split_all(round);
    wr_mark_rescan(round);
    round->garbage = count_garbage(round);
    /* [inv:collect.left] */
    WEIR_ASSERT(round->garbage == round->left);
    return WEIR_OK;
}
