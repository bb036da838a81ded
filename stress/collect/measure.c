/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/measure.c - what both ways of measuring share.
 */
#include "measure.h"

#include <stdlib.h>

void
wr_log_last(struct wr_log *log, uint64_t collected)
{
    weir_gc_last_collection last = {.generation = -1};

    (void)weir_gc_last(&last);
    if (log->n == log->room) {
        uint64_t room = log->room == 0 ? 256 : 2 * log->room;
        uint64_t *more = realloc(log->pauses, room * sizeof(uint64_t));

        if (more == NULL) {
            log->lost = true;
            return;
        }
        log->pauses = more;
        log->room = room;
    }
    log->pauses[log->n++] = last.pause_ns;
    log->gc_ns += last.detect_ns + last.finalize_ns + last.free_ns;
    log->detect_ns += last.detect_ns;
    log->finalize_ns += last.finalize_ns;
    log->free_ns += last.free_ns;
    log->halt_ns += last.halt_ns;
    log->look_ns += last.pause_ns - last.halt_ns - last.resume_ns;
    log->resume_ns += last.resume_ns;
    log->visited += last.candidates;
    log->collected += collected;
    if (last.pause_ns > log->longest_ns) {
        log->longest_ns = last.pause_ns;
    }
}

void
wr_log_free(struct wr_log *log)
{
    free(log->pauses);
    *log = (struct wr_log){.n = 0};
}

void
wr_log_report(struct wr_log *log, uint64_t from, struct wr_result *result)
{
    result->collections = (int64_t)(log->n - from);
    result->collected = (int64_t)log->collected;
    result->visited = (int64_t)log->visited;
    result->gc_ns = (int64_t)log->gc_ns;
    if (log->n > 0) {
        result->detect_ns = (int64_t)(log->detect_ns / log->n);
        result->finalize_ns = (int64_t)(log->finalize_ns / log->n);
        result->free_ns = (int64_t)(log->free_ns / log->n);
        result->halt_ns = (int64_t)(log->halt_ns / log->n);
        result->look_ns = (int64_t)(log->look_ns / log->n);
        result->resume_ns = (int64_t)(log->resume_ns / log->n);
    }
    if (log->n > from) {
        wr_result_pauses(result, log->pauses + from, log->n - from);
    }
}

uint64_t
wr_measure_objects(void)
{
    weir_memory memory = {.objects = 0};

    (void)weir_memory_stats(&memory);
    return memory.objects;
}

int
wr_measure_live_heap(const struct wr_plan *plan, const struct wr_stuff *stuff,
                     struct wr_built *heap)
{
    struct wr_plan tree = *plan;
    struct wr_shape shape;
    int error;

    *heap = (struct wr_built){.owned = 0};
    if (plan->live_heap == 0) {
        return 0;
    }
    tree.live = true;
    wr_shape_init(&shape, WR_GRAPH_TREE, plan->live_heap, true, plan->seed);
    error = wr_graph_build(heap, &shape, stuff, &tree, NULL);
    if (error != 0) {
        return error;
    }
    if (plan->roots_known) {
        error = wr_graph_hold_by_handle(heap);
    }
    if (error == 0 && weir_gc_collect(2) < 0) {
        error = weir_error();
    }
    if (error != 0) {
        wr_graph_drop(heap);
    }
    return error;
}

bool
wr_measure_end_live_heap(struct wr_built *heap, struct wr_result *result)
{
    uint64_t checksum;

    if (heap->nodes == NULL) {
        return true;
    }
    if (!wr_graph_intact(heap, heap->shape.nodes, &checksum)) {
        result->failure = "the live heap beside it was changed";
    }
    result->checksum += checksum;
    wr_graph_drop(heap);
    return result->failure == NULL;
}

int
wr_collect_measure(const struct wr_plan *plan, bool automatic,
                   struct wr_result *result)
{
    struct wr_stuff stuff;
    int error = wr_stuff_make(&stuff);

    if (error != 0) {
        return error;
    }
    wr_result_init(result);
    error = wr_graph_is_automatic(plan->graph)
                ? wr_measure_automatic(plan, &stuff, automatic, result)
                : wr_measure_requested(plan, &stuff, result);
    wr_stuff_drop(&stuff);
    return error;
}
