/* SPDX-License-Identifier: MIT */
/*
 * kinds/dict_both.c - what dicts and sets do alike.
 *
 * Every operation hashes its key first, then holds the dict's lock while it
 * looks at the table, takes its references inside, and drops old keys, values
 * and tables after unlocking.  Equality never runs user code, so nothing can
 * change the dict under a search.  dict_read.c has those that take no lock.
 *
 * [inv:dict.drop-unlocked] Nothing is dropped under the lock: what dies runs
 * a finalizer, which may use the dict.
 */
#include "kinds/dict_read.h"

#include "base/plant.h"

weir_object *
wr_dict_new(uint32_t meta)
{
    weir_object *o = wr_builtin_alloc(wr_self(), meta, sizeof(struct wr_dict));

    if (wr_likely(o != NULL)) {
        wr_dict_of(o)->shape = 0;
        wr_dict_of(o)->gate = 0;
        wr_ref_init(o);
    }
    return o;
}

int64_t
wr_dict_size(weir_object *d, uint32_t meta)
{
    int error = wr_check_kind(d, meta);

    return wr_likely(error == WEIR_OK) ? (int64_t)wr_dict_read_size(d) : error;
}

int
wr_dict_contains(weir_object *d, uint32_t meta, weir_object *key)
{
    uint64_t hash;
    int error = wr_dict_check_key(d, meta, key, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return wr_dict_read(d, key, hash, NULL) ? 1 : 0;
}

/*
 * The dict's table is about to be replaced: readers that are in it will
 * notice.  Returns its gate, 0 if there is none.  Caller: holds the lock.
 */
static uint64_t
shut_locked(struct wr_dict *dict)
{
    struct wr_dict_table *table = wr_dict_table_of(dict);

    if (table != NULL) {
        wr_moves_begin(&table->moves);
    }
    return dict->gate;
}

int
wr_dict_rebuild_locked(struct wr_thread *self, struct wr_dict *dict,
                       uint64_t more, struct wr_dict_waste *waste)
{
    struct wr_dict_table *old = wr_dict_table_of(dict);
    struct wr_dict_table *table;
    int error = wr_dict_rebuild(self, old, wr_dict_used(dict), more, &table);

    if (error == WEIR_OK) {
        /* One operation, one new table. */
        WEIR_ASSERT(waste->gate == 0);
        waste->gate = shut_locked(dict);
        if (wr_plant(table_taken_first)) {
            wr_gate_set(&dict->gate, 0);
            if (!wr_cfg_locked_objects) {
                wr_plant_pause();
            }
        }
        wr_gate_set(&dict->gate, wr_gate_new(self, table, waste->gate));
    }
    return error;
}

int
wr_dict_delete(weir_object *d, uint32_t meta, weir_object *key)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
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
    struct wr_dict_waste waste = {NULL, NULL, 0};
    struct wr_dict_entry *entry;
    struct wr_thread *self;
    struct wr_dict *dict;
    uint32_t place = 0;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    entry = wr_dict_from_locked(dict, &place);
    if (entry == NULL) {
        wr_objlock_unlock(self, &d->lock);
        return 0;
    }
    wr_dict_remove_locked(self, dict, entry, &waste);
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
    uint64_t gate;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    self = wr_self();
    dict = wr_dict_of(d);
    wr_objlock_lock(self, &d->lock);
    gate = shut_locked(dict);
    wr_gate_set(&dict->gate, 0);
    wr_dict_reshape_locked(dict, -(int64_t)wr_dict_used(dict));
    wr_objlock_unlock(self, &d->lock);
    table = wr_gate_block(gate);
    for (uint32_t i = 0; table != NULL && i < table->filled; i++) {
        weir_xdecref(table->entries[i].key);
        weir_xdecref(table->entries[i].value);
    }
    wr_dict_retire(self, gate);
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
    if (*pos != 0 && *pos >> 32 != wr_dict_version(dict)) {
        found = WEIR_ECHANGED;
    } else {
        entry = wr_dict_from_locked(dict, &place);
    }
    if (entry != NULL) {
        found = 1;
        *pos = (uint64_t)wr_dict_version(dict) << 32 | (place + 1);
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

/* A copy of the dict's table, with references of its own; NULL if the dict is
 * empty, or *error.  Caller: holds the dict's lock. */
static struct wr_dict_table *
copy_locked(struct wr_thread *self, const struct wr_dict *dict, int *error)
{
    struct wr_dict_table *table = NULL;

    if (wr_dict_used(dict) != 0) {
        *error = wr_dict_rebuild(self, wr_dict_table_of(dict),
                                 wr_dict_used(dict), 0, &table);
    }
    for (uint32_t i = 0; table != NULL && i < table->filled; i++) {
        weir_incref(table->entries[i].key);
        if (table->entries[i].value != NULL) {
            weir_incref(table->entries[i].value);
        }
    }
    return table;
}

weir_object *
wr_dict_copy(weir_object *d, uint32_t meta)
{
    int error = wr_check_kind(d, meta);
    struct wr_dict_table *table;
    struct wr_thread *self;
    weir_object *copy;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    copy = wr_dict_new(meta);
    if (wr_unlikely(copy == NULL)) {
        return NULL;
    }
    self = wr_self();
    wr_objlock_lock(self, &d->lock);
    table = copy_locked(self, wr_dict_of(d), &error);
    wr_objlock_unlock(self, &d->lock);
    if (wr_unlikely(error != WEIR_OK)) {
        weir_decref(copy);
        return wr_fail(error);
    }
    if (table != NULL) {
        wr_dict_of(copy)->shape = table->filled;
        wr_dict_of(copy)->gate = wr_gate_new(self, table, 0);
    }
    return copy;
}
