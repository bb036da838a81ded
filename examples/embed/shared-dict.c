/* SPDX-License-Identifier: MIT */
/*
 * shared-dict.c - worker threads that count words in one dict.
 *
 * Operations on a dict are atomic to other threads in every flavour, so no
 * count is lost.  A worker attaches, comes to a checkpoint now and then, and
 * detaches; the main thread leaves the runtime while it waits for them.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 4, ROUNDS = 2500 };

static const char *const words[] = {"weir", "river", "stone", "weir"};

static weir_object *counts;

static void *
work(void *unused)
{
    weir_attach();
    for (int i = 0; i < ROUNDS; i++) {
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            weir_object *word = weir_str_from(words[k]);

            weir_dict_add_int(counts, word, 1, NULL);
            weir_decref(word);
        }
        weir_checkpoint();
    }
    weir_detach();
    return unused;
}

int
main(void)
{
    pthread_t thread[WORKERS];
    weir_object *word, *count;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    counts = weir_dict_new();
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&thread[i], NULL, work, NULL) != 0) {
            return 1;
        }
    }
    weir_blocking_begin();
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(thread[i], NULL);
    }
    weir_blocking_end();

    /* In which order the dict has them depends on the threads. */
    for (size_t k = 0; k < 3; k++) {
        int64_t n = 0;

        word = weir_str_from(words[k]);
        count = weir_dict_get(counts, word);
        weir_int_value(count, &n);
        printf("%s %" PRId64 "\n", words[k], n);
        weir_decref(count);
        weir_decref(word);
    }
    printf("%" PRId64 " different words\n", weir_dict_size(counts));
    weir_decref(counts);
    return weir_stop() == WEIR_OK ? 0 : 1;
}
