/* SPDX-License-Identifier: MIT */
/*
 * tests/test_random.c - the generator is the published one, and fair.
 */
#include "tests/suites.h"

#include "base/random.h"

START_TEST(xoshiro_gives_the_published_numbers)
{
    /* State 1, 2, 3, 4, from the authors' reference code. */
    struct wr_random random = {.state = {1, 2, 3, 4}};

    ck_assert_uint_eq(wr_random_next(&random), UINT64_C(11520));
    ck_assert_uint_eq(wr_random_next(&random), UINT64_C(0));
    ck_assert_uint_eq(wr_random_next(&random), UINT64_C(1509978240));
    ck_assert_uint_eq(wr_random_next(&random), UINT64_C(1215971899390074240));
}
END_TEST

START_TEST(seeding_is_splitmix64)
{
    struct wr_random random;

    wr_random_seed(&random, 0);
    ck_assert_uint_eq(random.state[0], UINT64_C(0xe220a8397b1dcdaf));
    ck_assert_uint_eq(random.state[1], UINT64_C(0x6e789e6aa1b965f4));
}
END_TEST

START_TEST(same_seed_same_numbers)
{
    struct wr_random a;
    struct wr_random b;
    struct wr_random other;
    int equal = 0;

    wr_random_seed(&a, wr_test_seed());
    wr_random_seed(&b, wr_test_seed());
    wr_random_seed(&other, wr_test_seed() + 1);
    for (int i = 0; i < 1000; i++) {
        uint64_t number = wr_random_next(&a);
        ck_assert(number == wr_random_next(&b));
        equal += number == wr_random_next(&other);
    }
    ck_assert_int_lt(equal, 3);
}
END_TEST

START_TEST(below_stays_below_and_is_fair)
{
    enum { SIDES = 6, THROWS = 60000 };
    struct wr_random random;
    int seen[SIDES] = {0};

    wr_random_seed(&random, 1);
    for (int i = 0; i < THROWS; i++) {
        uint64_t number = wr_random_below(&random, SIDES);
        ck_assert(number < SIDES);
        seen[number]++;
    }
    for (int i = 0; i < SIDES; i++) {
        /* Five standard deviations are 456. */
        ck_assert_int_gt(seen[i], THROWS / SIDES - 456);
        ck_assert_int_lt(seen[i], THROWS / SIDES + 456);
    }
    for (int i = 0; i < 100; i++) {
        ck_assert_uint_eq(wr_random_below(&random, 1), 0);
        (void)wr_random_below(&random, UINT64_MAX);
    }
}
END_TEST

START_TEST(unit_lies_in_the_half_open_interval)
{
    struct wr_random random;
    double sum = 0.0;

    wr_random_seed(&random, 2);
    for (int i = 0; i < 10000; i++) {
        double number = wr_random_unit(&random);
        ck_assert(number >= 0.0 && number < 1.0);
        sum += number;
    }
    ck_assert(sum > 4850.0 && sum < 5150.0);
}
END_TEST

START_TEST(entropy_differs_from_call_to_call)
{
    ck_assert(wr_random_entropy() != wr_random_entropy());
}
END_TEST

Suite *
wr_suite_random(void)
{
    Suite *suite = suite_create("random");
    TCase *tc = tcase_create("random");

    tcase_add_test(tc, xoshiro_gives_the_published_numbers);
    tcase_add_test(tc, seeding_is_splitmix64);
    tcase_add_test(tc, same_seed_same_numbers);
    tcase_add_test(tc, below_stays_below_and_is_fair);
    tcase_add_test(tc, unit_lies_in_the_half_open_interval);
    tcase_add_test(tc, entropy_differs_from_call_to_call);
    suite_add_tcase(suite, tc);
    return suite;
}
