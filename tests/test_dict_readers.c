/* SPDX-License-Identifier: MIT */
/*
 * tests/test_dict_readers.c - dicts and sets that some threads change while
 * others look into them, without the lock where there is one.
 *
 * Worker 0 writes, the others read.
 */
#include "tests/crew.h"
#include "tests/dicts.h"
#include "tests/workers.h"

#include "thread/retire.h"

#include <stdio.h>

enum { KEYS = 24, THREADS = 3, ROUNDS = 12000, GUESTS = 150 };

/* What the workers of a test share. */
struct shared {
    weir_object *dict;
    /* [owner] by reader: the newest value seen of each key */
    int64_t newest[THREADS][KEYS];
    /* [atomic: writer stores release, readers load acquire] */
    uint32_t phase;
};

/*
 * A new key: an int, a string or a tuple of the two.  Equal keys are never one
 * object, so finding one means comparing it.
 */
static weir_object *
make_key(int64_t n)
{
    weir_object *items[2];
    weir_object *key;
    char text[32];

    (void)snprintf(text, sizeof(text), "key %d", (int)n);
    switch (n % 3) {
    case 0:
        return weir_int_new(n + 1000000);
    case 1:
        return weir_str_from(text);
    default:
        items[0] = weir_int_new(n + 1000000);
        items[1] = weir_str_from(text);
        key = weir_tuple_pack(2, items);
        weir_decref(items[0]);
        weir_decref(items[1]);
        return key;
    }
}

/* Give key n a value from which n can be told, larger in every round. */
static int
put(weir_object *dict, int64_t n, int64_t round)
{
    weir_object *key = make_key(n);
    weir_object *value = weir_int_new(1000000 + n + KEYS * round);
    int error = weir_dict_set(dict, key, value);

    weir_decref(key);
    weir_decref(value);
    return error;
}

/* The value of key n, or -1; -2 if it is none that put() gave it. */
static int64_t
look_up(weir_object *dict, int64_t n)
{
    weir_object *key = make_key(n);
    weir_object *value = weir_dict_get(dict, key);
    int64_t number = -1;

    if (value != NULL) {
        if (weir_int_value(value, &number) != 0) {
            number = -2;
        }
        number -= 1000000;
        if (number < 0 || number % KEYS != n) {
            number = -2;
        }
    }
    weir_decref(key);
    weir_xdecref(value);
    return number;
}

/* Replace, remove, insert, clear. */
static int
write_anything(weir_object *dict, int64_t round)
{
    int64_t n = round * 7 % KEYS;
    weir_object *key = make_key(n);
    int error = 0;

    switch (round % 5) {
    case 0:
        error = weir_dict_delete(dict, key);
        break;
    case 1:
        weir_xdecref(weir_dict_pop(dict, key));
        break;
    case 2:
        error = round % 600 == 2 ? weir_dict_clear(dict) : 0;
        break;
    default:
        error = put(dict, n, round);
        break;
    }
    weir_decref(key);
    return error == WEIR_ENOKEY ? 0 : error;
}

static int
get_what_was_put(struct wr_worker *me, int64_t round)
{
    struct shared *shared = me->shared;
    int64_t *newest = shared->newest[me->index];

    if (me->index == 0) {
        return write_anything(shared->dict, round);
    }
    for (int64_t n = 0; n < KEYS; n += 5) {
        int64_t key = (n + round) % KEYS;
        int64_t value = look_up(shared->dict, key);

        /* The one writer never gives a key a smaller value. */
        if (value == -2 || (value >= 0 && value < newest[key])) {
            return WEIR_ESTATE;
        }
        newest[key] = value >= 0 ? value : newest[key];
    }
    return 0;
}

START_TEST(reader_gets_what_was_put_and_nothing_older)
{
    struct wr_test_usage before = wr_test_usage();
    static struct shared shared;

    shared = (struct shared){.dict = weir_dict_new()};
    wr_run_workers(&shared, THREADS, (int64_t)wr_test_size(ROUNDS),
                   get_what_was_put);
    ck_assert(wr_test_is_sound(shared.dict));
    weir_decref(shared.dict);
    wr_test_no_leak(before);
}
END_TEST

/* Keys below KEYS stay, but get new values and new places; others come and go,
 * and with them tables. */
static int
write_around(weir_object *dict, int64_t round)
{
    int64_t n = round % (2 * GUESTS);
    weir_object *key = make_key(round % KEYS);
    int error = weir_dict_move_to_end(dict, key);

    weir_decref(key);
    if (error == 0 && round % 3 == 0) {
        error = put(dict, round % KEYS, round);
    }
    if (error == 0 && n < GUESTS) {
        error = put(dict, KEYS + n, round);
    } else if (error == 0) {
        key = make_key(KEYS + n - GUESTS);
        error = weir_dict_delete(dict, key);
        weir_decref(key);
    }
    return error;
}

static int
find_what_stays(struct wr_worker *me, int64_t round)
{
    weir_object *dict = me->shared;

    if (me->index == 0) {
        return write_around(dict, round);
    }
    for (int64_t n = round % 3; n < KEYS; n += 3) {
        weir_object *key = make_key(n);
        int found = weir_dict_contains(dict, key);

        weir_decref(key);
        if (found != 1 || look_up(dict, n) < 0) {
            return WEIR_ESTATE;
        }
    }
    return 0;
}

/* [inv:dict.entry-once] */
START_TEST(key_that_stays_is_always_found)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();

    for (int64_t n = 0; n < KEYS; n++) {
        ck_assert_int_eq(put(dict, n, 0), 0);
    }
    wr_run_workers(dict, THREADS, (int64_t)wr_test_size(ROUNDS),
                   find_what_stays);
    ck_assert(wr_test_is_sound(dict));
    weir_decref(dict);
    wr_test_no_leak(before);
}
END_TEST

/* What the two tests below keep their threads busy with: keys that are there
 * already, so that nothing but the dict is in the way. */
struct tight {
    weir_object *dict;
    weir_object *keys[3];
    weir_object *values[3];
    int64_t times;
};

static int
move_and_find(struct wr_worker *me, int64_t round)
{
    const struct tight *tight = me->shared;
    int bad = 0;

    (void)round;
    for (int64_t i = 0; i < tight->times; i++) {
        weir_object *key = tight->keys[i % 3];

        if (me->index == 0) {
            bad |= weir_dict_move_to_end(tight->dict, key);
        } else {
            bad |= weir_dict_contains(tight->dict, key) - 1;
        }
    }
    return bad == 0 ? 0 : WEIR_ESTATE;
}

/* Toggle a key and see that its value is its own. */
static int
toggle_and_get(struct wr_worker *me, int64_t round)
{
    const struct tight *tight = me->shared;
    int64_t wrong = 0;

    (void)round;
    for (int64_t i = 0; i < tight->times; i++) {
        weir_object *key = tight->keys[i % 3];

        if (me->index == 0) {
            (void)weir_dict_set(tight->dict, key, tight->values[i % 3]);
            (void)weir_dict_delete(tight->dict, tight->keys[(i + 1) % 3]);
        } else {
            weir_object *value = weir_dict_get(tight->dict, key);

            wrong += value != NULL && value != tight->values[i % 3] ? 1 : 0;
            weir_xdecref(value);
        }
    }
    return wrong == 0 ? 0 : WEIR_ESTATE;
}

static void
run_tight(int (*step)(struct wr_worker *me, int64_t round))
{
    struct wr_test_usage before = wr_test_usage();
    struct tight tight = {.dict = weir_dict_new(), .times = 100};

    for (int i = 0; i < 3; i++) {
        tight.keys[i] = make_key(i);
        tight.values[i] = wr_test_int(i);
        ck_assert_int_eq(
            weir_dict_set(tight.dict, tight.keys[i], tight.values[i]), 0);
    }
    wr_run_workers(&tight, THREADS, (int64_t)wr_test_size(ROUNDS) / 10, step);
    ck_assert(wr_test_is_sound(tight.dict));
    for (int i = 0; i < 3; i++) {
        weir_decref(tight.keys[i]);
        weir_decref(tight.values[i]);
    }
    weir_decref(tight.dict);
    wr_test_no_leak(before);
}

START_TEST(key_that_moves_is_found_all_the_while)
{
    run_tight(move_and_find);
}
END_TEST

START_TEST(key_that_comes_and_goes_has_its_own_value)
{
    run_tight(toggle_and_get);
}
END_TEST

/* The writer adds 0, 1, 2 ... to a set. */
static int
count_and_find(struct wr_worker *me, int64_t round)
{
    weir_object *set = me->shared;
    weir_object *o;
    int64_t size;
    int found;

    if (me->index == 0) {
        o = weir_int_new(round + 1000000);
        found = weir_set_add(set, o);
        weir_decref(o);
        return found == 1 ? 0 : WEIR_ESTATE;
    }
    size = weir_set_size(set);
    o = weir_int_new(size + 1000000 - 1);
    found = weir_set_contains(set, o);
    weir_decref(o);
    if (size > 0 && found != 1) {
        return WEIR_ESTATE;
    }
    o = weir_int_new(size + 1000000 + me->index);
    found = weir_set_contains(set, o);
    weir_decref(o);
    return found == 0 || weir_set_size(set) > size + me->index ? 0
                                                               : WEIR_ESTATE;
}

START_TEST(size_counts_what_can_be_found)
{
    weir_object *set = weir_set_new();
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);

    wr_run_workers(set, THREADS, rounds, count_and_find);
    ck_assert_int_eq(weir_set_size(set), rounds);
    weir_decref(set);
}
END_TEST

/* [stat] finalizers run */
static int64_t runs;

static void
count_run(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    (void)wr_fetch_add_relaxed(&runs, (int64_t)1);
}

/* [const] during a test */
static weir_type *mortal;

/* Values that nobody else has: now and then a reader drops the last reference,
 * and comes to a checkpoint in the finalizer. */
static int
replace_mortals(struct wr_worker *me, int64_t round)
{
    weir_object *key = make_key(round % 3);
    weir_object *value;
    int error = 0;

    if (me->index == 0) {
        value = weir_instance_new(mortal);
        error = weir_dict_set(me->shared, key, value);
    } else {
        value = weir_dict_get(me->shared, key);
        if (value != NULL && weir_type_of(value) != mortal) {
            error = WEIR_ETYPE;
        }
    }
    weir_xdecref(value);
    weir_decref(key);
    return error;
}

START_TEST(value_may_die_in_a_readers_hands)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *dict = weir_dict_new();
    int64_t rounds = (int64_t)wr_test_size(ROUNDS);

    mortal = weir_instance_type("mortal", 0, 0, count_run, NULL);
    wr_run_workers(dict, THREADS, rounds, replace_mortals);
    weir_decref(dict);
    ck_assert_int_eq(runs, wr_cfg_counted ? rounds : 0);
    wr_test_no_leak(before);
}
END_TEST

/* Look once; wait until the lock is held; look again. */
static void *
look_beside_a_holder(void *argument)
{
    struct shared *shared = argument;

    (void)weir_attach();
    shared->newest[0][0] = look_up(shared->dict, 0);
    wr_store_release(&shared->phase, 1u);
    crew_until(&shared->phase, 2);
    for (int64_t n = 0; n < KEYS; n++) {
        shared->newest[1][n] = look_up(shared->dict, n);
    }
    (void)weir_detach();
    return NULL;
}

/* If the reader took the lock it would wait for ever. */
START_TEST(reader_does_not_take_the_lock)
{
    static struct shared shared;
    struct wr_thread *self = wr_self();
    pthread_t thread;

    shared = (struct shared){.dict = weir_dict_new()};
    for (int64_t n = 0; n < KEYS; n++) {
        ck_assert_int_eq(put(shared.dict, n, 1), 0);
    }
    wr_objlock_lock(self, &shared.dict->lock);
    /* Its maker needs nobody's leave. */
    ck_assert_int_eq(look_up(shared.dict, 1), KEYS + 1);
    wr_objlock_unlock(self, &shared.dict->lock);
    crew_begin(&thread, look_beside_a_holder, &shared);
    crew_until(&shared.phase, 1);
    wr_objlock_lock(self, &shared.dict->lock);
    wr_store_release(&shared.phase, 2u);
    crew_join(thread);
    wr_objlock_unlock(self, &shared.dict->lock);
    ck_assert_int_eq(shared.newest[0][0], KEYS);
    for (int64_t n = 0; n < KEYS; n++) {
        ck_assert_int_eq(shared.newest[1][n], KEYS + n);
    }
    weir_decref(shared.dict);
}
END_TEST

/* [inv:retire.bounded] */
START_TEST(only_tables_that_were_shared_wait)
{
    struct wr_test_usage before = wr_test_usage();
    static struct shared shared;
    uint64_t waited = wr_retire_count();
    pthread_t thread;

    shared = (struct shared){.dict = weir_dict_new()};
    for (int64_t n = 0; n < GUESTS; n++) {
        ck_assert_int_eq(wr_test_put(shared.dict, n, n), 0);
    }
    ck_assert_int_eq(weir_dict_clear(shared.dict), 0);
    ck_assert_uint_eq(wr_retire_count(), waited);
    for (int64_t n = 0; n < KEYS; n++) {
        ck_assert_int_eq(put(shared.dict, n, 1), 0);
    }
    crew_begin(&thread, look_beside_a_holder, &shared);
    crew_until(&shared.phase, 1);
    wr_store_release(&shared.phase, 2u);
    crew_join(thread);
    ck_assert_int_eq(weir_dict_clear(shared.dict), 0);
    ck_assert_uint_eq(wr_retire_count(),
                      waited +
                          (wr_cfg_locked_objects && wr_reclaim_on() ? 1 : 0));
    weir_decref(shared.dict);
    wr_test_no_leak(before);
}
END_TEST

Suite *
wr_suite_dict_readers(void)
{
    Suite *suite = suite_create("dict_readers");
    TCase *tc = tcase_create("dict_readers");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    if (wr_test_safe) {
        tcase_add_test(tc, reader_gets_what_was_put_and_nothing_older);
        tcase_add_test(tc, key_that_stays_is_always_found);
        tcase_add_test(tc, key_that_moves_is_found_all_the_while);
        tcase_add_test(tc, key_that_comes_and_goes_has_its_own_value);
        tcase_add_test(tc, size_counts_what_can_be_found);
        tcase_add_test(tc, value_may_die_in_a_readers_hands);
        tcase_add_test(tc, reader_does_not_take_the_lock);
        tcase_add_test(tc, only_tables_that_were_shared_wait);
    }
    suite_add_tcase(suite, tc);
    return suite;
}
