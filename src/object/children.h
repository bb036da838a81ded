/* SPDX-License-Identifier: MIT */
/*
 * object/children.h - visit what an object refers to, by layout.
 *
 * The plain way, for everything that is not a hot loop.  The collector's own
 * loops unroll the same layouts.
 */
#ifndef WR_OBJECT_CHILDREN_H
#define WR_OBJECT_CHILDREN_H

#include "object/layout.h"
#include "object/type.h"

/* Called with each child that is not NULL. */
typedef void (*wr_visit_fn)(weir_object *child, void *context);

/* A traverse function may visit NULL; a visitor here is not told of it. */
struct wr_visit_some {
    wr_visit_fn visit;
    void *context;
};

static inline void
wr_visit_some(weir_object *child, void *context)
{
    const struct wr_visit_some *some = context;

    if (child != NULL) {
        some->visit(child, some->context);
    }
}

/*
 * Call visit for every child of o, in order; a child held twice is visited
 * twice.  Caller: world stopped, or holds the object's lock or the only
 * reference.
 */
static inline void
wr_children_visit(weir_object *o, wr_visit_fn visit, void *context)
{
    weir_object **items = NULL;
    uint64_t n = 0;

    switch (wr_kind_of(o)) {
    case WR_KIND_INSTANCE:
    case WR_KIND_CELL:
        items = ((struct wr_instance *)(void *)o)->slots;
        n = wr_type_of(o)->nslots;
        break;
    case WR_KIND_TUPLE:
        items = ((struct wr_tuple *)(void *)o)->items;
        n = ((struct wr_tuple *)(void *)o)->size;
        break;
    case WR_KIND_LIST: {
        struct wr_list *list = (struct wr_list *)(void *)o;

        if (wr_list_array(list) != NULL) {
            items = wr_list_array(list)->items;
            n = list->size;
        }
        break;
    }
    case WR_KIND_DICT:
    case WR_KIND_SET: {
        struct wr_dict_table *table =
            wr_dict_table_of((struct wr_dict *)(void *)o);

        for (uint32_t i = 0; table != NULL && i < table->filled; i++) {
            if (table->entries[i].key != NULL) {
                visit(table->entries[i].key, context);
            }
            if (table->entries[i].value != NULL) {
                visit(table->entries[i].value, context);
            }
        }
        break;
    }
    case WR_KIND_WEAK:
        items = &((struct wr_weak *)(void *)o)->context;
        n = 1;
        break;
    case WR_KIND_FOREIGN:
        if (wr_type_of(o)->traverse != NULL) {
            struct wr_visit_some some = {visit, context};

            wr_type_of(o)->traverse(o, wr_visit_some, &some,
                                    wr_type_of(o)->data);
        }
        break;
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
        break;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (items[i] != NULL) {
            visit(items[i], context);
        }
    }
}

#endif
