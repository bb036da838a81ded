/* SPDX-License-Identifier: MIT */
/*
 * object/type.h - the table of types.
 *
 * An object names its type by index, so the header needs no pointer.  Types
 * are made at start and by embedders, never freed before weir_stop(), and
 * immortal.  The table is append-only: readers need no lock.
 */
#ifndef WR_OBJECT_TYPE_H
#define WR_OBJECT_TYPE_H

#include "object/header.h"
#include "object/layout.h"

struct wr_thread;

enum { WR_TYPE_NAME_MAX = 63, WR_TYPES_MAX = 65536 };

struct weir_type { /* SHARED */
    weir_object base;
    /* [const] place in wr_types */
    uint32_t index;
    /* [const] meta word of the objects of this type */
    uint32_t meta;
    /* [const] flags a new object of this type starts with */
    uint8_t init_flags;
    /* [const] WR_SPACE_GC or WR_SPACE_ATOM */
    uint8_t space;
    /* [const] the collector keeps garbage that waits for this finalizer */
    bool legacy;
    /* [const] instance: the last slot is the attribute dict */
    bool has_attrs;
    /* [const] instance: number of slots, the hidden one included */
    uint32_t nslots;
    /* [const] bytes of an object; 0: varies */
    size_t size;
    /* [const] run once before the object is torn down, or NULL */
    weir_finalize_fn finalize;
    /* [const] foreign: visits what an object owns; NULL: it owns nothing */
    weir_traverse_fn traverse;
    /* [const] foreign: gives back what is no object, or NULL */
    weir_release_fn release;
    /* [const] passed to finalize, traverse and release */
    void *data;
    /* [const] */
    char name[WR_TYPE_NAME_MAX + 1];
};

/* What a new type is made from. */
struct wr_type_spec {
    const char *name; /* copied, at most WR_TYPE_NAME_MAX bytes */
    enum wr_kind kind;
    bool collectable;
    bool legacy; /* matters only with a finalizer */
    bool has_attrs;
    uint32_t nslots; /* with the hidden one */
    size_t size;
    weir_finalize_fn finalize;
    weir_traverse_fn traverse; /* foreign only, as in weir/foreign.h */
    weir_release_fn release;
    void *data;
};

/*
 * [lock: types] appended.  Read without it: whoever has an object or a type
 * got it through something that orders itself, after its entry was written.
 */
extern struct weir_type *wr_types[WR_TYPES_MAX];

/* [atomic: relaxed; set once] some type has a legacy finalizer */
extern uint32_t wr_types_legacy;

/* The builtin types, made by wr_types_start() in this order. */
enum wr_builtin {
    WR_TYPE_TYPE,
    WR_TYPE_INT,
    WR_TYPE_STR,
    WR_TYPE_EMPTY_TUPLE, /* the singleton: kind ATOM, named "tuple" */
    WR_TYPE_TUPLE,
    WR_TYPE_LIST,
    WR_TYPE_DICT,
    WR_TYPE_SET,
    WR_TYPE_CELL,
    WR_TYPE_WEAK,
    WR_TYPE_BUILTIN_COUNT
};

/* Make the table and the builtin types.  Caller: runtime start, heap up.
 * Returns 0 or WEIR_ENOMEM. */
int wr_types_start(void);

/* Forget all types.  Caller: runtime stop, no object left. */
void wr_types_stop(void);

/*
 * Make a type.  Any thread, no lock held.  Returns it (immortal), or NULL
 * with *error set to WEIR_ENOMEM, WEIR_ELIMIT (table full) or WEIR_EINVAL.
 */
struct weir_type *wr_type_new(const struct wr_type_spec *spec, int *error);

/* The type of an object. */
static inline struct weir_type *
wr_type_of(const weir_object *o)
{
    return wr_types[o->meta >> 8];
}

/* Around a fork, on both sides: take and give back the mutex of the table. */
void wr_types_fork_lock(void);
void wr_types_fork_unlock(void);

#endif
