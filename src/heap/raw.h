/* SPDX-License-Identifier: MIT */
/*
 * heap/raw.h - memory without a header: item arrays and tables.
 *
 * The one idea: the caller knows the size, so none is stored.  Up to 32 KiB
 * it comes from the caller's pools, above that from the C library, where
 * growing in place is cheap.  In checker mode all of it comes from the C
 * library, so that Valgrind and AddressSanitizer see every buffer.
 */
#ifndef WEIR_HEAP_RAW_H
#define WEIR_HEAP_RAW_H

#include "heap/heap.h"

/*
 * `size` bytes, aligned to 16, undefined.  NULL if out of memory.
 *
 * Caller: owns `heap`, as for all calls here.
 */
void *wr_raw_alloc(struct wr_heap *heap, size_t size);

/*
 * Change the size of p, which has old_size bytes, to new_size, keeping what
 * fits.  p may be NULL (old_size is ignored).  NULL if out of memory: p is
 * untouched then.
 */
void *wr_raw_realloc(struct wr_heap *heap, void *p, size_t old_size,
                     size_t new_size);

/*
 * Give p back, `size` as it was allocated (any size of the same
 * wr_raw_round() will do); from any thread.  NULL is fine.
 */
void wr_raw_free(struct wr_heap *heap, void *p, size_t size);

/*
 * The same for a thread that has no heap, and without the size: a block of a
 * pool goes to its owner as a remote free.  Any thread, attached or not.
 */
void wr_raw_free_foreign(void *p);

/* Bytes of a buffer as wr_heap_get_stats() counts them.  Caller: owns p, or the
 * world is stopped. */
size_t wr_raw_bytes(const void *p);

/*
 * How many bytes a request of `size` could use at no extra cost.  Asking for
 * that many and freeing that many is fine.
 */
static inline size_t
wr_raw_round(size_t size)
{
    return size > WR_BLOCK_MAX ? size : wr_class_bytes(wr_class_of(size));
}

/* Bytes of the buffers that come from the C library now.  Any thread. */
size_t wr_raw_large_bytes(void);

/* Free them all.  Caller: wr_heap_stop(). */
void wr_raw_stop(void);

#endif
