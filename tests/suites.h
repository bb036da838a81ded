/* SPDX-License-Identifier: MIT */
/*
 * tests/suites.h - what every test file includes.
 *
 * A file tests/test_<subject>.c exports wr_suite_<subject>() and is named in
 * one of the suites_*.def tables.  Tests run in fork mode, each in a process
 * of its own: a crash or a sanitizer report is charged to the test by name,
 * and a test may leave any mess behind.
 *
 * Never call ck_assert from a thread that the test started: a failure would
 * not stop the test.  Workers fill a slot, the main thread asserts after the
 * join.
 */
#ifndef WEIR_TESTS_SUITES_H
#define WEIR_TESTS_SUITES_H

#include <check.h>
#include <stdint.h>

#define WR_SUITE(subject) Suite *wr_suite_##subject(void);
#include "tests/suites_base.def"
#include "tests/suites_core.def"
#include "tests/suites_lab.def"
#include "tests/suites_programs.def"
#undef WR_SUITE

/*
 * The seed of this run, for tests that draw random cases.  Printed before the
 * first test; WEIR_TEST_SEED=number repeats a run.
 */
uint64_t wr_test_seed(void);

/*
 * How much to do in a test whose size can vary: `full` in an ordinary build,
 * fewer where a sanitizer or Valgrind makes each step dear; at least 1.
 * WEIR_TEST_SCALE=percent overrides.
 */
uint64_t wr_test_size(uint64_t full);

/*
 * What an assertion that holds does: it tells Check where that was, so that a
 * crash has a place.  Check writes each such place to a file and reads them all
 * when the test is over, which made millions of writes; and the memory of the
 * reader, which every later test is a fork of, grew with them until the leak
 * checker spent most of the sanitizer's time on it.  So a place in a loop is
 * told often at first and then now and again.
 */
void wr_test_mark(const char *file, int line);
#define _mark_point(file, line) wr_test_mark(file, line)

#endif
