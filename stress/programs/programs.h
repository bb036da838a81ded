/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/programs.h - the programs that come with Weir.
 */
#ifndef WR_STRESS_PROGRAMS_H
#define WR_STRESS_PROGRAMS_H

#include <weir/weir.h>
#include <weir/program.h>

extern const struct weir_program wr_program_refs_private;
extern const struct weir_program wr_program_refs_shared;
extern const struct weir_program wr_program_refs_mixed;
extern const struct weir_program wr_program_alloc_churn;
extern const struct weir_program wr_program_list_append;
extern const struct weir_program wr_program_list_read;
extern const struct weir_program wr_program_dict_read;
extern const struct weir_program wr_program_dict_mixed;
extern const struct weir_program wr_program_trees;
extern const struct weir_program wr_program_gcbench;
extern const struct weir_program wr_program_graph_churn;
extern const struct weir_program wr_program_larson;
extern const struct weir_program wr_program_pipeline;
extern const struct weir_program wr_program_webcache;
extern const struct weir_program wr_program_checkpoint;
extern const struct weir_program wr_program_blocking;
extern const struct weir_program wr_program_stops;
extern const struct weir_program wr_program_convoy;
extern const struct weir_program wr_program_cheater;

/* In the order of `weir list`; ends with NULL. */
extern const struct weir_program *const wr_programs[];

#endif
