/* SPDX-License-Identifier: MIT */
/*
 * kinds/list.c - sequences that grow and shrink at their end.
 *
 * The items stand in an array of their own, in RAW space, with an eighth of
 * room to spare.  Every operation holds the list's lock while it looks at the
 * array, takes its references inside and drops old values after unlocking; so
 * nobody can hold an array that has been replaced, and it is freed at once.
 *
 * [inv:list.items-set] The first `size` items are never NULL.
 * [inv:list.drop-unlocked] Nothing is dropped under the lock: what dies runs
 * a finalizer, which may use the list.
 */
#include "kinds/list.h"

#include "base/plant.h"
#include "kinds/kinds.h"
#include "thread/objlock.h"

#define MAX_ITEMS                                                              \
    ((SIZE_MAX / 2 - sizeof(struct wr_array)) / sizeof(weir_object *))

/* A smaller array is not worth shrinking. */
enum { KEEP_CAPACITY = 16 };

weir_object *
weir_list_new(void)
{
    WR_SITE();
    weir_object *o =
        wr_builtin_alloc(wr_self(), WR_META_LIST, sizeof(struct wr_list));

    if (wr_likely(o != NULL)) {
        wr_list_of(o)->size = 0;
        wr_list_of(o)->array = NULL;
        wr_ref_init(o);
    }
    return o;
}

int64_t
weir_list_size(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);
    int64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(wr_self(), &o->lock);
    size = (int64_t)wr_list_of(o)->size;
    wr_objlock_unlock(wr_self(), &o->lock);
    return size;
}

/* How much room n items get: an eighth more, a few, and what the block has. */
static inline uint64_t
capacity_for(uint64_t n)
{
    uint64_t room = (n + (n >> 3) + 6) & ~UINT64_C(3);

    return (wr_raw_round(wr_array_bytes(room)) - sizeof(struct wr_array)) /
           sizeof(weir_object *);
}

/*
 * Give the array of a list room for `capacity` items; it holds no more than
 * that.  Returns 0 or WEIR_ENOMEM, and then nothing has changed.  Caller:
 * holds the list's lock.
 */
static int
resize_locked(struct wr_thread *self, struct wr_list *list, uint64_t capacity)
{
    struct wr_array *array = list->array;

    if (array == NULL) {
        array = wr_raw_alloc(self->heap, wr_array_bytes(capacity));
    } else {
        array =
            wr_raw_realloc(self->heap, array, wr_array_bytes(array->capacity),
                           wr_array_bytes(capacity));
    }
    if (array == NULL) {
        return WEIR_ENOMEM;
    }
    array->capacity = capacity;
    list->array = array;
    return WEIR_OK;
}

/* Append when there is no room; gives the lock back.  Out of line, so that
 * the common case needs no stack frame. */
static int __attribute__((noinline))
append_slow_unlock(struct wr_list *list, weir_object *value)
{
    struct wr_thread *self = wr_self();
    uint64_t size = list->size;
    int error = WEIR_ELIMIT;

    if (wr_likely(size < MAX_ITEMS - MAX_ITEMS / 8)) {
        error = resize_locked(self, list, capacity_for(size + 1));
    }
    if (wr_likely(error == WEIR_OK)) {
        weir_incref(value);
        list->array->items[size] = value;
        list->size = size + 1;
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
    list->array->items[size] = value;
    list->size = size + 1;
    return WEIR_OK;
}

int
weir_list_append(weir_object *o, weir_object *value)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_array *array;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    wr_objlock_lock(wr_self(), &o->lock);
    array = list->array;
    if (wr_unlikely(array == NULL || list->size >= array->capacity)) {
        return append_slow_unlock(list, value);
    }
    if (wr_plant(append_unlocked)) {
        return append_planted_unlock(list, value);
    }
    weir_incref(value);
    array->items[list->size] = value;
    list->size++;
    wr_objlock_unlock(wr_self(), &o->lock);
    return WEIR_OK;
}

weir_object *
weir_list_get(weir_object *o, size_t i)
{
    int error = wr_check_kind(o, WR_META_LIST);
    weir_object *item;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(wr_self(), &o->lock);
    if (wr_unlikely(i >= wr_list_of(o)->size)) {
        wr_objlock_unlock(wr_self(), &o->lock);
        return wr_fail(WEIR_ERANGE);
    }
    item = wr_list_of(o)->array->items[i];
    weir_incref(item);
    wr_objlock_unlock(wr_self(), &o->lock);
    return item;
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
    weir_incref(value);
    old = wr_list_of(o)->array->items[i];
    wr_list_of(o)->array->items[i] = value;
    wr_objlock_unlock(wr_self(), &o->lock);
    weir_decref(old);
    return WEIR_OK;
}

weir_object *
weir_list_pop(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    uint64_t capacity;
    weir_object *item;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(wr_self(), &o->lock);
    if (wr_unlikely(list->size == 0)) {
        wr_objlock_unlock(wr_self(), &o->lock);
        return wr_fail(WEIR_ERANGE);
    }
    list->size--;
    item = list->array->items[list->size];
    capacity = list->array->capacity;
    if (wr_unlikely(list->size < capacity / 2 && capacity > KEEP_CAPACITY)) {
        /* Without memory the larger array stays. */
        (void)resize_locked(wr_self(), list, capacity_for(list->size));
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
    uint64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    array = wr_list_of(o)->array;
    size = wr_list_of(o)->size;
    wr_list_of(o)->array = NULL;
    wr_list_of(o)->size = 0;
    wr_objlock_unlock(self, &o->lock);
    for (uint64_t i = 0; i < size; i++) {
        weir_decref(array->items[i]);
    }
    if (array != NULL) {
        wr_raw_free(self->heap, array, wr_array_bytes(array->capacity));
    }
    return WEIR_OK;
}

bool
weir_is_list(const weir_object *o)
{
    return wr_check_kind(o, WR_META_LIST) == WEIR_OK;
}
