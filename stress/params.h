/* SPDX-License-Identifier: MIT */
/*
 * stress/params.h - parameters of a run: a table, defaults, and k=v.
 *
 * Knows nothing of the runtime; the cells and the peers use it.
 */
#ifndef WR_STRESS_PARAMS_H
#define WR_STRESS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/program.h>

/* The number of entries before the one without a name; 0 for NULL. */
size_t wr_params_count(const struct weir_program_param *table);

/*
 * Values for every entry of the table: `given` (n strings "key=value", the
 * last one of a key holds) over the defaults.
 *
 * Returns an array in the order of the table, to be freed by the caller, whose
 * texts point into `given` and the table; NULL when one of `given` is wrong,
 * with one line in message[size].
 */
struct weir_program_value *
wr_params_parse(const struct weir_program_param *table,
                const char *const *given, size_t n, char *message, size_t size);

/*
 * A decimal number between min and max, nothing after it; false otherwise,
 * *out untouched.
 */
bool wr_parse_int(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
