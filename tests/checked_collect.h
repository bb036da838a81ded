/* SPDX-License-Identifier: MIT */
/*
 * tests/checked_collect.h - a collection that has to find what the reference
 * collector finds, and to leave its tables clean.
 */
#ifndef WR_TESTS_CHECKED_COLLECT_H
#define WR_TESTS_CHECKED_COLLECT_H

#include "tests/fixture.h"
#include "tests/reference.h"
#include "tests/side_check.h"

/* How many objects were found.  Caller: no other thread runs. */
static inline int64_t
collect_checked(int generation)
{
    struct wr_reference *reference = wr_reference_predict(generation);
    int64_t found = weir_gc_collect(generation);
    const char *wrong = wr_reference_compare(reference);

    ck_assert_msg(wrong == NULL, "%s", wrong);
    ck_assert_int_eq(found, (int64_t)wr_reference_garbage(reference));
    ck_assert(wr_test_side_is_clean());
    wr_reference_free(reference);
    return found;
}

#endif
