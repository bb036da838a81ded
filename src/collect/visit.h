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

/* Visit n references in a row. */
WR_COLLECT_INLINE void
wr_each_item(weir_object *const *items, uint64_t n, wr_each_fn visit,
             void *context)
{
    for (uint64_t i = 0; i < n; i++) {
        visit(items[i], context);
    }
}

/* Visit what the entries of a dict refer to; NULLs where one was deleted. */
WR_COLLECT_INLINE void
wr_each_entry(const struct wr_dict_table *table, wr_each_fn visit,
              void *context)
{
    uint32_t filled = table != NULL ? table->filled : 0;

    for (uint32_t i = 0; i < filled; i++) {
        visit(table->entries[i].key, context);
        visit(table->entries[i].value, context);
    }
}

/* Visit every child of o.  Caller: world stopped, or *o is garbage. */
WR_COLLECT_INLINE void
wr_each_child(weir_object *o, wr_each_fn visit, void *context)
{
    switch (wr_kind_of(o)) {
    case WR_KIND_INSTANCE:
    case WR_KIND_CELL:
        wr_each_item(((struct wr_instance *)(void *)o)->slots,
                     wr_type_of(o)->nslots, visit, context);
        break;
    case WR_KIND_TUPLE:
        wr_each_item(((struct wr_tuple *)(void *)o)->items,
                     ((struct wr_tuple *)(void *)o)->size, visit, context);
        break;
    case WR_KIND_LIST: {
        struct wr_list *list = (struct wr_list *)(void *)o;
        struct wr_array *array = wr_list_array(list);

        if (array != NULL) {
            wr_each_item(array->items, list->size, visit, context);
        }
        break;
    }
    case WR_KIND_DICT:
    case WR_KIND_SET:
        wr_each_entry(wr_dict_table_of((struct wr_dict *)(void *)o), visit,
                      context);
        break;
    case WR_KIND_WEAK:
        visit(((struct wr_weak *)(void *)o)->context, context);
        break;
    case WR_KIND_FOREIGN:
        wr_traverse(o, visit, context);
        break;
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
        break;
    }
}

#endif
