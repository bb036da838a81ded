/* SPDX-License-Identifier: MIT */
/*
 * heap/raw.c - small buffers from pools, large ones from the C library.
 *
 * The large ones are linked, so that stopping the heap gives back those whose
 * owners are still alive.
 */
#include "heap/raw.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutex.h"
#include "heap/checker.h"
#include "heap/heap_internal.h"
#include "heap/remote.h"

/* In front of a buffer from the C library. */
struct large { /* SHARED */
    /* [lock: large_lock] */
    struct large *next;
    /* [lock: large_lock] */
    struct large *prev;
    /* [lock: large_lock] as requested */
    size_t size;
    /* [const] keeps the buffer aligned */
    size_t unused;
};

_Static_assert(sizeof(struct large) % 16 == 0, "buffers are aligned");

static struct wr_mutex large_lock = WR_MUTEX_INIT(WR_RANK_LEAF);
/* [lock: large_lock] */
static struct large *larges;
/* [lock: large_lock] sum of their sizes */
static size_t larges_bytes;

static void
link_large(struct wr_heap *heap, struct large *large, size_t size)
{
    wr_mutex_lock(&large_lock);
    large->size = size;
    large->prev = NULL;
    large->next = larges;
    if (larges != NULL) {
        larges->prev = large;
    }
    larges = large;
    larges_bytes += size;
    wr_mutex_unlock(&large_lock);
    wr_trigger_add_bytes(heap->pending, (int64_t)size);
}

static void
unlink_large(struct large *large)
{
    wr_trigger_add_bytes(NULL, -(int64_t)large->size);
    wr_mutex_lock(&large_lock);
    larges_bytes -= large->size;
    if (large->prev != NULL) {
        large->prev->next = large->next;
    } else {
        larges = large->next;
    }
    if (large->next != NULL) {
        large->next->prev = large->prev;
    }
    wr_mutex_unlock(&large_lock);
}

static void *
large_alloc(struct wr_heap *heap, size_t size)
{
    struct large *large = NULL;

    if (size <= SIZE_MAX - sizeof(*large)) {
        large = wr_mem_alloc(sizeof(*large) + size);
    }
    if (large == NULL) {
        return NULL;
    }
    link_large(heap, large, size);
    return large + 1;
}

static void *
large_realloc(struct wr_heap *heap, void *p, size_t size)
{
    struct large *old = (struct large *)p - 1;
    struct large *grown = NULL;

    unlink_large(old);
    if (size <= SIZE_MAX - sizeof(*old)) {
        grown = wr_mem_realloc(old, sizeof(*old) + size);
    }
    if (grown == NULL) {
        link_large(heap, old, old->size);
        return NULL;
    }
    link_large(heap, grown, size);
    return grown + 1;
}

static void
large_free(void *p)
{
    struct large *large = (struct large *)p - 1;

    unlink_large(large);
    wr_mem_free(large);
}

size_t
wr_raw_large_bytes(void)
{
    size_t bytes;

    wr_mutex_lock(&large_lock);
    bytes = larges_bytes;
    wr_mutex_unlock(&large_lock);
    return bytes;
}

void
wr_raw_stop(void)
{
    /* Ends: each turn frees one. */
    while (larges != NULL) {
        large_free(larges + 1);
    }
}

/* Which of the two a size comes from. */
static inline bool
in_pools(size_t size)
{
    return size <= WR_BLOCK_MAX && !wr_checker_on;
}

void *
wr_raw_alloc(struct wr_heap *heap, size_t size)
{
    return in_pools(size) ? wr_heap_alloc(heap, WR_SPACE_RAW, size)
                          : large_alloc(heap, size);
}

void *
wr_raw_realloc(struct wr_heap *heap, void *p, size_t old_size, size_t new_size)
{
    if (p == NULL) {
        return wr_raw_alloc(heap, new_size);
    }
    if (!in_pools(old_size) && !in_pools(new_size)) {
        return large_realloc(heap, p, new_size);
    }
    if (in_pools(old_size) && in_pools(new_size) &&
        wr_class_of(old_size) == wr_class_of(new_size)) {
        return p;
    }
    void *grown = wr_raw_alloc(heap, new_size);
    if (grown == NULL) {
        return NULL;
    }
    memcpy(grown, p, old_size < new_size ? old_size : new_size);
    wr_raw_free(heap, p, old_size);
    return grown;
}

void
wr_raw_free(struct wr_heap *heap, void *p, size_t size)
{
    if (p == NULL) {
        return;
    }
    if (in_pools(size)) {
        wr_heap_free(heap, p);
    } else {
        large_free(p);
    }
}

void
wr_raw_free_foreign(void *p)
{
    if (wr_in_region(p)) {
        wr_remote_push(wr_pool_of(p), p, p);
    } else {
        large_free(p);
    }
}

size_t
wr_raw_bytes(const void *p)
{
    if (wr_in_region(p)) {
        return wr_pool_block_bytes(wr_pool_of(p));
    }
    return ((const struct large *)p - 1)->size;
}

void
wr_raw_fork_lock(void)
{
    wr_mutex_fork_lock(&large_lock);
}

void
wr_raw_fork_unlock(void)
{
    wr_mutex_fork_unlock(&large_lock);
}
