/* SPDX-License-Identifier: MIT */
/*
 * heap/checker.c - redzones, quarantine, and the reports.
 *
 * The trailer's state word changes by exchange, so of two threads that free a
 * block at the same time exactly one is told that it was the second.
 */
#include "heap/checker.h"

#include <string.h>

#include "heap/poison.h"
#include "heap/span.h"

enum {
    HEADER_BYTES = 16,
    LINK_END = 24,
    TRAILER_BYTES = 24,
    REDZONE_BYTES = 8, /* at least */
    FILL_REDZONE = 0xfd,
    FILL_FREED = 0xdf
};

#define STATE_OUT UINT64_C(0x6f75746f75746f75)
#define STATE_BACK UINT64_C(0x6261636b6261636b)

struct trailer { /* SHARED */
    /* [atomic: exchange acq_rel] STATE_*; first, where an overflow hits it */
    uint64_t state;

    /* [owner] what was asked for, in bytes */
    uint64_t size;

    /* [owner] next block in quarantine */
    void *next;
};

_Static_assert(sizeof(struct trailer) == TRAILER_BYTES, "ends a block");

bool wr_checker_on;

const char *
wr_checker_what(enum wr_checker_fault fault)
{
    switch (fault) {
    case WR_CHECKER_BAD_FREE:
        return "freed, but not a block of the heap";
    case WR_CHECKER_DOUBLE_FREE:
        return "freed twice";
    case WR_CHECKER_OVERFLOW:
        return "written past its end";
    case WR_CHECKER_USE_FREED:
        return "written after it was freed";
    }
    return "wrong";
}

static void
report_and_abort(enum wr_checker_fault fault, const void *block)
{
    wr_fatal("block %p: %s", block, wr_checker_what(fault));
}

void (*wr_checker_report)(enum wr_checker_fault fault,
                          const void *block) = report_and_abort;

static struct trailer *
trailer_of(void *block, size_t bytes)
{
    return (struct trailer *)(void *)((char *)block + bytes - TRAILER_BYTES);
}

size_t
wr_checker_size(size_t size)
{
    const size_t extra = REDZONE_BYTES + TRAILER_BYTES;

    return size > SIZE_MAX - extra ? SIZE_MAX : (size < 32 ? 32 : size) + extra;
}

void
wr_checker_carved(void *block, size_t bytes)
{
    struct trailer *trailer = trailer_of(block, bytes);

    wr_unpoison(trailer, TRAILER_BYTES);
    wr_store_relaxed(&trailer->state, STATE_BACK);
    wr_poison(trailer, TRAILER_BYTES);
    wr_unpoison(block, LINK_END);
}

void *
wr_checker_hand_out(void *block, size_t bytes, size_t size)
{
    struct trailer *trailer = trailer_of(block, bytes);

    size = size > HEADER_BYTES ? size : HEADER_BYTES;
    char *end = (char *)block + size;
    wr_unpoison(block, bytes);
    WEIR_CHECK(size <= bytes - TRAILER_BYTES - REDZONE_BYTES);
    memset(end, FILL_REDZONE, (size_t)((char *)trailer - end));
    trailer->size = size;
    trailer->next = NULL;
    wr_store_relaxed(&trailer->state, STATE_OUT);
    wr_poison(block, bytes);
    wr_poison_handed_out(block, size);
    return block;
}

void *
wr_checker_span(struct wr_heap *heap, unsigned space, size_t size)
{
    void *block = wr_span_alloc(heap, space, wr_checker_size(size));

    if (block == NULL) {
        return NULL;
    }
    return wr_checker_hand_out(block, wr_pool_block_bytes(wr_pool_of(block)),
                               size);
}

static bool
all_bytes_are(const char *from, const char *end, int value)
{
    while (from < end) {
        if ((unsigned char)*from++ != (unsigned)value) {
            return false;
        }
    }
    return true;
}

/* The last step: pattern intact, poison as a free block's, to its pool. */
static void
release(struct wr_heap *heap, void *block)
{
    size_t bytes = wr_pool_block_bytes(wr_pool_of(block));
    struct trailer *trailer = trailer_of(block, bytes);

    wr_unpoison(block, bytes);
    if (!all_bytes_are((char *)block + HEADER_BYTES, (char *)trailer,
                       FILL_FREED)) {
        wr_checker_report(WR_CHECKER_USE_FREED, block);
    }
    wr_poison((char *)block + LINK_END, bytes - LINK_END);
    wr_heap_free_checked(heap, block);
}

/* One block more, or one less, is kept back. */
static void
note_quarantined(struct wr_heap *heap, const void *block, bool more)
{
    const struct wr_pool *p = wr_pool_of(block);
    size_t *blocks = &heap->quarantined_blocks[p->space];
    size_t *bytes = &heap->quarantined_bytes[p->space];
    size_t size = wr_pool_block_bytes(p);

    wr_store_relaxed(blocks, more ? *blocks + 1 : *blocks - 1);
    wr_store_relaxed(bytes, more ? *bytes + size : *bytes - size);
}

static void *
quarantine_pop(struct wr_heap *heap)
{
    void *block = heap->quarantine_head;
    size_t bytes = wr_pool_block_bytes(wr_pool_of(block));
    struct trailer *trailer = trailer_of(block, bytes);

    wr_unpoison(trailer, TRAILER_BYTES);
    heap->quarantine_head = trailer->next;
    if (heap->quarantine_head == NULL) {
        heap->quarantine_tail = NULL;
    }
    heap->quarantine_bytes -= bytes;
    note_quarantined(heap, block, false);
    return block;
}

static void
quarantine_push(struct wr_heap *heap, void *block, size_t bytes)
{
    void *tail = heap->quarantine_tail;

    if (tail != NULL) {
        struct trailer *last =
            trailer_of(tail, wr_pool_block_bytes(wr_pool_of(tail)));

        wr_unpoison(last, TRAILER_BYTES);
        last->next = block;
        wr_poison(last, TRAILER_BYTES);
    } else {
        heap->quarantine_head = block;
    }
    heap->quarantine_tail = block;
    heap->quarantine_bytes += bytes;
    note_quarantined(heap, block, true);
    /* Ends: each round takes a block out. */
    while (heap->quarantine_bytes > WR_QUARANTINE_BYTES) {
        release(heap, quarantine_pop(heap));
    }
}

void
wr_checker_free(struct wr_heap *heap, void *block)
{
    if (wr_pool_find_block(block) != block) {
        wr_checker_report(WR_CHECKER_BAD_FREE, block);
        return;
    }
    size_t bytes = wr_pool_block_bytes(wr_pool_of(block));
    struct trailer *trailer = trailer_of(block, bytes);

    wr_unpoison(trailer, TRAILER_BYTES);
    uint64_t was = wr_exchange_acq_rel(&trailer->state, STATE_BACK);
    bool intact = trailer->size <= bytes - TRAILER_BYTES - REDZONE_BYTES;
    if (was != STATE_OUT || !intact) {
        wr_poison(trailer, TRAILER_BYTES);
        wr_checker_report(was == STATE_BACK ? WR_CHECKER_DOUBLE_FREE
                                            : WR_CHECKER_OVERFLOW,
                          block);
        return;
    }
    char *end = (char *)block + trailer->size;
    wr_unpoison(end, (size_t)((char *)trailer - end));
    if (!all_bytes_are(end, (char *)trailer, FILL_REDZONE)) {
        wr_checker_report(WR_CHECKER_OVERFLOW, block);
    }
    memset((char *)block + HEADER_BYTES, FILL_FREED,
           (size_t)((char *)trailer - (char *)block) - HEADER_BYTES);
    trailer->next = NULL;
    wr_poison_taken_back(block, bytes);
    quarantine_push(heap, block, bytes);
}

void
wr_checker_flush(struct wr_heap *heap)
{
    /* Ends: each round takes a block out. */
    while (heap->quarantine_head != NULL) {
        release(heap, quarantine_pop(heap));
    }
}
