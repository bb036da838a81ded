/* SPDX-License-Identifier: MIT */
/*
 * weir/flavour.h - chooses how the code that includes it counts references.
 *
 * Counts are inlined, so code and library must agree.  Exactly one of the
 * WEIR_FLAVOUR_* macros is set by the pkg-config file (weir.pc, weir-gil.pc,
 * weir-atomic.pc); weir_start() checks at run time that the library linked is
 * of the same flavour.  This file and the count headers are the only places
 * that test the flavour.
 *
 * Every refcount_<flavour>.h, by itself or by including refcount_plain.h,
 * defines the same set: wr_ref_init, wr_ref_get, wr_ref_put, wr_ref_try_get,
 * wr_ref_is_dead, wr_ref_value, wr_ref_is_only, wr_ref_adjust, wr_ref_kill,
 * wr_ref_revive, WR_FLAVOUR_NAME, WR_FLAVOUR_ID and the wr_cfg_* constants.
 */
#ifndef WEIR_FLAVOUR_H
#define WEIR_FLAVOUR_H

#if defined(WEIR_FLAVOUR_GIL) + defined(WEIR_FLAVOUR_ATOMIC) +                 \
        defined(WEIR_FLAVOUR_UNSAFE) + defined(WEIR_FLAVOUR_NOCOUNT) !=        \
    1
#error "set one WEIR_FLAVOUR_*: use the flags of pkg-config --cflags weir"
#endif

#ifndef WEIR_DEBUG
#define WEIR_DEBUG 0
#endif

/* Raised by any change to what is inlined into users' code. */
#define WEIR_ABI_VERSION 2

enum {
    WEIR_FLAVOUR_ID_GIL = 1,
    WEIR_FLAVOUR_ID_ATOMIC = 2,
    WEIR_FLAVOUR_ID_BIASED = 3,
    WEIR_FLAVOUR_ID_UNSAFE = 4,
    WEIR_FLAVOUR_ID_NOCOUNT = 5
};

#if defined(WEIR_FLAVOUR_GIL)
#include <weir/refcount_gil.h>
#elif defined(WEIR_FLAVOUR_ATOMIC)
#include <weir/refcount_atomic.h>
#elif defined(WEIR_FLAVOUR_UNSAFE)
#include <weir/refcount_unsafe.h>
#else
#include <weir/refcount_nocount.h>
#endif

#endif
