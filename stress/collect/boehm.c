/* SPDX-License-Identifier: MIT */
/*
 * stress/collect/boehm.c - weir-collect-boehm: the graphs in Boehm's collector.
 *
 * The same shapes as the cells build, in blocks of the same sizes (a header
 * of 16 bytes that holds no pointers, then the fields; items of lists and
 * tables of dicts in blocks of their own).  One thread marks.  It traces from
 * roots instead of counting, so for garbage it has almost nothing to do: that
 * is the price of not having to look, beside the price of counting.
 *
 * It is conservative: a stale pointer on the stack may keep a graph alive.
 * Then nothing was collected, and the run says so.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

/* For the number of markers. */
#define GC_THREADS
#include <gc/gc.h>
#include <gc/gc_mark.h>

#include "shape.h"

/* Slots of a dict's table: 8 entries of a key and a value. */
#define TABLE_SLOTS 16u

/* The least part of the garbage that must be gone, in per cent. */
#define FREED_LEAST 90u

struct node {
    uint64_t header[2];

    /* two or four edges; a list or a dict has one, to its own block */
    struct node *edges[];
};

/* A graph and what holds it; static, so that the collector sees `root` and
 * nothing else of it. */
struct graph {
    struct wr_shape shape;

    /* not memory of the collector: it does not look in here */
    struct node **nodes;
};

/* Only the collector reads these; a compiler must not see that. */
static struct node *volatile root;
static struct node *volatile heap_root;

/* What came of collections that came by themselves. */
static struct {
    uint64_t *pauses;
    uint64_t n;
    uint64_t room;
    uint64_t started_ns;
    uint64_t started_cpu_ns;
    uint64_t gc_ns;
    uint64_t cpu_ns;
} watched;

static void
out_of_memory(void)
{
    fprintf(stderr, "no memory\n");
    exit(EXIT_FAILURE);
}

static void *
block(size_t slots)
{
    void *memory = GC_MALLOC(sizeof(struct node) + slots * sizeof(void *));

    if (memory == NULL) {
        out_of_memory();
    }
    return memory;
}

/* Slots of a node in line, and in its own block. */
static size_t
inline_slots(enum wr_node_kind kind)
{
    switch (kind) {
    case WR_NODE_PAIR:
        return 2;
    case WR_NODE_QUAD:
    case WR_NODE_TUPLE:
        return 4;
    case WR_NODE_LIST:
    case WR_NODE_DICT:
        break;
    }
    return 2;
}

/* Where the edges of a node are. */
static struct node **
edges_of(enum wr_node_kind kind, struct node *node)
{
    if (kind == WR_NODE_LIST || kind == WR_NODE_DICT) {
        return node->edges[0]->edges;
    }
    return node->edges;
}

static struct node *
make_node(enum wr_node_kind kind)
{
    struct node *node = block(inline_slots(kind));

    if (kind == WR_NODE_LIST) {
        node->edges[0] = block(WR_EDGES_MAX);
    } else if (kind == WR_NODE_DICT) {
        node->edges[0] = block(TABLE_SLOTS);
    }
    return node;
}

/* Make and link the nodes; returns what holds them. */
static struct node *
build(struct graph *graph, const struct wr_plan *plan)
{
    const struct wr_shape *shape = &graph->shape;
    uint32_t *order = plan->shuffled ? wr_shape_shuffle(shape) : NULL;
    struct node *holder;
    size_t used = 0;

    graph->nodes = malloc(shape->nodes * sizeof(struct node *));
    if (graph->nodes == NULL || (plan->shuffled && order == NULL)) {
        out_of_memory();
    }
    for (uint64_t i = 0; i < shape->nodes; i++) {
        uint64_t node = order == NULL ? i : order[i];

        graph->nodes[node] = make_node(wr_shape_kind(shape, node));
    }
    free(order);
    for (uint64_t i = 0; i < shape->nodes; i++) {
        struct node **edges =
            edges_of(wr_shape_kind(shape, i), graph->nodes[i]);
        uint64_t to[WR_EDGES_MAX];
        unsigned n = wr_shape_edges(shape, i, to);

        for (unsigned k = 0; k < n; k++) {
            edges[k] = graph->nodes[to[k]];
        }
    }
    holder = block(shape->heads / shape->stride + 1);
    for (uint64_t i = 0; i < shape->heads; i += shape->stride) {
        holder->edges[used++] = graph->nodes[i];
    }
    return holder;
}

/* Every edge is where it was. */
static bool
intact(const struct graph *graph)
{
    const struct wr_shape *shape = &graph->shape;

    for (uint64_t i = 0; i < shape->nodes; i++) {
        struct node **edges =
            edges_of(wr_shape_kind(shape, i), graph->nodes[i]);
        uint64_t to[WR_EDGES_MAX];
        unsigned n = wr_shape_edges(shape, i, to);

        for (unsigned k = 0; k < n; k++) {
            if (edges[k] != graph->nodes[to[k]]) {
                return false;
            }
        }
    }
    return true;
}

/* Bytes that are handed out. */
static uint64_t
used_bytes(void)
{
    return GC_get_heap_size() - GC_get_free_bytes();
}

static int
by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Collect once; false when garbage was kept, or what lives was freed: a pair
 * takes 32 bytes. */
static bool
collect(const struct wr_plan *plan, uint64_t *pause, double *cpu)
{
    uint64_t least = plan->objects * 32 / 100 * FREED_LEAST;
    uint64_t before = used_bytes();
    uint64_t began_cpu = wr_bench_cpu();
    uint64_t began = wr_bench_clock();
    uint64_t after;

    GC_gcollect();
    *pause = wr_bench_clock() - began;
    *cpu = (double)wr_bench_cpu_since(began_cpu);
    after = used_bytes();
    return plan->live ? after >= least : before >= after + least;
}

/* An old tree beside the graph. */
static void
build_heap(const struct wr_plan *plan, struct graph *heap)
{
    if (plan->live_heap == 0) {
        return;
    }
    wr_shape_init(&heap->shape, WR_GRAPH_TREE, plan->live_heap, true,
                  plan->seed);
    heap_root = build(heap, plan);
}

static void
measure_requested(const struct wr_plan *plan, struct wr_result *result)
{
    uint64_t *pauses = calloc(plan->repeats, sizeof(uint64_t));
    double *times = calloc(plan->repeats, sizeof(double));
    double *cpu = calloc(plan->repeats, sizeof(double));
    struct graph graph = {.nodes = NULL};
    struct graph heap = {.nodes = NULL};
    uint64_t own;

    if (pauses == NULL || times == NULL || cpu == NULL) {
        out_of_memory();
    }
    build_heap(plan, &heap);
    wr_shape_init(&graph.shape, plan->graph, plan->objects, plan->live,
                  plan->seed);
    root = build(&graph, plan);
    own = (graph.shape.nodes + heap.shape.nodes) * sizeof(struct node *);
    if (plan->live) {
        GC_enable();
        GC_gcollect();
    } else {
        root = NULL;
        GC_enable();
        GC_clear_stack(NULL);
    }
    wr_result_settle_memory(result, own);
    for (uint64_t i = 0; i < plan->repeats; i++) {
        if (!collect(plan, &pauses[i], &cpu[i])) {
            result->failure = plan->live ? "what lives was freed"
                                         : "the garbage was not collected";
        }
        times[i] = (double)pauses[i];
        result->gc_ns = (i == 0 ? 0 : result->gc_ns) + (int64_t)pauses[i];
    }
    wr_result_peak_memory(result, own);
    if ((plan->live && !intact(&graph)) ||
        (heap.nodes != NULL && !intact(&heap))) {
        result->failure = "what lives was changed";
    }
    qsort(times, plan->repeats, sizeof(double), by_value);
    qsort(cpu, plan->repeats, sizeof(double), by_value);
    result->ns_per_object =
        times[plan->repeats / 2] / (double)graph.shape.nodes;
    result->cpu_ns_per_object =
        cpu[plan->repeats / 2] / (double)graph.shape.nodes;
    result->collections = (int64_t)plan->repeats;
    wr_result_pauses(result, pauses, plan->repeats);
}

/* --- collections that come by themselves ---------------------------------- */

static void
on_event(GC_EventType event)
{
    if (event == GC_EVENT_START) {
        watched.started_cpu_ns = wr_bench_cpu();
        watched.started_ns = wr_bench_clock();
    } else if (event == GC_EVENT_END) {
        uint64_t ns = wr_bench_clock() - watched.started_ns;

        watched.gc_ns += ns;
        watched.cpu_ns += wr_bench_cpu_since(watched.started_cpu_ns);
        if (watched.n < watched.room) {
            watched.pauses[watched.n++] = ns;
        }
    }
}

/* Room for all pauses there can be: it is called within a collection. */
static void
watch(void)
{
    watched.room = 1u << 20;
    watched.pauses = calloc(watched.room, sizeof(uint64_t));
    if (watched.pauses == NULL) {
        out_of_memory();
    }
    GC_set_on_collection_event(on_event);
    GC_enable();
}

static void
unwatch(struct wr_result *result, uint64_t from, uint64_t gc_ns_before)
{
    GC_disable();
    GC_set_on_collection_event(NULL);
    result->collections = (int64_t)(watched.n - from);
    result->gc_ns = (int64_t)(watched.gc_ns - gc_ns_before);
    wr_result_pauses(result, watched.pauses + from, watched.n - from);
    free(watched.pauses);
}

static void
measure_churn(const struct wr_plan *plan, struct wr_result *result)
{
    struct graph heap = {.nodes = NULL};
    uint64_t began;
    uint64_t own;

    build_heap(plan, &heap);
    own = heap.shape.nodes * sizeof(struct node *);
    GC_enable();
    GC_gcollect();
    wr_result_settle_memory(result, own);
    GC_disable();
    watch();
    began = wr_bench_clock();
    for (uint64_t i = 0; i < plan->objects / 2; i++) {
        struct node *first = block(2);
        struct node *second = block(2);

        first->edges[0] = second;
        second->edges[0] = first;
    }
    result->wall_s = (double)(wr_bench_clock() - began) / 1e9;
    wr_result_peak_memory(result, own);
    unwatch(result, 0, 0);
    result->ns_per_object = (double)result->gc_ns / (double)plan->objects;
    result->cpu_ns_per_object = (double)watched.cpu_ns / (double)plan->objects;
    if (heap.nodes != NULL && !intact(&heap)) {
        result->failure = "what lives was changed";
    }
}

static void
measure_growth(const struct wr_plan *plan, struct wr_result *result)
{
    struct graph tree = {.nodes = NULL};
    uint64_t first_pause = 0;
    uint64_t before = 0;
    uint64_t cpu_before = 0;
    uint64_t began;

    wr_shape_init(&tree.shape, WR_GRAPH_TREE, plan->objects, true, plan->seed);
    tree.nodes = calloc(plan->objects, sizeof(struct node *));
    if (tree.nodes == NULL) {
        out_of_memory();
    }
    watch();
    began = wr_bench_clock();
    for (uint64_t i = 0; i < plan->objects; i++) {
        tree.nodes[i] = block(2);
        if (i == 0) {
            root = tree.nodes[0];
        } else {
            tree.nodes[(i - 1) / 2]->edges[(i - 1) % 2] = tree.nodes[i];
        }
        if (i + 1 == plan->live_heap) {
            first_pause = watched.n;
            before = watched.gc_ns;
            cpu_before = watched.cpu_ns;
        }
    }
    result->wall_s = (double)(wr_bench_clock() - began) / 1e9;
    unwatch(result, first_pause, before);
    if (plan->objects > plan->live_heap) {
        double grown = (double)(plan->objects - plan->live_heap);

        result->ns_per_object = (double)result->gc_ns / grown;
        result->cpu_ns_per_object =
            (double)(watched.cpu_ns - cpu_before) / grown;
    }
    if (!intact(&tree)) {
        result->failure = "what lives was changed";
    }
}

/* What it can build, for --list. */
static int
list(int fd)
{
    for (int i = 0; i < WR_GRAPHS; i++) {
        if (i != WR_GRAPH_SCALE &&
            !wr_record_write(
                json_pack("{s:i, s:s, s:s, s:b, s:b}", "schema", 1, "record",
                          "graph", "name", wr_bench_graphs[i].name, "automatic",
                          wr_graph_is_automatic((enum wr_graph)i), "young", 0),
                fd)) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    static const struct wr_record_cell cell = {.t0 = -1, .peer = "boehm"};
    struct wr_options options;
    struct wr_plan plan;
    struct wr_result result;

    wr_options_read(&options, WR_OPTIONS_PEER, argc, argv);
    if (options.list) {
        return list(options.out_fd);
    }
    if (options.collect == NULL) {
        wr_usage_error("--collect: missing");
    }
    wr_plan_read(&options, &plan);
    if (plan.generation != 2 && !wr_graph_is_automatic(plan.graph)) {
        wr_usage_error("--param generation=young: it has no generations here");
    }
    wr_result_init(&result);
    GC_set_markers_count(1);
    GC_INIT();
    GC_disable();
    if (plan.graph == WR_GRAPH_CHURN) {
        measure_churn(&plan, &result);
    } else if (wr_graph_is_automatic(plan.graph)) {
        measure_growth(&plan, &result);
    } else {
        measure_requested(&plan, &result);
    }
    if (result.failure != NULL) {
        fprintf(stderr, "%s: %s\n", wr_bench_graphs[plan.graph].name,
                result.failure);
    }
    return wr_bench_report(&plan, &result, &cell,
                           result.failure == NULL ? "ok" : "check-failed",
                           options.out_fd)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
