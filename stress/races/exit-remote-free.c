/* SPDX-License-Identifier: MIT */
/*
 * races/exit-remote-free.c - a thread exits while two others free its objects:
 * every block comes back to the heap that the next thread adopts.
 */
#include <pthread.h>

#include "race.h"

enum { OBJECTS = 32 };

struct state {
    pthread_t maker;
    weir_object *made[OBJECTS];

    /* [atomic: written release, read acquire] */
    uint32_t ready;
    uint32_t go;
};

static void *
maker(void *argument)
{
    struct state *s = argument;

    RACE_OK(weir_attach());
    for (unsigned i = 0; i < OBJECTS; i++) {
        s->made[i] = race_list(0, 0);
    }
    RACE_OK(weir_blocking_begin());
    weir_store_release(&s->ready, 1u);
    /* Ends: each sample lets it go. */
    while (weir_load_acquire(&s->go) == 0) {
        race_yield();
    }
    RACE_OK(weir_blocking_end());
    RACE_OK(weir_detach());
    return NULL;
}

RACE_ARRANGE
{
    RACE_OK(-pthread_create(&s->maker, NULL, maker, s));
    RACE_OK(weir_blocking_begin());
    /* Ends: the thread needs nobody. */
    while (weir_load_acquire(&s->ready) == 0) {
        race_yield();
    }
    RACE_OK(weir_blocking_end());
}

/* Half of them each. */
RACE_ACTOR(drop)
{
    weir_store_release(&s->go, 1u);
    for (unsigned i = race_me(); i < OBJECTS; i += 2) {
        weir_decref(s->made[i]);
    }
}

RACE_OBSERVE
{
    RACE_OK(weir_blocking_begin());
    RACE_OK(-pthread_join(s->maker, NULL));
    RACE_OK(weir_blocking_end());
}

const struct race_test race_exit_remote_free = {
    RACE_IS("exit-remote-free", "a thread exits, two free its objects"),
    .flags = RACE_SLOW,
    .arrange = arrange,
    .actor = {drop, drop},
    .observe = observe,
    .outcomes = {{"0", ACCEPTABLE, "all came back"}},
    .mutants = {{"remote-lost", RACE_BOTH}},
};
