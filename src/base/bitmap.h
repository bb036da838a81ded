/* SPDX-License-Identifier: MIT */
/*
 * base/bitmap.h - bitmaps as plain arrays of 64-bit words.
 *
 * Bit i is bit i % 64 of word i / 64.  Sizes are in bits unless a name says
 * words.  Nothing here is atomic: a bitmap belongs to one thread at a time.
 */
#ifndef WEIR_BASE_BITMAP_H
#define WEIR_BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a search returns when there is no such bit. */
#define WR_BITMAP_NONE SIZE_MAX

/* How many words hold this many bits. */
static inline size_t
wr_bitmap_words(size_t bits)
{
    return bits / 64 + (bits % 64 != 0);
}

static inline bool
wr_bitmap_test(const uint64_t *map, size_t bit)
{
    return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void
wr_bitmap_set(uint64_t *map, size_t bit)
{
    map[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void
wr_bitmap_clear(uint64_t *map, size_t bit)
{
    map[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/* Set the bit and say whether it was set already. */
static inline bool
wr_bitmap_test_and_set(uint64_t *map, size_t bit)
{
    uint64_t mask = UINT64_C(1) << (bit % 64);
    bool was = (map[bit / 64] & mask) != 0;
    map[bit / 64] |= mask;
    return was;
}

/* Bits from .. end - 1 of a word; from < 64, from < end <= 64. */
static inline uint64_t
wr_bitmap_mask(size_t from, size_t end)
{
    return (UINT64_MAX << from) & (UINT64_MAX >> (64 - end));
}

/* Set bits from .. end - 1; an empty range is fine. */
static inline void
wr_bitmap_set_range(uint64_t *map, size_t from, size_t end)
{
    while (from < end) {
        size_t base = from & ~(size_t)63;
        size_t stop = end - base < 64 ? end - base : 64;
        map[base / 64] |= wr_bitmap_mask(from - base, stop);
        from = base + 64;
    }
}

/* Clear bits from .. end - 1; an empty range is fine. */
static inline void
wr_bitmap_clear_range(uint64_t *map, size_t from, size_t end)
{
    while (from < end) {
        size_t base = from & ~(size_t)63;
        size_t stop = end - base < 64 ? end - base : 64;
        map[base / 64] &= ~wr_bitmap_mask(from - base, stop);
        from = base + 64;
    }
}

/* How many bits are set.  Without an instruction for it the compiler would call
 * a function that looks each byte up in a table. */
static inline unsigned
wr_bitmap_popcount_word(uint64_t word)
{
#ifdef __POPCNT__
    return (unsigned)__builtin_popcountll(word);
#else
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) +
           (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
#endif
}

/* The byte of a bitmap in memory that a bit lies in; in it, it is bit
 * index % 8. */
static inline size_t
wr_bitmap_byte(size_t index)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return index >> 3 ^ 7U;
#else
    return index >> 3;
#endif
}

/* The lowest set bit; word != 0. */
static inline unsigned
wr_bitmap_lowest(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/* The highest set bit; word != 0. */
static inline unsigned
wr_bitmap_highest(uint64_t word)
{
    return 63U - (unsigned)__builtin_clzll(word);
}

/* How many bits are set in that many words. */
static inline size_t
wr_bitmap_popcount(const uint64_t *map, size_t words)
{
    size_t count = 0;
    for (size_t i = 0; i < words; i++) {
        count += wr_bitmap_popcount_word(map[i]);
    }
    return count;
}

/* The first set bit in from .. end - 1, or WR_BITMAP_NONE. */
static inline size_t
wr_bitmap_next_set(const uint64_t *map, size_t from, size_t end)
{
    if (from >= end) {
        return WR_BITMAP_NONE;
    }
    size_t index = from / 64;
    size_t last = (end - 1) / 64;
    uint64_t word = map[index] & (UINT64_MAX << (from % 64));
    while (word == 0 && index < last) {
        word = map[++index];
    }
    if (word == 0) {
        return WR_BITMAP_NONE;
    }
    size_t bit = index * 64 + wr_bitmap_lowest(word);
    return bit < end ? bit : WR_BITMAP_NONE;
}

/* The first clear bit in from .. end - 1, or WR_BITMAP_NONE. */
static inline size_t
wr_bitmap_next_clear(const uint64_t *map, size_t from, size_t end)
{
    if (from >= end) {
        return WR_BITMAP_NONE;
    }
    size_t index = from / 64;
    size_t last = (end - 1) / 64;
    uint64_t word = ~map[index] & (UINT64_MAX << (from % 64));
    while (word == 0 && index < last) {
        word = ~map[++index];
    }
    if (word == 0) {
        return WR_BITMAP_NONE;
    }
    size_t bit = index * 64 + wr_bitmap_lowest(word);
    return bit < end ? bit : WR_BITMAP_NONE;
}

#endif
