/* SPDX-License-Identifier: MIT */
/*
 * base/lot.c - the parking lot's table.
 *
 * A fixed number of buckets, each a FIFO list of waiters that live on their
 * own stacks; nothing is allocated.  Addresses that share a bucket only share
 * its mutex.
 */
#include "base/lot.h"

#include <stdint.h>

#include "base/mutex.h"
#include "base/park.h"

enum { BUCKET_BITS = 8, BUCKETS = 1 << BUCKET_BITS };

struct waiter { /* SHARED */
    /* [inner] */
    struct wr_parker parker;

    /* [const] */
    const void *addr;

    /* [lock: bucket] */
    struct waiter *next;
};

struct bucket { /* SHARED */
    /* [inner] WR_RANK_LOT; protects the list */
    _Alignas(64) struct wr_mutex mutex;

    /* [lock: mutex] longest sleeper first */
    struct waiter *head;

    /* [lock: mutex] meaningless while head is NULL */
    struct waiter *tail;
};

#define BUCKET_INIT                                                            \
    {                                                                          \
        .mutex = WR_MUTEX_INIT(WR_RANK_LOT)                                    \
    }

static struct bucket buckets[BUCKETS] = {
    [0 ... BUCKETS - 1] = BUCKET_INIT,
};

static struct bucket *
bucket_of(const void *addr)
{
    uint64_t hash = (uint64_t)(uintptr_t)addr * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> (64 - BUCKET_BITS)];
}

/* Take a waiter out of the list, whose predecessor is known. */
static void
unlink_locked(struct bucket *bucket, struct waiter *before,
              const struct waiter *waiter)
{
    if (before == NULL) {
        bucket->head = waiter->next;
    } else {
        before->next = waiter->next;
    }
    if (bucket->tail == waiter) {
        bucket->tail = before;
    }
}

/* Become a waiter, if validate says so. */
static bool
enqueue(struct bucket *bucket, struct waiter *self, bool (*validate)(void *ctx),
        void *ctx)
{
    wr_parker_init(&self->parker);
    wr_mutex_lock(&bucket->mutex);
    if (!validate(ctx)) {
        wr_mutex_unlock(&bucket->mutex);
        return false;
    }
    if (bucket->head == NULL) {
        bucket->head = self;
    } else {
        bucket->tail->next = self;
    }
    bucket->tail = self;
    wr_mutex_unlock(&bucket->mutex);
    return true;
}

bool
wr_lot_park(const void *addr, bool (*validate)(void *ctx), void *ctx)
{
    struct waiter self = {.addr = addr};

    if (!enqueue(bucket_of(addr), &self, validate, ctx)) {
        return false;
    }
    wr_park(&self.parker);
    return true;
}

/* Take one waiter out of the list; false if it is not there any more. */
static bool
dequeue(struct bucket *bucket, const struct waiter *self)
{
    struct waiter *before = NULL;
    struct waiter *at;

    wr_mutex_lock(&bucket->mutex);
    for (at = bucket->head; at != NULL && at != self; at = at->next) {
        before = at;
    }
    if (at != NULL) {
        unlink_locked(bucket, before, at);
    }
    wr_mutex_unlock(&bucket->mutex);
    return at != NULL;
}

bool
wr_lot_park_until(const void *addr, bool (*validate)(void *ctx), void *ctx,
                  uint64_t deadline_ns)
{
    struct bucket *bucket = bucket_of(addr);
    struct waiter self = {.addr = addr};

    if (!enqueue(bucket, &self, validate, ctx)) {
        return false;
    }
    if (wr_park_until(&self.parker, deadline_ns)) {
        return true;
    }
    if (dequeue(bucket, &self)) {
        return false;
    }
    /* Chosen just now: the token is on its way to this stack frame. */
    wr_park(&self.parker);
    return true;
}

/*
 * Take the first waiter for addr out of the list, or NULL.
 */
static struct waiter *
take_first_locked(struct bucket *bucket, const void *addr)
{
    struct waiter *before = NULL;
    struct waiter *found = bucket->head;

    while (found != NULL && found->addr != addr) {
        before = found;
        found = found->next;
    }
    if (found == NULL) {
        return NULL;
    }
    unlink_locked(bucket, before, found);
    return found;
}

static bool
any_locked(const struct waiter *waiter, const void *addr)
{
    while (waiter != NULL && waiter->addr != addr) {
        waiter = waiter->next;
    }
    return waiter != NULL;
}

size_t
wr_lot_unpark_one(const void *addr,
                  void (*before)(void *ctx, bool found, bool more), void *ctx)
{
    struct bucket *bucket = bucket_of(addr);

    wr_mutex_lock(&bucket->mutex);
    struct waiter *waiter = take_first_locked(bucket, addr);
    bool more = waiter != NULL && any_locked(waiter->next, addr);
    if (before != NULL) {
        before(ctx, waiter != NULL, more);
    }
    wr_mutex_unlock(&bucket->mutex);
    if (waiter == NULL) {
        return 0;
    }
    /* The waiter's stack frame lives until it has the token. */
    wr_unpark(&waiter->parker);
    return 1;
}

void
wr_lot_fork_lock(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        wr_mutex_fork_lock(&buckets[i].mutex);
    }
}

void
wr_lot_fork_unlock(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        wr_mutex_fork_unlock(&buckets[i].mutex);
    }
}

void
wr_lot_fork_child(void)
{
    /* The waiters stood on stacks of threads that do not exist here. */
    for (size_t i = 0; i < BUCKETS; i++) {
        buckets[i].head = NULL;
    }
}
