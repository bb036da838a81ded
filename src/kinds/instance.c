/* SPDX-License-Identifier: MIT */
/*
 * kinds/instance.c - objects with fixed slots, and their types.
 *
 * Making a small instance is the hottest thing a program does here, so it is
 * a pop from a free list and a few stores: the type has all constants ready.
 * A new instance is nobody else's.
 *
 * [inv:instance.one-step] A slot changes in one step and what it held is
 * dropped after that: so no lock is needed, and a finalizer may use the
 * instance.
 */
#include "kinds/instance.h"

#include "object/slot.h"

#include <string.h>

/* Slots that the smallest block has room for; object/layout.h wants the first
 * one set even if the type has none. */
enum { SLOTS_MIN = (WR_BLOCK_MIN - sizeof(weir_object)) / sizeof(void *) };

_Static_assert(SLOTS_MIN == 2, "an instance with two slots is 32 bytes");
_Static_assert(sizeof(weir_object) +
                       (WEIR_INSTANCE_SLOTS_MAX + 1) * sizeof(void *) <=
                   WR_BLOCK_MAX,
               "every instance is a block");

weir_type *
weir_instance_type(const char *name, uint32_t nslots, uint32_t flags,
                   weir_finalize_fn finalize, void *data)
{
    bool has_attrs = (flags & WEIR_TYPE_ATTRS) != 0;
    struct wr_type_spec spec = {.name = name,
                                .kind = WR_KIND_INSTANCE,
                                .collectable = true,
                                .has_attrs = has_attrs,
                                .finalize = finalize,
                                .data = data};
    const uint32_t known = WEIR_TYPE_ATTRS | WEIR_TYPE_LEGACY_FINALIZER;
    struct weir_type *type;
    size_t room;
    int error = WEIR_OK;

    spec.legacy = (flags & WEIR_TYPE_LEGACY_FINALIZER) != 0;
    if (name == NULL || (flags & ~known) != 0) {
        return wr_fail(WEIR_EINVAL);
    }
    if (nslots > WEIR_INSTANCE_SLOTS_MAX) {
        return wr_fail(WEIR_ELIMIT);
    }
    spec.nslots = nslots + (has_attrs ? 1U : 0U);
    room = spec.nslots > SLOTS_MIN ? spec.nslots : SLOTS_MIN;
    spec.size = sizeof(weir_object) + room * sizeof(weir_object *);
    type = wr_type_new(&spec, &error);
    return type != NULL ? type : wr_fail(error);
}

int64_t
weir_instance_slots(const weir_type *type)
{
    if (type == NULL) {
        return WEIR_EINVAL;
    }
    if ((type->meta & 0xffU) != WR_KIND_INSTANCE) {
        return WEIR_ETYPE;
    }
    return (int64_t)wr_type_slots(type);
}

bool
weir_is_instance(const weir_object *o)
{
    return wr_check_instance(o) == WEIR_OK;
}

/* Why the type cannot be instantiated, or 0. */
static inline int
check_type(const weir_type *type)
{
    if (wr_unlikely(type == NULL)) {
        return WEIR_EINVAL;
    }
    return wr_likely((type->meta & 0xffU) == WR_KIND_INSTANCE) ? WEIR_OK
                                                               : WEIR_ETYPE;
}

/* instance_alloc() for more slots than the smallest block has room for. */
static struct wr_instance *__attribute__((noinline))
instance_alloc_large(const struct weir_type *type)
{
    weir_object *o = wr_object_alloc(wr_self(), type, WR_SPACE_GC, type->size);

    if (wr_likely(o != NULL)) {
        memset(wr_instance_of(o)->slots, 0,
               type->nslots * sizeof(weir_object *));
    }
    return wr_instance_of(o);
}

/*
 * A block for an instance with all slots empty; its count is still zero.  The
 * smallest block is a case of its own, since a constant size needs no size
 * class to be computed.
 */
static inline struct wr_instance *
instance_alloc(const struct weir_type *type)
{
    struct wr_instance *instance;

    if (wr_unlikely(type->size != WR_BLOCK_MIN)) {
        return instance_alloc_large(type);
    }
    instance = wr_instance_of(
        wr_object_alloc(wr_self(), type, WR_SPACE_GC, WR_BLOCK_MIN));
    if (wr_likely(instance != NULL)) {
        instance->slots[0] = NULL;
        instance->slots[1] = NULL;
    }
    return instance;
}

/*
 * A pair with its header filled but for the count and its slots undefined,
 * if that is a handful of instructions, else NULL.
 */
static inline struct wr_instance *
pair_alloc_quick(const struct weir_type *type)
{
    struct wr_instance *pair;

    if (wr_unlikely(type == NULL || (type->init_flags & WR_FLAG_PAIR) == 0)) {
        return NULL;
    }
    pair = wr_heap_alloc_quick(wr_self()->heap, WR_SPACE_GC, WR_BLOCK_MIN);
    if (wr_likely(pair != NULL)) {
        wr_site_note(&pair->base);
        pair->base.meta = type->meta;
        wr_store_relaxed(&pair->base.flags, type->init_flags);
    }
    return pair;
}

/* weir_instance_new() in all other cases; out of line, so that a pair needs no
 * stack frame. */
static weir_object *__attribute__((noinline)) new_slow(weir_type *type)
{
    struct wr_instance *instance;
    int error = check_type(type);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    instance = instance_alloc(type);
    if (wr_unlikely(instance == NULL)) {
        return NULL;
    }
    wr_ref_init(&instance->base);
    return &instance->base;
}

weir_object *
weir_instance_new(weir_type *type)
{
    WR_SITE();
    struct wr_instance *pair = pair_alloc_quick(type);

    if (wr_unlikely(pair == NULL)) {
        return new_slow(type);
    }
    pair->slots[0] = NULL;
    pair->slots[1] = NULL;
    wr_ref_init(&pair->base);
    return &pair->base;
}

/* What weir_instance_make() could not use. */
static weir_object *
refuse(int error, size_t n, weir_object *const values[])
{
    for (size_t i = 0; values != NULL && i < n; i++) {
        weir_xdecref(values[i]);
    }
    return wr_fail(error);
}

/* weir_instance_make() in all other cases. */
static weir_object *__attribute__((noinline))
make_slow(weir_type *type, size_t n, weir_object *const values[])
{
    struct wr_instance *instance;
    int error = check_type(type);

    if (error == WEIR_OK && values == NULL && n != 0) {
        error = WEIR_EINVAL;
    }
    if (error == WEIR_OK && n > wr_type_slots(type)) {
        error = WEIR_ERANGE;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return refuse(error, n, values);
    }
    instance = instance_alloc(type);
    if (wr_unlikely(instance == NULL)) {
        return refuse(WEIR_ENOMEM, n, values);
    }
    for (size_t i = 0; i < n; i++) {
        instance->slots[i] = values[i];
    }
    wr_ref_init(&instance->base);
    return &instance->base;
}

weir_object *
weir_instance_make(weir_type *type, size_t n, weir_object *const values[])
{
    WR_SITE();
    struct wr_instance *pair;

    wr_check_alive_each(n, values);
    /* A type with hidden or fewer slots takes the slow way. */
    if (wr_unlikely(n != 2 || values == NULL || type == NULL ||
                    type->nslots != 2 || type->has_attrs)) {
        return make_slow(type, n, values);
    }
    pair = pair_alloc_quick(type);
    if (wr_unlikely(pair == NULL)) {
        return make_slow(type, n, values);
    }
    pair->slots[0] = values[0];
    pair->slots[1] = values[1];
    wr_ref_init(&pair->base);
    return &pair->base;
}

/* Why slot i of o cannot be used, or 0. */
static inline int
check_slot(const weir_object *o, size_t i)
{
    int error = wr_check_instance(o);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return wr_likely(i < wr_type_slots(wr_type_of(o))) ? WEIR_OK : WEIR_ERANGE;
}

weir_object *
weir_instance_get(weir_object *o, size_t i)
{
    int error = check_slot(o, i);
    weir_object *value = NULL;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    /* Ends: in each turn but the last the slot has got another value. */
    while (wr_unlikely(!wr_slot_read(&wr_instance_of(o)->slots[i], &value))) {
        wr_cpu_relax();
    }
    return wr_likely(value != NULL) ? value : wr_fail(WEIR_ENOKEY);
}

weir_object *
weir_instance_borrow(weir_object *o, size_t i)
{
    int error = check_slot(o, i);
    weir_object *value;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    value = wr_instance_of(o)->slots[i];
    return wr_likely(value != NULL) ? value : wr_fail(WEIR_ENOKEY);
}

/*
 * Put a reference in a slot and take out what was there, in one step: two
 * threads that do so each get what is theirs.  [pair:slot/rel]
 */
static inline weir_object *
exchange(weir_object **slot, weir_object *value)
{
    return wr_cfg_locked_objects ? wr_exchange_acq_rel(slot, value)
                                 : wr_slot_swap(slot, value);
}

int
weir_instance_set(weir_object *o, size_t i, weir_object *value)
{
    int error = check_slot(o, i);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (value != NULL) {
        weir_incref(value);
    }
    weir_xdecref(exchange(&wr_instance_of(o)->slots[i], value));
    return WEIR_OK;
}

int
weir_instance_swap(weir_object *o, size_t i, weir_object *value,
                   weir_object **old)
{
    int error = check_slot(o, i);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(old == NULL)) {
        return WEIR_EINVAL;
    }
    if (value != NULL) {
        weir_incref(value);
    }
    *old = exchange(&wr_instance_of(o)->slots[i], value);
    return WEIR_OK;
}
