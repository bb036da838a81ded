/* SPDX-License-Identifier: MIT */
/*
 * stress/races/watch.c - notice that nothing happens any more.
 */
#include "watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <weir/atomic.h>

#include "base/clock.h"
#include "runner.h"

/* How often to look. */
enum { LOOK_NS = 20000000 };

struct watch { /* SHARED */
    /* [const] */
    uint64_t hang_ns;

    /* [atomic: relaxed] samples so far */
    uint64_t samples;

    /* [atomic: relaxed] when that was said */
    uint64_t ticked_ns;

    /* [atomic: written release, read acquire] */
    uint32_t over;

    /* [const] */
    pthread_t thread;
};

static struct watch watch;

static void *
watch_main(void *argument)
{
    struct timespec nap = {.tv_sec = 0, .tv_nsec = LOOK_NS};

    (void)argument;
    /* Ends with the run, or ends it. */
    while (weir_load_acquire(&watch.over) == 0) {
        uint64_t ticked = weir_load_relaxed(&watch.ticked_ns);
        uint64_t now = wr_clock_ns();

        if (now > ticked && now - ticked > watch.hang_ns) {
            fprintf(stderr,
                    "hung: no sample was finished for %.1f s after "
                    "sample %" PRIu64 "\n",
                    (double)(now - ticked) / 1e9,
                    weir_load_relaxed(&watch.samples));
            _exit(RACE_EXIT_HUNG);
        }
        (void)nanosleep(&nap, NULL);
    }
    return NULL;
}

bool
wr_race_watch_start(uint64_t hang_ns)
{
    watch.hang_ns = hang_ns;
    wr_race_watch_tick(0);
    return hang_ns == 0 ||
           pthread_create(&watch.thread, NULL, watch_main, NULL) == 0;
}

void
wr_race_watch_tick(uint64_t samples)
{
    weir_store_relaxed(&watch.samples, samples);
    weir_store_relaxed(&watch.ticked_ns, wr_clock_ns());
}

void
wr_race_watch_stop(void)
{
    if (watch.hang_ns != 0) {
        weir_store_release(&watch.over, 1u);
        (void)pthread_join(watch.thread, NULL);
    }
}
