/* SPDX-License-Identifier: MIT */
/*
 * object/immortal.c - a bump allocator over pages that are never freed alone.
 */
#include "object/immortal.h"

#include "base/mem.h"
#include "base/mutex.h"

#include <sys/mman.h>

enum { CHUNK_BYTES = 256 * 1024, ALIGNMENT = 16 };

/* Heads each mapping. */
struct chunk {
    struct chunk *next;
    size_t bytes;
};

static struct wr_mutex lock = WR_MUTEX_INIT(WR_RANK_LEAF);
/* [lock: lock] */
static struct chunk *chunks;
/* [lock: lock] bytes of the newest chunk handed out */
static size_t taken;

static struct chunk *
map_chunk(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct chunk *chunk = memory;

    if (memory == MAP_FAILED) {
        return NULL;
    }
    chunk->bytes = bytes;
    return chunk;
}

void *
wr_immortal_alloc(size_t size)
{
    void *result = NULL;

    if (size > SIZE_MAX / 2 || wr_fault_hit()) {
        return NULL;
    }
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    wr_mutex_lock(&lock);
    if (chunks == NULL || chunks->bytes - taken < size) {
        size_t bytes = size + sizeof(struct chunk);
        struct chunk *chunk;

        bytes = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
        chunk = map_chunk(bytes);
        if (chunk == NULL) {
            goto out_unlock;
        }
        chunk->next = chunks;
        chunks = chunk;
        taken = sizeof(struct chunk);
    }
    result = (char *)chunks + taken;
    taken += size;
out_unlock:
    wr_mutex_unlock(&lock);
    return result;
}

void
wr_immortal_stop(void)
{
    wr_mutex_lock(&lock);
    while (chunks != NULL) {
        struct chunk *chunk = chunks;

        chunks = chunk->next;
        (void)munmap(chunk, chunk->bytes);
    }
    wr_mutex_unlock(&lock);
}

void
wr_immortal_init(weir_object *o, uint32_t meta)
{
    o->meta = meta;
    o->flags = 0;
    o->lock = 0;
    o->owner = WR_OWNER_IMMORTAL;
    o->count = WR_IMMORTAL_COUNT;
}

_Static_assert(sizeof(struct chunk) % ALIGNMENT == 0, "objects stay aligned");

void
wr_immortal_fork_lock(void)
{
    wr_mutex_fork_lock(&lock);
}

void
wr_immortal_fork_unlock(void)
{
    wr_mutex_fork_unlock(&lock);
}
