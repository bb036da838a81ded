/* SPDX-License-Identifier: MIT */
/*
 * kinds/list.c - sequences: one item at a time.
 *
 * The items stand in an array of their own, in RAW space, with an eighth of
 * room to spare.  Whoever changes the list holds its lock, takes its
 * references inside and drops old values after unlocking.  Readers of single
 * items and of the size take no lock: an item is read as object/slot.h reads a
 * slot, and counts if the array was the list's, and had the item, before and
 * after (look()).
 *
 * [inv:list.items-set] The first `size` items are never NULL.
 * [inv:list.drop-unlocked] Nothing is dropped under the lock: what dies runs
 * a finalizer, which may use the list.
 *
 * Read first: docs/protocols-kinds.md, "Lists".
 */
#include "kinds/list.h"

#include "base/plant.h"

weir_object *
weir_list_new(void)
{
    WR_SITE();
    weir_object *o =
        wr_builtin_alloc(wr_self(), WR_META_LIST, sizeof(struct wr_list));

    if (wr_likely(o != NULL)) {
        wr_list_of(o)->size = 0;
        wr_list_of(o)->gate = 0;
        wr_ref_init(o);
    }
    return o;
}

int64_t
weir_list_size(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return (int64_t)(wr_cfg_locked_objects
                         ? wr_load_acquire(&wr_list_of(o)->size)
                         : wr_list_of(o)->size);
}

/* Append when there is no room; gives the lock back.  Out of line, so that
 * the common case needs no stack frame. */
static int __attribute__((noinline))
append_slow_unlock(struct wr_list *list, weir_object *value)
{
    struct wr_thread *self = wr_self();
    uint64_t size = list->size;
    int error = wr_list_reserve_locked(self, list, size + 1);

    if (wr_likely(error == WEIR_OK)) {
        weir_incref(value);
        wr_slot_store(&wr_list_array(list)->items[size], value);
        wr_list_set_size(list, size + 1);
    }
    wr_objlock_unlock(self, &list->base.lock);
    return error;
}

/* A planted fault: the place is chosen under the lock and taken without. */
static int __attribute__((noinline, unused))
append_planted_unlock(struct wr_list *list, weir_object *value)
{
    uint64_t size = list->size;

    weir_incref(value);
    wr_objlock_unlock(wr_self(), &list->base.lock);
    wr_plant_pause();
    wr_slot_store(&wr_list_array(list)->items[size], value);
    wr_list_set_size(list, size + 1);
    return WEIR_OK;
}

int
weir_list_append(weir_object *o, weir_object *value)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_array *array;
    uint64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    wr_objlock_lock(wr_self(), &o->lock);
    array = wr_list_array(list);
    size = list->size;
    if (wr_unlikely(array == NULL || size >= array->capacity)) {
        return append_slow_unlock(list, value);
    }
    if (wr_plant(append_unlocked)) {
        return append_planted_unlock(list, value);
    }
    weir_incref(value);
    /* The item first: who sees the size sees it. */
    wr_slot_store(&array->items[size], value);
    wr_list_set_size(list, size + 1);
    wr_objlock_unlock(wr_self(), &o->lock);
    return WEIR_OK;
}

/* What a reader without the lock finds. */
enum seen {
    TAKEN,   /* an item, with a new reference */
    OUTSIDE, /* there was no item i */
    AGAIN,   /* something changed */
    LOCKED   /* the lock is needed: not admitted, or items are moving */
};

/*
 * Read item i without the lock.  AGAIN: *out, unless NULL, is a reference to
 * be dropped, whatever that may be; afterwards nothing is known any more.
 *
 * The order of the loads is the point.  The array before the size: the size
 * is not older than the array [inv:list.size-first].  The size before `moves`:
 * if that is even, the size is not a later array's.  So i is a place in use.
 * After the slot, the size again: the item was not on its way out when this
 * call began, nor on its way in when it ends.  And `moves` again.
 */
static inline enum seen
look(const struct wr_thread *self, const struct wr_list *list, uint64_t i,
     weir_object **out)
{
    uint64_t gate = wr_gate_load(&list->gate);
    struct wr_array *array = wr_gate_block(gate);
    uint64_t moves;

    *out = NULL;
    if (wr_unlikely(gate == 0)) {
        return OUTSIDE;
    }
    if (wr_unlikely(!wr_gate_admits(self, gate))) {
        return LOCKED;
    }
    /* [pair:list.size/acq] */
    if (wr_unlikely(i >= wr_load_acquire(&list->size))) {
        return OUTSIDE;
    }
    moves = wr_moves_load(&array->moves);
    if (wr_unlikely((moves & 1) != 0)) {
        return LOCKED;
    }
    WEIR_ASSERT(i < array->capacity);
    if (wr_unlikely(wr_slot_hold(&array->items[i], out) != WR_SLOT_TAKEN)) {
        return AGAIN;
    }
    if (wr_unlikely(!wr_slot_still(&array->items[i], *out) ||
                    i >= wr_load_acquire(&list->size) ||
                    !wr_moves_same(&array->moves, moves))) {
        return AGAIN;
    }
    return TAKEN;
}

/* Item i, or NULL if there is none, with the lock; lets the thread look
 * without it in future. */
static weir_object *
item_locked(struct wr_thread *self, struct wr_list *list, uint64_t i)
{
    weir_object *item = NULL;

    wr_objlock_lock(self, &list->base.lock);
    wr_gate_open(self, &list->gate);
    if (i < list->size) {
        item = weir_newref(wr_list_array(list)->items[i]);
    }
    wr_objlock_unlock(self, &list->base.lock);
    return item;
}

/* Go on after a look() that took no item.  Out of line, so that the common
 * case needs no stack frame. */
static weir_object *__attribute__((noinline))
item_slow(struct wr_list *list, uint64_t i, enum seen seen, weir_object *held)
{
    struct wr_thread *self = wr_self();

    for (int turn = 0; turn < WR_SLOT_TRIES && seen == AGAIN; turn++) {
        weir_xdecref(held);
        seen = look(self, list, i, &held);
    }
    switch (seen) {
    case TAKEN:
        return held;
    case OUTSIDE:
        return NULL;
    case AGAIN:
        weir_xdecref(held);
        break;
    case LOCKED:
        break;
    }
    return item_locked(self, list, i);
}

/* A planted fault: what the slot held is believed to stand there still. */
static weir_object *__attribute__((noinline, unused))
item_planted(struct wr_list *list, uint64_t i)
{
    weir_object *item;

    if (i >= wr_load_acquire(&list->size)) {
        return NULL;
    }
    item = wr_load_acquire(&wr_list_array(list)->items[i]);
    wr_plant_pause();
    return item != NULL && wr_ref_try_get(item) ? item : NULL;
}

/* Item i, a new reference, or NULL if there is none. */
static inline weir_object *
item_or_null(struct wr_list *list, uint64_t i)
{
    weir_object *item = NULL;
    enum seen seen;

    if (wr_plant(slot_unchecked)) {
        return item_planted(list, i);
    }
    if (!wr_cfg_locked_objects) {
        if (wr_likely(i < list->size)) {
            item = weir_newref(wr_list_array(list)->items[i]);
        }
        return item;
    }
    seen = look(wr_self(), list, i, &item);
    return wr_likely(seen == TAKEN) ? item : item_slow(list, i, seen, item);
}

weir_object *
weir_list_get(weir_object *o, size_t i)
{
    int error = wr_check_kind(o, WR_META_LIST);
    weir_object *item;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    item = item_or_null(wr_list_of(o), i);
    return wr_likely(item != NULL) ? item : wr_fail(WEIR_ERANGE);
}

int
weir_list_next(weir_object *o, uint64_t *pos, weir_object **item)
{
    int error = wr_check_kind(o, WR_META_LIST);
    weir_object *found;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(pos == NULL || item == NULL)) {
        return WEIR_EINVAL;
    }
    found = item_or_null(wr_list_of(o), *pos);
    if (found == NULL) {
        return 0;
    }
    (*pos)++;
    *item = found;
    return 1;
}

/* A planted fault: the old value is dropped, then the new one stored. */
static int __attribute__((noinline, unused))
set_planted_unlock(weir_object *o, size_t i, weir_object *value)
{
    weir_object **slot = &wr_list_array(wr_list_of(o))->items[i];

    wr_objlock_unlock(wr_self(), &o->lock);
    weir_decref(*slot);
    wr_plant_pause();
    wr_slot_store(slot, weir_newref(value));
    return WEIR_OK;
}

int
weir_list_set(weir_object *o, size_t i, weir_object *value)
{
    int error = wr_check_kind(o, WR_META_LIST);
    weir_object *old;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    wr_objlock_lock(wr_self(), &o->lock);
    if (wr_unlikely(i >= wr_list_of(o)->size)) {
        wr_objlock_unlock(wr_self(), &o->lock);
        return WEIR_ERANGE;
    }
    if (wr_plant(decref_before_publish)) {
        return set_planted_unlock(o, i, value);
    }
    weir_incref(value);
    old = wr_slot_swap(&wr_list_array(wr_list_of(o))->items[i], value);
    wr_objlock_unlock(wr_self(), &o->lock);
    weir_decref(old);
    return WEIR_OK;
}

weir_object *
weir_list_pop(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_array *array;
    weir_object *item;
    uint64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(wr_self(), &o->lock);
    if (wr_unlikely(list->size == 0)) {
        wr_objlock_unlock(wr_self(), &o->lock);
        return wr_fail(WEIR_ERANGE);
    }
    array = wr_list_array(list);
    size = list->size - 1;
    item = array->items[size];
    wr_list_set_size(list, size);
    if (wr_cfg_locked_objects) {
        /* Before anybody can drop it [inv:list.tail-empty]. */
        wr_slot_store(&array->items[size], NULL);
    }
    if (wr_unlikely(size < array->capacity / 2 &&
                    array->capacity > WR_LIST_KEEP)) {
        wr_list_trim_locked(wr_self(), list);
    }
    wr_objlock_unlock(wr_self(), &o->lock);
    return item;
}

int
weir_list_clear(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_thread *self;
    struct wr_array *array;
    uint64_t gate;
    uint64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    gate = wr_list_of(o)->gate;
    array = wr_list_array(wr_list_of(o));
    size = wr_list_of(o)->size;
    if (array != NULL) {
        wr_moves_begin(&array->moves);
        wr_list_set_size(wr_list_of(o), 0);
        wr_gate_set(&wr_list_of(o)->gate, 0);
    }
    wr_objlock_unlock(self, &o->lock);
    for (uint64_t i = 0; i < size; i++) {
        weir_decref(array->items[i]);
    }
    if (array != NULL) {
        wr_raw_retire(self, array, wr_array_bytes(array->capacity), gate);
    }
    return WEIR_OK;
}

bool
weir_is_list(const weir_object *o)
{
    return wr_check_kind(o, WR_META_LIST) == WEIR_OK;
}
