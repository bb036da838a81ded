/* SPDX-License-Identifier: MIT */
/*
 * kinds/kinds.h - what the builtin kinds share.
 *
 * A public call checks its arguments first, in this order: NULL is
 * WEIR_EINVAL, another kind WEIR_ETYPE.  The kind of an object is its whole
 * meta word, a constant for the builtin types, so the check is one compare.
 */
#ifndef WR_KINDS_KINDS_H
#define WR_KINDS_KINDS_H

#include "object/dealloc.h"

/* Meta words of the objects of the builtin types. */
enum {
    WR_META_INT = WR_TYPE_INT << 8 | WR_KIND_ATOM,
    WR_META_STR = WR_TYPE_STR << 8 | WR_KIND_ATOM,
    WR_META_EMPTY_TUPLE = WR_TYPE_EMPTY_TUPLE << 8 | WR_KIND_ATOM,
    WR_META_TUPLE = WR_TYPE_TUPLE << 8 | WR_KIND_TUPLE,
    WR_META_LIST = WR_TYPE_LIST << 8 | WR_KIND_LIST,
    WR_META_DICT = WR_TYPE_DICT << 8 | WR_KIND_DICT,
    WR_META_SET = WR_TYPE_SET << 8 | WR_KIND_SET,
    WR_META_CELL = WR_TYPE_CELL << 8 | WR_KIND_CELL,
    WR_META_WEAK = WR_TYPE_WEAK << 8 | WR_KIND_WEAK
};

/*
 * Choose the hashes of this run (seed 0: at random) and make what the kinds
 * keep for it: the small ints, the empty tuple, the table of interned strings.
 *
 * Caller: runtime start; attached, types made, no other thread.
 * Returns 0 or WEIR_ENOMEM, and then nothing is left behind but immortal
 * memory.
 */
int wr_kinds_start(uint64_t seed);

/*
 * Forget all that.  Caller: runtime stop, nobody uses an object any more;
 * immortal memory is given back afterwards.  Harmless if not started.
 */
void wr_kinds_stop(void);

/* 0 if o is an object with that meta word, else the error to return. */
static inline int
wr_check_kind(const weir_object *o, uint32_t meta)
{
    if (wr_unlikely(o == NULL)) {
        return WEIR_EINVAL;
    }
    wr_check_alive(o);
    return wr_likely(o->meta == meta) ? WEIR_OK : WEIR_ETYPE;
}

/*
 * Leave the error with the calling thread, for a call that returns a pointer.
 * Caller: attached.  Returns NULL, to be returned.  Not inline: what fails
 * must not cost what succeeds a register.
 */
void *wr_fail(int error) __attribute__((cold));

/*
 * A block for an object of a builtin type, as wr_object_alloc() but with
 * nothing to look up.  Atoms have flags 0, collectables WR_FLAG_TRACKED.
 */
static inline weir_object *
wr_builtin_alloc(struct wr_thread *self, uint32_t meta, size_t size)
{
    bool atom = (meta & 0xffU) == WR_KIND_ATOM;
    weir_object *o =
        wr_heap_alloc(self->heap, atom ? WR_SPACE_ATOM : WR_SPACE_GC, size);

    if (wr_unlikely(o == NULL)) {
        return wr_fail(WEIR_ENOMEM);
    }
    wr_site_note(o);
    o->meta = meta;
    wr_store_relaxed(&o->flags, (uint8_t)(atom ? 0 : WR_FLAG_TRACKED));
    return o;
}

#endif
