/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/gcbench.c - Boehm's GCBench (after Ellis and Kovac).
 *
 * Trees are built top-down, which stores into old objects, and bottom-up,
 * which does not, beside a long-lived tree and a long-lived array.  Nodes have
 * four fields as in the original, two of which stay empty; its array of
 * doubles is a list of ints.  Each thread does the whole benchmark.
 */
#include "programs.h"

#include <stdlib.h>

enum { DEPTH, ARRAY };

/* Smallest depth of the short-lived trees, as in the original. */
#define DEPTH_MIN 4

static const struct weir_program_param params[] = {
    [DEPTH] = {.name = "depth",
               .initial = "15",
               .unit = "levels",
               .help = "depth of the long-lived tree and of the deepest "
                       "short-lived ones; the stretch tree has two more",
               .min = DEPTH_MIN,
               .max = 24},
    [ARRAY] = {.name = "array",
               .initial = "50000",
               .unit = "ints",
               .help = "length of the long-lived array",
               .min = 1,
               .max = 100000000},
    {.name = NULL},
};

/* What one thread keeps to the end. */
struct lasting {
    weir_object *tree;
    weir_object *array;
};

static uint64_t
tree_nodes(unsigned depth)
{
    return (UINT64_C(2) << depth) - 1;
}

/* Bottom-up; as deep as the tree.  NULL without memory. */
static weir_object *
make_tree(weir_type *type, unsigned depth)
{
    weir_object *children[2] = {NULL, NULL};

    if (depth > 0) {
        children[0] = make_tree(type, depth - 1);
        children[1] = make_tree(type, depth - 1);
        if (children[0] == NULL || children[1] == NULL) {
            weir_xdecref(children[0]);
            weir_xdecref(children[1]);
            return NULL;
        }
    }
    return weir_instance_make(type, 2, children);
}

/* Top-down: give the node its children, then theirs; as deep as the tree. */
static int
populate(weir_type *type, weir_object *node, unsigned depth)
{
    if (depth == 0) {
        return 0;
    }
    for (size_t i = 0; i < 2; i++) {
        weir_object *child = weir_instance_new(type);
        int error;

        if (child == NULL) {
            return weir_error();
        }
        error = weir_instance_set(node, i, child);
        if (error == 0) {
            error = populate(type, child, depth - 1);
        }
        weir_decref(child);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* As deep as the tree.  No other thread has it: children are borrowed. */
static uint64_t
count_nodes(weir_object *node)
{
    uint64_t count = 1;

    for (size_t i = 0; i < 2; i++) {
        weir_object *child = weir_instance_borrow(node, i);

        if (child != NULL) {
            count += count_nodes(child);
        }
    }
    return count;
}

/* One tree made and dropped, top-down or bottom-up. */
static int
short_lived(weir_type *type, unsigned depth, bool down)
{
    weir_object *tree = down ? weir_instance_new(type) : make_tree(type, depth);
    int error = 0;

    if (tree == NULL) {
        return WEIR_ENOMEM;
    }
    if (down) {
        error = populate(type, tree, depth);
    }
    weir_program_keep(tree);
    weir_decref(tree);
    (void)weir_checkpoint();
    return error;
}

/* The trees of one depth: as many nodes in both directions at each depth. */
static int
one_depth(weir_type *type, unsigned depth, unsigned stretch,
          struct weir_worker *worker)
{
    uint64_t trees = 2 * tree_nodes(stretch) / tree_nodes(depth);

    for (int down = 1; down >= 0; down--) {
        for (uint64_t i = 0; i < trees; i++) {
            int error = short_lived(type, depth, down == 1);

            if (error != 0) {
                return error;
            }
        }
        worker->ops += trees * tree_nodes(depth);
    }
    return 0;
}

/* What item i of the array is worth; above the small ints. */
static int64_t
array_value(uint64_t i)
{
    return (int64_t)(i + 1024);
}

static int
fill_array(weir_object *array, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        weir_object *value = weir_int_new(array_value(i));
        int error;

        if (value == NULL) {
            return weir_error();
        }
        error = weir_list_append(array, value);
        weir_decref(value);
        if (error != 0) {
            return error;
        }
        if (i % 256 == 0) {
            (void)weir_checkpoint();
        }
    }
    return 0;
}

static int
make_lasting(struct weir_run *run, struct lasting *lasting, unsigned depth)
{
    int error;

    lasting->tree = weir_instance_new(run->data);
    lasting->array = weir_list_new();
    if (lasting->tree == NULL || lasting->array == NULL) {
        return WEIR_ENOMEM;
    }
    error = populate(run->data, lasting->tree, depth);
    if (error != 0) {
        return error;
    }
    return fill_array(lasting->array, (uint64_t)run->params[ARRAY].number);
}

static int
setup(struct weir_run *run)
{
    run->data = weir_instance_type("gcbench", 4, 0, NULL, NULL);
    return run->data == NULL ? weir_error() : 0;
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    (void)run;
    worker->data = calloc(1, sizeof(struct lasting));
    return worker->data == NULL ? WEIR_ENOMEM : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    unsigned depth = (unsigned)run->params[DEPTH].number;
    unsigned stretch = depth + 2;
    int error = short_lived(run->data, stretch, false);

    if (error == 0) {
        error = make_lasting(run, worker->data, depth);
    }
    worker->ops = tree_nodes(stretch) + tree_nodes(depth);
    for (unsigned d = DEPTH_MIN; d <= depth && error == 0; d += 2) {
        error = one_depth(run->data, d, stretch, worker);
    }
    return error;
}

/* The sum over the long-lived array. */
static uint64_t
sum_array(weir_object *array)
{
    int64_t size = weir_list_size(array);
    uint64_t sum = 0;

    for (int64_t i = 0; i < size; i++) {
        weir_object *item = weir_list_get(array, (size_t)i);
        int64_t value = 0;

        (void)weir_int_value(item, &value);
        sum += weir_program_mix((uint64_t)value);
        weir_xdecref(item);
    }
    return sum;
}

static uint64_t
expected_sum(uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n; i++) {
        sum += weir_program_mix((uint64_t)array_value(i));
    }
    return sum;
}

/* Everything that should have lasted must have. */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    struct lasting *lasting = worker->data;
    bool intact = false;

    if (lasting == NULL) {
        return 0;
    }
    if (lasting->tree != NULL && lasting->array != NULL) {
        uint64_t nodes = count_nodes(lasting->tree);
        uint64_t sum = sum_array(lasting->array);

        intact = nodes == tree_nodes((unsigned)run->params[DEPTH].number) &&
                 sum == expected_sum((uint64_t)run->params[ARRAY].number);
        worker->checksum = weir_program_mix(nodes) + sum;
    }
    weir_xdecref(lasting->tree);
    weir_xdecref(lasting->array);
    free(lasting);
    worker->data = NULL;
    return intact ? 0 : weir_worker_fail(worker, "long-lived data is damaged");
}

static int
check(struct weir_run *run)
{
    run->checksum = 0;
    for (uint32_t i = 0; i < run->threads; i++) {
        run->checksum += run->workers[i].checksum;
    }
    return 0;
}

WEIR_PROGRAM_NAMED(
    wr_program_gcbench, .name = "gcbench",
    .summary = "Boehm's GCBench: trees built both ways beside lasting data",
    .help = "Models an application that keeps a live heap while it makes and "
            "drops\nstructures of all sizes.  An operation is a node made and "
            "freed.  Each thread\nruns the whole benchmark.\nChecked: the "
            "long-lived tree and array at the end.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC, .setup = setup,
    .prepare = prepare, .work = work, .settle = settle, .check = check);
