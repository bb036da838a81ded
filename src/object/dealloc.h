/* SPDX-License-Identifier: MIT */
/*
 * object/dealloc.h - how objects are born and how they die.
 *
 * Dropping a deep structure must not recurse and must not need memory.  A
 * dead object is pushed on its thread's list of the dying: the word at
 * offset 16 is saved or dropped (unlink16() in dealloc.c) and becomes the
 * link.  The outermost drop then tears the listed objects down one by one;
 * what dies meanwhile is pushed, not entered.
 *
 * The finalizer runs when the object is pushed, before anything it refers to
 * has been dropped; then its weak references are cleared and their callbacks
 * run.  Inside a finalizer or a callback deallocation starts afresh, so what
 * it drops is gone when it returns.
 *
 * [inv:obj.link16] Only an object with count zero, held by one thread's list
 * of the dying, has a link at offset 16; nobody traverses it.
 */
#ifndef WR_OBJECT_DEALLOC_H
#define WR_OBJECT_DEALLOC_H

#include "base/mutex.h"
#include "heap/heap.h"
#include "heap/raw.h"
#include "object/layout.h"
#include "object/site.h"
#include "object/type.h"
#include "thread/thread.h"

/*
 * A block for an object of the type, header filled except for the count,
 * which stays zero so that nothing scans it.  The caller fills the fields,
 * then calls wr_ref_init().  No checkpoint may come in between.
 * space: the type's, as a constant.  size: bytes with the header.
 * NULL without memory, last error set.
 */
static inline weir_object *
wr_object_alloc(struct wr_thread *self, const struct weir_type *type,
                unsigned space, size_t size)
{
    weir_object *o = wr_heap_alloc(self->heap, space, size);

    if (wr_unlikely(o == NULL)) {
        self->error = WEIR_ENOMEM;
        return NULL;
    }
    wr_site_note(o);
    o->meta = type->meta;
    wr_store_relaxed(&o->flags, type->init_flags);
    return o;
}

/* Bytes of a list's item array. */
static inline size_t
wr_array_bytes(uint64_t capacity)
{
    return sizeof(struct wr_array) + (size_t)capacity * sizeof(weir_object *);
}

/*
 * Push a dead object (count zero) on self's list of the dying; runs its
 * finalizer first.  Caller: attached, no lock held.
 */
void wr_dying_push(struct wr_thread *self, weir_object *o);

/* Tear down self's list.  Caller: attached, no lock held. */
void wr_dying_drain(struct wr_thread *self);

/* What a thread was in the middle of when user code is called. */
struct wr_interlude {
    void *dying;
    bool active;
    int error;
    const void *site;
};

/*
 * Around each call of a finalizer or a callback: deallocation starts afresh,
 * so that what the user's code drops is gone when the drop returns, and what
 * it makes is its own.
 * Caller: attached, no lock held.
 */
static inline struct wr_interlude
wr_user_begin(struct wr_thread *self)
{
    struct wr_interlude interlude = {
        .dying = self->dying,
        .active = self->dealloc_active,
        .error = self->error,
        .site = wr_site_swap(NULL),
    };

    WEIR_ASSERT(!wr_mutex_any_held());
    self->dying = NULL;
    self->dealloc_active = false;
    self->finalizer_depth++;
    return interlude;
}

static inline void
wr_user_end(struct wr_thread *self, struct wr_interlude interlude)
{
    WEIR_ASSERT(self->dying == NULL);
    self->finalizer_depth--;
    self->dying = interlude.dying;
    self->dealloc_active = interlude.active;
    self->error = interlude.error;
    (void)wr_site_swap(interlude.site);
}

/*
 * Give back what o owns besides its children, which are not dropped: arrays in
 * RAW space, and what the type of a foreign object releases.
 * Caller: the only one who can reach o.
 */
void wr_release_arrays(struct wr_thread *self, weir_object *o);

/* Give back the block of a dead object.  Clears its old-generation bits. */
void wr_object_free(struct wr_thread *self, weir_object *o);

/* Clear the generation bits of a block in the side tables. */
void wr_old_clear(const weir_object *o);

/*
 * Run the finalizer of o, if it has one that was not started yet, on an
 * object the caller holds a reference to.  User code: no lock held.
 */
void wr_finalize_once(struct wr_thread *self, weir_object *o);

/* *o has lost its last reference.  As wr_drop(). */
static inline void
wr_drop_dead(struct wr_thread *self, weir_object *o)
{
    wr_dying_push(self, o);
    if (!self->dealloc_active) {
        wr_dying_drain(self);
    }
}

/*
 * Drop a reference the caller owns; NULL is ignored.  What dies is gone when
 * this returns, unless a teardown is under way on this thread.
 */
static inline void
wr_drop(struct wr_thread *self, weir_object *o)
{
    if (o != NULL && wr_ref_put(o)) {
        wr_drop_dead(self, o);
    }
}

#endif
