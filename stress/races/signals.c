/* SPDX-License-Identifier: MIT */
/*
 * stress/races/signals.c - a crash is a result: say where it happened.
 */
#include "config.h"

#include "signals.h"

#include <execinfo.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actor.h"
#include "race.h"

enum { FRAMES = 24 };

/* The one that tells; the others wait for the end. */
static uint32_t telling;
static __thread bool told;

/*
 * Not everything here may be called in a handler by the letter of POSIX; the
 * process ends anyway, and the parent outlasts it.
 */
static void
on_crash(int number)
{
    void *frames[FRAMES];
    char line[128];
    int n;
    int index = wr_race_actor_index();

    if (told) {
        _exit(128 + number);
    }
    if (weir_exchange_acq_rel(&telling, 1u) != 0) {
        for (;;) {
            (void)pause();
        }
    }
    told = true;
    n = backtrace(frames, FRAMES);
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
    if (index < 0) {
        n = snprintf(line, sizeof(line), "SIG%s outside the actors\n",
                     sigabbrev_np(number));
    } else {
        n = snprintf(line, sizeof(line),
                     "SIG%s in actor %d, sample %" PRIu64 "\n",
                     sigabbrev_np(number), index, race_sample());
    }
    (void)!write(STDERR_FILENO, line, (size_t)n);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void
wr_race_catch_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_NODEFER};
    struct sigaction old;
    void *frames[FRAMES];

    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* The first call loads a library, which a handler had better not. */
    (void)backtrace(frames, FRAMES);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (sigaction(numbers[i], NULL, &old) == 0 &&
            (old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_DFL) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}
