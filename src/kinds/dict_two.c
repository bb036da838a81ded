/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_two.c - what takes two dicts or two sets.
 *
 * Both locks are held from the first look to the last change, taken in the
 * order of their addresses [inv:objlock.order]: so a.update(b) beside
 * b.update(a) cannot wait for each other, and each sees all of what the other
 * does or nothing.  All memory is had before anything changes.
 */
#include "kinds/dict.h"
#include "kinds/pile.h"
#include "kinds/set.h"

/* How many keys of b are not in a.  Caller: holds the locks of both. */
static uint64_t
count_missing_locked(const struct wr_dict *a, const struct wr_dict *b)
{
    const struct wr_dict_entry *entry;
    uint64_t missing = 0;

    for (uint32_t i = 0; (entry = wr_dict_from_locked(b, &i)) != NULL; i++) {
        if (wr_dict_entry_locked(a, entry->key, entry->hash) == NULL) {
            missing++;
        }
    }
    return missing;
}

/*
 * Make room in a for the keys of b that it does not have.  Returns as
 * wr_dict_rebuild_locked().  Caller: holds the locks of both.
 */
static int
reserve_locked(struct wr_thread *self, struct wr_dict *a,
               const struct wr_dict *b, struct wr_dict_waste *waste)
{
    uint64_t missing;

    if (wr_dict_used(b) <= wr_dict_room(wr_dict_table_of(a))) {
        return WEIR_OK;
    }
    missing = count_missing_locked(a, b);
    return missing <= wr_dict_room(wr_dict_table_of(a))
               ? WEIR_OK
               : wr_dict_rebuild_locked(self, a, missing, waste);
}

/*
 * Put the entries of b into a, which has room for them.  Values that are
 * replaced go on the pile.  Caller: holds the locks of both.
 */
static void
merge_locked(struct wr_dict *a, const struct wr_dict *b, struct wr_pile *pile)
{
    const struct wr_dict_entry *entry;

    for (uint32_t i = 0; (entry = wr_dict_from_locked(b, &i)) != NULL; i++) {
        struct wr_dict_table *table = wr_dict_table_of(a);
        size_t slot = 0;
        uint32_t place = wr_dict_find(table, entry->key, entry->hash, &slot);

        if (entry->value != NULL) {
            weir_incref(entry->value);
        }
        if (place == WR_DICT_NONE) {
            wr_dict_append_locked(a, slot, entry->key, entry->hash,
                                  entry->value);
        } else if (entry->value != NULL) {
            wr_pile_add(
                pile, wr_slot_swap(&table->entries[place].value, entry->value));
        }
    }
}

/* Add the entries of b to a, both of one kind. */
static int
update(weir_object *a, weir_object *b, uint32_t meta)
{
    struct wr_thread *self;
    struct wr_dict_waste waste = {NULL, NULL, 0};
    struct wr_pile pile = {NULL, 0, 0};
    uint32_t used;
    uint32_t other;
    int error = wr_dict_check_two(a, b, meta);

    if (error != WEIR_OK || a == b) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock2(self, &a->lock, &b->lock);
    used = wr_dict_used(wr_dict_of(a));
    other = wr_dict_used(wr_dict_of(b));
    if (meta == WR_META_DICT) {
        /* Sets have no values to replace. */
        error = wr_pile_init(self, &pile, used < other ? used : other);
    }
    if (wr_likely(error == WEIR_OK)) {
        error = reserve_locked(self, wr_dict_of(a), wr_dict_of(b), &waste);
    }
    if (wr_likely(error == WEIR_OK)) {
        merge_locked(wr_dict_of(a), wr_dict_of(b), &pile);
    }
    wr_objlock_unlock2(self, &a->lock, &b->lock);
    wr_pile_drop(self, &pile);
    wr_dict_drop(self, &waste);
    return error;
}

int
weir_dict_update(weir_object *d, weir_object *other)
{
    return update(d, other, WR_META_DICT);
}

int
weir_set_update(weir_object *s, weir_object *other)
{
    return update(s, other, WR_META_SET);
}

/* Take an entry out of a set.  Caller: holds its lock. */
static inline void
take_locked(struct wr_dict *set, struct wr_dict_entry *entry,
            struct wr_pile *pile)
{
    struct wr_dict_waste waste;

    wr_dict_erase_locked(set, entry, &waste);
    wr_pile_add(pile, waste.key);
}

/* Take out of a what is in b.  Caller: holds the locks of both. */
static void
subtract_locked(struct wr_dict *a, const struct wr_dict *b,
                struct wr_pile *pile)
{
    const struct wr_dict_entry *entry;

    for (uint32_t i = 0; (entry = wr_dict_from_locked(b, &i)) != NULL; i++) {
        struct wr_dict_entry *own =
            wr_dict_entry_locked(a, entry->key, entry->hash);

        if (own != NULL) {
            take_locked(a, own, pile);
        }
    }
}

/* Take out of a what is in b, or what is not.  Caller: holds the locks of
 * both. */
static void
filter_locked(struct wr_dict *a, const struct wr_dict *b, bool in_b,
              struct wr_pile *pile)
{
    struct wr_dict_entry *entry;

    for (uint32_t i = 0; (entry = wr_dict_from_locked(a, &i)) != NULL; i++) {
        if ((wr_dict_entry_locked(b, entry->key, entry->hash) != NULL) ==
            in_b) {
            take_locked(a, entry, pile);
        }
    }
}

/* Remove from a what is in b, or what is not. */
static int
sift(weir_object *a, weir_object *b, bool in_b)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    struct wr_pile pile;
    struct wr_dict *set = wr_dict_of(a);
    const struct wr_dict *other = wr_dict_of(b);
    bool few;
    int error;

    wr_objlock_lock2(self, &a->lock, &b->lock);
    /* Subtracting a few, only those are looked for. */
    few = in_b && wr_dict_used(other) < wr_dict_used(set);
    error = wr_pile_init(self, &pile, wr_dict_used(few ? other : set));
    if (wr_likely(error == WEIR_OK && wr_dict_used(set) != 0)) {
        if (few) {
            subtract_locked(set, other, &pile);
        } else {
            filter_locked(set, other, in_b, &pile);
        }
        wr_dict_shrink_locked(self, set, &waste);
    }
    wr_objlock_unlock2(self, &a->lock, &b->lock);
    wr_pile_drop(self, &pile);
    wr_dict_drop(self, &waste);
    return error;
}

int
weir_set_intersect(weir_object *s, weir_object *other)
{
    int error = wr_dict_check_two(s, other, WR_META_SET);

    return error != WEIR_OK || s == other ? error : sift(s, other, false);
}

int
weir_set_subtract(weir_object *s, weir_object *other)
{
    int error = wr_dict_check_two(s, other, WR_META_SET);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return s != other ? sift(s, other, true) : weir_set_clear(s);
}

/* Is all of a in b?  Asked for sets of equal size, are they equal? */
static int
is_subset(weir_object *a, weir_object *b, bool equal)
{
    struct wr_thread *self;
    const struct wr_dict_entry *entry = NULL;
    uint32_t used;
    uint32_t other;
    int error = wr_dict_check_two(a, b, WR_META_SET);
    bool fits;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock2(self, &a->lock, &b->lock);
    used = wr_dict_used(wr_dict_of(a));
    other = wr_dict_used(wr_dict_of(b));
    fits = equal ? used == other : used <= other;
    for (uint32_t i = 0;
         fits && (entry = wr_dict_from_locked(wr_dict_of(a), &i)) != NULL;
         i++) {
        fits = wr_dict_entry_locked(wr_dict_of(b), entry->key, entry->hash) !=
               NULL;
    }
    wr_objlock_unlock2(self, &a->lock, &b->lock);
    return fits ? 1 : 0;
}

int
weir_set_is_subset(weir_object *s, weir_object *other)
{
    return is_subset(s, other, false);
}

int
weir_set_equal(weir_object *a, weir_object *b)
{
    return is_subset(a, b, true);
}
