/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/alloc.c - blocks from malloc and from mimalloc.
 *
 * A block has the size of Weir's object and is filled as Weir fills it: a
 * header of 16 bytes, then two empty slots or one number.  There is no count
 * to drop: that is the natural form, and Weir does more work for the same
 * result.  Both allocators are called through a pointer, mimalloc because it
 * is loaded at run time, so that it does not replace malloc for the process.
 */
#include "peer.h"

#include <dlfcn.h>
#include <stdlib.h>

/* ThreadSanitizer does not see how mimalloc, which it did not compile, hands
 * blocks from thread to thread, and would report every one. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define NO_MIMALLOC
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(NO_MIMALLOC)
static const bool can_use_mimalloc = false;
#else
static const bool can_use_mimalloc = true;
#endif

/* Weir's two-slot instance and Weir's int, less the runtime. */
struct instance {
    uint64_t header;
    int64_t count;
    void *slots[2];
};

struct number {
    uint64_t header;
    int64_t count;
    int64_t value;
};

/* One per thread. */
struct churn {
    struct instance **blocks;
    uint32_t *order;
};

static struct instance *
make_instance(const struct wr_peer_allocator *allocator)
{
    struct instance *o = allocator->take(sizeof(struct instance));

    if (o != NULL) {
        o->header = 1;
        o->count = 1;
        o->slots[0] = NULL;
        o->slots[1] = NULL;
        weir_program_keep(o);
    }
    return o;
}

static int
tight(const struct wr_peer_allocator *allocator, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        struct instance *o = make_instance(allocator);

        if (o == NULL) {
            return -1;
        }
        allocator->give(o);
    }
    return 0;
}

static int
tight_int(const struct wr_peer_allocator *allocator, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        struct number *o = allocator->take(sizeof(struct number));

        if (o == NULL) {
            return -1;
        }
        o->header = 1;
        o->count = 1;
        o->value = (int64_t)(i + 1024);
        weir_program_keep(o);
        allocator->give(o);
    }
    return 0;
}

/* Batches, dropped in the order of `order`, or as made when it is NULL. */
static int
batches(const struct wr_peer_allocator *allocator, uint64_t pairs,
        uint64_t batch, struct instance **blocks, const uint32_t *order)
{
    while (pairs > 0) {
        uint64_t n = pairs < batch ? pairs : batch;

        pairs -= n;
        for (uint64_t i = 0; i < n; i++) {
            blocks[i] = make_instance(allocator);
            if (blocks[i] == NULL) {
                return -1;
            }
        }
        if (n < batch || order == NULL) {
            for (uint64_t i = 0; i < n; i++) {
                allocator->give(blocks[i]);
            }
        } else {
            for (uint64_t i = 0; i < n; i++) {
                allocator->give(blocks[order[i]]);
            }
        }
    }
    return 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    uint32_t batch = (uint32_t)run->params[WR_CHURN_BATCH].number;
    struct churn *churn = calloc(1, sizeof(struct churn));

    worker->data = churn;
    if (churn == NULL) {
        return -1;
    }
    churn->blocks = calloc(batch, sizeof(struct instance *));
    churn->order = calloc(batch, sizeof(uint32_t));
    if (churn->blocks == NULL || churn->order == NULL) {
        return -1;
    }
    wr_work_permutation(churn->order, batch, worker->seed);
    return 0;
}

static int
work(const struct weir_run *run, struct weir_worker *worker,
     const struct wr_peer_allocator *allocator)
{
    const struct churn *churn = worker->data;
    uint64_t pairs = (uint64_t)run->params[WR_CHURN_PAIRS].number;
    uint64_t batch = (uint64_t)run->params[WR_CHURN_BATCH].number;

    worker->ops = pairs;
    switch (run->params[WR_CHURN_MODE].number) {
    case WR_CHURN_TIGHT:
        return tight(allocator, pairs);
    case WR_CHURN_INT:
        return tight_int(allocator, pairs);
    case WR_CHURN_ORDER:
        return batches(allocator, pairs, batch, churn->blocks, NULL);
    default:
        return batches(allocator, pairs, batch, churn->blocks, churn->order);
    }
}

static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct churn *churn = worker->data;

    (void)run;
    if (churn != NULL) {
        free(churn->blocks);
        free(churn->order);
        free(churn);
    }
    worker->checksum = weir_program_mix(worker->ops);
    return 0;
}

const struct wr_peer_allocator wr_peer_malloc = {malloc, free};

/* [const] after the first call of wr_peer_mimalloc_available() */
struct wr_peer_allocator wr_peer_mimalloc;

bool
wr_peer_mimalloc_available(void)
{
    void *library;

    if (!can_use_mimalloc || wr_peer_mimalloc.take != NULL) {
        return can_use_mimalloc;
    }
    library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return false;
    }
    /* POSIX allows a data pointer from dlsym() to be used as a function. */
    *(void **)&wr_peer_mimalloc.give = dlsym(library, "mi_free");
    *(void **)&wr_peer_mimalloc.take = dlsym(library, "mi_malloc");
    return wr_peer_mimalloc.take != NULL && wr_peer_mimalloc.give != NULL;
}

static int
work_malloc(struct weir_run *run, struct weir_worker *worker)
{
    return work(run, worker, &wr_peer_malloc);
}

static int
work_mimalloc(struct weir_run *run, struct weir_worker *worker)
{
    return work(run, worker, &wr_peer_mimalloc);
}

const struct wr_peer wr_peers_alloc[] = {
    {.impl = "malloc",
     .against = "gil",
     .program = {.name = "alloc-churn",
                 .params = wr_params_alloc_churn,
                 .prepare = prepare,
                 .work = work_malloc,
                 .settle = settle,
                 .check = wr_work_sum_checksums}},
    {.impl = "mimalloc",
     .against = "gil",
     .available = wr_peer_mimalloc_available,
     .program = {.name = "alloc-churn",
                 .params = wr_params_alloc_churn,
                 .prepare = prepare,
                 .work = work_mimalloc,
                 .settle = settle,
                 .check = wr_work_sum_checksums}},
};

const size_t wr_peers_alloc_count =
    sizeof(wr_peers_alloc) / sizeof(wr_peers_alloc[0]);
