/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/main.c - the fuzz target without libFuzzer.
 *
 *   fuzz-collect-FLAVOUR             random inputs, then the proof
 *   fuzz-collect-FLAVOUR FILE...     these inputs
 *
 * Input i is made from WEIR_TEST_SEED + i, which a failure names.  The proof:
 * for each lie that the model can be told, inputs run in a child until it ends
 * the way a failure does.  WEIR_TEST_SCALE says how much to do, in percent.
 *
 * Exit: 0 passed, 1 failed, 99 no input.
 */
#include "tests/fuzz/collect.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "tests/fuzz/model.h"
#include "tests/sanitized.h"

enum { INPUTS = 1000, LIE_INPUTS = 5000, INPUT_MAX = 1200, FILE_MAX = 1 << 20 };

static uint64_t seed;
static uint64_t running;

/* A failed input names itself. */
static void
name_input(int signal_number)
{
    static const char text[] = "collect: replay: WEIR_TEST_SEED=";
    char digits[24];
    size_t n = sizeof(digits);
    uint64_t value = seed + running;

    digits[--n] = '\n';
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)!write(STDERR_FILENO, digits + n, sizeof(digits) - n);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void
run_random(uint64_t n, int lie)
{
    static uint8_t bytes[INPUT_MAX];
    struct wr_random random;

    for (running = 0; running < n; running++) {
        size_t size;

        wr_random_seed(&random, seed + running);
        size = 1 + wr_random_below(&random, INPUT_MAX);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)wr_random_next(&random);
        }
        fuzz_collect(bytes, size, lie);
        fuzz_stop();
    }
}

static int
run_file(const char *path)
{
    static uint8_t bytes[FILE_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        perror(path);
        return 99;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    fuzz_collect(bytes, size, MODEL_LIE_NONE);
    fuzz_stop();
    return 0;
}

/* True if a lie ends the process as a failure does. */
static bool
is_noticed(int lie)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        /* What it says is no news, and what it leaves is of no use. */
        const struct rlimit none = {0, 0};

        (void)!freopen("/dev/null", "w", stderr);
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        run_random(LIE_INPUTS, lie);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

int
main(int argc, char **argv)
{
    uint64_t scale =
        number_from("WEIR_TEST_SCALE", WR_TEST_SANITIZED ? 10 : 100);
    uint64_t inputs = INPUTS * scale / 100 + 1;
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        failed |= run_file(argv[i]);
    }
    if (argc > 1) {
        return failed;
    }
    seed = number_from("WEIR_TEST_SEED", wr_random_entropy() >> 8);
    printf("WEIR_TEST_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    (void)signal(SIGABRT, name_input);
    (void)signal(SIGSEGV, name_input);
    run_random(inputs, MODEL_LIE_NONE);
    printf("%" PRIu64 " inputs\n", inputs);
    for (int lie = MODEL_LIE_NONE + 1; lie < MODEL_LIES; lie++) {
        if (!is_noticed(lie)) {
            printf("lie %d was not noticed\n", lie);
            failed = 1;
        }
    }
    return failed;
}
