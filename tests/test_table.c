/* SPDX-License-Identifier: MIT */
/*
 * tests/test_table.c - tables fit, numbers read well, judgements are sober.
 */
#include "tests/suites.h"

#include "lab/noise.h"
#include "lab/table.h"
#include "lab/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The table as text; to be freed. */
static char *
render(const struct wr_table *table, size_t width, bool colour)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    wr_table_write(table, out, width, colour);
    fclose(out);
    return text;
}

static struct wr_table *
small_table(void)
{
    struct wr_table *table = wr_table_new();

    wr_table_column(table, "cell", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_column(table, "ms", WR_RIGHT, 5);
    wr_table_column(table, "ops", WR_RIGHT, 2);
    wr_table_column(table, "never", WR_RIGHT, 7);
    wr_table_column(table, "verdict", WR_LEFT, WR_COLUMN_KEEP);
    wr_table_line(table, "trees", WR_STRONG);
    wr_table_row(table);
    wr_table_put(table, "gil", WR_PLAIN);
    wr_table_put(table, "183.2", WR_PLAIN);
    wr_table_put(table, "22M", WR_PLAIN);
    wr_table_put(table, "", WR_PLAIN);
    wr_table_put(table, "", WR_PLAIN);
    wr_table_row(table);
    wr_table_put(table, "atomic", WR_PLAIN);
    wr_table_put(table, "9.1", WR_PLAIN);
    wr_table_put(table, "4M", WR_PLAIN);
    wr_table_put(table, "", WR_PLAIN);
    wr_table_put(table, "slower", WR_BAD);
    return table;
}

START_TEST(columns_line_up)
{
    struct wr_table *table = small_table();
    char *text = render(table, 80, false);

    ck_assert_str_eq(text, "cell      ms ops verdict\n"
                           "trees\n"
                           "gil    183.2 22M\n"
                           "atomic   9.1  4M slower\n");
    free(text);
    wr_table_free(table);
}
END_TEST

START_TEST(least_wanted_columns_go_first)
{
    struct wr_table *table = small_table();
    char *text = render(table, 22, false);

    ck_assert_str_eq(text, "cell      ms verdict\n"
                           "trees\n"
                           "gil    183.2\n"
                           "atomic   9.1 slower\n");
    free(text);
    text = render(table, 15, false);
    ck_assert_str_eq(text, "cell   verdict\n"
                           "trees\n"
                           "gil\n"
                           "atomic slower\n");
    free(text);
    /* What must stay, stays, however narrow it is. */
    text = render(table, 3, false);
    ck_assert_ptr_nonnull(strstr(text, "atomic slower\n"));
    free(text);
    wr_table_free(table);
}
END_TEST

START_TEST(colours_only_when_asked_for)
{
    struct wr_table *table = small_table();
    char *plain = render(table, 80, false);
    char *coloured = render(table, 80, true);

    ck_assert_ptr_null(strchr(plain, '\033'));
    ck_assert_ptr_nonnull(strstr(coloured, "\033[1;31mslower\033[0m"));
    free(plain);
    free(coloured);
    wr_table_free(table);
}
END_TEST

START_TEST(long_lines_break_at_blanks)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    wr_table_wrap(out, WR_PLAIN, false, 20, 4, "one two three four five six");
    wr_table_wrap(out, WR_PLAIN, false, 20, 4,
                  "a-word-that-is-longer-than-the-line end");
    wr_table_wrap(out, WR_PLAIN, false, 20, 4, "");
    fclose(out);
    ck_assert_str_eq(text, "one two three four\n"
                           "    five six\n"
                           "a-word-that-is-longer-than-the-line\n"
                           "    end\n"
                           "\n");
    free(text);
}
END_TEST

START_TEST(numbers_read_well)
{
    char text[64];

    ck_assert_str_eq(wr_text_ms(0.1832, text, 64), "183.2");
    ck_assert_str_eq(wr_text_ms(0.00456, text, 64), "4.56");
    ck_assert_str_eq(wr_text_ms(NAN, text, 64), "-");
    ck_assert_str_eq(wr_text_ns(999.4, text, 64), "999ns");
    ck_assert_str_eq(wr_text_ns(1234, text, 64), "1.23us");
    ck_assert_str_eq(wr_text_ns(9.9999e5, text, 64), "1.00ms");
    ck_assert_str_eq(wr_text_ns(2.5e9, text, 64), "2.50s");
    ck_assert_str_eq(wr_text_ns(NAN, text, 64), "-");
    ck_assert_str_eq(wr_text_count(22.2e6, text, 64), "22.2M");
    ck_assert_str_eq(wr_text_kb(12 * 1024, text, 64), "12.0M");
    ck_assert_str_eq(wr_text_figures(1.1024, text, 64), "1.102");
    ck_assert_str_eq(wr_text_figures(0, text, 64), "0.000");
    ck_assert_str_eq(wr_text_figures(0.09949, text, 64), "0.0995");
    ck_assert_str_eq(wr_text_figures(0.09951, text, 64), "0.100");
    ck_assert_str_eq(wr_text_figures(0.000229, text, 64), "0.000229");
    ck_assert_str_eq(wr_text_figures(1e-30, text, 64), "0.000000000000");
    ck_assert_str_eq(wr_text_figures(12.3456, text, 64), "12.35");
    ck_assert_str_eq(wr_text_figures(1234.5, text, 64), "1234");
    ck_assert_str_eq(wr_text_grouped(0, text, 64), "0");
    ck_assert_str_eq(wr_text_grouped(123, text, 64), "123");
    ck_assert_str_eq(wr_text_grouped(1234567, text, 64), "1,234,567");
    ck_assert_str_eq(wr_text_grouped(UINT64_MAX, text, 64),
                     "18,446,744,073,709,551,615");
}
END_TEST

START_TEST(ratios_have_one_width)
{
    struct wr_ratio ratio = {
        .ratio = 1.102, .low = 1.0811, .high = 12.5, .known = true};
    char text[64];

    ck_assert_str_eq(wr_text_ratio(&ratio, text, sizeof(text)),
                     "1.102 [1.081 12.50]");
    ratio.known = false;
    ck_assert_str_eq(wr_text_ratio(&ratio, text, sizeof(text)), "1.102");
    ratio.ratio = NAN;
    ck_assert_str_eq(wr_text_ratio(&ratio, text, sizeof(text)), "    -");
}
END_TEST

START_TEST(noise_is_judged_by_the_worst_reason)
{
    struct wr_noise noise = {.loops = 10, .spread = 0.01, .stolen = 0};
    const char *reasons[8];
    unsigned n;

    ck_assert_int_eq(wr_noise_judge(&noise, 0.1, 2, false, reasons, &n),
                     WR_TRUST_GOOD);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(wr_noise_judge(&noise, -1, 2, false, reasons, &n),
                     WR_TRUST_GOOD);
    ck_assert_int_eq(wr_noise_judge(&noise, 1.5, 2, true, reasons, &n),
                     WR_TRUST_FAIR);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(wr_noise_judge(&noise, 0.1, 1, false, reasons, &n),
                     WR_TRUST_FAIR);
    noise.spread = 0.2;
    ck_assert_int_eq(wr_noise_judge(&noise, 1.5, 2, false, reasons, &n),
                     WR_TRUST_POOR);
    ck_assert_uint_eq(n, 2);
    noise.spread = 0.01;
    noise.stolen = 0.2;
    ck_assert_int_eq(wr_noise_judge(&noise, 0.1, 2, false, reasons, &n),
                     WR_TRUST_POOR);
    ck_assert_str_eq(wr_trust_name(WR_TRUST_POOR), "poor");
}
END_TEST

Suite *
wr_suite_table(void)
{
    Suite *suite = suite_create("table");
    TCase *tables = tcase_create("tables");

    tcase_add_test(tables, columns_line_up);
    tcase_add_test(tables, least_wanted_columns_go_first);
    tcase_add_test(tables, colours_only_when_asked_for);
    tcase_add_test(tables, long_lines_break_at_blanks);
    tcase_add_test(tables, numbers_read_well);
    tcase_add_test(tables, ratios_have_one_width);
    tcase_add_test(tables, noise_is_judged_by_the_worst_reason);
    suite_add_tcase(suite, tables);
    return suite;
}
