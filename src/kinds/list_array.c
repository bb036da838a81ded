/* SPDX-License-Identifier: MIT */
/*
 * kinds/list_array.c - the array of a list, and whatever moves items.
 *
 * Readers without a lock (list.c) trust what they see while `moves` of the
 * array does not change.  So whoever moves items, or replaces the array, makes
 * it odd first; what changes one slot, or appends, does not need that.
 *
 * An array that only its maker may read is changed and freed like any other
 * memory.  In one that others may be reading, each slot is stored by itself.
 *
 * [inv:list.size-first] A new size is stored before the gate to an array that
 * has other items; so who finds that array finds the size.
 */
#include "kinds/list.h"

#include <string.h>

/*
 * How much room n items get: an eighth more, a few, and what the block has.
 * Where replaced arrays have to wait, a half more.
 */
static uint64_t
capacity_for(uint64_t n, bool is_private)
{
    uint64_t room = (n + (is_private ? n >> 3 : n >> 1) + 6) & ~UINT64_C(3);

    return (wr_raw_round(wr_array_bytes(room)) - sizeof(struct wr_array)) /
           sizeof(weir_object *);
}

/*
 * Give the array of a list room for `capacity` items; it holds no more than
 * that.  Returns 0 or WEIR_ENOMEM, and then nothing has changed.
 */
static int
resize_locked(struct wr_thread *self, struct wr_list *list, uint64_t capacity)
{
    uint64_t gate = list->gate;
    struct wr_array *old = wr_list_array(list);
    struct wr_array *array;

    if (old != NULL && wr_gate_is_private(self, gate)) {
        array = wr_raw_realloc(self->heap, old, wr_array_bytes(old->capacity),
                               wr_array_bytes(capacity));
        old = NULL;
    } else {
        array = wr_raw_alloc(self->heap, wr_array_bytes(capacity));
        if (array != NULL) {
            array->moves = 0;
        }
    }
    if (array == NULL) {
        return WEIR_ENOMEM;
    }
    array->capacity = capacity;
    if (old != NULL) {
        memcpy(array->items, old->items, list->size * sizeof(array->items[0]));
        wr_moves_begin(&old->moves);
    }
    wr_gate_set(&list->gate, wr_gate_new(self, array, gate));
    if (old != NULL) {
        wr_raw_retire(self, old, wr_array_bytes(old->capacity), gate);
    }
    return WEIR_OK;
}

int
wr_list_reserve_locked(struct wr_thread *self, struct wr_list *list, uint64_t n)
{
    struct wr_array *array = wr_list_array(list);

    WEIR_ASSERT(wr_objlock_is_held(&list->base.lock));
    WEIR_ASSERT(n >= list->size);
    if (n == 0 || (array != NULL && n <= array->capacity)) {
        return WEIR_OK;
    }
    if (wr_unlikely(n > WR_LIST_MAX - WR_LIST_MAX / 2)) {
        return WEIR_ELIMIT;
    }
    return resize_locked(self, list,
                         capacity_for(n, wr_gate_is_private(self, list->gate)));
}

void
wr_list_trim_locked(struct wr_thread *self, struct wr_list *list)
{
    struct wr_array *array = wr_list_array(list);

    if (array != NULL && list->size < array->capacity / 2 &&
        array->capacity > WR_LIST_KEEP) {
        /* Without memory the larger array stays. */
        (void)resize_locked(self, list, capacity_for(list->size, true));
    }
}

/* Store n items, not in the array, from a place on. */
static void
put_items(weir_object **to, weir_object *const *from, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        wr_slot_store(&to[i], from[i]);
    }
}

/* Move n items inside the array.  seen: others may be reading. */
static void
move_items(weir_object **to, weir_object **from, uint64_t n, bool seen)
{
    if (!seen) {
        memmove(to, from, n * sizeof(*to));
    } else if (to < from) {
        put_items(to, from, n);
    } else {
        for (uint64_t i = n; i-- > 0;) {
            wr_slot_store(&to[i], from[i]);
        }
    }
}

void
wr_list_splice_locked(struct wr_thread *self, struct wr_list *list,
                      uint64_t from, uint64_t gone, weir_object *const *items,
                      uint64_t n, weir_object **old)
{
    struct wr_array *array = wr_list_array(list);
    uint64_t size = list->size;
    uint64_t rest = size - from - gone;

    WEIR_ASSERT(wr_objlock_is_held(&list->base.lock));
    WEIR_ASSERT(from <= size && gone <= size - from);
    if (array == NULL || (gone == 0 && n == 0)) {
        WEIR_ASSERT(n == 0);
        return;
    }
    WEIR_ASSERT(size - gone + n <= array->capacity);
    if (gone != 0) {
        memcpy(old, &array->items[from], gone * sizeof(*old));
    }
    if (from == size) {
        /* Appending: nobody looks there before the size says so. */
        put_items(&array->items[from], items, n);
        wr_list_set_size(list, size + n);
        return;
    }
    wr_moves_begin(&array->moves);
    if (gone != n) {
        move_items(&array->items[from + n], &array->items[from + gone], rest,
                   !wr_gate_is_private(self, list->gate));
    }
    put_items(&array->items[from], items, n);
    wr_list_set_size(list, size - gone + n);
    wr_moves_end(&array->moves);
}

void
wr_list_permute_locked(struct wr_list *list, weir_object *const *items)
{
    struct wr_array *array = wr_list_array(list);

    WEIR_ASSERT(wr_objlock_is_held(&list->base.lock));
    wr_moves_begin(&array->moves);
    put_items(array->items, items, list->size);
    wr_moves_end(&array->moves);
}
