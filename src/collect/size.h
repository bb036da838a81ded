/* SPDX-License-Identifier: MIT */
/*
 * collect/size.h - what an object occupies.
 */
#ifndef WR_COLLECT_SIZE_H
#define WR_COLLECT_SIZE_H

#include <stddef.h>

#include <weir/size.h>

/*
 * Bytes of the block of o and of the array or table it owns.
 * Caller: world stopped, or holds the object's lock.
 */
size_t wr_size_bytes(weir_object *o);

#endif
