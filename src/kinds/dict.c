/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict.c - maps that remember insertion order.
 *
 * Every operation hashes its key first, then holds the dict's lock while it
 * looks at the table, takes its references inside, and drops old keys, values
 * and tables after unlocking.  So nobody can hold a table that has been
 * replaced, and it is freed at once.  Equality never runs user code, so
 * nothing can change the dict under a search.
 *
 * [inv:dict.drop-unlocked] Nothing is dropped under the lock: what dies runs
 * a finalizer, which may use the dict.
 */
#include "kinds/dict.h"

#include "kinds/hash.h"
#include "kinds/int.h"
#include "thread/objlock.h"

enum {
    /* a table with fewer entries is not worth shrinking */
    KEEP_FILLED = 64,
    /* one with more is too large to be checked by every operation */
    CHECK_FILLED = 64
};

/* What an operation took out of a dict, to be dropped after unlocking. */
struct waste {
    weir_object *key;
    weir_object *value;
    struct wr_dict_table *table;
};

static void
drop_waste(struct wr_thread *self, const struct waste *waste)
{
    wr_dict_table_free(self, waste->table);
    weir_xdecref(waste->key);
    weir_xdecref(waste->value);
}

weir_object *
weir_dict_new(void)
{
    WR_SITE();
    weir_object *o =
        wr_builtin_alloc(wr_self(), WR_META_DICT, sizeof(struct wr_dict));

    if (wr_likely(o != NULL)) {
        wr_dict_of(o)->used = 0;
        wr_dict_of(o)->table = NULL;
        wr_ref_init(o);
    }
    return o;
}

bool
weir_is_dict(const weir_object *o)
{
    return wr_check_kind(o, WR_META_DICT) == WEIR_OK;
}

int64_t
weir_dict_size(weir_object *d)
{
    int error = wr_check_kind(d, WR_META_DICT);
    int64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(wr_self(), &d->lock);
    size = (int64_t)wr_dict_used(wr_dict_of(d));
    wr_objlock_unlock(wr_self(), &d->lock);
    return size;
}

/* Check a dict and a key, and hash the key. */
static inline int
check_key(const weir_object *d, weir_object *key, uint64_t *hash)
{
    int error = wr_check_kind(d, WR_META_DICT);

    return wr_likely(error == WEIR_OK) ? wr_hash(key, hash) : error;
}

/* The entry of a key or NULL.  Caller: holds the dict's lock. */
static inline struct wr_dict_entry *
find_locked(const struct wr_dict *dict, weir_object *key, uint64_t hash)
{
    size_t slot;
    uint32_t place = wr_dict_find(dict->table, key, hash, &slot);

    return place != WR_DICT_NONE ? &dict->table->entries[place] : NULL;
}

weir_object *
weir_dict_get(weir_object *d, weir_object *key)
{
    struct wr_thread *self = wr_self();
    const struct wr_dict_entry *entry;
    weir_object *value = NULL;
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    wr_objlock_lock(self, &d->lock);
    entry = find_locked(wr_dict_of(d), key, hash);
    if (entry != NULL) {
        value = weir_newref(entry->value);
    }
    wr_objlock_unlock(self, &d->lock);
    return value != NULL ? value : wr_fail(WEIR_ENOKEY);
}

int
weir_dict_contains(weir_object *d, weir_object *key)
{
    struct wr_thread *self = wr_self();
    uint64_t hash;
    int error = check_key(d, key, &hash);
    bool found;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &d->lock);
    found = find_locked(wr_dict_of(d), key, hash) != NULL;
    wr_objlock_unlock(self, &d->lock);
    return found ? 1 : 0;
}

/*
 * Replace the dict's table by one with room for one more entry at least; the
 * old one goes to waste.  Returns 0, or WEIR_ENOMEM or WEIR_ELIMIT and then
 * nothing has changed.  Caller: holds the dict's lock.
 */
static int
rebuild_locked(struct wr_thread *self, struct wr_dict *dict,
               struct waste *waste)
{
    uint64_t used = wr_dict_used(dict);
    struct wr_dict_table *table;
    int error =
        wr_dict_rebuild(self, dict->table, used, wr_dict_version(dict), &table);

    if (error == WEIR_OK) {
        waste->table = dict->table;
        dict->table = table;
        dict->used = used;
    }
    return error;
}

/*
 * Store value under a key; what it replaces goes to waste.  Takes over the
 * reference to value if it returns 0; WEIR_ENOMEM and WEIR_ELIMIT leave the
 * dict as it was.  Caller: holds the dict's lock.
 */
static int
store_locked(struct wr_thread *self, struct wr_dict *dict, weir_object *key,
             uint64_t hash, weir_object *value, struct waste *waste)
{
    struct wr_dict_table *table = dict->table;
    size_t slot = 0;
    uint32_t place = wr_dict_find(table, key, hash, &slot);

    if (place != WR_DICT_NONE) {
        waste->value = table->entries[place].value;
        table->entries[place].value = value;
        return WEIR_OK;
    }
    if (table == NULL || table->filled == table->capacity) {
        int error = rebuild_locked(self, dict, waste);

        if (wr_unlikely(error != WEIR_OK)) {
            return error;
        }
        table = dict->table;
        slot = wr_dict_vacant(table, hash);
    }
    weir_incref(key);
    wr_dict_append(table, slot, hash, key, value);
    table->version++;
    dict->used++;
    WEIR_ASSERT_SLOW(dict->table->filled > CHECK_FILLED ||
                     wr_dict_table_sound(dict->table, dict->used));
    return WEIR_OK;
}

int
weir_dict_set(weir_object *d, weir_object *key, weir_object *value)
{
    struct wr_thread *self = wr_self();
    struct waste waste = {NULL, NULL, NULL};
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    weir_incref(value);
    wr_objlock_lock(self, &d->lock);
    error = store_locked(self, wr_dict_of(d), key, hash, value, &waste);
    wr_objlock_unlock(self, &d->lock);
    if (wr_unlikely(error != WEIR_OK)) {
        /* The caller has a reference too: this is not the last. */
        weir_decref(value);
    }
    drop_waste(self, &waste);
    return error;
}

int
weir_dict_delete(weir_object *d, weir_object *key)
{
    struct wr_thread *self = wr_self();
    struct waste waste = {NULL, NULL, NULL};
    struct wr_dict_entry *entry;
    struct wr_dict *dict;
    uint64_t hash;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    entry = find_locked(dict, key, hash);
    if (entry == NULL) {
        wr_objlock_unlock(self, &d->lock);
        return WEIR_ENOKEY;
    }
    waste.key = entry->key;
    waste.value = entry->value;
    entry->key = NULL;
    entry->value = NULL;
    dict->table->version++;
    dict->used--;
    if (wr_unlikely(dict->table->filled >= KEEP_FILLED &&
                    dict->used < dict->table->filled / 8)) {
        /* Without memory the larger table stays. */
        (void)rebuild_locked(self, dict, &waste);
    }
    WEIR_ASSERT_SLOW(dict->table->filled > CHECK_FILLED ||
                     wr_dict_table_sound(dict->table, dict->used));
    wr_objlock_unlock(self, &d->lock);
    drop_waste(self, &waste);
    return WEIR_OK;
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
           uint64_t hash, int64_t delta, int64_t *sum, struct waste *waste)
{
    const struct wr_dict_entry *entry = find_locked(dict, key, hash);
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

int
weir_dict_add_int(weir_object *d, weir_object *key, int64_t delta, int64_t *out)
{
    WR_SITE();
    struct wr_thread *self = wr_self();
    struct waste waste = {NULL, NULL, NULL};
    uint64_t hash;
    int64_t sum = 0;
    int error = check_key(d, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &d->lock);
    error = add_locked(self, wr_dict_of(d), key, hash, delta, &sum, &waste);
    wr_objlock_unlock(self, &d->lock);
    if (error == WEIR_OK && out != NULL) {
        *out = sum;
    }
    drop_waste(self, &waste);
    return error;
}

int
weir_dict_clear(weir_object *d)
{
    int error = wr_check_kind(d, WR_META_DICT);
    struct wr_dict_table *table;
    struct wr_thread *self;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    wr_objlock_lock(self, &d->lock);
    table = wr_dict_of(d)->table;
    if (table != NULL) {
        /* [inv:dict.version] */
        wr_dict_of(d)->used = (uint32_t)(table->version + 1);
        wr_dict_of(d)->table = NULL;
    }
    wr_objlock_unlock(self, &d->lock);
    for (uint32_t i = 0; table != NULL && i < table->filled; i++) {
        weir_xdecref(table->entries[i].key);
        weir_xdecref(table->entries[i].value);
    }
    wr_dict_table_free(self, table);
    return WEIR_OK;
}

/*
 * The entry a walk at `pos` comes to: 1 and its place, 0 at the end, or
 * WEIR_ECHANGED.  pos is the version, then, in the low half, how many entries
 * are behind.  Caller: holds the dict's lock.
 */
static int
step_locked(const struct wr_dict *dict, uint64_t pos, uint32_t *place)
{
    const struct wr_dict_table *table = dict->table;
    uint32_t i = (uint32_t)pos;

    if (pos != 0 && pos >> 32 != wr_dict_version(dict)) {
        return WEIR_ECHANGED;
    }
    if (table == NULL) {
        return 0;
    }
    while (i < table->filled && table->entries[i].key == NULL) {
        i++;
    }
    *place = i;
    return i < table->filled ? 1 : 0;
}

int
weir_dict_next(weir_object *d, uint64_t *pos, weir_object **key,
               weir_object **value)
{
    struct wr_thread *self;
    const struct wr_dict *dict;
    int found = wr_check_kind(d, WR_META_DICT);
    uint32_t place = 0;

    if (wr_unlikely(found != WEIR_OK)) {
        return found;
    }
    if (wr_unlikely(pos == NULL)) {
        return WEIR_EINVAL;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    found = step_locked(dict, *pos, &place);
    if (found == 1) {
        const struct wr_dict_entry *entry = &dict->table->entries[place];

        *pos = (uint64_t)dict->table->version << 32 | (place + 1);
        if (key != NULL) {
            *key = weir_newref(entry->key);
        }
        if (value != NULL) {
            *value = weir_newref(entry->value);
        }
    }
    wr_objlock_unlock(self, &d->lock);
    return found;
}
