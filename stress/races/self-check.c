/* SPDX-License-Identifier: MIT */
/*
 * races/self-check.c - nothing races here: this test is about the runner.
 * Its mutants make it end in every way in which a test can end badly, so each
 * of these ways is known to be noticed.
 */
#include "race.h"

struct state {
    weir_object *list;
};

RACE_ARRANGE
{
    s->list = race_list(0, 1);
}

RACE_ACTOR(look)
{
    r[race_me()] = race_item(s->list, wr_plant(self_unlisted) ? 1 : 0);
    RACE_OK(wr_plant(self_fail) ? WEIR_EINVAL : WEIR_OK);
    if (wr_plant(self_crash)) {
        (void)*(volatile char *)(uintptr_t)race_me();
    }
    while (wr_plant(self_hang)) {
        race_point();
    }
}

RACE_OBSERVE
{
    race_drop(s->list, wr_plant(self_leak) ? 0 : 1);
}

const struct race_test race_self_check = {
    RACE_IS("self-check", "two look at one list; the mutants try the runner"),
    .flags = RACE_COLLECTS | RACE_STOPS,
    .arrange = arrange,
    .actor = {look, look},
    .observe = observe,
    .outcomes = {{"0,0", ACCEPTABLE, "both saw the item"}},
    .mutants = {{"self-crash", RACE_BOTH},
                {"self-fail", RACE_BOTH},
                {"self-hang", RACE_BOTH},
                {"self-leak", RACE_BOTH},
                {"self-unlisted", RACE_BOTH}},
};
