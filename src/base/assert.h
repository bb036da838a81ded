/* SPDX-License-Identifier: MIT */
/*
 * base/assert.h - checks in three levels, and the way to die.
 *
 * The one idea: a bug is an assert, the environment is an error code.  A check
 * that is off still compiles (inside sizeof), so it cannot rot.
 *
 *   WEIR_CHECK        always
 *   WEIR_ASSERT       WEIR_DEBUG >= 1: cheap, on hand-overs
 *   WEIR_ASSERT_SLOW  WEIR_DEBUG >= 2: walks of whole structures
 */
#ifndef WEIR_BASE_ASSERT_H
#define WEIR_BASE_ASSERT_H

#ifndef WEIR_DEBUG
#define WEIR_DEBUG 0
#endif

#define wr_likely(c) __builtin_expect(!!(c), 1)
#define wr_unlikely(c) __builtin_expect(!!(c), 0)

/*
 * Print one line, "weir: fatal: ...", on standard error and abort.
 *
 * Caller: anyone, in any state; takes no lock and no memory.
 */
_Noreturn void wr_fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2), cold));

/* What a failed check calls; prints the condition and where it stands. */
_Noreturn void wr_check_failed(const char *condition, const char *file,
                               int line, const char *function)
    __attribute__((cold));

#define WEIR_CHECK(c)                                                          \
    (wr_likely(c) ? (void)0 : wr_check_failed(#c, __FILE__, __LINE__, __func__))

#define WR_CHECK_OFF(c) ((void)sizeof(!(c)))

#if WEIR_DEBUG >= 1
#define WEIR_ASSERT(c) WEIR_CHECK(c)
#else
#define WEIR_ASSERT(c) WR_CHECK_OFF(c)
#endif

#if WEIR_DEBUG >= 2
#define WEIR_ASSERT_SLOW(c) WEIR_CHECK(c)
#else
#define WEIR_ASSERT_SLOW(c) WR_CHECK_OFF(c)
#endif

#endif
