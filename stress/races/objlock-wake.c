/* SPDX-License-Identifier: MIT */
/*
 * races/objlock-wake.c - three threads take one object's lock: one after the
 * other, and nobody sleeps for ever.
 */
#include "race.h"
#include "thread/objlock.h"

struct state {
    _Alignas(64) uint8_t lock;

    /* [lock: lock] */
    uint32_t count;
};

RACE_ACTOR(count)
{
    struct wr_thread *self = wr_self();
    uint32_t old;

    wr_objlock_lock(self, &s->lock);
    old = wr_load_relaxed(&s->count);
    wr_store_relaxed(&s->count, old + 1);
    wr_objlock_unlock(self, &s->lock);
}

RACE_OBSERVE
{
    r[0] = s->count;
}

const struct race_test race_objlock_wake = {
    RACE_IS("objlock-wake", "three count under an object's lock"),
    .actor = {count, count, count},
    .observe = observe,
    .outcomes = {{"3", ACCEPTABLE, "one after the other"},
                 {"*", FORBIDDEN, "two had the lock at once"}},
    .mutants = {{"objlock-torn", RACE_ATOMIC}, {"objlock-deaf", RACE_ATOMIC}},
};
