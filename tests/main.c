/* SPDX-License-Identifier: MIT */
/*
 * tests/main.c - runs the suites of one table.
 *
 * The build compiles this file once per test program, with WR_SUITES naming
 * the table.  Exit: 0 all passed, 1 some failed, 99 nothing ran.
 * CK_RUN_SUITE and CK_RUN_CASE choose among the tests.
 */
#include "tests/sanitized.h"
#include "tests/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

/* A place is told to Check so often, and then once in so many times. */
#define TOLD_FIRST 16
#define TOLD_EVERY 1024

/* The last assertions that held, by line: only a test's main thread asserts. */
static struct {
    const char *file;
    int line;
    unsigned times;
} places[256];

static uint64_t seed;
static uint64_t scale = WR_TEST_SANITIZED ? 10 : 100;

void
wr_test_mark(const char *file, int line)
{
    size_t i = (size_t)line % (sizeof(places) / sizeof(places[0]));

    if (places[i].file != file || places[i].line != line) {
        places[i].file = file;
        places[i].line = line;
        places[i].times = 0;
    }
    places[i].times++;
    if (places[i].times <= TOLD_FIRST || places[i].times % TOLD_EVERY == 0) {
        (_mark_point)(file, line);
    }
}

uint64_t
wr_test_seed(void)
{
    return seed;
}

uint64_t
wr_test_size(uint64_t full)
{
    uint64_t size = full / 100 * scale + full % 100 * scale / 100;
    return size != 0 ? size : 1;
}

static void
read_environment(void)
{
    const char *text = getenv("WEIR_TEST_SEED");
    seed = text != NULL ? strtoull(text, NULL, 0) : wr_random_entropy();
    text = getenv("WEIR_TEST_SCALE");
    if (text != NULL) {
        scale = strtoull(text, NULL, 0);
    }
}

/* Of AddressSanitizer: looks for leaks, here when there cannot be any. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/*
 * Whether a suite is of use in this build.  Those that let each allocation
 * fail in turn have one thread, and a detector of races makes each turn dear.
 */
static bool
is_wanted(const char *subject)
{
    return !WR_TEST_SEES_RACES || strncmp(subject, "fault_", 6) != 0;
}

int
main(void)
{
    static const struct {
        const char *subject;
        Suite *(*make)(void);
    } suites[] = {
#define WR_SUITE(subject) {#subject, wr_suite_##subject},
#include WR_SUITES
#undef WR_SUITE
    };

    read_environment();
    printf("WEIR_TEST_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);

    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (is_wanted(suites[i].subject)) {
            srunner_add_suite(runner, suites[i].make());
        }
    }
    /* It reads every page of static data: once, and the children find them
     * there, instead of each of them in each child. */
    if (__lsan_do_recoverable_leak_check != NULL) {
        (void)__lsan_do_recoverable_leak_check();
    }
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int ran = srunner_ntests_run(runner);
    srunner_free(runner);
    if (ran == 0) {
        return 99;
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
