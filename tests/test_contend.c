/* SPDX-License-Identifier: MIT */
/*
 * tests/test_contend.c - fairness, summaries, accounts, timelines.
 */
#include "tests/suites.h"

#include "lab/contend.h"
#include "lab/say.h"
#include "lab/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(fairness_is_between_one_and_one_in_n)
{
    const double equal[] = {5, 5, 5, 5};
    const double one[] = {8, 0, 0, 0};
    const double some[] = {1, 3};

    ck_assert_double_eq_tol(wr_contend_jain(equal, 4), 1, 1e-12);
    ck_assert_double_eq_tol(wr_contend_jain(one, 4), 0.25, 1e-12);
    ck_assert_double_eq_tol(wr_contend_jain(some, 2), 0.8, 1e-12);
    ck_assert(isnan(wr_contend_jain(equal, 1)));
    ck_assert(isnan(wr_contend_jain(one + 1, 3)));
}
END_TEST

START_TEST(a_summary_leaves_out_what_is_unknown)
{
    struct wr_figures samples[3];
    struct wr_figures_summary summary;

    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < WR_FIGURES; k++) {
            samples[i].of[k] = NAN;
        }
    }
    samples[0].of[WR_WAIT_P50] = 7;
    samples[2].of[WR_WAIT_P50] = 3;
    wr_contend_summarize(samples, 3, &summary);
    ck_assert_double_eq(summary.median.of[WR_WAIT_P50], 5);
    ck_assert_double_eq(summary.low.of[WR_WAIT_P50], 3);
    ck_assert_double_eq(summary.high.of[WR_WAIT_P50], 7);
    ck_assert(isnan(summary.median.of[WR_JAIN]));
    ck_assert(isnan(summary.low.of[WR_JAIN]));
}
END_TEST

/* Two I/O threads that waited, one CPU thread, and the main thread. */
static const char account[] =
    "{\"wall_s\":2.0,\"ops\":130,\"account\":{\"threads\":["
    "{\"thread\":1,\"worker\":null,\"role\":null,\"ops\":null},"
    "{\"thread\":2,\"worker\":0,\"role\":\"io\",\"ops\":10,\"handoffs\":1,"
    "\"wait_ns\":{\"count\":1,\"p50\":1000,\"p99\":1000,\"p999\":1000,"
    "\"max\":1000},\"state_ns\":{\"running\":20000,\"waiting\":1000,"
    "\"stopped\":0,\"blocked\":5000},\"ready_ns\":40000},"
    "{\"thread\":3,\"worker\":1,\"role\":\"io\",\"ops\":20,\"handoffs\":3,"
    "\"wait_ns\":{\"count\":3,\"p50\":5000,\"p99\":9000,\"p999\":9000,"
    "\"max\":9500}},"
    "{\"thread\":4,\"worker\":2,\"role\":\"cpu\",\"ops\":100,\"handoffs\":2,"
    "\"wait_ns\":{\"count\":9,\"p50\":1,\"p99\":1,\"p999\":1,"
    "\"max\":900000}}],"
    "\"handoffs\":[[0,1,0,0],[0,0,0,5],[0,0,0,6],[2,7,8,0]],\"stops\":[],"
    "\"stops_total\":0,\"context_switches\":30}}";

START_TEST(figures_come_from_the_threads_that_they_are_of)
{
    struct wr_side *side = wr_lab_alloc(sizeof(*side));
    struct wr_contend contend = {.sides = side, .nsides = 1};
    json_t *record = json_loads(account, 0, NULL);
    const double *of;

    ck_assert_ptr_nonnull(record);
    wr_contend_keep(side, record);
    json_decref(record);
    ck_assert_uint_eq(side->n, 1);
    ck_assert_uint_eq(side->nworkers, 3);
    of = side->samples[0].of;
    ck_assert_double_eq_tol(of[WR_WAIT_P50], (1 * 1.0 + 3 * 5.0) / 4, 1e-9);
    ck_assert_double_eq_tol(of[WR_WAIT_MAX], 9.5, 1e-9);
    ck_assert_double_eq_tol(of[WR_REQUESTS_PER_S], 15, 1e-9);
    ck_assert_double_eq_tol(of[WR_CPU_OPS_PER_S], 50, 1e-9);
    ck_assert_double_eq_tol(of[WR_HANDOFFS], 6, 1e-9);
    ck_assert_double_eq_tol(of[WR_SWITCHES_PER_S], 15, 1e-9);
    ck_assert(isnan(of[WR_JAIN]));
    ck_assert(isnan(of[WR_SHARE]));
    ck_assert(isnan(of[WR_HOLD_P50]));
    of = side->workers[0].samples[0].of;
    ck_assert_double_eq_tol(of[WR_RUNNING], 2, 1e-9);
    ck_assert_double_eq_tol(of[WR_OFF_CPU], 4, 1e-9);
    ck_assert_str_eq(side->workers[2].role, "cpu");
    /* From worker 2 to worker 0; from the main thread, the last row. */
    ck_assert_double_eq(side->handoffs[2 * 4 + 0], 7);
    ck_assert_double_eq(side->handoffs[2 * 4 + 3], 2);
    ck_assert_double_eq(side->handoffs[3 * 4 + 0], 1);
    wr_contend_free(&contend);
}
END_TEST

/* A request for so many parameters, which are the last arguments. */
static struct wr_contend_request
request_for(char **params, size_t n)
{
    return (struct wr_contend_request){.params = params, .nparams = n};
}

START_TEST(own_parameters_hold_over_those_for_all)
{
    char io_own[] = "convoy.io=0,8";
    char io_all[] = "io=3";
    char other[] = "cheater.io=5";
    char ms[] = "ms=70";
    char *params[] = {io_own, io_all, other, ms};
    struct wr_contend_request request = request_for(params, 4);
    const struct wr_contend contend = {.request = &request};
    size_t n;
    uint64_t *numbers = wr_contend_convoy_threads(&contend, "io", &n);

    ck_assert_ptr_nonnull(numbers);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(numbers[0], 0);
    ck_assert_uint_eq(numbers[1], 8);
    free(numbers);
    numbers = wr_contend_convoy_threads(&contend, "cpu", &n);
    ck_assert_ptr_nonnull(numbers);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(numbers[0], 1);
    free(numbers);
    io_own[10] = '9';
    ck_assert_ptr_null(wr_contend_convoy_threads(&contend, "io", &n));
}
END_TEST

START_TEST(a_match_has_the_parameters_that_its_program_has)
{
    char all[] = "ms=70";
    char unknown[] = "size=3";
    char list[] = "io=1,2";
    char own[] = "convoy.ms=90";
    char other[] = "cheater.ms=5";
    char *params[] = {own, all, unknown, list, other};
    struct wr_contend_request request = request_for(params, 5);
    const struct wr_contend contend = {.request = &request};
    json_t *record = json_pack("{s:[{s:s}, {s:s}, {s:s}]}", "params", "name",
                               "ms", "name", "io", "name", "cpu");
    struct wr_match match = {
        .program = "convoy", .record = record, .io = 2, .cpu = 1};
    char *title;

    wr_contend_add_params(&contend, &match);
    ck_assert_uint_eq(match.nparams, 4);
    ck_assert_str_eq(match.params[0], "ms=70");
    ck_assert_str_eq(match.params[1], "ms=90");
    ck_assert_str_eq(match.params[2], "io=2");
    ck_assert_str_eq(match.params[3], "cpu=1");
    title = wr_contend_title(&match);
    ck_assert_str_eq(title,
                     "convoy: 2 I/O threads, 1 CPU thread, ms=70, ms=90");
    free(title);
    for (size_t i = 0; i < match.nparams; i++) {
        free(match.params[i]);
    }
    free(match.params);
    json_decref(record);
}
END_TEST

START_TEST(a_sentence_says_no_more_digits_than_there_are)
{
    struct wr_side sides[2] = {{.interval_us = 5000}, {.interval_us = 5000}};
    struct wr_match match = {.io = 1, .cpu = 1, .count = 2};
    const struct wr_contend contend = {.matches = &match, .sides = sides};
    char message[64];
    char *text;

    ck_assert(wr_cell_parse("gil/boost", &sides[0].cell, message, 64));
    ck_assert(wr_cell_parse("gil/cpython", &sides[1].cell, message, 64));
    sides[0].summary.median.of[WR_WAIT_P50] = 1.12;
    sides[1].summary.median.of[WR_WAIT_P50] = 5050.6;
    sides[1].wait[0] = (struct wr_ratio){4587.2, 4099.6, 4901.1, true};
    ck_assert_ptr_null(wr_contend_sentence(&contend, &sides[0]));
    text = wr_contend_sentence(&contend, &sides[1]);
    ck_assert_str_eq(text, "gil/boost: I/O thread waits 1.1 us (p50), "
                           "gil/cpython 5,051 us: 4,590 [4,100 4,900] times");
    free(text);
    sides[1].wait[0] = (struct wr_ratio){0.000229, 0.0002039, 0.024, true};
    text = wr_contend_sentence(&contend, &sides[1]);
    ck_assert_str_eq(text,
                     "gil/boost: I/O thread waits 1.1 us (p50), gil/cpython "
                     "5,051 us: 0.000229 [0.000204 0.0240] times");
    free(text);
    sides[1].wait[0].ratio = NAN;
    ck_assert_ptr_null(wr_contend_sentence(&contend, &sides[1]));
}
END_TEST

/* The timeline of some events as text; to be freed. */
static char *
timeline(const struct wr_trace_event *events, size_t n, bool complete)
{
    struct wr_trace trace;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    wr_trace_open(&trace, out);
    wr_trace_process(&trace, 1, "a \"name\"");
    wr_trace_events(&trace, 1, events, n, complete);
    wr_trace_close(&trace);
    fclose(out);
    return text;
}

/* When, what, which thread, of which kind. */
static const struct wr_trace_event two_threads[] = {
    {1000, WR_TRACE_RUNNING, 2, WR_TRACE_STATE},
    {3500, WR_TRACE_BLOCKED, 2, WR_TRACE_STATE},
    {2000, WR_TRACE_WAITING, 3, WR_TRACE_STATE},
    {2000, 1, 3, WR_TRACE_QUEUE},
    {4000, WR_TRACE_RUNNING, 3, WR_TRACE_STATE},
    {4000, 2, 3, WR_TRACE_HANDOFF},
    {4001, 0, 3, WR_TRACE_GC_BEGIN},
    {4100, 0, 3, WR_TRACE_STOP_BEGIN},
    {4200, 0, 3, WR_TRACE_STOP_WORLD},
    {4300, 0, 3, WR_TRACE_STOP_END},
    {5000, 7, 3, WR_TRACE_GC_END},
};

#define TWO_THREADS (sizeof(two_threads) / sizeof(two_threads[0]))

/* The i-th event of a phase; NULL: there are fewer. */
static json_t *
nth(const json_t *root, const char *phase, size_t n)
{
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(root, "traceEvents"), i, event)
    {
        if (strcmp(wr_catalog_text(event, "ph", ""), phase) == 0 && n-- == 0) {
            return event;
        }
    }
    return NULL;
}

static void
expect_slice(const json_t *root, size_t n, const char *name, int tid, double ts,
             double dur)
{
    const json_t *slice = nth(root, "X", n);

    ck_assert_str_eq(wr_catalog_text(slice, "name", ""), name);
    ck_assert_double_eq_tol(wr_record_number(slice, "tid"), tid, 1e-9);
    ck_assert_double_eq_tol(wr_record_number(slice, "ts"), ts, 1e-9);
    ck_assert_double_eq_tol(wr_record_number(slice, "dur"), dur, 1e-9);
}

START_TEST(a_timeline_is_sorted_and_nested)
{
    char *text = timeline(two_threads, TWO_THREADS, true);
    json_t *root = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(root);
    expect_slice(root, 0, "running", 2, 0, 2.5);
    expect_slice(root, 1, "waiting", 3, 1, 2);
    expect_slice(root, 2, "blocked", 2, 2.5, 1.5);
    expect_slice(root, 3, "running", 3, 3, 1);
    expect_slice(root, 4, "collection", 100003, 3.001, 0.999);
    expect_slice(root, 5, "stop of the world", 100003, 3.1, 0.2);
    expect_slice(root, 6, "arriving", 100003, 3.1, 0.1);
    expect_slice(root, 7, "the world stands", 100003, 3.2, 0.1);
    ck_assert_ptr_null(nth(root, "X", 8));
    /* The arrow leaves inside the slice in which the former holder ran. */
    ck_assert_double_eq_tol(wr_record_number(nth(root, "s", 0), "ts"), 2.499,
                            1e-9);
    ck_assert_double_eq_tol(wr_record_number(nth(root, "s", 0), "tid"), 2,
                            1e-9);
    ck_assert_double_eq_tol(wr_record_number(nth(root, "f", 0), "ts"), 3, 1e-9);
    ck_assert_double_eq_tol(wr_record_number(nth(root, "f", 0), "tid"), 3,
                            1e-9);
    ck_assert_ptr_nonnull(nth(root, "C", 0));
    ck_assert_ptr_nonnull(strstr(text, "\"ts\":1.000,"));
    json_decref(root);
    free(text);
}
END_TEST

START_TEST(a_timeline_that_lost_its_end_leaves_open_slices_out)
{
    char *text = timeline(two_threads, 9, false);
    json_t *root = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(root);
    expect_slice(root, 0, "running", 2, 0, 2.5);
    expect_slice(root, 1, "waiting", 3, 1, 2);
    expect_slice(root, 2, "arriving", 100003, 3.1, 0.1);
    ck_assert_ptr_null(nth(root, "X", 3));
    ck_assert_ptr_nonnull(nth(root, "s", 0));
    ck_assert_ptr_nonnull(nth(root, "f", 0));
    json_decref(root);
    free(text);
}
END_TEST

/* What wr_trace_read() makes of a text; the array is freed, its size told, or
 * SIZE_MAX. */
static size_t
events_in(const char *text)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    size_t n;
    struct wr_trace_event *events = wr_trace_read(in, &n);

    fclose(in);
    n = events == NULL ? SIZE_MAX : n;
    free(events);
    return n;
}

START_TEST(events_are_read_strictly)
{
    ck_assert_uint_eq(
        events_in("{\"thread\":2,\"ns\":1,\"kind\":\"state\",\"value\":"
                  "\"waiting\"}\n{\"thread\":2,\"ns\":3,\"kind\":\"queue\","
                  "\"value\":4}\n"),
        2);
    ck_assert_uint_eq(events_in("{\"thread\":2,\"ns\":1,\"kind\":\"state\","
                                "\"value\":\"asleep\"}\n"),
                      SIZE_MAX);
    ck_assert_uint_eq(events_in("{\"thread\":2,\"ns\":1,\"kind\":\"party\","
                                "\"value\":1}\n"),
                      SIZE_MAX);
    ck_assert_uint_eq(
        events_in("{\"thread\":2,\"kind\":\"queue\",\"value\":1}\n"), SIZE_MAX);
    ck_assert_uint_eq(events_in("{\"thread\":2,\n"), SIZE_MAX);
}
END_TEST

Suite *
wr_suite_contend(void)
{
    Suite *suite = suite_create("contend");
    TCase *tcase = tcase_create("contend");

    tcase_add_test(tcase, fairness_is_between_one_and_one_in_n);
    tcase_add_test(tcase, a_summary_leaves_out_what_is_unknown);
    tcase_add_test(tcase, figures_come_from_the_threads_that_they_are_of);
    tcase_add_test(tcase, own_parameters_hold_over_those_for_all);
    tcase_add_test(tcase, a_match_has_the_parameters_that_its_program_has);
    tcase_add_test(tcase, a_sentence_says_no_more_digits_than_there_are);
    tcase_add_test(tcase, a_timeline_is_sorted_and_nested);
    tcase_add_test(tcase, a_timeline_that_lost_its_end_leaves_open_slices_out);
    tcase_add_test(tcase, events_are_read_strictly);
    suite_add_tcase(suite, tcase);
    return suite;
}
