/* SPDX-License-Identifier: MIT */
/*
 * object/header.h - the sixteen bytes in front of every object.
 *
 * The meta word names the type (an index into wr_types) and, in its low byte,
 * the layout kind, so that the collector can traverse without loading the
 * type.  Flags change with atomic or/and while the world runs and plainly
 * while it is stopped; the count belongs to weir/refcount_<flavour>.h.
 *
 * [inv:obj.dead-is-zero] A block whose count is zero holds no live object:
 * bytes 6 to 15 stay dead from the last drop until the block is reused.
 */
#ifndef WR_OBJECT_HEADER_H
#define WR_OBJECT_HEADER_H

#include "base/assert.h"
#include "base/sync.h"
#include "heap/region.h"

#include <weir/object.h>

enum {
    WR_FLAG_GEN_MASK = 0x03,  /* generation 0 to 2; all set: frozen */
    WR_FLAG_TRACKED = 0x04,   /* the collector may look at it */
    WR_FLAG_FINALIZED = 0x08, /* its finalizer has been started */
    WR_FLAG_HAS_FINALIZER = 0x10,
    WR_FLAG_HAS_WEAK = 0x20,   /* the table of weak references may know it: one
                                * names it, or did, or it is one */
    WR_FLAG_IN_GARBAGE = 0x40, /* unreachable, count carries a bias of 1 */
    WR_FLAG_PAIR = 0x80        /* [const] instance or cell, at most two slots */
};

/* The flags of most objects that die: a young pair, nothing special about it.
 * One compare tells. */
enum { WR_FLAGS_PLAIN_PAIR = WR_FLAG_TRACKED | WR_FLAG_PAIR };

/* Layout kinds: how the collector finds the children. */
enum wr_kind {
    WR_KIND_ATOM = 0, /* no children: ints, strings, types */
    WR_KIND_INSTANCE,
    WR_KIND_TUPLE,
    WR_KIND_LIST,
    WR_KIND_DICT,
    WR_KIND_SET,  /* a dict without values */
    WR_KIND_CELL, /* an instance with one slot, of the builtin type */
    WR_KIND_WEAK,
    WR_KIND_FOREIGN, /* types with a layout of their own */
    WR_KIND_COUNT
};

/* Far from both ends of the range, so that no race can walk out of it. */
#define WR_IMMORTAL_COUNT (INT64_MIN / 2)

_Static_assert(sizeof(weir_object) == 16, "the header is 16 bytes");
_Static_assert(offsetof(weir_object, flags) == 4, "flags at 4");
_Static_assert(offsetof(weir_object, lock) == 5, "lock at 5");
_Static_assert(offsetof(weir_object, owner) == 6, "owner at 6");
_Static_assert(offsetof(weir_object, count) == 8, "count at 8");

static inline uint32_t
wr_meta(uint32_t type_index, enum wr_kind kind)
{
    return type_index << 8 | (uint32_t)kind;
}

static inline enum wr_kind
wr_kind_of(const weir_object *o)
{
    return (enum wr_kind)(o->meta & 0xffU);
}

static inline uint8_t
wr_flags(const weir_object *o)
{
    return wr_load_relaxed(&o->flags);
}

/*
 * In the permanent generation.  Such an object is not WR_FLAG_TRACKED
 * [inv:collect.frozen], so that the collector passes it over.
 */
static inline bool
wr_is_frozen(const weir_object *o)
{
    return (wr_flags(o) & WR_FLAG_GEN_MASK) == WR_FLAG_GEN_MASK;
}

/* Set flags.  Caller: any attached thread that holds a reference. */
static inline void
wr_flags_set(weir_object *o, uint8_t bits)
{
    if (wr_cfg_parallel) {
        (void)wr_fetch_or_relaxed(&o->flags, bits);
    } else {
        o->flags = (uint8_t)(o->flags | bits);
    }
}

#endif
