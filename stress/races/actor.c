/* SPDX-License-Identifier: MIT */
/*
 * stress/races/actor.c - what actors can call.
 */
#include "actor.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mutex.h"
#include "base/pending.h"
#include "kinds/dict.h"
#include "kinds/list.h"
#include "thread/lock.h"

#include "race.h"
#include "runner.h"

static __thread struct wr_race_actor *self;
static __thread uint64_t present_sample;

/*
 * A planted fault's window.  Where the global lock is on, nobody can step in
 * unless the actor lets go of it, which an operation never does by itself.
 */
static void
pause_hook(void)
{
    if (weir_attached() && wr_lock_on() && !wr_mutex_any_held()) {
        wr_race_give_way();
    }
}

void
wr_race_actor_be(struct wr_race_actor *actor)
{
    self = actor;
    wr_plant_pause_hook = actor == NULL ? NULL : pause_hook;
}

int
wr_race_processor(unsigned index)
{
    cpu_set_t allowed;
    unsigned wanted;

    if (sched_getaffinity(getpid(), sizeof(allowed), &allowed) != 0) {
        return -1;
    }
    wanted = index % (unsigned)CPU_COUNT(&allowed);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && wanted-- == 0) {
            return (int)cpu;
        }
    }
    return -1;
}

void
wr_race_sample_set(uint64_t sample)
{
    present_sample = sample;
}

uint64_t
race_sample(void)
{
    return present_sample;
}

int
wr_race_actor_index(void)
{
    return self == NULL ? -1 : (int)self->index;
}

unsigned
race_me(void)
{
    return self == NULL ? 0 : self->index;
}

void
wr_race_give_way(void)
{
    if (!weir_attached()) {
        (void)sched_yield();
        return;
    }
    if (!wr_lock_on()) {
        (void)weir_checkpoint();
        (void)sched_yield();
        return;
    }
    /* As if a waiter had asked: every policy but barging then lets one of them
     * have it before this thread comes back. */
    (void)wr_pending_set(&wr_self()->pub.pending, WR_PENDING_DROP);
    (void)weir_checkpoint();
}

void
race_point(void)
{
    if (weir_attached()) {
        (void)weir_checkpoint();
    }
    if (self != NULL && (wr_random_next(&self->random) & 3) == 0) {
        wr_race_give_way();
    }
}

void
race_yield(void)
{
    wr_race_give_way();
}

/* Lack of memory says nothing about races; any other failure does. */
static _Noreturn void
give_up(const char *what, int code)
{
    fprintf(stderr, "%s: %s\n", what, weir_strerror(code));
    _exit(code == WEIR_ENOMEM ? RACE_EXIT_UNABLE : RACE_EXIT_FAILED);
}

void *
race_need_(void *p, const char *what)
{
    if (p == NULL) {
        give_up(what, weir_error());
    }
    return p;
}

int64_t
race_ok_(int64_t code, const char *what)
{
    if (code < 0) {
        give_up(what, (int)code);
    }
    return code;
}

void
race_append(weir_object *list, int64_t value)
{
    weir_object *item = RACE_NEED(weir_int_new(value));

    RACE_OK(weir_list_append(list, item));
    weir_decref(item);
}

weir_object *
race_list(int64_t first, unsigned n)
{
    weir_object *list = RACE_NEED(weir_list_new());

    for (unsigned i = 0; i < n; i++) {
        race_append(list, first + i);
    }
    return list;
}

int64_t
race_item(weir_object *list, unsigned i)
{
    return race_int(weir_list_get(list, i));
}

int64_t
race_int(weir_object *o)
{
    int64_t value = -1;

    if (o != NULL) {
        (void)weir_int_value(o, &value);
        weir_decref(o);
    }
    return value;
}

void
race_open(weir_object *container)
{
    uint64_t *gate = weir_is_list(container) ? &wr_list_of(container)->gate
                                             : &wr_dict_of(container)->gate;
    void *block = wr_gate_block(*gate);

    if (wr_cfg_locked_objects && block != NULL && wr_reclaim_on() &&
        !wr_gate_too_dear()) {
        wr_gate_set(gate, wr_gate_to(block, WR_GATE_ALL));
    }
}

void
race_drop(weir_object *o, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        weir_decref(o);
    }
}
