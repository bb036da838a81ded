/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/graph-churn.c - a random graph that keeps making garbage.
 *
 * Each thread owns a table of clusters.  A cluster is a ring of instances that
 * share a list of themselves, so counting alone never frees it; its head may
 * also refer to the head of another cluster.  Every step makes a cluster and
 * puts it in the place of a random old one, which becomes cyclic garbage as
 * soon as no other cluster refers to it.
 *
 * The live heap stays steady because such references are never chained deeper
 * than LEVELS: a cluster that left the table is kept by at most that many
 * others.  A plain table of numbers says what the graph must look like.
 */
#include "programs.h"

#include <stdlib.h>

enum { STEPS, LIVE };

/* Slots of a node. */
enum { NEXT, HUB, OTHER, PAYLOAD, NODE_SLOTS };

/* Nodes of a cluster: from NODES_MIN, NODES_RANGE different sizes. */
#define NODES_MIN 2u
#define NODES_RANGE 7u

#define LEVELS 3u

static const struct weir_program_param params[] = {
    [STEPS] = {.name = "steps",
               .initial = "100000",
               .unit = "clusters per thread",
               .help = "clusters made, each in the place of an old one",
               .min = 1,
               .max = INT64_C(100000000000)},
    [LIVE] = {.name = "live",
              .initial = "2000",
              .unit = "clusters per thread",
              .help = "clusters in the table (6 objects each, on average)",
              .min = 1,
              .max = 10000000},
    {.name = NULL},
};

/* What a slot of the table must hold. */
struct expected {
    /* number of the cluster in this slot, from 1 on */
    uint64_t serial;

    /* the cluster its head refers to; 0: none */
    uint64_t target;

    uint32_t nodes;
    uint32_t level;
};

struct graph {
    weir_type *type;
    weir_object *table;
    struct expected *expected;
    uint64_t live;
    uint64_t random;
    uint64_t serial;

    /* instances and hubs, all of which end as garbage of a cycle */
    uint64_t made;
};

/* The payload of node i of a cluster. */
static int64_t
payload(uint64_t serial, uint32_t i)
{
    return (int64_t)(weir_program_mix(serial * 16 + i) >> 2) + 1024;
}

/* Store a payload in a node.  Returns 0 or an error. */
static int
set_payload(weir_object *node, int64_t value)
{
    weir_object *number = weir_int_new(value);
    int error;

    if (number == NULL) {
        return weir_error();
    }
    error = weir_instance_set(node, PAYLOAD, number);
    weir_decref(number);
    return error;
}

/* Make the nodes and the hub that lists them; a new reference to the hub. */
static weir_object *
make_hub(struct graph *graph, uint64_t serial, uint32_t nodes)
{
    weir_object *hub = weir_list_new();

    for (uint32_t i = 0; i < nodes && hub != NULL; i++) {
        weir_object *node = weir_instance_new(graph->type);

        if (node == NULL || set_payload(node, payload(serial, i)) != 0 ||
            weir_instance_set(node, HUB, hub) != 0 ||
            weir_list_append(hub, node) != 0) {
            weir_xdecref(node);
            weir_decref(hub);
            return NULL;
        }
        weir_decref(node);
    }
    return hub;
}

/* Close the ring and link each node but the head to a random one. */
static int
link_nodes(struct graph *graph, weir_object *hub, uint32_t nodes)
{
    for (uint32_t i = 0; i < nodes; i++) {
        weir_object *node = weir_list_get(hub, i);
        weir_object *next = weir_list_get(hub, (i + 1) % nodes);
        weir_object *other =
            weir_list_get(hub, weir_program_random(&graph->random) % nodes);
        int error = weir_instance_set(node, NEXT, next);

        if (error == 0 && i > 0) {
            error = weir_instance_set(node, OTHER, other);
        }
        weir_decref(node);
        weir_decref(next);
        weir_decref(other);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Let the new head refer to the head in a random slot, if that is allowed. */
static int
link_out(struct graph *graph, weir_object *head, struct expected *made)
{
    uint64_t slot = weir_program_random(&graph->random) % graph->live;
    const struct expected *to = &graph->expected[slot];
    weir_object *other;
    int error;

    made->target = 0;
    made->level = 0;
    if (to->serial == 0 || to->level == LEVELS) {
        return 0;
    }
    made->target = to->serial;
    made->level = to->level + 1;
    other = weir_list_get(graph->table, slot);
    error = weir_instance_set(head, OTHER, other);
    weir_decref(other);
    return error;
}

/* Make a cluster and put it into the slot; the old one loses its place. */
static int
replace(struct graph *graph, uint64_t slot)
{
    struct expected made = {.serial = ++graph->serial};
    weir_object *hub;
    weir_object *head;
    int error;

    made.nodes = NODES_MIN +
                 (uint32_t)(weir_program_random(&graph->random) % NODES_RANGE);
    graph->made += made.nodes + 1;
    hub = make_hub(graph, made.serial, made.nodes);
    if (hub == NULL) {
        return WEIR_ENOMEM;
    }
    head = weir_list_get(hub, 0);
    error = link_nodes(graph, hub, made.nodes);
    if (error == 0) {
        error = link_out(graph, head, &made);
    }
    if (error == 0) {
        error = weir_list_set(graph->table, slot, head);
    }
    if (error == 0) {
        graph->expected[slot] = made;
    }
    weir_decref(head);
    weir_decref(hub);
    return error;
}

static int
setup(struct weir_run *run)
{
    run->data = weir_instance_type("graph", NODE_SLOTS, 0, NULL, NULL);
    return run->data == NULL ? weir_error() : 0;
}

/* A table full of clusters. */
static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    struct graph *graph = calloc(1, sizeof(struct graph));
    weir_object *nothing = weir_int_new(0);
    int error = 0;

    worker->data = graph;
    if (graph == NULL || nothing == NULL) {
        return WEIR_ENOMEM;
    }
    graph->type = run->data;
    graph->live = (uint64_t)run->params[LIVE].number;
    graph->random = worker->seed;
    graph->expected = calloc(graph->live, sizeof(struct expected));
    graph->table = weir_list_new();
    if (graph->expected == NULL || graph->table == NULL) {
        error = WEIR_ENOMEM;
    }
    for (uint64_t i = 0; i < graph->live && error == 0; i++) {
        error = weir_list_append(graph->table, nothing);
    }
    weir_decref(nothing);
    for (uint64_t i = 0; i < graph->live && error == 0; i++) {
        error = replace(graph, i);
        (void)weir_checkpoint();
    }
    return error;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    struct graph *graph = worker->data;
    int64_t steps = run->params[STEPS].number;

    for (int64_t i = 0; i < steps; i++) {
        uint64_t slot = weir_program_random(&graph->random) % graph->live;
        int error = replace(graph, slot);

        if (error != 0) {
            return error;
        }
        (void)weir_checkpoint();
    }
    worker->ops = (uint64_t)steps;
    return 0;
}

/* True when the node carries the payload; false for NULL as well. */
static bool
has_payload(weir_object *node, int64_t expected)
{
    weir_object *number =
        node == NULL ? NULL : weir_instance_get(node, PAYLOAD);
    int64_t value = 0;
    bool same = weir_int_value(number, &value) == 0 && value == expected;

    weir_xdecref(number);
    return same;
}

/* Walk the ring from the head; true when it is what it must be. */
static bool
ring_intact(weir_object *head, const struct expected *expected)
{
    weir_object *node = weir_newref(head);
    weir_object *hub = weir_instance_get(head, HUB);
    bool intact = weir_list_size(hub) == expected->nodes;

    for (uint32_t i = 0; i < expected->nodes && node != NULL; i++) {
        weir_object *next = weir_instance_get(node, NEXT);

        intact = intact && has_payload(node, payload(expected->serial, i));
        weir_decref(node);
        node = next;
    }
    intact = intact && node == head;
    weir_xdecref(node);
    weir_xdecref(hub);
    return intact;
}

static bool
slot_intact(struct graph *graph, uint64_t slot)
{
    const struct expected *expected = &graph->expected[slot];
    weir_object *head = weir_list_get(graph->table, slot);
    weir_object *other = weir_instance_get(head, OTHER);
    bool intact = ring_intact(head, expected);

    if (expected->target == 0) {
        intact = intact && other == NULL;
    } else {
        intact = intact && has_payload(other, payload(expected->target, 0));
    }
    weir_xdecref(other);
    weir_decref(head);
    return intact;
}

/* Compare the graph with the table of numbers, then let it go. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct graph *graph = worker->data;
    uint64_t all =
        (uint64_t)(run->params[STEPS].number + run->params[LIVE].number);
    bool intact;

    if (graph == NULL) {
        return 0;
    }
    /* Otherwise the run has failed already and the table is not full. */
    intact = graph->serial == all;
    worker->checksum = 0;
    for (uint64_t i = 0; i < graph->live && intact; i++) {
        const struct expected *expected = &graph->expected[i];

        intact = slot_intact(graph, i);
        worker->checksum +=
            weir_program_mix(i ^ weir_program_mix(expected->serial) ^
                             weir_program_mix(expected->target + 1) ^
                             (uint64_t)expected->nodes << 48);
        (void)weir_checkpoint();
    }
    weir_xdecref(graph->table);
    free(graph->expected);
    graph->table = NULL;
    graph->expected = NULL;
    return intact ? 0 : weir_worker_fail(worker, "the graph is damaged");
}

/* All that collections have found since the start. */
static uint64_t
collected(void)
{
    uint64_t sum = 0;

    for (int g = 0; g < WEIR_GC_GENERATIONS; g++) {
        weir_gc_stats stats = {.collected = 0};

        (void)weir_gc_get_stats(g, &stats);
        sum += stats.collected;
    }
    return sum;
}

/*
 * With the tables gone, all of it is garbage.  After one full collection the
 * collector must have found every object that was ever made, once.
 */
static int
check(struct weir_run *run)
{
    int64_t found = weir_gc_collect(2);
    uint64_t made = 0;

    if (found < 0) {
        return (int)found;
    }
    run->checksum = 0;
    for (uint32_t i = 0; i < run->threads; i++) {
        const struct graph *graph = run->workers[i].data;

        made += graph->made;
        run->checksum += run->workers[i].checksum;
    }
    if (wr_cfg_counted && collected() != made) {
        return weir_program_fail(run, "not all garbage was found");
    }
    return 0;
}

static void
teardown(struct weir_run *run)
{
    for (uint32_t i = 0; i < run->threads; i++) {
        free(run->workers[i].data);
    }
}

WEIR_PROGRAM_NAMED(
    wr_program_graph_churn, .name = "graph-churn",
    .summary =
        "a random cyclic graph, steadily replaced: work for the collector",
    .help =
        "Models caches, sessions and object graphs with back references: "
        "the live heap\nis steady, and everything that is dropped is part "
        "of a cycle.  An operation\nreplaces one cluster: 2 to 8 instances "
        "in a ring, and a list of them.\nChecked: every cluster of the "
        "final graph, and that collections find every\nobject that was made.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC, .setup = setup,
    .prepare = prepare, .work = work, .settle = settle, .check = check,
    .teardown = teardown);
