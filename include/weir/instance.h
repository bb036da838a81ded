/* SPDX-License-Identifier: MIT */
/*
 * weir/instance.h - objects of types that an embedder defines.
 *
 * An instance has a fixed number of slots in line, each holding an object or
 * nothing: with two slots it is 32 bytes.  A type may also give its instances
 * named attributes, kept in a table that is made with the first attribute.
 *
 * Each call is atomic to other threads.  In the parallel flavours slots change
 * in one step, without a lock; attributes are kept in a dict (weir/dict.h says
 * which calls take its lock).  In the others the global lock protects both.
 * What a call replaces is dropped last, so a finalizer may use the same
 * instance.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  While it waits for a lock the thread counts as stopped.
 */
#ifndef WEIR_INSTANCE_H
#define WEIR_INSTANCE_H

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /* slots a type can have */
    WEIR_INSTANCE_SLOTS_MAX = 4093,
    /* flag of a type: instances have named attributes */
    WEIR_TYPE_ATTRS = 1,
    /* flag of a type: its finalizer is of the old sort.  The collector does
     * not run it: garbage that waits for it, and what that reaches, is
     * uncollectable (weir/gc.h, weir_gc_garbage_count()).  It runs when the
     * object dies by its count. */
    WEIR_TYPE_LEGACY_FINALIZER = 2
};

/*
 * Make a type.  It is immortal: there is nothing to drop, and it lives until
 * weir_stop().
 *
 * name: copied, at most 63 bytes.  nslots: slots of an instance.  flags:
 * WEIR_TYPE_*, or 0.  finalize: NULL for none; data is passed to it and must
 * outlive the instances.  Takes the lock of the table of types.
 *
 * NULL with WEIR_EINVAL (name NULL or too long, unknown flag), WEIR_ELIMIT
 * (more slots than WEIR_INSTANCE_SLOTS_MAX, or more than 65,000 types) or
 * WEIR_ENOMEM.
 */
WEIR_API weir_type *weir_instance_type(const char *name, uint32_t nslots,
                                       uint32_t flags,
                                       weir_finalize_fn finalize, void *data);

/* The number of slots, or WEIR_EINVAL (NULL) or WEIR_ETYPE. */
WEIR_API int64_t weir_instance_slots(const weir_type *type);

/*
 * An instance with empty slots, a new reference.  NULL with WEIR_ENOMEM,
 * WEIR_EINVAL (type is NULL) or WEIR_ETYPE (not from weir_instance_type()).
 */
WEIR_API WEIR_OWNED weir_object *weir_instance_new(weir_type *type);

/*
 * An instance whose first n slots hold these values, a new reference; the
 * other slots are empty.  The n references are consumed, also on failure; a
 * NULL leaves its slot empty.  values may be NULL when n is 0.
 *
 * NULL with WEIR_ENOMEM, WEIR_EINVAL (type or values is NULL), WEIR_ETYPE or
 * WEIR_ERANGE (more values than slots).
 */
WEIR_API WEIR_OWNED weir_object *
weir_instance_make(weir_type *type, size_t n,
                   WEIR_STOLEN weir_object *const values[]);

/*
 * What slot i holds, a new reference.  NULL with WEIR_ENOKEY (it is empty),
 * WEIR_EINVAL (o is NULL), WEIR_ETYPE (not an instance) or WEIR_ERANGE.
 */
WEIR_API WEIR_OWNED weir_object *weir_instance_get(weir_object *o, size_t i);

/*
 * What slot i holds, borrowed: valid while the caller has a reference to o
 * and no thread changes the slot or drops o.  Takes no lock, so it is for
 * instances that no other thread changes meanwhile.  Errors as
 * weir_instance_get().
 */
WEIR_API WEIR_BORROWED weir_object *weir_instance_borrow(weir_object *o,
                                                         size_t i);

/*
 * Put value in slot i, or empty it when value is NULL.  The instance takes
 * its own reference to value and drops what the slot held, which can run a
 * finalizer.  Returns 0, WEIR_EINVAL (o is NULL), WEIR_ETYPE or WEIR_ERANGE.
 */
WEIR_API int weir_instance_set(weir_object *o, size_t i, weir_object *value);

/*
 * Put value in slot i, or empty it when value is NULL, and hand what it held
 * to the caller, in one step: *old is a new reference, or NULL if the slot was
 * empty.  The instance takes its own reference to value.  Returns 0,
 * WEIR_EINVAL (o or old is NULL), WEIR_ETYPE or WEIR_ERANGE.
 */
WEIR_API int weir_instance_swap(weir_object *o, size_t i, weir_object *value,
                                WEIR_OWNED weir_object **old);

/* True if o is an instance of a type from weir_instance_type(). */
WEIR_API bool weir_is_instance(const weir_object *o);

/*
 * The value of an attribute, a new reference.  name: a string.  NULL with
 * WEIR_ENOKEY, WEIR_EINVAL (an argument is NULL) or WEIR_ETYPE (o has no
 * attributes, or name is not a string).
 */
WEIR_API WEIR_OWNED weir_object *weir_attr_get(weir_object *o,
                                               weir_object *name);

/*
 * Give an attribute a value; the instance takes its own references and drops
 * the old value, which can run a finalizer.  Returns 0, WEIR_EINVAL (an
 * argument is NULL), WEIR_ETYPE, WEIR_ENOMEM or WEIR_ELIMIT.
 */
WEIR_API int weir_attr_set(weir_object *o, weir_object *name,
                           weir_object *value);

/*
 * Remove an attribute, which can run a finalizer.  Needs no memory.  Returns
 * 0, WEIR_ENOKEY, WEIR_EINVAL (an argument is NULL) or WEIR_ETYPE.
 */
WEIR_API int weir_attr_delete(weir_object *o, weir_object *name);

/* The number of attributes, or WEIR_EINVAL (o is NULL) or WEIR_ETYPE (it can
 * have none). */
WEIR_API int64_t weir_attr_count(weir_object *o);

/*
 * Walk through the attributes in the order in which they were first set:
 *
 *   uint64_t pos = 0;
 *   while ((found = weir_attr_next(o, &pos, &name, &value)) == 1) {
 *       ...
 *       weir_decref(name);
 *       weir_decref(value);
 *   }
 *
 * As weir_dict_next(): start with *pos 0 and leave it alone; *name and *value
 * are new references, and either pointer may be NULL where that is not wanted.
 * Values may be replaced between two calls, by anyone; once an attribute has
 * been added or removed the next call returns WEIR_ECHANGED.
 *
 * Returns 1 with an attribute; 0 at the end; or WEIR_ECHANGED, WEIR_EINVAL (o
 * or pos is NULL) or WEIR_ETYPE.  Unless it returns 1 it writes nothing.
 */
WEIR_API int weir_attr_next(weir_object *o, uint64_t *pos,
                            WEIR_OWNED weir_object **name,
                            WEIR_OWNED weir_object **value);

#ifdef __cplusplus
}
#endif
#endif
