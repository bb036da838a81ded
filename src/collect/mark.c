/* SPDX-License-Identifier: MIT */
/*
 * collect/mark.c - from what lives to what that refers to.
 *
 * A stack of objects to look at, and before it a queue: what leaves the stack
 * is prefetched, and is looked at only when QUEUE others have been.  In a
 * heap whose order in memory is not its order of links that is what hides the
 * latency of memory.  A young collection works in the cache and has no queue.
 * Marking is over as soon as there is no candidate left to come to.
 *
 * A full one sweeps first, unless memory is in no order.  What is reached then
 * is not put on the stack if it lies where the sweep is going to come by: it
 * gets a side byte that is not zero, as a root has, and is looked at in the
 * order of memory.
 *
 * Where the queue would stay empty, along a chain, see collect/scout.h.
 *
 * A long array is looked at a stretch at a time: the rest waits in a list of
 * rows until all that the stretch reaches has been seen, so that one list does
 * not need a stack of its own length.
 *
 * The loops copy what they use into locals, and no local's address leaves
 * them: a store to a bitmap could alias any other word.
 */
#include "collect/mark.h"

#include <string.h>

#include "collect/order.h"
#include "collect/scout.h"
#include "collect/visit.h"

enum {
    QUEUE = 64, /* a power of two */
    STRETCH = 128,
    /* in the queue: marks what is there for the second time */
    SENT_TWICE = 1,
    /* bytes from the start of an object that are in its first two lines */
    SECOND_LINE = 40
};

/* No word of a bitmap. */
#define NOWHERE SIZE_MAX

/* Which bits, and what a set one means. */
enum mode {
    MODE_KNOWN, /* mark bits: reached.  All pools take part. */
    MODE_WHOLE, /* cand bits: not reached.  All pools, or their bits are 0. */
    MODE_SWEPT, /* the same during a sweep */
    MODE_SOME   /* the same; pools that take no part may have no bits */
};

struct marking {
    uintptr_t base;
    size_t bytes;
    uint64_t *bits;
    const uint8_t *member;
    weir_object **stack;
    size_t top;
    size_t capacity;
    uint64_t left;    /* but KNOWN: bits that are set */
    int8_t *count;    /* SWEPT: not zero of what lies ahead of the sweep */
    size_t here;      /* the bitmap word that is swept, or NOWHERE */
    size_t ahead;     /* and the first of those that will be */
    uint64_t local;   /* of the word that is swept: reached meanwhile */
    uint64_t reached; /* KNOWN: candidates that were looked at */
    struct wr_round *round;
};

static inline struct marking
marking_of(struct wr_round *round, enum mode mode)
{
    return (struct marking){
        .base = (uintptr_t)wr_region.base,
        .bytes = round->bytes,
        .bits = mode == MODE_KNOWN ? wr_side.mark : wr_side.cand,
        .member = round->member,
        .stack = round->stack,
        .top = round->top,
        .capacity = round->stack_capacity,
        .left = round->left,
        .count = wr_side.count,
        .here = NOWHERE,
        .ahead = round->ahead,
        .local = 0,
        .reached = 0,
        .round = round,
    };
}

/* An object did not fit the stack: rescan will find it by its place. */
static void
note_lost(struct wr_round *round, size_t offset)
{
    if (!round->lost || offset < round->lost_low) {
        round->lost_low = offset;
    }
    if (!round->lost || offset > round->lost_high) {
        round->lost_high = offset;
    }
    round->lost = true;
}

/*
 * Has nothing come to the child yet?  Then the bit that says so is in the byte
 * at *place, which is to be *after.  A byte, not a word: what is
 * allocated together is reached together, and the next look at the same word
 * would have to wait for this one's store.
 */
WR_COLLECT_INLINE bool
is_news(const struct marking *m, weir_object *child, enum mode mode,
        size_t *offset, uint8_t **place, uint8_t *after)
{
    unsigned bit;

    *offset = (size_t)((uintptr_t)child - m->base);
    if (*offset >= m->bytes ||
        (mode == MODE_SOME && m->member[*offset >> 16] == 0)) {
        return false;
    }
    *place = (uint8_t *)m->bits + wr_bitmap_byte(*offset >> 4);
    bit = 1U << (*offset >> 4 & 7U);
    *after = (uint8_t)(**place ^ bit);
    return ((**place & bit) != 0) == (mode != MODE_KNOWN);
}

/* A child of something alive is alive.  Caller: there is room on the stack. */
WR_COLLECT_INLINE void
reach_with_room(struct marking *m, weir_object *child, enum mode mode)
{
    size_t offset;
    uint8_t *place, after;

    if (!is_news(m, child, mode, &offset, &place, &after)) {
        return;
    }
    *place = after;
    m->stack[m->top] = child;
    if (mode == MODE_SWEPT) {
        /* Where it lies is anybody's guess: no jumps. */
        size_t word = offset >> 10;
        bool here = word == m->here;
        bool ahead = word >= m->ahead;

        m->local |= (uint64_t)here << (offset >> 4 & 63U);
        m->count[offset >> 4] = (int8_t)ahead;
        m->top += here || ahead ? 0 : 1;
    } else {
        m->top++;
    }
    m->left--;
}

/* The same where there may be none. */
WR_COLLECT_INLINE void
reach(struct marking *m, weir_object *child, enum mode mode)
{
    size_t offset;
    uint8_t *place, after;

    if (wr_likely(m->top < m->capacity)) {
        reach_with_room(m, child, mode);
    } else if (mode != MODE_KNOWN &&
               is_news(m, child, mode, &offset, &place, &after)) {
        size_t word = offset >> 10;

        *place = after;
        m->left--;
        if (mode == MODE_SWEPT && word == m->here) {
            m->local |= UINT64_C(1) << (offset >> 4 & 63U);
        } else if (mode == MODE_SWEPT && word >= m->ahead) {
            m->count[offset >> 4] = 1;
        } else {
            note_lost(m->round, offset);
        }
    }
}

/* The functions of a mode: for a child, and for a foreign object. */
#define WR_MARK_FUNCTIONS(name, mode)                                          \
    WR_COLLECT_INLINE void reach_##name(weir_object *child, void *context)     \
    {                                                                          \
        reach(context, child, mode);                                           \
    }                                                                          \
    static void out_##name(weir_object *child, void *context)                  \
    {                                                                          \
        reach(context, child, mode);                                           \
    }                                                                          \
    WR_COLLECT_INLINE void foreign_##name(weir_object *o, void *context)       \
    {                                                                          \
        struct marking *m = context;                                           \
        struct marking copy = *m;                                              \
                                                                               \
        wr_traverse(o, out_##name, &copy);                                     \
        m->top = copy.top;                                                     \
        m->left = copy.left;                                                   \
        m->local = copy.local;                                                 \
    }

WR_MARK_FUNCTIONS(known, MODE_KNOWN)
WR_MARK_FUNCTIONS(whole, MODE_WHOLE)
WR_MARK_FUNCTIONS(swept, MODE_SWEPT)
WR_MARK_FUNCTIONS(some, MODE_SOME)

/* Remember the rest of a long array.  False: there is no room. */
static inline bool
put_row(struct wr_round *round, weir_object *o, uint64_t next)
{
    if (round->nrows == WR_ROWS_MAX) {
        return false;
    }
    round->rows[round->nrows++] = (struct wr_row){.object = o, .next = next};
    return true;
}

/* Look at the children of o, of a long array those from `next` on. */
WR_COLLECT_INLINE void
look_at(struct marking *m, weir_object *o, uint64_t next, enum mode mode,
        wr_each_fn visit, wr_each_foreign_fn foreign)
{
    if (wr_likely((o->flags & WR_FLAG_PAIR) != 0 &&
                  m->top + 2 <= m->capacity)) {
        struct wr_instance *pair = (struct wr_instance *)(void *)o;
        weir_object *first = pair->slots[0];

        /* What is pushed last is looked at first. */
        reach_with_room(m, pair->slots[1], mode);
        reach_with_room(m, first, mode);
        return;
    }
    /* Ends: `next` goes up. */
    do {
        next = wr_each_child_of(o, next, STRETCH, visit, foreign, m);
    } while (wr_unlikely(next != 0) &&
             (m->top < m->capacity / 4 * 3 || !put_row(m->round, o, next)));
}

/* Send for what will be looked at soon. */
WR_COLLECT_INLINE void
send_for(const struct marking *m, const weir_object *o)
{
    size_t offset = (size_t)((uintptr_t)o - m->base);

    __builtin_prefetch(o);
    if (m->member[offset >> 16] == WR_MEMBER_STRADDLES) {
        __builtin_prefetch((const char *)o + SECOND_LINE);
    }
}

/* ---- known roots -------------------------------------------------------- */

/* o is old from now on: as flush_word() does for what is counted. */
static void
promote(weir_object *o)
{
    size_t granule = wr_granule(o);

    o->flags = (uint8_t)((o->flags & ~WR_FLAG_GEN_MASK) | 2);
    wr_bitmap_set(wr_side.old1, granule);
    wr_bitmap_set(wr_side.old2, granule);
}

/*
 * Is what was reached to be looked at?  What would be no candidate keeps its
 * bit, so that it comes here once, and nothing else about it changes.
 */
WR_COLLECT_INLINE bool
settle_known(struct marking *m, weir_object *o)
{
    int64_t count = wr_ref_value(o);

    if ((o->flags & WR_FLAG_TRACKED) == 0 || count <= 0) {
        /* Under construction, or immortal: those have children that live. */
        return (o->flags & WR_FLAG_TRACKED) != 0 && count < 0;
    }
    /* [inv:collect.old-bits] */
    WEIR_ASSERT_SLOW(wr_old_bits_agree(o));
    m->reached++;
    if (wr_unlikely((o->flags & WR_FLAG_GEN_MASK) != 2)) {
        promote(o);
    }
    return true;
}

/* ---- the loop ----------------------------------------------------------- */

/*
 * When the loop leaves though there is something to look at: `patience` times
 * no more than `few` objects were at hand.  One at a time is all that a chain
 * offers, and each costs the latency of memory; before the last roots are
 * known it is better to look for company first.
 */
enum { FEW_EMPTY = 0, FEW_CHAIN = 1, FEW_ROOTS = QUEUE / 2 };

/* Is the next in the queue left to others?  What was sent for twice has had its
 * turn.  Out of line: the loop has no register for it. */
static bool __attribute__((noinline))
is_out_of_patience(struct wr_round *round, const weir_object *next)
{
    if (((uintptr_t)next & SENT_TWICE) != 0) {
        return false;
    }
    if (round->patience == 0) {
        return true;
    }
    round->patience--;
    return false;
}

/*
 * Look at what is on the stack and in the rows, until both are empty or no more
 * than a few are at hand too often.  Without the queue first come is first
 * looked at: so all are met before the last are looked at, if all are alive.
 */
WR_COLLECT_INLINE void
drain(struct wr_round *round, unsigned few, bool queued, enum mode mode,
      wr_each_fn visit, wr_each_foreign_fn foreign)
{
    struct marking m = marking_of(round, mode);
    weir_object *queue[QUEUE];
    unsigned at = 0;
    unsigned n = 0;
    size_t bottom = 0;

    /* Ends: an object is pushed when its bit changes, once; a row goes on. */
    while (mode == MODE_KNOWN || m.left > 0) {
        weir_object *o;
        uint64_t next = 0;

        for (; queued && n < QUEUE && m.top > 0; n++) {
            o = m.stack[--m.top];
            send_for(&m, o);
            queue[(at + n) % QUEUE] = o;
        }
        if (n > 0) {
            o = queue[at % QUEUE];
            if (wr_unlikely(n <= few) && is_out_of_patience(round, o)) {
                break;
            }
            at++;
            n--;
            if (((uintptr_t)o & SENT_TWICE) != 0) {
                o = (weir_object *)((uintptr_t)o & ~(uintptr_t)SENT_TWICE);
            } else if (wr_send_for_array(o)) {
                queue[(at + n++) % QUEUE] =
                    (weir_object *)((uintptr_t)o | SENT_TWICE);
                continue;
            }
        } else if (bottom < m.top) {
            o = m.stack[bottom++];
            if (bottom == m.top) {
                bottom = m.top = 0;
            }
        } else if (round->nrows > 0) {
            o = round->rows[--round->nrows].object;
            next = round->rows[round->nrows].next;
        } else {
            break;
        }
        if (mode == MODE_KNOWN && next == 0 && !settle_known(&m, o)) {
            continue;
        }
        look_at(&m, o, next, mode, visit, foreign);
    }
    if (mode != MODE_KNOWN && m.left == 0) {
        /* What waits has nothing to show. */
        m.top = n = 0;
        round->nrows = 0;
        round->lost = false;
    }
    /* They fit: the stack is empty, and longer than the queue. */
    for (; n > 0; n--) {
        m.stack[m.top++] = (weir_object *)((uintptr_t)queue[at++ % QUEUE] &
                                           ~(uintptr_t)SENT_TWICE);
    }
    round->top = m.top;
    if (mode == MODE_KNOWN) {
        round->candidates += m.reached;
    } else {
        round->left = m.left;
    }
}

static void
drain_known(struct wr_round *round)
{
    drain(round, FEW_EMPTY, true, MODE_KNOWN, reach_known, foreign_known);
}

static void __attribute__((noinline)) drain_whole(struct wr_round *round)
{
    drain(round, FEW_EMPTY, true, MODE_WHOLE, reach_whole, foreign_whole);
}

/* Leave what is best looked at together with more. */
static void __attribute__((noinline)) drain_most(struct wr_round *round)
{
    round->patience = 0;
    drain(round, FEW_ROOTS, true, MODE_WHOLE, reach_whole, foreign_whole);
}

static void __attribute__((noinline)) drain_swept(struct wr_round *round)
{
    round->patience = 0;
    drain(round, FEW_ROOTS, true, MODE_SWEPT, reach_swept, foreign_swept);
}

/* Leave at a chain. */
static void __attribute__((noinline))
drain_to_chain(struct wr_round *round, size_t patience)
{
    round->patience = patience;
    drain(round, FEW_CHAIN, true, MODE_WHOLE, reach_whole, foreign_whole);
}

/* A full collection may leave pools out, and then wants the queue all the
 * same. */
static void
drain_some(struct wr_round *round)
{
    if (wr_round_is_full(round)) {
        drain(round, FEW_EMPTY, true, MODE_SOME, reach_some, foreign_some);
    } else {
        drain(round, FEW_EMPTY, false, MODE_SOME, reach_some, foreign_some);
    }
}

void
wr_mark_push(struct wr_round *round, weir_object *o)
{
    if (wr_likely(round->top < round->stack_capacity)) {
        round->stack[round->top++] = o;
    } else {
        note_lost(round, (size_t)((uintptr_t)o - (uintptr_t)wr_region.base));
    }
}

void
wr_mark_stack(struct wr_round *round)
{
    if (round->whole) {
        drain_whole(round);
    } else {
        drain_some(round);
    }
}

void
wr_mark_rescan(struct wr_round *round)
{
    /*
     * Whatever else is looked at here is old, marked or looked at already, and
     * a candidate it refers to is alive anyway.  Ends: whatever is lost has
     * lost its cand bit.
     */
    while (round->lost) {
        size_t low = round->lost_low;
        size_t high = round->lost_high;

        round->lost = false;
        for (size_t i = 0; i < round->npools; i++) {
            struct wr_blocks blocks = wr_round_blocks(round->pools[i].pool);

            if (blocks.end <= low || blocks.first > high) {
                continue;
            }
            for (size_t at = blocks.first; at < blocks.end; at += blocks.size) {
                weir_object *o = (weir_object *)(void *)(wr_region.base + at);

                if (at < low || at > high || wr_ref_value(o) == 0 ||
                    (o->flags & WR_FLAG_TRACKED) == 0 ||
                    wr_bitmap_test(wr_side.cand, at >> 4)) {
                    continue;
                }
                round->stack[round->top++] = o;
                wr_mark_stack(round);
            }
        }
    }
}

/* ---- the roots that counting finds --------------------------------------- */

/* So many objects wait before they are looked at together: a queue wants
 * company. */
enum { ROOTS_WAIT = 128 };

/*
 * Look at the roots of one word, and at what they reach in it.  Where there
 * were arrays in the last there will be more, so they are sent for before the
 * first is looked at.
 */
WR_COLLECT_INLINE void
sweep_word(struct marking *m, size_t word, uint64_t roots, bool *arrays,
           enum mode mode, wr_each_fn visit, wr_each_foreign_fn foreign)
{
    for (uint64_t rest = *arrays ? roots : 0; rest != 0; rest &= rest - 1) {
        (void)wr_send_for_array(wr_object_at(word, wr_bitmap_lowest(rest)));
    }
    *arrays = false;
    m->here = word;
    /* Ends: what is reached has lost its bit. */
    while (roots != 0) {
        weir_object *o = wr_object_at(word, wr_bitmap_lowest(roots));

        *arrays |= wr_has_array(o);
        look_at(m, o, 0, mode, visit, foreign);
        roots = (roots & (roots - 1)) | m->local;
        m->local = 0;
    }
}

/*
 * Look at the roots of one pool, whose side bytes are not zero; they are
 * afterwards.  In address order: no queue is as fast.  SWEPT: what is reached
 * ahead gets such a byte too, and what is behind unless this is the last sweep.
 */
WR_COLLECT_INLINE void
sweep_pool(struct wr_round *round, const struct wr_pool_ref *ref, bool last,
           enum mode mode, wr_each_fn visit, wr_each_foreign_fn foreign)
{
    struct marking m = marking_of(round, mode);
    const struct wr_blocks blocks = wr_round_blocks(ref->pool);
    size_t end = wr_round_side_end(&blocks);
    bool arrays = true;

    for (size_t word = blocks.first >> 10; word << 10 < end; word++) {
        int8_t *bytes = m.count + word * WR_SCAN_STEP;
        uint64_t roots;

        if (wr_scan_all_zero(bytes)) {
            continue;
        }
        roots = ~wr_scan_zeros(bytes);
        memset(bytes, 0, WR_SCAN_STEP);
        if (m.left == 0) {
            continue;
        }
        m.ahead = last ? word + 1 : 0;
        sweep_word(&m, word, roots, &arrays, mode, visit, foreign);
        if (m.top >= ROOTS_WAIT) {
            round->top = m.top;
            round->left = m.left;
            round->ahead = m.ahead;
            if (mode == MODE_SWEPT) {
                drain_swept(round);
            } else if (mode == MODE_WHOLE) {
                drain_most(round);
            } else {
                drain_some(round);
            }
            m.top = round->top;
            m.left = round->left;
        }
    }
    round->top = m.top;
    round->left = m.left;
}

/*
 * Is memory in the order of links, as far as is known?  And where one array
 * names a good part of the heap, the items of that are all reached before any
 * is looked at, and need no stack.
 */
static bool
is_for_sweeps(const struct wr_round *round)
{
    return !round->order.broken || round->longest > round->candidates / 8;
}

/*
 * In the first sweep nothing goes on the stack: what lies behind waits for the
 * second.  So whatever the roots are, of a heap that lies in the order of its
 * links nearly all is looked at in that order, and a list of all its objects
 * needs no stack.  When the order says that the rest is alive it leaves what is
 * on the stack and in the rows to the next loop over them, which drops it,
 * since nothing is left to come to [inv:collect.left].
 */
static void
sweep(struct wr_round *round)
{
    for (int last = 0; last <= 1; last++) {
        for (size_t i = 0; i < round->npools; i++) {
            if (wr_order_holds(round)) {
                wr_order_settle(round);
                return;
            }
            sweep_pool(round, &round->pools[i], last != 0, MODE_SWEPT,
                       reach_swept, foreign_swept);
        }
    }
}

/* No sweep, only the roots. */
static void
start_from_roots(struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        sweep_pool(round, &round->pools[i], true, MODE_WHOLE, reach_whole,
                   foreign_whole);
    }
}

/*
 * Look at what is on the stack, and where that is a chain send scouts ahead.
 * To settle what they have found the side bytes of all pools are read: nothing
 * that is begun for a few objects.
 */
static void
mark_chains(struct wr_round *round)
{
    size_t patience = wr_round_patience(round);

    /* Ends: `patience` objects are looked at each time, or all there are. */
    for (;;) {
        struct wr_scouted scouted;

        drain_to_chain(round, patience);
        if (round->top == 0) {
            return;
        }
        scouted = wr_scout(round);
        if (scouted.vain > scouted.alive && patience <= SIZE_MAX / 2) {
            patience *= 2;
        }
    }
}

void
wr_mark_roots(struct wr_round *round)
{
    if (round->whole) {
        if (is_for_sweeps(round)) {
            sweep(round);
        } else {
            start_from_roots(round);
        }
        mark_chains(round);
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        sweep_pool(round, &round->pools[i], true, MODE_SOME, reach_some,
                   foreign_some);
    }
    drain_some(round);
}

/* ---- what is wholly alive ----------------------------------------------- */

static void
add_root(weir_object *o, void *context)
{
    struct wr_round *round = context;
    struct marking m = marking_of(round, MODE_KNOWN);

    if (!round->partial) {
        round->partial = true;
        wr_round_populate(round, WR_SIDE_MARK);
    }
    reach(&m, o, MODE_KNOWN);
    round->top = m.top;
    if (round->top == round->stack_capacity) {
        drain_known(round);
    }
}

/* WEIR_DEBUG 2: has every living block of the pool a mark? */
__attribute__((unused)) static bool
is_wholly_marked(uint32_t pool)
{
    struct wr_blocks blocks = wr_round_blocks(pool);

    for (size_t at = blocks.first; at < blocks.end; at += blocks.size) {
        if (wr_ref_value((weir_object *)(void *)(wr_region.base + at)) != 0 &&
            !wr_bitmap_test(wr_side.mark, at >> 4)) {
            return false;
        }
    }
    return true;
}

/* Marks in a pool; most often all or none. */
static size_t
marks_in(uint32_t pool)
{
    const uint64_t *mark = wr_side.mark + (size_t)pool * WR_POOL_WORDS;
    uint64_t some = 0;

    for (unsigned i = 0; i < WR_POOL_WORDS; i++) {
        some |= mark[i];
    }
    return some == 0 ? 0 : wr_bitmap_popcount(mark, WR_POOL_WORDS);
}

/* A pool with as many marks as blocks in use has no garbage. */
static void
leave_alive(struct wr_round *round)
{
    size_t kept = 0;

    for (size_t i = 0; i < round->npools; i++) {
        struct wr_pool_ref ref = round->pools[i];
        size_t n = marks_in(ref.pool);

        if (n == 0) {
            wr_round_keep(round, &kept, i, ref);
            continue;
        }
        if (n < wr_load_relaxed(&wr_pool_at(ref.pool)->used)) {
            ref.seen |= WR_SEEN_MARKED;
            wr_round_keep(round, &kept, i, ref);
        } else {
            /* [inv:collect.wholly-alive] */
            WEIR_ASSERT_SLOW(is_wholly_marked(ref.pool));
            wr_round_clear_marks(ref.pool);
            wr_touched[ref.pool] = 0;
            round->member[ref.pool] = 0;
        }
    }
    round->npools = kept;
}

void
wr_mark_known(struct wr_round *round)
{
    wr_round_each_root(add_root, round);
    if (round->partial) {
        drain_known(round);
        leave_alive(round);
    }
}
