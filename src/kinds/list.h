/* SPDX-License-Identifier: MIT */
/*
 * kinds/list.h - what the files of the list share.
 *
 * list.c has single items, list_array.c the array and all that moves items,
 * list_slice.c operations on several items, list_sort.c sorting.
 */
#ifndef WR_KINDS_LIST_H
#define WR_KINDS_LIST_H

#include "kinds/kinds.h"
#include "object/slot.h"
#include "thread/objlock.h"

#include <weir/list.h>

#define WR_LIST_MAX                                                            \
    ((SIZE_MAX / 2 - sizeof(struct wr_array)) / sizeof(weir_object *))

/* A smaller array is not worth shrinking. */
enum { WR_LIST_KEEP = 16 };

/* o as a list.  Caller: knows that it is one. */
static inline struct wr_list *
wr_list_of(weir_object *o)
{
    return (struct wr_list *)(void *)o;
}

/*
 * Count items that stand in the array, or uncount them: the moment at which
 * others see them come or go.  Caller: holds the list's lock.
 */
static inline void
wr_list_set_size(struct wr_list *list, uint64_t size)
{
    if (wr_cfg_locked_objects) {
        /* [pair:list.size/rel] */
        wr_store_release(&list->size, size);
    } else {
        list->size = size;
    }
}

/*
 * Make room for n items in all, at least as many as there are; an array that
 * is too small grows by more than it must.  Returns 0, WEIR_ENOMEM or
 * WEIR_ELIMIT, and then nothing has changed.  Caller: holds the list's lock.
 */
int wr_list_reserve_locked(struct wr_thread *self, struct wr_list *list,
                           uint64_t n);

/* Let go of room that is not used, if it is much and there is the memory.
 * Caller: holds the list's lock. */
void wr_list_trim_locked(struct wr_thread *self, struct wr_list *list);

/*
 * Put n items in the place of `gone` of the list's, from place `from` on; to
 * others this is one step.  There is room for all that stay.  The references
 * to the new items pass to the list, those to the old ones, which are copied
 * to `old`, to the caller; n or gone may be 0.  items are not in the array,
 * unless they are appended.
 * Caller: holds the list's lock.
 */
void wr_list_splice_locked(struct wr_thread *self, struct wr_list *list,
                           uint64_t from, uint64_t gone,
                           weir_object *const *items, uint64_t n,
                           weir_object **old);

/*
 * Give the items another order.  items: the same ones, no place twice.
 * Caller: holds the list's lock.
 */
void wr_list_permute_locked(struct wr_list *list, weir_object *const *items);

#endif
