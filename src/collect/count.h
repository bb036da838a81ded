/* SPDX-License-Identifier: MIT */
/*
 * collect/count.h - the first step of detection.
 */
#ifndef WR_COLLECT_COUNT_H
#define WR_COLLECT_COUNT_H

#include "collect/round.h"

/*
 * Make candidates of what takes part, and promote it.  Afterwards a side byte
 * is the references that were found inside the set less the object's count;
 * where that does not fit, resolving has to look at the list of large ones and
 * the overflow table.  Caller: world stopped, round prepared, bytes zero.
 */
void wr_count(struct wr_round *round);

/*
 * The same among the objects of the mark bitmap, which are the candidates, and
 * whose counts are `bias` too high.  Nothing is promoted.  Caller: as above.
 */
void wr_count_again(struct wr_round *round);

#endif
