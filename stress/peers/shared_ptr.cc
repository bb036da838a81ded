/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/shared_ptr.cc - std::shared_ptr, where the programs use counts.
 *
 * An incref is a copy, a decref is the end of that copy.  libstdc++ skips the
 * atomic instructions until a process has started its first thread; the
 * runner works on threads of its own, so they are always used here.
 */
#include "peer.h"

#include <memory>
#include <new>
#include <vector>

namespace
{

struct block {
    void *slots[2];
};

using reference = std::shared_ptr<block>;
using references = std::vector<reference>;

references *
make_objects(uint64_t n)
{
    try {
        references *objects = new references();

        objects->reserve(n);
        for (uint64_t i = 0; i < n; i++) {
            objects->push_back(std::make_shared<block>());
        }
        return objects;
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

/* How far the counts are from one. */
int64_t
lost_counts(const references &objects)
{
    int64_t lost = 0;

    for (const reference &o : objects) {
        long count = o.use_count();

        lost += count > 1 ? count - 1 : 1 - count;
    }
    return lost;
}

/* ---- refs-private ---- */

int
private_prepare(struct weir_run *run, struct weir_worker *worker)
{
    worker->data = make_objects(
        static_cast<uint64_t>(run->params[WR_REFS_PRIVATE_OBJECTS].number));
    return worker->data == nullptr ? -1 : 0;
}

/* The loop of programs/refs-private.c. */
int
private_work(struct weir_run *run, struct weir_worker *worker)
{
    references &objects = *static_cast<references *>(worker->data);
    uint64_t n = objects.size();
    uint64_t pairs =
        static_cast<uint64_t>(run->params[WR_REFS_PRIVATE_PAIRS].number);
    uint64_t at = 0;

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < WR_REFS_CHUNK ? pairs : WR_REFS_CHUNK;

        pairs -= chunk;
        for (; chunk > 0; chunk--) {
            reference copy = objects[at];

            weir_program_keep(copy.get());
            at = at + 1 == n ? 0 : at + 1;
        }
    }
    return 0;
}

int
private_settle(struct weir_run *run, struct weir_worker *worker)
{
    references *objects = static_cast<references *>(worker->data);

    (void)run;
    worker->checksum = static_cast<uint64_t>(lost_counts(*objects));
    delete objects;
    return 0;
}

int
private_check(struct weir_run *run)
{
    int64_t lost = 0;

    for (uint32_t i = 0; i < run->threads; i++) {
        lost += static_cast<int64_t>(run->workers[i].checksum);
    }
    return wr_peer_refs_check(
        run, run->threads,
        static_cast<uint64_t>(run->params[WR_REFS_PRIVATE_OBJECTS].number),
        lost);
}

/* ---- refs-shared ---- */

int
shared_setup(struct weir_run *run)
{
    run->data = make_objects(
        static_cast<uint64_t>(run->params[WR_REFS_SHARED_OBJECTS].number));
    return run->data == nullptr ? -1 : 0;
}

/* The loop of programs/refs-shared.c; the copies wait in a window. */
int
shared_work(struct weir_run *run, struct weir_worker *worker)
{
    const references &objects = *static_cast<references *>(run->data);
    uint64_t n = objects.size();
    uint64_t pairs =
        static_cast<uint64_t>(run->params[WR_REFS_SHARED_PAIRS].number);
    uint64_t window =
        static_cast<uint64_t>(run->params[WR_REFS_SHARED_WINDOW].number);
    uint64_t at = worker->index * n / run->threads;
    references copies(window);

    worker->ops = pairs;
    while (pairs > 0) {
        uint64_t chunk = pairs < window ? pairs : window;

        pairs -= chunk;
        for (uint64_t i = 0; i < chunk; i++) {
            copies[i] = objects[at];
            weir_program_keep(copies[i].get());
            at = at + 1 == n ? 0 : at + 1;
        }
        for (uint64_t i = 0; i < chunk; i++) {
            copies[i].reset();
            weir_program_keep(&copies[i]);
        }
    }
    return 0;
}

int
shared_check(struct weir_run *run)
{
    const references &objects = *static_cast<references *>(run->data);

    return wr_peer_refs_check(run, 1, objects.size(), lost_counts(objects));
}

void
shared_teardown(struct weir_run *run)
{
    delete static_cast<references *>(run->data);
}

/* ---- trees ---- */

struct node {
    std::shared_ptr<node> left;
    std::shared_ptr<node> right;
};

using tree = std::shared_ptr<node>;

/* As deep as the tree: at most 27 levels, and so is the drop. */
tree
make_node(unsigned depth)
{
    tree made = std::make_shared<node>();

    if (depth > 0) {
        made->left = make_node(depth - 1);
        made->right = make_node(depth - 1);
    }
    return made;
}

uint64_t
count_nodes(const node &from)
{
    if (!from.left) {
        return 1;
    }
    return 1 + count_nodes(*from.left) + count_nodes(*from.right);
}

/* The driver keeps a pointer; here it leads to the root's reference. */
void *
tree_make(void *context, unsigned depth)
{
    (void)context;
    try {
        return new tree(make_node(depth));
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

uint64_t
tree_count(void *context, void *root)
{
    (void)context;
    return count_nodes(**static_cast<tree *>(root));
}

void
tree_drop(void *context, void *root)
{
    (void)context;
    delete static_cast<tree *>(root);
}

void
tree_checkpoint(void *context)
{
    (void)context;
}

int
trees_work(struct weir_run *run, struct weir_worker *worker)
{
    static const struct wr_tree_ops ops = {tree_make, tree_count, tree_drop,
                                           tree_checkpoint};

    return wr_work_trees(
        &ops, nullptr,
        static_cast<unsigned>(run->params[WR_TREES_DEPTH].number), worker);
}

/* C++17 has no designated initialisers. */
struct wr_peer
peer(const char *program, const struct weir_program_param *params,
     int (*work)(struct weir_run *, struct weir_worker *),
     int (*check)(struct weir_run *))
{
    struct wr_peer made = {};

    made.impl = "shared_ptr";
    made.against = "atomic";
    made.program.name = program;
    made.program.params = params;
    made.program.work = work;
    made.program.check = check;
    return made;
}

struct wr_peer
peer_private()
{
    struct wr_peer made = peer("refs-private", wr_params_refs_private,
                               private_work, private_check);

    made.program.prepare = private_prepare;
    made.program.settle = private_settle;
    return made;
}

struct wr_peer
peer_shared()
{
    struct wr_peer made =
        peer("refs-shared", wr_params_refs_shared, shared_work, shared_check);

    made.program.setup = shared_setup;
    made.program.teardown = shared_teardown;
    return made;
}

} /* namespace */

const struct wr_peer wr_peers_shared_ptr[] = {
    peer_private(),
    peer_shared(),
    peer("trees", wr_params_trees, trees_work, wr_work_sum_checksums),
};

const size_t wr_peers_shared_ptr_count =
    sizeof(wr_peers_shared_ptr) / sizeof(wr_peers_shared_ptr[0]);
