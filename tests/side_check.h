/* SPDX-License-Identifier: MIT */
/*
 * tests/side_check.h - are the collector's tables as they are at rest?
 * [inv:collect.clean-at-rest]
 */
#ifndef WR_TESTS_SIDE_CHECK_H
#define WR_TESTS_SIDE_CHECK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap/pool.h"
#include "heap/region.h"
#include "heap/side.h"

/* Is all that collections use zero?  Caller: no other thread runs. */
static inline bool
wr_test_side_is_clean(void)
{
    for (size_t pool = 0; pool < wr_pool_count_gc(); pool++) {
        if (wr_side_commit(pool, pool) != 0) {
            abort();
        }
        for (size_t i = 0; i < WR_SIDE_POOL_WORDS; i++) {
            if (wr_side.cand[pool * WR_SIDE_POOL_WORDS + i] != 0 ||
                wr_side.mark[pool * WR_SIDE_POOL_WORDS + i] != 0) {
                return false;
            }
        }
        for (size_t i = 0; i < WR_SIDE_POOL_COUNTS; i += sizeof(uint64_t)) {
            uint64_t eight;

            memcpy(&eight, wr_side.count + pool * WR_SIDE_POOL_COUNTS + i,
                   sizeof(eight));
            if (eight != 0) {
                return false;
            }
        }
    }
    return true;
}

#endif
