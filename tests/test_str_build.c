/* SPDX-License-Identifier: MIT */
/*
 * tests/test_str_build.c - the builder, and formatting.
 */
#include "tests/fixture.h"

#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* o is these bytes; drops it. */
static void
becomes(weir_object *o, const char *bytes, size_t length)
{
    size_t got = SIZE_MAX;
    const char *data = weir_str_data(o, &got);

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(got, length);
    ck_assert_int_eq(memcmp(data, bytes, length), 0);
    ck_assert_int_eq(data[length], 0);
    weir_decref(o);
}

/* [const] during a test: what the C library had handed out before it */
static uint64_t blocks_before;

static void
start(void)
{
    wr_test_start();
    blocks_before = wr_mem_get_stats().blocks;
}

/* No builder has left memory behind. */
static void
stop(void)
{
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks_before);
    wr_test_stop();
}

START_TEST(pieces_come_out_in_order)
{
    struct wr_test_usage before = wr_test_usage();
    weir_object *s = weir_str_new("s\0t", 3);
    weir_str_builder b;

    weir_str_builder_init(&b);
    ck_assert_int_eq(weir_str_builder_add(&b, "one", 3), 0);
    ck_assert_int_eq(weir_str_builder_add(&b, NULL, 0), 0);
    ck_assert_int_eq(weir_str_builder_add_char(&b, '\0'), 0);
    ck_assert_int_eq(weir_str_builder_add_str(&b, s), 0);
    ck_assert_int_eq(weir_str_builder_add_format(&b, "%d%s", 42, "!"), 0);
    ck_assert_uint_eq(weir_str_builder_length(&b), 10);
    becomes(weir_str_builder_finish(&b), "one\0s\0t42!", 10);
    /* Empty again, and fit for use. */
    ck_assert_uint_eq(weir_str_builder_length(&b), 0);
    ck_assert_int_eq(weir_str_builder_add_char(&b, 'x'), 0);
    becomes(weir_str_builder_finish(&b), "x", 1);
    becomes(weir_str_builder_finish(&b), "", 0);
    weir_decref(s);
    wr_test_no_leak(before);
}
END_TEST

/* The same bytes in pieces of random sizes, across every growth. */
START_TEST(growth_keeps_every_byte)
{
    static char bytes[70000];
    struct wr_random random;

    wr_random_seed(&random, wr_test_seed());
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 31 + i / 251);
    }
    for (uint64_t most = 1; most < sizeof(bytes); most *= 7) {
        weir_str_builder b;
        size_t done = 0;

        weir_str_builder_init(&b);
        while (done < sizeof(bytes)) {
            size_t part = (size_t)wr_random_below(&random, most) + 1;

            part = part < sizeof(bytes) - done ? part : sizeof(bytes) - done;
            ck_assert_int_eq(weir_str_builder_add(&b, bytes + done, part), 0);
            done += part;
            ck_assert_uint_eq(weir_str_builder_length(&b), done);
        }
        becomes(weir_str_builder_finish(&b), bytes, sizeof(bytes));
    }
}
END_TEST

START_TEST(first_error_sticks)
{
    weir_object *s = weir_str_from("s");
    weir_object *list = weir_list_new();
    weir_str_builder b;

    weir_str_builder_init(&b);
    ck_assert_int_eq(weir_str_builder_add_char(&b, 'a'), 0);
    ck_assert_int_eq(weir_str_builder_add_str(&b, list), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add(&b, "b", 1), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add(&b, NULL, 1), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add_str(&b, s), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add_str(&b, NULL), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add_char(&b, 'c'), WEIR_ETYPE);
    ck_assert_int_eq(weir_str_builder_add_format(&b, "%d", 1), WEIR_ETYPE);
    ck_assert_uint_eq(weir_str_builder_length(&b), 1);
    ck_assert_ptr_null(weir_str_builder_finish(&b));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    becomes(weir_str_builder_finish(&b), "", 0);
    ck_assert_int_eq(weir_str_builder_add(&b, NULL, 1), WEIR_EINVAL);
    weir_str_builder_abandon(&b);
    ck_assert_int_eq(weir_str_builder_add_str(&b, NULL), WEIR_EINVAL);
    weir_str_builder_abandon(&b);
    ck_assert_int_eq(weir_str_builder_add_format(&b, NULL), WEIR_EINVAL);
    weir_str_builder_abandon(&b);
    ck_assert_int_eq(weir_str_builder_add(&b, "x", WEIR_STR_MAX + 1),
                     WEIR_ELIMIT);
    weir_str_builder_abandon(&b);
    ck_assert_int_eq(weir_str_builder_add_char(&b, 'x'), 0);
    ck_assert_int_eq(weir_str_builder_add(&b, "x", WEIR_STR_MAX), WEIR_ELIMIT);
    weir_str_builder_abandon(&b);
    ck_assert_int_eq(weir_str_builder_add(&b, "x", WEIR_STR_MAX), WEIR_ENOMEM);
    ck_assert_ptr_null(weir_str_builder_finish(&b));
    ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
    weir_decref(s);
    weir_decref(list);
}
END_TEST

START_TEST(no_builder_at_all_is_an_error)
{
    weir_str_builder_init(NULL);
    weir_str_builder_abandon(NULL);
    ck_assert_uint_eq(weir_str_builder_length(NULL), 0);
    ck_assert_int_eq(weir_str_builder_add(NULL, "x", 1), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_builder_add_str(NULL, NULL), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_builder_add_char(NULL, 'x'), WEIR_EINVAL);
    ck_assert_int_eq(weir_str_builder_add_format(NULL, "x"), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_builder_finish(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
}
END_TEST

/* LeakSanitizer sees it, and stop() counts. */
START_TEST(abandoned_builder_leaks_nothing)
{
    weir_str_builder b;

    weir_str_builder_init(&b);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(weir_str_builder_add(&b, "some bytes", 10), 0);
    }
    ck_assert_uint_gt(wr_mem_get_stats().blocks, blocks_before);
    weir_str_builder_abandon(&b);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks_before);
    weir_str_builder_abandon(&b);
}
END_TEST

START_TEST(builder_outlives_the_runtime)
{
    weir_str_builder b;

    weir_str_builder_init(&b);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(weir_str_builder_add(&b, "some bytes", 10), 0);
    }
    wr_test_stop();
    wr_test_start();
    ck_assert_uint_eq(weir_str_builder_length(&b), 1000);
    weir_decref(weir_str_builder_finish(&b));
}
END_TEST

START_TEST(format_is_printf)
{
    struct wr_test_usage before = wr_test_usage();
    char want[1000];

    becomes(weir_str_format("plain"), "plain", 5);
    becomes(weir_str_format("%s", ""), "", 0);
    becomes(weir_str_format("%c%c", 'a', '\0'), "a\0", 2);
    becomes(weir_str_format("%-5d|%08.3f|%%", 42, 3.25), "42   |0003.250|%",
            16);
    /* Every length around the builder's own room, and far above. */
    for (int n = 80; n < 900; n = n < 130 ? n + 1 : n * 2) {
        int length = snprintf(want, sizeof(want), "<%*d>", n, 7);

        becomes(weir_str_format("<%*d>", n, 7), want, (size_t)length);
    }
    ck_assert_ptr_null(weir_str_format(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    wr_test_no_leak(before);
}
END_TEST

/* A format that is printed twice, for it does not fit, sees one errno. */
START_TEST(error_number_survives_growth)
{
    weir_object *o;

    errno = ENOENT;
    o = weir_str_format("%200s%m", "");
    ck_assert_ptr_nonnull(o);
    ck_assert_str_eq(weir_str_data(o, NULL) + 200, strerror(ENOENT));
    weir_decref(o);
}
END_TEST

START_TEST(unprintable_is_an_error)
{
    static const wchar_t wide[] = {0x7fffffff, 0};
    /* Hidden from compilers, who know what is wrong with it. */
    const char *volatile too_wide = "%2147483648d";

    /* No byte sequence stands for that character in the C locale. */
    ck_assert_ptr_null(weir_str_format("%ls", wide));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_format(too_wide, 1));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
}
END_TEST

Suite *
wr_suite_str_build(void)
{
    Suite *suite = suite_create("str_build");
    TCase *tc = tcase_create("str_build");

    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, pieces_come_out_in_order);
    tcase_add_test(tc, growth_keeps_every_byte);
    tcase_add_test(tc, first_error_sticks);
    tcase_add_test(tc, no_builder_at_all_is_an_error);
    tcase_add_test(tc, abandoned_builder_leaks_nothing);
    tcase_add_test(tc, builder_outlives_the_runtime);
    tcase_add_test(tc, format_is_printf);
    tcase_add_test(tc, error_number_survives_growth);
    tcase_add_test(tc, unprintable_is_an_error);
    suite_add_tcase(suite, tc);
    return suite;
}
