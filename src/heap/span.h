/* SPDX-License-Identifier: MIT */
/*
 * heap/span.h - one block larger than the largest class: whole pools.
 */
#ifndef WEIR_HEAP_SPAN_H
#define WEIR_HEAP_SPAN_H

#include "heap/heap.h"

/*
 * A block of at least `bytes` bytes in pools of its own, bytes 0..15 zero.
 * NULL if out of memory.  Caller: owns `heap`.
 */
void *wr_span_alloc(struct wr_heap *heap, unsigned space, size_t bytes);

/* Take it back; any thread's.  p: its first pool.  Caller: owns `heap`. */
void wr_span_free(struct wr_heap *heap, struct wr_pool *p);

#endif
