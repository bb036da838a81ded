/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/collect.h - run one input; what libFuzzer calls.
 */
#ifndef WR_TESTS_FUZZ_COLLECT_H
#define WR_TESTS_FUZZ_COLLECT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Run the program that these bytes are.  Starts the runtime if need be; in the
 * end nothing of the program is left in it.  What is wrong ends the process.
 * lie: 0, or one of enum model_lie, which has to end it.  Caller: one thread.
 */
void fuzz_collect(const uint8_t *bytes, size_t size, int lie);

/* Stop the runtime, so that the next program has one of its own. */
void fuzz_stop(void);

/* The same, as libFuzzer wants it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
