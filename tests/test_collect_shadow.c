/* SPDX-License-Identifier: MIT */
/*
 * tests/test_collect_shadow.c - a million steps by eight threads, beside a
 * shadow graph.
 *
 * Threads make objects of all kinds, link them, pass them on, forget them,
 * collect, leave and come back.  Each step is done to the heap and to the
 * shadow (shadow.h).  Now and then all threads end; then the shadow says who
 * must be alive, the reference collector and the shadow say how many a
 * collection must find, and the heap is compared with both.
 *
 * In every other turn some finalizers save their objects.  The last tests
 * prove the comparison: the shadow, or a thread, lies, and it has to show.
 */
#include "tests/fixture.h"

#include "base/random.h"
#include "base/sync.h"
#include "heap/stats.h"
#include "tests/bag.h"
#include "tests/crew.h"
#include "tests/reference.h"
#include "tests/shadow.h"

#include <pthread.h>
#include <stdio.h>

enum {
    THREADS = 8,
    HANDLES = 96,
    SHARED = 64,
    SAVED = 32,
    TURNS = 20,
    SHARE = 12000, /* nodes of a thread */
    STEPS = 1000000
};

enum lie {
    LIE_NONE,
    LIE_EDGE,     /* a link is not noted */
    LIE_HANDLE,   /* a reference that a thread has is not noted */
    LIE_LEAK,     /* a reference is not dropped */
    LIE_TARGET,   /* the wrong target of a weak reference is noted */
    LIE_CALL,     /* a callback is not noted */
    LIE_FINALIZER /* a finalizer is noted twice */
};

struct shared { /* SHARED */
    /* [lock: busy] a reference to the object of a node, or 0 */
    uint32_t node;

    /* [atomic: CAS acq_rel by any thread, store release by who has it] */
    uint32_t busy;
};

struct worker {
    pthread_t thread;
    struct wr_random random;
    uint64_t steps;
    uint32_t handles[HANDLES]; /* nodes; each with a reference; 0: none */
    uint32_t saved[SAVED];     /* by finalizers, each with a reference */
    unsigned nsaved;
    uint32_t *unused; /* nodes of this thread's share */
    uint32_t nunused;
    uint64_t wrong; /* calls with an answer that the shadow does not know */
    uint64_t found;
};

static struct world {
    struct shadow shadow;
    struct shared shared[SHARED];
    struct worker workers[THREADS];
    struct worker quiet; /* the main thread, which saves nothing */
    weir_type *plain;
    weir_type *final;
    weir_type *bag;
    pthread_barrier_t barrier;
    bool saving;
    enum lie lie;
    uint64_t lies;
} world;

static __thread struct worker *me;

static struct shadow_node *
node_at(uint32_t i)
{
    return &world.shadow.nodes[i];
}

static weir_object *
object_of(uint32_t i)
{
    return i == 0 ? NULL : node_at(i)->object;
}

static unsigned
below(unsigned n)
{
    return (unsigned)wr_random_below(&me->random, n);
}

/* True where this lie is to be told, one time in a hundred. */
static bool
lies(enum lie lie)
{
    if (world.lie != lie || me == &world.quiet || below(10) != 0) {
        return false;
    }
    (void)wr_fetch_add_relaxed(&world.lies, UINT64_C(1));
    return true;
}

/* ---- what the runtime calls --------------------------------------------- */

static void
note_call(unsigned *calls)
{
    (void)wr_fetch_add_relaxed(calls, 1U);
}

static void
finalized(uint32_t i, bool may_save)
{
    note_call(&node_at(i)->finalized);
    if (lies(LIE_FINALIZER)) {
        note_call(&node_at(i)->finalized);
    }
    if (may_save && world.saving && i % 3 == 0 && me->nsaved < SAVED) {
        weir_incref(object_of(i));
        me->saved[me->nsaved++] = i;
    }
}

static void
finalize_instance(weir_object *o, void *data)
{
    int64_t i = 0;

    (void)data;
    (void)weir_int_value(weir_instance_borrow(o, SHADOW_PLACES), &i);
    finalized((uint32_t)i, true);
}

static void
finalize_bag(weir_object *o, void *data)
{
    (void)data;
    finalized((uint32_t)bag_of(o)->number, false);
}

static void
release_bag(weir_object *o, void *data)
{
    (void)data;
    note_call(&node_at((uint32_t)bag_of(o)->number)->released);
}

static void
called(weir_object *weak, weir_object *context, void *data)
{
    (void)weak;
    (void)context;
    if (!lies(LIE_CALL)) {
        note_call(data);
    }
}

/* ---- handles ------------------------------------------------------------ */

static uint32_t
any(void)
{
    /* Bounded tries: the table may be empty. */
    for (unsigned i = 0; i < 8; i++) {
        uint32_t node = me->handles[below(HANDLES)];

        if (node != 0) {
            return node;
        }
    }
    return 0;
}

static void
forget(uint32_t *handle)
{
    weir_object *o = object_of(*handle);

    *handle = 0;
    if (o != NULL && !lies(LIE_LEAK)) {
        weir_decref(o);
    }
}

/* A handle for a node whose object the caller has a reference to. */
static void
hold(uint32_t node)
{
    uint32_t *handle = &me->handles[below(HANDLES)];

    forget(handle);
    *handle = lies(LIE_HANDLE) ? 0 : node;
}

/* What finalizers have saved becomes handles. */
static void
hold_saved(void)
{
    /* Ends: a handle that is forgotten saves one at most, of those that live.
     */
    while (me->nsaved > 0) {
        hold(me->saved[--me->nsaved]);
    }
}

static void
lock(uint32_t *busy)
{
    uint32_t free_word = 0;

    /* Ends: whoever has it does one step and comes to no checkpoint. */
    while (!wr_cas_acq_rel(busy, &free_word, 1U)) {
        free_word = 0;
        (void)weir_checkpoint();
    }
}

static void
unlock(uint32_t *busy)
{
    wr_store_release(busy, 0U);
}

/* ---- making ------------------------------------------------------------- */

static weir_object *
make_list(void)
{
    weir_object *list = weir_list_new();

    for (unsigned i = 0; i < SHADOW_PLACES; i++) {
        me->wrong += weir_list_append(list, world.shadow.filler) != 0;
    }
    return list;
}

static weir_object *
make_tuple(struct shadow_node *node)
{
    weir_object *items[SHADOW_PLACES];

    for (unsigned i = 0; i < SHADOW_PLACES; i++) {
        node->places[i] = below(3) == 0 ? 0 : any();
        items[i] = node->places[i] == 0 ? world.shadow.filler
                                        : object_of(node->places[i]);
    }
    return weir_tuple_pack(SHADOW_PLACES, items);
}

static weir_object *
make_final(uint32_t i)
{
    weir_object *o = weir_instance_new(world.final);
    weir_object *number = weir_int_new(i);

    me->wrong += weir_instance_set(o, SHADOW_PLACES, number) != 0;
    weir_decref(number);
    return o;
}

static weir_object *
make_bag(uint32_t i)
{
    weir_object *o = weir_foreign_new(world.bag);

    bag_of(o)->number = i;
    return o;
}

static weir_object *
make_object(enum shadow_kind kind, uint32_t i)
{
    switch (kind) {
    case SHADOW_FINAL:
        return make_final(i);
    case SHADOW_LIST:
        return make_list();
    case SHADOW_TUPLE:
        return make_tuple(node_at(i));
    case SHADOW_DICT:
        return weir_dict_new();
    case SHADOW_SET:
        return weir_set_new();
    case SHADOW_CELL:
        return weir_cell_new(NULL);
    case SHADOW_FOREIGN:
        return make_bag(i);
    default:
        return weir_instance_new(world.plain);
    }
}

static void
step_make(void)
{
    uint32_t i;

    if (me->nunused == 0) {
        forget(&me->handles[below(HANDLES)]);
        return;
    }
    i = me->unused[--me->nunused];
    node_at(i)->kind = SHADOW_INSTANCE + below(SHADOW_WEAK - SHADOW_INSTANCE);
    node_at(i)->object = make_object(node_at(i)->kind, i);
    me->wrong += node_at(i)->object == NULL;
    hold(i);
}

/* ---- weak references ---------------------------------------------------- */

static void
make_called(uint32_t target)
{
    uint32_t i = me->unused[--me->nunused];
    struct shadow_node *node = node_at(i);

    node->kind = SHADOW_WEAK;
    node->has_callback = true;
    node->target = target;
    node->places[0] = below(2) == 0 ? 0 : any();
    node->object = weir_weak_new(object_of(target), called,
                                 object_of(node->places[0]), &node->called);
    me->wrong += node->object == NULL;
    if (lies(LIE_TARGET)) {
        node->target = i;
    }
    hold(i);
}

/* The one there is for the target, or a new one. */
static void
make_plain(uint32_t target)
{
    weir_object *weak;
    uint32_t i;

    lock(&node_at(target)->busy);
    weak = weir_weak_new(object_of(target), NULL, NULL, NULL);
    me->wrong += weak == NULL;
    i = node_at(target)->plain;
    if (i == 0 || node_at(i)->object != weak) {
        i = me->unused[--me->nunused];
        node_at(i)->kind = SHADOW_WEAK;
        node_at(i)->object = weak;
        node_at(i)->target = target;
        node_at(target)->plain = i;
    }
    unlock(&node_at(target)->busy);
    hold(i);
}

static void
step_weak(void)
{
    uint32_t target = any();

    if (target == 0 || me->nunused == 0 ||
        node_at(target)->kind == SHADOW_WEAK) {
        return;
    }
    if (below(2) == 0) {
        make_called(target);
    } else {
        make_plain(target);
    }
}

static void
step_ask(uint32_t i)
{
    const struct shadow_node *node = node_at(i);
    weir_object *got = weir_weak_get(node->object);

    if (got == NULL) {
        me->wrong += weir_error() != WEIR_EDEAD;
    } else if (node->target == 0 || got != object_of(node->target)) {
        me->wrong += world.lie == LIE_NONE;
        weir_decref(got);
    } else {
        hold(node->target);
    }
}

/* ---- linking ------------------------------------------------------------ */

static void
step_link(void)
{
    uint32_t i = any();
    uint32_t value = below(5) == 0 ? 0 : any();
    struct shadow_node *node = node_at(i);
    unsigned place;
    int error;

    /* Sets take what has a hash. */
    if (i == 0 || (node->kind == SHADOW_SET && value != 0 &&
                   node_at(value)->kind != SHADOW_INSTANCE &&
                   node_at(value)->kind != SHADOW_FINAL)) {
        return;
    }
    place = below(shadow_places(node->kind));
    lock(&node->busy);
    error = shadow_link(&world.shadow, i, place, value);
    /* A set would be asked to remove what is dead. */
    if (error == 0 && (node->kind == SHADOW_SET || !lies(LIE_EDGE))) {
        node->places[place] = value;
    }
    unlock(&node->busy);
    me->wrong += error < 0;
}

/* Take up what an object refers to. */
static void
step_follow(void)
{
    uint32_t i = any();
    struct shadow_node *node = node_at(i);
    weir_object *o = NULL;
    uint32_t child;
    unsigned place;

    if (i == 0) {
        return;
    }
    place = below(shadow_places(node->kind));
    lock(&node->busy);
    child = node->places[place];
    if (child != 0) {
        o = shadow_get(&world.shadow, i, place);
    }
    unlock(&node->busy);
    if (o != object_of(child)) {
        me->wrong += world.lie == LIE_NONE;
        weir_xdecref(o);
    } else if (child != 0) {
        hold(child);
    }
}

/* ---- other steps -------------------------------------------------------- */

/* Give to all, or take from all. */
static void
step_share(void)
{
    struct shared *place = &world.shared[below(SHARED)];
    bool give = below(2) == 0;
    uint32_t mine = give ? any() : 0;
    uint32_t theirs;

    if (mine != 0) {
        weir_incref(object_of(mine));
    }
    lock(&place->busy);
    theirs = place->node;
    if (give) {
        place->node = mine;
    } else if (theirs != 0) {
        weir_incref(object_of(theirs));
    }
    unlock(&place->busy);
    if (theirs != 0) {
        hold(theirs);
    }
}

static void
step_leave(void)
{
    if (below(2) == 0) {
        me->wrong += weir_blocking_begin() != 0;
        me->wrong += weir_blocking_end() != 0;
    } else {
        me->wrong += weir_detach() != 0;
        me->wrong += weir_attach() != 0;
    }
}

static void
step_collect(void)
{
    int64_t found = weir_gc_collect((int)below(8) % 3);

    me->wrong += found < 0;
    me->found += (uint64_t)found;
}

static void
step(void)
{
    unsigned n = below(2000);

    if (n < 700) {
        step_make();
    } else if (n < 1400) {
        step_link();
    } else if (n < 1500) {
        step_follow();
    } else if (n < 1620) {
        step_share();
    } else if (n < 1720) {
        step_weak();
    } else if (n < 1780) {
        uint32_t i = any();

        if (i != 0 && node_at(i)->kind == SHADOW_WEAK) {
            step_ask(i);
        }
    } else if (n < 1990) {
        forget(&me->handles[below(HANDLES)]);
    } else if (n < 1996) {
        step_leave();
    } else {
        step_collect();
    }
    hold_saved();
    (void)weir_checkpoint();
}

static void *
work(void *argument)
{
    me = argument;
    if (weir_attach() != 0) {
        me->wrong++;
        return NULL;
    }
    crew_meet(&world.barrier);
    for (uint64_t i = 0; i < me->steps; i++) {
        step();
    }
    (void)weir_detach();
    return NULL;
}

/* ---- turns -------------------------------------------------------------- */

static void
run_threads(void)
{
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&world.workers[i].thread, NULL, work,
                                        &world.workers[i]),
                         0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(world.workers[i].thread, NULL), 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
}

static void
mark_roots(void)
{
    shadow_begin(&world.shadow);
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned j = 0; j < HANDLES; j++) {
            shadow_root(&world.shadow, world.workers[i].handles[j]);
        }
    }
    for (unsigned i = 0; i < SHARED; i++) {
        shadow_root(&world.shadow, world.shared[i].node);
    }
}

/* Each thread's share of what may be used. */
static void
share_out(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct worker *w = &world.workers[i];

        w->nunused = 0;
        for (uint32_t n = 1 + i * SHARE; n < 1 + (i + 1) * SHARE; n++) {
            if (node_at(n)->kind == SHADOW_FREE) {
                w->unused[w->nunused++] = n;
            }
        }
    }
}

/* All are quiet: compare.  NULL, or what is wrong. */
static const char *
check(void)
{
    static char message[100];
    struct wr_reference *reference;
    const char *verdict;
    size_t garbage = 0;
    size_t predicted;
    int64_t found;

    (void)wr_test_usage();
    mark_roots();
    verdict = shadow_before(&world.shadow, &garbage);
    if (verdict != NULL) {
        return verdict;
    }
    reference = wr_reference_predict(2);
    predicted = wr_reference_garbage(reference);
    found = weir_gc_collect(2);
    verdict = wr_reference_compare(reference);
    wr_reference_free(reference);
    if (verdict != NULL) {
        return verdict;
    }
    if (found != (int64_t)garbage || predicted != garbage) {
        snprintf(message, sizeof(message),
                 "found %lld, the reference %zu, the shadow %zu",
                 (long long)found, predicted, garbage);
        return message;
    }
    return shadow_after(&world.shadow, world.saving);
}

static const char *
turn(unsigned number, uint64_t steps)
{
    const char *verdict;

    world.saving = number % 2 == 1;
    share_out();
    for (unsigned i = 0; i < THREADS; i++) {
        world.workers[i].steps = steps;
    }
    run_threads();
    world.quiet.nsaved = SAVED; /* full */
    verdict = check();
    for (unsigned i = 0; i < THREADS && verdict == NULL; i++) {
        if (world.workers[i].wrong != 0) {
            verdict = "a call gave a wrong answer";
        }
    }
    return verdict;
}

static void
start(enum lie lie)
{
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "bag",
        .bytes = sizeof(struct bag),
        .traverse = bag_traverse,
        .release = release_bag,
        .finalize = finalize_bag,
    };

    wr_test_start();
    memset(&world, 0, sizeof(world));
    me = &world.quiet;
    world.lie = lie;
    ck_assert_int_eq(pthread_barrier_init(&world.barrier, NULL, THREADS), 0);
    wr_random_seed(&me->random, wr_test_seed());
    ck_assert_int_eq(weir_set_switch_interval(100), 0);
    ck_assert_int_eq(weir_gc_set_threshold(1500, 5, 5), 0);
    world.plain = weir_instance_type("plain", SHADOW_PLACES, 0, NULL, NULL);
    world.final = weir_instance_type("final", SHADOW_PLACES + 1, 0,
                                     finalize_instance, NULL);
    world.bag = weir_foreign_type(&spec);
    shadow_start(&world.shadow, THREADS * SHARE);
    for (unsigned i = 0; i < THREADS; i++) {
        wr_random_seed(&world.workers[i].random, wr_test_seed() + 1 + i);
        world.workers[i].unused = malloc(SHARE * sizeof(uint32_t));
        ck_assert_ptr_nonnull(world.workers[i].unused);
    }
}

static void
stop(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        free(world.workers[i].unused);
    }
    shadow_stop(&world.shadow);
    wr_test_stop();
}

/* Drop everything: nothing is left. */
static void
drop_all(struct wr_test_usage before)
{
    me = &world.quiet;
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned j = 0; j < HANDLES; j++) {
            forget(&world.workers[i].handles[j]);
        }
    }
    for (unsigned i = 0; i < SHARED; i++) {
        forget(&world.shared[i].node);
    }
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}

/* In full where threads run at once and races are seen: that is the proof. */
START_TEST(a_million_steps_by_eight_threads)
{
    struct wr_test_usage before;
    uint64_t all = STEPS / TURNS / THREADS;
    uint64_t steps =
        WR_TEST_SEES_RACES && wr_cfg_parallel ? all : wr_test_size(all);
    uint64_t found = 0;
    const char *what = NULL;

    if (!wr_test_safe) {
        return;
    }
    start(LIE_NONE);
    before = wr_test_usage();
    for (unsigned i = 0; i < TURNS; i++) {
        const char *verdict = turn(i, steps);

        ck_assert_msg(verdict == NULL, "turn %u: %s", i, verdict);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        found += world.workers[i].found;
    }
    ck_assert_uint_gt(found, 0);
    drop_all(before);
    ck_assert_msg(wr_heap_check(&what) == 0, "%s", what);
    stop();
}
END_TEST

/* ---- the comparison, proved --------------------------------------------- */

static const enum lie all_lies[] = {LIE_EDGE,   LIE_HANDLE, LIE_LEAK,
                                    LIE_TARGET, LIE_CALL,   LIE_FINALIZER};

START_TEST(a_lie_is_noticed)
{
    const char *verdict = NULL;

    if (!wr_test_safe) {
        return;
    }
    start(all_lies[_i]);
    for (unsigned i = 0; i < TURNS && verdict == NULL; i++) {
        /* Nothing is saved: the check is at its sharpest. */
        verdict = turn(0, 1000);
    }
    ck_assert_uint_gt(world.lies, 0);
    ck_assert_ptr_nonnull(verdict);
}
END_TEST

Suite *
wr_suite_collect_shadow(void)
{
    Suite *suite = suite_create("collect_shadow");
    TCase *tcase = tcase_create("shadow");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_million_steps_by_eight_threads);
    tcase_add_loop_test(tcase, a_lie_is_noticed, 0,
                        sizeof(all_lies) / sizeof(all_lies[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
