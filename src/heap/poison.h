/* SPDX-License-Identifier: MIT */
/*
 * heap/poison.h - what the checker tells AddressSanitizer and Valgrind.
 *
 * The one idea: heap/ speaks of memory nobody may touch, and of blocks that
 * come and go; the tool that is there, if any, is told in its own words.  Only
 * checker mode calls these, but for the roots of the leak checker.
 */
#ifndef WEIR_HEAP_POISON_H
#define WEIR_HEAP_POISON_H

#include <stddef.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define WR_HAVE_MEMCHECK 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WR_HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WR_HAVE_ASAN 1
#endif
#endif

#ifdef WR_HAVE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

/* Nobody may touch these bytes. */
static inline void
wr_poison(void *p, size_t bytes)
{
#ifdef WR_HAVE_ASAN
    ASAN_POISON_MEMORY_REGION(p, bytes);
#endif
#ifdef WR_HAVE_MEMCHECK
    (void)VALGRIND_MAKE_MEM_NOACCESS(p, bytes);
#endif
    (void)p;
    (void)bytes;
}

/* They may be touched again, and hold what they hold. */
static inline void
wr_unpoison(void *p, size_t bytes)
{
#ifdef WR_HAVE_ASAN
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
#endif
#ifdef WR_HAVE_MEMCHECK
    (void)VALGRIND_MAKE_MEM_DEFINED(p, bytes);
#endif
    (void)p;
    (void)bytes;
}

/* A block was handed out; all but its header is undefined. */
static inline void
wr_poison_handed_out(void *p, size_t size)
{
#ifdef WR_HAVE_ASAN
    ASAN_UNPOISON_MEMORY_REGION(p, size);
#endif
#ifdef WR_HAVE_MEMCHECK
    VALGRIND_MALLOCLIKE_BLOCK(p, size, 0, 0);
    (void)VALGRIND_MAKE_MEM_DEFINED(p, 16);
#endif
    (void)p;
    (void)size;
}

/* It was taken back; its header stays readable. */
static inline void
wr_poison_taken_back(void *p, size_t bytes)
{
#ifdef WR_HAVE_MEMCHECK
    VALGRIND_FREELIKE_BLOCK(p, 0);
#endif
    wr_poison(p, bytes);
    wr_unpoison(p, 16);
}

/* Memory in which the leak checker must look for pointers. */
static inline void
wr_poison_root(void *p, size_t bytes, int on)
{
#ifdef WR_HAVE_ASAN
    if (on) {
        __lsan_register_root_region(p, bytes);
    } else {
        __lsan_unregister_root_region(p, bytes);
    }
#endif
    (void)p;
    (void)bytes;
    (void)on;
}

/* True under Valgrind, which has less address space to give. */
static inline int
wr_poison_valgrind(void)
{
#ifdef WR_HAVE_MEMCHECK
    return RUNNING_ON_VALGRIND != 0;
#else
    return 0;
#endif
}

#endif
