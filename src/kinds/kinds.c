/* SPDX-License-Identifier: MIT */
/*
 * kinds/kinds.c - the builtin kinds come up and go down together.
 */
#include "kinds/kinds.h"

#include "kinds/hash.h"
#include "kinds/int.h"
#include "kinds/str.h"
#include "kinds/tuple.h"

int
wr_kinds_start(uint64_t seed)
{
    int error;

    wr_hash_seed(seed);
    error = wr_int_start();
    if (error == WEIR_OK) {
        error = wr_tuple_start();
    }
    if (error == WEIR_OK) {
        error = wr_str_start();
    }
    if (error != WEIR_OK) {
        wr_kinds_stop();
    }
    return error;
}

void
wr_kinds_stop(void)
{
    wr_str_stop();
    wr_tuple_stop();
    wr_int_stop();
}

void *
wr_fail(int error)
{
    wr_self()->error = error;
    return NULL;
}
