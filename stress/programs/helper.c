/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/helper.c - a process that answers, so that waiting is real.
 */
#include "config.h"

#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* One byte that came, or the end of a connection: then its count goes out.
 * Returns false at the end. */
static bool
answer(int fd, uint64_t *count)
{
    unsigned char byte;
    ssize_t got = read(fd, &byte, 1);

    if (got < 0 && errno == EINTR) {
        return true;
    }
    if (got == 1) {
        *count += 1;
        return write(fd, &byte, 1) == 1;
    }
    (void)!write(fd, count, sizeof(*count));
    return false;
}

/* The child: a copy of a process whose threads and locks it knows nothing of,
 * so it calls nothing but the system.  Ends when every connection has. */
static void __attribute__((noreturn)) serve(struct pollfd *polls, uint32_t n)
{
    uint64_t counts[WR_HELPER_MAX] = {0};
    uint32_t open = n;

    /* Somebody who has gone is no reason to leave the others. */
    (void)signal(SIGPIPE, SIG_IGN);
    while (open > 0) {
        if (poll(polls, n, -1) < 0) {
            if (errno != EINTR) {
                _exit(1);
            }
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (polls[i].revents != 0 && !answer(polls[i].fd, &counts[i])) {
                (void)close(polls[i].fd);
                polls[i].fd = -1;
                open--;
            }
        }
    }
    _exit(0);
}

static void
close_polls(const struct pollfd *polls, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        (void)close(polls[i].fd);
    }
}

static void
close_ends(const struct wr_helper *helper)
{
    for (uint32_t i = 0; i < helper->n; i++) {
        (void)close(helper->ends[i]);
    }
}

bool
wr_helper_start(struct wr_helper *helper, uint32_t n)
{
    const struct timeval patience = {.tv_sec = 20};
    struct pollfd polls[WR_HELPER_MAX];
    pid_t pid = -1;

    for (helper->n = 0; helper->n < n; helper->n++) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            break;
        }
        (void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
                         sizeof(patience));
        helper->ends[helper->n] = pair[0];
        polls[helper->n] = (struct pollfd){.fd = pair[1], .events = POLLIN};
    }
    if (helper->n == n) {
        pid = fork();
    }
    if (pid == 0) {
        close_ends(helper);
        serve(polls, n);
    }
    close_polls(polls, helper->n);
    helper->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

bool
wr_helper_ask(const struct wr_helper *helper, uint32_t connection,
              unsigned char byte, unsigned char *answered)
{
    int fd = helper->ends[connection];
    ssize_t done;

    do {
        done = send(fd, &byte, 1, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    if (done != 1) {
        return false;
    }
    do {
        done = recv(fd, answered, 1, 0);
    } while (done < 0 && errno == EINTR);
    return done == 1;
}

bool
wr_helper_agrees(const struct wr_helper *helper, uint32_t connection,
                 uint64_t sent)
{
    int fd = helper->ends[connection];
    unsigned char rest[sizeof(uint64_t) + 1];
    uint64_t count;
    size_t n = 0;
    ssize_t got = 1;

    if (shutdown(fd, SHUT_WR) != 0) {
        return false;
    }
    while (n < sizeof(rest) && got != 0) {
        got = recv(fd, rest + n, sizeof(rest) - n, 0);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    memcpy(&count, rest, sizeof(count));
    return n == sizeof(count) && count == sent;
}

void
wr_helper_stop(struct wr_helper *helper)
{
    close_ends(helper);
    while (helper->pid > 0 && waitpid(helper->pid, NULL, 0) < 0 &&
           errno == EINTR) {
        /* Once more: a signal has come in between. */
    }
    *helper = (struct wr_helper){0};
}
