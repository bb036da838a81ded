/* SPDX-License-Identifier: MIT */
/*
 * tests/test_hash_attack.c - keys that were chosen to collide.
 *
 * An attacker who knows the hash chooses ints whose hashes agree in the bits
 * that a table looks at; then each insertion passes all that came before.
 * Here the attacker knows the hash of one seed, and it works; under any other
 * seed the same ints are as good as random.
 */
#include "tests/dicts.h"

#include <sys/wait.h>
#include <unistd.h>

enum { CHOSEN = 1500, SAME_BITS = 24, SEED = 12345 };

static void
start_with_seed(uint64_t seed)
{
    weir_config config;

    weir_config_init(&config);
    config.hash_seed = seed;
    ck_assert_int_eq(weir_start(&config), 0);
}

/* 1 / x modulo 2^64; x is odd. */
static uint64_t
inverse(uint64_t x)
{
    uint64_t y = x;

    /* Newton: each step doubles the bits that are right, 3 at first. */
    for (int i = 0; i < 5; i++) {
        y *= 2 - x * y;
    }
    return y;
}

/* The word whose hash this is, as things are now. */
static uint64_t
unhash(uint64_t x)
{
    x ^= x >> 33;
    x *= inverse(wr_hash_key.words[2]);
    x ^= x >> 33;
    x *= inverse(wr_hash_key.words[1]);
    x ^= x >> 33;
    return x ^ wr_hash_key.words[0];
}

/* [inv:dict.ints] */
START_TEST(hash_of_ints_is_a_bijection)
{
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15);

        ck_assert_uint_eq(unhash(wr_hash_word(x)), x);
        ck_assert_uint_eq(wr_hash_word(unhash(x)), x);
    }
}
END_TEST

/* An int and a string of the same hash are two keys, whichever comes first.
 * [inv:dict.ints] */
START_TEST(equal_hashes_do_not_make_equal_keys)
{
    weir_object *text = weir_str_from("a string");
    weir_object *number;
    uint64_t hash = 0;
    uint64_t same = 0;

    ck_assert_int_eq(weir_hash(text, &hash), 0);
    number = weir_int_new((int64_t)unhash(hash));
    ck_assert_int_eq(weir_hash(number, &same), 0);
    ck_assert_uint_eq(same, hash);
    for (int order = 0; order < 2; order++) {
        weir_object *set = weir_set_new();
        weir_object *first = order == 0 ? number : text;
        weir_object *second = order == 0 ? text : number;

        ck_assert_int_eq(weir_set_add(set, first), 1);
        ck_assert_int_eq(weir_set_contains(set, second), 0);
        ck_assert_int_eq(weir_set_add(set, second), 1);
        ck_assert_int_eq(weir_set_contains(set, first), 1);
        ck_assert_int_eq(weir_set_contains(set, second), 1);
        ck_assert_int_eq(weir_set_remove(set, first), 0);
        ck_assert_int_eq(weir_set_contains(set, first), 0);
        ck_assert_int_eq(weir_set_contains(set, second), 1);
        weir_decref(set);
    }
    weir_decref(number);
    weir_decref(text);
}
END_TEST

/* How many slots are looked at to find each of these ints once. */
static size_t
count_probes(const int64_t *chosen)
{
    weir_object *set = weir_set_new();
    size_t probes = 0;

    for (int i = 0; i < CHOSEN; i++) {
        weir_object *o = weir_int_new(chosen[i]);

        ck_assert_int_eq(weir_set_add(set, o), 1);
        weir_decref(o);
    }
    for (uint32_t i = 0; i < CHOSEN; i++) {
        probes += wr_dict_probes(wr_test_table(set), i);
    }
    weir_decref(set);
    return probes;
}

START_TEST(chosen_ints_collide_only_under_a_known_seed)
{
    static int64_t chosen[CHOSEN];

    start_with_seed(SEED);
    for (uint64_t i = 0; i < CHOSEN; i++) {
        chosen[i] = (int64_t)unhash(i << SAME_BITS | 0x5a5a5a);
    }
    /* The attack is one: the nth is found after n others. */
    ck_assert_uint_ge(count_probes(chosen), CHOSEN * (CHOSEN / 2));
    ck_assert_int_eq(weir_stop(), 0);
    for (uint64_t seed = 0; seed < 20; seed++) {
        /* 0: at random */
        start_with_seed(seed);
        ck_assert_uint_lt(count_probes(chosen), CHOSEN * 3);
        ck_assert_int_eq(weir_stop(), 0);
    }
}
END_TEST

/* What collides where ints are their own hashes. */
START_TEST(multiples_of_powers_of_two_do_not_collide)
{
    static int64_t chosen[CHOSEN];

    for (int shift = 0; shift < 52; shift++) {
        for (int i = 0; i < CHOSEN; i++) {
            chosen[i] = (int64_t)((uint64_t)i << shift);
        }
        ck_assert_uint_lt(count_probes(chosen), CHOSEN * 3);
    }
}
END_TEST

/* The hashes of an int and of a string in a process of their own. */
static void
hashes_elsewhere(uint64_t seed, uint64_t out[2])
{
    int ends[2];
    int status = 0;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        weir_config config;

        weir_config_init(&config);
        config.hash_seed = seed;
        if (weir_start(&config) != 0) {
            _exit(1);
        }
        (void)weir_hash(weir_int_new(7), &out[0]);
        (void)weir_hash(weir_str_from("seven"), &out[1]);
        _exit(write(ends[1], out, 16) == 16 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(read(ends[0], out, 16), 16);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(two_processes_hash_differently)
{
    uint64_t a[2];
    uint64_t b[2];

    hashes_elsewhere(0, a);
    hashes_elsewhere(0, b);
    ck_assert_uint_ne(a[0], b[0]);
    ck_assert_uint_ne(a[1], b[1]);
    hashes_elsewhere(SEED, a);
    hashes_elsewhere(SEED, b);
    ck_assert_uint_eq(a[0], b[0]);
    ck_assert_uint_eq(a[1], b[1]);
}
END_TEST

Suite *
wr_suite_hash_attack(void)
{
    Suite *suite = suite_create("hash_attack");
    TCase *tc = tcase_create("hash_attack");
    TCase *bare = tcase_create("seeds");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, hash_of_ints_is_a_bijection);
    tcase_add_test(tc, equal_hashes_do_not_make_equal_keys);
    tcase_add_test(tc, multiples_of_powers_of_two_do_not_collide);
    suite_add_tcase(suite, tc);
    tcase_add_test(bare, chosen_ints_collide_only_under_a_known_seed);
    tcase_add_test(bare, two_processes_hash_differently);
    suite_add_tcase(suite, bare);
    return suite;
}
