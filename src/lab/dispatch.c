/* SPDX-License-Identifier: MIT */
/*
 * lab/dispatch.c - from the first word of the command line to the verb.
 */
#include "lab/lab.h"

#include <stdio.h>
#include <string.h>

#include "lab/env.h"
#include "lab/say.h"

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct verb verbs[] = {
    {"compare", wr_compare_main,
     "the same programs in several cells, side by side"},
    {"contend", wr_contend_main, "who held the lock, who waited, and how long"},
    {"stress", wr_stress_main, "race tests, and the faults they must find"},
    {"collect", wr_collect_main,
     "how long the collector takes, and its pauses"},
    {"list", wr_list_main, "what there is to run"},
    {"doctor", wr_doctor_main,
     "whether this machine can be trusted with timings"},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void
print_help(void)
{
    puts("Usage: weir VERB [ARGUMENT...]\n"
         "\n"
         "The lab of Weir: the same programs under different reference\n"
         "counts, locks and collector settings, with intervals.\n");
    for (size_t i = 0; i < VERBS; i++) {
        printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
    }
    puts("\nweir VERB --help explains one; weir --version says which this is.");
}

int
wr_lab_main(int argc, char **argv)
{
    static char name[] = "weir";
    const char *word = argc > 1 ? argv[1] : NULL;

    if (word == NULL) {
        wr_say("no verb given (compare, contend, stress, collect, list, "
               "doctor); see weir --help");
        return WR_EXIT_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        print_help();
        return WR_EXIT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        printf("weir %s\n", wr_env_version());
        return WR_EXIT_OK;
    }
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(word, verbs[i].name) == 0) {
            /* The verb's arguments start at its own name, which getopt
             * prints in front of its complaints. */
            argv[1] = name;
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    wr_say("unknown %s '%s' (compare, contend, stress, collect, list, doctor)",
           word[0] == '-' ? "option" : "verb", word);
    return WR_EXIT_USAGE;
}
