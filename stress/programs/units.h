/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/units.h - pieces of work on objects, all alike and counted.
 *
 * Where a program gives threads a time instead of an amount, it needs work
 * that can be cut anywhere and still be checked.  A unit takes four ints out of
 * a list, puts ones that are greater by one in their places and calls a
 * checkpoint: about 100 ns of getting, counting, allocating and freeing where
 * counts are plain.  From the number of units follows what every place of the
 * list must hold, so one that was lost, or done twice, is noticed.
 */
#ifndef WR_STRESS_UNITS_H
#define WR_STRESS_UNITS_H

#include <weir/weir.h>
#include <weir/program.h>

/* Units between two readings of the clock, where a thread works until a
 * certain time. */
#define WR_UNITS_CHUNK 16u

/* One thread's; a zeroed one has no list. */
struct wr_units {
    weir_object *list;
    uint64_t done;
};

/* Make the list.  Returns 0 or an error.  Caller: attached; likewise below. */
int wr_units_make(struct wr_units *units);

/* Do one unit, then a checkpoint.  Returns 0 or an error. */
int wr_units_do(struct wr_units *units);

/* Do units until the clock (CLOCK_MONOTONIC, ns) says so; at least some. */
int wr_units_until(struct wr_units *units, uint64_t deadline);

/* Whether the list is what so many units make of it. */
bool wr_units_right(const struct wr_units *units);

/* Of the list, without what the units have added: the same however many were
 * done. */
uint64_t wr_units_checksum(const struct wr_units *units);

/* Drop the list, if there is one. */
void wr_units_drop(struct wr_units *units);

/*
 * How long WR_UNITS_SAMPLE units take, in ns: the shortest of several samples,
 * in about a millisecond.  Returns 0, an error, or WEIR_PROGRAM_FAILED for a
 * wrong result.  Caller: no other thread works.
 */
#define WR_UNITS_SAMPLE 256u
int wr_units_measure(uint64_t *ns);

#endif
