/* SPDX-License-Identifier: MIT */
/*
 * kinds/list_slice.c - operations on several items at once.
 *
 * Each is one step to other threads: it holds the lock from before it looks at
 * the size until all is in place; two lists are locked together, in address
 * order.  Memory is allocated under the lock, because only there it is known
 * how much, and before anything changes.
 */
#include "kinds/hash.h"
#include "kinds/list.h"

#include <string.h>

/* As many removed items fit on the C stack. */
enum { FEW = 32 };

/* Items on their way in or out of a list. */
struct items {
    weir_object **at;
    uint64_t capacity;
    weir_object *few[FEW];
};

/* Make room for n.  Returns 0 or WEIR_ENOMEM. */
static int
items_reserve(struct wr_thread *self, struct items *items, uint64_t n)
{
    items->at = items->few;
    items->capacity = n;
    if (n > FEW) {
        items->at = wr_raw_alloc(self->heap, n * sizeof(items->at[0]));
    }
    return items->at != NULL ? WEIR_OK : WEIR_ENOMEM;
}

/* Drop the first n and give the memory back.  Caller: no lock held. */
static void
items_drop(struct wr_thread *self, struct items *items, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        weir_decref(items->at[i]);
    }
    if (items->at != items->few) {
        wr_raw_free(self->heap, items->at,
                    items->capacity * sizeof(items->at[0]));
    }
}

static void
take_references(weir_object *const *items, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        weir_incref(items[i]);
    }
}

/* Cut a range off at the end of the list. */
static inline void
clip(uint64_t size, uint64_t *from, uint64_t *to)
{
    *from = *from < size ? *from : size;
    *to = *to < size ? *to : size;
    *to = *to > *from ? *to : *from;
}

int
weir_list_insert(weir_object *o, size_t i, weir_object *value)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_thread *self;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    error = i <= list->size ? wr_list_reserve_locked(self, list, list->size + 1)
                            : WEIR_ERANGE;
    if (wr_likely(error == WEIR_OK)) {
        weir_incref(value);
        wr_list_splice_locked(self, list, i, 0, &value, 1, NULL);
    }
    wr_objlock_unlock(self, &o->lock);
    return error;
}

weir_object *
weir_list_remove(weir_object *o, size_t i)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_thread *self;
    weir_object *item;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    if (wr_unlikely(i >= list->size)) {
        wr_objlock_unlock(self, &o->lock);
        return wr_fail(WEIR_ERANGE);
    }
    wr_list_splice_locked(self, list, i, 1, NULL, 0, &item);
    wr_list_trim_locked(self, list);
    wr_objlock_unlock(self, &o->lock);
    return item;
}

weir_object *
weir_list_slice(weir_object *o, size_t from, size_t to)
{
    WR_SITE();
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    uint64_t first = from;
    uint64_t end = to;
    struct wr_thread *self;
    weir_object *copy;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    copy = weir_list_new();
    if (wr_unlikely(copy == NULL)) {
        return NULL;
    }
    self = wr_self();
    /* Nobody else knows the copy; its lock is taken because the functions
     * that fill it ask for that. */
    wr_objlock_lock2(self, &o->lock, &copy->lock);
    clip(list->size, &first, &end);
    error = wr_list_reserve_locked(self, wr_list_of(copy), end - first);
    if (wr_likely(error == WEIR_OK && first < end)) {
        weir_object **items = &wr_list_array(list)->items[first];

        take_references(items, end - first);
        wr_list_splice_locked(self, wr_list_of(copy), 0, 0, items, end - first,
                              NULL);
    }
    wr_objlock_unlock2(self, &o->lock, &copy->lock);
    if (wr_unlikely(error != WEIR_OK)) {
        weir_decref(copy);
        return wr_fail(error);
    }
    return copy;
}

/*
 * The second half of weir_list_set_slice(): other may be NULL or the list
 * itself.  What the list gives up is left in *old, and how much in *gone.
 * Caller: holds the locks of both.
 */
static int
set_slice_locked(struct wr_thread *self, struct wr_list *list, uint64_t from,
                 uint64_t to, const struct wr_list *other, struct items *old,
                 uint64_t *gone)
{
    uint64_t n = other != NULL ? other->size : 0;
    weir_object **items = NULL;
    uint64_t rest;
    int error;

    clip(list->size, &from, &to);
    rest = list->size - (to - from);
    if (wr_unlikely(n > WR_LIST_MAX || rest > WR_LIST_MAX - n)) {
        return WEIR_ELIMIT;
    }
    /* The items of a list that is put into itself are moved away from under
     * the copying, so they go through the buffer. */
    error =
        items_reserve(self, old, to - from + (other == list ? list->size : 0));
    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (rest + n > list->size) {
        error = wr_list_reserve_locked(self, list, rest + n);
    }
    if (wr_unlikely(error != WEIR_OK)) {
        items_drop(self, old, 0);
        return error;
    }
    if (n != 0) {
        items = wr_list_array(other)->items;
        if (other == list) {
            items = memcpy(&old->at[to - from], items, n * sizeof(items[0]));
        }
        take_references(items, n);
    }
    wr_list_splice_locked(self, list, from, to - from, items, n, old->at);
    wr_list_trim_locked(self, list);
    *gone = to - from;
    return WEIR_OK;
}

int
weir_list_set_slice(weir_object *o, size_t from, size_t to, weir_object *other)
{
    int error = wr_check_kind(o, WR_META_LIST);
    weir_object *second = other != NULL ? other : o;
    struct wr_thread *self;
    struct items old;
    uint64_t gone = 0;

    if (error == WEIR_OK && other != NULL) {
        error = wr_check_kind(other, WR_META_LIST);
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock2(self, &o->lock, &second->lock);
    error =
        set_slice_locked(self, wr_list_of(o), from, to,
                         other != NULL ? wr_list_of(other) : NULL, &old, &gone);
    wr_objlock_unlock2(self, &o->lock, &second->lock);
    if (wr_likely(error == WEIR_OK)) {
        items_drop(self, &old, gone);
    }
    return error;
}

int
weir_list_extend(weir_object *o, weir_object *other)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_list *list = wr_list_of(o);
    struct wr_thread *self;
    uint64_t n;

    if (error == WEIR_OK) {
        error = wr_check_kind(other, WR_META_LIST);
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock2(self, &o->lock, &other->lock);
    n = wr_list_of(other)->size;
    error = wr_likely(n <= WR_LIST_MAX && list->size <= WR_LIST_MAX - n)
                ? wr_list_reserve_locked(self, list, list->size + n)
                : WEIR_ELIMIT;
    if (wr_likely(error == WEIR_OK && n != 0)) {
        /* Of the list itself: looked up after its array has grown. */
        weir_object **items = wr_list_array(wr_list_of(other))->items;

        take_references(items, n);
        wr_list_splice_locked(self, list, list->size, 0, items, n, NULL);
    }
    wr_objlock_unlock2(self, &o->lock, &other->lock);
    return error;
}

int
weir_list_reverse(weir_object *o)
{
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_thread *self;
    uint64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    size = wr_list_of(o)->size;
    if (size > 1) {
        struct wr_array *array = wr_list_array(wr_list_of(o));

        wr_moves_begin(&array->moves);
        for (uint64_t i = 0, j = size - 1; i < j; i++, j--) {
            weir_object *item = array->items[i];

            wr_slot_store(&array->items[i], array->items[j]);
            wr_slot_store(&array->items[j], item);
        }
        wr_moves_end(&array->moves);
    }
    wr_objlock_unlock(self, &o->lock);
    return WEIR_OK;
}

int64_t
weir_list_index(weir_object *o, weir_object *value)
{
    int error = wr_check_kind(o, WR_META_LIST);
    int64_t found = WEIR_ENOKEY;
    const struct wr_list *list = wr_list_of(o);
    struct wr_thread *self;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    self = wr_self();
    wr_objlock_lock(self, &o->lock);
    for (uint64_t i = 0; i < list->size; i++) {
        /* Comparing runs no user code, so the list stays as it is. */
        int equal = wr_equal(wr_list_array(list)->items[i], value);

        if (equal != 0) {
            found = equal > 0 ? (int64_t)i : equal;
            break;
        }
    }
    wr_objlock_unlock(self, &o->lock);
    return found;
}

int
weir_list_contains(weir_object *o, weir_object *value)
{
    int64_t found = weir_list_index(o, value);

    if (found >= 0) {
        return 1;
    }
    return found == WEIR_ENOKEY ? 0 : (int)found;
}
