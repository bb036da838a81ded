/* SPDX-License-Identifier: MIT */
/*
 * races/fork-collect.c - a thread forks while another one collects: the child
 * finds nobody half way through a collection, and can collect itself.
 */
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "race.h"

enum { CHILD_SECONDS = 10 };

struct state {
    weir_object *ring;
};

/* The collector lets others step in. */
static void
finalize(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    race_yield();
}

static weir_object *
make_ring(void)
{
    static weir_type *type;
    weir_object *one;

    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("slow", 1, 0, finalize, NULL));
    }
    one = RACE_NEED(weir_instance_new(type));
    RACE_OK(weir_instance_set(one, 0, one));
    return one;
}

RACE_ARRANGE
{
    s->ring = make_ring();
}

/* 0: garbage is found; and it took less than CHILD_SECONDS. */
static int
child(void)
{
    (void)alarm(CHILD_SECONDS);
    (void)weir_gc_collect(2);
    weir_decref(make_ring());
    return weir_gc_collect(2) > 0 ? 0 : 1;
}

RACE_ACTOR(fork_and_wait)
{
    pid_t pid = weir_fork();
    int status = 0;

    if (pid == 0) {
        /* Not _exit(): to sanitizers the other threads would be leaked. */
        (void)syscall(SYS_exit_group, child());
    }
    RACE_OK(pid);
    RACE_OK(weir_blocking_begin());
    RACE_OK(-(waitpid(pid, &status, 0) != pid));
    RACE_OK(weir_blocking_end());
    r[0] = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

RACE_ACTOR(collect)
{
    weir_decref(s->ring);
    RACE_OK(weir_gc_collect(2));
}

const struct race_test race_fork_collect = {
    RACE_IS("fork-collect", "one forks, another one collects"),
    .flags = RACE_SLOW,
    .arrange = arrange,
    .actor = {fork_and_wait, collect},
    .outcomes = {{"0", ACCEPTABLE, "the child collected"},
                 {"1", FORBIDDEN, "the child believes that somebody collects"},
                 {"*", FORBIDDEN, "the child died, or did not come to an end"}},
    .mutants = {{"fork-impatient", RACE_BOTH}},
};
