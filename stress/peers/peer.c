/* SPDX-License-Identifier: MIT */
/*
 * stress/peers/peer.c - weir-peer: run one peer once, write one record.
 *
 * The runner, the clock and the record are those of the cells.
 */
#include "config.h"

#include "peer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "../options.h"
#include "../params.h"
#include "../record.h"
#include "../runner.h"

struct group {
    const struct wr_peer *peers;
    const size_t *count;
};

static const struct group groups[] = {
    {wr_peers_refs, &wr_peers_refs_count},
    {wr_peers_trees, &wr_peers_trees_count},
    {wr_peers_alloc, &wr_peers_alloc_count},
    {wr_peers_pipeline, &wr_peers_pipeline_count},
    {wr_peers_loop, &wr_peers_loop_count},
#ifdef HAVE_CXX
    {wr_peers_shared_ptr, &wr_peers_shared_ptr_count},
#endif
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool
is_available(const struct wr_peer *peer)
{
    return peer->available == NULL || peer->available();
}

static bool
list_peer(const struct wr_peer *peer, int fd)
{
    return wr_record_write(
        json_pack("{s:i, s:s, s:s, s:s, s:b, s:o}", "schema", 1, "record",
                  "peer", "impl", peer->impl, "program", peer->program.name,
                  "available", is_available(peer), "against",
                  peer->against == NULL ? json_null()
                                        : json_string(peer->against)),
        fd);
}

static int
list_all(int fd)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t i = 0; i < *groups[g].count; i++) {
            if (!list_peer(&groups[g].peers[i], fd)) {
                return EXIT_FAILURE;
            }
        }
    }
    return EXIT_SUCCESS;
}

/* The peer asked for; does not return when there is none. */
static const struct wr_peer *
find_peer(const struct wr_options *options)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t i = 0; i < *groups[g].count; i++) {
            const struct wr_peer *peer = &groups[g].peers[i];

            if (strcmp(peer->impl, options->impl) != 0 ||
                strcmp(peer->program.name, options->program) != 0) {
                continue;
            }
            if (!is_available(peer)) {
                wr_usage_error("--impl %s: not installed here", options->impl);
            }
            return peer;
        }
    }
    wr_usage_error("--impl %s: no such peer of program %s", options->impl,
                   options->program);
}

/* Setup, threads, check, teardown; the status of the record. */
static const char *
run_peer(struct weir_run *run, struct wr_runner_times *times)
{
    static const struct wr_runner_hooks no_hooks = {.enter = NULL};
    const struct weir_program *program = run->program;
    int error = program->setup == NULL ? 0 : program->setup(run);

    if (error == 0) {
        error = wr_runner_run(run, &no_hooks, NULL, times);
    }
    if (error == 0) {
        error = program->check == NULL ? 0 : program->check(run);
    }
    if (program->teardown != NULL) {
        program->teardown(run);
    }
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", program->name,
                run->failure != NULL ? run->failure : "no memory");
    }
    return error == 0 ? "ok" : error < 0 ? "memory-cap" : "check-failed";
}

int
main(int argc, char **argv)
{
    struct wr_options options;
    const struct wr_peer *peer;
    struct weir_run run = {.lost_updates = -1};
    struct wr_runner_times times = {.wall_s = 0};
    struct wr_record_run record = {.run = &run, .times = &times};
    char message[256];
    bool written;

    wr_options_read(&options, WR_OPTIONS_PEER, argc, argv);
    if (options.list) {
        return list_all(options.out_fd);
    }
    if (options.collect != NULL) {
        wr_usage_error("--collect: weir-peer has no graphs");
    }
    peer = find_peer(&options);
    run.program = &peer->program;
    run.threads = options.threads;
    run.seed = options.seed;
    run.params = wr_params_parse(peer->program.params, options.params,
                                 options.nparams, message, sizeof(message));
    if (run.params == NULL) {
        wr_usage_error("%s", message);
    }
    run.workers = calloc(run.threads, sizeof(struct weir_worker));
    if (run.workers == NULL) {
        fprintf(stderr, "no memory\n");
        return EXIT_FAILURE;
    }
    record.status = run_peer(&run, &times);
    record.cell.peer = peer->impl;
    record.cell.t0 = -1;
    record.cell.bytes = -1;
    record.has_checksum = strcmp(record.status, "ok") == 0;
    record.lost_updates = run.lost_updates;
    written = wr_record_write(wr_record_run(&record), options.out_fd);
    free(run.workers);
    free((void *)(uintptr_t)run.params);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
