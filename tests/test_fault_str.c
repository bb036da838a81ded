/* SPDX-License-Identifier: MIT */
/*
 * tests/test_fault_str.c - strings without memory.
 *
 * Each scenario runs with its first allocation failing, then its second, and
 * so on until it passes; nothing may have leaked in between.
 */
#include "tests/fixture.h"

#include "base/mem.h"

enum { ATTEMPTS_MAX = 1000 };

/* [const] during a sweep; made while memory was there */
static weir_object *list;
static weir_object *comma;

static void
start(void)
{
    wr_test_start();
    list = weir_list_new();
    comma = weir_str_from(", ");
    for (int i = 0; i < 100; i++) {
        weir_object *s = weir_str_format("item %d of a list", i);

        ck_assert_int_eq(weir_list_append(list, s), 0);
        weir_decref(s);
    }
}

static void
stop(void)
{
    weir_decref(list);
    weir_decref(comma);
    wr_test_stop();
}

/* The result of a scenario is a string, or NULL and the last error. */
typedef weir_object *(*scenario_fn)(void);

/* Returns how many allocations the scenario makes. */
static uint64_t
sweep(scenario_fn scenario)
{
    uint64_t seen = 0;

    for (uint64_t nth = 1; nth < ATTEMPTS_MAX; nth++) {
        struct wr_test_usage before = wr_test_usage();
        uint64_t blocks = wr_mem_get_stats().blocks;
        weir_object *o;

        wr_heap_set_slow_stw(true);
        wr_fault_arm(nth);
        o = scenario();
        seen = wr_fault_seen();
        wr_fault_disarm();
        wr_heap_set_slow_stw(false);
        if (o != NULL) {
            weir_decref(o);
            wr_test_no_leak(before);
            ck_assert_uint_lt(seen, nth);
            return seen;
        }
        ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
        ck_assert_int_eq(weir_list_size(list), 100);
        wr_test_no_leak(before);
        if (wr_cfg_counted) {
            ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
        }
    }
    ck_abort_msg("no end");
    return 0;
}

static weir_object *
concat(void)
{
    return weir_str_concat(comma, comma);
}

static weir_object *
slice(void)
{
    return weir_str_slice(comma, 1, 2);
}

static weir_object *
repeat(void)
{
    return weir_str_repeat(comma, 50000);
}

static weir_object *
join(void)
{
    return weir_str_join(comma, list);
}

static weir_object *
format(void)
{
    return weir_str_format("%1000d", 1);
}

static weir_object *
digits(void)
{
    return weir_int_to_str(weir_int_new(7));
}

START_TEST(operations)
{
    ck_assert_uint_eq(sweep(concat), 1);
    ck_assert_uint_eq(sweep(slice), 1);
    ck_assert_uint_ge(sweep(repeat), 1);
    ck_assert_uint_ge(sweep(join), 2);
    ck_assert_uint_ge(sweep(format), 2);
    ck_assert_uint_eq(sweep(digits), 1);
}
END_TEST

static weir_object *
number(void)
{
    weir_object *s = weir_str_from("123456789");
    weir_object *n;

    if (s == NULL) {
        return NULL;
    }
    n = weir_str_to_int(s);
    weir_decref(s);
    return n;
}

START_TEST(numbers)
{
    ck_assert_uint_eq(sweep(number), 2);
}
END_TEST

/* Nobody looks at the errors in between: finish knows. */
static weir_object *
build(void)
{
    weir_str_builder b;

    weir_str_builder_init(&b);
    for (int i = 0; i < 60; i++) {
        (void)weir_str_builder_add_str(&b, comma);
        (void)weir_str_builder_add_format(&b, "%0*d", i, i);
        (void)weir_str_builder_add_char(&b, '\n');
    }
    return weir_str_builder_finish(&b);
}

START_TEST(builders)
{
    ck_assert_uint_ge(sweep(build), 4);
}
END_TEST

/* What was there before the call that failed is there after it. */
START_TEST(failed_addition_adds_nothing)
{
    weir_str_builder b;
    char big[5000];

    memset(big, 'x', sizeof(big));
    weir_str_builder_init(&b);
    ck_assert_int_eq(weir_str_builder_add(&b, big, 60), 0);
    wr_fault_arm_from(1);
    ck_assert_int_eq(weir_str_builder_add(&b, big, sizeof(big)), WEIR_ENOMEM);
    wr_fault_disarm();
    ck_assert_uint_eq(weir_str_builder_length(&b), 60);
    ck_assert_int_eq(weir_str_builder_add_char(&b, 'x'), WEIR_ENOMEM);
    weir_str_builder_abandon(&b);
}
END_TEST

Suite *
wr_suite_fault_str(void)
{
    Suite *suite = suite_create("fault_str");
    TCase *tc = tcase_create("fault_str");

    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, operations);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, builders);
    tcase_add_test(tc, failed_addition_adds_nothing);
    suite_add_tcase(suite, tc);
    return suite;
}
