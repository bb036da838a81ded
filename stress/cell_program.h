/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_program.h - which programs this cell can run, and how wide.
 */
#ifndef WR_STRESS_CELL_PROGRAM_H
#define WR_STRESS_CELL_PROGRAM_H

#include <weir/weir.h>
#include <weir/program.h>

#include "options.h"

/*
 * The program that options->program and options->load ask for.  Does not
 * return when there is none, or when a loaded one was built for another
 * runtime (exit status 64).
 */
const struct weir_program *wr_cell_find(const struct wr_options *options);

/* The n-th program, the loaded one after the built-in; NULL behind the last. */
const struct weir_program *wr_cell_nth(const struct wr_options *options,
                                       size_t n);

/*
 * The most threads the program may use in this flavour, with the global lock
 * switched on or not; 0: no limit.
 */
uint32_t wr_cell_threads_max(const struct weir_program *program, bool locked);

/* True when threads of this flavour never run at the same time by build. */
bool wr_cell_always_locked(void);

#endif
