/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/trees.c - binary-trees of the Benchmarks Game.
 *
 * Many small objects that die young, next to a tree that stays; no cycles, so
 * counting frees everything.  Each thread does the whole benchmark.  The
 * driver, which the peers share, is wr_work_trees().
 */
#include "programs.h"

#include "work.h"

/* As deep as the tree: at most 27 levels.  NULL without memory. */
static weir_object *
make_node(weir_type *type, unsigned depth)
{
    weir_object *children[2] = {NULL, NULL};

    if (depth > 0) {
        children[0] = make_node(type, depth - 1);
        children[1] = make_node(type, depth - 1);
        if (children[0] == NULL || children[1] == NULL) {
            weir_xdecref(children[0]);
            weir_xdecref(children[1]);
            return NULL;
        }
    }
    return weir_instance_make(type, 2, children);
}

/* As deep as the tree.  No other thread has it: children are borrowed. */
static uint64_t
count_nodes(weir_object *node)
{
    weir_object *left = weir_instance_borrow(node, 0);

    if (left == NULL) {
        return 1;
    }
    return 1 + count_nodes(left) + count_nodes(weir_instance_borrow(node, 1));
}

static void *
tree_make(void *context, unsigned depth)
{
    return make_node(context, depth);
}

static uint64_t
tree_count(void *context, void *tree)
{
    (void)context;
    return count_nodes(tree);
}

static void
tree_drop(void *context, void *tree)
{
    (void)context;
    weir_decref(tree);
}

static void
tree_checkpoint(void *context)
{
    (void)context;
    (void)weir_checkpoint();
}

static int
setup(struct weir_run *run)
{
    run->data = weir_instance_type("tree", 2, 0, NULL, NULL);
    return run->data == NULL ? weir_error() : 0;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    static const struct wr_tree_ops ops = {tree_make, tree_count, tree_drop,
                                           tree_checkpoint};

    return wr_work_trees(&ops, run->data,
                         (unsigned)run->params[WR_TREES_DEPTH].number, worker);
}

WEIR_PROGRAM_NAMED(
    wr_program_trees, .name = "trees",
    .summary = "binary trees made, walked and dropped (Benchmarks Game)",
    .help = "Models short-lived structures without cycles: syntax trees, "
            "requests, messages.\nAn operation is a node made, visited and "
            "freed.  Each thread runs the whole\nbenchmark: a stretch tree, a "
            "long-lived tree, and many trees of growing depth.\nChecked: the "
            "number of nodes in every tree.",
    .params = wr_params_trees, .flags = WEIR_PROGRAM_DETERMINISTIC,
    .setup = setup, .work = work, .check = wr_work_sum_checksums);
