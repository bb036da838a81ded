/* SPDX-License-Identifier: MIT */
/*
 * kinds/list_sort.c - a stable merge sort.
 *
 * Ints and strings are compared under the list's lock: that runs no user code.
 * A user's comparison may do anything, so it works on a copy of the items with
 * references of its own and no lock held; the result is stored if the list has
 * the same items in the same places still, which the references make certain:
 * nothing else can have come to one of those addresses.
 *
 * Runs of a few items are sorted by insertion and merged from the bottom up:
 * no recursion, and a buffer that is known in advance.
 */
#include "kinds/int.h"
#include "kinds/list.h"
#include "kinds/str.h"

#include <string.h>

/* Items in a run that is sorted by insertion. */
enum { RUN = 8 };

struct sorter {
    weir_list_compare compare;
    void *context;
    int error; /* what compare returned; the sort is over then */
};

/* True if b must come before a. */
static inline bool
goes_first(struct sorter *sorter, weir_object *b, weir_object *a)
{
    int order = 0;

    if (wr_unlikely(sorter->error != 0)) {
        return false;
    }
    sorter->error = sorter->compare(b, a, sorter->context, &order);
    return order < 0 && sorter->error == 0;
}

static void
sort_run(struct sorter *sorter, weir_object **items, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++) {
        weir_object *item = items[i];
        uint64_t place = i;

        while (place > 0 && goes_first(sorter, item, items[place - 1])) {
            items[place] = items[place - 1];
            place--;
        }
        items[place] = item;
    }
}

/* Merge two neighbours that are in order, [0, middle) and [middle, n). */
static void
merge(struct sorter *sorter, weir_object *const *from, uint64_t middle,
      uint64_t n, weir_object **to)
{
    uint64_t left = 0;
    uint64_t right = middle;

    if (middle >= n || !goes_first(sorter, from[middle], from[middle - 1])) {
        memcpy(to, from, n * sizeof(to[0]));
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (right == n ||
            (left < middle && !goes_first(sorter, from[right], from[left]))) {
            to[i] = from[left++];
        } else {
            to[i] = from[right++];
        }
    }
}

/*
 * Sort n items with another n as scratch.  Returns where the result is, or
 * either of them, in no order that means anything, when sorter->error is set.
 */
static weir_object **
sort_items(struct sorter *sorter, weir_object **items, weir_object **scratch,
           uint64_t n)
{
    for (uint64_t i = 0; i < n; i += RUN) {
        sort_run(sorter, &items[i], n - i < RUN ? n - i : RUN);
    }
    /* Ends: the width doubles, and n is far from the largest number. */
    for (uint64_t width = RUN; width < n && sorter->error == 0; width *= 2) {
        weir_object **merged = scratch;

        for (uint64_t i = 0; i < n; i += 2 * width) {
            uint64_t rest = n - i;

            merge(sorter, &items[i], width < rest ? width : rest,
                  2 * width < rest ? 2 * width : rest, &scratch[i]);
        }
        scratch = items;
        items = merged;
    }
    return items;
}

static int
compare_ints(weir_object *a, weir_object *b, void *context, int *order)
{
    (void)context;
    *order = wr_int_value(a) < wr_int_value(b) ? -1 : 0;
    return 0;
}

/* By bytes, as unsigned numbers; a beginning comes before the whole. */
static int
compare_strs(weir_object *a, weir_object *b, void *context, int *order)
{
    const struct wr_str *s = (const struct wr_str *)(const void *)a;
    const struct wr_str *t = (const struct wr_str *)(const void *)b;
    uint64_t shorter = s->length < t->length ? s->length : t->length;
    int found = memcmp(s->bytes, t->bytes, (size_t)shorter);

    (void)context;
    *order = found != 0 ? found : (s->length < t->length ? -1 : 0);
    return 0;
}

/* The comparison of items that are all ints or all strings, else NULL. */
static weir_list_compare
natural_order(weir_object *const *items, uint64_t n)
{
    uint32_t meta = items[0]->meta;

    for (uint64_t i = 1; i < n; i++) {
        if (items[i]->meta != meta) {
            return NULL;
        }
    }
    if (meta == WR_META_INT) {
        return compare_ints;
    }
    return meta == WR_META_STR ? compare_strs : NULL;
}

/* Sort ints or strings.  Caller: holds the list's lock. */
static int
sort_locked(struct wr_thread *self, struct wr_list *list)
{
    struct sorter sorter = {NULL, NULL, 0};
    uint64_t n = list->size;
    weir_object **buffer;

    if (n == 0) {
        return WEIR_OK;
    }
    sorter.compare = natural_order(wr_list_array(list)->items, n);
    if (sorter.compare == NULL) {
        return WEIR_ETYPE;
    }
    if (n == 1) {
        return WEIR_OK;
    }
    buffer = wr_raw_alloc(self->heap, 2 * n * sizeof(buffer[0]));
    if (wr_unlikely(buffer == NULL)) {
        return WEIR_ENOMEM;
    }
    memcpy(buffer, wr_list_array(list)->items, n * sizeof(buffer[0]));
    wr_list_permute_locked(list, sort_items(&sorter, buffer, buffer + n, n));
    wr_raw_free(self->heap, buffer, 2 * n * sizeof(buffer[0]));
    return WEIR_OK;
}

/* What a sort with a user's comparison works on. */
struct snapshot {
    weir_object **items; /* as they were; each with a reference */
    weir_object **work;  /* to be sorted */
    weir_object **scratch;
    uint64_t n;
};

/* Copy the items.  Returns 0 or WEIR_ENOMEM. */
static int
snapshot_take(struct wr_thread *self, struct wr_list *list,
              struct snapshot *shot)
{
    int error = WEIR_OK;

    wr_objlock_lock(self, &list->base.lock);
    shot->n = list->size;
    shot->items = NULL;
    if (shot->n != 0) {
        shot->items =
            wr_raw_alloc(self->heap, 3 * shot->n * sizeof(shot->items[0]));
        error = shot->items != NULL ? WEIR_OK : WEIR_ENOMEM;
    }
    if (shot->items != NULL) {
        shot->work = shot->items + shot->n;
        shot->scratch = shot->work + shot->n;
        for (uint64_t i = 0; i < shot->n; i++) {
            shot->items[i] = weir_newref(wr_list_array(list)->items[i]);
        }
    }
    wr_objlock_unlock(self, &list->base.lock);
    if (shot->items != NULL) {
        memcpy(shot->work, shot->items, shot->n * sizeof(shot->work[0]));
    }
    return error;
}

static void
snapshot_drop(struct wr_thread *self, struct snapshot *shot)
{
    for (uint64_t i = 0; i < shot->n; i++) {
        weir_decref(shot->items[i]);
    }
    wr_raw_free(self->heap, shot->items, 3 * shot->n * sizeof(shot->items[0]));
}

/* Give the list the order, if it is as it was.  Returns 0 or WEIR_ECHANGED. */
static int
snapshot_store(struct wr_thread *self, struct wr_list *list,
               const struct snapshot *shot, weir_object *const *sorted)
{
    int error = WEIR_ECHANGED;

    wr_objlock_lock(self, &list->base.lock);
    if (list->size == shot->n &&
        memcmp(wr_list_array(list)->items, shot->items,
               shot->n * sizeof(shot->items[0])) == 0) {
        wr_list_permute_locked(list, sorted);
        error = WEIR_OK;
    }
    wr_objlock_unlock(self, &list->base.lock);
    return error;
}

static int
sort_snapshot(struct wr_thread *self, struct wr_list *list,
              struct sorter *sorter)
{
    struct snapshot shot = {NULL, NULL, NULL, 0};
    weir_object **sorted;
    int error = snapshot_take(self, list, &shot);

    if (error != WEIR_OK || shot.n == 0) {
        return error;
    }
    sorted = sort_items(sorter, shot.work, shot.scratch, shot.n);
    error = sorter->error;
    if (error == WEIR_OK) {
        error = snapshot_store(self, list, &shot, sorted);
    }
    snapshot_drop(self, &shot);
    return error;
}

int
weir_list_sort(weir_object *o, weir_list_compare compare, void *context)
{
    struct sorter sorter = {compare, context, 0};
    int error = wr_check_kind(o, WR_META_LIST);
    struct wr_thread *self;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    if (compare != NULL) {
        return sort_snapshot(self, wr_list_of(o), &sorter);
    }
    wr_objlock_lock(self, &o->lock);
    error = sort_locked(self, wr_list_of(o));
    wr_objlock_unlock(self, &o->lock);
    return error;
}
