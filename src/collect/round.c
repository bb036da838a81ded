/* SPDX-License-Identifier: MIT */
/*
 * collect/round.c - which pools take part, and the memory a round needs.
 *
 * A young collection looks at pools that handed out blocks since the last
 * one, a full one at all but those that are wholly frozen.  Everything that
 * could fail happens here, before the first side byte is written
 * [inv:collect.reserved].
 */
#include "collect/round.h"

#include <string.h>

#include "base/mem.h"
#include "collect/report.h"
#include "collect/scan.h"
#include "heap/raw.h"

enum {
    STACK_MIN = 256, /* more than one bitmap word of roots */
    STACK_MAX = 1 << 20,
    STACK_KEEP = 1 << 16,
    BIG_MIN = 1024,
    OVERFLOW_KEEP = 1 << 16,
    PATIENCE_MIN = 1024,
    PATIENCE_PER_POOL = 8, /* what reading a pool's side bytes is worth */
    /* below this many blocks the exact bound is not worth computing */
    OVERFLOW_CHEAP = 1 << 16
};

/* [const] while a collection runs; see wr_collect_set_caps() */
static struct wr_collect_caps caps;

void
wr_round_set_caps(const struct wr_collect_caps *new_caps)
{
    caps = *new_caps;
}

/* [const] while a collection runs; see wr_collect_set_roots() */
static wr_roots_fn each_root;

void
wr_round_set_roots(wr_roots_fn roots)
{
    each_root = roots;
}

void
wr_round_each_root(void (*visit)(weir_object *o, void *context), void *context)
{
    if (each_root != NULL) {
        each_root(visit, context);
    }
}

struct wr_blocks
wr_round_blocks(uint32_t pool)
{
    const struct wr_pool *p = wr_pool_at(pool);
    size_t first = (size_t)pool << WR_POOL_SHIFT;
    size_t size = wr_pool_block_bytes(p);
    size_t n = wr_pool_state(p) == WR_POOL_SPAN ? 1 : p->carved;

    return (struct wr_blocks){
        .first = first, .end = first + n * size, .size = size};
}

/* Make *array hold n items of size bytes; what was in it is lost. */
static int
reserve(void **array, size_t *capacity, size_t n, size_t size)
{
    void *fresh;

    if (n <= *capacity) {
        return WEIR_OK;
    }
    fresh = wr_mem_alloc_huge(n * size);
    if (fresh == NULL) {
        return WEIR_ENOMEM;
    }
    wr_mem_free(*array);
    *array = fresh;
    *capacity = n;
    return WEIR_OK;
}

static int
reserve_pools(struct wr_round *round, size_t n)
{
    void *member = round->member;
    void *pools = round->pools;
    size_t rounded = (n + 255) & ~(size_t)255;
    size_t before = round->member_capacity;
    int error = reserve(&member, &round->member_capacity, rounded, 1);

    round->member = member;
    if (round->member_capacity != before) {
        memset(round->member, 0, round->member_capacity);
    }
    if (error == WEIR_OK) {
        error = reserve(&pools, &round->pools_capacity, rounded,
                        sizeof(struct wr_pool_ref));
        round->pools = pools;
    }
    return error;
}

static void
add_pool(struct wr_round *round, size_t pool)
{
    const struct wr_pool *p = wr_pool_at(pool);

    if (wr_pool_has_blocks(p)) {
        bool aligned = p->block_size == 32 || p->block_size == 64;

        round->member[pool] = aligned ? WR_MEMBER_ALIGNED : WR_MEMBER_STRADDLES;
        round->pools[round->npools++] =
            (struct wr_pool_ref){.pool = (uint32_t)pool, .seen = 0};
    }
}

/* Which bit of a touched byte a generation looks at; clears with younger. */
static uint8_t
touched_mask(int generation)
{
    return generation == 0 ? 1 : 2;
}

/* WEIR_DEBUG 2: is nothing in the pool tracked? */
__attribute__((unused)) static bool
is_frozen(uint32_t pool)
{
    struct wr_blocks blocks = wr_round_blocks(pool);

    for (size_t at = blocks.first; at < blocks.end; at += blocks.size) {
        const weir_object *o =
            (const weir_object *)(const void *)(wr_region.base + at);

        if (!wr_ref_is_dead(o) && (wr_flags(o) & WR_FLAG_TRACKED) != 0) {
            return false;
        }
    }
    return true;
}

/* Fill the list of pools: n of them exist, whole arenas of them. */
static void
choose_pools(struct wr_round *round, size_t n)
{
    uint8_t mask = touched_mask(round->generation);

    if (wr_round_is_full(round)) {
        round->whole = true;
        for (size_t i = 0; i < n; i++) {
            /* [inv:collect.frozen-pool] Marking from known roots would leave
             * its marks in these. */
            if (wr_touched[i] != WR_TOUCHED_FROZEN) {
                add_pool(round, i);
            } else if (wr_pool_has_blocks(wr_pool_at(i))) {
                WEIR_ASSERT_SLOW(is_frozen((uint32_t)i));
                round->whole = false;
            }
        }
    } else {
        for (size_t i = 0; i < n; i += WR_SCAN_STEP) {
            uint64_t some = ~wr_scan_zeros((const int8_t *)wr_touched + i);

            for (; some != 0; some &= some - 1) {
                size_t pool = i + wr_bitmap_lowest(some);

                if ((wr_touched[pool] & mask) != 0) {
                    add_pool(round, pool);
                }
            }
        }
    }
    round->nmembers = round->npools;
}

/* [inv:collect.clean-at-rest] */
static void
forget_members(struct wr_round *round)
{
    for (size_t i = 0; i < round->nmembers; i++) {
        round->member[round->pools[i].pool] = 0;
    }
    round->npools = 0;
    round->nmembers = 0;
}

/* The last pool of a run without large gaps; *at goes on behind it. */
static size_t
run_of(const struct wr_round *round, size_t *at)
{
    size_t last = round->pools[*at].pool;

    for (++*at; *at < round->npools && round->pools[*at].pool <= last + 16;
         ++*at) {
        last = round->pools[*at].pool;
    }
    return last;
}

/* Commit the side tables of the pools chosen, a run of them at a time. */
static int
commit_side(const struct wr_round *round)
{
    for (size_t i = 0; i < round->npools;) {
        size_t first = round->pools[i].pool;

        if (wr_side_commit(first, run_of(round, &i)) != 0) {
            return WEIR_ENOMEM;
        }
    }
    return WEIR_OK;
}

void
wr_round_populate(const struct wr_round *round, enum wr_side_part part)
{
    for (size_t i = 0; i < round->npools;) {
        size_t first = round->pools[i].pool;

        wr_side_populate(first, run_of(round, &i), part);
    }
}

/* How many blocks the pools have, an upper bound of the candidates. */
static size_t
count_blocks(const struct wr_round *round)
{
    size_t n = 0;

    for (size_t i = 0; i < round->npools; i++) {
        const struct wr_pool *p = wr_pool_at(round->pools[i].pool);

        n += wr_pool_state(p) == WR_POOL_SPAN ? 1 : p->carved;
    }
    return n;
}

static int
reserve_stack(struct wr_round *round, size_t blocks)
{
    size_t most = caps.stack != 0 ? caps.stack : STACK_MAX;
    size_t want = blocks < most ? blocks : most;
    void *stack = round->stack;
    int error;

    want = want < STACK_MIN ? STACK_MIN : want;
    if (caps.stack != 0 && round->stack_capacity > want) {
        round->stack_capacity = want;
    }
    error =
        reserve(&stack, &round->stack_capacity, want, sizeof(weir_object *));
    round->stack = stack;
    return error;
}

static int
reserve_big(struct wr_round *round)
{
    size_t want = caps.big != 0 ? caps.big : BIG_MIN;
    void *big = round->big;
    int error;

    if (caps.big != 0 && round->big_capacity > want) {
        round->big_capacity = want;
    }
    error = reserve(&big, &round->big_capacity, want, sizeof(weir_object *));
    round->big = big;
    return error;
}

int
wr_round_reserve_overflow(struct wr_round *round)
{
    size_t most = count_blocks(round);

    if (most > OVERFLOW_CHEAP) {
        /* An entry needs 128 references, and each of those needs a word. */
        size_t pools = wr_pool_count_gc() + wr_pool_count_all() -
                       (size_t)wr_region.pools_gc;
        size_t words = ((pools << WR_POOL_SHIFT) + wr_raw_large_bytes() +
                        (size_t)wr_mem_get_stats().bytes) /
                       sizeof(weir_object *);

        if (words / WR_BIG_COUNT < most) {
            most = words / WR_BIG_COUNT;
        }
    }
    return wr_overflow_reserve(&round->overflow, most);
}

size_t
wr_round_patience(const struct wr_round *round)
{
    return caps.patience != 0
               ? caps.patience
               : PATIENCE_MIN + PATIENCE_PER_POOL * round->npools;
}

int
wr_round_prepare(struct wr_round *round, int generation)
{
    size_t n = wr_pool_count_gc();

    round->generation = generation;
    round->bytes = n << WR_POOL_SHIFT;
    round->top = 0;
    round->nbig = 0;
    round->big_lost = false;
    round->lost = false;
    round->garbage = 0;
    round->candidates = 0;
    round->uncollectable = 0;
    round->debug = wr_load_relaxed(&wr_debug_flags);
    round->finalizers = false;
    round->revived = false;
    round->due = (struct wr_weak_queue){.first = NULL};
    round->npools = 0;
    round->nrows = 0;
    round->whole = false;
    round->partial = false;
    round->longest = 0;
    wr_order_forget(&round->order);
    if (reserve_pools(round, n) != WEIR_OK) {
        return WEIR_ENOMEM;
    }
    choose_pools(round, n);
    if (commit_side(round) != WEIR_OK ||
        reserve_stack(round, count_blocks(round)) != WEIR_OK ||
        reserve_big(round) != WEIR_OK ||
        wr_round_reserve_overflow(round) != WEIR_OK) {
        forget_members(round);
        return WEIR_ENOMEM;
    }
    return WEIR_OK;
}

void
wr_round_untouch(const struct wr_round *round)
{
    uint8_t mask = round->generation == 0 ? 1 : 3;

    for (size_t i = 0; i < round->npools; i++) {
        size_t pool = round->pools[i].pool;

        wr_touched[pool] = (uint8_t)(wr_touched[pool] & ~mask);
    }
}

bool
wr_round_is_clean(const struct wr_round *round)
{
    for (size_t i = 0; i < round->nmembers; i++) {
        size_t pool = round->pools[i].pool;

        for (size_t word = pool * WR_POOL_WORDS;
             word < (pool + 1) * WR_POOL_WORDS; word++) {
            if (wr_side.cand[word] != 0 || wr_side.mark[word] != 0 ||
                wr_scan_zeros(wr_side.count + word * WR_SCAN_STEP) !=
                    UINT64_MAX) {
                return false;
            }
        }
    }
    return true;
}

void
wr_round_finish(struct wr_round *round)
{
    forget_members(round);
    if (round->stack_capacity > STACK_KEEP) {
        wr_mem_free(round->stack);
        round->stack = NULL;
        round->stack_capacity = 0;
    }
    if (round->overflow.capacity > OVERFLOW_KEEP) {
        wr_overflow_free(&round->overflow);
    }
}

void
wr_round_free(struct wr_round *round)
{
    wr_mem_free(round->member);
    wr_mem_free(round->pools);
    wr_mem_free(round->stack);
    wr_mem_free(round->big);
    wr_overflow_free(&round->overflow);
    memset(round, 0, sizeof(*round));
}
