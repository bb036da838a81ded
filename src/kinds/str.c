/* SPDX-License-Identifier: MIT */
/*
 * kinds/str.c - strings of bytes, and the table of the interned ones.
 *
 * Interned strings are immortal, so the table only ever grows and an entry
 * never moves out of it: open addressing with linear probing, at most half
 * full, under one mutex.  Their hash is stored when they are made, so nobody
 * writes to them later.
 *
 * [inv:str.interned-once] No two strings in the table have equal bytes.
 */
#include "kinds/str.h"

#include "base/mem.h"
#include "base/mutex.h"
#include "kinds/hash.h"
#include "kinds/kinds.h"
#include "object/immortal.h"

#include <string.h>

enum { FIRST_CAPACITY = 256 };

static struct wr_mutex lock = WR_MUTEX_INIT(WR_RANK_KINDS);
/* [lock: lock] NULL: free */
static struct wr_str **slots;
/* [lock: lock] a power of two, or 0 */
static size_t capacity;
/* [lock: lock] */
static size_t interned;

int
wr_str_start(void)
{
    struct wr_str **fresh = wr_mem_calloc(FIRST_CAPACITY, sizeof(*fresh));

    if (fresh == NULL) {
        return WEIR_ENOMEM;
    }
    wr_mutex_lock(&lock);
    slots = fresh;
    capacity = FIRST_CAPACITY;
    interned = 0;
    wr_mutex_unlock(&lock);
    return WEIR_OK;
}

void
wr_str_stop(void)
{
    wr_mutex_lock(&lock);
    wr_mem_free(slots);
    slots = NULL;
    capacity = 0;
    interned = 0;
    wr_mutex_unlock(&lock);
}

size_t
wr_str_interned(void)
{
    size_t n;

    wr_mutex_lock(&lock);
    n = interned;
    wr_mutex_unlock(&lock);
    return n;
}

static int
check_bytes(const char *bytes, size_t length)
{
    if (bytes == NULL && length != 0) {
        return WEIR_EINVAL;
    }
    return length > WEIR_STR_MAX ? WEIR_ELIMIT : WEIR_OK;
}

/* Bytes of a string object of that length, the NUL included. */
static inline size_t
object_size(size_t length)
{
    return sizeof(struct wr_str) + length + 1;
}

/* The fields around the bytes; hash 0: not known yet. */
static inline void
set_fields(struct wr_str *s, size_t length, uint64_t hash)
{
    s->length = length;
    wr_store_relaxed(&s->hash, hash);
    s->bytes[length] = '\0';
}

struct wr_str *
wr_str_alloc(size_t length)
{
    struct wr_str *s;

    WEIR_ASSERT(length <= WEIR_STR_MAX);
    s = (struct wr_str *)(void *)wr_builtin_alloc(wr_self(), WR_META_STR,
                                                  object_size(length));
    if (wr_likely(s != NULL)) {
        set_fields(s, length, 0);
    }
    return s;
}

weir_object *
weir_str_new(const char *bytes, size_t length)
{
    WR_SITE();
    int error = check_bytes(bytes, length);
    struct wr_str *s;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    s = wr_str_alloc(length);
    if (wr_unlikely(s == NULL)) {
        return NULL;
    }
    if (length != 0) {
        memcpy(s->bytes, bytes, length);
    }
    wr_ref_init(&s->base);
    return &s->base;
}

weir_object *
weir_str_from(const char *text)
{
    WR_SITE();
    if (wr_unlikely(text == NULL)) {
        return wr_fail(WEIR_EINVAL);
    }
    return weir_str_new(text, strlen(text));
}

/* The slot of the interned string with these bytes, or the free one where it
 * belongs.  Ends: the table is at most half full. */
static struct wr_str **
find_locked(const char *bytes, size_t length, uint64_t hash)
{
    size_t i = (size_t)hash & (capacity - 1);

    while (slots[i] != NULL) {
        const struct wr_str *s = slots[i];

        if (s->hash == hash && s->length == length &&
            (length == 0 || memcmp(s->bytes, bytes, length) == 0)) {
            break;
        }
        i = (i + 1) & (capacity - 1);
    }
    return &slots[i];
}

/* Double the table; false without memory, and then nothing has changed. */
static bool
grow_locked(void)
{
    struct wr_str **old = slots;
    size_t n = capacity;
    struct wr_str **fresh = wr_mem_calloc(n * 2, sizeof(*fresh));

    if (fresh == NULL) {
        return false;
    }
    slots = fresh;
    capacity = n * 2;
    for (size_t i = 0; i < n; i++) {
        if (old[i] != NULL) {
            struct wr_str *s = old[i];

            *find_locked(s->bytes, (size_t)s->length, s->hash) = s;
        }
    }
    wr_mem_free(old);
    return true;
}

static struct wr_str *
intern_locked(const char *bytes, size_t length, uint64_t hash)
{
    struct wr_str **slot = find_locked(bytes, length, hash);
    struct wr_str *s = *slot;

    if (s != NULL) {
        return s;
    }
    if (interned >= capacity / 2) {
        if (!grow_locked()) {
            return NULL;
        }
        slot = find_locked(bytes, length, hash);
    }
    s = wr_immortal_alloc(object_size(length));
    if (s == NULL) {
        return NULL;
    }
    wr_immortal_init(&s->base, WR_META_STR);
    set_fields(s, length, hash);
    if (length != 0) {
        memcpy(s->bytes, bytes, length);
    }
    *slot = s;
    interned++;
    return s;
}

weir_object *
weir_str_intern(const char *bytes, size_t length)
{
    int error = check_bytes(bytes, length);
    struct wr_str *s;
    uint64_t hash;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    hash = wr_hash_bytes(bytes, length);
    wr_mutex_lock(&lock);
    s = intern_locked(bytes, length, hash);
    wr_mutex_unlock(&lock);
    return s != NULL ? &s->base : wr_fail(WEIR_ENOMEM);
}

const char *
weir_str_data(const weir_object *o, size_t *length)
{
    int error = wr_check_kind(o, WR_META_STR);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (length != NULL) {
        *length = (size_t)wr_str_of(o)->length;
    }
    return wr_str_of(o)->bytes;
}

bool
weir_is_str(const weir_object *o)
{
    return wr_check_kind(o, WR_META_STR) == WEIR_OK;
}

void
wr_str_fork_lock(void)
{
    wr_mutex_fork_lock(&lock);
}

void
wr_str_fork_unlock(void)
{
    wr_mutex_fork_unlock(&lock);
}
