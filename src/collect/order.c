/* SPDX-License-Identifier: MIT */
#include "collect/order.h"

#include "collect/round.h"
#include "collect/visit.h"

enum {
    SAMPLE_POOLS = 32,
    SAMPLE_BLOCKS = 4,   /* of each */
    SAMPLE_CHILDREN = 8, /* of a long array */
    /* so many candidates are too few for a judgement */
    FEW = 1024
};

/* [stw] see wr_order_spared() */
static uint64_t spared;

uint64_t
wr_order_spared(void)
{
    return spared;
}

/* ---- which end first ----------------------------------------------------- */

/* Where references lead, from what has been looked at. */
struct lead {
    size_t from; /* in bytes from base */
    uintptr_t base;
    size_t bytes;
    unsigned up;
    unsigned down;
};

WR_COLLECT_INLINE void
note_lead(weir_object *child, void *context)
{
    struct lead *lead = context;
    size_t to = (size_t)((uintptr_t)child - lead->base);

    if (to < lead->bytes) {
        lead->up += to > lead->from ? 1 : 0;
        lead->down += to < lead->from ? 1 : 0;
    }
}

/* What a type's own function names may be any number: left out. */
WR_COLLECT_INLINE void
note_no_lead(weir_object *o, void *context)
{
    (void)o;
    (void)context;
}

bool
wr_order_begin(struct wr_round *round)
{
    struct lead lead = {.base = (uintptr_t)wr_region.base,
                        .bytes = round->bytes};
    size_t step = round->npools / SAMPLE_POOLS + 1;

    wr_order_forget(&round->order);
    round->order.watched = true;
    for (size_t i = 0; i < round->npools; i += step) {
        const struct wr_blocks blocks = wr_round_blocks(round->pools[i].pool);
        size_t at = blocks.first;

        for (int n = 0; n < SAMPLE_BLOCKS && at < blocks.end; n++) {
            weir_object *o = (weir_object *)(void *)(wr_region.base + at);

            if (wr_ref_value(o) > 0 && (o->flags & WR_FLAG_TRACKED) != 0) {
                lead.from = at;
                (void)wr_each_child_of(o, 0, SAMPLE_CHILDREN, note_lead,
                                       note_no_lead, &lead);
            }
            at += blocks.size;
        }
    }
    /* Many more: nothing is lost where there is no order. */
    return lead.down > lead.up + lead.up / 2;
}

/* ---- counting ------------------------------------------------------------ */

void
wr_order_except(struct wr_round *round, struct wr_pool_ref *ref, size_t word,
                uint64_t bits)
{
    if (round->order.exceptions == 0) {
        wr_round_populate(round, WR_SIDE_MARK);
    }
    ref->seen |= WR_SEEN_MARKED;
    WEIR_ASSERT(wr_side.mark[word] == 0);
    wr_side.mark[word] = bits;
    round->order.exceptions += wr_bitmap_popcount_word(bits);
}

void
wr_order_judge(struct wr_round *round)
{
    struct wr_order *order = &round->order;

    if (round->candidates >= FEW &&
        order->exceptions > round->candidates / 8 * 5) {
        order->broken = true;
    }
}

/* ---- marking ------------------------------------------------------------- */

bool
wr_order_holds(struct wr_round *round)
{
    struct wr_order *order = &round->order;

    if (!order->watched || order->broken) {
        return false;
    }
    for (; order->pool < round->npools; order->pool++) {
        const struct wr_pool_ref *ref = &round->pools[order->pool];
        size_t first = (size_t)ref->pool * WR_POOL_WORDS;

        if ((ref->seen & WR_SEEN_MARKED) == 0) {
            continue;
        }
        for (; order->word < WR_POOL_WORDS; order->word++) {
            size_t word = first + order->word;

            if ((wr_side.mark[word] & wr_side.cand[word]) != 0) {
                return false;
            }
        }
        order->word = 0;
    }
    return true;
}

void
wr_order_settle(struct wr_round *round)
{
    for (size_t i = 0; i < round->npools; i++) {
        const struct wr_blocks blocks = wr_round_blocks(round->pools[i].pool);
        size_t first = blocks.first >> 10;
        size_t end = (wr_round_side_end(&blocks) + 1023) >> 10;

        memset(wr_side.count + first * WR_SCAN_STEP, 0,
               (end - first) * WR_SCAN_STEP);
        memset(wr_side.cand + first, 0, (end - first) * sizeof(uint64_t));
    }
    spared += round->left;
    round->left = 0;
}

void
wr_order_end(struct wr_round *round)
{
    if (!round->order.watched) {
        return;
    }
    for (size_t i = 0; i < round->npools; i++) {
        wr_round_unmark(&round->pools[i]);
    }
    wr_order_forget(&round->order);
}
