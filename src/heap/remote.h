/* SPDX-License-Identifier: MIT */
/*
 * heap/remote.h - blocks freed by a thread that does not own their pool.
 */
#ifndef WEIR_HEAP_REMOTE_H
#define WEIR_HEAP_REMOTE_H

#include "heap/pool.h"

/*
 * Hand a chain of blocks of one SMALL pool to the pool's owner.  first..last
 * are linked already; last's link is overwritten.  After this the caller must
 * not touch blocks nor pool.  Any thread.
 */
void wr_remote_push(struct wr_pool *p, void *first, void *last);

#endif
