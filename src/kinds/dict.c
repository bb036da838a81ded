/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict.c - maps that remember insertion order: one key at a time.
 *
 * What dicts share with sets is in dict_both.c; what takes two dicts, in
 * dict_two.c.
 */
#include "kinds/dict_read.h"

#include "base/plant.h"
#include "kinds/int.h"

weir_object *
weir_dict_new(void)
{
    WR_SITE();
    return wr_dict_new(WR_META_DICT);
}

bool
weir_is_dict(const weir_object *o)
{
    return wr_check_kind(o, WR_META_DICT) == WEIR_OK;
}

int64_t
weir_dict_size(weir_object *d)
{
    return wr_dict_size(d, WR_META_DICT);
}

/* Check a dict and a key, and hash the key. */
static inline int
check_key(const weir_object *d, weir_object *key, uint64_t *hash)
{
    return wr_dict_check_key(d, WR_META_DICT, key, hash);
}

/* A planted fault: the reference is taken after the lock was given back. */
static weir_object *__attribute__((noinline, unused))
get_planted(weir_object *d, weir_object *key, uint64_t hash)
{
    const struct wr_dict_entry *entry;
    weir_object *value;

    wr_objlock_lock(wr_self(), &d->lock);
    entry = wr_dict_entry_locked(wr_dict_of(d), key, hash);
    value = entry != NULL ? entry->value : NULL;
    wr_objlock_unlock(wr_self(), &d->lock);
    wr_plant_pause();
    return value != NULL && wr_ref_try_get(value) ? value : NULL;
}

weir_object *
weir_dict_get(weir_object *d, weir_object *key)
{
    weir_object *value = NULL;
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (wr_plant(get_after_unlock)) {
        return get_planted(d, key, hash);
    }
    return wr_likely(wr_dict_read(d, key, hash, &value)) ? value
                                                         : wr_fail(WEIR_ENOKEY);
}

int
weir_dict_contains(weir_object *d, weir_object *key)
{
    return wr_dict_contains(d, WR_META_DICT, key);
}

/*
 * Store value under a key; what it replaces goes to waste.  Takes over the
 * reference to value if it returns 0; WEIR_ENOMEM and WEIR_ELIMIT leave the
 * dict as it was.  Caller: holds the dict's lock.
 */
static inline int
store_locked(struct wr_thread *self, struct wr_dict *dict, weir_object *key,
             uint64_t hash, weir_object *value, struct wr_dict_waste *waste)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);
    size_t slot = 0;
    uint32_t place = wr_dict_find(table, key, hash, &slot);

    if (place != WR_DICT_NONE) {
        waste->value = wr_slot_swap(&table->entries[place].value, value);
        return WEIR_OK;
    }
    return wr_dict_insert_locked(self, dict, slot, key, hash, value, waste);
}

/* A planted fault: a place is looked for, and taken later, without lock. */
static int __attribute__((noinline, unused))
set_planted(struct wr_dict *dict, weir_object *key, uint64_t hash,
            weir_object *value)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    size_t slot = 0;
    int error;

    (void)wr_dict_find(wr_dict_table_of(dict), key, hash, &slot);
    wr_plant_pause();
    weir_incref(value);
    error = wr_dict_insert_locked(self, dict, slot, key, hash, value, &waste);
    wr_dict_drop(self, &waste);
    return error;
}

int
weir_dict_set(weir_object *d, weir_object *key, weir_object *value)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    if (wr_plant(dict_set_unlocked)) {
        return set_planted(wr_dict_of(d), key, hash, value);
    }
    weir_incref(value);
    wr_objlock_lock(self, &d->lock);
    error = store_locked(self, wr_dict_of(d), key, hash, value, &waste);
    wr_objlock_unlock(self, &d->lock);
    if (wr_unlikely(error != WEIR_OK)) {
        /* The caller has a reference too: this is not the last. */
        weir_decref(value);
    }
    wr_dict_drop(self, &waste);
    return error;
}

/* The value of a key, which is inserted with this one if it is not there; a
 * new reference, or NULL and *error.  Caller: holds the dict's lock. */
static weir_object *
default_locked(struct wr_thread *self, struct wr_dict *dict, weir_object *key,
               uint64_t hash, weir_object *value, int *error,
               struct wr_dict_waste *waste)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);
    size_t slot = 0;
    uint32_t place = wr_dict_find(table, key, hash, &slot);

    if (place != WR_DICT_NONE) {
        return weir_newref(table->entries[place].value);
    }
    /* One for the dict, one to hand out. */
    weir_incref(value);
    *error = wr_dict_insert_locked(self, dict, slot, key, hash, value, waste);
    if (wr_unlikely(*error != WEIR_OK)) {
        /* The caller has a reference too: this is not the last. */
        weir_decref(value);
        return NULL;
    }
    return weir_newref(value);
}

weir_object *
weir_dict_setdefault(weir_object *d, weir_object *key, weir_object *value)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (error == WEIR_OK && value == NULL) {
        error = WEIR_EINVAL;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(self, &d->lock);
    value =
        default_locked(self, wr_dict_of(d), key, hash, value, &error, &waste);
    wr_objlock_unlock(self, &d->lock);
    wr_dict_drop(self, &waste);
    return wr_likely(value != NULL) ? value : wr_fail(error);
}

int
weir_dict_delete(weir_object *d, weir_object *key)
{
    return wr_dict_delete(d, WR_META_DICT, key);
}

weir_object *
weir_dict_pop(weir_object *d, weir_object *key)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    struct wr_dict_entry *entry;
    weir_object *value;
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(self, &d->lock);
    entry = wr_dict_entry_locked(wr_dict_of(d), key, hash);
    if (entry != NULL) {
        wr_dict_remove_locked(self, wr_dict_of(d), entry, &waste);
    }
    wr_objlock_unlock(self, &d->lock);
    value = waste.value;
    waste.value = NULL;
    wr_dict_drop(self, &waste);
    return value != NULL ? value : wr_fail(WEIR_ENOKEY);
}

int
weir_dict_pop_first(weir_object *d, weir_object **key, weir_object **value)
{
    return wr_dict_pop_first(d, WR_META_DICT, key, value);
}

/*
 * Move the entry of a key behind all others.  Returns 0, WEIR_ENOKEY, or as
 * wr_dict_rebuild_locked().  Caller: holds the dict's lock.
 */
static int
move_locked(struct wr_thread *self, struct wr_dict *dict, weir_object *key,
            uint64_t hash, struct wr_dict_waste *waste)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);
    uint32_t place = wr_dict_look_up(table, key, hash);

    if (place == WR_DICT_NONE) {
        return WEIR_ENOKEY;
    }
    if (place == table->filled - 1) {
        return WEIR_OK;
    }
    if (wr_dict_room(table) == 0) {
        int error = wr_dict_rebuild_locked(self, dict, 1, waste);

        if (wr_unlikely(error != WEIR_OK)) {
            return error;
        }
        table = wr_dict_table_of(dict);
        place = wr_dict_look_up(table, key, hash);
    }
    wr_dict_move_to_end(table, place);
    wr_dict_reshape_locked(dict, 0);
    WEIR_ASSERT_SLOW(wr_dict_sound(dict));
    return WEIR_OK;
}

int
weir_dict_move_to_end(weir_object *d, weir_object *key)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &d->lock);
    error = move_locked(self, wr_dict_of(d), key, hash, &waste);
    wr_objlock_unlock(self, &d->lock);
    wr_dict_drop(self, &waste);
    return error;
}

/* a + b, or false if that does not fit. */
static inline bool
sum_fits(int64_t a, int64_t b, int64_t *sum)
{
    if (b >= 0 ? a > INT64_MAX - b : a < INT64_MIN - b) {
        return false;
    }
    *sum = a + b;
    return true;
}

/*
 * Add to the int under a key.  The new int is made under the lock, for only
 * there the sum is known; an allocation is short and comes to no checkpoint.
 * Returns and wastes as store_locked(), or WEIR_ETYPE or WEIR_ERANGE.
 * Caller: holds the dict's lock.
 */
static int
add_locked(struct wr_thread *self, struct wr_dict *dict, weir_object *key,
           uint64_t hash, int64_t delta, int64_t *sum,
           struct wr_dict_waste *waste)
{
    const struct wr_dict_entry *entry = wr_dict_entry_locked(dict, key, hash);
    weir_object *value;
    int64_t old = 0;
    int error;

    if (entry != NULL) {
        if (wr_unlikely(entry->value->meta != WR_META_INT)) {
            return WEIR_ETYPE;
        }
        old = wr_int_value(entry->value);
    }
    if (wr_unlikely(!sum_fits(old, delta, sum))) {
        return WEIR_ERANGE;
    }
    value = weir_int_new(*sum);
    if (wr_unlikely(value == NULL)) {
        return WEIR_ENOMEM;
    }
    error = store_locked(self, dict, key, hash, value, waste);
    if (wr_unlikely(error != WEIR_OK)) {
        waste->value = value;
    }
    return error;
}

/* A planted fault: the sum is made before the lock is taken. */
static int __attribute__((noinline, unused))
add_planted(weir_object *d, weir_object *key, int64_t delta, int64_t *out)
{
    weir_object *value = weir_dict_get(d, key);
    int64_t old = 0;
    int error;

    if (value != NULL) {
        (void)weir_int_value(value, &old);
        weir_decref(value);
    }
    wr_plant_pause();
    *out = old + delta;
    value = weir_int_new(*out);
    if (value == NULL) {
        return WEIR_ENOMEM;
    }
    error = weir_dict_set(d, key, value);
    weir_decref(value);
    return error;
}

int
weir_dict_add_int(weir_object *d, weir_object *key, int64_t delta, int64_t *out)
{
    WR_SITE();
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    uint64_t hash;
    int64_t sum = 0;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_plant(dict_add_unlocked)) {
        return add_planted(d, key, delta, out != NULL ? out : &sum);
    }
    wr_objlock_lock(self, &d->lock);
    error = add_locked(self, wr_dict_of(d), key, hash, delta, &sum, &waste);
    wr_objlock_unlock(self, &d->lock);
    if (error == WEIR_OK && out != NULL) {
        *out = sum;
    }
    wr_dict_drop(self, &waste);
    return error;
}

int
weir_dict_clear(weir_object *d)
{
    return wr_dict_clear(d, WR_META_DICT);
}

int
weir_dict_next(weir_object *d, uint64_t *pos, weir_object **key,
               weir_object **value)
{
    return wr_dict_next(d, WR_META_DICT, pos, key, value);
}

weir_object *
weir_dict_copy(weir_object *d)
{
    WR_SITE();
    return wr_dict_copy(d, WR_META_DICT);
}
