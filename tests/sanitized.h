/* SPDX-License-Identifier: MIT */
/*
 * tests/sanitized.h - what a sanitizer of this build changes for tests: each
 * step is dear, races are seen, forks are not what they are elsewhere.
 */
#ifndef WR_TESTS_SANITIZED_H
#define WR_TESTS_SANITIZED_H

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WR_TEST_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WR_TEST_SANITIZED true
#endif
#endif
#ifndef WR_TEST_SANITIZED
#define WR_TEST_SANITIZED false
#endif

/* Whether it is the one that sees races. */
#if defined(__SANITIZE_THREAD__)
#define WR_TEST_SEES_RACES true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WR_TEST_SEES_RACES true
#endif
#endif
#ifndef WR_TEST_SEES_RACES
#define WR_TEST_SEES_RACES false
#endif

/*
 * Whether a thread may fork while another one is inside malloc().  glibc and
 * ThreadSanitizer see to that; AddressSanitizer, as of clang 14, does not: its
 * child waits for ever for the lock of a thread that it does not have.
 */
#if defined(__SANITIZE_ADDRESS__)
#define WR_TEST_MALLOC_FORKS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WR_TEST_MALLOC_FORKS false
#endif
#endif
#ifndef WR_TEST_MALLOC_FORKS
#define WR_TEST_MALLOC_FORKS true
#endif

#endif
