/* SPDX-License-Identifier: MIT */
/*
 * tests/test_weak_threads.c - weak references that several threads use.
 *
 * Behaviour 3.6: who asks while another thread drops the last reference gets a
 * live object or nothing [inv:weak.get].  Each target carries a number that
 * its weak reference was published with: a corpse, or another object in the
 * corpse's block, would carry another.
 */
#include "tests/fixture.h"

#include "base/random.h"
#include "tests/workers.h"

#include <sched.h>

enum { WORKERS = 3, NUMBER = 0, LINK = 1, SLOTS = 2 };

static weir_type *node_type;
static struct wr_test_usage before;

/* [atomic: relaxed] what callbacks and finalizers counted */
static uint32_t callbacks;
static uint32_t finalized;

static void
setup(void)
{
    wr_test_start();
    (void)weir_gc_disable();
    callbacks = 0;
    finalized = 0;
    node_type = weir_instance_type("node", SLOTS, 0, NULL, NULL);
    before = wr_test_usage();
}

static void
teardown(void)
{
    wr_test_stop();
}

static void
count_call(weir_object *w, weir_object *context, void *data)
{
    (void)context;
    /* Cleared: nobody can get at the target any more. */
    if (weir_weak_get(w) == NULL) {
        (void)wr_fetch_add_relaxed(&callbacks, 1U);
    }
    if (data != NULL) {
        (void)wr_fetch_add_relaxed((uint32_t *)data, 1U);
    }
}

/* Let the others go on, also where one thread runs at a time. */
static void
give_way(void)
{
    (void)weir_blocking_begin();
    (void)sched_yield();
    (void)weir_blocking_end();
}

static void
relax(unsigned turn)
{
    (void)weir_checkpoint();
    if (turn % 64 == 63) {
        give_way();
    }
}

static void
wait_for(const uint32_t *word, uint32_t value)
{
    for (unsigned turn = 0; wr_load_acquire(word) < value; turn++) {
        relax(turn);
    }
}

static weir_object *
make_number(weir_type *type, int64_t number)
{
    weir_object *o = weir_instance_new(type);
    weir_object *n = weir_int_new(INT64_C(1000000) + number);

    if (o != NULL && n != NULL) {
        (void)weir_instance_set(o, NUMBER, n);
    }
    weir_xdecref(n);
    return o;
}

/* Does it carry the number?  Nothing that is dead would. */
static bool
carries(weir_object *o, int64_t number)
{
    weir_object *n = weir_instance_get(o, NUMBER);
    int64_t value = 0;
    bool good = n != NULL && weir_int_value(n, &value) == 0 &&
                value == INT64_C(1000000) + number;

    weir_xdecref(n);
    return good;
}

/* ---- one drops, the others ask ------------------------------------------ */

/* A round: all but the first say they are ready; the first publishes a weak
 * reference; the others ask until its target is dead; when somebody has got
 * it, so that they are at it, the first drops it. */
struct race {
    weir_type *type;
    weir_object *list;
    /* [atomic: release, acquire] */
    uint32_t ready;
    uint32_t done;
    uint32_t got;
    weir_object *weak;
    /* [atomic: relaxed] */
    uint32_t wrong;
};

static int
drop_it(struct race *race, int64_t round)
{
    weir_object *o = make_number(race->type, round);
    weir_object *w = weir_weak_new(o, NULL, NULL, NULL);
    weir_object *v = weir_weak_new(o, count_call, NULL, NULL);
    uint32_t rounds = (uint32_t)round + 1;
    uint32_t got = wr_load_acquire(&race->got);
    weir_object *others[4];

    if (w == NULL || v == NULL) {
        return WEIR_ENOMEM;
    }
    wait_for(&race->ready, rounds * (WORKERS - 1));
    wr_store_release(&race->weak, w);
    wait_for(&race->got, got + 1);
    for (unsigned i = 0; i < (unsigned)round % 64; i++) {
        wr_cpu_relax();
    }
    weir_decref(o);
    /* Others in its block, which carry no number of a round. */
    for (size_t i = 0; i < 4; i++) {
        others[i] = make_number(node_type, -1);
    }
    wait_for(&race->done, rounds * (WORKERS - 1));
    wr_store_release(&race->weak, (weir_object *)NULL);
    for (size_t i = 0; i < 4; i++) {
        weir_xdecref(others[i]);
    }
    weir_decref(w);
    weir_decref(v);
    return 0;
}

/* keeps: for a while now and then.  Two that do could take turns, and keep the
 * target alive for ever. */
static int
ask_for_it(struct race *race, int64_t round, bool keeps)
{
    weir_object *w = NULL;
    weir_object *o;

    (void)wr_fetch_add_acq_rel(&race->ready, 1U);
    for (unsigned turn = 0; w == NULL; turn++) {
        w = wr_load_acquire(&race->weak);
        if (w == NULL) {
            relax(turn);
        }
    }
    for (unsigned turn = 0; (o = weir_weak_get(w)) != NULL; turn++) {
        if (!carries(o, round)) {
            (void)wr_fetch_add_relaxed(&race->wrong, 1U);
        }
        (void)wr_fetch_add_acq_rel(&race->got, 1U);
        if (keeps && turn % 128 > 64) {
            relax(turn);
        }
        weir_decref(o);
        relax(turn);
    }
    if (weir_error() != WEIR_EDEAD) {
        return weir_error();
    }
    (void)wr_fetch_add_acq_rel(&race->done, 1U);
    /* The next round begins when all have left this one. */
    for (unsigned turn = 0; wr_load_acquire(&race->weak) == w; turn++) {
        relax(turn);
    }
    return 0;
}

static int
race_step(struct wr_worker *me, int64_t round)
{
    return me->index == 0 ? drop_it(me->shared, round)
                          : ask_for_it(me->shared, round, me->index == 1);
}

START_TEST(get_races_with_the_last_drop)
{
    struct race race = {.type = node_type};
    int64_t rounds = (int64_t)wr_test_size(10000);

    wr_run_workers(&race, WORKERS, rounds, race_step);
    ck_assert_uint_eq(race.wrong, 0);
    ck_assert_uint_eq(callbacks, (uint32_t)rounds);
    wr_test_no_leak(before);
}
END_TEST

static void
count_and_use(weir_object *o, void *data)
{
    struct race *race = data;
    uint32_t n = wr_fetch_add_relaxed(&finalized, 1U);
    uint32_t got = wr_load_acquire(&race->got);

    /* Let somebody come and take it, if there is still somebody. */
    for (unsigned i = 0; i < 10 && wr_load_acquire(&race->got) == got; i++) {
        give_way();
    }
    /* Each third lives on for a while. */
    if (n % 3 == 0) {
        (void)weir_list_append(race->list, o);
        (void)weir_list_clear(race->list);
    }
}

/* While the finalizer runs others may take the object, and keep it. */
START_TEST(get_races_with_the_finalizer)
{
    struct race race = {.list = weir_list_new()};
    int64_t rounds = (int64_t)wr_test_size(3000);

    race.type = weir_instance_type("final", SLOTS, 0, count_and_use, &race);
    wr_run_workers(&race, WORKERS, rounds, race_step);
    ck_assert_uint_eq(race.wrong, 0);
    ck_assert_uint_eq(callbacks, (uint32_t)rounds);
    ck_assert_uint_eq(finalized, (uint32_t)rounds);
    weir_decref(race.list);
    wr_test_no_leak(before);
}
END_TEST

/* ---- the weak reference dies as well ------------------------------------ */

/* Per round one target, and per worker one weak reference with a callback;
 * each drops its own, the first the target. */
struct funeral {
    /* [atomic: release, acquire] */
    uint32_t round;
    uint32_t arrived;
    weir_object *target;
    weir_object *context;
    /* [atomic: relaxed] calls of one round, by worker */
    uint32_t calls[WORKERS];
    uint32_t twice;
};

static int
bury(struct wr_worker *me, int64_t round)
{
    struct funeral *all = me->shared;
    uint32_t now = (uint32_t)round + 1;
    weir_object *target;
    weir_object *w;

    if (me->index == 0) {
        wait_for(&all->arrived, (now - 1) * 2 * WORKERS);
        wr_store_release(&all->target, weir_instance_new(node_type));
        wr_store_release(&all->round, now);
    }
    wait_for(&all->round, now);
    target = wr_load_acquire(&all->target);
    w = weir_weak_new(target, count_call, all->context, &all->calls[me->index]);
    if (w == NULL) {
        return WEIR_ENOMEM;
    }
    (void)wr_fetch_add_acq_rel(&all->arrived, 1U);
    wait_for(&all->arrived, (2 * now - 1) * WORKERS);
    if (me->index == 0 && round % 2 == 0) {
        weir_decref(target);
    }
    weir_decref(w);
    if (me->index == 0 && round % 2 == 1) {
        weir_decref(target);
    }
    if (me->index == 0) {
        wait_for(&all->arrived, 2 * now * WORKERS - 1);
        for (size_t i = 0; i < WORKERS; i++) {
            all->twice += wr_exchange_acq_rel(&all->calls[i], 0U) > 1;
        }
    }
    (void)wr_fetch_add_acq_rel(&all->arrived, 1U);
    return 0;
}

/* [inv:weak.called-once], and nothing of it is touched after its death. */
START_TEST(target_and_weak_references_die_together)
{
    struct funeral all = {.context = weir_list_new()};

    wr_run_workers(&all, WORKERS, (int64_t)wr_test_size(10000), bury);
    ck_assert_uint_eq(all.twice, 0);
    wr_test_count(all.context, 1);
    weir_decref(all.context);
    wr_test_no_leak(before);
}
END_TEST

/* ---- making and dropping the one without a callback --------------------- */

enum { SHARED = 4 };

static int
churn(struct wr_worker *me, int64_t round)
{
    weir_object **targets = me->shared;
    int64_t n = (round + me->index) % SHARED;
    weir_object *w = weir_weak_new(targets[n], NULL, NULL, NULL);
    weir_object *v = weir_weak_new(targets[n], count_call, NULL, NULL);
    weir_object *o = w != NULL ? weir_weak_get(w) : NULL;
    int error = 0;

    if (o != targets[n] || !carries(o, n) || weir_weak_count(o) < 2) {
        error = WEIR_EINVAL;
    }
    weir_xdecref(o);
    weir_xdecref(v);
    weir_xdecref(w);
    return error;
}

START_TEST(all_threads_share_the_one_without_callback)
{
    weir_object *targets[SHARED];

    for (int64_t i = 0; i < SHARED; i++) {
        targets[i] = make_number(node_type, i);
    }
    wr_run_workers(targets, WORKERS, (int64_t)wr_test_size(30000), churn);
    for (size_t i = 0; i < SHARED; i++) {
        ck_assert_int_eq(weir_weak_count(targets[i]), 0);
        weir_decref(targets[i]);
    }
    ck_assert_uint_eq(callbacks, 0);
    wr_test_no_leak(before);
}
END_TEST

/* ---- the table grows and empties ---------------------------------------- */

enum { BATCH = 400 };

static int
fill_and_empty(struct wr_worker *me, int64_t round)
{
    weir_object *targets[BATCH];
    weir_object *weak[2 * BATCH];
    int error = 0;

    for (int64_t i = 0; i < BATCH; i++) {
        targets[i] = make_number(node_type, i + round);
        weak[2 * i] = weir_weak_new(targets[i], NULL, NULL, NULL);
        weak[2 * i + 1] = weir_weak_new(targets[i], count_call, NULL, NULL);
    }
    for (int64_t i = 0; i < BATCH; i++) {
        weir_object *o = weir_weak_get(weak[2 * i + (i + me->index) % 2]);

        if (o != targets[i] || !carries(o, i + round)) {
            error = WEIR_EINVAL;
        }
        weir_xdecref(o);
        weir_decref(targets[i]);
        if (weir_weak_get(weak[2 * i]) != NULL) {
            error = WEIR_EINVAL;
        }
    }
    for (size_t i = 0; i < 2 * (size_t)BATCH; i++) {
        weir_decref(weak[i]);
    }
    return error;
}

START_TEST(the_table_grows_and_empties_under_all_threads)
{
    int64_t rounds = (int64_t)wr_test_size(100);

    wr_run_workers(NULL, WORKERS, rounds, fill_and_empty);
    ck_assert_uint_eq(callbacks, (uint32_t)(rounds * WORKERS * BATCH));
    wr_test_no_leak(before);
}
END_TEST

/* ---- beside collections ------------------------------------------------- */

enum { PLACES = 64 };

/* All workers publish weak references to rings here, and ask for what others
 * have published. */
struct yard {
    weir_object *places; /* a list of weak references */
    weir_object *kept;   /* a list of rings that live for a while */
    /* one per ring, by worker and round; each is called at most once */
    uint32_t *calls;
    int64_t rounds;
    uint64_t seed;
    /* [atomic: relaxed] */
    uint32_t revived;
};

/* A ring of two that carry a number, and what names it. */
static int
publish_ring(struct yard *yard, int64_t place, int64_t number)
{
    weir_object *a = make_number(node_type, number);
    weir_object *b = make_number(node_type, number);
    weir_object *w = weir_weak_new(a, NULL, NULL, NULL);
    weir_object *v =
        weir_weak_new(b, count_call, w, &yard->calls[(size_t)number]);
    weir_object *both[2] = {w, v};
    weir_object *tuple = weir_tuple_pack(2, both);
    int error = 0;

    error |= weir_instance_set(a, LINK, b);
    error |= weir_instance_set(b, LINK, a);
    error |= weir_list_set(yard->places, (size_t)place, tuple);
    weir_decref(a);
    weir_decref(b);
    weir_decref(w);
    weir_decref(v);
    weir_decref(tuple);
    return error;
}

/* Is it whole?  Both carry the same number and name each other. */
static bool
is_ring(weir_object *o)
{
    weir_object *next = weir_instance_get(o, LINK);
    weir_object *back = next != NULL ? weir_instance_get(next, LINK) : NULL;
    weir_object *n = weir_instance_get(o, NUMBER);
    int64_t value = -1;
    bool good = back == o && n != NULL && weir_int_value(n, &value) == 0 &&
                carries(next, value - INT64_C(1000000));

    weir_xdecref(next);
    weir_xdecref(back);
    weir_xdecref(n);
    return good;
}

static int
ask_for_ring(struct yard *yard, struct wr_random *random)
{
    weir_object *tuple =
        weir_list_get(yard->places, wr_random_below(random, PLACES));
    weir_object *w = NULL;
    weir_object *o = NULL;
    int error = 0;

    if (tuple != NULL && weir_is_tuple(tuple)) {
        w = weir_tuple_get(tuple, 0);
        o = w != NULL ? weir_weak_get(w) : NULL;
    }
    if (o != NULL) {
        error = is_ring(o) ? 0 : WEIR_EINVAL;
        (void)wr_fetch_add_relaxed(&yard->revived, 1U);
        if (wr_random_below(random, 4) == 0) {
            error |=
                weir_list_set(yard->kept, wr_random_below(random, PLACES), o);
        }
    }
    weir_xdecref(o);
    weir_xdecref(w);
    weir_xdecref(tuple);
    return error;
}

static int
live_in_the_yard(struct wr_worker *me, int64_t round)
{
    struct yard *yard = me->shared;
    struct wr_random random;
    int error;

    wr_random_seed(&random, yard->seed + (uint64_t)round * WORKERS +
                                (uint64_t)me->index);
    error = publish_ring(yard, (int64_t)wr_random_below(&random, PLACES),
                         me->index * yard->rounds + round);
    for (int i = 0; i < 4 && error == 0; i++) {
        error = ask_for_ring(yard, &random);
    }
    if (wr_random_below(&random, 40) == 0) {
        int64_t found = weir_gc_collect((int)wr_random_below(&random, 3));

        error = found < 0 ? (int)found : error;
    }
    return error;
}

START_TEST(get_races_with_collections)
{
    struct yard yard = {
        .places = weir_list_new(),
        .kept = weir_list_new(),
        .rounds = (int64_t)wr_test_size(8000),
        .seed = wr_test_seed(),
    };
    size_t rings = (size_t)(WORKERS * yard.rounds);
    size_t twice = 0;

    yard.calls = calloc(rings, sizeof(*yard.calls));
    for (size_t i = 0; i < PLACES; i++) {
        ck_assert_int_eq(weir_list_append(yard.places, yard.kept), 0);
        ck_assert_int_eq(weir_list_append(yard.kept, weir_int_new(0)), 0);
    }
    wr_run_workers(&yard, WORKERS, yard.rounds, live_in_the_yard);
    ck_assert_int_eq(weir_list_clear(yard.kept), 0);
    ck_assert_int_ge(weir_gc_collect(2), 0);
    for (size_t i = 0; i < PLACES; i++) {
        weir_object *tuple = weir_list_get(yard.places, i);
        weir_object *w = weir_is_tuple(tuple) ? weir_tuple_get(tuple, 0) : NULL;

        ck_assert(w == NULL || weir_weak_get(w) == NULL);
        weir_xdecref(w);
        weir_decref(tuple);
    }
    for (size_t i = 0; i < rings; i++) {
        twice += yard.calls[i] > 1;
    }
    ck_assert_uint_eq(twice, 0);
    ck_assert_uint_gt(callbacks, 0);
    ck_assert_uint_gt(yard.revived, 0);
    weir_decref(yard.places);
    weir_decref(yard.kept);
    free(yard.calls);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_weak_threads(void)
{
    Suite *suite = suite_create("weak_threads");
    TCase *tcase = tcase_create("threads");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    if (!wr_test_safe) {
        return suite;
    }
    tcase_add_test(tcase, get_races_with_the_last_drop);
    tcase_add_test(tcase, get_races_with_the_finalizer);
    tcase_add_test(tcase, target_and_weak_references_die_together);
    tcase_add_test(tcase, all_threads_share_the_one_without_callback);
    tcase_add_test(tcase, the_table_grows_and_empties_under_all_threads);
    tcase_add_test(tcase, get_races_with_collections);
    return suite;
}
