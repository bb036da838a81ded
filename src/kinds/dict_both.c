/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_both.c - what dicts and sets do alike.
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

weir_object *
wr_dict_new(uint32_t meta)
{
    weir_object *o = wr_builtin_alloc(wr_self(), meta, sizeof(struct wr_dict));

    if (wr_likely(o != NULL)) {
        wr_dict_of(o)->used = 0;
        wr_dict_of(o)->version = 0;
        wr_dict_of(o)->table = NULL;
        wr_ref_init(o);
    }
    return o;
}

int64_t
wr_dict_size(weir_object *d, uint32_t meta)
{
    int error = wr_check_kind(d, meta);
    int64_t size;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(wr_self(), &d->lock);
    size = (int64_t)wr_dict_of(d)->used;
    wr_objlock_unlock(wr_self(), &d->lock);
    return size;
}

int
wr_dict_contains(weir_object *d, uint32_t meta, weir_object *key)
{
    struct wr_thread *self = wr_self();
    uint64_t hash;
    int error = wr_dict_check_key(d, meta, key, &hash);
    bool found;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &d->lock);
    found = wr_dict_entry_locked(wr_dict_of(d), key, hash) != NULL;
    wr_objlock_unlock(self, &d->lock);
    return found ? 1 : 0;
}

int
wr_dict_rebuild_locked(struct wr_thread *self, struct wr_dict *dict,
                       uint64_t more, struct wr_dict_waste *waste)
{
    struct wr_dict_table *table;
    int error = wr_dict_rebuild(self, dict->table, dict->used, more, &table);

    if (error == WEIR_OK) {
        /* One operation, one new table. */
        WEIR_ASSERT(waste->table == NULL);
        waste->table = dict->table;
        dict->table = table;
    }
    return error;
}

int
wr_dict_delete(weir_object *d, uint32_t meta, weir_object *key)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, NULL};
    struct wr_dict_entry *entry;
    uint64_t hash;
    int error = wr_dict_check_key(d, meta, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &d->lock);
    entry = wr_dict_entry_locked(wr_dict_of(d), key, hash);
    if (entry == NULL) {
        wr_objlock_unlock(self, &d->lock);
        return WEIR_ENOKEY;
    }
    wr_dict_remove_locked(self, wr_dict_of(d), entry, &waste);
    wr_objlock_unlock(self, &d->lock);
    wr_dict_drop(self, &waste);
    return WEIR_OK;
}

/* Hand a reference out, or leave it to be dropped. */
static inline void
hand_out(weir_object **reference, weir_object **out)
{
    if (out != NULL) {
        *out = *reference;
        *reference = NULL;
    }
}

int
wr_dict_pop_first(weir_object *d, uint32_t meta, weir_object **key,
                  weir_object **value)
{
    int error = wr_check_kind(d, meta);
    struct wr_dict_waste waste = {NULL, NULL, NULL};
    struct wr_thread *self;
    struct wr_dict *dict;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    if (dict->used == 0) {
        wr_objlock_unlock(self, &d->lock);
        return 0;
    }
    wr_dict_remove_locked(self, dict, &dict->table->entries[dict->table->first],
                          &waste);
    wr_objlock_unlock(self, &d->lock);
    hand_out(&waste.key, key);
    hand_out(&waste.value, value);
    wr_dict_drop(self, &waste);
    return 1;
}

int
wr_dict_clear(weir_object *d, uint32_t meta)
{
    int error = wr_check_kind(d, meta);
    struct wr_dict_table *table;
    struct wr_thread *self;
    struct wr_dict *dict;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    table = dict->table;
    dict->table = NULL;
    dict->used = 0;
    dict->version++;
    wr_objlock_unlock(self, &d->lock);
    for (uint32_t i = 0; table != NULL && i < table->filled; i++) {
        weir_xdecref(table->entries[i].key);
        weir_xdecref(table->entries[i].value);
    }
    wr_dict_table_free(self, table);
    return WEIR_OK;
}

/* pos is the version, then, in the low half, how many entries are behind. */
int
wr_dict_next(weir_object *d, uint32_t meta, uint64_t *pos, weir_object **key,
             weir_object **value)
{
    const struct wr_dict_entry *entry = NULL;
    const struct wr_dict *dict;
    struct wr_thread *self;
    uint32_t place;
    int found = wr_check_kind(d, meta);

    if (wr_unlikely(found != WEIR_OK)) {
        return found;
    }
    if (wr_unlikely(pos == NULL)) {
        return WEIR_EINVAL;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    place = (uint32_t)*pos;
    wr_objlock_lock(self, &d->lock);
    if (*pos != 0 && *pos >> 32 != dict->version) {
        found = WEIR_ECHANGED;
    } else {
        entry = wr_dict_from_locked(dict, &place);
    }
    if (entry != NULL) {
        found = 1;
        *pos = (uint64_t)dict->version << 32 | (place + 1);
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

weir_object *
wr_dict_copy(weir_object *d, uint32_t meta)
{
    int error = wr_check_kind(d, meta);
    struct wr_thread *self;
    struct wr_dict *copy;
    weir_object *o;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    o = wr_dict_new(meta);
    if (wr_unlikely(o == NULL)) {
        return NULL;
    }
    self = wr_self();
    copy = wr_dict_of(o);
    wr_objlock_lock(self, &d->lock);
    if (wr_dict_of(d)->used != 0) {
        error = wr_dict_rebuild(self, wr_dict_of(d)->table, wr_dict_of(d)->used,
                                0, &copy->table);
    }
    if (error == WEIR_OK && copy->table != NULL) {
        copy->used = copy->table->filled;
        for (uint32_t i = 0; i < copy->used; i++) {
            weir_incref(copy->table->entries[i].key);
            if (copy->table->entries[i].value != NULL) {
                weir_incref(copy->table->entries[i].value);
            }
        }
    }
    wr_objlock_unlock(self, &d->lock);
    if (wr_unlikely(error != WEIR_OK)) {
        weir_decref(o);
        return wr_fail(error);
    }
    return o;
}
