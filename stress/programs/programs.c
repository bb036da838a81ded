/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/programs.c - the list of programs that come with Weir.
 */
#include "programs.h"

const struct weir_program *const wr_programs[] = {
    &wr_program_refs_private, &wr_program_refs_shared,
    &wr_program_refs_mixed,   &wr_program_alloc_churn,
    &wr_program_list_append,  &wr_program_list_read,
    &wr_program_dict_read,    &wr_program_dict_mixed,
    &wr_program_trees,        &wr_program_gcbench,
    &wr_program_graph_churn,  &wr_program_larson,
    &wr_program_pipeline,     &wr_program_webcache,
    &wr_program_checkpoint,   &wr_program_blocking,
    &wr_program_stops,        &wr_program_convoy,
    &wr_program_cheater,      NULL,
};
