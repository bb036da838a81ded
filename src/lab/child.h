/* SPDX-License-Identifier: MIT */
/*
 * lab/child.h - find, start and watch one child process.
 *
 * The child writes its result to a pipe of its own (--out-fd), so that nothing
 * a program prints can be mistaken for a record.  It gets its own process group
 * (a Ctrl-C reaches the lab only, which decides) and dies with the lab.
 */
#ifndef WR_LAB_CHILD_H
#define WR_LAB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The descriptor on which a child finds its pipe. */
#define WR_CHILD_FD 3
#define WR_CHILD_FD_TEXT "3"

/* An executable, and where its libraries are. */
struct wr_child_path {
    char *executable;

    /* for LD_LIBRARY_PATH; NULL: leave it alone */
    char *libraries;
};

enum wr_child_end {
    /* exited by itself: see code */
    WR_CHILD_EXITED,

    /* killed: see code for the signal */
    WR_CHILD_SIGNALLED,

    /* killed by us: it took too long */
    WR_CHILD_TIMEOUT,

    /* killed by us: the user wants to stop */
    WR_CHILD_INTERRUPTED,

    /* could not be started; code is errno */
    WR_CHILD_FAILED
};

struct wr_child_result {
    enum wr_child_end end;
    int code;

    /* what it wrote to its pipe, and the end of what it wrote to stderr;
     * both NUL-terminated, to be freed with wr_child_result_free() */
    char *output;
    char *errors;

    /* from the start to the end of the process */
    uint64_t elapsed_ns;
};

/*
 * Find the executable `name`: in $WEIR_CELL_DIR if set, else in .libs beside
 * this command (a build tree), beside it, and in the installed place.
 *
 * Returns true with *path to be freed by wr_child_path_free().
 */
bool wr_child_find(const char *name, struct wr_child_path *path);
void wr_child_path_free(struct wr_child_path *path);

/*
 * From now on SIGINT and SIGTERM only ask to stop: a running child is killed,
 * wr_child_interrupted() says so.  Without this call they end the command.
 */
void wr_child_catch_signals(void);
bool wr_child_interrupted(void);

/*
 * Run argv[0...] (NULL-terminated; argv[0] is replaced by the executable) to
 * its end, at most timeout_ns.  stdin and stdout are /dev/null; with
 * `use_stdout` the pipe is its standard output instead.
 *
 * Caller: one child at a time; no threads.
 */
void wr_child_run(const struct wr_child_path *path, const char **argv,
                  uint64_t timeout_ns, bool use_stdout,
                  struct wr_child_result *result);
void wr_child_result_free(struct wr_child_result *result);

/* "SIGKILL"; unknown numbers as "signal 99".  Valid until the next call. */
const char *wr_child_signal_name(int signal);

/* The last line of `text` that is not empty, cut to 300 characters; NULL
 * when there is none.  To be freed. */
char *wr_child_last_line(const char *text);

#endif
