/* SPDX-License-Identifier: MIT */
/*
 * stress/memcap.c - end a run whose memory grows past a cap.
 *
 * A limit of the kernel would be exact but counts reserved address space
 * (RLIMIT_AS) or the shadow memory of sanitizers (RLIMIT_DATA), and would make
 * the outcome depend on how well each program survives an allocation failure.
 * Looking from outside may overshoot by what is touched between two looks.
 */
#include "memcap.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <weir/atomic.h>

#include "runner.h"

/* How often to look. */
#define LOOK_NS 3000000

struct memcap { /* SHARED */
    /* [const] before the thread starts */
    uint64_t bytes;
    int (*exceeded)(void *context);
    void *context;

    /* [atomic: exchanged acq_rel by both] who comes first writes the record */
    uint32_t claimed;
};

static struct memcap cap;

static void
nap(void)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = LOOK_NS};

    (void)nanosleep(&time, NULL);
}

static void *
watch(void *argument)
{
    (void)argument;
    /* Ends with the process, or when the run is over. */
    while (wr_runner_rss_bytes() <= cap.bytes) {
        nap();
        if (weir_load_relaxed(&cap.claimed) != 0) {
            return NULL;
        }
    }
    if (weir_exchange_acq_rel(&cap.claimed, 1u) == 0) {
        _exit(cap.exceeded(cap.context));
    }
    return NULL;
}

bool
wr_memcap_start(uint64_t bytes, int (*exceeded)(void *context), void *context)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    cap.bytes = bytes;
    cap.exceeded = exceeded;
    cap.context = context;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    started = pthread_create(&thread, &attributes, watch, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

void
wr_memcap_stop(void)
{
    if (weir_exchange_acq_rel(&cap.claimed, 1u) == 0) {
        return;
    }
    /* The other thread has claimed the end and calls _exit(). */
    for (;;) {
        nap();
    }
}
