/* SPDX-License-Identifier: MIT */
/*
 * object/layout.h - where each kind keeps its children.
 *
 * Below kinds/, which implements the operations, because deallocation and the
 * collector traverse objects without calling through their types.
 *
 * The word at offset 16 is special: a dead object that waits for its
 * teardown is linked through it [inv:obj.link16].  Each kind says how that
 * word is saved or dropped, without memory, by unlink16() in dealloc.c.
 */
#ifndef WR_OBJECT_LAYOUT_H
#define WR_OBJECT_LAYOUT_H

#include "object/header.h"
#include "thread/gate.h"

#include <weir/foreign.h>
#include <weir/weak.h>

/*
 * Fixed slots in line.  Their number is the type's nslots; if the type has
 * attributes the last slot holds the attribute dict or NULL.  Blocks are at
 * least 32 bytes, so slots[0] and slots[1] exist and are NULL even when the
 * type has fewer; WR_FLAG_PAIR marks instances that have no more than those.
 * Offset 16 is slots[0]: dropped early.
 */
struct wr_instance { /* SHARED */
    weir_object base;
    /* [gil] [lock: object] children or NULL */
    weir_object *slots[];
};

/* The empty tuple is an immortal singleton of kind ATOM, so size >= 1 here.
 * Offset 16 is size: saved in items[0], which is dropped early. */
struct wr_tuple { /* SHARED */
    weir_object base;
    /* [const] */
    uint64_t size;
    /* [const] children; NULL only while the maker fills it */
    weir_object *items[];
};

/* The item array of a list, in RAW space. */
struct wr_array { /* SHARED */
    /* [const] items there is room for */
    uint64_t capacity;
    union {
        /* [inner] thread/gate.h */
        uint64_t moves;
        /* [owner] the list's size while the dead list waits */
        uint64_t saved;
    };
    /* [gil] [lock: list; read by slot.h] the first `size` are children, never
     * NULL */
    weir_object *items[];
};

/* Offset 16 is size: saved in the array; without an array size is 0. */
struct wr_list { /* SHARED */
    weir_object base;
    /* [gil] [atomic: written under the object's lock release; read acquire] */
    uint64_t size;
    /* [gil] [atomic: as size] to the array; 0 until the first append */
    uint64_t gate;
};

/* The item array of a list, or NULL. */
static inline struct wr_array *
wr_list_array(const struct wr_list *list)
{
    return (struct wr_array *)wr_gate_block(list->gate);
}

/* An entry whose key is NULL has been deleted (value is NULL too); the
 * entries of a set have no value. */
struct wr_dict_entry {
    uint64_t hash;
    weir_object *key;
    weir_object *value;
};

/*
 * A dict's table, one RAW block: this header, `capacity` entries in insertion
 * order, then the index.  Entries [0, filled) are in use or deleted.
 */
struct wr_dict_table { /* SHARED */
    /* [const] bytes of the whole block */
    uint64_t bytes;
    union {
        /* [inner] thread/gate.h */
        uint64_t moves;
        /* [owner] the dict's used while the dead dict waits */
        uint64_t saved;
    };
    /* [const] entries there is room for */
    uint32_t capacity;
    /* [const] base-2 logarithm of the index size */
    uint32_t log2_index;
    /* [gil] [lock: dict] entries handed out, deleted ones included */
    uint32_t filled;
    /* [gil] [lock: dict] raised by every structural change */
    uint32_t version;
    /* [gil] [lock: dict] */
    struct wr_dict_entry entries[];
};

/* Offset 16 is used: not needed any more when dead.  A set is the same with
 * all values NULL. */
struct wr_dict { /* SHARED */
    weir_object base;
    /* [gil] [lock: object] live entries; without a table the version its next
     * one starts with: read it with wr_dict_used() */
    uint64_t used;
    /* [gil] [lock: object] NULL until the first insertion */
    struct wr_dict_table *table;
};

/* Offset 16 is context: dropped early.  The target is no child: nobody counts
 * it. */
struct wr_weak { /* SHARED */
    weir_object base;
    /* [const] owned, or NULL: what the callback works with */
    weir_object *context;
    /* [atomic: read acquire by get; written under the target's stripe] not
     * counted; NULL once cleared */
    weir_object *target;
    /* [const] or NULL */
    weir_weak_callback callback;
    /* [const] passed to callback */
    void *data;
    /* [lock: stripe] chain of those whose targets share a bucket; of the
     * cleared ones whose callbacks wait: [owner] the thread that calls */
    struct wr_weak *next;
    struct wr_weak *prev;
};

/* Offset 16 is kept free for the link; a type's own fields follow. */
struct wr_foreign { /* SHARED */
    weir_object base;
    /* [owner] of the list of the dying */
    weir_object *link;
    /* the type's: traverse tells which words are children */
    unsigned char fields[];
};

/* Atoms. */
struct wr_int {
    weir_object base;
    int64_t value;
};

struct wr_str { /* SHARED */
    weir_object base;
    /* [const] bytes without the terminating NUL */
    uint64_t length;
    /* [atomic: relaxed by any thread] 0 until computed */
    uint64_t hash;
    /* [const] */
    char bytes[];
};

#define WR_LINK_OFFSET 16

_Static_assert(offsetof(struct wr_instance, slots) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_tuple, size) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_list, size) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_dict, used) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_weak, context) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_foreign, link) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_foreign, fields) == WEIR_FOREIGN_OFFSET, "");
_Static_assert(offsetof(struct wr_array, moves) == WR_MOVES_OFFSET, "");
_Static_assert(offsetof(struct wr_dict_table, moves) == WR_MOVES_OFFSET, "");
_Static_assert(sizeof(struct wr_list) == 32, "a list is 32 bytes");
_Static_assert(sizeof(struct wr_dict) == 32, "a dict is 32 bytes");

#endif
