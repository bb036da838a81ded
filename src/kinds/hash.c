/* SPDX-License-Identifier: MIT */
/*
 * kinds/hash.c - hash values and equality by value.
 *
 * A tuple is hashed as the sequence of its items, each nested tuple written
 * as its size followed by its items: equal tuples, and only they, give equal
 * sequences.  So one accumulator serves all levels and the walk needs no more
 * than a bounded stack of positions.
 */
#include "kinds/hash.h"

#include "base/random.h"

#include <string.h>

struct wr_hash_key wr_hash_key;

/* Where the walk through a tuple stands. */
struct place {
    const struct wr_tuple *tuple;
    uint64_t next;
};

/* Where the walk through two tuples of one size stands. */
struct pair {
    const struct wr_tuple *a;
    const struct wr_tuple *b;
    uint64_t next;
};

static inline const struct wr_tuple *
tuple_of(const weir_object *o)
{
    return (const struct wr_tuple *)(const void *)o;
}

void
wr_hash_seed(uint64_t seed)
{
    struct wr_random random;

    wr_random_seed(&random, seed != 0 ? seed : wr_random_entropy());
    wr_hash_key.bytes[0] = wr_random_next(&random);
    wr_hash_key.bytes[1] = wr_random_next(&random);
    wr_hash_key.words[0] = wr_random_next(&random);
    wr_hash_key.words[1] = wr_random_next(&random) | 1U;
    wr_hash_key.words[2] = wr_random_next(&random) | 1U;
}

uint64_t
wr_hash_str_slow(struct wr_str *s)
{
    uint64_t hash = wr_hash_bytes(s->bytes, (size_t)s->length);

    /* Two threads may both get here; they store the same value. */
    wr_store_relaxed(&s->hash, hash);
    return hash;
}

/* Add one word to the hash of a sequence. */
static inline uint64_t
add_word(uint64_t sum, uint64_t word)
{
    sum += word * UINT64_C(0xc2b2ae3d27d4eb4f);
    sum = sum << 31 | sum >> 33;
    return sum * UINT64_C(0x9e3779b185ebca87);
}

static int
hash_tuple(const struct wr_tuple *tuple, uint64_t *out)
{
    struct place stack[WEIR_HASH_DEPTH];
    size_t depth = 1;
    uint32_t met = 1;
    uint64_t sum = add_word(wr_hash_key.words[0], tuple->size);

    stack[0] = (struct place){tuple, 0};
    /* Ends: depth and number of tuples are bounded, each has an end. */
    while (depth > 0) {
        struct place *top = &stack[depth - 1];
        weir_object *item;
        uint64_t hash;
        int error;

        if (top->next == top->tuple->size) {
            depth--;
            continue;
        }
        item = top->tuple->items[top->next++];
        if (wr_unlikely(item == NULL)) {
            return WEIR_ESTATE;
        }
        if (item->meta == WR_META_TUPLE) {
            if (depth == WEIR_HASH_DEPTH || met == WEIR_HASH_TUPLES) {
                return WEIR_ELIMIT;
            }
            met++;
            stack[depth++] = (struct place){tuple_of(item), 0};
            sum = add_word(sum, tuple_of(item)->size);
            continue;
        }
        error = wr_hash(item, &hash);
        if (wr_unlikely(error != WEIR_OK)) {
            return error;
        }
        sum = add_word(sum, hash);
    }
    *out = wr_hash_word(sum);
    return WEIR_OK;
}

int
wr_hash_slow(weir_object *o, uint64_t *out)
{
    switch (wr_kind_of(o)) {
    case WR_KIND_TUPLE:
        return hash_tuple(tuple_of(o), out);
    case WR_KIND_LIST:
    case WR_KIND_DICT:
    case WR_KIND_SET:
        return WEIR_ETYPE;
    case WR_KIND_ATOM:
    case WR_KIND_INSTANCE:
    case WR_KIND_CELL:
    case WR_KIND_WEAK:
    case WR_KIND_FOREIGN:
    case WR_KIND_COUNT:
        break;
    }
    /* By identity.  Blocks are aligned to 16 bytes. */
    *out = wr_hash_word((uint64_t)(uintptr_t)o >> 4);
    return WEIR_OK;
}

/* Equality of two objects of one type that are not tuples. */
static inline bool
equal_leaves(const weir_object *a, const weir_object *b)
{
    if (a->meta == WR_META_STR) {
        const struct wr_str *s = (const struct wr_str *)(const void *)a;
        const struct wr_str *t = (const struct wr_str *)(const void *)b;

        return s->length == t->length &&
               memcmp(s->bytes, t->bytes, (size_t)s->length) == 0;
    }
    if (a->meta == WR_META_INT) {
        return ((const struct wr_int *)(const void *)a)->value ==
               ((const struct wr_int *)(const void *)b)->value;
    }
    return false;
}

static int
equal_tuples(const struct wr_tuple *a, const struct wr_tuple *b)
{
    struct pair stack[WEIR_HASH_DEPTH];
    size_t depth = 1;
    uint32_t met = 1;

    if (a->size != b->size) {
        return 0;
    }
    stack[0] = (struct pair){a, b, 0};
    /* Ends: as in hash_tuple(). */
    while (depth > 0) {
        struct pair *top = &stack[depth - 1];
        weir_object *x;
        weir_object *y;

        if (top->next == top->a->size) {
            depth--;
            continue;
        }
        x = top->a->items[top->next];
        y = top->b->items[top->next++];
        if (x == y) {
            continue;
        }
        if (x == NULL || y == NULL || x->meta != y->meta) {
            return 0;
        }
        if (x->meta != WR_META_TUPLE) {
            if (!equal_leaves(x, y)) {
                return 0;
            }
            continue;
        }
        if (tuple_of(x)->size != tuple_of(y)->size) {
            return 0;
        }
        if (depth == WEIR_HASH_DEPTH || met == WEIR_HASH_TUPLES) {
            return WEIR_ELIMIT;
        }
        met++;
        stack[depth++] = (struct pair){tuple_of(x), tuple_of(y), 0};
    }
    return 1;
}

int
wr_equal_slow(weir_object *a, weir_object *b)
{
    WEIR_ASSERT(a != b && a->meta == b->meta);
    if (a->meta == WR_META_TUPLE) {
        return equal_tuples(tuple_of(a), tuple_of(b));
    }
    return equal_leaves(a, b) ? 1 : 0;
}

int
weir_hash(weir_object *o, uint64_t *out)
{
    uint64_t hash;
    int error = out != NULL ? wr_hash(o, &hash) : WEIR_EINVAL;

    if (error == WEIR_OK) {
        *out = hash;
    }
    return error;
}

int
weir_equal(weir_object *a, weir_object *b)
{
    if (a == NULL || b == NULL) {
        return WEIR_EINVAL;
    }
    wr_check_alive(a);
    wr_check_alive(b);
    return wr_equal(a, b);
}
