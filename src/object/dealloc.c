/* SPDX-License-Identifier: MIT */
/*
 * object/dealloc.c - death by counting, without recursion and without memory.
 *
 * The order of destruction is depth first along the first field, then last
 * in, first out.  Each object is touched twice: when it is pushed and when it
 * is torn down.
 */
#include "object/dealloc.h"

#include "base/plant.h"
#include "heap/side.h"
#include "object/weak.h"

static inline weir_object *
link_of(weir_object *o)
{
    return ((struct wr_instance *)(void *)o)->slots[0];
}

static inline void
set_link(weir_object *o, weir_object *next)
{
    ((struct wr_instance *)(void *)o)->slots[0] = next;
}

/* A pair without children and without anything special: a free and no more. */
static inline bool
is_plain_leaf(const weir_object *o)
{
    const struct wr_instance *pair =
        (const struct wr_instance *)(const void *)o;

    return wr_flags(o) == WR_FLAGS_PLAIN_PAIR && pair->slots[0] == NULL &&
           pair->slots[1] == NULL;
}

/*
 * Free the word at offset 16.  Returns a reference to be dropped, or NULL.
 * Caller: *o is dead and has children.
 */
static inline weir_object *
unlink16(weir_object *o)
{
    switch (wr_kind_of(o)) {
    case WR_KIND_INSTANCE:
    case WR_KIND_CELL:
        return ((struct wr_instance *)(void *)o)->slots[0];
    case WR_KIND_WEAK:
        wr_weak_of(o)->data = wr_weak_of(o)->context;
        return NULL;
    case WR_KIND_TUPLE: {
        struct wr_tuple *tuple = (struct wr_tuple *)(void *)o;
        weir_object *first = tuple->items[0];

        tuple->items[0] = (weir_object *)(uintptr_t)tuple->size;
        return first;
    }
    case WR_KIND_LIST: {
        struct wr_list *list = (struct wr_list *)(void *)o;

        if (list->gate != 0) {
            wr_list_array(list)->saved = list->size;
        }
        return NULL;
    }
    case WR_KIND_DICT:
    case WR_KIND_SET:
    case WR_KIND_FOREIGN:
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
        break;
    }
    return NULL;
}

void
wr_old_clear(const weir_object *o)
{
    size_t granule = wr_granule(o);
    uint64_t mask = ~(UINT64_C(1) << (granule & 63U));

    if (wr_cfg_parallel) {
        (void)wr_fetch_and_relaxed(&wr_side.old1[granule >> 6], mask);
        (void)wr_fetch_and_relaxed(&wr_side.old2[granule >> 6], mask);
    } else {
        wr_side.old1[granule >> 6] &= mask;
        wr_side.old2[granule >> 6] &= mask;
    }
}

static inline void
object_free(struct wr_thread *self, weir_object *o)
{
    if (wr_unlikely((wr_flags(o) & WR_FLAG_GEN_MASK) != 0)) {
        wr_old_clear(o);
    }
    wr_heap_free(self->heap, o);
}

void
wr_object_free(struct wr_thread *self, weir_object *o)
{
    object_free(self, o);
}

static void
finalize(struct wr_thread *self, weir_object *o)
{
    struct weir_type *type = wr_type_of(o);
    struct wr_interlude interlude = wr_user_begin(self);

    type->finalize(o, type->data);
    wr_user_end(self, interlude);
}

void
wr_finalize_once(struct wr_thread *self, weir_object *o)
{
    if ((wr_flags(o) & WR_FLAG_FINALIZED) != 0 ||
        wr_type_of(o)->finalize == NULL) {
        return;
    }
    wr_flags_set(o, WR_FLAG_FINALIZED);
    finalize(self, o);
}

/* A planted fault: the flag is set when the object turns out to live on. */
static bool __attribute__((noinline, unused))
finalize_planted_late(struct wr_thread *self, weir_object *o)
{
    bool dead;

    wr_ref_revive(o);
    finalize(self, o);
    dead = wr_ref_put(o);
    if (!dead) {
        wr_plant_pause();
        wr_flags_set(o, WR_FLAG_FINALIZED);
    }
    return dead;
}

/* A planted fault: the count is written as if nobody else could. */
static bool __attribute__((noinline, unused))
finalize_planted_plain(struct wr_thread *self, weir_object *o)
{
    int64_t count;

    wr_ref_revive(o);
    wr_finalize_once(self, o);
    count = wr_load_relaxed(&o->count) - 1;
    wr_plant_pause();
    wr_store_relaxed(&o->count, count);
    return count == 0;
}

/* Run the finalizer of a dead object; false if that revived it. */
static bool
finalize_dead(struct wr_thread *self, weir_object *o)
{
    if (wr_plant(finalizer_twice)) {
        return finalize_planted_late(self, o);
    }
    if (wr_plant(resurrect_plain_store)) {
        return finalize_planted_plain(self, o);
    }
    wr_ref_revive(o);
    wr_finalize_once(self, o);
    return wr_ref_put(o);
}

/*
 * The user's part in the death of an object that has a finalizer or to do
 * with weak references.  False: it lives on.
 */
static bool __attribute__((noinline))
last_rites(struct wr_thread *self, weir_object *o)
{
    if ((wr_flags(o) & (WR_FLAG_HAS_FINALIZER | WR_FLAG_FINALIZED)) ==
            WR_FLAG_HAS_FINALIZER &&
        !finalize_dead(self, o)) {
        return false;
    }
    /* The finalizer may have made the first. */
    if ((wr_flags(o) & WR_FLAG_HAS_WEAK) != 0) {
        wr_weak_last_rites(self, o);
    }
    return true;
}

/* wr_dying_push(), in line where it is hot. */
static inline void
push(struct wr_thread *self, weir_object *o)
{
    for (;;) {
        weir_object *first;

        if (is_plain_leaf(o)) {
            wr_heap_free(self->heap, o);
            return;
        }
        if (wr_kind_of(o) == WR_KIND_ATOM) {
            object_free(self, o);
            return;
        }
        if (wr_unlikely((wr_flags(o) &
                         (WR_FLAG_HAS_FINALIZER | WR_FLAG_HAS_WEAK)) != 0) &&
            !last_rites(self, o)) {
            return;
        }
        first = unlink16(o);
        set_link(o, self->dying);
        self->dying = o;
        if (first == NULL || !wr_ref_put(first)) {
            return;
        }
        o = first;
    }
}

void
wr_dying_push(struct wr_thread *self, weir_object *o)
{
    push(self, o);
}

/* A child inside a teardown: the list is being drained already. */
static inline void
drop_child(struct wr_thread *self, weir_object *child)
{
    if (child != NULL && wr_ref_put(child)) {
        push(self, child);
    }
}

static void
teardown_dict(struct wr_thread *self, struct wr_dict *dict)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);

    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->filled; i++) {
        drop_child(self, table->entries[i].key);
        drop_child(self, table->entries[i].value);
    }
    wr_raw_free(self->heap, table, table->bytes);
}

static void
teardown_list(struct wr_thread *self, struct wr_list *list)
{
    struct wr_array *array = wr_list_array(list);

    if (array == NULL) {
        return;
    }
    for (uint64_t i = 0; i < array->saved; i++) {
        drop_child(self, array->items[i]);
    }
    wr_raw_free(self->heap, array, wr_array_bytes(array->capacity));
}

/* Drop items 1 to n - 1; item 0 was dropped by unlink16(). */
static inline void
teardown_items(struct wr_thread *self, weir_object **items, uint64_t n)
{
    for (uint64_t i = 1; i < n; i++) {
        drop_child(self, items[i]);
    }
}

/* A traverse function visits a reference to be dropped.  What dies is pushed,
 * and may run its finalizer, which is free to call. */
static void
drop_visited(weir_object *child, void *context)
{
    enum wr_quiet before = wr_quiet_swap(WR_QUIET_NOT);

    drop_child(context, child);
    (void)wr_quiet_swap(before);
}

/* Drop all children but the first field's; *o has been unlinked. */
static void __attribute__((noinline))
teardown(struct wr_thread *self, weir_object *o)
{
    weir_object **items;

    switch (wr_kind_of(o)) {
    case WR_KIND_INSTANCE:
        items = ((struct wr_instance *)(void *)o)->slots;
        teardown_items(self, items, wr_type_of(o)->nslots);
        return;
    case WR_KIND_TUPLE:
        items = ((struct wr_tuple *)(void *)o)->items;
        teardown_items(self, items, (uint64_t)(uintptr_t)items[0]);
        return;
    case WR_KIND_LIST:
        teardown_list(self, (struct wr_list *)(void *)o);
        return;
    case WR_KIND_DICT:
    case WR_KIND_SET:
        teardown_dict(self, (struct wr_dict *)(void *)o);
        return;
    case WR_KIND_FOREIGN:
        wr_traverse(o, drop_visited, self);
        wr_release_arrays(self, o);
        return;
    case WR_KIND_WEAK:
        drop_child(self, wr_weak_of(o)->data);
        return;
    case WR_KIND_CELL: /* has no more than the first field */
    case WR_KIND_ATOM:
    case WR_KIND_COUNT:
    default:
        return;
    }
}

void
wr_dying_drain(struct wr_thread *self)
{
    weir_object *o;

    WEIR_ASSERT(!self->dealloc_active);
    self->dealloc_active = true;
    /* Ends: every step frees one object, and a dead one is pushed once. */
    while ((o = self->dying) != NULL) {
        self->dying = link_of(o);
        if (wr_likely((wr_flags(o) & WR_FLAG_PAIR) != 0)) {
            drop_child(self, ((struct wr_instance *)(void *)o)->slots[1]);
        } else {
            teardown(self, o);
        }
        object_free(self, o);
    }
    self->dealloc_active = false;
}

void
wr_release_arrays(struct wr_thread *self, weir_object *o)
{
    if (wr_kind_of(o) == WR_KIND_LIST) {
        struct wr_array *array = wr_list_array((struct wr_list *)(void *)o);

        if (array != NULL) {
            wr_raw_free(self->heap, array, wr_array_bytes(array->capacity));
        }
    } else if (wr_kind_of(o) == WR_KIND_DICT || wr_kind_of(o) == WR_KIND_SET) {
        struct wr_dict_table *table =
            wr_dict_table_of((struct wr_dict *)(void *)o);

        if (table != NULL) {
            wr_raw_free(self->heap, table, table->bytes);
        }
    } else if (wr_kind_of(o) == WR_KIND_FOREIGN) {
        const struct weir_type *type = wr_type_of(o);

        if (type->release != NULL) {
            type->release(o, type->data);
        }
    }
}

/* All that weir_dealloc_() does for others than plain leaves. */
static void __attribute__((noinline)) dealloc_slow(weir_object *o)
{
    struct wr_thread *self = wr_self();

    push(self, o);
    if (self->dying != NULL && !self->dealloc_active) {
        wr_dying_drain(self);
    }
}

void
weir_dealloc_(weir_object *o)
{
    wr_quiet_check();
    if (is_plain_leaf(o)) {
        wr_heap_free(wr_self()->heap, o);
    } else {
        dealloc_slow(o);
    }
}
