/* SPDX-License-Identifier: MIT */
/*
 * tests/test_bitmap.c - bit by bit against a plain array.
 */
#include "tests/suites.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/random.h"

enum { BITS = 300, WORDS = 5 };

START_TEST(words_round_up)
{
    ck_assert_uint_eq(wr_bitmap_words(0), 0);
    ck_assert_uint_eq(wr_bitmap_words(1), 1);
    ck_assert_uint_eq(wr_bitmap_words(64), 1);
    ck_assert_uint_eq(wr_bitmap_words(65), 2);
    ck_assert_uint_eq(wr_bitmap_words(BITS), WORDS);
}
END_TEST

static size_t
model_next(const unsigned char *model, size_t from, size_t end, int value)
{
    while (from < end && model[from] != value) {
        from++;
    }
    return from < end ? from : WR_BITMAP_NONE;
}

static void
change_both(uint64_t *map, unsigned char *model, struct wr_random *random)
{
    size_t a = wr_random_below(random, BITS);
    size_t b = a + wr_random_below(random, BITS - a + 1);

    switch (wr_random_below(random, 5)) {
    case 0:
        wr_bitmap_set(map, a);
        model[a] = 1;
        break;
    case 1:
        wr_bitmap_clear(map, a);
        model[a] = 0;
        break;
    case 2:
        ck_assert_int_eq(wr_bitmap_test_and_set(map, a), model[a]);
        model[a] = 1;
        break;
    case 3:
        wr_bitmap_set_range(map, a, b);
        memset(model + a, 1, b - a);
        break;
    default:
        wr_bitmap_clear_range(map, a, b);
        memset(model + a, 0, b - a);
        break;
    }
}

START_TEST(agrees_with_an_array_of_bytes)
{
    uint64_t map[WORDS] = {0};
    unsigned char model[BITS] = {0};
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (uint64_t round = 0; round < wr_test_size(5000); round++) {
        change_both(map, model, &random);
        size_t set = 0;
        for (size_t i = 0; i < BITS; i++) {
            ck_assert(wr_bitmap_test(map, i) == (model[i] != 0));
            set += model[i];
        }
        ck_assert_uint_eq(wr_bitmap_popcount(map, WORDS), set);
        size_t from = wr_random_below(&random, BITS + 1);
        size_t end = wr_random_below(&random, BITS + 1);
        ck_assert_uint_eq(wr_bitmap_next_set(map, from, end),
                          model_next(model, from, end, 1));
        ck_assert_uint_eq(wr_bitmap_next_clear(map, from, end),
                          model_next(model, from, end, 0));
    }
}
END_TEST

START_TEST(searches_stop_at_the_end_of_the_map)
{
    uint64_t map[2] = {0, 0};

    ck_assert_uint_eq(wr_bitmap_next_set(map, 0, 128), WR_BITMAP_NONE);
    wr_bitmap_set(map, 127);
    ck_assert_uint_eq(wr_bitmap_next_set(map, 0, 127), WR_BITMAP_NONE);
    ck_assert_uint_eq(wr_bitmap_next_set(map, 0, 128), 127);
    ck_assert_uint_eq(wr_bitmap_next_set(map, 128, 128), WR_BITMAP_NONE);
    memset(map, 0xff, sizeof(map));
    ck_assert_uint_eq(wr_bitmap_next_clear(map, 0, 128), WR_BITMAP_NONE);
}
END_TEST

Suite *
wr_suite_bitmap(void)
{
    Suite *suite = suite_create("bitmap");
    TCase *tc = tcase_create("bitmap");

    tcase_add_test(tc, words_round_up);
    tcase_add_test(tc, agrees_with_an_array_of_bytes);
    tcase_add_test(tc, searches_stop_at_the_end_of_the_map);
    suite_add_tcase(suite, tc);
    return suite;
}
