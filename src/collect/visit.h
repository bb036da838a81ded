/* SPDX-License-Identifier: MIT */
/*
 * collect/visit.h - the children of an object, unrolled by layout, for loops
 * that are measured in nanoseconds.
 *
 * The same layouts as object/children.h, but everything is inlined into the
 * caller: `visit` must be a constant function marked WR_COLLECT_INLINE and
 * `context` the address of a local, which then lives in registers.  visit is
 * called with NULL for an empty slot, so that the region test, which it makes
 * anyway, is the only one.
 */
#ifndef WR_COLLECT_VISIT_H
#define WR_COLLECT_VISIT_H

#include "collect/scan.h"
#include "object/layout.h"
#include "object/quiet.h"

typedef void (*wr_each_fn)(weir_object *child_or_null, void *context);

/*
 * The header of o is here, or soon: send for the array that its children are
 * in.  False: it has none, they are in the object itself.
 */
WR_COLLECT_INLINE bool
wr_send_for_array(const weir_object *o)
{
    const struct wr_list *list = (const struct wr_list *)(const void *)o;
    const struct wr_dict *dict = (const struct wr_dict *)(const void *)o;
    const char *array;
    uint64_t bytes;

    if (wr_likely((o->flags & WR_FLAG_PAIR) != 0)) {
        return false;
    }
    switch (wr_kind_of(o)) {
    case WR_KIND_LIST:
        array = (const char *)wr_list_array(list);
        bytes = sizeof(struct wr_array) + list->size * sizeof(weir_object *);
        break;
    case WR_KIND_DICT:
    case WR_KIND_SET:
        array = (const char *)wr_dict_table_of(dict);
        bytes = sizeof(struct wr_dict_table) +
                (dict->shape & UINT32_MAX) * sizeof(struct wr_dict_entry);
        break;
    default:
        return false;
    }
    if (array == NULL) {
        return false;
    }
    /* It may start anywhere in a line. */
    bytes = bytes < 160 ? bytes : 160;
    __builtin_prefetch(array);
    __builtin_prefetch(array + bytes - 1);
    if (bytes > 64) {
        __builtin_prefetch(array + 64);
    }
    return true;
}

/* Visit what a foreign object refers to. */
typedef void (*wr_each_foreign_fn)(weir_object *o, void *context);

/* Are the children of o in an array? */
WR_COLLECT_INLINE bool
wr_has_array(const weir_object *o)
{
    enum wr_kind kind = wr_kind_of(o);

    return (o->flags & WR_FLAG_PAIR) == 0 &&
           (kind == WR_KIND_LIST || kind == WR_KIND_DICT ||
            kind == WR_KIND_SET);
}

/* How many items or entries o has, if the program can make them as many as it
 * likes. */
WR_COLLECT_INLINE uint64_t
wr_length_of(const weir_object *o)
{
    const void *kind = o;

    switch (wr_kind_of(o)) {
    case WR_KIND_LIST:
        return ((const struct wr_list *)kind)->size;
    case WR_KIND_TUPLE:
        return ((const struct wr_tuple *)kind)->size;
    case WR_KIND_DICT:
    case WR_KIND_SET:
        return ((const struct wr_dict *)kind)->shape & UINT32_MAX;
    default:
        return 0;
    }
}

/* Visit the items first .. end - 1. */
WR_COLLECT_INLINE void
wr_each_item(weir_object *const *items, uint64_t first, uint64_t end,
             wr_each_fn visit, void *context)
{
    for (uint64_t i = first; i < end; i++) {
        visit(items[i], context);
    }
}

/* Visit n slots; no loop for the numbers that are common. */
WR_COLLECT_INLINE void
wr_each_slot(weir_object *const *slots, uint32_t n, wr_each_fn visit,
             void *context)
{
    switch (n) {
    default:
        wr_each_item(slots, 8, n, visit, context);
        /* fall through */
    case 8:
        visit(slots[7], context);
        /* fall through */
    case 7:
        visit(slots[6], context);
        /* fall through */
    case 6:
        visit(slots[5], context);
        /* fall through */
    case 5:
        visit(slots[4], context);
        /* fall through */
    case 4:
        visit(slots[3], context);
        /* fall through */
    case 3:
        visit(slots[2], context);
        /* fall through */
    case 2:
    case 1:
    case 0:
        /* Two there are always. */
        visit(slots[1], context);
        visit(slots[0], context);
    }
}

/* Visit what the entries of a dict refer to; NULLs where one was deleted. */
WR_COLLECT_INLINE void
wr_each_entry(const struct wr_dict_table *table, uint64_t first, uint64_t end,
              wr_each_fn visit, void *context)
{
    for (uint64_t i = first; i < end; i++) {
        visit(table->entries[i].key, context);
        visit(table->entries[i].value, context);
    }
}

/* Where a stretch of a row of n ends. */
WR_COLLECT_INLINE uint64_t
wr_stretch_end(uint64_t first, uint64_t n, uint64_t most)
{
    return n - first > most ? first + most : n;
}

/*
 * Visit children of o.  Those of an array that the program can make as long as
 * it likes: items first to first + most - 1 only.  Returns the number of the
 * item to go on with, 0 if there is none.
 *
 * `foreign` is for those that a type's own function names: it must not hand
 * `context` to it, which would force it into memory for all the others.
 *
 * Caller: world stopped, or *o is garbage.
 */
WR_COLLECT_INLINE uint64_t
wr_each_child_of(weir_object *o, uint64_t first, uint64_t most,
                 wr_each_fn visit, wr_each_foreign_fn foreign, void *context)
{
    uint64_t end = 0;
    uint64_t n = 0;

    if (wr_likely((o->flags & WR_FLAG_PAIR) != 0)) {
        wr_each_slot(((struct wr_instance *)(void *)o)->slots, 2, visit,
                     context);
        return 0;
    }
    switch (wr_kind_of(o)) {
    case WR_KIND_INSTANCE:
    case WR_KIND_CELL:
        wr_each_slot(((struct wr_instance *)(void *)o)->slots,
                     wr_type_of(o)->nslots, visit, context);
        break;
    case WR_KIND_TUPLE:
        n = ((struct wr_tuple *)(void *)o)->size;
        end = wr_stretch_end(first, n, most);
        wr_each_item(((struct wr_tuple *)(void *)o)->items, first, end, visit,
                     context);
        break;
    case WR_KIND_LIST: {
        struct wr_list *list = (struct wr_list *)(void *)o;
        struct wr_array *array = wr_list_array(list);

        if (array != NULL) {
            n = list->size;
            end = wr_stretch_end(first, n, most);
            wr_each_item(array->items, first, end, visit, context);
        }
        break;
    }
    case WR_KIND_DICT:
    case WR_KIND_SET: {
        const struct wr_dict_table *table =
            wr_dict_table_of((struct wr_dict *)(void *)o);

        if (table != NULL) {
            n = table->filled;
            end = wr_stretch_end(first, n, most);
            wr_each_entry(table, first, end, visit, context);
        }
        break;
    }
    case WR_KIND_WEAK:
        visit(((struct wr_weak *)(void *)o)->context, context);
        break;
    case WR_KIND_FOREIGN:
        if (foreign != NULL) {
            foreign(o, context);
        } else {
            wr_traverse(o, visit, context);
        }
        break;
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
        break;
    }
    return end < n ? end : 0;
}

/* Visit every child of o.  Caller: world stopped, or *o is garbage. */
WR_COLLECT_INLINE void
wr_each_child(weir_object *o, wr_each_fn visit, void *context)
{
    (void)wr_each_child_of(o, 0, UINT64_MAX, visit, NULL, context);
}

#endif
