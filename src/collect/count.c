/* SPDX-License-Identifier: MIT */
/*
 * collect/count.c - each candidate's count, and the references to it.
 *
 * One pass over the pools, in which the candidates are promoted too, since
 * their headers and bitmaps are at hand.  What a loop is for is a constant in
 * it: the functions are made once for each mode and way.
 *
 * The loops copy what they use into locals: a store to a side byte could
 * alias any global, and reloading them costs a factor of two.
 */
#include "collect/count.h"

#include "collect/order.h"
#include "collect/scan.h"
#include "collect/visit.h"

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

/* From the pool's first word on, or from one that is `words` behind it. */
static inline struct starts
starts_of(const struct wr_blocks *blocks, size_t words)
{
    struct starts starts = {.stride = blocks->size >> WR_GRANULE_SHIFT};

    starts.first = (starts.stride - words * 64 % starts.stride) % starts.stride;
    for (size_t at = 0; at < 64; at += starts.stride) {
        starts.pattern |= UINT64_C(1) << at;
    }
    return starts;
}

/* The starts of the word at hand; go on to the next one, or the last. */
WR_COLLECT_INLINE uint64_t
next_starts(struct starts *starts, bool down)
{
    size_t first = starts->first;

    if (down) {
        starts->first = (first + 64) % starts->stride;
    } else if (first >= 64) {
        starts->first = first - 64;
    } else {
        starts->first = starts->stride - 1 - (63 - first) % starts->stride;
    }
    return first < 64 ? starts->pattern << first : 0;
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
    uint8_t pair;       /* the flags of most pairs afterwards */
    uint8_t generation; /* after */
    bool arrays;        /* there were some in this word */
};

static inline struct promoting
promoting_of(const struct wr_round *round)
{
    uint8_t after = round->generation == 0 ? 1 : 2;

    return (struct promoting){
        .pair = (uint8_t)(WR_FLAGS_PLAIN_PAIR | after),
        .generation = after,
    };
}

/* Count what is no usual pair, and promote it.  False: it takes no part. */
WR_COLLECT_INLINE bool
count_other(struct wr_round *round, struct wr_pool_ref *ref, struct counting *c,
            weir_object *o, int8_t *byte, struct promoting *p, enum mode mode,
            wr_each_fn visit, wr_each_foreign_fn foreign)
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
    if (mode == COUNT_WHOLE && wr_length_of(o) > round->longest) {
        round->longest = wr_length_of(o);
    }
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
    uint8_t flags = o->flags;
    weir_object *first, *second;

    /* [inv:collect.old-bits] */
    WEIR_ASSERT_SLOW(count <= 0 || (o->flags & WR_FLAG_TRACKED) == 0 ||
                     wr_old_bits_agree(o));
    if ((uint64_t)count - 1 >= WR_BIG_COUNT - 1 ||
        (flags & ~WR_FLAG_GEN_MASK) != WR_FLAGS_PLAIN_PAIR) {
        return count_other(round, ref, c, o, byte, p, mode, visit, foreign);
    }
    first = pair->slots[0];
    second = pair->slots[1];
    if (flags != p->pair) {
        o->flags = p->pair;
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

/* How a pool is gone through: from which end, and whether what no candidate
 * has been found to refer to is an exception (order.h). */
enum way { WAY_UP = 0, WAY_DOWN = 1, WAY_WATCHED = 2 };

/* The blocks of a bitmap word. */
struct word {
    uintptr_t start;
    int8_t *bytes;
    uint64_t bits;    /* of those that take part, as far as is known */
    uint64_t unnamed; /* nothing met before them refers to them */
};

/* It is the turn of the block at a bit. */
WR_COLLECT_INLINE void
meet(struct wr_round *round, struct wr_pool_ref *ref, struct counting *c,
     struct word *w, size_t bit, struct promoting *p, struct slots *slots,
     unsigned way, enum mode mode, wr_each_fn visit, wr_each_foreign_fn foreign)
{
    weir_object *o = (weir_object *)(w->start + (bit << WR_GRANULE_SHIFT));

    if ((way & WAY_WATCHED) != 0 && wr_unlikely(w->bytes[bit] == 0)) {
        w->unnamed |= UINT64_C(1) << bit;
        /* A jump, which is seldom taken, and not three instructions. */
        __asm__("" : "+r"(w->unnamed));
    }
    if (!count_block(round, ref, c, o, &w->bytes[bit], p, slots, mode, visit,
                     foreign)) {
        w->bits &= ~(UINT64_C(1) << bit);
    }
}

/* Enumerate the candidates of one pool, promote them, and count. */
WR_COLLECT_INLINE void
count_pool(struct wr_round *round, struct wr_pool_ref *ref, unsigned way,
           enum mode mode, wr_each_fn visit, wr_each_foreign_fn foreign)
{
    const bool down = (way & WAY_DOWN) != 0;
    struct counting c = counting_of(round);
    const struct wr_blocks blocks = wr_round_blocks(ref->pool);
    const uint64_t *passed = passed_over(round->generation);
    struct promoting p = promoting_of(round);
    struct starts starts;
    struct slots slots;
    size_t last = (blocks.end - blocks.size) >> WR_GRANULE_SHIFT;
    size_t words = last / 64 - (blocks.first >> 10) + 1;

    slots.n = slots.of = 0;
    slots.full = slots.found_empty = false;
    if (blocks.end == blocks.first) {
        return;
    }
    starts = starts_of(&blocks, down ? words - 1 : 0);
    for (size_t i = 0; i < words; i++) {
        size_t word = down ? last / 64 - i : (blocks.first >> 10) + i;
        uint64_t all = next_starts(&starts, down);
        struct word w = {.start = c.base + (word << 10),
                         .bytes = c.count + word * WR_SCAN_STEP};

        if (word == last / 64) {
            all &= UINT64_MAX >> (63 - last % 64);
        }
        w.bits = mode == COUNT_WHOLE ? all : all & ~passed[word];
        if (w.bits == 0) {
            continue;
        }
        if (p.arrays && wr_round_is_full(round)) {
            send_for_arrays(word, w.bits);
        }
        p.arrays = false;
        if (down) {
            /* Of the whole heap, in which all take part. */
            size_t bottom = wr_bitmap_lowest(all);

            WEIR_ASSERT(mode == COUNT_WHOLE);
            for (size_t bit = wr_bitmap_highest(all) + starts.stride;
                 bit > bottom;) {
                bit -= starts.stride;
                meet(round, ref, &c, &w, bit, &p, &slots, way, mode, visit,
                     foreign);
            }
        } else if (w.bits == all) {
            size_t top = wr_bitmap_highest(all);

            for (size_t bit = wr_bitmap_lowest(all); bit <= top;
                 bit += starts.stride) {
                meet(round, ref, &c, &w, bit, &p, &slots, way, mode, visit,
                     foreign);
            }
        } else {
            /* Ends: each turn clears a bit. */
            for (uint64_t rest = w.bits; rest != 0; rest &= rest - 1) {
                meet(round, ref, &c, &w, wr_bitmap_lowest(rest), &p, &slots,
                     way, mode, visit, foreign);
            }
        }
        if (mode != COUNT_WHOLE) {
            count_slots(&c, &slots, mode);
        }
        if ((way & WAY_WATCHED) != 0 && (w.unnamed & w.bits) != 0) {
            wr_order_except(round, ref, word, w.unnamed & w.bits);
        }
        flush_word(round, word, w.bits);
    }
}

static void __attribute__((noinline))
count_watched_up(struct wr_round *round, struct wr_pool_ref *ref)
{
    count_pool(round, ref, WAY_WATCHED | WAY_UP, COUNT_WHOLE, count_whole,
               foreign_whole);
}

static void __attribute__((noinline))
count_watched_down(struct wr_round *round, struct wr_pool_ref *ref)
{
    count_pool(round, ref, WAY_WATCHED | WAY_DOWN, COUNT_WHOLE, count_whole,
               foreign_whole);
}

static void __attribute__((noinline))
count_whole_up(struct wr_round *round, struct wr_pool_ref *ref)
{
    count_pool(round, ref, WAY_UP, COUNT_WHOLE, count_whole, foreign_whole);
}

/* All of the heap, in the order in which its links seem to lead. */
static void
count_heap(struct wr_round *round)
{
    bool down = wr_order_begin(round);

    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref *ref =
            &round->pools[down ? round->npools - 1 - i : i];

        if (round->order.broken) {
            count_whole_up(round, ref);
        } else if (down) {
            count_watched_down(round, ref);
        } else {
            count_watched_up(round, ref);
        }
        wr_order_judge(round);
    }
}

void
wr_count(struct wr_round *round)
{
    if (round->whole && !round->partial) {
        count_heap(round);
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref *ref = &round->pools[i];

        count_pool(round, ref, WAY_UP, COUNT_SOME, count_some, foreign_some);
        wr_round_unmark(ref);
    }
}

void
wr_count_again(struct wr_round *round)
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
