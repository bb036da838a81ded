/* SPDX-License-Identifier: MIT */
/*
 * lab/env.h - the machine and the build, as the `env` record.
 */
#ifndef WR_LAB_ENV_H
#define WR_LAB_ENV_H

#include <jansson.h>

/* "0.1.0" */
const char *wr_env_version(void);

/* Processors this process may use; at least 1. */
unsigned wr_env_cores(void);

/* The `env` record, to be dropped; what cannot be found out is null. */
json_t *wr_env_record(void);

/*
 * The first line of a small file without its newline, to be freed; NULL when
 * there is none.
 */
char *wr_env_read_line(const char *path);

#endif
