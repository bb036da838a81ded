/* SPDX-License-Identifier: MIT */
/*
 * tests/test_programs.c - the programs of the lab, from inside.
 *
 * Each runs clean and leaves nothing behind; each survives that memory runs
 * out anywhere; and each notices when the runtime does the wrong thing once.
 * tests/cli/test-programs.sh runs them in all flavours.
 */
#include "tests/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "stress/params.h"
#include "stress/programs/helper.h"
#include "stress/programs/programs.h"
#include "stress/runner.h"
#include "tests/lies.h"

enum { PARAMS_MAX = 4, ATTEMPTS_MAX = 3000 };

/* Sizes at which a program runs for milliseconds and does all that it can. */
static const struct small {
    const char *program;
    const char *params[PARAMS_MAX];

    /* the number of threads that it needs; 0: runs on one and on two */
    uint32_t threads;
} smalls[] = {
    {"refs-private", {"pairs=5000"}, 0},
    {"refs-shared", {"pairs=5000"}, 0},
    {"refs-mixed", {"pairs=5000", "foreign=30", "think=3"}, 0},
    {"alloc-churn", {"pairs=5000", "mode=random"}, 0},
    {"list-append", {"ops=3000"}, 0},
    {"list-read", {"ops=5000", "length=100", "writes=20"}, 0},
    {"dict-read", {"ops=5000", "records=100", "writes=50"}, 0},
    {"dict-mixed", {"ops=5000", "records=100", "mix=A"}, 0},
    {"trees", {"depth=6"}, 0},
    {"gcbench", {"depth=5", "array=1000"}, 0},
    {"graph-churn", {"steps=300", "live=50"}, 0},
    {"larson", {"rounds=4", "steps=1500", "live=200", "largest=60"}, 0},
    {"pipeline", {"objects=5000", "batch=8", "batches=2"}, 0},
    {"webcache", {"requests=1000", "users=200", "sessions=20"}, 0},
    {"checkpoint", {"steps=5000"}, 0},
    {"blocking", {"steps=2000"}, 0},
    {"stops", {"steps=20000", "every=1000"}, 0},
    {"convoy", {"ms=30", "think=300"}, 2},
    {"cheater", {"ms=30", "period=200"}, 2},
};

#define SMALLS ((int)(sizeof(smalls) / sizeof(smalls[0])))

static const struct weir_program *
find_program(const char *name)
{
    for (size_t i = 0; wr_programs[i] != NULL; i++) {
        if (strcmp(wr_programs[i]->name, name) == 0) {
            return wr_programs[i];
        }
    }
    ck_abort_msg("no program %s", name);
}

/* The given parameters, then those of the table for the program. */
static const struct weir_program_value *
parse(const struct weir_program *program, const char *const *given)
{
    const char *all[2 * PARAMS_MAX];
    const struct weir_program_value *values;
    char message[256];
    size_t n = 0;

    for (int i = 0; i < SMALLS; i++) {
        for (int p = 0; strcmp(smalls[i].program, program->name) == 0 &&
                        p < PARAMS_MAX && smalls[i].params[p] != NULL;
             p++) {
            all[n++] = smalls[i].params[p];
        }
    }
    for (int p = 0; given != NULL && p < PARAMS_MAX && given[p] != NULL; p++) {
        all[n++] = given[p];
    }
    values = wr_params_parse(program->params, all, n, message, sizeof(message));
    ck_assert_msg(values != NULL, "%s: %s", program->name, message);
    return values;
}

/* Of the last run, the worker with the highest index. */
static struct weir_worker last_worker;

static void
leave(void)
{
    (void)weir_detach();
}

/* What the cell does, without its records.  *run is for the caller to look at
 * and holds nothing.  Returns what the program returned. */
static int
run_program(const char *name, uint32_t threads, const char *const *params,
            struct weir_run *run)
{
    static const struct wr_runner_hooks hooks = {
        .enter = weir_attach,
        .leave = leave,
        .pause = weir_blocking_begin,
        .resume = weir_blocking_end,
    };
    const struct weir_program *program = find_program(name);
    struct wr_runner_times times;
    int error;

    *run = (struct weir_run){.program = program,
                             .threads = threads,
                             .seed = 7,
                             .params = parse(program, params),
                             .lost_updates = -1};
    run->workers = calloc(threads, sizeof(struct weir_worker));
    ck_assert_ptr_nonnull(run->workers);
    error = program->setup == NULL ? 0 : program->setup(run);
    if (error == 0) {
        ck_assert_int_eq(weir_blocking_begin(), 0);
        error = wr_runner_run(run, &hooks, NULL, &times);
        ck_assert_int_eq(weir_blocking_end(), 0);
    }
    if (error == 0 && program->check != NULL) {
        error = program->check(run);
    }
    for (uint32_t i = 0; i < threads && run->failure == NULL; i++) {
        run->failure = run->workers[i].failure;
    }
    if (program->teardown != NULL) {
        program->teardown(run);
    }
    last_worker = run->workers[threads - 1];
    free(run->workers);
    free((void *)(uintptr_t)run->params);
    return error;
}

/* Most tests below are loops over every program, on one and on two threads. */
static const char *
loop_program(int i)
{
    return smalls[i / 2].program;
}

static uint32_t
loop_threads(int i)
{
    uint32_t threads = smalls[i / 2].threads;

    return threads != 0 ? threads : 1 + (uint32_t)i % 2;
}

static struct wr_test_usage
start(void)
{
    weir_config config;

    weir_config_init(&config);
    config.hash_seed = 1;
    ck_assert_int_eq(weir_start(&config), 0);
    return wr_test_usage();
}

/* Nothing of the run is alive.  Types are: they are immortal. */
static void
check_nothing_left(struct wr_test_usage before)
{
    ck_assert_int_ge(weir_gc_collect(2), 0);
    wr_test_no_leak(before);
}

START_TEST(every_program_of_the_list_is_tested_here)
{
    int n = 0;

    while (wr_programs[n] != NULL) {
        n++;
    }
    ck_assert_int_eq(n, SMALLS);
}
END_TEST

START_TEST(a_program_runs_clean_and_leaves_nothing)
{
    struct wr_test_usage before = start();
    struct weir_run run;
    int error = run_program(loop_program(_i), loop_threads(_i), NULL, &run);

    ck_assert_msg(error == 0, "%s: %d, %s", loop_program(_i), error,
                  run.failure != NULL ? run.failure : "no reason");
    ck_assert_int_le(run.lost_updates, 0);
    check_nothing_left(before);
    wr_test_stop();
}
END_TEST

START_TEST(equal_seeds_end_in_equal_heaps)
{
    struct weir_run first;
    struct weir_run second;
    uint32_t threads = loop_threads(_i);

    (void)start();
    ck_assert_int_eq(run_program(loop_program(_i), threads, NULL, &first), 0);
    wr_test_stop();
    (void)start();
    ck_assert_int_eq(run_program(loop_program(_i), threads, NULL, &second), 0);
    ck_assert_uint_eq(first.checksum, second.checksum);
    ck_assert_uint_ne(first.checksum, 0);
    wr_test_stop();
}
END_TEST

/* Whatever fails, the threads do not wait for each other for ever, and what
 * was half made is given back. */
START_TEST(a_program_survives_lack_of_memory)
{
    uint64_t nth = 1;
    bool failed;

    do {
        struct wr_test_usage before = start();
        struct weir_run run;
        int error;

        wr_heap_set_slow_stw(true);
        wr_fault_arm(nth);
        error = run_program(loop_program(_i), loop_threads(_i), NULL, &run);
        failed = wr_fault_seen() >= nth;
        wr_fault_disarm();
        wr_heap_set_slow_stw(false);
        ck_assert_msg(error == 0 || error == WEIR_ENOMEM, "%s: %d, %s",
                      loop_program(_i), error,
                      run.failure != NULL ? run.failure : "no reason");
        check_nothing_left(before);
        wr_test_stop();
        /* The first ones one by one, then further and further apart. */
        nth += 1 + nth / 4;
    } while (failed);
}
END_TEST

/* What goes wrong, and what the program says then. */
static const struct row {
    const char *program;
    enum wr_lie lie;
    uint64_t nth;
    const char *says;
    uint32_t threads;
    const char *params[PARAMS_MAX];
} rows[] = {
    {"refs-private", WR_LIE_REFCOUNT_LOW, 20, "counts have changed", 1, {0}},
    {"alloc-churn", WR_LIE_DEATHS_LOST, 5500, "died twice or not", 1, {0}},
    {"list-append", WR_LIE_APPEND_LOST, 1234, "missing or misplaced", 1, {0}},
    {"list-append", WR_LIE_APPEND_LOST, 3000, "missing or misplaced", 2, {0}},
    {"list-append", WR_LIE_APPEND_TWICE, 1234, "missing or misplaced", 1, {0}},
    {"list-append",
     WR_LIE_APPEND_TWICE,
     3000,
     "missing or misplaced",
     1,
     {"lists=own"}},
    {"list-append",
     WR_LIE_APPEND_LOST,
     3000,
     "missing or misplaced",
     2,
     {"lists=own"}},
    {"list-read", WR_LIE_LIST_GET_NEXT, 1000, "had a wrong value", 1, {0}},
    {"list-read", WR_LIE_LIST_SET_NEXT, 900, "had a wrong value", 1, {0}},
    {"list-read", WR_LIE_APPEND_LOST, 100, "gained or lost", 1, {"ops=1"}},
    {"list-read",
     WR_LIE_LIST_GET_NEXT,
     2,
     "has a wrong value",
     1,
     {"ops=1", "writes=0"}},
    {"dict-read",
     WR_LIE_DICT_GET_FIRST,
     1000,
     "had a wrong value",
     1,
     {"keys=even"}},
    {"dict-read", WR_LIE_DICT_GET_NOTHING, 1000, "had a wrong value", 1, {0}},
    {"dict-read", WR_LIE_DICT_SET_LOST, 100, "gained or lost", 1, {"ops=1"}},
    {"dict-mixed", WR_LIE_DICT_GET_FIRST, 3, "has a wrong value", 1, {"ops=1"}},
    {"trees", WR_LIE_INSTANCE_MAKE_EMPTY, 300, "lost nodes", 1, {0}},
    {"gcbench", WR_LIE_INSTANCE_SET_LOST, 1, "is damaged", 1, {0}},
    {"gcbench", WR_LIE_APPEND_LOST, 7, "is damaged", 1, {0}},
    {"graph-churn", WR_LIE_LIST_SET_LOST, 340, "is damaged", 1, {0}},
    {"graph-churn", WR_LIE_COLLECT_NOTHING, 1, "not all garbage", 1, {0}},
    {"larson", WR_LIE_LIST_SET_LOST, 6000, "lost or damaged", 1, {0}},
    {"larson", WR_LIE_LIST_SET_NEXT, 6000, "lost or damaged", 1, {0}},
    {"larson", WR_LIE_LIST_GET_NEXT, 3000, "lost or damaged", 2, {0}},
    {"larson", WR_LIE_INSTANCE_SET_LOST, 8, "damaged", 1, {0}},
    {"larson", WR_LIE_STR_FLIPPED, 8, "damaged", 1, {0}},
    {"larson", WR_LIE_DEATHS_LOST, 1000, "died twice or not", 1, {0}},
    {"larson", WR_LIE_MEMORY_HIGH, 2, "memory has grown", 1, {0}},
    {"pipeline", WR_LIE_INSTANCE_SET_LOST, 4000, "change was lost", 1, {0}},
    {"pipeline", WR_LIE_INSTANCE_SET_LOST, 4000, "change was lost", 3, {0}},
    {"pipeline",
     WR_LIE_INSTANCE_MAKE_EMPTY,
     4000,
     "out of order",
     1,
     {"changes=0"}},
    {"pipeline", WR_LIE_DEATHS_LOST, 2000, "died twice or not", 2, {0}},
    {"pipeline",
     WR_LIE_LIST_GET_NEXT,
     2001,
     "out of order",
     2,
     {"queue=list", "batch=64"}},
    {"webcache", WR_LIE_DICT_SET_LOST, 150, "lost", 1, {0}},
    {"webcache", WR_LIE_DICT_MOVE_LOST, 150, "lost or torn", 1, {0}},
    {"webcache", WR_LIE_DICT_ADD_LOST, 50, "visits were lost", 1, {0}},
    {"webcache", WR_LIE_DICT_GET_NOTHING, 600, "lost", 1, {0}},
    {"webcache", WR_LIE_DICT_GET_FIRST, 600, "lost or torn", 1, {0}},
    {"webcache", WR_LIE_DICT_POP_SECOND, 30, "lost or torn", 1, {0}},
    {"webcache", WR_LIE_DICT_NEXT_SKIPS, 5, "visits were lost", 1, {0}},
    {"webcache", WR_LIE_ATTR_SET_LOST, 1000, "lost or torn", 1, {0}},
    {"webcache", WR_LIE_INSTANCE_SET_LOST, 100, "lost or torn", 1, {0}},
    {"convoy", WR_LIE_LIST_SET_LOST, 1000, "unit of work was lost", 2, {0}},
    {"convoy", WR_LIE_LIST_SET_LOST, 16500, "unit of work was lost", 2, {0}},
    {"convoy",
     WR_LIE_LIST_SET_NEXT,
     16500,
     "unit of work was lost",
     1,
     {"io=0"}},
    {"convoy", WR_LIE_APPEND_TWICE, 70, "unit of work was lost", 2, {0}},
    {"convoy", WR_LIE_RECV_FLIPPED, 3, "an answer was wrong", 2, {0}},
    {"convoy", WR_LIE_RECV_NOTHING, 3, "was not answered", 2, {0}},
    {"convoy", WR_LIE_SEND_TWICE, 3, "an answer was wrong", 2, {"ms=300"}},
    {"convoy", WR_LIE_SEND_TWICE, 1, "lost or doubled", 2, {"think=1000000"}},
    {"convoy", WR_LIE_RECV_NOTHING, 2, "lost or doubled", 2, {"think=1000000"}},
    {"cheater", WR_LIE_LIST_SET_LOST, 400, "unit of work was lost", 2, {0}},
    {"cheater", WR_LIE_APPEND_TWICE, 70, "unit of work was lost", 2, {0}},
};

START_TEST(a_program_notices_a_wrong_result)
{
    const struct row *row = &rows[_i];
    struct weir_run run;
    bool lied;
    int error;

    (void)start();
    wr_lie_arm(row->lie, row->nth);
    error = run_program(row->program, row->threads, row->params, &run);
    lied = wr_lie_disarm();
    ck_assert_msg(lied, "row %d, %s: nothing lied", _i, row->program);
    ck_assert_msg(error == WEIR_PROGRAM_FAILED, "row %d, %s: returned %d", _i,
                  row->program, error);
    ck_assert_msg(run.failure != NULL && strstr(run.failure, row->says),
                  "row %d, %s: says \"%s\"", _i, row->program,
                  run.failure != NULL ? run.failure : "nothing");
    wr_test_stop();
}
END_TEST

/* Nobody works here; the requests, none, are right. */
START_TEST(a_thread_that_does_nothing_is_noticed)
{
    const struct weir_program *convoy = find_program("convoy");
    struct weir_worker idle[2] = {{0}};
    struct weir_run run = {.program = convoy,
                           .threads = 2,
                           .params = parse(convoy, NULL),
                           .workers = idle};

    (void)start();
    ck_assert_int_eq(convoy->setup(&run), 0);
    ck_assert_int_eq(convoy->check(&run), WEIR_PROGRAM_FAILED);
    ck_assert_str_eq(run.failure, "a thread has done nothing");
    convoy->teardown(&run);
    free((void *)(uintptr_t)run.params);
    wr_test_stop();
}
END_TEST

/* The helper ends with the program, whether it was used or not: no child is
 * left, and no descriptor. */
START_TEST(a_helper_leaves_no_process_and_no_descriptor)
{
    struct wr_helper helper = {0};
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    unsigned char answer = 0;
    int after;

    ck_assert(wr_helper_start(&helper, WR_HELPER_MAX));
    ck_assert(wr_helper_ask(&helper, 1, 77, &answer));
    ck_assert_uint_eq(answer, 77);
    ck_assert(wr_helper_agrees(&helper, 1, 1));
    ck_assert(wr_helper_agrees(&helper, 2, 0));
    ck_assert(!wr_helper_agrees(&helper, 3, 1));
    wr_helper_stop(&helper);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(after, before + 1);
    close(before);
    close(after);
}
END_TEST

/* Without descriptors it does not start, and gives back those that it got. */
START_TEST(a_helper_without_descriptors_does_not_start)
{
    struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
    struct wr_helper helper = {0};
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int after;

    ck_assert_int_lt(before, 10);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(!wr_helper_start(&helper, WR_HELPER_MAX));
    wr_helper_stop(&helper);
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(after, before + 1);
    close(before);
    close(after);
}
END_TEST

/*
 * In an open loop that is overloaded requests are due while others are worked
 * on: the last one ends when the time is over, and was due long before.  In a
 * closed loop they follow each other, so that half of them, each at least as
 * long as the median, fit into the time that the run took.
 */
START_TEST(latency_counts_from_when_a_request_was_due)
{
    static const char *const open_loop[PARAMS_MAX] = {"cpu=0", "think=10",
                                                      "work=2000", "ms=100"};
    static const char *const closed[PARAMS_MAX] = {"cpu=0", "think=0",
                                                   "work=2000", "ms=100"};
    struct weir_worker_latency latency;
    struct weir_run run;
    uint64_t took;

    (void)start();
    ck_assert_int_eq(run_program("convoy", 1, open_loop, &run), 0);
    ck_assert_str_eq(last_worker.role, "io");
    latency = last_worker.latency;
    ck_assert_uint_eq(latency.count, last_worker.ops);
    ck_assert_uint_ge(latency.max, 50000000);
    took = wr_clock_ns();
    ck_assert_int_eq(run_program("convoy", 1, closed, &run), 0);
    took = wr_clock_ns() - took;
    latency = last_worker.latency;
    ck_assert_uint_eq(latency.count, last_worker.ops);
    ck_assert_uint_le(latency.p50 / 64 * 63 * (latency.count / 2), took);
    wr_test_stop();
}
END_TEST

/* Programs that count what is lost report it instead. */
START_TEST(a_lost_update_is_reported)
{
    static const char *const programs[] = {"refs-shared", "refs-mixed"};
    /* after the calls of setup and prepare: one, and one for each object */
    static const uint64_t nth[] = {5, 70};
    struct weir_run run;

    (void)start();
    wr_lie_arm(WR_LIE_REFCOUNT_LOW, nth[_i]);
    ck_assert_int_eq(run_program(programs[_i], 1, NULL, &run), 0);
    ck_assert(wr_lie_disarm());
    ck_assert_int_eq(run.lost_updates, 1);
    wr_test_stop();
}
END_TEST

Suite *
wr_suite_programs(void)
{
    Suite *suite = suite_create("programs");
    TCase *runs = tcase_create("runs");
    TCase *memory = tcase_create("memory");
    TCase *checks = tcase_create("checks");

    tcase_add_test(runs, every_program_of_the_list_is_tested_here);
    tcase_add_loop_test(runs, a_program_runs_clean_and_leaves_nothing, 0,
                        2 * SMALLS);
    tcase_add_loop_test(runs, equal_seeds_end_in_equal_heaps, 0, 2 * SMALLS);
    suite_add_tcase(suite, runs);
    /* The loops of allocations are one thread's; so are those of test_bench.c.
     */
    tcase_add_loop_test(memory, a_program_survives_lack_of_memory, 0,
                        WR_TEST_SEES_RACES ? 2 : 2 * SMALLS);
    suite_add_tcase(suite, memory);
    tcase_add_loop_test(checks, a_program_notices_a_wrong_result, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_loop_test(checks, a_lost_update_is_reported, 0, 2);
    tcase_add_test(checks, a_thread_that_does_nothing_is_noticed);
    tcase_add_test(checks, a_helper_leaves_no_process_and_no_descriptor);
    tcase_add_test(checks, a_helper_without_descriptors_does_not_start);
    tcase_add_test(checks, latency_counts_from_when_a_request_was_due);
    suite_add_tcase(suite, checks);
    return suite;
}
