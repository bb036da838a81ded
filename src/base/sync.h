/* SPDX-License-Identifier: MIT */
/*
 * base/sync.h - the seam through which every shared word is read and written.
 *
 * The one idea: all cross-thread traffic of the runtime goes through these
 * names, so that one header decides what happens around an access: base/build.h
 * names it.  In ordinary builds that is sync_hook_none.h and the macros are
 * weir/atomic.h's; builds for race tests disturb the schedule here.
 *
 * Nothing here is a stand-alone fence: the order is always on the access,
 * which is what ThreadSanitizer can follow.
 *
 * Read first: weir/atomic.h for what each operation does.
 */
#ifndef WEIR_BASE_SYNC_H
#define WEIR_BASE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/atomic.h"
#include "base/build.h"

#define wr_load_relaxed(p) (wr_sync_point(), weir_load_relaxed(p))
#define wr_load_acquire(p) (wr_sync_point(), weir_load_acquire(p))
#define wr_load_seq_cst(p) (wr_sync_point(), weir_load_seq_cst(p))

#define wr_store_relaxed(p, v) (wr_sync_point(), weir_store_relaxed(p, v))
#define wr_store_release(p, v) (wr_sync_point(), weir_store_release(p, v))
#define wr_store_seq_cst(p, v) (wr_sync_point(), weir_store_seq_cst(p, v))

#define wr_exchange_relaxed(p, v) (wr_sync_point(), weir_exchange_relaxed(p, v))
#define wr_exchange_acq_rel(p, v) (wr_sync_point(), weir_exchange_acq_rel(p, v))
#define wr_exchange_seq_cst(p, v) (wr_sync_point(), weir_exchange_seq_cst(p, v))

#define wr_fetch_add_relaxed(p, v)                                             \
    (wr_sync_point(), weir_fetch_add_relaxed(p, v))
#define wr_fetch_add_acq_rel(p, v)                                             \
    (wr_sync_point(), weir_fetch_add_acq_rel(p, v))
#define wr_fetch_add_seq_cst(p, v)                                             \
    (wr_sync_point(), weir_fetch_add_seq_cst(p, v))

#define wr_fetch_sub_relaxed(p, v)                                             \
    (wr_sync_point(), weir_fetch_sub_relaxed(p, v))
#define wr_fetch_sub_acq_rel(p, v)                                             \
    (wr_sync_point(), weir_fetch_sub_acq_rel(p, v))
#define wr_fetch_sub_seq_cst(p, v)                                             \
    (wr_sync_point(), weir_fetch_sub_seq_cst(p, v))

#define wr_fetch_or_relaxed(p, v) (wr_sync_point(), weir_fetch_or_relaxed(p, v))
#define wr_fetch_or_acq_rel(p, v) (wr_sync_point(), weir_fetch_or_acq_rel(p, v))
#define wr_fetch_or_seq_cst(p, v) (wr_sync_point(), weir_fetch_or_seq_cst(p, v))

#define wr_fetch_and_relaxed(p, v)                                             \
    (wr_sync_point(), weir_fetch_and_relaxed(p, v))
#define wr_fetch_and_acq_rel(p, v)                                             \
    (wr_sync_point(), weir_fetch_and_acq_rel(p, v))
#define wr_fetch_and_seq_cst(p, v)                                             \
    (wr_sync_point(), weir_fetch_and_seq_cst(p, v))

#define wr_cas_relaxed(p, expected, v)                                         \
    (wr_sync_point(), weir_cas_relaxed(p, expected, v))
#define wr_cas_acq_rel(p, expected, v)                                         \
    (wr_sync_point(), weir_cas_acq_rel(p, expected, v))
#define wr_cas_weak_acq_rel(p, expected, v)                                    \
    (wr_sync_point(), weir_cas_weak_acq_rel(p, expected, v))
#define wr_cas_seq_cst(p, expected, v)                                         \
    (wr_sync_point(), weir_cas_seq_cst(p, expected, v))

/*
 * Tell the processor that this is a spin loop.  Orders nothing.
 */
static inline void
wr_cpu_relax(void)
{
    wr_sync_point();
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
