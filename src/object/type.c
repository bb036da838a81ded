/* SPDX-License-Identifier: MIT */
/*
 * object/type.c - making types.
 */
#include "object/type.h"

#include "base/mutex.h"
#include "heap/heap.h"
#include "object/immortal.h"

#include <string.h>

struct weir_type *wr_types[WR_TYPES_MAX];

uint32_t wr_types_legacy;

static struct wr_mutex lock = WR_MUTEX_INIT(WR_RANK_TYPES);
/* [lock: lock] */
static uint32_t count;

static const struct wr_type_spec builtins[WR_TYPE_BUILTIN_COUNT] = {
    [WR_TYPE_TYPE] = {.name = "type", .kind = WR_KIND_ATOM},
    [WR_TYPE_INT] = {.name = "int",
                     .kind = WR_KIND_ATOM,
                     .size = sizeof(struct wr_int)},
    [WR_TYPE_STR] = {.name = "str", .kind = WR_KIND_ATOM},
    [WR_TYPE_EMPTY_TUPLE] = {.name = "tuple", .kind = WR_KIND_ATOM},
    [WR_TYPE_TUPLE] = {.name = "tuple",
                       .kind = WR_KIND_TUPLE,
                       .collectable = true},
    [WR_TYPE_LIST] = {.name = "list",
                      .kind = WR_KIND_LIST,
                      .collectable = true,
                      .size = sizeof(struct wr_list)},
    [WR_TYPE_DICT] = {.name = "dict",
                      .kind = WR_KIND_DICT,
                      .collectable = true,
                      .size = sizeof(struct wr_dict)},
    [WR_TYPE_SET] = {.name = "set",
                     .kind = WR_KIND_SET,
                     .collectable = true,
                     .size = sizeof(struct wr_dict)},
    [WR_TYPE_CELL] = {.name = "cell",
                      .kind = WR_KIND_CELL,
                      .collectable = true,
                      .nslots = 1,
                      .size = WR_BLOCK_MIN},
    [WR_TYPE_WEAK] = {.name = "weak",
                      .kind = WR_KIND_WEAK,
                      .collectable = true,
                      .size = sizeof(struct wr_weak)},
};

static void
fill(struct weir_type *type, const struct wr_type_spec *spec, uint32_t index)
{
    wr_immortal_init(&type->base, wr_meta(WR_TYPE_TYPE, WR_KIND_ATOM));
    type->index = index;
    type->meta = wr_meta(index, spec->kind);
    if (spec->collectable) {
        type->init_flags = WR_FLAG_TRACKED;
        type->space = WR_SPACE_GC;
    } else {
        type->space = WR_SPACE_ATOM;
    }
    if (spec->finalize != NULL) {
        type->init_flags |= WR_FLAG_HAS_FINALIZER;
        type->legacy = spec->legacy;
    }
    if (type->legacy) {
        wr_store_relaxed(&wr_types_legacy, 1U);
    }
    if (spec->kind == WR_KIND_WEAK) {
        type->init_flags |= WR_FLAG_HAS_WEAK;
    }
    if ((spec->kind == WR_KIND_INSTANCE || spec->kind == WR_KIND_CELL) &&
        spec->nslots <= 2) {
        type->init_flags |= WR_FLAG_PAIR;
    }
    type->has_attrs = spec->has_attrs;
    type->nslots = spec->nslots;
    type->size = spec->size;
    type->finalize = spec->finalize;
    type->traverse = spec->traverse;
    type->release = spec->release;
    type->data = spec->data;
    memcpy(type->name, spec->name, strlen(spec->name));
}

struct weir_type *
wr_type_new(const struct wr_type_spec *spec, int *error)
{
    struct weir_type *type = NULL;

    if (spec->name == NULL || strlen(spec->name) > WR_TYPE_NAME_MAX) {
        *error = WEIR_EINVAL;
        return NULL;
    }
    wr_mutex_lock(&lock);
    if (count == WR_TYPES_MAX) {
        *error = WEIR_ELIMIT;
        goto out_unlock;
    }
    type = wr_immortal_alloc(sizeof(*type));
    if (type == NULL) {
        *error = WEIR_ENOMEM;
        goto out_unlock;
    }
    fill(type, spec, count);
    wr_types[count] = type;
    count++;
out_unlock:
    wr_mutex_unlock(&lock);
    return type;
}

int
wr_types_start(void)
{
    int error = 0;

    for (size_t i = 0; i < WR_TYPE_BUILTIN_COUNT; i++) {
        if (wr_type_new(&builtins[i], &error) == NULL) {
            wr_types_stop();
            return error;
        }
    }
    return 0;
}

void
wr_types_stop(void)
{
    wr_mutex_lock(&lock);
    memset(wr_types, 0, count * sizeof(struct weir_type *));
    count = 0;
    wr_store_relaxed(&wr_types_legacy, 0U);
    wr_mutex_unlock(&lock);
}

void
wr_types_fork_lock(void)
{
    wr_mutex_fork_lock(&lock);
}

void
wr_types_fork_unlock(void)
{
    wr_mutex_fork_unlock(&lock);
}
