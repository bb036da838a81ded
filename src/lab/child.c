/* SPDX-License-Identifier: MIT */
/*
 * lab/child.c - start and watch one child process.
 *
 * The one idea: SIGCHLD, SIGINT and SIGTERM are blocked except inside ppoll(),
 * so no wake-up falls between a look and a sleep.
 */
#include "lab/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/say.h"

/* The most that is kept of a child's output: a list, or one record. */
#define OUTPUT_MAX ((size_t)4 << 20)

/* The most that is kept of what it says: the end of it. */
#define ERRORS_MAX ((size_t)16 << 10)

static volatile sig_atomic_t interrupted;

/* What arrives on one descriptor. */
struct stream {
    int fd;
    char *text;
    size_t used;
    size_t max;
};

static void
on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static void
on_child(int signal)
{
    (void)signal;
}

void
wr_child_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool
wr_child_interrupted(void)
{
    return interrupted != 0;
}

/* Block what ppoll() shall wake for; the mask to sleep with in *awake. */
static void
block_signals(sigset_t *saved, sigset_t *awake)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t set;

    sigemptyset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, saved);
    *awake = *saved;
    sigdelset(awake, SIGCHLD);
    sigdelset(awake, SIGINT);
    sigdelset(awake, SIGTERM);
}

/* Does not return; between fork and exec. */
static void
become_child(const struct wr_child_path *path, const char **argv, int out,
             int errors, bool use_stdout, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || null < 0) {
        _exit(126);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Both pipes and /dev/null lie above the descriptors set here. */
    if (dup2(null, STDIN_FILENO) < 0 ||
        dup2(use_stdout ? out : null, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0 ||
        (!use_stdout && dup2(out, WR_CHILD_FD) < 0)) {
        _exit(126);
    }
    /* The cell says how it runs, not what the user's shell happens to set. */
    (void)unsetenv("WEIR_GIL");
    (void)unsetenv("WEIR_LOCK_POLICY");
    (void)unsetenv("WEIR_SWITCH_INTERVAL_US");
    if (path->libraries != NULL) {
        (void)setenv("LD_LIBRARY_PATH", path->libraries, 1);
    }
    argv[0] = path->executable;
    execv(path->executable, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* A pipe whose ends close on exec and lie above descriptor 9. */
static bool
open_pipe(int ends[2])
{
    int low[2];

    if (pipe(low) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
        close(low[i]);
    }
    if (ends[0] < 0 || ends[1] < 0) {
        return false;
    }
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/* Take what is there; closes the stream at its end. */
static void
take(struct stream *stream)
{
    char buffer[4096];

    while (stream->fd >= 0) {
        ssize_t got = read(stream->fd, buffer, sizeof(buffer));
        size_t n = got > 0 ? (size_t)got : 0;

        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (n == 0) {
            close(stream->fd);
            stream->fd = -1;
            return;
        }
        if (stream->used + n > stream->max) {
            /* Keep the end: forget the older half. */
            size_t keep = stream->used / 2;

            memmove(stream->text, stream->text + stream->used - keep, keep);
            stream->used = keep;
        }
        stream->text = wr_lab_grow(stream->text, stream->used + n + 1);
        memcpy(stream->text + stream->used, buffer, n);
        stream->used += n;
        stream->text[stream->used] = '\0';
    }
}

/* Sleep until something happens, at most until the deadline. */
static void
sleep_until(struct stream streams[2], const sigset_t *awake,
            uint64_t deadline_ns)
{
    uint64_t now = wr_clock_ns();
    uint64_t left = now < deadline_ns ? deadline_ns - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
                               .tv_nsec = (long)(left % 1000000000)};
    struct pollfd fds[2] = {{.fd = streams[0].fd, .events = POLLIN},
                            {.fd = streams[1].fd, .events = POLLIN}};

    (void)ppoll(fds, 2, &timeout, awake);
}

/* Watch the child until it is gone; fills result->end and ->code. */
static void
watch(pid_t pid, struct stream streams[2], const sigset_t *awake,
      uint64_t deadline_ns, struct wr_child_result *result)
{
    int status = 0;

    /* Ends: the child ends, or the deadline passes and it is killed. */
    while (waitpid(pid, &status, WNOHANG) == 0) {
        bool late = wr_clock_ns() >= deadline_ns;

        if (late || interrupted) {
            result->end = late ? WR_CHILD_TIMEOUT : WR_CHILD_INTERRUPTED;
            (void)kill(-pid, SIGKILL);
            (void)kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            }
            return;
        }
        sleep_until(streams, awake, deadline_ns);
        take(&streams[0]);
        take(&streams[1]);
    }
    if (WIFSIGNALED(status)) {
        result->end = WR_CHILD_SIGNALLED;
        result->code = WTERMSIG(status);
    } else {
        result->end = WR_CHILD_EXITED;
        result->code = WEXITSTATUS(status);
    }
}

/* Start the child; false (with errno) when that fails.  Closes the ends of
 * the pipes that are the child's. */
static bool
start(const struct wr_child_path *path, const char **argv, bool use_stdout,
      struct stream streams[2], pid_t *pid)
{
    int out[2] = {-1, -1};
    int errors[2] = {-1, -1};
    pid_t parent = getpid();

    if (!open_pipe(out) || !open_pipe(errors)) {
        return false;
    }
    streams[0].fd = out[0];
    streams[1].fd = errors[0];
    *pid = fork();
    if (*pid == 0) {
        become_child(path, argv, out[1], errors[1], use_stdout, parent);
    }
    close(out[1]);
    close(errors[1]);
    return *pid > 0;
}

void
wr_child_run(const struct wr_child_path *path, const char **argv,
             uint64_t timeout_ns, bool use_stdout,
             struct wr_child_result *result)
{
    struct stream streams[2] = {{.fd = -1, .max = OUTPUT_MAX},
                                {.fd = -1, .max = ERRORS_MAX}};
    uint64_t started = wr_clock_ns();
    sigset_t saved;
    sigset_t awake;
    pid_t pid;

    *result = (struct wr_child_result){.end = WR_CHILD_FAILED};
    for (int i = 0; i < 2; i++) {
        streams[i].text = wr_lab_copy("");
    }
    block_signals(&saved, &awake);
    fflush(NULL);
    if (start(path, argv, use_stdout, streams, &pid)) {
        watch(pid, streams, &awake, started + timeout_ns, result);
    } else {
        result->code = errno;
    }
    for (int i = 0; i < 2; i++) {
        take(&streams[i]);
        if (streams[i].fd >= 0) {
            close(streams[i].fd);
        }
    }
    sigprocmask(SIG_SETMASK, &saved, NULL);
    result->output = streams[0].text;
    result->errors = streams[1].text;
    result->elapsed_ns = wr_clock_ns() - started;
}

void
wr_child_result_free(struct wr_child_result *result)
{
    free(result->output);
    free(result->errors);
    result->output = NULL;
    result->errors = NULL;
}

const char *
wr_child_signal_name(int signal)
{
    static char text[32];
    const char *name = sigabbrev_np(signal);

    if (name == NULL) {
        snprintf(text, sizeof(text), "signal %d", signal);
    } else {
        snprintf(text, sizeof(text), "SIG%s", name);
    }
    return text;
}

char *
wr_child_last_line(const char *text)
{
    size_t end = strlen(text);
    size_t start_at;

    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' ')) {
        end--;
    }
    if (end == 0) {
        return NULL;
    }
    start_at = end;
    while (start_at > 0 && text[start_at - 1] != '\n') {
        start_at--;
    }
    return wr_lab_print("%.*s",
                        (int)(end - start_at > 300 ? 300 : end - start_at),
                        text + start_at);
}
