/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_read.c - looking into a dict or a set without its lock.
 *
 * The reader follows the gate, if it is admitted, and searches the table while
 * writers change it.  What makes that possible: an entry is complete before
 * the index leads to it, its hash never changes, its key goes from a key to
 * NULL and never to another key, and slots of the index never become empty
 * [inv:dict.entry-once].  A value is taken as object/slot.h says.
 *
 * In the end the table must not have been replaced meanwhile: what leads from
 * a table that nobody keeps any more may be another object by now.
 *
 * Read first: docs/protocols-dict.md, "Reading without the lock".
 */
#include "kinds/dict_read.h"

#include "kinds/dict_index.h"

/* For what is compiled once per width of the index. */
#define INLINE static inline __attribute__((always_inline))

/* What a search without the lock comes to. */
enum seen {
    SEEN_NOT,   /* no such key */
    SEEN,       /* it is there; the value has been taken */
    SEEN_CHANGE /* a writer got in the way: reload everything */
};

/* Where a search looks. */
struct view {
    const struct wr_dict_table *table;
    /* the table's, before looking into it: even */
    uint64_t moves;
};

/*
 * The place, plus one, that a slot leads to and the key there; 0 if the slot
 * is empty.  A key that is gone may only have moved: then the slot leads
 * elsewhere since before.
 */
INLINE size_t
follow(const struct wr_dict_table *table, const void *index, size_t slot,
       enum wr_index_width width, weir_object **key)
{
    size_t place = wr_index_peek(index, slot, width);

    /* Ends: each turn but the last meets a new entry of the table. */
    while (place != 0) {
        size_t now;

        /* [pair:slot/acq] */
        *key = wr_load_acquire(&table->entries[place - 1].key);
        if (*key != NULL) {
            break;
        }
        now = wr_index_peek(index, slot, width);
        if (now == place) {
            break;
        }
        place = now;
    }
    return place;
}

/*
 * Is this the entry of key?  Their hashes are equal, their keys are not the
 * same object.  Unless hashes tell, the key in the entry is looked at, and it
 * could die meanwhile: so a reference is taken.
 */
static enum seen __attribute__((noinline))
compare(struct view view, const struct wr_dict_entry *entry, weir_object *key)
{
    weir_object *other;
    enum seen seen;

    if (wr_dict_compares_hashes(view.table, key)) {
        return SEEN;
    }
    if (wr_slot_try(&entry->key, &other) != WR_SLOT_TAKEN) {
        return SEEN_CHANGE;
    }
    if (!wr_moves_same(&view.table->moves, view.moves)) {
        /* It may be anything, even a tuple that its maker still fills. */
        weir_decref(other);
        return SEEN_CHANGE;
    }
    seen = wr_equal(other, key) > 0 ? SEEN : SEEN_NOT;
    if (wr_unlikely(wr_ref_put(other))) {
        /* Its entry is gone, and a finalizer may have run. */
        weir_dealloc_(other);
        return SEEN_CHANGE;
    }
    return seen;
}

/* Search once; *entry is that of the key if it is SEEN.  width: a constant. */
INLINE enum seen
search(struct view view, weir_object *key, uint64_t hash,
       const struct wr_dict_entry **entry, enum wr_index_width width)
{
    const struct wr_dict_table *table = view.table;
    const void *index = wr_index_of(table);
    size_t mask = wr_index_mask(table);
    size_t at = (size_t)hash & mask;

    /* Ends at an empty slot [inv:dict.load]: a third are never taken. */
    for (size_t step = 1;; step++) {
        weir_object *other = NULL;
        size_t place = follow(table, index, at, width, &other);

        if (place == 0) {
            return SEEN_NOT;
        }
        *entry = &table->entries[place - 1];
        if (other == key) {
            return SEEN;
        }
        if (other != NULL && (*entry)->hash == hash) {
            enum seen seen = compare(view, *entry, key);

            if (seen != SEEN_NOT) {
                return seen;
            }
        }
        at = (at + step) & mask;
    }
}

/* Look once: search, and take the value if it is wanted. */
static inline enum seen
look(struct view view, weir_object *key, uint64_t hash, weir_object **value)
{
    const struct wr_dict_entry *entry = NULL;
    enum seen seen;

    switch (wr_index_width(view.table->log2_index)) {
    case WR_INDEX_1:
        seen = search(view, key, hash, &entry, WR_INDEX_1);
        break;
    case WR_INDEX_2:
        seen = search(view, key, hash, &entry, WR_INDEX_2);
        break;
    case WR_INDEX_4:
    default:
        seen = search(view, key, hash, &entry, WR_INDEX_4);
        break;
    }
    if (seen == SEEN && value != NULL &&
        wr_slot_try(&entry->value, value) != WR_SLOT_TAKEN) {
        /* No value: deleted meanwhile, or moved. */
        return SEEN_CHANGE;
    }
    return seen;
}

/* Look under the lock, and without it next time. */
static bool __attribute__((noinline))
read_locked(struct wr_thread *self, weir_object *d, weir_object *key,
            uint64_t hash, weir_object **value)
{
    const struct wr_dict_entry *entry;

    wr_objlock_lock(self, &d->lock);
    wr_gate_open(self, &wr_dict_of(d)->gate);
    entry = wr_dict_entry_locked(wr_dict_of(d), key, hash);
    if (entry != NULL && value != NULL) {
        *value = weir_newref(entry->value);
    }
    wr_objlock_unlock(self, &d->lock);
    return entry != NULL;
}

bool
wr_dict_read_shared(weir_object *d, weir_object *key, uint64_t hash,
                    weir_object **value)
{
    struct wr_thread *self = wr_self();

    for (int i = 0; i < WR_SLOT_TRIES; i++) {
        uint64_t gate = wr_gate_load(&wr_dict_of(d)->gate);
        struct view view = {wr_gate_block(gate), 0};
        enum seen seen;

        if (view.table == NULL) {
            return false;
        }
        if (wr_unlikely(!wr_gate_admits(self, gate))) {
            break;
        }
        view.moves = wr_moves_load(&view.table->moves);
        if (wr_unlikely((view.moves & 1) != 0)) {
            continue;
        }
        seen = look(view, key, hash, value);
        if (wr_unlikely(seen == SEEN_CHANGE)) {
            continue;
        }
        if (wr_likely(wr_moves_same(&view.table->moves, view.moves))) {
            return seen == SEEN;
        }
        if (seen == SEEN && value != NULL) {
            weir_decref(*value);
        }
    }
    return read_locked(self, d, key, hash, value);
}

/*
 * The shape is that of a moment at which nobody changed the dict: the lock was
 * free, and no structural change came between the two looks [inv:dict.version].
 */
uint32_t
wr_dict_read_size_shared(weir_object *d)
{
    struct wr_thread *self = wr_self();
    /* [pair:dict.shape/acq] */
    uint64_t shape = wr_load_acquire(&wr_dict_of(d)->shape);

    /* [pair:objlock/acq] */
    if (wr_likely(wr_load_acquire(&d->lock) == WR_OBJLOCK_FREE &&
                  wr_load_relaxed(&wr_dict_of(d)->shape) == shape)) {
        return (uint32_t)shape;
    }
    wr_objlock_lock(self, &d->lock);
    shape = wr_dict_of(d)->shape;
    wr_objlock_unlock(self, &d->lock);
    return (uint32_t)shape;
}
