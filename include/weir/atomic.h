/* SPDX-License-Identifier: MIT */
/*
 * weir/atomic.h - atomic operations with the memory order in the name.
 *
 * The one idea: a reader of a call site sees the order without looking it up,
 * and nobody can leave it out.  This file and src/base/sync.h are the only
 * two in the project that name memory orders.
 *
 * The macros are generic over integers and pointers of 1, 2, 4 or 8 bytes,
 * work in C and in C++, and evaluate each argument once.  Every access to a
 * shared word uses the word's own width.
 *
 *   weir_load_<order>(p)              relaxed, acquire, seq_cst
 *   weir_store_<order>(p, v)          relaxed, release, seq_cst
 *   weir_exchange_<order>(p, v)       the old value; acq_rel, seq_cst, relaxed
 *   weir_fetch_add_<order>(p, v)      the old value; likewise sub, or, and
 *   weir_cas_<order>(p, &expected, v) true when *p was `expected` and is now v;
 *                                     false: `expected` is what *p held, read
 *                                     with acquire (relaxed for _relaxed)
 *   weir_cas_weak_acq_rel             the same, and may fail for no reason
 */
#ifndef WEIR_ATOMIC_H
#define WEIR_ATOMIC_H

#define weir_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define weir_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define weir_load_seq_cst(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)

#define weir_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define weir_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define weir_store_seq_cst(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

#define weir_exchange_relaxed(p, v)                                            \
    __atomic_exchange_n((p), (v), __ATOMIC_RELAXED)
#define weir_exchange_acq_rel(p, v)                                            \
    __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define weir_exchange_seq_cst(p, v)                                            \
    __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

#define weir_fetch_add_relaxed(p, v)                                           \
    __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define weir_fetch_add_acq_rel(p, v)                                           \
    __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define weir_fetch_add_seq_cst(p, v)                                           \
    __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)

#define weir_fetch_sub_relaxed(p, v)                                           \
    __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)
#define weir_fetch_sub_acq_rel(p, v)                                           \
    __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define weir_fetch_sub_seq_cst(p, v)                                           \
    __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)

#define weir_fetch_or_relaxed(p, v)                                            \
    __atomic_fetch_or((p), (v), __ATOMIC_RELAXED)
#define weir_fetch_or_acq_rel(p, v)                                            \
    __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define weir_fetch_or_seq_cst(p, v)                                            \
    __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)

#define weir_fetch_and_relaxed(p, v)                                           \
    __atomic_fetch_and((p), (v), __ATOMIC_RELAXED)
#define weir_fetch_and_acq_rel(p, v)                                           \
    __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define weir_fetch_and_seq_cst(p, v)                                           \
    __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)

#define weir_cas_relaxed(p, expected, v)                                       \
    __atomic_compare_exchange_n((p), (expected), (v), 0, __ATOMIC_RELAXED,     \
                                __ATOMIC_RELAXED)

#define weir_cas_acq_rel(p, expected, v)                                       \
    __atomic_compare_exchange_n((p), (expected), (v), 0, __ATOMIC_ACQ_REL,     \
                                __ATOMIC_ACQUIRE)

#define weir_cas_weak_acq_rel(p, expected, v)                                  \
    __atomic_compare_exchange_n((p), (expected), (v), 1, __ATOMIC_ACQ_REL,     \
                                __ATOMIC_ACQUIRE)

#define weir_cas_seq_cst(p, expected, v)                                       \
    __atomic_compare_exchange_n((p), (expected), (v), 0, __ATOMIC_SEQ_CST,     \
                                __ATOMIC_SEQ_CST)

#endif
