/* SPDX-License-Identifier: MIT */
/*
 * collect/trace.h - the three steps of one collection, written down.
 *
 * The plain algorithm of docs/collector.md, with a copy of each count and a
 * hash table: slow, and easy to follow.  It looks at the same candidates as
 * the real one, under the same stop, and must come to the same result.
 */
#ifndef WR_COLLECT_TRACE_H
#define WR_COLLECT_TRACE_H

#include "collect/nodes.h"
#include "collect/round.h"

struct wr_trace {
    /* candidates by number; left: references not yet explained; settled:
     * reachable; next: of those whose children wait */
    struct wr_nodes nodes;
    /* what is told, by the same numbers */
    weir_gc_trace *steps;
    uint32_t waiting;
    /* number of the object whose children are looked at */
    size_t current;
};

/*
 * Write the three steps down.  Caller: world stopped, round prepared, nothing
 * counted yet.  0, or WEIR_ENOMEM or WEIR_ELIMIT, and nothing has changed.
 */
int wr_trace_take_stw(struct wr_trace *trace, const struct wr_round *round);

/* Does detection agree?  Caller: world stopped, after wr_detect(). */
bool wr_trace_agrees_stw(const struct wr_trace *trace);

/* Tell all steps, in address order.  Caller: attached, world running. */
void wr_trace_tell(const struct wr_trace *trace, weir_gc_trace_fn fn,
                   void *data);

void wr_trace_free(struct wr_trace *trace);

#endif
