/* SPDX-License-Identifier: MIT */
/*
 * tests/lies.c - calls of the runtime, and of the system, that do the wrong
 * thing once.
 *
 * The linker turns calls of f() into calls of __wrap_f(), and __real_f() into
 * the function itself.  tests/local.mk has the list.
 */
#include "tests/lies.h"

#include <sys/types.h>

#include <weir/weir.h>

#include "base/sync.h"

static struct state { /* SHARED */
    /* [const] while threads run */
    enum wr_lie lie;
    uint64_t nth;

    /* [atomic: added relaxed by any thread] calls so far */
    uint64_t calls;
} state;

void
wr_lie_arm(enum wr_lie lie, uint64_t nth)
{
    state.nth = nth;
    wr_store_relaxed(&state.calls, UINT64_C(0));
    state.lie = lie;
}

bool
wr_lie_disarm(void)
{
    state.lie = WR_LIE_NONE;
    return wr_load_relaxed(&state.calls) >= state.nth;
}

/* True for the call that is to lie, and for those after it if `on`. */
static bool
lies(enum wr_lie lie, bool on)
{
    uint64_t call;

    if (state.lie != lie) {
        return false;
    }
    call = wr_fetch_add_relaxed(&state.calls, UINT64_C(1)) + 1;
    return on ? call >= state.nth : call == state.nth;
}

#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, weir_list_append, weir_object *list, weir_object *value)
{
    if (lies(WR_LIE_APPEND_LOST, false)) {
        return 0;
    }
    if (lies(WR_LIE_APPEND_TWICE, false)) {
        (void)__real_weir_list_append(list, value);
    }
    return __real_weir_list_append(list, value);
}

WRAP(int, weir_list_set, weir_object *list, size_t i, weir_object *value)
{
    if (lies(WR_LIE_LIST_SET_LOST, false)) {
        return 0;
    }
    if (lies(WR_LIE_LIST_SET_NEXT, false)) {
        i = (i + 1) % (size_t)weir_list_size(list);
    }
    return __real_weir_list_set(list, i, value);
}

WRAP(weir_object *, weir_list_get, weir_object *list, size_t i)
{
    if (lies(WR_LIE_LIST_GET_NEXT, false)) {
        i = (i + 1) % (size_t)weir_list_size(list);
    }
    return __real_weir_list_get(list, i);
}

WRAP(int, weir_dict_set, weir_object *d, weir_object *key, weir_object *value)
{
    if (lies(WR_LIE_DICT_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_dict_set(d, key, value);
}

WRAP(int, weir_dict_move_to_end, weir_object *d, weir_object *key)
{
    if (lies(WR_LIE_DICT_MOVE_LOST, true)) {
        return 0;
    }
    return __real_weir_dict_move_to_end(d, key);
}

WRAP(int, weir_dict_pop_first, weir_object *d, weir_object **key,
     weir_object **value)
{
    weir_object *first = NULL;
    uint64_t pos = 0;

    if (lies(WR_LIE_DICT_POP_SECOND, false) &&
        weir_dict_next(d, &pos, &first, NULL) == 1) {
        (void)__real_weir_dict_move_to_end(d, first);
        weir_decref(first);
    }
    return __real_weir_dict_pop_first(d, key, value);
}

WRAP(int, weir_dict_add_int, weir_object *d, weir_object *key, int64_t delta,
     int64_t *out)
{
    if (lies(WR_LIE_DICT_ADD_LOST, false)) {
        return 0;
    }
    return __real_weir_dict_add_int(d, key, delta, out);
}

WRAP(int, weir_dict_next, weir_object *d, uint64_t *pos, weir_object **key,
     weir_object **value)
{
    if (lies(WR_LIE_DICT_NEXT_SKIPS, false)) {
        (void)__real_weir_dict_next(d, pos, NULL, NULL);
    }
    return __real_weir_dict_next(d, pos, key, value);
}

WRAP(weir_object *, weir_dict_get, weir_object *d, weir_object *key)
{
    weir_object *value = NULL;
    uint64_t pos = 0;

    if (lies(WR_LIE_DICT_GET_NOTHING, false)) {
        /* A key that nobody uses. */
        return __real_weir_dict_get(d, d == NULL ? NULL : weir_int_new(-77));
    }
    if (lies(WR_LIE_DICT_GET_FIRST, false) &&
        __real_weir_dict_next(d, &pos, NULL, &value) == 1) {
        return value;
    }
    return __real_weir_dict_get(d, key);
}

WRAP(int, weir_instance_set, weir_object *o, size_t i, weir_object *value)
{
    if (lies(WR_LIE_INSTANCE_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_instance_set(o, i, value);
}

WRAP(weir_object *, weir_instance_make, weir_type *type, size_t n,
     weir_object *const values[])
{
    if (lies(WR_LIE_INSTANCE_MAKE_EMPTY, false)) {
        for (size_t i = 0; i < n; i++) {
            weir_xdecref(values[i]);
        }
        n = 0;
    }
    return __real_weir_instance_make(type, n, values);
}

WRAP(int, weir_attr_set, weir_object *o, weir_object *name, weir_object *value)
{
    if (lies(WR_LIE_ATTR_SET_LOST, false)) {
        return 0;
    }
    return __real_weir_attr_set(o, name, value);
}

WRAP(weir_object *, weir_str_new, const char *bytes, size_t length)
{
    char changed[64];

    if (length > 0 && length <= sizeof(changed) &&
        lies(WR_LIE_STR_FLIPPED, false)) {
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

    return lies(WR_LIE_REFCOUNT_LOW, false) ? count - 1 : count;
}

WRAP(void, weir_dealloc_, weir_object *o)
{
    if (!lies(WR_LIE_DEATHS_LOST, true)) {
        __real_weir_dealloc_(o);
    }
}

WRAP(int64_t, weir_gc_collect, int generation)
{
    if (lies(WR_LIE_COLLECT_NOTHING, false)) {
        return 0;
    }
    if (lies(WR_LIE_COLLECT_MORE, false)) {
        return __real_weir_gc_collect(generation) + 1;
    }
    return __real_weir_gc_collect(generation);
}

WRAP(int, weir_memory_stats, weir_memory *out)
{
    int error = __real_weir_memory_stats(out);

    if (error == 0 && lies(WR_LIE_MEMORY_HIGH, false)) {
        out->arenas *= 1000;
        out->objects *= 1000;
    }
    return error;
}

WRAP(ssize_t, send, int fd, const void *bytes, size_t n, int flags)
{
    if (lies(WR_LIE_SEND_TWICE, false)) {
        (void)__real_send(fd, bytes, n, flags);
    }
    return __real_send(fd, bytes, n, flags);
}

WRAP(ssize_t, recv, int fd, void *bytes, size_t n, int flags)
{
    ssize_t got;

    if (lies(WR_LIE_RECV_NOTHING, false)) {
        return 0;
    }
    got = __real_recv(fd, bytes, n, flags);
    if (got > 0 && lies(WR_LIE_RECV_FLIPPED, false)) {
        *(unsigned char *)bytes ^= 1;
    }
    return got;
}
