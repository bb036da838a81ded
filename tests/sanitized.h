/* SPDX-License-Identifier: MIT */
/*
 * tests/sanitized.h - whether this build has a sanitizer that makes each step
 * dear.
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

#endif
