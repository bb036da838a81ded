/* SPDX-License-Identifier: MIT */
/*
 * tests/planted.c - calls of the runtime that do the wrong thing once.
 *
 * The linker turns calls of f() into calls of __wrap_f(), and __real_f() into
 * the function itself.  tests/local.mk has the list.
 */
#include "tests/planted.h"

#include <weir/weir.h>

#include "base/sync.h"

static struct planted { /* SHARED */
    /* [const] while threads run */
    uint32_t fault;
    uint64_t nth;

    /* [atomic: added relaxed by any thread] calls so far */
    uint64_t calls;
} planted;

void
wr_planted_arm(enum wr_planted fault, uint64_t nth)
{
    planted.nth = nth;
    wr_store_relaxed(&planted.calls, 0U);
    planted.fault = fault;
}

bool
wr_planted_disarm(void)
{
    planted.fault = WR_PLANTED_NONE;
    return wr_load_relaxed(&planted.calls) >= planted.nth;
}

/* True for the call that is to go wrong, and for those after it if `on`. */
static bool
goes_wrong(enum wr_planted fault, bool on)
{
    uint64_t call;

    if (planted.fault != (uint32_t)fault) {
        return false;
    }
    call = wr_fetch_add_relaxed(&planted.calls, UINT64_C(1)) + 1;
    return on ? call >= planted.nth : call == planted.nth;
}

#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, weir_list_append, weir_object *list, weir_object *value)
{
    if (goes_wrong(WR_PLANTED_APPEND_LOST, false)) {
        return 0;
    }
    if (goes_wrong(WR_PLANTED_APPEND_TWICE, false)) {
        (void)__real_weir_list_append(list, value);
    }
    return __real_weir_list_append(list, value);
}

WRAP(int, weir_list_set, weir_object *list, size_t i, weir_object *value)
{
    if (goes_wrong(WR_PLANTED_LIST_SET_LOST, false)) {
        return 0;
    }
    if (goes_wrong(WR_PLANTED_LIST_SET_NEXT, false)) {
        i = (i + 1) % (size_t)weir_list_size(list);
    }
    return __real_weir_list_set(list, i, value);
}

WRAP(weir_object *, weir_list_get, weir_object *list, size_t i)
{
    if (goes_wrong(WR_PLANTED_LIST_GET_NEXT, false)) {
        i = (i + 1) % (size_t)weir_list_size(list);
    }
    return __real_weir_list_get(list, i);
}

WRAP(int, weir_dict_set, weir_object *d, weir_object *key, weir_object *value)
{
    if (goes_wrong(WR_PLANTED_DICT_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_dict_set(d, key, value);
}

WRAP(int, weir_dict_delete, weir_object *d, weir_object *key)
{
    if (goes_wrong(WR_PLANTED_DICT_DELETE_LOST, true)) {
        return 0;
    }
    return __real_weir_dict_delete(d, key);
}

WRAP(int, weir_dict_add_int, weir_object *d, weir_object *key, int64_t delta,
     int64_t *out)
{
    if (goes_wrong(WR_PLANTED_DICT_ADD_LOST, false)) {
        return 0;
    }
    return __real_weir_dict_add_int(d, key, delta, out);
}

WRAP(int, weir_dict_next, weir_object *d, uint64_t *pos, weir_object **key,
     weir_object **value)
{
    if (goes_wrong(WR_PLANTED_DICT_NEXT_SKIPS, false)) {
        (void)__real_weir_dict_next(d, pos, NULL, NULL);
    }
    return __real_weir_dict_next(d, pos, key, value);
}

WRAP(weir_object *, weir_dict_get, weir_object *d, weir_object *key)
{
    weir_object *value = NULL;
    uint64_t pos = 0;

    if (goes_wrong(WR_PLANTED_DICT_GET_NOTHING, false)) {
        /* A key that nobody uses. */
        return __real_weir_dict_get(d, d == NULL ? NULL : weir_int_new(-77));
    }
    if (goes_wrong(WR_PLANTED_DICT_GET_FIRST, false) &&
        __real_weir_dict_next(d, &pos, NULL, &value) == 1) {
        return value;
    }
    return __real_weir_dict_get(d, key);
}

WRAP(int, weir_instance_set, weir_object *o, size_t i, weir_object *value)
{
    if (goes_wrong(WR_PLANTED_INSTANCE_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_instance_set(o, i, value);
}

WRAP(weir_object *, weir_instance_make, weir_type *type, size_t n,
     weir_object *const values[])
{
    if (goes_wrong(WR_PLANTED_INSTANCE_MAKE_EMPTY, false)) {
        for (size_t i = 0; i < n; i++) {
            weir_xdecref(values[i]);
        }
        n = 0;
    }
    return __real_weir_instance_make(type, n, values);
}

WRAP(int, weir_attr_set, weir_object *o, weir_object *name, weir_object *value)
{
    if (goes_wrong(WR_PLANTED_ATTR_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_attr_set(o, name, value);
}

WRAP(weir_object *, weir_str_new, const char *bytes, size_t length)
{
    char changed[64];

    if (length > 0 && length <= sizeof(changed) &&
        goes_wrong(WR_PLANTED_STR_FLIPPED, false)) {
        for (size_t i = 0; i < length; i++) {
            changed[i] = bytes[i];
        }
        changed[0] ^= 1;
        bytes = changed;
    }
    return __real_weir_str_new(bytes, length);
}

WRAP(int64_t, weir_refcount, const weir_object *o)
{
    int64_t count = __real_weir_refcount(o);

    return goes_wrong(WR_PLANTED_REFCOUNT_LOW, false) ? count - 1 : count;
}

WRAP(void, weir_dealloc_, weir_object *o)
{
    if (!goes_wrong(WR_PLANTED_DEATHS_LOST, true)) {
        __real_weir_dealloc_(o);
    }
}

WRAP(int64_t, weir_gc_collect, int generation)
{
    if (goes_wrong(WR_PLANTED_COLLECT_NOTHING, false)) {
        return 0;
    }
    return __real_weir_gc_collect(generation);
}

WRAP(int, weir_memory_stats, weir_memory *out)
{
    int error = __real_weir_memory_stats(out);

    if (error == 0 && goes_wrong(WR_PLANTED_MEMORY_HIGH, false)) {
        out->arenas *= 1000;
    }
    return error;
}
