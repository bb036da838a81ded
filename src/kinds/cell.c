/* SPDX-License-Identifier: MIT */
/*
 * kinds/cell.c - a box that holds one reference, or none.
 *
 * A cell is laid out as an instance with one slot, so death and collection
 * treat it as the cheapest thing there is, a pair.  Every operation is one
 * exchange of the slot under the cell's lock.
 *
 * [inv:cell.drop-unlocked] Nothing is dropped under the lock: what dies runs a
 * finalizer, which may use the cell.
 */
#include "kinds/cell.h"

#include "base/plant.h"
#include "kinds/kinds.h"
#include "thread/objlock.h"

weir_object *
weir_cell_new(weir_object *value)
{
    WR_SITE();
    struct weir_type *type = wr_types[WR_TYPE_CELL];
    struct wr_instance *cell = (struct wr_instance *)(void *)wr_object_alloc(
        wr_self(), type, WR_SPACE_GC, WR_BLOCK_MIN);

    if (wr_unlikely(cell == NULL)) {
        return NULL;
    }
    if (value != NULL) {
        weir_incref(value);
    }
    cell->slots[0] = value;
    /* The block has room for a second one, and pairs are torn down alike. */
    cell->slots[1] = NULL;
    wr_ref_init(&cell->base);
    return &cell->base;
}

weir_object *
weir_cell_get(weir_object *cell)
{
    int error = wr_check_kind(cell, WR_META_CELL);
    weir_object *value;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(wr_self(), &cell->lock);
    value = *wr_cell_slot(cell);
    if (wr_likely(value != NULL)) {
        weir_incref(value);
    }
    wr_objlock_unlock(wr_self(), &cell->lock);
    return wr_likely(value != NULL) ? value : wr_fail(WEIR_ENOKEY);
}

/* Put value in, which may be NULL; returns what the cell held, to be dropped
 * or handed out.  Caller: knows that it is a cell. */
static weir_object *
exchange(weir_object *cell, weir_object *value)
{
    weir_object *old;

    if (value != NULL) {
        weir_incref(value);
    }
    if (wr_plant(cell_swap_unlocked)) {
        old = *wr_cell_slot(cell);
        wr_plant_pause();
        *wr_cell_slot(cell) = value;
        return old;
    }
    wr_objlock_lock(wr_self(), &cell->lock);
    old = *wr_cell_slot(cell);
    *wr_cell_slot(cell) = value;
    wr_objlock_unlock(wr_self(), &cell->lock);
    return old;
}

int
weir_cell_set(weir_object *cell, weir_object *value)
{
    int error = wr_check_kind(cell, WR_META_CELL);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    weir_xdecref(exchange(cell, value));
    return WEIR_OK;
}

int
weir_cell_swap(weir_object *cell, weir_object *value, weir_object **old)
{
    int error = wr_check_kind(cell, WR_META_CELL);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(old == NULL)) {
        return WEIR_EINVAL;
    }
    *old = exchange(cell, value);
    return WEIR_OK;
}

int
weir_cell_replace(weir_object *cell, weir_object *expected, weir_object *value)
{
    int error = wr_check_kind(cell, WR_META_CELL);
    bool same;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_check_alive_each(1, &expected);
    if (value != NULL) {
        weir_incref(value);
    }
    wr_objlock_lock(wr_self(), &cell->lock);
    same = *wr_cell_slot(cell) == expected;
    if (same) {
        *wr_cell_slot(cell) = value;
    }
    wr_objlock_unlock(wr_self(), &cell->lock);
    /* The cell's reference to the one, or ours to the other, which the caller
     * has another of.  [inv:cell.drop-unlocked] */
    weir_xdecref(same ? expected : value);
    return same ? 1 : 0;
}

bool
weir_is_cell(const weir_object *o)
{
    return wr_check_kind(o, WR_META_CELL) == WEIR_OK;
}
