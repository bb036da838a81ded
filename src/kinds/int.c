/* SPDX-License-Identifier: MIT */
/*
 * kinds/int.c - signed 64-bit integers.
 *
 * The small ones stand side by side in immortal memory, so a small value is
 * turned into its object by arithmetic, and its count is never written.
 */
#include "kinds/int.h"

#include "kinds/kinds.h"
#include "object/immortal.h"

enum { SMALL_COUNT = WEIR_INT_SMALL_MAX - WEIR_INT_SMALL_MIN + 1 };

/* Padded, so that every object is aligned to 16. */
struct small_int {
    struct wr_int object;
    uint64_t unused;
};

_Static_assert(sizeof(struct small_int) == 32, "small ints are 32 bytes apart");

/* [const] after start */
static struct small_int *small_ints;

int
wr_int_start(void)
{
    struct small_int *ints = wr_immortal_alloc(SMALL_COUNT * sizeof(*ints));

    if (ints == NULL) {
        return WEIR_ENOMEM;
    }
    for (size_t i = 0; i < SMALL_COUNT; i++) {
        wr_immortal_init(&ints[i].object.base, WR_META_INT);
        ints[i].object.value = (int64_t)i + WEIR_INT_SMALL_MIN;
    }
    small_ints = ints;
    return WEIR_OK;
}

void
wr_int_stop(void)
{
    small_ints = NULL;
}

weir_object *
weir_int_new(int64_t value)
{
    WR_SITE();
    uint64_t place = (uint64_t)value - (uint64_t)(int64_t)WEIR_INT_SMALL_MIN;
    weir_object *o;

    if (place < SMALL_COUNT) {
        return &small_ints[place].object.base;
    }
    o = wr_builtin_alloc(wr_self(), WR_META_INT, sizeof(struct wr_int));
    if (wr_likely(o != NULL)) {
        ((struct wr_int *)(void *)o)->value = value;
        wr_ref_init(o);
    }
    return o;
}

int
weir_int_value(const weir_object *o, int64_t *value)
{
    int error = wr_check_kind(o, WR_META_INT);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(value == NULL)) {
        return WEIR_EINVAL;
    }
    *value = wr_int_value(o);
    return WEIR_OK;
}

bool
weir_is_int(const weir_object *o)
{
    return wr_check_kind(o, WR_META_INT) == WEIR_OK;
}
