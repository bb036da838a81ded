/* SPDX-License-Identifier: MIT */
/*
 * weir/object.h - the header every object begins with, and its references.
 *
 * A reference is owned by whoever must drop it.  In the prototypes of this
 * interface a *new* reference is the caller's to drop, a *borrowed* one lives
 * as long as the reference it was taken from, and a *stolen* one passes from
 * the caller to the callee.  Arguments are borrowed unless a function says
 * otherwise.
 *
 * All calls here need the calling thread attached (weir/thread.h).  None of
 * them collects cycles; dropping the last reference destroys the object at
 * once and runs its finalizer, which is user code.
 *
 * Using an object after its last reference was dropped, dropping one too many
 * included, is an error nobody has to notice.  A debug build (WEIR_DEBUG 1 or
 * 2) does: the process ends with one line that names what was done, the type
 * of the object, and the call that allocated it.  That works until the memory
 * is used for another object; the checker (weir/runtime.h) puts that off until
 * the thread has freed 256 KiB more.
 */
#ifndef WEIR_OBJECT_H
#define WEIR_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ownership words for prototypes; they have no effect. */
#define WEIR_OWNED
#define WEIR_BORROWED
#define WEIR_STOLEN

/*
 * The header: 16 bytes in every flavour.  Users read none of its fields.
 * Each field is accessed with its own width only.
 */
typedef struct weir_object { /* SHARED */
    /* [const] type index << 8 | layout kind */
    uint32_t meta;
    /* [atomic: or/and by any attached thread, relaxed; plain stw] WR_FLAG_* */
    uint8_t flags;
    /* [inner] the object's lock in the parallel flavours */
    uint8_t lock;
    /* [atomic: relaxed; set once] 0, or WR_OWNER_IMMORTAL */
    uint16_t owner;
    /* [atomic: see refcount_<flavour>.h] references; negative: immortal */
    int64_t count;
} weir_object;

/* In the owner field of an immortal object, whose count is negative too. */
#define WR_OWNER_IMMORTAL ((uint16_t)0xffff)

/* A type of objects; immortal, itself an object. */
typedef struct weir_type weir_type;

/*
 * Called once with an object that is about to die, or was found in garbage,
 * before anything it refers to is dropped; data is the type's.  It may store
 * a reference to o: then o lives on, and is not finalized again.  No lock is
 * held; it may call anything of this interface (weir_stop() is refused).  It
 * must return: a finalizer that ends its thread leaves a collection unfinished.
 */
typedef void (*weir_finalize_fn)(WEIR_BORROWED weir_object *o, void *data);

/* Not for users: what the inlined counts call.  See object/dealloc.h. */
WEIR_API void weir_dealloc_(weir_object *o);
WEIR_API void weir_refcount_error_(const weir_object *o, bool added);
WEIR_API bool weir_refcount_settle_(weir_object *o, int64_t old);

#ifdef __cplusplus
}
#endif

#include <weir/flavour.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Add a reference.  o: not NULL, and the caller has a reference to it. */
static inline void
weir_incref(weir_object *o)
{
    wr_ref_get(o);
}

/*
 * Drop a reference the caller owns.  o: not NULL.  The last one destroys the
 * object: its finalizer runs here, and what it owned is dropped with it, in
 * bounded C stack however deep the structure.
 */
static inline void
weir_decref(weir_object *o)
{
    if (wr_ref_put(o)) {
        weir_dealloc_(o);
    }
}

/* weir_decref() that accepts NULL. */
static inline void
weir_xdecref(weir_object *o)
{
    if (o != NULL) {
        weir_decref(o);
    }
}

/* Returns o with one more reference (new). */
static inline WEIR_OWNED weir_object *
weir_newref(weir_object *o)
{
    wr_ref_get(o);
    return o;
}

/*
 * The number of references.  Exact only while no running thread shares the
 * object; a collection's own temporary references are not counted.  In the
 * parallel flavours it may be too high for a moment, also that of an object
 * which nobody else knows: a thread that reads a container without a lock may
 * take a reference to what has got the memory of an object it came too late
 * for, and drops it at once.  Immortal objects report INT64_MAX; NULL
 * reports 0.
 */
WEIR_API int64_t weir_refcount(const weir_object *o);

/* True if the object never dies and its count never moves; false for NULL. */
WEIR_API bool weir_is_immortal(const weir_object *o);

/* The type of o, borrowed; types are immortal.  NULL for NULL. */
WEIR_API WEIR_BORROWED weir_type *weir_type_of(const weir_object *o);

/* The name a type was made with; lives until weir_stop().  "" for NULL. */
WEIR_API const char *weir_type_name(const weir_type *type);

/*
 * Make o immortal: from now on its count never moves and it is never freed
 * before weir_stop().  What it refers to stays counted.  Caller: owns a
 * reference, which is given up.  Returns 0 or WEIR_EINVAL for NULL.
 */
WEIR_API int weir_immortalize(WEIR_STOLEN weir_object *o);

#ifdef __cplusplus
}
#endif
#endif
