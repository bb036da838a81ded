/* SPDX-License-Identifier: MIT */
/*
 * kinds/hash.h - hash values and equality, seen from the other kinds.
 *
 * A program may take keys from strangers who choose them to collide.  So
 * strings are hashed with SipHash-1-3 under a random key, and ints and
 * addresses go through a mixer whose constants are random too: a bijection in
 * which every bit of the input reaches the low bits, so tables can take those
 * as they are.
 */
#ifndef WR_KINDS_HASH_H
#define WR_KINDS_HASH_H

#include "base/siphash.h"
#include "kinds/kinds.h"

#include <weir/hash.h>

/* What hashes depend on in this process. */
struct wr_hash_key { /* SHARED */
    /* [const] after start */
    uint64_t bytes[2];
    /* [const] after start; the last two are odd */
    uint64_t words[3];
};

extern struct wr_hash_key wr_hash_key;

/*
 * Choose the hashes of this run; the same seed gives the same hashes of ints,
 * strings and tuples of these.  0: at random.
 * Caller: runtime start, before the first object.
 */
void wr_hash_seed(uint64_t seed);

/* The part of wr_hash() that is not in line. */
int wr_hash_slow(weir_object *o, uint64_t *out);

/* Compute the hash of a string and keep it there. */
uint64_t wr_hash_str_slow(struct wr_str *s);

/* weir_equal() for two objects of one type that are not the same. */
int wr_equal_slow(weir_object *a, weir_object *b);

/* The hash of bytes; never 0, which means "not computed" in a string. */
static inline uint64_t
wr_hash_bytes(const void *bytes, size_t size)
{
    uint64_t hash = wr_siphash13(wr_hash_key.bytes, bytes, size);

    return hash != 0 ? hash : 1;
}

/*
 * Mix a word: the last step of MurmurHash3 with secret constants.  With public
 * factors and one secret word added, sets of words could be chosen whose
 * hashes differ in a known way.
 */
static inline uint64_t
wr_hash_word(uint64_t x)
{
    x ^= wr_hash_key.words[0];
    x ^= x >> 33;
    x *= wr_hash_key.words[1];
    x ^= x >> 33;
    x *= wr_hash_key.words[2];
    return x ^ x >> 33;
}

/* The hash of a string, computed at most once per thread that asks. */
static inline uint64_t
wr_hash_str(struct wr_str *s)
{
    uint64_t hash = wr_load_relaxed(&s->hash);

    return wr_likely(hash != 0) ? hash : wr_hash_str_slow(s);
}

/* weir_hash() of a key that may be NULL. */
static inline int
wr_hash(weir_object *o, uint64_t *out)
{
    if (wr_unlikely(o == NULL)) {
        return WEIR_EINVAL;
    }
    wr_check_alive(o);
    if (o->meta == WR_META_STR) {
        *out = wr_hash_str((struct wr_str *)(void *)o);
        return WEIR_OK;
    }
    if (o->meta == WR_META_INT) {
        *out = wr_hash_word((uint64_t)((struct wr_int *)(void *)o)->value);
        return WEIR_OK;
    }
    return wr_hash_slow(o, out);
}

/* weir_equal() of two objects, neither NULL. */
static inline int
wr_equal(weir_object *a, weir_object *b)
{
    if (a == b) {
        return 1;
    }
    return a->meta == b->meta ? wr_equal_slow(a, b) : 0;
}

#endif
