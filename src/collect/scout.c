/* SPDX-License-Identifier: MIT */
/*
 * collect/scout.c - marking along chains, in many places at once.
 *
 * A long chain in an order that is not memory's is what marking is worst at:
 * each object names the next, so each costs the whole latency of memory and
 * nothing can be sent for ahead.  Yet most of a chain has a property that
 * counting has just established: an object with a count of one whose only
 * reference comes from a candidate is reached through that one or not at all.
 *
 * So scouts set out from candidates here and there, along objects with one
 * candidate child whose count is one, and write their number into the side
 * bytes.  Nobody can come to such an object but by the scout's own way, hence
 * by its start; if the start turns out to be alive, all of its way is.
 *
 *             walk on, claim                       alive: its way is alive
 *           +---------+                          +---------------------------+
 *           v         |   ahead is               |                           |
 *   start ->[ walks ]-+-->  another's start  --->[ ended, leads there ]------+
 *                     |     something else   --->[ ended, leads to an exit ]-+
 *                     |     nothing          --->[ ended ]-------------------+
 *
 * What marking had on the stack sets out together with them and is alive from
 * the beginning.  A scout whose start is met by one that is alive becomes
 * alive itself; where its way ended, marking goes on.  The turn ends when
 * nobody who is alive walks any more.  Ways that nothing alive led to are
 * forgotten: their objects are candidates as before.
 *
 * [inv:scout.one-way] An object with a scout's number is that scout's start,
 * or has a count of one and is the only candidate child of the object claimed
 * before it.  A wrong count can break that; then a way is called alive that
 * may not be, which keeps garbage, and never the other way round.
 *
 * The idea is that of list ranking by splitters in parallel machines (Reid-
 * Miller, "List ranking and list scan on the Cray C-90", SPAA 1994): what they
 * do to have work for processors, this does to have work for the memory.
 */
#include "collect/scout.h"

#include <string.h>

#include "collect/mark.h"
#include "collect/visit.h"

enum {
    TOGETHER = 24,   /* who walk at once: as many misses as memory takes */
    NUMBERS = 127,   /* a side byte's */
    LOOKED_AT = 16,  /* pools in which a start is looked for, at a time */
    SLOTS_MAX = 8,   /* of an object that scouts walk along */
    STEPS_AHEAD = 64 /* between two looks at who else could set out */
};

/* [stw] */
static struct wr_scouted total;

struct wr_scouted
wr_scout_total(void)
{
    return total;
}

/* Where a way leads when it has ended. */
enum leads {
    LEADS_NOWHERE,
    LEADS_TO_START, /* `other`'s */
    LEADS_TO_EXIT   /* object `at` */
};

/* A scout.  Number 0 are all that are alive from the beginning. */
struct way {
    uint8_t other;
    uint8_t leads; /* enum leads */
    bool alive;
    bool walks;
    weir_object *at; /* the next to claim */
};

struct scouting {
    struct wr_round *round;
    uintptr_t base;
    uint64_t *cand;
    int8_t *count;
    struct way ways[NUMBERS + 1];
    unsigned numbers; /* of them in use */
    /* those who walk: the way's number, and where it is */
    struct {
        weir_object *at;
        uint8_t way;
    } walking[TOGETHER];
    unsigned nwalking;
    unsigned nalive; /* of them alive */
    size_t pool;     /* where the next start is looked for, in round->pools */
    size_t turns;    /* of that search around the heap */
    struct wr_scouted done;
};

/* The candidate children of an object: how many, and the last. */
struct children {
    uintptr_t base;
    size_t bytes;
    const uint64_t *cand;
    weir_object *last;
    unsigned n;
};

WR_COLLECT_INLINE void
look_at_child(weir_object *child, void *context)
{
    struct children *c = context;
    size_t offset = (size_t)((uintptr_t)child - c->base);

    if (offset < c->bytes && wr_bitmap_test(c->cand, offset >> 4)) {
        c->last = child;
        c->n++;
    }
}

/*
 * The candidate children of o; more than one means that no scout goes on
 * there, whatever the reason.
 */
static inline struct children
children_of(const struct scouting *s, weir_object *o)
{
    struct children c = {.base = s->base,
                         .bytes = s->round->bytes,
                         .cand = s->cand,
                         .last = NULL,
                         .n = 0};
    weir_object *const *slots = ((struct wr_instance *)(void *)o)->slots;

    if (wr_likely((o->flags & WR_FLAG_PAIR) != 0)) {
        wr_each_slot(slots, 2, look_at_child, &c);
    } else if (wr_kind_of(o) == WR_KIND_INSTANCE &&
               wr_type_of(o)->nslots <= SLOTS_MAX) {
        wr_each_slot(slots, wr_type_of(o)->nslots, look_at_child, &c);
    } else {
        c.n = 2;
    }
    return c;
}

static inline bool
is_candidate(const struct scouting *s, const weir_object *o)
{
    return wr_bitmap_test(s->cand, ((uintptr_t)o - s->base) >> 4);
}

static inline unsigned
number_of(const struct scouting *s, const weir_object *o)
{
    return (uint8_t)s->count[((uintptr_t)o - s->base) >> 4];
}

/* o is alive and is to be looked at in the ordinary way. */
static void
leave_to_marking(struct scouting *s, weir_object *o)
{
    if (is_candidate(s, o)) {
        wr_bitmap_clear(s->cand, ((uintptr_t)o - s->base) >> 4);
        s->done.alive++;
        wr_mark_push(s->round, o);
    }
}

/* The way is alive, and so is where it leads, and where that leads. */
static void
set_alive(struct scouting *s, unsigned number)
{
    /* Ends: each turn makes a way alive that was not. */
    while (!s->ways[number].alive) {
        struct way *way = &s->ways[number];

        way->alive = true;
        if (way->walks) {
            s->nalive++;
            return;
        }
        if (way->leads == LEADS_TO_EXIT) {
            /* It may be another's start by now. */
            number = number_of(s, way->at);
            if (number == 0) {
                leave_to_marking(s, way->at);
                return;
            }
        } else if (way->leads == LEADS_TO_START) {
            number = way->other;
        } else {
            return;
        }
    }
}

/* The one who walks at this place has come to an end of its way. */
static void
end_way(struct scouting *s, unsigned place, enum leads leads, unsigned other)
{
    struct way *way = &s->ways[s->walking[place].way];
    weir_object *at = s->walking[place].at;

    s->walking[place] = s->walking[--s->nwalking];
    if (way->alive) {
        s->nalive--;
        if (leads == LEADS_TO_EXIT) {
            leave_to_marking(s, at);
        } else if (leads == LEADS_TO_START) {
            set_alive(s, other);
        }
    }
    if (way != s->ways) {
        way->walks = false;
        way->leads = (uint8_t)leads;
        way->other = (uint8_t)other;
        way->at = at;
    }
}

/* One step.  Returns false if the way has ended. */
static inline bool
step(struct scouting *s, unsigned place, bool starts)
{
    unsigned number = s->walking[place].way;
    weir_object *o = s->walking[place].at;
    size_t granule = ((uintptr_t)o - s->base) >> 4;
    unsigned other = number_of(s, o);
    struct children c;

    if (other != 0) {
        end_way(s, place, LEADS_TO_START, other);
        return false;
    }
    if (!is_candidate(s, o)) {
        end_way(s, place, LEADS_NOWHERE, 0); /* alive, and looked at */
        return false;
    }
    c = children_of(s, o);
    if (c.n > 1 || (!starts && wr_ref_value(o) != 1)) {
        end_way(s, place, LEADS_TO_EXIT, 0);
        return false;
    }
    if (number == 0) {
        wr_bitmap_clear(s->cand, granule);
        s->done.alive++;
    } else {
        s->count[granule] = (int8_t)number;
    }
    if (c.n == 0) {
        end_way(s, place, LEADS_NOWHERE, 0);
        return false;
    }
    s->walking[place].at = c.last;
    __builtin_prefetch(c.last);
    return true;
}

/* Put one more on its way from o; what it comes to is sent for. */
static void
set_out(struct scouting *s, unsigned number, weir_object *o)
{
    s->walking[s->nwalking].at = o;
    s->walking[s->nwalking].way = (uint8_t)number;
    s->nwalking++;
    if (s->ways[number].alive) {
        s->nalive++;
    }
    __builtin_prefetch(o);
}

/* A candidate that no scout has claimed, or NULL: none was met. */
static weir_object *
find_start(struct scouting *s)
{
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        size_t word = (size_t)s->round->pools[s->pool].pool * WR_POOL_WORDS +
                      s->turns % WR_POOL_WORDS;
        uint64_t some = s->cand[word] & wr_scan_zeros(s->count + word * 64);

        s->pool += s->round->npools / NUMBERS + 1;
        if (s->pool >= s->round->npools) {
            s->pool -= s->round->npools;
            s->turns++;
        }
        if (some != 0) {
            return wr_object_at(word, wr_bitmap_lowest(some));
        }
    }
    return NULL;
}

/*
 * Scouts with numbers of their own, as far as there is room; some that are
 * tried cannot take a step.
 */
static void
send_scouts(struct scouting *s)
{
    for (unsigned i = 0;
         i < TOGETHER && s->nwalking < TOGETHER && s->numbers < NUMBERS; i++) {
        weir_object *start = find_start(s);
        unsigned number = s->numbers + 1;

        if (start == NULL) {
            return;
        }
        s->ways[number] = (struct way){.walks = true};
        set_out(s, number, start);
        if (step(s, s->nwalking - 1, true)) {
            s->numbers = number;
        } else {
            s->count[((uintptr_t)start - s->base) >> 4] = 0;
        }
    }
}

/* What is on the stack sets out, as far as there is room. */
static void
send_those_alive(struct scouting *s)
{
    struct wr_round *round = s->round;
    weir_object *keep[TOGETHER];
    unsigned kept = 0;

    while (round->top > 0 && s->nwalking < TOGETHER && kept < TOGETHER) {
        weir_object *o = round->stack[--round->top];
        struct children c = children_of(s, o);

        if (c.n == 1) {
            set_out(s, 0, c.last);
        } else if (c.n > 1) {
            keep[kept++] = o;
        }
    }
    while (kept > 0) {
        round->stack[round->top++] = keep[--kept];
    }
}

/* Forget the numbers; what has that of one who is alive is no candidate. */
static void
settle(struct scouting *s)
{
    for (size_t i = 0; i < s->round->npools; i++) {
        struct wr_blocks blocks = wr_round_blocks(s->round->pools[i].pool);
        size_t end = wr_round_side_end(&blocks);

        for (size_t word = blocks.first >> 10; word << 10 < end; word++) {
            int8_t *bytes = s->count + word * WR_SCAN_STEP;
            uint64_t some = ~wr_scan_zeros(bytes);
            uint64_t alive = 0;

            if (some == 0) {
                continue;
            }
            for (; some != 0; some &= some - 1) {
                unsigned bit = wr_bitmap_lowest(some);

                if (s->ways[bytes[bit]].alive) {
                    alive |= UINT64_C(1) << bit;
                } else {
                    s->done.vain++;
                }
            }
            s->done.alive += wr_bitmap_popcount_word(alive & s->cand[word]);
            s->cand[word] &= ~alive;
            memset(bytes, 0, WR_SCAN_STEP);
        }
    }
}

struct wr_scouted
wr_scout(struct wr_round *round)
{
    struct scouting s = {
        .round = round,
        .base = (uintptr_t)wr_region.base,
        .cand = wr_side.cand,
        .count = wr_side.count,
    };

    s.ways[0].alive = true;
    send_those_alive(&s);
    /* Ends: each step claims an object, or ends a way. */
    while (s.nalive > 0) {
        send_scouts(&s);
        for (unsigned i = 0; i < STEPS_AHEAD; i++) {
            for (unsigned place = 0; place < s.nwalking;) {
                place += step(&s, place, false) ? 1 : 0;
            }
        }
    }
    /* Whoever walks still and is not alive is of no use. */
    settle(&s);
    round->left -= s.done.alive;
    total.alive += s.done.alive;
    total.vain += s.done.vain;
    return s.done;
}
