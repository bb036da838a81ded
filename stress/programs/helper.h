/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/helper.h - a process that answers, so that waiting is real.
 *
 * A thread that waits for input and output waits for somebody outside: here a
 * child process at the other end of sockets, one per thread.  It sends back
 * every byte that it gets, and when nobody will send any more how many those
 * were.  So both sides have counted, and a byte that was lost or sent twice is
 * noticed.
 */
#ifndef WR_STRESS_HELPER_H
#define WR_STRESS_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The most connections. */
enum { WR_HELPER_MAX = 8 };

/* A zeroed one has not been started. */
struct wr_helper {
    /* 0: none */
    pid_t pid;

    /* the ends of this process, n of them */
    int ends[WR_HELPER_MAX];
    uint32_t n;
};

/*
 * Start it with `n` connections.  The child is forked and runs no code of the
 * runtime.  Caller: no other thread of the program runs yet.
 * Returns false when there are no descriptors or processes left; then, too,
 * wr_helper_stop() gives back what there is.
 */
bool wr_helper_start(struct wr_helper *helper, uint32_t n);

/*
 * Send a byte and wait for the answer, for twenty seconds at most.  Returns
 * false when there is none.  Caller: may block; one thread per connection.
 */
bool wr_helper_ask(const struct wr_helper *helper, uint32_t connection,
                   unsigned char byte, unsigned char *answer);

/* Whether the helper has got exactly `sent` bytes on this connection, and all
 * answers were taken; nothing can be sent afterwards. */
bool wr_helper_agrees(const struct wr_helper *helper, uint32_t connection,
                      uint64_t sent);

/* Close the connections, upon which it ends, and wait for that. */
void wr_helper_stop(struct wr_helper *helper);

#endif
