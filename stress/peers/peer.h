/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/peer.h - the same work without Weir.
 *
 * A peer borrows the table of a program for its parameters and callbacks (the
 * stamp is not used) and does the same operations in the form that is natural
 * for what it stands for.  Loops, orders and results come from
 * programs/work.h.  Every peer uses weir_program_keep() exactly where the
 * program does; nothing else stops the optimiser.  The one thing a peer lacks
 * is the program's checkpoint, a load and a branch per block of operations.
 *
 * Peers use the raw primitives of C and C++: they are what Weir is measured
 * against, so they do not go through Weir's own.
 */
#ifndef WR_STRESS_PEER_H
#define WR_STRESS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/program.h>

#include "../programs/work.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wr_peer {
    /* "plain", "mutex"; the program's name is program.name */
    const char *impl;

    /* the cell whose guarantees it matches: "gil" or "atomic"; or NULL */
    const char *against;

    /* NULL: always */
    bool (*available)(void);

    struct weir_program program;
};

/* Where blocks come from. */
struct wr_peer_allocator {
    void *(*take)(size_t size);
    void (*give)(void *block);
};

extern const struct wr_peer_allocator wr_peer_malloc;

/* Empty until wr_peer_mimalloc_available() has said that it is there. */
extern struct wr_peer_allocator wr_peer_mimalloc;
bool wr_peer_mimalloc_available(void);

/* All peers, in the order of the listing. */
extern const struct wr_peer wr_peers_refs[];
extern const size_t wr_peers_refs_count;
extern const struct wr_peer wr_peers_trees[];
extern const size_t wr_peers_trees_count;
extern const struct wr_peer wr_peers_alloc[];
extern const size_t wr_peers_alloc_count;
extern const struct wr_peer wr_peers_pipeline[];
extern const size_t wr_peers_pipeline_count;
extern const struct wr_peer wr_peers_loop[];
extern const size_t wr_peers_loop_count;
extern const struct wr_peer wr_peers_shared_ptr[];
extern const size_t wr_peers_shared_ptr_count;

/* The check of the refs peers: `intact` says that no count was lost. */
int wr_peer_refs_check(struct weir_run *run, uint32_t threads, uint64_t n,
                       int64_t lost);

#ifdef __cplusplus
}
#endif

#endif
