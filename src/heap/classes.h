/* SPDX-License-Identifier: MIT */
/*
 * heap/classes.h - the sizes of things: granule, block, pool, arena.
 *
 * The one idea: a request is rounded up to one of WR_CLASSES block sizes with
 * arithmetic only, so a constant size folds to a constant class.  Steps of 16
 * bytes from 32 to 512, then four steps per doubling up to 32 KiB: at most a
 * fifth of a block is lost to rounding above 512 bytes.
 */
#ifndef WEIR_HEAP_CLASSES_H
#define WEIR_HEAP_CLASSES_H

#include <stddef.h>
#include <stdint.h>

/* Kinds of blocks.  No pool holds two kinds. */
enum wr_space {
    WR_SPACE_GC,   /* collectable objects; alone in the gc region */
    WR_SPACE_ATOM, /* other blocks with a header; second region */
    WR_SPACE_RAW,  /* item arrays and tables, no header; second region */
    WR_SPACES
};

enum {
    WR_GRANULE_SHIFT = 4,
    WR_POOL_SHIFT = 16,
    WR_ARENA_SHIFT = 22,
    WR_ARENA_POOLS = 1 << (WR_ARENA_SHIFT - WR_POOL_SHIFT),
    WR_BLOCK_MIN = 32,
    WR_BLOCK_STEP = 16,
    WR_BLOCK_LINEAR = 512,
    WR_BLOCK_MAX = 32768,
    WR_CLASSES_LINEAR = (WR_BLOCK_LINEAR - WR_BLOCK_MIN) / WR_BLOCK_STEP + 1,
    WR_CLASSES = WR_CLASSES_LINEAR + 6 * 4,
    WR_BINS = WR_SPACES * WR_CLASSES,
    /* a pool is cut into blocks about this much at a time */
    WR_CARVE_BYTES = 8192
};

#define WR_POOL_BYTES ((size_t)1 << WR_POOL_SHIFT)
#define WR_ARENA_BYTES ((size_t)1 << WR_ARENA_SHIFT)

_Static_assert(WR_ARENA_POOLS == 64, "an arena's pools are one bitmap word");
_Static_assert(WR_BLOCK_MAX == WR_BLOCK_LINEAR << 6, "six doublings");
_Static_assert(WR_CLASSES < 256, "a class fits a byte");

/* The class of a request.  size <= WR_BLOCK_MAX. */
static inline unsigned
wr_class_of(size_t size)
{
    if (size <= WR_BLOCK_LINEAR) {
        size_t steps = (size + WR_BLOCK_STEP - 1) / WR_BLOCK_STEP;
        return steps <= 2 ? 0 : (unsigned)(steps - 2);
    }
    /* size is in (256 << e, 512 << e], e from 1 to 6 */
    unsigned e = 1U + (size > 1024) + (size > 2048) + (size > 4096) +
                 (size > 8192) + (size > 16384);
    unsigned quarter = (unsigned)((size - 1) >> (6 + e)) - 4;
    return WR_CLASSES_LINEAR + 4 * (e - 1) + quarter;
}

/* The block size of a class, in bytes. */
static inline uint32_t
wr_class_bytes(unsigned cls)
{
    if (cls < WR_CLASSES_LINEAR) {
        return WR_BLOCK_MIN + cls * WR_BLOCK_STEP;
    }
    unsigned e = (cls - WR_CLASSES_LINEAR) / 4 + 1;
    unsigned quarter = (cls - WR_CLASSES_LINEAR) % 4;
    return (quarter + 5) << (6 + e);
}

/* Where a heap keeps what belongs to a space and class. */
static inline unsigned
wr_bin_of(unsigned space, unsigned cls)
{
    return space * WR_CLASSES + cls;
}

#endif
