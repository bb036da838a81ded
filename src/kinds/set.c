/* SPDX-License-Identifier: MIT */
/*
 * kinds/set.c - sets: one element at a time.
 *
 * A set is a dict whose values are NULL; what is not here is in dict_both.c
 * and, for two sets, in dict_two.c.
 */
#include "kinds/set.h"

#include "base/plant.h"

weir_object *
weir_set_new(void)
{
    WR_SITE();
    return wr_dict_new(WR_META_SET);
}

bool
weir_is_set(const weir_object *o)
{
    return wr_check_kind(o, WR_META_SET) == WEIR_OK;
}

int64_t
weir_set_size(weir_object *s)
{
    return wr_dict_size(s, WR_META_SET);
}

int
weir_set_contains(weir_object *s, weir_object *element)
{
    return wr_dict_contains(s, WR_META_SET, element);
}

int
weir_set_add(weir_object *s, weir_object *element)
{
    struct wr_thread *self = wr_self();
    struct wr_dict_waste waste = {NULL, NULL, 0};
    size_t slot = 0;
    uint64_t hash;
    int added = 0;
    int error = wr_dict_check_key(s, WR_META_SET, element, &hash);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    wr_objlock_lock(self, &s->lock);
    if (wr_dict_find(wr_dict_table_of(wr_dict_of(s)), element, hash, &slot) ==
        WR_DICT_NONE) {
        added = 1;
        if (wr_plant(set_add_unlocked)) {
            wr_objlock_unlock(self, &s->lock);
            wr_plant_pause();
            wr_objlock_lock(self, &s->lock);
        }
        error = wr_dict_insert_locked(self, wr_dict_of(s), slot, element, hash,
                                      NULL, &waste);
    }
    wr_objlock_unlock(self, &s->lock);
    wr_dict_drop(self, &waste);
    return wr_likely(error == WEIR_OK) ? added : error;
}

int
weir_set_remove(weir_object *s, weir_object *element)
{
    return wr_dict_delete(s, WR_META_SET, element);
}

weir_object *
weir_set_pop(weir_object *s)
{
    weir_object *element;
    int found = wr_dict_pop_first(s, WR_META_SET, &element, NULL);

    if (wr_likely(found == 1)) {
        return element;
    }
    return wr_fail(found == 0 ? WEIR_ENOKEY : found);
}

int
weir_set_clear(weir_object *s)
{
    return wr_dict_clear(s, WR_META_SET);
}

int
weir_set_next(weir_object *s, uint64_t *pos, weir_object **element)
{
    return wr_dict_next(s, WR_META_SET, pos, element, NULL);
}

weir_object *
weir_set_copy(weir_object *s)
{
    WR_SITE();
    return wr_dict_copy(s, WR_META_SET);
}
