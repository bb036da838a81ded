/* SPDX-License-Identifier: MIT */
/*
 * base/park.c - park and unpark on one futex word.
 *
 *            wr_park           wr_unpark
 *   TOKEN ----------> EMPTY ------------> TOKEN
 *                       |
 *                       | wr_park                 wr_unpark, and wake
 *                       +---------> PARKED -------------------------> TOKEN
 */
#include "base/park.h"

#include "base/assert.h"
#include "base/futex.h"
#include "base/sync.h"

enum { PARK_EMPTY = 0, PARK_TOKEN = 1, PARK_PARKED = 2 };

void
wr_parker_init(struct wr_parker *parker)
{
    wr_store_relaxed(&parker->state, (uint32_t)PARK_EMPTY);
}

bool
wr_park_until(struct wr_parker *parker, uint64_t deadline_ns)
{
    uint32_t seen = PARK_EMPTY;
    if (!wr_cas_acq_rel(&parker->state, &seen, (uint32_t)PARK_PARKED)) {
        WEIR_CHECK(seen == PARK_TOKEN);
        /* Only unparkers write now, and they write TOKEN over TOKEN. */
        wr_exchange_acq_rel(&parker->state, (uint32_t)PARK_EMPTY);
        return true;
    }
    bool in_time = true;
    while (in_time) {
        in_time = wr_futex_wait(&parker->state, PARK_PARKED, deadline_ns);
        seen = PARK_TOKEN;
        if (wr_cas_acq_rel(&parker->state, &seen, (uint32_t)PARK_EMPTY)) {
            return true;
        }
    }
    /* Time is up, but a token may still come in before this exchange. */
    return wr_exchange_acq_rel(&parker->state, (uint32_t)PARK_EMPTY) ==
           PARK_TOKEN;
}

void
wr_park(struct wr_parker *parker)
{
    bool token = wr_park_until(parker, WR_FUTEX_FOREVER);
    WEIR_CHECK(token);
}

void
wr_unpark(struct wr_parker *parker)
{
    if (wr_exchange_acq_rel(&parker->state, (uint32_t)PARK_TOKEN) ==
        PARK_PARKED) {
        wr_futex_wake_one(&parker->state);
    }
}
