/* SPDX-License-Identifier: MIT */
/*
 * lab/lab.h - the `weir` command: verbs and exit codes.
 *
 * The lab measures; it never links the runtime.  Every cell runs in a child
 * process of its own, so a crash or a leak of one harms no other.
 *
 * Read first: lab/dispatch.c, then lab/compare.c.
 */
#ifndef WR_LAB_LAB_H
#define WR_LAB_LAB_H

/* What the command exits with; the first that applies in this order: usage,
 * crash, check, too few, interrupt, fine.  Verdicts never change it. */
enum wr_exit {
    WR_EXIT_OK = 0,

    /* a program's own check failed, checksums differ between cells, or a race
     * test saw a forbidden outcome, a crash of it included */
    WR_EXIT_CHECK = 1,

    /* a race test ended before its minimum of samples */
    WR_EXIT_TOO_FEW = 2,

    /* a cell crashed, hung or hit its memory cap; the rest was kept */
    WR_EXIT_CRASH = 3,

    /* misuse: one line on stderr, nothing measured */
    WR_EXIT_USAGE = 64,

    /* the lab itself ran out of memory */
    WR_EXIT_INTERNAL = 70,

    /* stopped by SIGINT or SIGTERM; what was measured is printed */
    WR_EXIT_INTERRUPT = 130
};

/*
 * The whole command; argv[1] names the verb.
 *
 * Caller: main(), or a test; one thread.
 * Returns the exit code.
 */
int wr_lab_main(int argc, char **argv);

/* The verbs.  argv[0] is "weir", argv[1...] the verb's own arguments. */
int wr_compare_main(int argc, char **argv);
int wr_stress_main(int argc, char **argv);
int wr_collect_main(int argc, char **argv);
int wr_contend_main(int argc, char **argv);
int wr_list_main(int argc, char **argv);
int wr_doctor_main(int argc, char **argv);

#endif
