/* SPDX-License-Identifier: MIT */
/*
 * collect/scan.h - the two inner operations that want help from the machine.
 *
 * With SSE2, which every x86-64 has, 64 side bytes are compared in a dozen
 * instructions; elsewhere eight at a time in plain C give the same answer.
 */
#ifndef WR_COLLECT_SCAN_H
#define WR_COLLECT_SCAN_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(WR_SCAN_PORTABLE)
#include <emmintrin.h>
#endif

/* For loops that must keep what they use in registers: always inlined, except
 * where branches are counted: there each is to be there once. */
#ifdef WR_COVERAGE
#define WR_COLLECT_INLINE static inline
#else
#define WR_COLLECT_INLINE static inline __attribute__((always_inline))
#endif

/* Granules of one bitmap word, hence side bytes of one step. */
enum { WR_SCAN_STEP = 64 };

/* Bit i is set where bytes[i] is zero, for 64 bytes in portable C. */
static inline uint64_t
wr_scan_zeros_portable(const int8_t *bytes)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t result = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t v, zero;

        memcpy(&v, bytes + 8 * i, sizeof(v));
        /* The top bit of each byte is set where the byte is zero. */
        zero = ~(((v & low7) + low7) | v | low7);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        zero = __builtin_bswap64(zero);
#endif
        /* Gather the eight top bits, lowest byte first. */
        zero = (zero >> 7) * UINT64_C(0x0102040810204080) >> 56;
        result |= zero << (8 * i);
    }
    return result;
}

/* Are 64 bytes all zero? */
static inline bool
wr_scan_all_zero(const int8_t *bytes)
{
    uint64_t v[WR_SCAN_STEP / sizeof(uint64_t)];

    memcpy(v, bytes, sizeof(v));
    return (v[0] | v[1] | v[2] | v[3] | v[4] | v[5] | v[6] | v[7]) == 0;
}

/* Bit i is set where bytes[i] is zero; bytes is aligned to 64. */
static inline uint64_t
wr_scan_zeros(const int8_t *bytes)
{
#if defined(__SSE2__) && !defined(WR_SCAN_PORTABLE)
    const __m128i *v = (const __m128i *)(const void *)bytes;
    const __m128i zero = _mm_setzero_si128();
    uint64_t result = 0;

    for (unsigned i = 0; i < 4; i++) {
        __m128i equal = _mm_cmpeq_epi8(_mm_load_si128(v + i), zero);

        result |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
    }
    return result;
#else
    return wr_scan_zeros_portable(bytes);
#endif
}

#endif
