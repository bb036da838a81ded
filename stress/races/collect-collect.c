/* SPDX-License-Identifier: MIT */
/*
 * races/collect-collect.c - two threads collect: each piece of garbage is
 * found once, and its finalizer runs once.
 */
#include "race.h"

struct state {
    weir_object *ring;

    /* [atomic: relaxed] */
    uint32_t finalized;
};

static void
finalize(weir_object *o, void *data)
{
    weir_object *address = RACE_NEED(weir_instance_get(o, 1));
    int64_t value = 0;
    struct state *s;

    (void)data;
    RACE_OK(weir_int_value(address, &value));
    weir_decref(address);
    s = (struct state *)(intptr_t)value;
    (void)wr_fetch_add_relaxed(&s->finalized, 1u);
    /* Under the global lock the other one can come in only here. */
    race_point();
}

/* An instance that refers to itself and tells the finalizer of the state. */
RACE_ARRANGE
{
    static weir_type *type;
    weir_object *address = RACE_NEED(weir_int_new((intptr_t)s));

    if (type == NULL) {
        type = RACE_NEED(weir_instance_type("counted", 2, 0, finalize, NULL));
    }
    s->ring = RACE_NEED(weir_instance_new(type));
    RACE_OK(weir_instance_set(s->ring, 0, s->ring));
    RACE_OK(weir_instance_set(s->ring, 1, address));
    weir_decref(address);
}

RACE_ACTOR(drop_and_collect)
{
    weir_decref(s->ring);
    RACE_OK(weir_gc_collect(2));
}

RACE_ACTOR(collect)
{
    RACE_OK(weir_gc_collect(2));
}

RACE_OBSERVE
{
    RACE_OK(weir_gc_collect(2));
    r[0] = wr_load_relaxed(&s->finalized);
}

const struct race_test race_collect_collect = {
    RACE_IS("collect-collect", "two collect, and there is garbage"),
    .arrange = arrange,
    .actor = {drop_and_collect, collect},
    .observe = observe,
    .outcomes = {{"1", ACCEPTABLE, "finalized once"},
                 {"0", FORBIDDEN, "never found"},
                 {"*", FORBIDDEN, "finalized more than once"}},
    .mutants = {{"claim-torn", RACE_BOTH}},
};
