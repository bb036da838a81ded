/* SPDX-License-Identifier: MIT */
/*
 * base/futex.h - the one place that makes the futex system call.
 *
 * Private to base/: park.c and mutex.c sit on it, everything else on those.
 * Both calls may return for no reason; callers loop on their own word.
 */
#ifndef WEIR_BASE_FUTEX_H
#define WEIR_BASE_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* No deadline. */
#define WR_FUTEX_FOREVER UINT64_MAX

/*
 * Sleep while *word == value, until woken or until the monotonic clock shows
 * deadline_ns.  Returns false only when the deadline has passed.
 */
static inline bool
wr_futex_wait(uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    struct timespec at = {
        .tv_sec = (time_t)(deadline_ns / 1000000000u),
        .tv_nsec = (long)(deadline_ns % 1000000000u),
    };
    struct timespec *limit = deadline_ns == WR_FUTEX_FOREVER ? NULL : &at;
    int saved = errno;
    long rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
                      value, limit, NULL, FUTEX_BITSET_MATCH_ANY);
    bool in_time = rc == 0 || errno != ETIMEDOUT;
    errno = saved;
    return in_time;
}

/*
 * Wake at most one sleeper on the word.  The word may already be gone: the
 * address is only compared, never read.
 */
static inline void
wr_futex_wake_one(uint32_t *word)
{
    int saved = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL,
                  NULL, 0);
    errno = saved;
}

#endif
