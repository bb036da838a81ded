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
    /* [atomic: exchanged acq_rel, read as object/slot.h says] children or
     * NULL */
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
struct wr_dict_entry { /* SHARED */
    /* [const] once the index leads here */
    uint64_t hash;
    /* [gil] [lock: dict] writes; read without it: object/slot.h */
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
    /* [inner] thread/gate.h */
    uint64_t moves;
    /* [const] entries there is room for */
    uint32_t capacity;
    /* [const] base-2 logarithm of the index size */
    uint16_t log2_index;
    /* [atomic: set under the lock before the index leads to the key, read
     * relaxed after that] 1 if some key is not an int */
    uint16_t mixed;
    /* [gil] [lock: dict] entries handed out, deleted ones included */
    uint32_t filled;
    /* [gil] [lock: dict] entries before this one are deleted, it is not */
    uint32_t first;
    /* [inner] entries, then index slots: kinds/dict_table.c */
    struct wr_dict_entry entries[];
};

/* Offset 16 is shape: not needed any more when dead.  A set is the same with
 * all values NULL. */
struct wr_dict { /* SHARED */
    weir_object base;
    /* [atomic: written release under the lock, read acquire] live entries; in
     * the high half the version, raised by every structural change */
    uint64_t shape;
    /* [inner] thread/gate.h: the table; 0 until the first insertion */
    uint64_t gate;
};

/* The table or NULL.  Caller: may look into it: holds the lock, or nobody
 * changes the dict, or it is dead. */
static inline struct wr_dict_table *
wr_dict_table_of(const struct wr_dict *dict)
{
    return wr_gate_block(dict->gate);
}

/* Offset 16 is context: saved in data, which is not needed any more when dead.
 * The target is no child: nobody counts it. */
struct wr_weak { /* SHARED */
    weir_object base;
    /* [const] owned, or NULL: what the callback works with */
    weir_object *context;
    /* [atomic: read acquire; written under the mutex of the target's stripe,
     * NULL with release] not counted; NULL once cleared */
    weir_object *target;
    /* [const] or NULL */
    weir_weak_callback callback;
    /* [const] passed to callback; [owner] the context while the dead one
     * waits */
    void *data;
    /* [lock: stripe] chain of those whose targets share a bucket; of cleared
     * ones whose callbacks wait: [owner] the thread that calls them */
    struct wr_weak *next;
    /* [lock: stripe] the pointer that points to this one */
    struct wr_weak **place;
};

/* Offset 16 is kept free for the link; a type's own fields follow. */
struct wr_foreign { /* SHARED */
    weir_object base;
    /* [owner] of the list of the dying */
    weir_object *link;
    /* [gil] [lock: object] the type's; traverse says which are children */
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
_Static_assert(offsetof(struct wr_dict, shape) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_weak, context) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_foreign, link) == WR_LINK_OFFSET, "");
_Static_assert(offsetof(struct wr_foreign, fields) == WEIR_FOREIGN_OFFSET, "");
_Static_assert(sizeof(struct wr_weak) == 64, "a weak reference is 64 bytes");
_Static_assert(offsetof(struct wr_array, moves) == WR_MOVES_OFFSET, "");
_Static_assert(offsetof(struct wr_dict_table, moves) == WR_MOVES_OFFSET, "");
_Static_assert(sizeof(struct wr_list) == 32, "a list is 32 bytes");
_Static_assert(sizeof(struct wr_dict) == 32, "a dict is 32 bytes");

#endif
