/* SPDX-License-Identifier: MIT */
/*
 * stress/races/race.h - what a race test is made of.
 *
 * A race test is a small state, two to four actors that use it at the same
 * time, and a table of all outcomes with a grade each.  The runner arranges
 * the state many thousand times over, lets the actors loose on it, counts
 * what came out, and grades it:
 *
 *     RACE_ARRANGE       alone, attached: make what the actors will use
 *     RACE_ACTOR(name)   at the same time, each on a thread of its own
 *     RACE_OBSERVE       alone, attached, after all actors: look at what is
 *                        left, and drop it
 *
 * Each of them has the state in `s` and the registers in `r`.
 *
 * Results go into registers, numbers that start at 0; each register is
 * written by one actor, or by the observer.  A sample is arrange, actors and
 * observe once; its outcome is the registers, written "1,0".
 *
 * Whatever a test makes it drops: a block that is left over is the outcome
 * "leak", a crash, a failed check and a hang are outcomes as well, and all of
 * these are forbidden, as is every outcome that is not in the table.
 *
 * docs/race-tests.md goes through writing one step by step.
 */
#ifndef WR_RACES_RACE_H
#define WR_RACES_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/weir.h>

#include "base/plant.h"
#include "base/sync.h"

enum {
    RACE_ACTORS_MAX = 4,
    RACE_REGISTERS_MAX = 8,
    RACE_OUTCOMES_MAX = 16,
    RACE_MUTANTS_MAX = 8
};

enum race_grade {
    /* what the documentation promises */
    ACCEPTABLE = 1,

    /* allowed, and worth knowing that it happens; never seen: reported */
    INTERESTING,

    /* a bug */
    FORBIDDEN
};

/* One row of the table.  Rows are tried in their order. */
struct race_outcome {
    /* the registers in order, commas between, `*` for any: "1,0", "2,*" */
    const char *values;

    enum race_grade grade;

    /* one sentence: how this comes about */
    const char *why;
};

/* Flavours, for mutants. */
enum { RACE_GIL = 1, RACE_ATOMIC = 2, RACE_BOTH = RACE_GIL | RACE_ATOMIC };

/* A fault of base/plants.def that this test must find. */
struct race_mutant {
    const char *plant;

    /* flavours in which it is there to be found */
    unsigned flavours;
};

enum {
    /* the actors are not attached; they may attach themselves */
    RACE_DETACHED = 1,

    /* a sample takes long (a fork, a thread): RACE_MINIMUM_SLOW are enough,
     * and one is arranged at a time */
    RACE_SLOW = 2,

    /* makes no sense where threads run one at a time: left out there */
    RACE_PARALLEL = 4,

    /* the main thread collects meanwhile, in every other batch */
    RACE_COLLECTS = 8,

    /* the main thread stops the world meanwhile, in every other batch */
    RACE_STOPS = 16,

    /* blocks cannot be counted: something stays by design */
    RACE_LEAKS = 32
};

/* Samples without which a test has said nothing. */
enum { RACE_MINIMUM = 1000, RACE_MINIMUM_SLOW = 50 };

/* What the actors share; every test has its own. */
struct state;

struct race_test {
    /* as in races.def, with '-' for '_' */
    const char *name;

    /* one sentence: what races with what */
    const char *summary;

    /* bytes; zeroed before each sample */
    size_t state_size;

    /* RACE_DETACHED and so on */
    unsigned flags;

    /* NULL: nothing to arrange */
    void (*arrange)(struct state *s, int64_t *r);

    /* the first NULL ends the list */
    void (*actor[RACE_ACTORS_MAX])(struct state *s, int64_t *r);

    /* NULL: the actors' registers say it all, and nothing is left */
    void (*observe)(struct state *s, int64_t *r);

    /* the first without values ends the table; all have as many values as
     * there are registers in use */
    struct race_outcome outcomes[RACE_OUTCOMES_MAX];

    /* the first without a plant ends the list; at least one */
    struct race_mutant mutants[RACE_MUTANTS_MAX];
};

/* The first fields, for a test whose state is `struct state`. */
#define RACE_IS(test_name, test_summary)                                       \
    .name = (test_name), .summary = (test_summary),                            \
    .state_size = sizeof(struct state)

/* The heads of the functions; any of the arguments may stay unused. */
#define RACE_ACTOR(function)                                                   \
    static void function(__attribute__((unused)) struct state *s,              \
                         __attribute__((unused)) int64_t *r)
#define RACE_ARRANGE RACE_ACTOR(arrange)
#define RACE_OBSERVE RACE_ACTOR(observe)

/*
 * A point between two operations of an actor, where others may step in: a
 * checkpoint, at which the thread now and then gives way on purpose.  Under
 * the global lock actors meet nowhere else.  Also useful on threads that are
 * not attached.  Caller: an actor.
 */
void race_point(void);

/* Give way for certain: for as long as it takes others to step in. */
void race_yield(void);

/* The place of the calling actor in `.actor`, from 0. */
unsigned race_me(void);

/*
 * Which sample of the run this is, from 0: the same for arranging it, for its
 * actors and for observing it.
 */
uint64_t race_sample(void);

/*
 * p; when it is NULL the run ends.  Lack of memory says nothing about races;
 * any other error is the outcome "failed", which is forbidden.
 */
#define RACE_NEED(p) ((__typeof__(p))race_need_((p), #p))
void *race_need_(void *p, const char *what);

/* The same for a call that returns a negative code when it fails. */
#define RACE_OK(code) race_ok_((code), #code)
int64_t race_ok_(int64_t code, const char *what);

/* For short tests; out of memory they end the run.  Caller: attached. */

/* A list of n ints `first`, `first + 1`, ...: new, with room for more. */
weir_object *race_list(int64_t first, unsigned n);

/* Append an int of that value. */
void race_append(weir_object *list, int64_t value);

/* The value of the int at place i; -1: there is none, or it is no int. */
int64_t race_item(weir_object *list, unsigned i);

/* The value of an int, whose reference is dropped; -1: NULL, or no int. */
int64_t race_int(weir_object *o);

/* Let everybody read a list, dict or set without its lock, as if many had
 * done so before.  Caller: nobody else uses it yet. */
void race_open(weir_object *container);

/* Drop `n` references. */
void race_drop(weir_object *o, int64_t n);

#endif
