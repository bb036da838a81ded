/* SPDX-License-Identifier: MIT */
/*
 * tests/test_cells.c - how cells, numbers, times and parameters are written.
 */
#include "tests/suites.h"

#include "lab/catalog.h"
#include "lab/cell.h"
#include "lab/record.h"
#include "lab/text.h"

#include <stdlib.h>
#include <string.h>

START_TEST(good_cells_have_one_spelling)
{
    static const char *const rows[][2] = {
        {"gil", "gil"},
        {"atomic", "atomic"},
        {"unsafe", "unsafe"},
        {"nocount", "nocount"},
        {"gil/fifo", "gil/fifo"},
        {"gil/cpython", "gil/cpython"},
        {"gil/barging", "gil/barging"},
        {"atomic/boost+gil", "atomic/boost+gil"},
        {"gil+gil", "gil"},
        {"atomic+gil", "atomic+gil"},
        {"atomic/fifo+gil", "atomic/fifo+gil"},
        {"nocount/fifo", "nocount/fifo"},
        {"gil+nogc", "gil+nogc"},
        {"gil+t0=2000", "gil+t0=2000"},
        {"gil+bytes=1048576+t0=0", "gil+t0=0+bytes=1048576"},
        {"atomic+nogc+gil", "atomic+gil+nogc"},
        {"gil+account+nogc", "gil+nogc+account"},
    };
    char message[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wr_cell cell;

        ck_assert_msg(
            wr_cell_parse(rows[i][0], &cell, message, sizeof(message)), "%s",
            rows[i][0]);
        ck_assert_str_eq(cell.name, rows[i][1]);
    }
}
END_TEST

START_TEST(bad_cells_are_refused_with_a_reason)
{
    static const char *const rows[] = {
        "",          "nonsense",  "GIL",          "gil ",
        "gil/",      "gil/foo",   "atomic/fifo",  "unsafe/cpython",
        "gil+",      "gil+foo",   "gil+t0",       "gil+t0=",
        "gil+t0=-1", "gil+t0=1x", "gil+bytes=",   "gil+t0=99999999999999999999",
        "/fifo",     "+gil",      "gil+gil/fifo", "gilfifo",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char message[256] = "";
        struct wr_cell cell;

        ck_assert_msg(!wr_cell_parse(rows[i], &cell, message, sizeof(message)),
                      "'%s'", rows[i]);
        ck_assert_msg(message[0] != '\0', "'%s'", rows[i]);
        ck_assert_ptr_null(strchr(message, '\n'));
    }
}
END_TEST

START_TEST(lists_of_cells)
{
    char message[256] = "";
    size_t n = 0;
    struct wr_cell *cells = wr_cells_parse("gil,atomic/fifo+gil,unsafe", &n,
                                           message, sizeof(message));

    ck_assert_ptr_nonnull(cells);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(cells[1].name, "atomic/fifo+gil");
    ck_assert(wr_cell_locked(&cells[0]));
    ck_assert(wr_cell_locked(&cells[1]));
    ck_assert(!wr_cell_locked(&cells[2]));
    free(cells);
    ck_assert_ptr_null(wr_cells_parse("", &n, message, sizeof(message)));
    ck_assert_ptr_null(wr_cells_parse("gil,", &n, message, sizeof(message)));
    ck_assert_ptr_null(
        wr_cells_parse("gil,,atomic", &n, message, sizeof(message)));
    ck_assert_ptr_null(
        wr_cells_parse("gil,nonsense", &n, message, sizeof(message)));
}
END_TEST

START_TEST(cell_options_reach_the_child)
{
    const char *argv[16];
    char room[64];
    char message[256];
    struct wr_cell cell;
    size_t n = 0;

    ck_assert(wr_cell_parse("atomic/fifo+gil+nogc+t0=700+bytes=9+account",
                            &cell, message, sizeof(message)));
    wr_cell_options(&cell, argv, &n, room);
    ck_assert_uint_eq(n, 10);
    ck_assert_str_eq(argv[0], "--policy");
    ck_assert_str_eq(argv[1], "fifo");
    ck_assert_str_eq(argv[2], "--gil");
    ck_assert_str_eq(argv[3], "--nogc");
    ck_assert_str_eq(argv[4], "--t0");
    ck_assert_str_eq(argv[5], "700");
    ck_assert_str_eq(argv[6], "--bytes");
    ck_assert_str_eq(argv[7], "9");
    ck_assert_str_eq(argv[8], "--account");
    ck_assert_str_eq(argv[9], "figures");
    n = 0;
    ck_assert(wr_cell_parse("gil", &cell, message, sizeof(message)));
    wr_cell_options(&cell, argv, &n, room);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(whole_numbers)
{
    uint64_t value = 5;

    ck_assert(wr_text_uint("0", 0, 10, &value));
    ck_assert_uint_eq(value, 0);
    ck_assert(wr_text_uint("18446744073709551615", 0, UINT64_MAX, &value));
    ck_assert(value == UINT64_MAX);
    value = 5;
    ck_assert(!wr_text_uint("18446744073709551616", 0, UINT64_MAX, &value));
    ck_assert(!wr_text_uint("", 0, 10, &value));
    ck_assert(!wr_text_uint("-1", 0, 10, &value));
    ck_assert(!wr_text_uint("+1", 0, 10, &value));
    ck_assert(!wr_text_uint(" 1", 0, 10, &value));
    ck_assert(!wr_text_uint("1x", 0, 10, &value));
    ck_assert(!wr_text_uint("11", 0, 10, &value));
    ck_assert(!wr_text_uint("0", 1, 10, &value));
    ck_assert_uint_eq(value, 5);
}
END_TEST

START_TEST(times_percentages_and_sizes)
{
    uint64_t value = 5;
    double part = 0.5;

    ck_assert(wr_text_time("500ms", &value));
    ck_assert_uint_eq(value, 500000000);
    ck_assert(wr_text_time("1.5s", &value));
    ck_assert_uint_eq(value, 1500000000);
    ck_assert(wr_text_time("2m", &value));
    ck_assert_uint_eq(value, 120000000000);
    ck_assert(!wr_text_time("5", &value));
    ck_assert(!wr_text_time("0s", &value));
    ck_assert(!wr_text_time("-1s", &value));
    ck_assert(!wr_text_time("infs", &value));
    ck_assert(!wr_text_time("1e9s", &value));
    ck_assert(!wr_text_time("99999999m", &value));
    ck_assert(!wr_text_time("1.2.3s", &value));
    ck_assert(!wr_text_time("s", &value));
    ck_assert(wr_text_percent("3", &part));
    ck_assert_double_eq_tol(part, 0.03, 1e-12);
    ck_assert(wr_text_percent("2.5%", &part));
    ck_assert_double_eq_tol(part, 0.025, 1e-12);
    ck_assert(!wr_text_percent("101", &part));
    ck_assert(!wr_text_percent("-3", &part));
    ck_assert(!wr_text_percent("nan", &part));
    ck_assert(wr_text_size("64k", &value));
    ck_assert_uint_eq(value, 65536);
    ck_assert(wr_text_size("2G", &value));
    ck_assert_uint_eq(value, UINT64_C(2) << 30);
    ck_assert(!wr_text_size("0", &value));
    ck_assert(!wr_text_size("G", &value));
    ck_assert(!wr_text_size("99999999999999999999", &value));
}
END_TEST

START_TEST(parameters_overlay_their_defaults)
{
    json_t *program =
        json_loads("{\"params\":[{\"name\":\"depth\",\"default\":16},"
                   "{\"name\":\"mode\",\"default\":\"own\"}]}",
                   0, NULL);
    char first[] = "depth=3";
    char second[] = "depth=7";
    char third[] = "mode=other";
    char *given[] = {first, second, third};
    json_t *params = wr_catalog_effective(program, given, 3);

    ck_assert_int_eq(json_integer_value(json_object_get(params, "depth")), 7);
    ck_assert_str_eq(json_string_value(json_object_get(params, "mode")),
                     "other");
    ck_assert(wr_catalog_has_param(program, "depth", 5));
    ck_assert(!wr_catalog_has_param(program, "dep", 3));
    ck_assert(!wr_catalog_has_param(program, "depths", 6));
    json_decref(params);
    json_decref(program);
}
END_TEST

START_TEST(only_whole_run_records_are_taken)
{
    static const char good[] =
        "{\"schema\":1,\"record\":\"run\",\"cell\":{},\"status\":\"ok\","
        "\"wall_s\":0.5,\"ops\":7}\n";
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"schema\":1,\"record\":\"run\",\"cell\":{},\"status\":\"ok\"}",
        "{\"schema\":2,\"record\":\"run\",\"cell\":{},\"status\":\"ok\","
        "\"wall_s\":0.5,\"ops\":7}",
        "{\"schema\":1,\"record\":\"run\",\"cell\":{},\"status\":\"fine\","
        "\"wall_s\":0.5,\"ops\":7}",
        "{\"schema\":1,\"record\":\"run\",\"cell\":{},\"status\":\"ok\","
        "\"wall_s\":0,\"ops\":7}",
    };
    struct wr_sample sample;
    json_t *record = wr_record_parse_run(good);

    ck_assert_ptr_nonnull(record);
    wr_record_sample(record, &sample);
    ck_assert_double_eq(sample.wall_s, 0.5);
    ck_assert_double_eq(sample.ops, 7);
    ck_assert(sample.rss_kb != sample.rss_kb);
    json_decref(record);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(wr_record_parse_run(bad[i]) == NULL, "%s", bad[i]);
    }
}
END_TEST

Suite *
wr_suite_cells(void)
{
    Suite *suite = suite_create("cells");
    TCase *grammar = tcase_create("grammar");

    tcase_add_test(grammar, good_cells_have_one_spelling);
    tcase_add_test(grammar, bad_cells_are_refused_with_a_reason);
    tcase_add_test(grammar, lists_of_cells);
    tcase_add_test(grammar, cell_options_reach_the_child);
    tcase_add_test(grammar, whole_numbers);
    tcase_add_test(grammar, times_percentages_and_sizes);
    tcase_add_test(grammar, parameters_overlay_their_defaults);
    tcase_add_test(grammar, only_whole_run_records_are_taken);
    suite_add_tcase(suite, grammar);
    return suite;
}
