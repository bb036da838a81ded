/* SPDX-License-Identifier: MIT */
/*
 * weir/foreign.h - types whose objects hold C data beside references.
 *
 * An instance (weir/instance.h) has slots and nothing else.  A foreign type
 * has fields of its own, laid out as its maker likes, and tells the runtime
 * two things about them: traverse names the references an object owns, and
 * release gives back what is no object (memory, descriptors).
 *
 *     struct point_list {
 *         weir_object *name;    // owned, or NULL
 *         size_t n;
 *         double *points;       // malloc
 *     };
 *
 * When an object dies its finalizer runs, if it has one; then the runtime drops
 * each reference that traverse names, and then it calls release.  The type
 * writes no clear function, so the two cannot differ.  It is the same whether
 * the object dies by counting or as part of a cycle.  What is alive when
 * weir_stop() is called goes without either.
 *
 * Rules.  traverse is called with the world stopped, or with an object that
 * nobody else can reach any more: it visits each owned reference exactly once,
 * in any order, and does nothing else: no call of this interface, no lock, no
 * memory, no write.  release touches no other object and does not fail.
 *
 * In a flavour whose threads run in parallel the fields are shared like any
 * memory.  Change them under weir_object_lock(), which is empty where the
 * global lock protects them: take references under it, drop old ones after.
 *
 *     weir_incref(name);
 *     weir_object_lock(o);
 *     old = fields->name;
 *     fields->name = name;
 *     weir_object_unlock(o);
 *     weir_xdecref(old);
 *
 * A debug build ends the process when traverse, or a thread that holds such a
 * lock, calls what it must not, and when traverse names a reference that the
 * object does not own, as soon as that shows.
 */
#ifndef WEIR_FOREIGN_H
#define WEIR_FOREIGN_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /* where the fields of an object begin, aligned to 8 bytes */
    WEIR_FOREIGN_OFFSET = 24
};

/* The most bytes the fields of a type can have. */
#define WEIR_FOREIGN_BYTES_MAX ((size_t)1 << 30)

/* child: NULL is ignored. */
typedef void (*weir_visit_fn)(weir_object *child, void *context);

/* Call visit(child, context) for each reference that o owns. */
typedef void (*weir_traverse_fn)(WEIR_BORROWED weir_object *o,
                                 weir_visit_fn visit, void *context,
                                 void *data);

/* Give back what the fields of o own besides references.  The references are
 * gone already: the fields still name them, and must not be followed.  Called
 * once per object, on any attached thread, with no lock held. */
typedef void (*weir_release_fn)(WEIR_BORROWED weir_object *o, void *data);

/* What a type is made from.  Start from zeroes. */
typedef struct weir_foreign_spec {
    /* sizeof(weir_foreign_spec) */
    size_t size;
    /* copied, at most 63 bytes */
    const char *name;
    /* of the fields of one object; they start as zeroes */
    size_t bytes;
    /* NULL: its objects own no references; the collector ignores them */
    weir_traverse_fn traverse;
    weir_release_fn release;
    weir_finalize_fn finalize;
    /* passed to all three; must outlive the objects */
    void *data;
    /* 0 or WEIR_TYPE_LEGACY_FINALIZER (weir/instance.h) */
    uint32_t flags;
} weir_foreign_spec;

/*
 * Make a type, immortal as all types are.  Takes the lock of the table of
 * types.  NULL with WEIR_EINVAL (spec or its name NULL, name too long, wrong
 * size or flags), WEIR_ELIMIT (too many bytes or types) or WEIR_ENOMEM.
 */
WEIR_API weir_type *weir_foreign_type(const weir_foreign_spec *spec);

/*
 * An object with its fields zero, a new reference.  One of more than 32 KiB
 * takes whole multiples of 64 KiB.  NULL with WEIR_EINVAL, WEIR_ETYPE (not a
 * foreign type) or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_foreign_new(weir_type *type);

/* True if o is an object of that foreign type; false for NULL. */
WEIR_API bool weir_is_foreign(const weir_object *o, const weir_type *type);

/* The fields of o, which is an object of a foreign type.  Valid as long as
 * the caller has a reference to it. */
static inline void *
weir_foreign_fields(weir_object *o)
{
    return (void *)((char *)o + WEIR_FOREIGN_OFFSET);
}

/*
 * Take the lock of an object; give it up.  While a thread holds one it runs
 * briefly: it takes no other lock, drops no reference, calls nothing but
 * weir_incref(), weir_newref() and weir_foreign_fields(), and comes to no
 * checkpoint.  Waiting counts as stopped.  Empty where one thread runs at a
 * time.
 *
 * o: of a foreign type; NULL is ignored.
 * Caller: attached, holds a reference to o and no lock of an object.
 */
WEIR_API void weir_object_lock(weir_object *o);
WEIR_API void weir_object_unlock(weir_object *o);

/* The same for two objects at once, which may be the same. */
WEIR_API void weir_object_lock2(weir_object *a, weir_object *b);
WEIR_API void weir_object_unlock2(weir_object *a, weir_object *b);

#ifdef __cplusplus
}
#endif
#endif
