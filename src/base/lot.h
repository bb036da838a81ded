/* SPDX-License-Identifier: MIT */
/*
 * base/lot.h - the parking lot: wait queues for locks too small to have one.
 *
 * The one idea: a lock that is a byte inside an object keeps its sleepers in a
 * global table, hashed by address (WebKit's ParkingLot).  The bucket's mutex
 * makes "look at the byte, then sleep" one step against "change the byte, then
 * wake".
 *
 * Progress: sleepers on one address are woken in the order they came.
 */
#ifndef WEIR_BASE_LOT_H
#define WEIR_BASE_LOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sleep on an address.
 *
 * validate(ctx) runs under the bucket's mutex: it says whether sleeping is
 * still right (the byte still says "held, and somebody waits").  It must not
 * sleep or take a mutex.
 *
 * Caller: holds no mutex of rank WR_RANK_LOT or above; detached, since it may
 * sleep for as long as the lock is held.
 * Returns false at once when validate said no; true after a wake-up.
 */
bool wr_lot_park(const void *addr, bool (*validate)(void *ctx), void *ctx);

/*
 * The same until wr_clock_ns() reaches deadline_ns: false also when the time
 * was up.
 */
bool wr_lot_park_until(const void *addr, bool (*validate)(void *ctx), void *ctx,
                       uint64_t deadline_ns);

/*
 * Wake the longest sleeper on an address.
 *
 * before(ctx, found, more) runs under the bucket's mutex, after a sleeper was
 * chosen and before it wakes: there the caller changes the byte, knowing
 * whether a sleeper was found and whether another one stays.  NULL: nothing.
 *
 * Returns the number of sleepers woken, 0 or 1.
 */
size_t wr_lot_unpark_one(const void *addr,
                         void (*before)(void *ctx, bool found, bool more),
                         void *ctx);

/*
 * Around a fork: take all buckets, and give them back on both sides.  In the
 * child the sleepers are gone; forget them, before the buckets are given back.
 */
void wr_lot_fork_lock(void);
void wr_lot_fork_unlock(void);
void wr_lot_fork_child(void);

#endif
