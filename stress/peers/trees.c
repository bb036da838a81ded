/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/trees.c - binary trees with malloc and free, no counts.
 *
 * A node is two pointers, as in the C program of the Benchmarks Game.  The
 * recursion is as deep as the tree, at most 27 levels.
 */
#include "peer.h"

#include <stdlib.h>

struct node {
    struct node *left;
    struct node *right;
};

static void
drop_node(struct node *node)
{
    if (node->left != NULL) {
        drop_node(node->left);
    }
    if (node->right != NULL) {
        drop_node(node->right);
    }
    free(node);
}

static struct node *
make_node(unsigned depth)
{
    struct node *node = malloc(sizeof(struct node));

    if (node == NULL) {
        return NULL;
    }
    node->left = NULL;
    node->right = NULL;
    if (depth > 0) {
        node->left = make_node(depth - 1);
        node->right = make_node(depth - 1);
        if (node->left == NULL || node->right == NULL) {
            drop_node(node);
            return NULL;
        }
    }
    return node;
}

static uint64_t
count_nodes(const struct node *node)
{
    if (node->left == NULL) {
        return 1;
    }
    return 1 + count_nodes(node->left) + count_nodes(node->right);
}

static void *
make(void *context, unsigned depth)
{
    (void)context;
    return make_node(depth);
}

static uint64_t
count(void *context, void *tree)
{
    (void)context;
    return count_nodes(tree);
}

static void
drop(void *context, void *tree)
{
    (void)context;
    drop_node(tree);
}

static void
checkpoint(void *context)
{
    (void)context;
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    static const struct wr_tree_ops ops = {make, count, drop, checkpoint};

    return wr_work_trees(&ops, NULL,
                         (unsigned)run->params[WR_TREES_DEPTH].number, worker);
}

const struct wr_peer wr_peers_trees[] = {
    {.impl = "c-malloc",
     .against = "gil",
     .program = {.name = "trees",
                 .params = wr_params_trees,
                 .work = work,
                 .check = wr_work_sum_checksums}},
};

const size_t wr_peers_trees_count =
    sizeof(wr_peers_trees) / sizeof(wr_peers_trees[0]);
