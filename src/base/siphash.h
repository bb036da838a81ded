/* SPDX-License-Identifier: MIT */
/*
 * base/siphash.h - SipHash-1-3 (Aumasson and Bernstein): the hash of bytes.
 */
#ifndef WEIR_BASE_SIPHASH_H
#define WEIR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hash size bytes under a 128-bit key.  The result is the same on machines of
 * either byte order.  data may be NULL when size is 0.
 */
uint64_t wr_siphash13(const uint64_t key[2], const void *data, size_t size);

#endif
