/* SPDX-License-Identifier: MIT */
/*
 * collect/trace.c - the three steps of one collection, written down.
 */
#include "collect/trace.h"

#include "base/mem.h"
#include "object/children.h"

/* ---- step 1: counts, and the references between candidates -------------- */

static bool
is_candidate(const weir_object *o, int generation)
{
    return wr_ref_value(o) > 0 && (o->flags & WR_FLAG_TRACKED) != 0 &&
           (o->flags & WR_FLAG_GEN_MASK) <= generation;
}

static int
add_pool(struct wr_trace *trace, uint32_t pool, int generation)
{
    const struct wr_blocks blocks = wr_round_blocks(pool);

    for (size_t at = blocks.first; at < blocks.end; at += blocks.size) {
        weir_object *o = (weir_object *)(void *)(wr_region.base + at);

        if (is_candidate(o, generation)) {
            int error = wr_nodes_add(&trace->nodes, o);

            if (error != WEIR_OK) {
                return error;
            }
            trace->nodes.nodes[trace->nodes.size - 1].left = wr_ref_value(o);
        }
    }
    return WEIR_OK;
}

static void
subtract_child(weir_object *child, void *context)
{
    struct wr_trace *trace = context;
    size_t number = wr_nodes_find(&trace->nodes, child);

    if (number != SIZE_MAX) {
        trace->nodes.nodes[number].left--;
        trace->steps[number].internal++;
    }
}

/* ---- step 2: what has references left, and what that reaches ------------ */

static void
settle(struct wr_trace *trace, size_t number, weir_gc_verdict verdict)
{
    struct wr_node *node = &trace->nodes.nodes[number];

    node->settled = true;
    node->next = trace->waiting;
    trace->waiting = (uint32_t)number + 1;
    trace->steps[number].verdict = verdict;
}

static void
reach_child(weir_object *child, void *context)
{
    struct wr_trace *trace = context;
    size_t number = wr_nodes_find(&trace->nodes, child);

    if (number != SIZE_MAX && !trace->nodes.nodes[number].settled) {
        settle(trace, number, WEIR_GC_REACHED);
        trace->steps[number].by = trace->nodes.nodes[trace->current].object;
    }
}

static void
reach(struct wr_trace *trace)
{
    for (size_t i = 0; i < trace->nodes.size; i++) {
        if (trace->nodes.nodes[i].left != 0) {
            settle(trace, i, WEIR_GC_ROOT);
        }
    }
    /* Ends: each candidate is settled once. */
    while (trace->waiting != 0) {
        struct wr_node *node = &trace->nodes.nodes[trace->waiting - 1];

        trace->current = trace->waiting - 1;
        trace->waiting = node->next;
        wr_children_visit(node->object, reach_child, trace);
    }
}

/* ---- all together ------------------------------------------------------- */

/* Step 3 is that the rest is unreachable. */
static void
start_step(weir_gc_trace *step, const struct wr_node *node)
{
    *step = (weir_gc_trace){
        .object = node->object,
        .type = wr_type_of(node->object)->name,
        .count = node->left,
        .verdict = WEIR_GC_UNREACHABLE,
    };
}

int
wr_trace_take_stw(struct wr_trace *trace, const struct wr_round *round)
{
    int error = WEIR_OK;

    for (size_t i = 0; error == WEIR_OK && i < round->npools; i++) {
        error = add_pool(trace, round->pools[i].pool, round->generation);
    }
    if (error != WEIR_OK || trace->nodes.size == 0) {
        return error;
    }
    trace->steps = wr_mem_calloc(trace->nodes.size, sizeof(*trace->steps));
    if (trace->steps == NULL) {
        return WEIR_ENOMEM;
    }
    for (size_t i = 0; i < trace->nodes.size; i++) {
        start_step(&trace->steps[i], &trace->nodes.nodes[i]);
    }
    for (size_t i = 0; i < trace->nodes.size; i++) {
        wr_children_visit(trace->nodes.nodes[i].object, subtract_child, trace);
    }
    for (size_t i = 0; i < trace->nodes.size; i++) {
        trace->steps[i].left = trace->nodes.nodes[i].left;
    }
    reach(trace);
    return WEIR_OK;
}

bool
wr_trace_agrees_stw(const struct wr_trace *trace)
{
    for (size_t i = 0; i < trace->nodes.size; i++) {
        bool garbage = wr_bitmap_test(wr_side.cand,
                                      wr_granule(trace->nodes.nodes[i].object));

        if (garbage == trace->nodes.nodes[i].settled) {
            return false;
        }
    }
    return true;
}

void
wr_trace_tell(const struct wr_trace *trace, weir_gc_trace_fn fn, void *data)
{
    for (size_t i = 0; trace->steps != NULL && i < trace->nodes.size; i++) {
        fn(&trace->steps[i], data);
    }
}

void
wr_trace_free(struct wr_trace *trace)
{
    wr_nodes_free(&trace->nodes);
    wr_mem_free(trace->steps);
    trace->steps = NULL;
}
