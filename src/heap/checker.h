/* SPDX-License-Identifier: MIT */
/*
 * heap/checker.h - checker mode: make misuse of blocks visible.
 *
 * The one idea: in checker mode every block ends in a redzone and a trailer
 * that says whether it is handed out and how large the request was.  A freed
 * block is filled with a pattern and kept in quarantine; when it leaves it the
 * pattern must be intact.  Under AddressSanitizer and Valgrind the same places
 * are also poisoned, so that they name the culprit at once.
 *
 *   0        16                 size            end - 32     end
 *   | header | object or fill   | redzone 0xfd.. | trailer  |
 *
 * Bytes 0..15 stay readable: the collector and late readers look at the count.
 * Switched on by wr_heap_config.checker, for the whole life of the heap.
 */
#ifndef WEIR_HEAP_CHECKER_H
#define WEIR_HEAP_CHECKER_H

#include "heap/heap.h"

/* What can be wrong with a block. */
enum wr_checker_fault {
    WR_CHECKER_BAD_FREE,    /* not the start of a block of the heap */
    WR_CHECKER_DOUBLE_FREE, /* freed before */
    WR_CHECKER_OVERFLOW,    /* written past its end */
    WR_CHECKER_USE_FREED,   /* written after it was freed */
};

/* [const] on or off, between start and stop */
extern bool wr_checker_on WR_HEAP_HOT;

/*
 * Called with each fault; the default prints it and aborts.  If it returns,
 * the heap stays consistent: a bad or double free is ignored.
 */
extern void (*wr_checker_report)(enum wr_checker_fault fault,
                                 const void *block);

/* How many bytes of freed blocks a heap keeps back. */
enum { WR_QUARANTINE_BYTES = 256 * 1024 };

/* A sentence without end for a fault. */
const char *wr_checker_what(enum wr_checker_fault fault);

/* Bytes a request needs in checker mode; SIZE_MAX if that overflows. */
size_t wr_checker_size(size_t size);

/* A block was cut in checker mode: it may be linked, no more. */
void wr_checker_carved(void *block, size_t bytes);

/* wr_span_alloc() of checker mode; size: of the request. */
void *wr_checker_span(struct wr_heap *heap, unsigned space, size_t size);

/*
 * Make a fresh block ready for its user.  bytes: of the whole block.
 * Returns block.
 */
void *wr_checker_hand_out(void *block, size_t bytes, size_t size);

/* wr_heap_free() of checker mode: check, fill, quarantine. */
void wr_checker_free(struct wr_heap *heap, void *block);

/* Check and really free all that a heap keeps back.  Caller: owner or stw. */
void wr_checker_flush(struct wr_heap *heap);

/* Really free one block, not to quarantine; heap/ only. */
void wr_heap_free_checked(struct wr_heap *heap, void *block);

#endif
