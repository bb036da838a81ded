/* SPDX-License-Identifier: MIT */
/*
 * examples/program/wordcount.c - a program of your own for the lab.
 *
 * Each thread reads a text of random words and counts them in a dict: word to
 * number.  A new number is a new object, as in most dynamic languages, so this
 * exercises the dict, the allocator and the counts.
 *
 * It is complete: parameters, a result that is checked, and a checksum that is
 * the same in every cell.  docs/add-a-program.md goes through it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir/weir.h>
#include <weir/program.h>

/* Places in the table of parameters, and so in run->params. */
enum { WORDS, VOCABULARY };

static const struct weir_program_param params[] = {
    [WORDS] = {.name = "words",
               .initial = "1000000",
               .unit = "words per thread",
               .help = "length of the text",
               .min = 1,
               .max = 1000000000},
    [VOCABULARY] = {.name = "vocabulary",
                    .initial = "1000",
                    .unit = "words",
                    .help = "different words",
                    .min = 1,
                    .max = 1000000},
    {.name = NULL},
};

/* The words, shared by all threads and only read. */
struct vocabulary {
    uint32_t n;
    weir_object **words;
};

/* Once, on the main thread: make the words. */
static int
setup(struct weir_run *run)
{
    uint32_t n = (uint32_t)run->params[VOCABULARY].number;
    struct vocabulary *vocabulary = calloc(1, sizeof(*vocabulary));

    run->data = vocabulary;
    if (vocabulary == NULL) {
        return WEIR_ENOMEM;
    }
    vocabulary->words = calloc(n, sizeof(weir_object *));
    if (vocabulary->words == NULL) {
        return WEIR_ENOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        char word[32];

        snprintf(word, sizeof(word), "word%u", i);
        vocabulary->words[i] = weir_str_from(word);
        if (vocabulary->words[i] == NULL) {
            return weir_error();
        }
        vocabulary->n++;
    }
    return 0;
}

/* On each thread, before the clock starts: an empty dict. */
static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    (void)run;
    worker->data = weir_dict_new();
    return worker->data == NULL ? weir_error() : 0;
}

/* Add one to the number that is stored under a word. */
static int
count_word(weir_object *counts, weir_object *word)
{
    weir_object *old = weir_dict_get(counts, word);
    weir_object *sum;
    int64_t number = 0;
    int error;

    if (old != NULL) {
        (void)weir_int_value(old, &number);
        weir_decref(old);
    } else if (weir_error() != WEIR_ENOKEY) {
        return weir_error();
    }
    sum = weir_int_new(number + 1);
    if (sum == NULL) {
        return weir_error();
    }
    error = weir_dict_set(counts, word, sum);
    weir_decref(sum);
    return error;
}

/* On each thread, measured. */
static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct vocabulary *vocabulary = run->data;
    uint64_t words = (uint64_t)run->params[WORDS].number;
    uint64_t random = worker->seed;

    for (uint64_t i = 0; i < words; i++) {
        uint64_t at = weir_program_random(&random) % vocabulary->n;
        int error = count_word(worker->data, vocabulary->words[at]);

        if (error != 0) {
            return error;
        }
        if (i % 16 == 0) {
            weir_checkpoint();
        }
    }
    worker->ops = words;
    return 0;
}

/*
 * On each thread, after the clock has stopped: the numbers must add up to the
 * words that were read.  The checksum is a sum over the entries, so it does
 * not depend on their order, and knows no addresses.
 */
static int
settle(struct weir_run *run, struct weir_worker *worker)
{
    weir_object *counts = worker->data;
    weir_object *word;
    weir_object *number;
    uint64_t position = 0;
    int64_t total = 0;

    if (counts == NULL) {
        return 0;
    }
    while (weir_dict_next(counts, &position, &word, &number) == 1) {
        int64_t value = 0;
        uint64_t name = strtoull(weir_str_data(word, NULL) + 4, NULL, 10);

        (void)weir_int_value(number, &value);
        total += value;
        worker->checksum +=
            weir_program_mix(weir_program_mix(name) ^ (uint64_t)value);
        weir_decref(word);
        weir_decref(number);
    }
    weir_decref(counts);
    worker->data = NULL;
    if (total != run->params[WORDS].number) {
        return weir_worker_fail(worker, "words were lost or invented");
    }
    return 0;
}

/* Once, on the main thread: the result of the run. */
static int
check(struct weir_run *run)
{
    for (uint32_t i = 0; i < run->threads; i++) {
        run->checksum += run->workers[i].checksum;
    }
    return 0;
}

/* Once, on the main thread, whatever happened before. */
static void
teardown(struct weir_run *run)
{
    struct vocabulary *vocabulary = run->data;

    if (vocabulary == NULL) {
        return;
    }
    for (uint32_t i = 0; i < vocabulary->n; i++) {
        weir_decref(vocabulary->words[i]);
    }
    free(vocabulary->words);
    free(vocabulary);
}

WEIR_PROGRAM(.name = "wordcount",
             .summary = "count the words of a random text in a dict",
             .help = "Models text processing: a dict of counters per thread.  "
                     "An operation is a word\nread.  Checked: the counters "
                     "add up to the length of the text.",
             .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC,
             .setup = setup, .prepare = prepare, .work = work, .settle = settle,
             .check = check, .teardown = teardown);
